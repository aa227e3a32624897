/* SPDX-License-Identifier: MIT OR Apache-2.0 */

/* Many of everything. Statement 30, and that nothing here is quadratic, recursive, or costs more than about a page a task.
 *
 * Under a checker there are fewer. `-m slow` adds a million tasks that sleep at the same time, for which there must be 10 GB of memory. That
 * the cost of each does not grow is counted in test-linear.c. */

#include <trio/lowlevel/timer.h>

#include "tests/core/core-test.h"

/* n, or less of it under a checker; and few in each of many orders, where it is the rules that count and not the number. */
static guint
scaled (guint n)
{
  if (!mock_is_ordered ())
    return MIN (n, 30);
  return mock_is_checked () ? MIN (n, 2000) : n;
}

/* ---- scopes ---- */

typedef struct
{
  guint n;
  guint n_ended;
} Many;

static gboolean
nest_scopes (gpointer data, GError **error)
{
  guint n = ((Many *) data)->n;
  g_autofree TrioCancelScope **scopes = g_new0 (TrioCancelScope *, n);
  gboolean ok;

  for (guint i = 0; i < n; i++)
    scopes[i] = trio_move_on_after ((i + 1) * G_TIME_SPAN_SECOND, error);
  if (!mock_yield (error))
    return FALSE;
  g_assert_cmpint (trio_current_effective_deadline (), ==, trio_cancel_scope_get_deadline (scopes[0]));
  trio_cancel_scope_cancel (scopes[0]);
  ok = trio_checkpoint (error);
  g_assert_false (ok);
  for (guint i = n; i > 0; i--)
    {
      ok = trio_cancel_scope_close (scopes[i - 1], ok);
      g_assert_cmpint (ok, ==, i == 1);
      g_assert_cmpint (trio_cancel_scope_cancelled_caught (scopes[i - 1]), ==, i == 1);
      trio_cancel_scope_free (scopes[i - 1]);
    }
  return ok;
}

/* (30) */
static void
test_ten_thousand_nested_scopes_are_cancelled (void)
{
  Many many = { .n = mock_is_ordered () ? 10000 : 30 };

  mock_run_ok (nest_scopes, &many);
}

static gboolean
nest_nurseries (gpointer data, GError **error)
{
  guint n = ((Many *) data)->n;
  g_autofree TrioNursery **nurseries = g_new0 (TrioNursery *, n);
  gboolean ok = TRUE;

  for (guint i = 0; i < n; i++)
    {
      nurseries[i] = trio_nursery_open (error);
      trio_nursery_start_soon (nurseries[i], mock_sleep_forever, NULL);
    }
  if (!mock_yield (error))
    return FALSE;
  trio_nursery_cancel (nurseries[0]);
  for (guint i = n; i > 0; i--)
    {
      ok = trio_nursery_close (nurseries[i - 1], ok);
      trio_nursery_free (nurseries[i - 1]);
    }
  return ok;
}

static void
test_a_thousand_nested_nurseries_are_cancelled_and_joined (void)
{
  Many many = { .n = mock_is_ordered () ? 1000 : 30 };

  mock_run_ok (nest_nurseries, &many);
}

/* A chain of tasks, each the child of the one before. */
static gboolean
go_deeper (gpointer data, GError **error)
{
  Many *many = data;
  g_autoptr (TrioNursery) nursery = trio_nursery_open (error);
  gboolean ok = TRUE;

  if (--many->n > 0)
    trio_nursery_start_soon (nursery, go_deeper, many);
  else
    ok = mock_fail ((char *) "at the bottom", error);
  ok = trio_nursery_close (nursery, ok);
  many->n_ended++;
  return ok;
}

static void
test_an_error_travels_up_a_chain_of_ten_thousand_tasks_unwrapped (void)
{
  guint n = scaled (10000);
  Many many = { .n = n };
  g_autoptr (GError) error = NULL;

  g_assert_false (mock_run (go_deeper, &many, &error));
  g_assert_cmpstr (error->message, ==, "at the bottom");
  g_assert_cmpuint (many.n_ended, ==, n);
}

/* ---- tasks ---- */

static gboolean
sleep_and_count (gpointer data, GError **error)
{
  Many *many = data;
  gboolean ok = trio_sleep (G_TIME_SPAN_HOUR, error);

  many->n_ended++;
  return ok;
}

