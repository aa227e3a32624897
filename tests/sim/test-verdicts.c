/* SPDX-License-Identifier: MIT OR Apache-2.0 */

/* Each way to fail, planted: the simulator says which, gives it a name that stays, and tells a person where to look. And what
 * looks like a failure and is none. */

#include <string.h>

#include <glib/gstdio.h>
#include <trio/lowlevel/trace.h>
#include <trio/seam/io.h>

#include "tests/sim/sim-test.h"

static void
assert_says (const TrioSimReport *report, const char *words)
{
  if (report->message == NULL || strstr (report->message, words) == NULL)
    g_error ("“%s” is not in: %s", words, report->message);
}

/* --- errors --- */

static gboolean
fail_in_two_ways (gpointer data, GError **error)
{
  if (data != NULL)
    *error = trio_error_merge (g_error_new_literal (G_FILE_ERROR, G_FILE_ERROR_NOSPC, "the disk is full"),
                               g_error_new_literal (TRIO_ERROR, TRIO_ERROR_CANCELLED, "by nobody"));
  else
    g_set_error_literal (error, TRIO_ERROR, TRIO_ERROR_BROKEN_RESOURCE, "it broke");
  return FALSE;
}

static void
test_an_error_of_main_is_a_failure (void)
{
  g_autoptr (TrioSimReport) report = sim_run_fifo (fail_in_two_ways, NULL);
  g_autoptr (GError) error = NULL;

  sim_expect (report, TRIO_SIM_ERROR, "TrioError:7");
  assert_says (report, "it broke");

  /* A cancellation that nobody injected counts as well. The error itself comes out of trio_sim_run(). */
  g_autoptr (TrioSimReport) group = sim_run_fifo (fail_in_two_ways, "");
  sim_expect (group, TRIO_SIM_ERROR, "TrioError:0, g-file-error-quark:12");
  g_assert_false (trio_sim_run (fail_in_two_ways, NULL, NULL, NULL, &error));
  g_assert_error (error, TRIO_ERROR, TRIO_ERROR_BROKEN_RESOURCE);
}

/* Fails by itself, or passes on what its child fails with. */
static gboolean
pass_errors_up (gpointer data, GError **error)
{
  guint depth = GPOINTER_TO_UINT (data);
  g_autoptr (TrioNursery) nursery = NULL;

  if (depth == 0)
    return fail_in_two_ways (NULL, error);
  nursery = trio_nursery_open (error);
  trio_nursery_start_soon_full (nursery, pass_errors_up, GUINT_TO_POINTER (depth - 1), NULL, depth == 1 ? "culprit" : "messenger");
  return trio_nursery_close (nursery, TRUE);
}

static void
test_an_error_is_placed_where_it_was_made (void)
{
  for (guint depth = 0; depth <= 3; depth++)
    {
      g_autoptr (TrioSimReport) report = sim_run_fifo (pass_errors_up, GUINT_TO_POINTER (depth));

      sim_expect (report, TRIO_SIM_ERROR, "TrioError:7");
      g_assert_cmpstr (report->place, ==, depth == 0 ? "main" : "culprit");
    }
}

/* --- misuse --- */

static gboolean
acquire_twice (gpointer data, GError **error)
{
  return trio_lock_acquire (data, error) && trio_lock_acquire (data, error);
}

static gboolean
swallow_a_misuse (gpointer data, GError **error)
{
  g_autoptr (TrioLock) lock = trio_lock_new ();
  g_autoptr (GError) swallowed = NULL;
  g_autoptr (TrioNursery) nursery = trio_nursery_open (&swallowed);

  trio_nursery_start_soon (nursery, acquire_twice, lock);
  if (!trio_nursery_close (nursery, TRUE) && data == NULL)
    g_clear_error (&swallowed);
  if (swallowed != NULL)
    g_propagate_error (error, g_steal_pointer (&swallowed));
  return data == NULL;
}

