/* SPDX-License-Identifier: MIT OR Apache-2.0 */

/* What only simulated threads can show: that when they begin and end is a choice, that a run knows of them, what is found about
 * them, and that nothing is lost whatever is injected. */

#include <string.h>

#include <trio/lowlevel/task.h>
#include <trio/lowlevel/token.h>
#include <trio/seam/strand.h>
#include <trio/thread.h>

#include "tests/sim/sim-test.h"

static void
expect_words (const char *text, const char *part)
{
  if (text == NULL || strstr (text, part) == NULL)
    g_error ("“%s” does not say “%s”", text, part);
}

static gboolean
do_nothing (gpointer data G_GNUC_UNUSED, GError **error G_GNUC_UNUSED)
{
  return TRUE;
}

/* --- choices --- */

static gint64 thread_took;      /* of virtual time */

static gboolean
measure_thread (gpointer data G_GNUC_UNUSED, GError **error)
{
  gint64 before = trio_current_time ();
  TrioToThreadOptions options = { .name = "crunch" };

  if (!trio_to_thread_run_sync_full (do_nothing, NULL, &options, error))
    return FALSE;
  thread_took = trio_current_time () - before;
  return TRUE;
}

static void
test_when_a_thread_begins_and_ends_is_a_choice (void)
{
  g_autoptr (TrioSimReport) dull = sim_run_fifo (measure_thread, NULL);
  const char *words;

  sim_expect (dull, TRIO_SIM_OK, NULL);
  g_assert_cmpint (thread_took, ==, 100);

  g_autoptr (TrioSimReport) late = sim_run_lines (measure_thread, NULL, "main thread.start 1 = 4/5\nmain thread.finish 1 = 3/5");
  sim_expect (late, TRIO_SIM_OK, NULL);
  g_assert_cmpuint (late->unmatched, ==, 0);
  g_assert_cmpint (thread_took, ==, 1100 * 1000);
  words = trio_schedule_get_entry (late->schedule, 0)->words;
  expect_words (words, "the thread \"crunch\" of main");
}

static gboolean
find_no_thread (gpointer data, GError **error)
{
  g_autoptr (TrioCapacityLimiter) limiter = trio_capacity_limiter_new (1);
  TrioToThreadOptions options = { .limiter = limiter, .name = "crunch" };
  g_autoptr (GError) failure = NULL;

  /* Once there is none, then there is one again. */
  if (trio_to_thread_run_sync_full (do_nothing, NULL, &options, &failure))
    return TRUE;
  ++*(guint *) data;
  g_assert_error (failure, g_quark_from_static_string ("g_thread_error"), 0);
  g_assert_cmpuint (trio_capacity_limiter_get_borrowed_tokens (limiter), ==, 0);
  g_assert_cmpuint (trio_active_thread_count (), ==, 0);
  return trio_to_thread_run_sync_full (do_nothing, NULL, &options, error);
}

/* Statement 135. */
static void
test_that_there_is_no_thread_is_a_fault (void)
{
  g_autoptr (TrioSchedule) schedule = trio_schedule_new ();
  TrioScheduleEntry entry = { .path = (char *) "main", .label = (char *) "fault.thread", .ordinal = 1, .value = 1, .bound = 2 };
  g_autoptr (TrioSimReport) report = NULL;
  guint n_refused = 0;

  trio_schedule_append (schedule, &entry);
  report = sim_run_replay (find_no_thread, &n_refused, schedule, TRIO_SIM_INJECT_FAULT);
  sim_expect (report, TRIO_SIM_OK, NULL);
  g_assert_cmpuint (n_refused, ==, 1);
}

static gboolean
race_with_a_deadline (gpointer data, GError **error)
{
  gboolean *in_time = data;
  TrioToThreadOptions options = { .abandon_on_cancel = TRUE };
  g_autoptr (TrioCancelScope) scope = trio_move_on_after (50 * G_TIME_SPAN_MILLISECOND, error);

  *in_time = trio_to_thread_run_sync_full (do_nothing, NULL, &options, error);
  if (!trio_cancel_scope_close (scope, *in_time))
    return FALSE;
  return trio_wait_all_threads_completed (error);
}

static void
test_a_thread_races_with_a_deadline (void)
{
  guint n_in_time = 0, n_late = 0;

  for (guint64 seed = 0; seed < 100; seed++)
    {
      gboolean in_time = FALSE;
      g_autoptr (TrioSimReport) report = sim_run_random (race_with_a_deadline, &in_time, seed, TRIO_SIM_INJECT_NONE);

      sim_expect (report, TRIO_SIM_OK, NULL);
      n_in_time += in_time;
      n_late += !in_time;
    }
  g_assert_cmpuint (n_in_time, >, 10);
  g_assert_cmpuint (n_late, >, 3);
}

