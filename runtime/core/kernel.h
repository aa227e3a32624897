/* SPDX-License-Identifier: MIT OR Apache-2.0 */

/* The kernel's own structures. Only core/ and its tests include this.
 *
 *     loop --- tasks (all, in order of birth)
 *      |
 *     init task                       the run's own first task
 *      '- system nursery              what must outlive main
 *          '- main nursery
 *              '- main                ... nurseries of the program
 *
 * Two trees are woven together. The task tree: a task owns the nurseries it has opened, a nursery owns its children. The cancel tree:
 * a scope has the scopes opened within it and the tasks for which it is the innermost; a nursery's scope holds its children.
 *
 * Everything here is touched by the thread of the run only, except what says otherwise. */

#pragma once

#include <trio/cancel-scope.h>
#include <trio/checkpoint.h>
#include <trio/error.h>
#include <trio/interrupt.h>
#include <trio/lowlevel/instrument.h>
#include <trio/lowlevel/mutation.h>
#include <trio/lowlevel/parking-lot.h>
#include <trio/lowlevel/task.h>
#include <trio/lowlevel/token.h>
#include <trio/nursery.h>
#include <trio/run.h>
#include <trio/seam/choice.h>
#include <trio/seam/clock.h>
#include <trio/seam/io.h>
#include <trio/seam/threads.h>
#include <trio/seam/world.h>
#include <trio/task-local.h>

#include "core/loop/deadlines.h"
#include "core/fiber/fiber.h"
#include "core/fiber/stack-pool.h"
#include "core/list.h"

/* With a choice seam, the task that is first in line is passed over at most so often. */
#define TRIO_FAIRNESS_DEFAULT 32

/* Names up to this length cost no allocation. */
#define TRIO_TASK_NAME_INLINE 31

typedef struct _TrioLocals TrioLocals;

struct _TrioTask
{
  TrioFiber            fiber;
  TrioLoop            *loop;
  TrioLink             all_link;          /* in loop->tasks */
  TrioLink             run_link;          /* in loop->runnable, or loop->standing, while RUNNABLE */
  TrioLink             sibling_link;      /* in nursery->children */
  TrioLink             scope_link;        /* in scope->tasks */
  TrioLink             deliver_link;      /* in the list of a cancellation that is being delivered */
  TrioNursery         *nursery;           /* where it is a child; NULL: the init task */
  TrioCancelScope     *scope;             /* innermost one it is in; never NULL while it lives */
  TrioList             nurseries;         /* it has opened, outermost first */

  /* The wait; meaningful while BLOCKED. */
  const TrioWaitClass *wait;
  TrioAbortFunc        abort;
  gpointer             wait_data;
  GError              *outcome;           /* owned; handed over by trio_reschedule() */
  gint64               blocked_since;

  TrioFunc             func;
  gpointer             data;
  GDestroyNotify       destroy;
  GError              *error;             /* what func failed with */
  GError              *stray;             /* errors that found no slot; merged into error at the end */
  GSList              *breaks;            /* parking lots that its end breaks */
  TrioLocals          *locals;            /* a share in its task-local values */
  gpointer             stack_top;
  char                *path;              /* of one that trio_nursery_start() moved away from where it was born, if paths are counted */

  guint64              serial;
  guint64              path_hash;         /* with a choice seam or an instrument; else 0 */
  guint32              path_ordinal;      /* the how-manieth of its name among its parent's children; 0: not counted */
  guint32              passed_over;       /* how often it was first in line and another went */
  guint32              n_interrupt_holds; /* trio_hold_interrupts() in force */
  guint32              n_cancels_raised;  /* how often a CANCELLED was given to it */
  guint32              n_cancel_points;   /* how often a cancellation could have reached it; for trio_task_get_points() */
  guint32              n_schedule_points; /* how often it has let others run */
  guint8               state;             /* TrioTaskState */
  guint8               abort_called;      /* for this wait */
  guint8               wait_cancelled;    /* in place of an outcome: the error is made when the task goes on */
  guint8               interrupt_pending; /* a Ctrl-C that it has not seen yet */
  guint8               system;            /* part of the run, not of the program; inherited */
  guint8               owns_name;
  guint8               stands_still;      /* does not go on until it may; task/subtree.c */
  const char          *name;
  char                 name_inline[TRIO_TASK_NAME_INLINE + 1];
};

