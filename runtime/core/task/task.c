/* SPDX-License-Identifier: MIT OR Apache-2.0 */

/* Tasks: birth, the two verbs (wait, reschedule), end.
 *
 * Always true:
 *  1. A RUNNABLE task is in the loop's line, once; a BLOCKED or RUNNING one is not.
 *  2. The abort function is called at most once per wait, and never after the task was rescheduled.
 *  3. A task's record lives at the top of its own stack, so an idle task costs one page. When another fiber runs after the task's end it
 *     is as good as gone.
 */

#include <string.h>

#include "core/kernel.h"

static TrioFiber *task_entry (gpointer data);
static TrioFiber *finish_task (TrioTask *task, gboolean ok);

static void
set_name (TrioTask *task, const char *name)
{
  gsize length = strlen (name);

  task->owns_name = length > TRIO_TASK_NAME_INLINE;
  if (task->owns_name)
    task->name = g_strdup (name);
  else
    {
      memcpy (task->name_inline, name, length + 1);
      task->name = task->name_inline;
    }
}

/* NULL if there is no memory for a stack. */
TrioTask *
trio_task_spawn (TrioLoop *loop, TrioNursery *nursery, TrioCancelScope *scope, TrioFunc func, gpointer data, GDestroyNotify destroy,
                 const char *name)
{
  /* The fiber begins below the record, on a boundary that every ABI is content with. */
  gsize record = (sizeof (TrioTask) + 63) & ~(gsize) 63;
  gsize usable;
  gpointer top;
  TrioTask *task;

  if (G_UNLIKELY (loop->choice != NULL) && trio_choose_no_memory (loop, name))
    return NULL;
  /* The stack of one that just ended is the warmest there is. */
  trio_loop_bury (loop);
  top = trio_stack_pool_take (loop->stacks);
  if (top == NULL)
    return NULL;
  usable = trio_stack_pool_get_usable (loop->stacks);

  task = (TrioTask *) (gpointer) ((char *) top - record);
  memset (task, 0, G_STRUCT_OFFSET (TrioTask, name_inline));
  task->loop = loop;
  task->stack_top = top;
  task->nursery = nursery;
  task->scope = scope;
  task->func = func;
  task->data = data;
  task->destroy = destroy;
  task->serial = ++loop->next_task_serial;
  task->stands_still = nursery != NULL && nursery->scope.task->stands_still;
  task->system = nursery == NULL || nursery->scope.task->system;
  set_name (task, name != NULL ? name : "task");
  trio_link_init (&task->nurseries);
  trio_link_init (&task->deliver_link);
  if (G_UNLIKELY (loop->running != NULL && loop->running->locals != NULL))
    trio_task_inherit_locals (task);
  trio_fiber_init (&task->fiber, (char *) top - usable, usable - record, task_entry, task, task->name);

  trio_list_push_tail (&loop->tasks, &task->all_link);
  loop->n_tasks++;
  trio_list_push_tail (&scope->tasks, &task->scope_link);
  if (nursery != NULL)
    {
      trio_list_push_tail (&nursery->children, &task->sibling_link);
      nursery->n_children++;
    }
  if (G_UNLIKELY (loop->choice != NULL || loop->instruments != NULL))
    trio_task_count_path (task, nursery != NULL ? nursery->scope.task : NULL);

  TRIO_NOTIFY (loop, task_spawned, task);
  trio_loop_push_runnable (loop, task);
  trio_check_task (task);
  return task;
}

static TrioFiber *
task_entry (gpointer data)
{
  TrioTask *task = data;

  return finish_task (task, task->func (task->data, &task->error));
}

/* What func returned and what it set must agree; whatever happened, nothing is dropped. */
static void
judge (TrioTask *task, gboolean ok)
{
  if (!ok && task->error == NULL)
    {
      g_critical ("task \"%s\" returned FALSE and set no error", task->name);
      g_set_error (&task->error, TRIO_ERROR, TRIO_ERROR_FAILED, "task \"%s\" returned FALSE and set no error", task->name);
    }
  else if (ok && task->error != NULL)
    g_critical ("task \"%s\" returned TRUE but set an error: %s", task->name, task->error->message);
}

/* Scopes and nurseries that it opened and left open are closed for it. */
static inline void
close_what_is_open (TrioTask *task)
{
  const TrioCancelScope *base = task->nursery != NULL ? &task->nursery->scope : &task->loop->root;

  if (G_UNLIKELY (task->scope != base || !trio_list_is_empty (&task->nurseries)))
    trio_cancel_scope_abandon_rest (task);
}

