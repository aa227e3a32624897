/* SPDX-License-Identifier: MIT OR Apache-2.0 */

/* Ctrl-C, as raise (SIGINT). */

#include <signal.h>

#include <trio/lowlevel/instrument.h>

#include "tests/host/host-test.h"

static volatile sig_atomic_t n_caught;

static void
catch_it (int number G_GNUC_UNUSED)
{
  n_caught++;
}

static void
ignore_nothing (int number G_GNUC_UNUSED)
{
}

static void
set_handler (void (*handler) (int))
{
  struct sigaction action = { .sa_handler = handler };

  sigemptyset (&action.sa_mask);
  g_assert_cmpint (sigaction (SIGINT, &action, NULL), ==, 0);
}

static void
expect_handler (void (*handler) (int))
{
  struct sigaction now;

  g_assert_cmpint (sigaction (SIGINT, NULL, &now), ==, 0);
  g_assert_true (now.sa_handler == handler);
}

static gboolean
press (gpointer data G_GNUC_UNUSED, GError **error)
{
  if (!trio_sleep (G_TIME_SPAN_MILLISECOND, error))
    return FALSE;
  raise (SIGINT);
  return trio_sleep_forever (error);
}

static gboolean
wait_beside_who_presses (gpointer data G_GNUC_UNUSED, GError **error)
{
  g_autoptr (TrioNursery) nursery = trio_nursery_open (error);

  trio_nursery_start_soon (nursery, press, NULL);
  return trio_nursery_close (nursery, trio_sleep_forever (error));
}

static void
test_it_reaches_main_and_the_disposition_is_given_back (void)
{
  g_autoptr (GError) error = NULL;

  expect_handler (SIG_DFL);
  g_assert_false (trio_run (wait_beside_who_presses, NULL, &error));
  g_assert_error (error, TRIO_ERROR, TRIO_ERROR_KEYBOARD_INTERRUPT);
  expect_handler (SIG_DFL);
}

static gboolean
be_busy_when_it_comes (gpointer data G_GNUC_UNUSED, GError **error)
{
  raise (SIGINT);
  for (guint i = 0; i < 1000; i++)
    if (!trio_checkpoint (error))
      return FALSE;
  g_assert_not_reached ();
}

static void
test_it_reaches_a_busy_main (void)
{
  g_autoptr (GError) error = NULL;

  g_assert_false (trio_run (be_busy_when_it_comes, NULL, &error));
  g_assert_error (error, TRIO_ERROR, TRIO_ERROR_KEYBOARD_INTERRUPT);
}

/* Statement 145. */
static gboolean
end_at_once (gpointer data G_GNUC_UNUSED, GError **error G_GNUC_UNUSED)
{
  raise (SIGINT);
  return TRUE;
}

static void
test_one_that_comes_too_late_for_main_is_an_error_of_the_run (void)
{
  g_autoptr (GError) error = NULL;

  g_assert_false (trio_run (end_at_once, NULL, &error));
  g_assert_error (error, TRIO_ERROR, TRIO_ERROR_KEYBOARD_INTERRUPT);
}

static void
press_at_the_end (TrioInstrument *self G_GNUC_UNUSED)
{
  raise (SIGINT);
}

static gboolean
succeed (gpointer data G_GNUC_UNUSED, GError **error)
{
  return trio_checkpoint (error);
}

static void
test_one_that_comes_in_the_last_turn_is_not_lost (void)
{
  TrioInstrument last = { .name = "last", .run_finished = press_at_the_end };
  TrioInstrument *instruments[] = { &last, NULL };
  TrioRunOptions options = { .instruments = instruments };
  g_autoptr (GError) error = NULL;

  g_assert_false (trio_run_with (succeed, NULL, &options, &error));
  g_assert_error (error, TRIO_ERROR, TRIO_ERROR_KEYBOARD_INTERRUPT);
  expect_handler (SIG_DFL);
}

static gboolean
be_stubborn (gpointer data G_GNUC_UNUSED, GError **error)
{
  for (guint i = 0; i < 2; i++)
    {
      g_autoptr (GError) failure = NULL;

      raise (SIGINT);
      g_assert_false (trio_sleep_forever (&failure));
      g_assert_error (failure, TRIO_ERROR, TRIO_ERROR_KEYBOARD_INTERRUPT);
    }
  /* Both have been told of; there is no third. */
  return trio_checkpoint (error);
}