typedef enum
{
  CAUSE_NONE,
  CAUSE_EXPLICIT,
  CAUSE_DEADLINE,
} TrioCancelCause;

/* What a scope that was asked to end gracefully keeps; see soft-cancel.c. */
typedef struct
{
  gint64               due;               /* when it is cancelled for real; G_MAXINT64: never */
  GTimeSpan            span;              /* as given, for the message */
  char                *why;               /* nullable */
  char                *who;               /* asked, and where */
} TrioGrace;

struct _TrioCancelScope
{
  TrioDeadline         deadline;
  TrioLoop            *loop;
  TrioCancelScope     *parent;            /* NULL: the root, or abandoned by a misnested close */
  TrioLink             child_link;        /* in parent->children */
  TrioList             children;          /* scopes directly within */
  TrioList             tasks;             /* tasks for which it is the innermost */
  TrioTask            *task;              /* that opened it */
  TrioCancelScope     *source;            /* whose cancellation makes it effective; itself or an ancestor */
  TrioNursery         *nursery;           /* it belongs to, or NULL */
  GError             **slot;              /* the body's error goes here; may be NULL */
  const char          *where;             /* static: file and line */
  char                *reason;            /* why it was cancelled; NULL if it was not */
  TrioGrace           *grace;             /* NULL: it was not asked to end gracefully */
  gint64               due;               /* G_MAXINT64: none */
  gint64               span;              /* as given to …_after, for the message; -1: an absolute time */
  guint64              serial;
  guint32              n_cancels_at_open; /* task->n_cancels_raised then */
  guint8               kind;              /* TrioCancelScopeKind */
  guint8               cause;             /* TrioCancelCause: of its own cancellation; the first one stays */
  guint8               shield;
  guint8               effective;         /* own cancellation, or not shielded and the parent is effective */
  guint8               closed;
  guint8               abandoned;
  guint8               caught;
  guint8               soft;              /* it or one around it was asked to end gracefully, whatever the shields */
  guint8               until_soft;        /* that cancels it */
  guint8               out_of_reach;      /* the program has no pointer to it, and so cannot cancel it: that of trio_nursery_start() */
};

struct _TrioNursery
{
  TrioCancelScope      scope;
  TrioLink             task_link;         /* in task->nurseries */
  TrioList             children;          /* in order of birth */
  gsize                n_children;
  gsize                n_starting;        /* pending trio_nursery_start() into it */
  GPtrArray           *errors;            /* in order of arrival; NULL while there is none */
  GError              *cancelled;         /* the first plain CANCELLED of a child; further ones tell nothing new */
  guint8               joining;           /* its task waits for the children */
  guint8               closed;            /* nothing can be spawned any more */
};

typedef struct _TrioRunLocal TrioRunLocal;

struct _TrioLoop
{
  /* Hot. */
  TrioFiber            fiber;             /* whoever drives the loop */
  TrioTask            *running;
  TrioList             runnable;
  gsize                n_runnable;
  gsize                batch_left;        /* steps of this turn's batch still to come */
  guint                turns_left;        /* further turns before the driver must have its say */
  TrioTask            *corpse;            /* ended; its stack is given back by another; see loop/loop.c */
  TrioInstrument      *instruments;
  TrioChoice          *choice;
  TrioDeadlines        deadlines;
  gint64               now;               /* as of this turn's look at the clock */
  guint64              steps;
  gboolean             plain;             /* no choice seam, and no instrument watches */
  TrioStackPool       *stacks;
  TrioNursery         *spare_nursery;     /* freed, for the next one; see scope/nursery.c */