static void
test_a_task_that_ends_with_a_misuse_fails_the_run (void)
{
  for (int i = 0; i < 2; i++)
    {
      g_autoptr (TrioSimReport) unjudged = sim_run_fifo (swallow_a_misuse, i == 0 ? NULL : "");
      g_autoptr (TrioSimReport) report = sim_run (swallow_a_misuse, i == 0 ? NULL : "", &(TrioSimOptions) { .judge_misuse = TRUE });

      sim_expect (unjudged, i == 0 ? TRIO_SIM_OK : TRIO_SIM_ERROR, i == 0 ? NULL : "TrioError:12");
      sim_expect (report, TRIO_SIM_MISUSE, "task … holds this lock already");
      assert_says (report, "by main/acquire_twice, at step ");
    }
}

static gboolean
release_what_is_free (gpointer data G_GNUC_UNUSED, GError **error)
{
  g_autoptr (TrioLock) lock = trio_lock_new ();

  trio_lock_release (lock);
  return trio_checkpoint (error);
}

static void
test_a_critical_fails_the_run_if_asked (void)
{
  GLogLevelFlags fatal = g_log_set_always_fatal (G_LOG_LEVEL_ERROR);

  g_log_set_always_fatal (fatal);
  g_autoptr (TrioSimReport) report = sim_run (release_what_is_free, NULL, &(TrioSimOptions) { .judge_misuse = TRUE });
  g_assert_cmpint (report->verdict, ==, TRIO_SIM_MISUSE);
  assert_says (report, "trio_lock_release");
  assert_says (report, "by main, at step ");
#ifdef HAVE_STACKS
  g_assert_cmpstr (report->place, ==, "release_what_is_free");
#endif

  /* The log is as it was. */
  g_assert_cmpint (g_log_set_always_fatal (fatal), ==, fatal);
  g_test_expect_message (G_LOG_DOMAIN, G_LOG_LEVEL_CRITICAL, "*trio_lock_release*");
  g_autoptr (TrioSimReport) unjudged = sim_run_fifo (release_what_is_free, NULL);
  g_test_assert_expected_messages ();
  sim_expect (unjudged, TRIO_SIM_OK, NULL);
}

/* --- checks --- */

static gboolean
count_up (gpointer data, GError **error)
{
  int *count = data;
  int seen = *count;

  if (!trio_checkpoint (error))
    return FALSE;
  *count = seen + 1;
  return TRUE;
}

static gboolean
lose_an_update (gpointer data G_GNUC_UNUSED, GError **error)
{
  int count = 0;
  g_autoptr (TrioNursery) nursery = trio_nursery_open (error);

  trio_nursery_start_soon (nursery, count_up, &count);
  trio_nursery_start_soon (nursery, count_up, &count);
  if (!trio_nursery_close (nursery, TRUE))
    return FALSE;
  trio_sometimes (count == 1, "an update is lost");
  trio_sometimes (count == 7, "seven");
  trio_always (count == 2, "both were counted");
  return TRUE;
}

static void
test_a_false_always_ends_the_run (void)
{
  g_autoptr (TrioSimReport) report = sim_run_fifo (lose_an_update, NULL);

  sim_expect (report, TRIO_SIM_ALWAYS, "both were counted");
  assert_says (report, "test-verdicts.c:");
  assert_says (report, "found by main, at step");
  g_assert_cmpuint (g_hash_table_size (report->goals), ==, 2);
  g_assert_true (GPOINTER_TO_INT (g_hash_table_lookup (report->goals, "an update is lost")));
  g_assert_false (GPOINTER_TO_INT (g_hash_table_lookup (report->goals, "seven")));
}

/* Some order hides the bug, some order shows it. */
static void
test_the_order_decides (void)
{
  guint n_found = 0;

  for (guint64 seed = 0; seed < 50; seed++)
    {
      g_autoptr (TrioSimReport) report = sim_run_random (lose_an_update, NULL, seed, TRIO_SIM_INJECT_NONE);

      if (report->verdict == TRIO_SIM_ALWAYS)
        n_found++;
      else
        sim_expect (report, TRIO_SIM_OK, NULL);
    }
  g_assert_cmpuint (n_found, >, 5);
  g_assert_cmpuint (n_found, <, 50);
}