typedef struct
{
  char    order[2];
  guint   n;
} Order;

static gboolean
sign (gpointer data, GError **error G_GNUC_UNUSED)
{
  Order *order = data;

  order->order[order->n++] = trio_task_get_name (trio_current_task ())[0];
  return TRUE;
}

static gboolean
sign_from_thread (gpointer data, GError **error)
{
  return trio_from_thread_run_sync (NULL, sign, data, error);
}

static gboolean
send_signer (gpointer data, GError **error)
{
  return trio_to_thread_run_sync (sign_from_thread, data, error);
}

static gboolean
two_threads_sign (gpointer data, GError **error)
{
  g_autoptr (TrioNursery) nursery = trio_nursery_open (error);

  trio_nursery_start_soon_full (nursery, send_signer, data, NULL, "a");
  trio_nursery_start_soon_full (nursery, send_signer, data, NULL, "b");
  return trio_nursery_close (nursery, TRUE);
}

/* Each of two threads may be first, and the same choices give the same order. */
static void
test_threads_run_in_any_order_and_always_the_same (void)
{
  guint n_first[2] = { 0, 0 };

  for (guint64 seed = 0; seed < 100; seed++)
    {
      Order order = { { 0 }, 0 };
      TrioSimOptions options = { .strategy = "random", .seed = seed };
      g_autoptr (TrioSimReport) report = sim_run (two_threads_sign, &order, &options);
      Order again = { { 0 }, 0 };
      g_autoptr (TrioSimReport) replayed = sim_run_replay (two_threads_sign, &again, report->schedule, TRIO_SIM_INJECT_NONE);

      sim_expect (report, TRIO_SIM_OK, NULL);
      sim_expect (replayed, TRIO_SIM_OK, NULL);
      g_assert_cmpuint (report->hash, ==, replayed->hash);
      g_assert_cmpmem (order.order, 2, again.order, 2);
      g_assert_cmpuint (order.n, ==, 2);
      n_first[order.order[0] == 'b']++;
    }
  g_assert_cmpuint (n_first[0], >, 5);
  g_assert_cmpuint (n_first[1], >, 5);
}

/* --- what is found --- */

static gboolean
wait_for_nobody (gpointer data G_GNUC_UNUSED, GError **error)
{
  g_autoptr (TrioEvent) event = trio_event_new ();

  return trio_event_wait (event, error);
}

static gboolean
ask_for_what_never_comes (gpointer data G_GNUC_UNUSED, GError **error)
{
  return trio_from_thread_run (NULL, wait_for_nobody, NULL, error);
}

static gboolean
send_into_deadlock (gpointer data G_GNUC_UNUSED, GError **error)
{
  TrioToThreadOptions options = { .name = "crunch" };

  return trio_to_thread_run_sync_full (ask_for_what_never_comes, NULL, &options, error);
}

/* D14: a thread at work is no deadlock; one that waits for a task that waits is. */
static void
test_a_deadlock_through_a_thread_names_the_thread (void)
{
  g_autoptr (TrioSimReport) report = sim_run_fifo (send_into_deadlock, NULL);

  sim_expect (report, TRIO_SIM_DEADLOCK, "tasks wait in trio_event_wait");
  expect_words (report->message, "the thread \"crunch\" of main waits for the run");
}

static gboolean
break_a_promise (gpointer data G_GNUC_UNUSED, GError **error G_GNUC_UNUSED)
{
  trio_always (FALSE, "threads keep their promises");
  g_assert_not_reached ();
}

static gboolean
send_a_liar (gpointer data G_GNUC_UNUSED, GError **error)
{
  TrioToThreadOptions options = { .name = "crunch" };

  return trio_to_thread_run_sync_full (break_a_promise, NULL, &options, error);
}

static void
test_a_check_in_a_thread_is_found_like_a_tasks (void)
{
  g_autoptr (TrioSimReport) report = sim_run_fifo (send_a_liar, NULL);

  sim_expect (report, TRIO_SIM_ALWAYS, "threads keep their promises");
  expect_words (report->message, "found by the thread \"crunch\" of main");
}

static gboolean
stand_still (gpointer data G_GNUC_UNUSED, GError **error G_GNUC_UNUSED)
{
  trio_strand_pause ();
  return TRUE;
}

static gboolean
leave_one_behind (TrioFunc func, GError **error)
{
  TrioToThreadOptions options = { .abandon_on_cancel = TRUE, .name = "crunch" };
  g_autoptr (TrioCancelScope) scope = trio_move_on_after (1000, error);

  return trio_cancel_scope_close (scope, trio_to_thread_run_sync_full (func, NULL, &options, error));
}