  TrioWorld           *world;
  TrioToken           *token;
  const int           *n_calls;           /* (atomic) of the token: calls from outside that wait */
  TrioLink             registry_link;     /* in trio_loops; see loop/registry.c */
  gconstpointer        home;              /* stands for the thread of its last turn; only compared */
  TrioList             tasks;             /* all living, in order of birth */
  TrioList             standing;          /* RUNNABLE, but on a machine that stands still; see task/subtree.c */
  TrioList             abandoned;         /* without unwinding, in a run that goes on */
  TrioList             statuses;          /* of trio_nursery_start(), as long as caller or child may use them */
  TrioList             idle_waiters;      /* of trio_wait_idle(); see loop/idle.c */
  TrioTask            *init;              /* NULL before its birth and after its end */
  TrioTask            *main;              /* NULL before its birth and after its end */
  TrioNursery         *system_nursery;
  TrioCancelScope      root;              /* around the init task; cancelled only by a failure of the runtime */
  TrioFunc             main_func;
  gpointer             main_data;
  GError              *main_error;        /* what main failed with */
  GError              *internal_error;    /* what broke the run itself */
  GError              *failed_calls;      /* what calls from outside failed with; see loop/token.c */
  GError              *deadlock;          /* why everything was cancelled; see loop/deadlock.c */
  TrioRunLocal        *locals;            /* task/run-local.c */
  gboolean             has_processes;     /* some of its tasks are in a process of their own */
  GHashTable          *path_counts;       /* (parent path, name) -> how many; with a choice seam or an instrument */
  guint64              turns;
  guint64              next_task_serial;
  guint64              next_scope_serial;
  guint64              next_flow_id;
  gsize                n_tasks;
  gsize                n_scopes;
  guint                n_holds;
  guint                fairness;
  guint8               in_turn;
  guint8               done;
  guint8               escaped;
  guint8               interrupt_pending; /* a Ctrl-C that there was no task to tell of */
  guint8               interrupt_policy;  /* TrioInterruptPolicy */
  guint8               idle_told;         /* the driver waited for the shortest cushion, and nothing happened: the next turn looks */
};

/* In a shared library the general way to a thread's variable is a function call at each look; a few bytes of the space that the loader
 * keeps for this way make it one instruction. */
#define TRIO_TLS __attribute__ ((tls_model ("initial-exec")))

/* loop/loop.c */
extern __thread TrioLoop *trio_loop_of_thread TRIO_TLS;
gboolean  trio_loop_switch_away     (TrioLoop *loop, TrioTask *from);
gboolean  trio_task_yield           (TrioTask *task);
TrioFiber *trio_loop_leave_last     (TrioLoop *loop, TrioTask *from);
void      trio_loop_fail            (TrioLoop *loop, const char *format, ...) G_GNUC_PRINTF (2, 3);

/* task/task.c */
TrioTask *trio_task_spawn           (TrioLoop *loop, TrioNursery *nursery, TrioCancelScope *scope, TrioFunc func, gpointer data,
                                     GDestroyNotify destroy, const char *name);
void      trio_task_complain        (const char *caller, GError **error) __attribute__ ((cold));
void      trio_task_keep_stray      (TrioTask *task, GError *error);
void      trio_task_discard         (TrioTask *task);
void      trio_task_cancel_wait     (TrioTask *task);
TrioTask *trio_task_next_in_tree    (TrioTask *task, guint *depth);

/* scope/cancel-tree.c */
void      trio_cancel_tree_update   (TrioCancelScope *scope);
void      trio_cancel_tree_deliver  (TrioTask *task);

/* scope/cancel-scope.c */
void      trio_cancel_scope_init    (TrioCancelScope *scope, TrioLoop *loop, TrioTask *task, GError **slot, const char *where);
void      trio_cancel_scope_enter   (TrioCancelScope *scope);
void      trio_cancel_scope_leave   (TrioCancelScope *scope);
gboolean  trio_cancel_scope_absorbs (TrioCancelScope *scope);
void      trio_cancel_scope_clear   (TrioCancelScope *scope);
void      trio_cancel_scope_mark    (TrioCancelScope *scope, TrioCancelCause cause, char *reason);
gboolean  trio_cancel_scope_may_close (TrioCancelScope *scope, const char *caller);
void      trio_cancel_scope_abandon_rest (TrioTask *task) TRIO_CHECKPOINT_ON_FAILURE;
GError   *trio_cancel_scope_own_error (TrioCancelScope *scope);
char     *trio_cancel_scope_describe_caller (TrioCancelScope *scope, const char *where);