/* Returns the fiber that goes on. */
static TrioFiber *
finish_task (TrioTask *task, gboolean ok)
{
  TrioLoop *loop = task->loop;
  TrioNursery *nursery = task->nursery;
  GError *error;

  judge (task, ok);
  close_what_is_open (task);
  if (task->destroy != NULL)
    task->destroy (task->data);
  if (task->breaks != NULL)
    trio_parking_lots_break (task);
  if (task->locals != NULL)
    trio_locals_clear (&task->locals);
  /* A function that frees data may open and leave things too. */
  close_what_is_open (task);
  if (task->stray != NULL)
    task->error = trio_error_merge (task->error, g_steal_pointer (&task->stray));

  error = g_steal_pointer (&task->error);
  task->state = TRIO_TASK_DONE;
  TRIO_NOTIFY (loop, after_task_step, task);
  if (task == loop->main)
    {
      /* What main failed with is kept aside; see run.c. */
      TRIO_NOTIFY (loop, task_exited, task, loop->main_error);
      trio_interrupt_outlives (task);
      loop->main = NULL;
    }
  else
    TRIO_NOTIFY (loop, task_exited, task, error);

  trio_link_unlink (&task->all_link);
  loop->n_tasks--;
  trio_link_unlink (&task->scope_link);
  if (nursery != NULL)
    trio_nursery_child_ended (nursery, task, error);
  else
    {
      loop->init = NULL;
      loop->internal_error = trio_error_merge (loop->internal_error, error);
    }
  /* Only now: waking the parent, and cancelling the others, named it. A watchdog's signal may still ask. */
  if (task->owns_name)
    {
      char *name = (char *) task->name;

      task->name = "a task that has ended";
      g_free (name);
    }
  g_clear_pointer (&task->path, g_free);
  return trio_loop_leave_last (loop, task);
}

/* Frees a task without running its code: the run is abandoned. */
void
trio_task_discard (TrioTask *task)
{
  TrioLoop *loop = task->loop;

  trio_link_unlink (&task->all_link);
  loop->n_tasks--;
  g_clear_error (&task->error);
  g_clear_error (&task->stray);
  g_clear_error (&task->outcome);
  g_slist_free (task->breaks);
  trio_locals_clear (&task->locals);
  if (task->owns_name)
    g_free ((char *) task->name);
  g_clear_pointer (&task->path, g_free);
  trio_fiber_clear (&task->fiber);
  trio_stack_pool_give (loop->stacks, task->stack_top);
}

gboolean
trio_spawn_system_task (TrioFunc func, gpointer data, GDestroyNotify destroy, const char *name, GError **error)
{
  TrioLoop *loop = trio_loop_of_caller ();
  TrioLoop *outer = trio_loop_of_thread;
  TrioNursery *system;
  TrioTask *task;

  g_return_val_if_fail (loop != NULL && func != NULL, FALSE);

  system = loop->system_nursery;
  if (system == NULL)
    {
      g_set_error (error, TRIO_ERROR, TRIO_ERROR_RUN_FINISHED, "the run is not in its main part: no system task can be started");
      return FALSE;
    }
  /* For the hooks, which may ask what time it is. */
  trio_loop_of_thread = loop;
  task = trio_task_spawn (loop, system, &system->scope, func, data, destroy, name != NULL ? name : "system task");
  trio_loop_of_thread = outer;
  if (task == NULL)
    {
      g_set_error (error, TRIO_ERROR, TRIO_ERROR_FAILED, "no memory for the stack of a system task");
      return FALSE;
    }
  return TRUE;
}

TrioTask *
trio_current_task (void)
{
  return trio_loop_of_thread != NULL ? trio_loop_of_thread->running : NULL;
}

gboolean
trio_in_run (void)
{
  return trio_loop_of_thread != NULL;
}

void
trio_task_complain (const char *caller, GError **error)
{
  g_critical ("%s: called outside a task; only a function started by trio_run() or in a nursery may wait", caller);
  g_set_error (error, TRIO_ERROR, TRIO_ERROR_MISUSE, "%s was called outside a task", caller);
}

/* An error that no slot takes stays with the task. */
void
trio_task_keep_stray (TrioTask *task, GError *error)
{
  if (TRIO_MUTATION (lost_stray_error))
    g_clear_error (&error);
  task->stray = trio_error_merge (task->stray, error);
}

static void
note_cancel (TrioTask *task)
{
  /* The task around main, which only waits for the end, is nobody's. */
  if (task != task->loop->init)
    TRIO_NOTIFY (task->loop, cancel_raised, task);
}