static gboolean
go_astray (gpointer data G_GNUC_UNUSED, GError **error)
{
  if (!trio_sleep (1500, error))
    return FALSE;
  trio_unreachable ("here be dragons");
  return TRUE;
}

static void
test_an_unreachable_that_is_reached_ends_the_run (void)
{
  g_autoptr (TrioSimReport) report = sim_run_fifo (go_astray, NULL);

  sim_expect (report, TRIO_SIM_UNREACHABLE, "here be dragons");
  assert_says (report, "at 0.0015 s");
  g_assert_cmpint (report->duration_us, ==, 1500);
}

/* --- stuck --- */

typedef struct
{
  TrioLock *left;
  TrioLock *right;
} Forks;

static gboolean
eat (TrioLock *first, TrioLock *second, GError **error)
{
  if (!trio_lock_acquire (first, error))
    return FALSE;
  if (!trio_lock_acquire (second, error))
    {
      trio_lock_release (first);
      return FALSE;
    }
  trio_lock_release (second);
  trio_lock_release (first);
  return TRUE;
}

static gboolean
plato (gpointer data, GError **error)
{
  return eat (((Forks *) data)->left, ((Forks *) data)->right, error);
}

static gboolean
kant (gpointer data, GError **error)
{
  return eat (((Forks *) data)->right, ((Forks *) data)->left, error);
}

static gboolean
dine (gpointer data, GError **error)
{
  g_autoptr (TrioNursery) nursery = trio_nursery_open (error);

  trio_nursery_start_soon (nursery, plato, data);
  trio_nursery_start_soon (nursery, kant, data);
  return trio_nursery_close (nursery, TRUE);
}

static void
test_a_deadlock_lists_who_waits_for_what (void)
{
  Forks forks = { trio_lock_new (), trio_lock_new () };
  g_autoptr (TrioSimReport) report = sim_run_fifo (dine, &forks);

  sim_expect (report, TRIO_SIM_DEADLOCK, "tasks wait in trio_lock_acquire, trio_nursery_close");
  assert_says (report, "3 tasks wait for what can never come");
  assert_says (report, "main waits in trio_nursery_close");
  assert_says (report, "main/plato waits in trio_lock_acquire");
  assert_says (report, "main/kant waits in trio_lock_acquire");
  assert_says (report, ", since 0 s");
  /* The locks are lost with the run: its waiters stood on stacks that are gone. */
}

static gboolean
wait_forever_after_a_while (gpointer data G_GNUC_UNUSED, GError **error)
{
  return trio_sleep (2 * G_TIME_SPAN_SECOND, error) && trio_sleep_forever (error);
}

static void
test_a_deadlock_says_since_when (void)
{
  g_autoptr (TrioSimReport) report = sim_run_fifo (wait_forever_after_a_while, NULL);

  sim_expect (report, TRIO_SIM_DEADLOCK, "tasks wait in trio_sleep_forever");
  assert_says (report, "1 task waits for what can never come, at 2 s");
  assert_says (report, "since 2 s");
}

static gboolean
spin (gpointer data, GError **error)
{
  GTimeSpan pause = GPOINTER_TO_INT (data);

  for (;;)
    if (!trio_sleep (pause, error))
      return FALSE;
}

static void
test_steps_without_progress_of_time_are_a_livelock (void)
{
  g_autoptr (TrioSimReport) report = sim_run (spin, GINT_TO_POINTER (0), &(TrioSimOptions) { .max_idle_steps = 500 });

  sim_expect (report, TRIO_SIM_LIVELOCK, "it does not end");
  g_assert_cmpuint (report->steps, >=, 500);
  g_assert_cmpuint (report->steps, <, 520);
#ifdef HAVE_STACKS
  g_assert_cmpstr (report->place, ==, "spin");
#endif
  assert_says (report, "main can run, and took 49");
}

