/* SPDX-License-Identifier: MIT OR Apache-2.0 */

/* What the reference's files share: its state, and the verdict of one step of an operation. Only reference*.c include it. */

#pragma once

#include <string.h>

#include "tests/core/model/program.h"

#define NEVER G_MAXINT64

/* The phase of an operation with a body when the body has ended. */
enum { LEAVING = 100 };

typedef enum { NOT_CANCELLED, EXPLICITLY, BY_DEADLINE } Cause;
typedef enum { NOT_BORN, RUNNABLE, RUNNING, BLOCKED, ENDED } TaskState;
typedef enum { NO_WAIT, WAIT_TIME, WAIT_CHILDREN, WAIT_LOCK, WAIT_EVENT, WAIT_SEND, WAIT_RECEIVE } Wait;
typedef enum { SUSPENDED, ENTERED, FINISHED } Verdict;

typedef enum
{
  CANCELLED = 'C',
  TOO_SLOW = 'T',
  FAILED = 'F',               /* with the number of the operation */
  LEFT_WITHOUT_CLOSE = 'X',
  NEVER_STARTED = 'Y',
  MISUSE = 'M',
  WOULD_BLOCK = 'W',
  BROKEN = 'B',
  CLOSED = 'L',
  END_OF_CHANNEL = 'E',
  GROUP = 'G',
} FailureKind;

typedef struct _Failure Failure;

struct _Failure
{
  FailureKind  kind;
  int          op;
  int          n_members;
  Failure    **members;
  Failure     *allocated_before;
};

typedef struct
{
  gboolean  open;
  int       parent;           /* -1: none */
  int       opener;           /* a task */
  guint64   place;            /* among those with the same parent */
  ScopeKind kind;
  gboolean  shield;
  Cause     cause;
  gboolean  caught;
  gint64    due;
  guint64   armed;

  /* Of a nursery. */
  int       n_children;
  int       n_starting;
  gboolean  joining;
  gboolean  yielded;
  gboolean  closed;
  gboolean  early;
  Failure  *cancelled;
  int       n_failures;
  Failure  *failures[OPS_MAX + 2];
} Scope;

typedef struct
{
  TaskState state;
  int       nursery;
  int       scope;            /* innermost */
  guint64   since;            /* when it came to it */
  gboolean  by_start;
  gboolean  has_started;

  int       inside[OPS_MAX];  /* operations whose bodies it is in, outermost first */
  int       n_inside;
  int       op;               /* the one it performs; -1: the body is over */
  int       phase;
  Failure  *failure;          /* of the body that has just ended */
  Failure  *result;           /* of the operation that has just finished */
  char     *detail;

  Wait      wait;
  int       object;           /* it waits for */
  guint64   wait_serial;      /* those who wait for the same are served in this order */
  Failure  *outcome;          /* of the wait */
  gint64    due;              /* of a sleep */
  guint64   armed;
  int       value;            /* sent, or received */
} Task;

typedef struct
{
  int       owner;            /* -1: nobody */
  guint64   since;
  gboolean  broken;
} Lock;

typedef struct
{
  int       values[OPS_MAX];
  int       n_values;
  gboolean  send_closed[N_ENDS];
  gboolean  receive_closed[N_ENDS];
} Channel;

typedef struct
{
  const Program *program;
  GString  *log;
  gint64    now;
  guint64   serial;           /* counts everything that has an order */
  Scope     scopes[OPS_MAX];
  Task      tasks[OPS_MAX];
  int       line[OPS_MAX];    /* runnable tasks */
  int       n_line;
  Lock      locks[N_LOCKS];
  gboolean  events[N_EVENTS];
  Channel   channels[N_CHANNELS];
  Failure  *result;
  int       n_refused;
  Failure  *last_allocated;
} Model;

/* reference-errors.c */
Failure *failure_new               (Model *m, FailureKind kind, int op);
/* Nothing, the one, or a group. */
Failure *failure_group             (Model *m, Failure *const *members, int n);
gboolean failure_contains          (const Failure *failure, FailureKind kind);
Failure *failure_without_cancelled (Model *m, Failure *failure);
char    *failure_to_text           (const Failure *failure);
void     failures_free             (Model *m);

/* reference-scopes.c */
gboolean model_is_effective        (Model *m, int scope);
gboolean model_is_cancelled        (Model *m, int task);
/* Whether a cancellation that comes out of it ends there. */
gboolean model_absorbs             (Model *m, int scope);
void     model_push_runnable       (Model *m, int task);
void     model_block               (Model *m, int task, Wait wait, int object);
void     model_wake                (Model *m, int task, Failure *outcome);
void     model_cancel              (Model *m, int scope, Cause cause);
void     model_set_shield          (Model *m, int scope, gboolean shield);
void     model_set_deadline        (Model *m, int scope, gint64 due);
void     model_open_scope          (Model *m, int task, int scope);
void     model_close_scope         (Model *m, int scope);
Failure *model_judge               (Model *m, int scope, gboolean absorbing, Failure *failure, gboolean closing);
void     model_check_joined        (Model *m, int nursery);
void     model_keep_failure        (Model *m, int nursery, Failure *failure);
void     model_spawn               (Model *m, int nursery, int task, gboolean by_start);
void     model_end_task            (Model *m, int task, Failure *failure);
gboolean model_join                (Model *m, int task, int nursery);
Failure *model_leave_nursery       (Model *m, int nursery, gboolean closing);
void     model_move_to_target      (Model *m, int task);

/* reference.c */
Verdict  model_checkpoint          (Model *m, int task);

/* reference-sync.c */
void     model_sync_init           (Model *m);
Verdict  model_sync_step           (Model *m, int task, int op);
void     model_sync_forget         (Model *m, int task);
void     model_sync_break_locks    (Model *m, int task);
