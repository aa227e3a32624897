/* SPDX-License-Identifier: MIT OR Apache-2.0 */

/* trio_task_abandon(), trio_task_halt() and trio_task_resume(): tasks that are taken out of a run that goes on. What the waits of all primitives make
 * of it is in tests/sim/test-crash.c. */

#include "tests/core/core-test.h"

typedef struct
{
  TrioTask *top;
  guint     n_stepping;         /* tasks that step for ever */
  gboolean  waits;
  guint     n_steps;
  guint     n_unwound;
} Machine;

static gboolean
step_for_ever (gpointer data, GError **error)
{
  Machine *machine = data;

  machine->n_stepping++;
  for (;;)
    {
      machine->n_steps++;
      if (!trio_checkpoint (error))
        break;
    }
  machine->n_unwound++;
  return FALSE;
}

static gboolean
wait_deep (gpointer data, GError **error)
{
  Machine *machine = data;
  g_autoptr (TrioCancelScope) scope = trio_fail_after (G_TIME_SPAN_SECOND, error);
  g_autoptr (TrioNursery) nursery = trio_nursery_open (error);

  trio_nursery_start_soon (nursery, step_for_ever, machine);
  machine->waits = TRUE;
  if (!trio_sleep_forever (error))
    {
      machine->n_unwound++;
      return FALSE;
    }
  return trio_cancel_scope_close (scope, trio_nursery_close (nursery, TRUE));
}

static gboolean
run_machine (gpointer data, GError **error)
{
  Machine *machine = data;
  g_autoptr (TrioNursery) nursery = trio_nursery_open (error);

  machine->top = trio_current_task ();
  trio_nursery_start_soon (nursery, wait_deep, machine);
  trio_nursery_start_soon (nursery, step_for_ever, machine);
  return trio_nursery_close (nursery, TRUE);
}

/* And waits until all three of its tasks have come to where they go on for ever. */
static gboolean
start_machine (TrioNursery *nursery, Machine *machine, GError **error)
{
  trio_nursery_start_soon (nursery, run_machine, machine);
  while (machine->n_stepping < 2 || !machine->waits)
    if (!trio_checkpoint (error))
      return FALSE;
  return TRUE;
}

static gboolean
pull_the_plug (gpointer data G_GNUC_UNUSED, GError **error)
{
  Machine machine = { 0 };
  g_autoptr (TrioNursery) nursery = trio_nursery_open (error);
  guint n;

  if (!start_machine (nursery, &machine, error))
    return FALSE;
  trio_task_abandon (machine.top);
  n = machine.n_steps;

  /* The nursery has nobody left, and no deadline of theirs comes. */
  if (!trio_nursery_close (nursery, TRUE) || !trio_sleep (2 * G_TIME_SPAN_SECOND, error))
    return FALSE;
  g_assert_cmpuint (machine.n_steps, ==, n);
  g_assert_cmpuint (machine.n_unwound, ==, 0);
  return TRUE;
}

static void
test_who_is_abandoned_does_not_go_on_and_is_waited_for_no_more (void)
{
  mock_run_ok (pull_the_plug, NULL);
}

static gboolean
stop_the_clock (gpointer data G_GNUC_UNUSED, GError **error)
{
  Machine machine = { 0 };
  g_autoptr (TrioNursery) nursery = trio_nursery_open (error);
  guint n;

  if (!start_machine (nursery, &machine, error))
    return FALSE;
  trio_task_halt (machine.top);
  n = machine.n_steps;
  trio_nursery_cancel (nursery);
  for (guint i = 0; i < 5; i++)
    trio_cancel_shielded_checkpoint ();
  g_assert_cmpuint (machine.n_steps, ==, n);
  g_assert_cmpuint (machine.n_unwound, ==, 0);

  /* The cancellation came meanwhile. */
  trio_task_resume (machine.top);
  if (!trio_nursery_close (nursery, TRUE))
    return FALSE;
  g_assert_cmpuint (machine.n_unwound, ==, 3);
  return TRUE;
}