static void
test_steps_without_an_end_are_a_livelock (void)
{
  g_autoptr (TrioSimReport) report = sim_run (spin, GINT_TO_POINTER (10), &(TrioSimOptions) {
    .max_steps = 500, .max_idle_steps = 50,
  });

  sim_expect (report, TRIO_SIM_LIVELOCK, "it does not end");
  g_assert_cmpuint (report->steps, >=, 500);
  g_assert_cmpint (report->duration_us, >, 4000);
}

static gboolean
take_its_time (gpointer data G_GNUC_UNUSED, GError **error)
{
  for (guint i = 0; i < 400; i++)
    if (!trio_sleep (i % 10 == 0 ? G_TIME_SPAN_HOUR : 0, error))
      return FALSE;
  return TRUE;
}

static void
test_a_long_run_that_moves_is_no_livelock (void)
{
  g_autoptr (TrioSimReport) report = sim_run (take_its_time, NULL, &(TrioSimOptions) { .max_idle_steps = 20 });

  sim_expect (report, TRIO_SIM_OK, NULL);
  g_assert_cmpint (report->duration_us, ==, 40 * G_TIME_SPAN_HOUR);
}

/* --- left behind --- */

static gboolean
forget_a_socket (gpointer data G_GNUC_UNUSED, GError **error)
{
  TrioIo *io = trio_current_io ();
  TrioSocket *socket;
  const TrioAddress address = { .family = TRIO_ADDRESS_IPV4, .port = 99 };

  g_assert_cmpint (io->socket (io, TRIO_ADDRESS_IPV4, TRIO_SOCKET_STREAM, &socket), ==, 0);
  g_assert_cmpint (io->bind (io, socket, &address), ==, 0);
  g_assert_cmpint (io->listen (io, socket, 5), ==, 0);
  return trio_checkpoint (error);
}

static gboolean
forget_in_a_child (gpointer data, GError **error)
{
  g_autoptr (TrioNursery) nursery = trio_nursery_open (error);

  trio_nursery_start_soon (nursery, forget_a_socket, data);
  return trio_nursery_close (nursery, TRUE);
}

static void
test_an_open_socket_is_a_leak (void)
{
  g_autoptr (TrioSimReport) report = sim_run_fifo (forget_in_a_child, NULL);

  sim_expect (report, TRIO_SIM_LEAK, "socket of main/forget_a_socket");
  assert_says (report, "socket 1 of main/forget_a_socket (0.0.0.0:99, listening, 0 in line)");
}

/* --- determinism --- */

static gboolean
look_outside (gpointer data, GError **error)
{
  int *calls = data;

  if (++*calls % 2 == 0 && !trio_checkpoint (error))
    return FALSE;
  return trio_sleep (1, error);
}

static gboolean
depend_on_the_outside (gpointer data, GError **error)
{
  g_autoptr (TrioNursery) nursery = trio_nursery_open (error);

  trio_nursery_start_soon (nursery, look_outside, data);
  return trio_nursery_close (nursery, TRUE);
}

static void
test_the_first_difference_is_named (void)
{
  int calls = 0;
  g_autoptr (TrioSimReport) report = sim_run (depend_on_the_outside, &calls, &(TrioSimOptions) { .check_determinism = TRUE });

  sim_expect (report, TRIO_SIM_NONDETERMINISM, "the same choices gave another run");
  assert_says (report, "the first time:  main/look_outside stopped, and waits (step");
#ifdef HAVE_STACKS
  assert_says (report, "main/look_outside, in trio_sleep < look_outside");
  assert_says (report, "main/look_outside, in trio_checkpoint < look_outside");
#endif
  assert_says (report, "the second time: main/look_outside was made runnable by main/look_outside (step");
  /* The two runs, and two more to see where it is. */
  g_assert_cmpint (calls, ==, 4);
}