static gboolean
leave_one_that_stands_still (gpointer data G_GNUC_UNUSED, GError **error)
{
  return leave_one_behind (stand_still, error);
}

static void
test_a_thread_that_never_ends_is_a_leak (void)
{
  g_autoptr (TrioSimReport) report = sim_run_fifo (leave_one_that_stands_still, NULL);

  sim_expect (report, TRIO_SIM_LEAK, "thread crunch of main");
}

static gboolean
break_a_promise_late (gpointer data G_GNUC_UNUSED, GError **error)
{
  while (trio_from_thread_run_sync (NULL, do_nothing, NULL, error))
    ;
  trio_always (FALSE, "late promises hold");
  return FALSE;
}

static gboolean
leave_a_liar_behind (gpointer data G_GNUC_UNUSED, GError **error)
{
  return leave_one_behind (break_a_promise_late, error);
}

/* An abandoned thread goes on after the end of its run, and is watched until it ends. Statement 134. */
static void
test_what_a_thread_does_after_the_run_is_looked_at (void)
{
  g_autoptr (TrioSimReport) report = sim_run_fifo (leave_a_liar_behind, NULL);

  sim_expect (report, TRIO_SIM_ALWAYS, "late promises hold");
}

static gboolean
be_cut_off (gpointer data G_GNUC_UNUSED, GError **error)
{
  g_autoptr (TrioNursery) nursery = trio_nursery_open (error);

  trio_nursery_start_soon (nursery, send_into_deadlock, NULL);
  if (!trio_sleep (G_TIME_SPAN_SECOND, error))
    return FALSE;
  trio_always (FALSE, "this fails while a thread waits");
  return trio_nursery_close (nursery, TRUE);
}

/* The run is abandoned where it stands, and its threads with it. */
static void
test_a_run_that_failed_drops_its_threads (void)
{
  g_autoptr (TrioSimReport) report = sim_run_fifo (be_cut_off, NULL);

  sim_expect (report, TRIO_SIM_ALWAYS, "this fails while a thread waits");
}

/* --- injection --- */

typedef struct
{
  TrioToken *token;
  guint      n_sent;
  guint      n_freed;
} Workshop;

static void
count_freed (gpointer data)
{
  ((Workshop *) data)->n_freed++;
}

static gboolean
nap (gpointer data G_GNUC_UNUSED, GError **error)
{
  return trio_sleep (2000, error);
}

static gboolean
work_hard (gpointer data, GError **error)
{
  Workshop *workshop = data;

  return trio_from_thread_run (NULL, nap, NULL, error) && trio_from_thread_check_cancelled (error)
         && trio_from_thread_run_sync (NULL, do_nothing, NULL, error) && trio_from_thread_run (workshop->token, nap, NULL, error);
}

static gboolean
send_work (Workshop *workshop, gboolean abandon, GError **error)
{
  TrioToThreadOptions options = { .abandon_on_cancel = abandon, .destroy = count_freed };

  workshop->n_sent++;
  return trio_to_thread_run_sync_full (work_hard, workshop, &options, error);
}

static gboolean
send_one_to_abandon (gpointer data, GError **error)
{
  g_autoptr (TrioCancelScope) scope = trio_move_on_after (20 * 1000, error);

  return trio_cancel_scope_close (scope, send_work (data, TRUE, error));
}

static gboolean
send_two (gpointer data, GError **error)
{
  return send_work (data, FALSE, error) && send_work (data, FALSE, error);
}

static gboolean
run_the_workshop (Workshop *workshop, GError **error)
{
  g_autoptr (TrioNursery) nursery = trio_nursery_open (error);

  trio_nursery_start_soon (nursery, send_one_to_abandon, workshop);
  trio_nursery_start_soon (nursery, send_two, workshop);
  trio_nursery_start_soon (nursery, send_one_to_abandon, workshop);
  return trio_nursery_close (nursery, TRUE);
}

/* Whatever happens to it: every token comes back, and what was given along is freed once. */
static gboolean
workshop_main (gpointer data G_GNUC_UNUSED, GError **error)
{
  g_autoptr (TrioToken) token = trio_current_token ();
  Workshop workshop = { .token = token };
  GError *failure = NULL;
  gboolean ok;

  trio_capacity_limiter_set_total_tokens (trio_current_default_thread_limiter (), 2);
  ok = run_the_workshop (&workshop, &failure);
  while (trio_active_thread_count () > 0)
    {
      GError *second = NULL;
      g_autoptr (TrioCancelScope) scope = trio_cancel_scope_open (&second);

      trio_cancel_scope_set_shield (scope, TRUE);
      if (!trio_cancel_scope_close (scope, trio_wait_all_threads_completed (&second)))
        {
          failure = trio_error_merge (failure, second);
          ok = FALSE;
        }
    }
  trio_always (trio_capacity_limiter_get_borrowed_tokens (trio_current_default_thread_limiter ()) == 0, "every token comes back");
  trio_always (workshop.n_freed == workshop.n_sent, "what was given along is freed once");
  /* That there was no thread was injected, too. */
  if (g_error_matches (failure, g_quark_from_static_string ("g_thread_error"), 0))
    {
      g_clear_error (&failure);
      ok = TRUE;
    }
  if (failure != NULL)
    g_propagate_error (error, failure);
  return ok;
}