/* scope/soft-cancel.c */
gboolean  trio_soft_cancel_recompute (TrioCancelScope *scope);
char     *trio_soft_cancel_describe_end (TrioCancelScope *scope);

/* scope/nursery.c */
void      trio_nursery_child_ended  (TrioNursery *nursery, TrioTask *child, GError *error);
void      trio_nursery_check_joined (TrioNursery *nursery);

/* scope/start.c */
void      trio_task_statuses_discard (TrioLoop *loop);
void      trio_task_statuses_forget (TrioNursery *private_nursery);

/* loop/choice.c */
void      trio_inject               (TrioTask *task, const char *what);
TrioTask *trio_choose_runnable      (TrioLoop *loop);
gboolean  trio_choose_no_memory     (TrioLoop *loop, const char *name);

/* scope/interrupt.c */
GError   *trio_interrupt_error      (void);
GError   *trio_interrupts_collapse  (GError *error);
void      trio_interrupt_outlives   (TrioTask *main);

/* loop/registry.c */
extern TrioList trio_loops;
void      trio_loop_register        (TrioLoop *loop);
void      trio_loop_unregister      (TrioLoop *loop);
GPtrArray *trio_loops_of_thread     (void);
TrioLoop *trio_loop_of_caller       (void);

/* loop/idle.c */
void      trio_loop_wake_idle       (TrioLoop *loop);

/* explain/instrument.c */
void      trio_instruments_add      (TrioLoop *loop, TrioInstrument *instrument);
void      trio_instruments_clear    (TrioLoop *loop);

/* task/paths.c */
void      trio_task_count_path      (TrioTask *task, TrioTask *parent);
void      trio_task_keep_path       (TrioTask *task);

/* task/task-local.c */
void      trio_task_inherit_locals  (TrioTask *task);
void      trio_locals_clear         (TrioLocals **locals);

/* loop/token.c */
TrioToken *trio_token_new           (TrioLoop *loop);
const int *trio_token_get_n_calls   (TrioToken *token);
void       trio_token_run_pending   (TrioToken *token);
gboolean   trio_token_refuse        (TrioToken *token);
gboolean   trio_token_is_private    (TrioToken *token);
void       trio_token_close         (TrioToken *token);

/* task/run-local.c */
void      trio_run_locals_free      (TrioLoop *loop);

/* task/strand.c */
TrioLoop *trio_strand_get_loop      (void);
gboolean  trio_strand_find_overflow (gconstpointer address, const char **name, gsize *stack_bytes, gsize *below);

/* task/subtree.c */
void      trio_tasks_discard_abandoned (TrioLoop *loop);

/* task/parking-lot.c */
void      trio_parking_lots_break   (TrioTask *task);

/* explain/invariant.c */
#ifdef TRIO_INVARIANTS
void      trio_check_task           (TrioTask *task);
void      trio_check_scope          (TrioCancelScope *scope);
void      trio_check_nursery        (TrioNursery *nursery);
void      trio_check_lot            (TrioParkingLot *lot);
void      trio_check_loop           (TrioLoop *loop);
#else
#define trio_check_task(task)       ((void) 0)
#define trio_check_scope(scope)     ((void) 0)
#define trio_check_nursery(nursery) ((void) 0)
#define trio_check_lot(lot)         ((void) 0)
#define trio_check_loop(loop)       ((void) 0)
#endif

/* A watchdog on another thread compares these two with what it saw before. Relaxed: nothing is read through them, so there is no partner, and
 * they cost what plain stores do. */