static gboolean
send_what_differs (gpointer data, GError **error)
{
  char byte = (char) ++*(int *) data;
  g_autoptr (TrioListener) listener = trio_open_tcp_listener ("127.0.0.1", 9, error);
  g_autoptr (TrioStream) stream = listener == NULL ? NULL : trio_open_tcp_stream ("127.0.0.1", 9, error);

  return stream != NULL && trio_stream_send_all (stream, &byte, 1, error);
}

static void
test_other_bytes_are_another_run (void)
{
  int calls = 0;
  g_autoptr (TrioSimReport) report = sim_run (send_what_differs, &calls, &(TrioSimOptions) { .check_determinism = TRUE });

  sim_expect (report, TRIO_SIM_NONDETERMINISM, "the same choices gave another run");
  assert_says (report, "bytes were sent on connection 1");
}

static gboolean
stop_early (gpointer data, GError **error)
{
  return ++*(int *) data == 2 || (trio_checkpoint (error) && trio_checkpoint (error));
}

static void
test_a_run_that_ends_early_is_another_run (void)
{
  int calls = 0;
  g_autoptr (TrioSimReport) report = sim_run (stop_early, &calls, &(TrioSimOptions) { .check_determinism = TRUE });

  sim_expect (report, TRIO_SIM_NONDETERMINISM, "the same choices gave another run");
  assert_says (report, "the second time: main");
}

/* A failure that comes again is that failure. */
static void
test_a_steady_failure_stays_what_it_is (void)
{
  g_autoptr (TrioSimReport) report = sim_run (lose_an_update, NULL, &(TrioSimOptions) { .check_determinism = TRUE });
  g_autoptr (TrioSimReport) random = sim_run (wait_forever_after_a_while, NULL, &(TrioSimOptions) {
    .strategy = "random", .seed = 5, .check_determinism = TRUE,
  });

  sim_expect (report, TRIO_SIM_ALWAYS, "both were counted");
  sim_expect (random, TRIO_SIM_DEADLOCK, "tasks wait in trio_sleep_forever");
}

/* --- stopping, and tracing --- */

static gboolean
count_steps (gpointer data, GError **error)
{
  for (*(int *) data = 0; *(int *) data < 20; ++*(int *) data)
    if (!trio_checkpoint (error))
      return FALSE;
  return TRUE;
}

static gboolean
count_steps_together (gpointer data, GError **error)
{
  int *counts = data;
  g_autoptr (TrioNursery) nursery = trio_nursery_open (error);

  trio_nursery_start_soon (nursery, count_steps, &counts[0]);
  trio_nursery_start_soon (nursery, count_steps, &counts[1]);
  return trio_nursery_close (nursery, TRUE);
}

static void
test_a_run_can_be_stopped_before_any_step (void)
{
  int counts[2];
  g_autoptr (TrioSimReport) whole = sim_run_fifo (count_steps_together, counts);

  for (guint64 step = 1; step <= whole->steps; step++)
    {
      g_autoptr (TrioSimReport) report = sim_run (count_steps_together, counts, &(TrioSimOptions) { .until_step = step });

      sim_expect (report, TRIO_SIM_OK, NULL);
      g_assert_true (report->stopped);
      g_assert_cmpuint (report->steps, ==, step - 1);
    }
  g_autoptr (TrioSimReport) beyond = sim_run (count_steps_together, counts, &(TrioSimOptions) { .until_step = whole->steps + 1 });
  g_assert_false (beyond->stopped);
  g_assert_cmphex (beyond->hash, ==, whole->hash);
}

/* A debugger gets control there; without one it is a SIGTRAP, and so the end. */
static void
test_a_run_can_break_at_a_step (void)
{
  int counts[2];

  if (g_test_subprocess ())
    {
      g_autoptr (TrioSimReport) report = sim_run (count_steps_together, counts, &(TrioSimOptions) {
        .until_step = 5, .break_at_until = TRUE,
      });
      g_print ("nothing broke, %" G_GUINT64_FORMAT " steps\n", report->steps);
      return;
    }
  g_test_trap_subprocess (NULL, 0, G_TEST_SUBPROCESS_DEFAULT);
  g_test_trap_assert_failed ();
  g_test_trap_assert_stdout_unmatched ("*nothing broke*");
}

