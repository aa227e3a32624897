/* SPDX-License-Identifier: MIT OR Apache-2.0 */

/* The beginning and the end of a run: the loop's own first task, the order of shutting down, and what comes out.
 *
 * Main ends -> the system nursery is cancelled and joined -> calls already accepted from other threads run -> the loop is done. Main's
 * own error is kept aside meanwhile and is what the run returns. A failure of the runtime itself comes before it. */

#include "core/kernel.h"

static gboolean init_task (gpointer data, GError **error);
static void     free_loop (TrioLoop *loop);

TrioLoop *
trio_loop_new (TrioWorld *world, TrioFunc main, gpointer data, const TrioLoopOptions *options, GError **error)
{
  TrioLoop *loop;

  g_return_val_if_fail (world != NULL && world->clock != NULL && main != NULL, NULL);

  if (trio_loop_of_thread != NULL)
    {
      g_set_error (error, TRIO_ERROR, TRIO_ERROR_MISUSE,
                   "a run cannot start another on its own thread: call the function directly, or start a task in a nursery");
      return NULL;
    }

  loop = g_new0 (TrioLoop, 1);
  loop->world = world;
  loop->choice = world->choice;
  loop->main_func = main;
  loop->main_data = data;
  loop->fairness = options != NULL && options->fairness > 0 ? options->fairness : TRIO_FAIRNESS_DEFAULT;
  loop->interrupt_policy = options != NULL ? options->interrupt_policy : TRIO_INTERRUPT_MAIN;
  loop->stacks = trio_stack_pool_new (options != NULL ? options->stack_bytes : 0);
  loop->now = world->clock->now (world->clock);
  loop->token = trio_token_new (loop);
  loop->n_calls = trio_token_get_n_calls (loop->token);
  trio_link_init (&loop->runnable);
  trio_link_init (&loop->tasks);
  trio_link_init (&loop->standing);
  trio_link_init (&loop->abandoned);
  trio_link_init (&loop->statuses);
  trio_link_init (&loop->idle_waiters);
  trio_fiber_init_thread (&loop->fiber);
  trio_cancel_scope_init (&loop->root, loop, NULL, NULL, "the run");

  loop->plain = loop->choice == NULL;
  for (guint i = 0; options != NULL && options->instruments != NULL && options->instruments[i] != NULL; i++)
    trio_instruments_add (loop, options->instruments[i]);

  trio_loop_register (loop);
  /* For the hooks, which may ask what time it is. */
  trio_loop_of_thread = loop;
  TRIO_NOTIFY (loop, run_started);
  loop->init = trio_task_spawn (loop, NULL, &loop->root, init_task, loop, NULL, "init");
  trio_loop_of_thread = NULL;
  if (loop->init == NULL)
    {
      g_set_error (error, TRIO_ERROR, TRIO_ERROR_FAILED, "no memory for the stack of the first task (%" G_GSIZE_FORMAT " bytes each)",
                   trio_stack_pool_get_usable (loop->stacks));
      free_loop (loop);
      return NULL;
    }
  return loop;
}

/* Main runs in a task of its own, whose failure is no failure of the nursery it lives in. */
static gboolean
main_task (gpointer data, GError **error G_GNUC_UNUSED)
{
  TrioLoop *loop = data;
  /* No slot of this frame: if the run breaks off, what main has set by then is not lost. */
  gboolean ok = loop->main_func (loop->main_data, &loop->main_error);

  if (!ok && loop->main_error == NULL)
    {
      g_critical ("the main task returned FALSE and set no error");
      g_set_error (&loop->main_error, TRIO_ERROR, TRIO_ERROR_FAILED, "the main task returned FALSE and set no error");
    }
  else if (ok && loop->main_error != NULL)
    g_critical ("the main task returned TRUE but set an error: %s", loop->main_error->message);
  /* What is wrong with main's scopes is main's error too. */
  trio_cancel_scope_abandon_rest (loop->main);
  loop->main_error = trio_error_merge (loop->main_error, g_steal_pointer (&loop->main->stray));
  return TRUE;
}

static gboolean
init_task (gpointer data, GError **error)
{
  TrioLoop *loop = data;
  g_autoptr (TrioNursery) system = trio_nursery_open (error);
  TrioNursery *nursery = trio_nursery_open (error);
  gboolean ok;

  loop->system_nursery = system;

  trio_nursery_start_soon_full (nursery, main_task, loop, NULL, "main");
  loop->main = TRIO_CONTAINER (trio_list_first (&nursery->children), TrioTask, sibling_link);
  loop->main->system = FALSE;
  ok = trio_nursery_close (nursery, TRUE);
  trio_nursery_free (nursery);

  trio_cancel_scope_mark (&system->scope, CAUSE_EXPLICIT, g_strdup ("the main task has ended"));
  loop->system_nursery = NULL;
  ok = trio_nursery_close (system, ok);
  /* Main's error is kept elsewhere, and cancellations have been absorbed: this one is a system task's. */
  if (!ok)
    *error = trio_error_merge (g_error_new_literal (TRIO_ERROR, TRIO_ERROR_INTERNAL, "internal error: a system task failed"), *error);
  TRIO_NOTIFY (loop, run_finished);
  return ok;
}