static inline void
trio_loop_set_running (TrioLoop *loop, TrioTask *task)
{
  __atomic_store_n (&loop->running, task, __ATOMIC_RELAXED);
}

static inline void
trio_loop_count_step (TrioLoop *loop)
{
  __atomic_store_n (&loop->steps, loop->steps + 1, __ATOMIC_RELAXED);
}

/* For functions that suspend: the calling task; outside one they can only fail. */
static inline TrioTask *
trio_task_require_current (const char *caller, GError **error)
{
  TrioLoop *loop = trio_loop_of_thread;

  if (G_LIKELY (loop != NULL && loop->running != NULL))
    return loop->running;
  trio_task_complain (caller, error);
  return NULL;
}

static inline gboolean
trio_task_is_interrupted (const TrioTask *task)
{
  return task->interrupt_pending && task->n_interrupt_holds == 0;
}

/* Whether the next checkpoint of task fails. */
static inline gboolean
trio_task_is_cancelled (const TrioTask *task)
{
  return G_UNLIKELY (task->scope->effective || trio_task_is_interrupted (task));
}

/* Calls a hook of every instrument that has it. */
#define TRIO_NOTIFY(loop, hook, ...)                                                                          \
  G_STMT_START                                                                                                \
    for (TrioInstrument *instrument_ = (loop)->instruments; G_UNLIKELY (instrument_ != NULL); instrument_ = instrument_->next) \
      if (instrument_->hook != NULL)                                                                          \
        instrument_->hook (instrument_ __VA_OPT__ (,) __VA_ARGS__);                                           \
  G_STMT_END

/* What happens at each step, small enough to be part of its callers. */

/* Something changed that a waiting driver does not know of: code outside any task did it. */
static inline void
trio_loop_nudge (TrioLoop *loop)
{
  if (G_UNLIKELY (!loop->in_turn) && loop->world->wake != NULL)
    loop->world->wake (loop->world);
}

static inline void
trio_loop_put_in_line (TrioLoop *loop, TrioTask *task)
{
  task->state = TRIO_TASK_RUNNABLE;
  if (G_LIKELY (!task->stands_still))
    {
      trio_list_push_tail (&loop->runnable, &task->run_link);
      loop->n_runnable++;
    }
  else
    trio_list_push_tail (&loop->standing, &task->run_link);
  TRIO_NOTIFY (loop, task_scheduled, task, loop->running);
}

static inline void
trio_loop_push_runnable (TrioLoop *loop, TrioTask *task)
{
  trio_loop_put_in_line (loop, task);
  trio_loop_nudge (loop);
}

/* A deadline of the calling task, whose clock may be another one than the loop's. */
static inline void
trio_loop_arm (TrioLoop *loop, TrioDeadline *deadline, gint64 due)
{
  TrioClock *clock = loop->world->clock;

  trio_deadlines_arm (&loop->deadlines, deadline, G_LIKELY (clock->to_loop == NULL) ? due : clock->to_loop (clock, due));
}

/* Gives back the stack of a task that has ended. Not to be called on it. */
static inline void
trio_loop_bury (TrioLoop *loop)
{
  TrioTask *corpse = loop->corpse;

  if (corpse == NULL)
    return;
  loop->corpse = NULL;
  trio_fiber_clear (&corpse->fiber);
  trio_stack_pool_give (loop->stacks, corpse->stack_top);
}

/* Makes scope the innermost one that task is in. */
static inline void
trio_task_enter_scope (TrioTask *task, TrioCancelScope *scope)
{
  trio_link_unlink (&task->scope_link);
  task->scope = scope;
  trio_list_push_tail (&scope->tasks, &task->scope_link);
}

static inline void
trio_cancel_tree_attach (TrioCancelScope *scope, TrioCancelScope *parent)
{
  scope->parent = parent;
  trio_list_push_tail (&parent->children, &scope->child_link);
}

static inline void
trio_cancel_tree_detach (TrioCancelScope *scope)
{
  trio_link_unlink (&scope->child_link);
  scope->parent = NULL;
}