static GError *
cancel_error (TrioTask *task)
{
  TrioCancelScope *source = task->scope->source;

  /* It was told so, but since then a shield has gone up. */
  for (TrioCancelScope *scope = task->scope; source == NULL && scope != NULL; scope = scope->parent)
    if (scope->cause != CAUSE_NONE)
      source = scope;
  return g_error_new_literal (TRIO_ERROR, TRIO_ERROR_CANCELLED,
                              source != NULL ? source->reason
                                             : "cancelled: its wait was told so, although no scope around it is cancelled any more");
}

GError *
trio_task_raise_cancel (TrioTask *task)
{
  g_return_val_if_fail (task != NULL, NULL);
  note_cancel (task);
  if (trio_task_is_interrupted (task))
    {
      task->interrupt_pending = FALSE;
      return trio_interrupt_error ();
    }
  task->n_cancels_raised++;
  return cancel_error (task);
}

/* Wakes a task whose wait was aborted. If many are cancelled at once, their errors need not all be there at once: each is made, read and
 * freed while its task runs, in memory that the one before has left (a million sleepers: 100 MB, and a quarter of the time). */
void
trio_task_cancel_wait (TrioTask *task)
{
  if (trio_task_is_interrupted (task))
    {
      trio_reschedule (task, trio_task_raise_cancel (task));
      return;
    }
  note_cancel (task);
  task->n_cancels_raised++;
  task->wait_cancelled = TRUE;
  trio_reschedule (task, NULL);
}

static GError *
take_cancellation (TrioTask *task)
{
  task->wait_cancelled = FALSE;
  return cancel_error (task);
}

gboolean
trio_wait (const TrioWaitClass *klass, gpointer data, GError **error)
{
  TrioTask *task = trio_task_require_current (klass->what, error);
  TrioLoop *loop;
  GError *outcome;

  if (G_UNLIKELY (task == NULL))
    return FALSE;
  loop = task->loop;

  g_assert (task->outcome == NULL);
  task->wait = klass;
  task->abort = klass->abort;
  task->wait_data = data;
  task->abort_called = FALSE;
  /* With a choice seam time is virtual, free to ask, and not looked at once a turn. */
  task->blocked_since = G_LIKELY (loop->choice == NULL) ? loop->now : loop->world->clock->now (loop->world->clock);
  task->n_cancel_points++;
  task->state = TRIO_TASK_BLOCKED;
  /* Only now: the caller has put itself into some queue, and what is injected may run code that wakes who stands there. */
  if (G_UNLIKELY (loop->choice != NULL))
    trio_inject (task, klass->what);
  if (trio_task_is_cancelled (task))
    trio_cancel_tree_deliver (task);
  trio_loop_switch_away (loop, task);

  if (G_UNLIKELY (task->wait_cancelled))
    outcome = take_cancellation (task);
  else if (G_LIKELY ((outcome = task->outcome) == NULL))
    return TRUE;
  task->outcome = NULL;
  g_propagate_error (error, outcome);
  return FALSE;
}

gboolean
trio_wait_task_rescheduled (TrioAbortFunc abort, gpointer data, GError **error)
{
  /* It need not outlive this frame's wait, and the frame stays until the wait is over. */
  const TrioWaitClass klass = { .what = "trio_wait_task_rescheduled", .abort = abort };

  g_return_val_if_fail (abort != NULL, FALSE);
  return trio_wait (&klass, data, error);
}

void
trio_reschedule (TrioTask *task, GError *outcome)
{
  g_return_if_fail (task != NULL);

  if (G_UNLIKELY (task->state == TRIO_TASK_DONE))
    {
      /* It was abandoned in a wait that cannot be aborted: task/subtree.c. One that ended has no record any more. */
      g_clear_error (&outcome);
      return;
    }
  if (G_UNLIKELY (task->state != TRIO_TASK_BLOCKED))
    g_error ("task \"%s\" (%" G_GUINT64_FORMAT ") was rescheduled although it is not blocked: two parties believe that they wake it, or its "
             "abort function answered SUCCEEDED and left it in a queue", task->name, task->serial);
  task->outcome = outcome;
  task->abort = NULL;
  task->wait = NULL;
  task->wait_data = NULL;
  trio_loop_push_runnable (task->loop, task);
  trio_check_task (task);
}

const char *
trio_task_get_name (TrioTask *task)
{
  g_return_val_if_fail (task != NULL, NULL);
  return task->name;
}