static gboolean
cancel_many_sleepers (gpointer data, GError **error)
{
  Many *many = data;
  gint64 start = trio_current_time ();
  TrioLoopStatistics statistics;
  g_autoptr (TrioNursery) nursery = trio_nursery_open (error);

  for (guint i = 0; i < many->n; i++)
    trio_nursery_start_soon (nursery, sleep_and_count, many);
  if (!mock_yield (error))
    return FALSE;
  trio_loop_get_statistics (trio_loop_get_current (), &statistics);
  g_assert_cmpuint (statistics.tasks_living, ==, many->n + 2);
  g_assert_cmpint (statistics.next_deadline, ==, start + G_TIME_SPAN_HOUR);
  trio_nursery_cancel (nursery);
  trio_loop_get_statistics (trio_loop_get_current (), &statistics);
  g_assert_cmpuint (statistics.tasks_runnable, ==, many->n);
  g_assert_cmpint (statistics.next_deadline, ==, G_MAXINT64);
  return trio_nursery_close (nursery, TRUE);
}

static void
test_a_hundred_thousand_sleeping_tasks_are_cancelled (void)
{
  Many many = { .n = scaled (100000) };

  mock_run_ok (cancel_many_sleepers, &many);
  g_assert_cmpuint (many.n_ended, ==, many.n);
}

static gboolean
sleep_its_own_time (gpointer data, GError **error)
{
  return trio_sleep (GPOINTER_TO_INT (data), error);
}

static gboolean
wake_many_sleepers (gpointer data, GError **error)
{
  Many *many = data;
  gint64 start = trio_current_time ();
  g_autoptr (TrioNursery) nursery = trio_nursery_open (error);

  for (guint i = 0; i < many->n; i++)
    trio_nursery_start_soon (nursery, sleep_its_own_time, GINT_TO_POINTER ((int) (1 + (i * 7919) % many->n)));
  if (!trio_nursery_close (nursery, TRUE))
    return FALSE;
  mock_assert_time (start + many->n);
  return TRUE;
}

static void
test_five_thousand_sleepers_wake_each_in_its_time (void)
{
  Many many = { .n = scaled (5000) };

  mock_run_ok (wake_many_sleepers, &many);
}

static gboolean
note_place (gpointer places, GError **error)
{
  g_hash_table_add (places, trio_current_task ());
  return trio_checkpoint (error);
}

static gboolean
spawn_and_join (gpointer data, GError **error)
{
  Many *many = data;
  g_autoptr (GHashTable) places = g_hash_table_new (NULL, NULL);

  /* In rounds, so that stacks are used again. */
  for (guint i = 0; i < many->n; i += 100)
    {
      g_autoptr (TrioNursery) nursery = trio_nursery_open (error);

      for (int j = 0; j < 100; j++)
        trio_nursery_start_soon (nursery, note_place, places);
      if (!trio_nursery_close (nursery, TRUE))
        return FALSE;
    }
  g_assert_cmpuint (g_hash_table_size (places), <, 300);
  return TRUE;
}

static void
test_a_million_tasks_come_and_go (void)
{
  Many many = { .n = scaled (1000000) };

  mock_run_ok (spawn_and_join, &many);
}

/* ---- deadlines ---- */

static gint64 last_rang;
static guint n_rang;

static void
ring (TrioTimer *timer G_GNUC_UNUSED)
{
  g_assert_cmpint (trio_current_time (), >, last_rang);
  last_rang = trio_current_time ();
  n_rang++;
}

static gboolean
ring_many (gpointer data, GError **error)
{
  Many *many = data;
  g_autofree TrioTimer *timers = g_new0 (TrioTimer, many->n);
  gint64 start = last_rang = trio_current_time ();
  TrioLoopStatistics statistics;

  /* No two at the same time, and in no order: 7919 is prime. */
  for (guint i = 0; i < many->n; i++)
    {
      trio_timer_init (&timers[i], ring);
      trio_timer_arm (&timers[i], start + 1 + (gint64) (((guint64) i * 7919) % many->n));
    }
  trio_loop_get_statistics (trio_loop_get_current (), &statistics);
  g_assert_cmpint (statistics.next_deadline, ==, start + 1);
  if (!trio_sleep_until (start + many->n, error))
    return FALSE;
  g_assert_cmpuint (n_rang, ==, many->n);
  return TRUE;
}

static void
test_a_million_deadlines_pass_each_in_its_time (void)
{
  Many many = { .n = scaled (1000000) };

  n_rang = 0;
  mock_run_ok (ring_many, &many);
}