static void
test_a_second_one_is_delivered_again (void)
{
  run_ok (be_stubborn, NULL);
}

/* Statement 139. */
static gboolean
expect_the_foreign_handler (gpointer data G_GNUC_UNUSED, GError **error)
{
  expect_handler (catch_it);
  raise (SIGINT);
  return trio_checkpoint (error) && trio_checkpoint (error);
}

static void
quit_with_what_came (gboolean ok, const GError *error, gpointer data)
{
  g_assert_false (ok);
  g_assert_error (error, TRIO_ERROR, TRIO_ERROR_KEYBOARD_INTERRUPT);
  g_main_loop_quit (data);
}

/* Statement 181: in somebody else's main loop the rules are the same. */
static void
test_it_reaches_main_of_an_attached_run (void)
{
  g_autoptr (GMainLoop) main_loop = g_main_loop_new (NULL, FALSE);

  g_assert_true (trio_attach (wait_beside_who_presses, NULL, NULL, quit_with_what_came, main_loop, NULL));
  g_main_loop_run (main_loop);
  expect_handler (SIG_DFL);
}

static void
test_a_foreign_handler_is_left_alone (void)
{
  set_handler (catch_it);
  n_caught = 0;
  run_ok (expect_the_foreign_handler, NULL);
  g_assert_cmpint (n_caught, ==, 1);
  expect_handler (catch_it);
  set_handler (SIG_DFL);
}

static gboolean
expect_it_ignored (gpointer data G_GNUC_UNUSED, GError **error)
{
  expect_handler (SIG_IGN);
  return trio_checkpoint (error);
}

static void
test_an_ignored_signal_stays_ignored (void)
{
  set_handler (SIG_IGN);
  run_ok (expect_it_ignored, NULL);
  expect_handler (SIG_IGN);
  set_handler (SIG_DFL);
}

static gboolean
put_up_a_handler (gpointer data G_GNUC_UNUSED, GError **error)
{
  set_handler (ignore_nothing);
  return trio_checkpoint (error);
}

static void
test_a_handler_that_came_meanwhile_is_not_taken_away (void)
{
  run_ok (put_up_a_handler, NULL);
  expect_handler (ignore_nothing);
  set_handler (SIG_DFL);
}

static gboolean
expect_the_default (gpointer data G_GNUC_UNUSED, GError **error)
{
  expect_handler (SIG_DFL);
  return trio_checkpoint (error);
}

static gpointer
run_in_thread (gpointer data G_GNUC_UNUSED)
{
  run_ok (expect_the_default, NULL);
  return NULL;
}

static void
test_a_run_on_another_thread_does_not_take_it (void)
{
  g_thread_join (g_thread_new ("runner", run_in_thread, NULL));
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  /* Whoever runs the tests in the background may have it ignored. */
  set_handler (SIG_DFL);
  g_test_add_func ("/interrupt/reaches-main-and-the-disposition-is-given-back",
                   test_it_reaches_main_and_the_disposition_is_given_back);
  g_test_add_func ("/interrupt/reaches-a-busy-main", test_it_reaches_a_busy_main);
  g_test_add_func ("/interrupt/one-that-comes-too-late-is-an-error-of-the-run",
                   test_one_that_comes_too_late_for_main_is_an_error_of_the_run);
  g_test_add_func ("/interrupt/one-that-comes-in-the-last-turn-is-not-lost", test_one_that_comes_in_the_last_turn_is_not_lost);
  g_test_add_func ("/interrupt/a-second-one-is-delivered-again", test_a_second_one_is_delivered_again);
  g_test_add_func ("/interrupt/reaches-main-of-an-attached-run", test_it_reaches_main_of_an_attached_run);
  g_test_add_func ("/interrupt/a-foreign-handler-is-left-alone", test_a_foreign_handler_is_left_alone);
  g_test_add_func ("/interrupt/an-ignored-signal-stays-ignored", test_an_ignored_signal_stays_ignored);
  g_test_add_func ("/interrupt/a-handler-that-came-meanwhile-is-not-taken-away",
                   test_a_handler_that_came_meanwhile_is_not_taken_away);
  g_test_add_func ("/interrupt/a-run-on-another-thread-does-not-take-it", test_a_run_on_another_thread_does_not_take_it);
  return g_test_run ();
}