guint64
trio_task_get_serial (TrioTask *task)
{
  g_return_val_if_fail (task != NULL, 0);
  return task->serial;
}

TrioTaskState
trio_task_get_state (TrioTask *task)
{
  g_return_val_if_fail (task != NULL, TRIO_TASK_DONE);
  return task->state;
}

void
trio_task_get_points (TrioTask *task, guint *cancel_points, guint *schedule_points)
{
  g_return_if_fail (task != NULL && cancel_points != NULL && schedule_points != NULL);
  *cancel_points = task->n_cancel_points;
  *schedule_points = task->n_schedule_points;
}

TrioTask *
trio_task_get_parent (TrioTask *task)
{
  g_return_val_if_fail (task != NULL, NULL);
  return task->nursery != NULL ? task->nursery->scope.task : NULL;
}

TrioCancelScope *
trio_task_get_cancel_scope (TrioTask *task)
{
  g_return_val_if_fail (task != NULL, NULL);
  return task->scope;
}

gboolean
trio_task_has_cancel_pending (TrioTask *task)
{
  g_return_val_if_fail (task != NULL, FALSE);
  if (G_UNLIKELY (trio_accesses_watched > 0))
    trio_note_cancel_scopes (task);
  return trio_task_is_cancelled (task);
}

const char *
trio_task_get_wait (TrioTask *task)
{
  g_return_val_if_fail (task != NULL, NULL);
  return task->state == TRIO_TASK_BLOCKED ? task->wait->what : NULL;
}

void
trio_task_describe_wait (TrioTask *task, GString *out)
{
  g_return_if_fail (task != NULL && out != NULL);
  if (task->state != TRIO_TASK_BLOCKED)
    return;
  g_string_append (out, task->wait->what);
  if (task->wait->describe != NULL)
    {
      g_string_append (out, ": ");
      task->wait->describe (task->wait_data, out);
    }
}

/* The next task in the tree after `task`, parents first; *depth follows. */
TrioTask *
trio_task_next_in_tree (TrioTask *task, guint *depth)
{
  TrioLink *link;

  for (link = trio_list_first (&task->nurseries); link != NULL; link = trio_list_next (&task->nurseries, link))
    {
      TrioNursery *nursery = TRIO_CONTAINER (link, TrioNursery, task_link);

      if (!trio_list_is_empty (&nursery->children))
        {
          (*depth)++;
          return TRIO_CONTAINER (trio_list_first (&nursery->children), TrioTask, sibling_link);
        }
    }

  while (task->nursery != NULL)
    {
      TrioNursery *nursery = task->nursery;
      TrioTask *parent = nursery->scope.task;

      link = trio_list_next (&nursery->children, &task->sibling_link);
      if (link != NULL)
        return TRIO_CONTAINER (link, TrioTask, sibling_link);
      for (link = trio_list_next (&parent->nurseries, &nursery->task_link); link != NULL;
           link = trio_list_next (&parent->nurseries, link))
        {
          nursery = TRIO_CONTAINER (link, TrioNursery, task_link);
          if (!trio_list_is_empty (&nursery->children))
            return TRIO_CONTAINER (trio_list_first (&nursery->children), TrioTask, sibling_link);
        }
      task = parent;
      (*depth)--;
    }
  return NULL;
}

void
trio_foreach_task (TrioTaskForeach func, gpointer data)
{
  g_return_if_fail (trio_loop_of_thread != NULL && func != NULL);

  trio_loop_foreach (trio_loop_of_thread, func, data);
}

void
trio_loop_foreach (TrioLoop *loop, TrioTaskForeach func, gpointer data)
{
  guint depth = 0;

  for (TrioTask *task = loop->init; task != NULL; task = trio_task_next_in_tree (task, &depth))
    func (task, depth, data);
}

gboolean
trio_task_find_overflow (gconstpointer address, const char **name, guint64 *serial, gsize *stack_bytes, gsize *below)
{
  TrioTask *task = trio_loop_of_thread != NULL ? trio_loop_of_thread->running : NULL;
  const char *fault = address;
  const char *low;

  if (task == NULL)
    {
      *serial = 0;
      return trio_strand_find_overflow (address, name, stack_bytes, below);
    }
  low = (const char *) task->stack_top - trio_stack_pool_get_usable (task->loop->stacks);
  if (fault >= low || fault < low - trio_stack_pool_get_guard (task->loop->stacks))
    return FALSE;
  *name = task->name;
  *serial = task->serial;
  *stack_bytes = trio_stack_pool_get_usable (task->loop->stacks);
  *below = (gsize) (low - fault);
  return TRUE;
}