static void
test_who_stands_still_is_woken_and_goes_on_when_it_may (void)
{
  mock_run_ok (stop_the_clock, NULL);
}

static gboolean
stop_oneself (gpointer data, GError **error G_GNUC_UNUSED)
{
  Machine *machine = data;

  machine->top = trio_current_task ();
  trio_task_halt (machine->top);
  machine->n_steps++;
  return TRUE;
}

static gboolean
wait_for_one_that_stops_itself (gpointer data G_GNUC_UNUSED, GError **error)
{
  Machine machine = { 0 };
  g_autoptr (TrioNursery) nursery = trio_nursery_open (error);

  trio_nursery_start_soon (nursery, stop_oneself, &machine);
  while (machine.top == NULL)
    if (!trio_checkpoint (error))
      return FALSE;
  for (guint i = 0; i < 5; i++)
    if (!trio_checkpoint (error))
      return FALSE;
  g_assert_cmpuint (machine.n_steps, ==, 0);
  trio_task_resume (machine.top);
  if (!trio_nursery_close (nursery, TRUE))
    return FALSE;
  g_assert_cmpuint (machine.n_steps, ==, 1);
  return TRUE;
}

static void
test_who_halts_itself_goes_on_when_it_may (void)
{
  mock_run_ok (wait_for_one_that_stops_itself, NULL);
}

static gboolean
stop_two_clocks (gpointer data G_GNUC_UNUSED, GError **error)
{
  Machine machines[2] = { { 0 } };
  guint n[2];
  g_autoptr (TrioNursery) nursery = trio_nursery_open (error);

  for (int i = 0; i < 2; i++)
    if (!start_machine (nursery, &machines[i], error))
      return FALSE;
  for (int i = 0; i < 2; i++)
    {
      trio_task_halt (machines[i].top);
      n[i] = machines[i].n_steps;
    }
  trio_task_resume (machines[1].top);
  while (machines[1].n_steps == n[1])
    if (!trio_checkpoint (error))
      return FALSE;
  g_assert_cmpuint (machines[0].n_steps, ==, n[0]);
  trio_task_resume (machines[0].top);
  trio_nursery_cancel (nursery);
  return trio_nursery_close (nursery, TRUE);
}

static void
test_who_is_resumed_leaves_the_others_where_they_stand (void)
{
  mock_run_ok (stop_two_clocks, NULL);
}

/* ---- abandoned in an odd moment ---- */

typedef struct
{
  TrioTask *task;
  TrioTask *to_abandon;
} Waiting;

static TrioAbort
refuse (TrioTask *task G_GNUC_UNUSED, gpointer data G_GNUC_UNUSED)
{
  return TRIO_ABORT_FAILED;
}

static gboolean
wait_whatever_happens (gpointer data, GError **error)
{
  Waiting *waiting = data;

  waiting->task = trio_current_task ();
  (void) !trio_wait_task_rescheduled (refuse, NULL, error);
  g_assert_not_reached ();
}

/* Somebody has promised to wake it, and keeps the promise. */
static gboolean
wake_who_is_gone (gpointer data G_GNUC_UNUSED, GError **error)
{
  Waiting waiting = { .task = NULL };
  g_autoptr (TrioNursery) nursery = trio_nursery_open (error);

  trio_nursery_start_soon (nursery, wait_whatever_happens, &waiting);
  while (waiting.task == NULL || trio_task_get_state (waiting.task) != TRIO_TASK_BLOCKED)
    if (!trio_checkpoint (error))
      return FALSE;
  trio_task_abandon (waiting.task);
  trio_reschedule (waiting.task, g_error_new_literal (TRIO_ERROR, TRIO_ERROR_FAILED, "nobody reads this"));
  return trio_nursery_close (nursery, TRUE);
}