/* What a task that will not go on has in its hands: nobody else will tell of it. */
static void
take_left_errors (TrioTask *task, GPtrArray *left)
{
  GError **places[] = { &task->error, &task->stray, &task->outcome };

  for (guint i = 0; i < G_N_ELEMENTS (places); i++)
    if (*places[i] != NULL)
      g_ptr_array_add (left, g_steal_pointer (places[i]));
  for (TrioLink *link = trio_list_first (&task->nurseries); link != NULL; link = trio_list_next (&task->nurseries, link))
    {
      GPtrArray *errors = TRIO_CONTAINER (link, TrioNursery, task_link)->errors;

      while (errors != NULL && errors->len > 0)
        g_ptr_array_add (left, g_ptr_array_steal_index (errors, 0));
    }
}

/* The run broke off, and its tasks stand where they stood. */
static GError *
collect_left_errors (TrioLoop *loop)
{
  g_autoptr (GPtrArray) left = g_ptr_array_new ();

  for (TrioLink *link = trio_list_first (&loop->tasks); link != NULL; link = trio_list_next (&loop->tasks, link))
    take_left_errors (TRIO_CONTAINER (link, TrioTask, all_link), left);
  return trio_error_remove (trio_error_group_new ((GError **) left->pdata, left->len), TRIO_ERROR, TRIO_ERROR_CANCELLED, NULL);
}

gboolean
trio_loop_finish (TrioLoop *loop, GError **error)
{
  GError *failure;

  g_return_val_if_fail (loop != NULL && loop->done && !loop->escaped, FALSE);

  if (loop->failed_calls != NULL)
    {
      loop->internal_error = trio_error_merge (loop->internal_error, g_error_new_literal (TRIO_ERROR, TRIO_ERROR_INTERNAL,
                                                                                          "internal error: a call from outside failed"));
      loop->internal_error = trio_error_merge (loop->internal_error, g_steal_pointer (&loop->failed_calls));
    }
  if (loop->internal_error != NULL)
    loop->internal_error = trio_error_merge (loop->internal_error, collect_left_errors (loop));
  /* An interrupt that came too late for main is not lost. */
  if (loop->interrupt_pending && loop->internal_error == NULL)
    loop->main_error = trio_error_merge (loop->main_error, trio_interrupt_error ());
  if (loop->interrupt_policy == TRIO_INTERRUPT_ALL)
    loop->main_error = trio_interrupts_collapse (loop->main_error);
  /* If the run itself failed, main was cancelled for that reason, and says nothing new. */
  if (loop->internal_error != NULL)
    loop->main_error = trio_error_remove (g_steal_pointer (&loop->main_error), TRIO_ERROR, TRIO_ERROR_CANCELLED, NULL);
  if (loop->deadlock != NULL)
    {
      /* All was cancelled because of it. */
      loop->main_error = trio_error_remove (g_steal_pointer (&loop->main_error), TRIO_ERROR, TRIO_ERROR_CANCELLED, NULL);
      loop->main_error = trio_error_merge (g_steal_pointer (&loop->deadlock), g_steal_pointer (&loop->main_error));
    }
  failure = trio_error_merge (g_steal_pointer (&loop->internal_error), g_steal_pointer (&loop->main_error));
  trio_loop_abandon (loop);

  if (failure == NULL)
    return TRUE;
  g_propagate_error (error, failure);
  return FALSE;
}

/* Frees what a task has open, without running any of its code. */
static void
discard_scopes (TrioTask *task)
{
  TrioCancelScope *base = task->nursery != NULL ? &task->nursery->scope : &task->loop->root;

  while (task->scope != base && task->scope != NULL)
    {
      TrioCancelScope *scope = task->scope;

      task->scope = scope->parent;
      if (scope->nursery != NULL)
        {
          g_clear_pointer (&scope->nursery->errors, g_ptr_array_unref);
          g_clear_error (&scope->nursery->cancelled);
        }
      trio_cancel_scope_clear (scope);
      g_free (scope);
    }
}

void
trio_loop_abandon (TrioLoop *loop)
{
  g_return_if_fail (loop != NULL && !loop->in_turn);

  trio_token_close (loop->token);
  /* Children were born after the task whose nursery they live in, so from the youngest to the oldest. */
  while (!trio_list_is_empty (&loop->tasks))
    {
      TrioTask *task = TRIO_CONTAINER (loop->tasks.prev, TrioTask, all_link);

      discard_scopes (task);
      trio_task_discard (task);
    }
  free_loop (loop);
}

static void
free_loop (TrioLoop *loop)
{
  trio_loop_unregister (loop);
  trio_tasks_discard_abandoned (loop);
  trio_task_statuses_discard (loop);
  g_clear_error (&loop->main_error);
  g_clear_error (&loop->internal_error);
  g_clear_error (&loop->deadlock);
  g_clear_error (&loop->failed_calls);
  trio_run_locals_free (loop);
  g_clear_pointer (&loop->path_counts, g_hash_table_unref);
  trio_cancel_scope_clear (&loop->root);
  trio_token_close (loop->token);
  trio_token_unref (loop->token);
  trio_deadlines_clear (&loop->deadlines);
  g_free (loop->spare_nursery);
  trio_stack_pool_free (loop->stacks);
  trio_fiber_clear (&loop->fiber);
  trio_instruments_clear (loop);
  g_free (loop);
}