static const TrioSimInject everything = TRIO_SIM_INJECT_CANCEL | TRIO_SIM_INJECT_INTERRUPT | TRIO_SIM_INJECT_FAULT;

/* Statements 127, 128, 132, 135, D8. */
static void
test_nothing_is_lost_in_many_schedules (void)
{
  for (guint64 seed = 0; seed < 400; seed++)
    {
      TrioSimOptions options = {
        .strategy = "random", .seed = seed,
        .inject = seed % 2 == 0 ? TRIO_SIM_INJECT_NONE : TRIO_SIM_INJECT_CANCEL | TRIO_SIM_INJECT_INTERRUPT,
        .check_determinism = seed % 4 == 1,
      };
      g_autoptr (TrioSimReport) report = sim_run (workshop_main, NULL, &options);

      if (report->verdict != TRIO_SIM_OK)
        g_error ("seed %" G_GUINT64_FORMAT ": %s “%s”: %s", seed, trio_sim_verdict_to_string (report->verdict), report->name,
                 report->message);
    }
}

static void
keep_injections (const TrioScheduleEntry *entry, gpointer user_data)
{
  if (g_str_equal (entry->label, "cancel") || g_str_equal (entry->label, "interrupt") || g_str_has_prefix (entry->label, "fault."))
    trio_schedule_append (user_data, entry);
}

/* Every cancellation at every checkpoint, every Ctrl-C, every fault, one at a time. Statements 127, 128, 132, 135, D8. */
static void
test_nothing_is_lost_whatever_is_injected (void)
{
  g_autoptr (TrioSchedule) places = trio_schedule_new ();
  g_autoptr (TrioSimReport) base = sim_run (workshop_main, NULL, &(TrioSimOptions) {
    .inject = everything, .on_choice = keep_injections, .user_data = places,
  });

  sim_expect (base, TRIO_SIM_OK, NULL);
  g_assert_cmpuint (trio_schedule_get_length (places), >, 40);
  for (guint i = 0; i < trio_schedule_get_length (places); i++)
    for (guint32 value = 1; value < trio_schedule_get_entry (places, i)->bound; value++)
      {
        g_autoptr (TrioSchedule) schedule = trio_schedule_new ();
        TrioScheduleEntry entry = *trio_schedule_get_entry (places, i);

        entry.value = value;
        trio_schedule_append (schedule, &entry);
        g_autoptr (TrioSimReport) report = sim_run_replay (workshop_main, NULL, schedule, everything);
        sim_expect (report, TRIO_SIM_OK, NULL);
        g_assert_cmpuint (report->unmatched, ==, 0);
      }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/simulated-threads/when-one-begins-and-ends-is-a-choice", test_when_a_thread_begins_and_ends_is_a_choice);
  g_test_add_func ("/simulated-threads/that-there-is-none-is-a-fault", test_that_there_is_no_thread_is_a_fault);
  g_test_add_func ("/simulated-threads/one-races-with-a-deadline", test_a_thread_races_with_a_deadline);
  g_test_add_func ("/simulated-threads/they-run-in-any-order-and-always-the-same",
                   test_threads_run_in_any_order_and_always_the_same);
  g_test_add_func ("/simulated-threads/a-deadlock-through-one-names-it", test_a_deadlock_through_a_thread_names_the_thread);
  g_test_add_func ("/simulated-threads/a-check-in-one-is-found-like-a-tasks", test_a_check_in_a_thread_is_found_like_a_tasks);
  g_test_add_func ("/simulated-threads/one-that-never-ends-is-a-leak", test_a_thread_that_never_ends_is_a_leak);
  g_test_add_func ("/simulated-threads/what-one-does-after-the-run-is-looked-at",
                   test_what_a_thread_does_after_the_run_is_looked_at);
  g_test_add_func ("/simulated-threads/a-run-that-failed-drops-them", test_a_run_that_failed_drops_its_threads);
  g_test_add_func ("/simulated-threads/nothing-is-lost-in-many-schedules", test_nothing_is_lost_in_many_schedules);
  g_test_add_func ("/simulated-threads/nothing-is-lost-whatever-is-injected", test_nothing_is_lost_whatever_is_injected);
  return g_test_run ();
}