static gboolean
nest_and_leave (gpointer data, GError **error)
{
  Many *many = data;
  g_autofree TrioCancelScope **scopes = g_new0 (TrioCancelScope *, many->n);
  TrioLoopStatistics statistics;
  gboolean ok;

  for (guint i = 0; i < many->n; i++)
    scopes[i] = trio_move_on_after (G_TIME_SPAN_HOUR - (i * (guint64) 7919) % many->n, error);
  ok = trio_checkpoint (error);
  for (guint i = many->n; i > 0; i--)
    {
      ok = trio_cancel_scope_close (scopes[i - 1], ok);
      trio_cancel_scope_free (scopes[i - 1]);
    }
  trio_loop_get_statistics (trio_loop_get_current (), &statistics);
  g_assert_cmpint (statistics.next_deadline, ==, G_MAXINT64);
  return ok;
}

static void
test_a_million_deadlines_of_nested_scopes_are_taken_back (void)
{
  Many many = { .n = scaled (1000000) };

  mock_run_ok (nest_and_leave, &many);
}

/* ---- errors ---- */

static gboolean
fail_many (gpointer data, GError **error)
{
  Many *many = data;
  g_autoptr (TrioNursery) nursery = trio_nursery_open (error);

  for (guint i = 0; i < many->n; i++)
    trio_nursery_start_soon (nursery, mock_fail, (char *) "one of many");
  return trio_nursery_close (nursery, TRUE);
}

/* (58) No error is dropped, and collecting them is not quadratic. */
static void
test_the_errors_of_twenty_thousand_children_are_all_kept (void)
{
  Many many = { .n = scaled (20000) };
  g_autoptr (GError) error = NULL;
  gsize n;

  g_assert_false (mock_run (fail_many, &many, &error));
  trio_error_group_get_errors (error, &n);
  g_assert_cmpuint (n, ==, many.n);
}

static guint64
get_available_memory (void)
{
  g_autofree char *text = NULL;
  const char *line;

  if (!g_file_get_contents ("/proc/meminfo", &text, NULL, NULL) || (line = strstr (text, "MemAvailable:")) == NULL)
    return 0;
  return g_ascii_strtoull (line + strlen ("MemAvailable:"), NULL, 10) * 1024;
}

static void
test_a_million_sleeping_tasks_are_cancelled (void)
{
  Many many = { .n = 1000000 };

  if (!g_test_slow ())
    {
      g_test_skip ("only with -m slow");
      return;
    }
  if (scaled (many.n) < many.n || get_available_memory () < (guint64) 10 * 1000 * 1000 * 1000)
    {
      g_test_skip ("this needs 10 GB of free memory, and no checker");
      return;
    }
  mock_run_ok (cancel_many_sleepers, &many);
  g_assert_cmpuint (many.n_ended, ==, many.n);
}

int
main (int argc, char **argv)
{
  static const char why[] = "it takes long runs for livelocks";

  g_test_init (&argc, &argv, NULL);
  core_test_add_mock ("/scale/ten-thousand-nested-scopes-are-cancelled", test_ten_thousand_nested_scopes_are_cancelled, why);
  core_test_add_mock ("/scale/a-thousand-nested-nurseries-are-cancelled-and-joined",
                      test_a_thousand_nested_nurseries_are_cancelled_and_joined, why);
  core_test_add_mock ("/scale/an-error-travels-up-a-chain-of-ten-thousand-tasks-unwrapped",
                      test_an_error_travels_up_a_chain_of_ten_thousand_tasks_unwrapped, why);
  core_test_add_mock ("/scale/a-hundred-thousand-sleeping-tasks-are-cancelled",
                      test_a_hundred_thousand_sleeping_tasks_are_cancelled, why);
  core_test_add_mock ("/scale/five-thousand-sleepers-wake-each-in-its-time",
                      test_five_thousand_sleepers_wake_each_in_its_time, why);
  core_test_add_mock ("/scale/a-million-tasks-come-and-go", test_a_million_tasks_come_and_go, why);
  core_test_add_mock ("/scale/a-million-deadlines-pass-each-in-its-time", test_a_million_deadlines_pass_each_in_its_time, why);
  core_test_add_mock ("/scale/a-million-deadlines-of-nested-scopes-are-taken-back",
                      test_a_million_deadlines_of_nested_scopes_are_taken_back, why);
  core_test_add_mock ("/scale/the-errors-of-twenty-thousand-children-are-all-kept",
                      test_the_errors_of_twenty_thousand_children_are_all_kept, why);
  g_test_add_func ("/scale/a-million-sleeping-tasks-are-cancelled", test_a_million_sleeping_tasks_are_cancelled);
  return g_test_run ();
}