static void
test_a_trace_is_kept (void)
{
  g_autofree char *folder = g_dir_make_tmp ("trio-XXXXXX", NULL);
  g_autofree char *path = g_build_filename (folder, "run.trace", NULL);
  g_autofree char *nowhere = g_build_filename (folder, "none", "run.trace", NULL);
  int counts[2];
  GStatBuf status;
  g_autoptr (GError) error = NULL;
  g_autoptr (TrioSimReport) plain = sim_run_fifo (count_steps_together, counts);
  g_autoptr (TrioSimReport) traced = sim_run (count_steps_together, counts, &(TrioSimOptions) {
    .trace_path = path, .program = "test",
  });

  g_assert_cmphex (plain->hash, ==, traced->hash);
  g_assert_cmpint (g_stat (path, &status), ==, 0);
  g_assert_cmpint (status.st_size, >, 100);
  g_unlink (path);

  g_assert_false (trio_sim_run (count_steps_together, counts, &(TrioSimOptions) { .trace_path = nowhere }, NULL, &error));
  g_assert_nonnull (error);
  g_rmdir (folder);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/verdict/an-error-of-main-is-a-failure", test_an_error_of_main_is_a_failure);
  g_test_add_func ("/verdict/a-task-that-ends-with-a-misuse-fails-the-run", test_a_task_that_ends_with_a_misuse_fails_the_run);
  g_test_add_func ("/verdict/a-critical-fails-the-run-if-asked", test_a_critical_fails_the_run_if_asked);
  g_test_add_func ("/verdict/a-false-always-ends-the-run", test_a_false_always_ends_the_run);
  g_test_add_func ("/verdict/the-order-decides", test_the_order_decides);
  g_test_add_func ("/verdict/an-unreachable-that-is-reached-ends-the-run", test_an_unreachable_that_is_reached_ends_the_run);
  g_test_add_func ("/verdict/a-deadlock-lists-who-waits-for-what", test_a_deadlock_lists_who_waits_for_what);
  g_test_add_func ("/verdict/a-deadlock-says-since-when", test_a_deadlock_says_since_when);
  g_test_add_func ("/verdict/an-error-is-placed-where-it-was-made", test_an_error_is_placed_where_it_was_made);
  g_test_add_func ("/verdict/steps-without-progress-of-time-are-a-livelock", test_steps_without_progress_of_time_are_a_livelock);
  g_test_add_func ("/verdict/steps-without-an-end-are-a-livelock", test_steps_without_an_end_are_a_livelock);
  g_test_add_func ("/verdict/a-long-run-that-moves-is-no-livelock", test_a_long_run_that_moves_is_no_livelock);
  g_test_add_func ("/verdict/an-open-socket-is-a-leak", test_an_open_socket_is_a_leak);
  g_test_add_func ("/verdict/the-first-difference-is-named", test_the_first_difference_is_named);
  g_test_add_func ("/verdict/other-bytes-are-another-run", test_other_bytes_are_another_run);
  g_test_add_func ("/verdict/a-run-that-ends-early-is-another-run", test_a_run_that_ends_early_is_another_run);
  g_test_add_func ("/verdict/a-steady-failure-stays-what-it-is", test_a_steady_failure_stays_what_it_is);
  g_test_add_func ("/verdict/a-run-can-be-stopped-before-any-step", test_a_run_can_be_stopped_before_any_step);
  g_test_add_func ("/verdict/a-run-can-break-at-a-step", test_a_run_can_break_at_a_step);
  g_test_add_func ("/verdict/a-trace-is-kept", test_a_trace_is_kept);
  return g_test_run ();
}