static void
test_who_is_woken_after_it_was_abandoned_stays_away (void)
{
  mock_run_ok (wake_who_is_gone, NULL);
}

static TrioAbort
abandon_the_other (TrioTask *task G_GNUC_UNUSED, gpointer data)
{
  Waiting *waiting = data;

  if (waiting->to_abandon != NULL)
    trio_task_abandon (g_steal_pointer (&waiting->to_abandon));
  return TRIO_ABORT_SUCCEEDED;
}

static gboolean
wait_and_abandon (gpointer data, GError **error)
{
  ((Waiting *) data)->task = trio_current_task ();
  return trio_wait_task_rescheduled (abandon_the_other, data, error);
}

static gboolean
cancel_both (gpointer data G_GNUC_UNUSED, GError **error)
{
  Waiting waiting[2] = { { .task = NULL } };
  g_autoptr (TrioNursery) nursery = trio_nursery_open (error);

  for (int i = 0; i < 2; i++)
    {
      trio_nursery_start_soon (nursery, wait_and_abandon, &waiting[i]);
      while (waiting[i].task == NULL || trio_task_get_state (waiting[i].task) != TRIO_TASK_BLOCKED)
        if (!trio_checkpoint (error))
          return FALSE;
    }
  /* The first is told, and takes the second away, whose turn to be told is next. */
  waiting[0].to_abandon = waiting[1].task;
  trio_nursery_cancel (nursery);
  return trio_nursery_close (nursery, TRUE);
}

static void
test_who_is_abandoned_while_a_cancellation_is_delivered_is_not_told (void)
{
  mock_run_ok (cancel_both, NULL);
}

static gboolean
close_in_the_wrong_order (gpointer data, GError **error)
{
  Waiting *waiting = data;
  TrioCancelScope *outer = trio_cancel_scope_open (error);
  TrioNursery *inner = trio_nursery_open (error);

  trio_nursery_start_soon (inner, mock_sleep_forever, NULL);
  mock_expect_critical ("was closed before the one opened inside it");
  g_assert_false (trio_cancel_scope_close (outer, TRUE));
  g_test_assert_expected_messages ();
  trio_cancel_scope_free (outer);
  waiting->task = trio_current_task ();
  (void) !trio_wait_task_rescheduled (refuse, NULL, NULL);
  g_assert_not_reached ();
}

static gboolean
abandon_one_that_was_misnested (gpointer data G_GNUC_UNUSED, GError **error)
{
  Waiting waiting = { .task = NULL };
  g_autoptr (TrioNursery) nursery = trio_nursery_open (error);

  trio_nursery_start_soon (nursery, close_in_the_wrong_order, &waiting);
  while (waiting.task == NULL || trio_task_get_state (waiting.task) != TRIO_TASK_BLOCKED)
    if (!trio_checkpoint (error))
      return FALSE;
  trio_task_abandon (waiting.task);
  return trio_nursery_close (nursery, TRUE);
}

/* Also what a wrong order of closing had left over goes with it. */
static void
test_who_is_abandoned_leaves_no_nursery_behind (void)
{
  mock_run_ok (abandon_one_that_was_misnested, NULL);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
#define ADD(name) core_test_add_mock ("/subtree/" #name, test_##name, "in the simulator it is machines that are halted, and tests/sim/test-crash.c")
  ADD (who_is_abandoned_does_not_go_on_and_is_waited_for_no_more);
  ADD (who_stands_still_is_woken_and_goes_on_when_it_may);
  ADD (who_halts_itself_goes_on_when_it_may);
  ADD (who_is_resumed_leaves_the_others_where_they_stand);
  ADD (who_is_woken_after_it_was_abandoned_stays_away);
  ADD (who_is_abandoned_while_a_cancellation_is_delivered_is_not_told);
  ADD (who_is_abandoned_leaves_no_nursery_behind);
  return g_test_run ();
}
