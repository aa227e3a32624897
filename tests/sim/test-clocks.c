/* SPDX-License-Identifier: MIT OR Apache-2.0 */

/* Wall clocks: what they show, who sets them, and what becomes of who trusts them. */

#include <trio/thread.h>

#include "simulator/sim-world.h"
#include "tests/sim/hosts-test.h"

/* 2026-01-01 00:00 UTC */
#define BEGIN G_GINT64_CONSTANT (1767225600000000)

/* --- what they show --- */

static gboolean
look_at_the_world_s (gpointer data G_GNUC_UNUSED, GError **error)
{
  g_assert_cmpint (trio_current_real_time (), ==, BEGIN);
  if (!trio_sleep (seconds (5), error))
    return FALSE;
  g_assert_cmpint (trio_current_real_time (), ==, BEGIN + seconds (5));

  trio_sim_host_step_clock (NULL, -seconds (3600));
  g_assert_cmpint (trio_current_real_time (), ==, BEGIN + seconds (5) - seconds (3600));
  g_assert_cmpint (trio_current_time (), ==, seconds (5));
  return TRUE;
}

static void
test_a_world_without_hosts_has_a_wall_clock (void)
{
  g_autoptr (TrioSimReport) report = sim_run_fifo (look_at_the_world_s, NULL);

  sim_expect (report, TRIO_SIM_OK, NULL);
}

typedef struct
{
  gint64        began;
  gint64        ended;
  gint64        in_thread;
  TrioSimWorld *world;
} Seen;

/* The runtime has no clock for threads; a stand-in for the system's own calls has. */
static gboolean
read_in_a_thread (gpointer data, GError **error G_GNUC_UNUSED)
{
  Seen *seen = data;

  seen->in_thread = trio_sim_world_get_real_time (seen->world);
  return TRUE;
}

static gboolean
read_twice (gpointer data, GError **error)
{
  Seen *seen = data;

  seen->world = trio_sim_world_get_current ();
  seen->began = trio_current_real_time ();
  if (!trio_sleep (seconds (2), error))
    return FALSE;
  seen->ended = trio_current_real_time ();
  return trio_to_thread_run_sync (read_in_a_thread, seen, error);
}

static gboolean
look_at_hosts (gpointer data G_GNUC_UNUSED, GError **error)
{
  g_autoptr (TrioNursery) nursery = NULL;
  Seen right, wrong;
  TrioSimHost *host = trio_sim_host_new ("right");

  nursery = trio_nursery_open (error);
  trio_sim_host_start (host, nursery, read_twice, &right);
  host = trio_sim_host_new ("wrong");
  trio_sim_host_step_clock (host, -seconds (60));
  trio_sim_host_set_clock (host, seconds (3600), -500000);
  trio_sim_host_start (host, nursery, read_twice, &wrong);
  if (!trio_sleep (seconds (1), error))
    return FALSE;

  /* Nobody's deadline moves. */
  trio_sim_host_step_clock (host, seconds (86400));
  if (!trio_nursery_close (nursery, TRUE))
    return FALSE;
  g_assert_cmpint (trio_current_time () / ms (1), ==, seconds (4) / ms (1));
  g_assert_cmpint (right.began, ==, BEGIN);
  g_assert_cmpint (right.ended, ==, BEGIN + seconds (2));
  g_assert_cmpint (right.in_thread / ms (1), ==, (BEGIN + seconds (2)) / ms (1));
  g_assert_cmpint (wrong.began, ==, BEGIN + seconds (3600 - 60));
  g_assert_cmpint (wrong.ended, ==, BEGIN + seconds (3600 - 60 + 2 + 86400));
  g_assert_cmpint (wrong.in_thread / ms (1), ==, (BEGIN + seconds (3600 - 60 + 2 + 86400)) / ms (1));
  return TRUE;
}

static void
test_each_host_has_its_own_and_its_threads_read_it (void)
{
  g_autoptr (TrioSimReport) report = sim_run_fifo (look_at_hosts, NULL);

  sim_expect (report, TRIO_SIM_OK, NULL);
}

static gboolean
have_far_deadlines (gpointer data G_GNUC_UNUSED, GError **error)
{
  for (gint64 before_end = 0; before_end < 20; before_end++)
    {
      g_autoptr (TrioCancelScope) scope = trio_fail_at (G_MAXINT64 - before_end, error);
      gboolean ok = trio_sleep (seconds (1), error);

      if (!trio_cancel_scope_close (scope, ok))
        return FALSE;
    }
  return TRUE;
}

static gboolean
let_clocks_lose_and_gain (gpointer data G_GNUC_UNUSED, GError **error)
{
  g_autoptr (TrioNursery) nursery = trio_nursery_open (error);
  TrioSimHost *slow = trio_sim_host_new ("slow"), *fast = trio_sim_host_new ("fast");

  trio_sim_host_set_clock (slow, seconds (3600), -500000);
  trio_sim_host_set_clock (fast, 0, 500000);
  trio_sim_host_start (slow, nursery, have_far_deadlines, NULL);
  trio_sim_host_start (fast, nursery, have_far_deadlines, NULL);
  return trio_nursery_close (nursery, TRUE);
}

static void
test_a_deadline_at_the_end_of_time_is_no_trouble_to_any_clock (void)
{
  g_autoptr (TrioSimReport) report = sim_run_fifo (let_clocks_lose_and_gain, NULL);

  sim_expect (report, TRIO_SIM_OK, NULL);
}

static gboolean
set_and_crash (gpointer data, GError **error)
{
  Seen *seen = data;

  if (seen->began != 0)
    return read_twice (seen, error);
  seen->began = 1;
  trio_sim_host_step_clock (trio_sim_host_get_current (), seconds (7));
  trio_sim_host_crash (trio_sim_host_get_current (), seconds (1));
  return TRUE;
}

static gboolean
crash_with_a_wrong_clock (gpointer data G_GNUC_UNUSED, GError **error)
{
  Seen seen = { 0 };
  g_autoptr (TrioNursery) nursery = trio_nursery_open (error);

  trio_sim_host_start (trio_sim_host_new ("db"), nursery, set_and_crash, &seen);
  if (!trio_nursery_close (nursery, TRUE))
    return FALSE;
  g_assert_cmpint (seen.began, ==, BEGIN + seconds (1 + 7));
  return TRUE;
}

static void
test_what_a_clock_was_set_to_outlives_a_crash (void)
{
  g_autoptr (TrioSimReport) report = sim_run_fifo (crash_with_a_wrong_clock, NULL);

  sim_expect (report, TRIO_SIM_OK, NULL);
}

static gboolean
be_slewed (gpointer data G_GNUC_UNUSED, GError **error)
{
  static const gint64 expected[] = { 1100, 2200, 3200, 4100, 5000, 5500, 6450 };

  /* 0.2 s ahead, 100 ms in a second; then 0.3 s back; after 2.5 s of that the clock is set, which ends it; then slewed back by 0.05 s. */
  trio_sim_host_slew_clock (NULL, ms (200), 100000);
  for (guint i = 0; i < G_N_ELEMENTS (expected); i++)
    {
      if (i == 3)
        trio_sim_host_slew_clock (NULL, ms (-300), 100000);
      if (i == 5)
        {
          if (!trio_sleep (ms (500), error))
            return FALSE;
          trio_sim_host_step_clock (NULL, ms (50));
        }
      if (i == 6)
        trio_sim_host_slew_clock (NULL, ms (-50), 50000);
      if (i != 5 && !trio_sleep (seconds (1), error))
        return FALSE;
      g_assert_cmpint (trio_current_real_time () - BEGIN, ==, ms (expected[i]));
    }
  g_assert_cmpint (trio_current_time (), ==, ms (6500));
  return TRUE;
}

static void
test_a_clock_may_be_set_little_by_little (void)
{
  g_autoptr (TrioSimReport) report = sim_run_fifo (be_slewed, NULL);

  sim_expect (report, TRIO_SIM_OK, NULL);
}

/* --- leases --- */

#define LEASE seconds (10)

/* Whoever holds it is alone with something. */
typedef struct
{
  gint64 (*now) (void);
  gint64   work;            /* for how long its holder needs it, the lease's own clock apart */
  gint64   until;           /* on that clock */
  guint    n_holders;
} Lease;

static gboolean
hold_it (gpointer data, GError **error)
{
  Lease *lease = data;

  while (lease->now () < lease->until)
    if (!trio_sleep (ms (100), error))
      return FALSE;
  lease->until = lease->now () + LEASE;
  lease->n_holders++;
  trio_always (lease->n_holders == 1, "one at a time holds the lease");
  if (!trio_sleep (lease->work, error))
    return FALSE;
  lease->n_holders--;
  return TRUE;
}

static gboolean
share (gint64 (*now) (void), GTimeSpan work, GError **error)
{
  Lease lease = { .now = now, .work = work };
  g_autoptr (TrioNursery) nursery = trio_nursery_open (error);

  trio_nursery_start_soon_full (nursery, hold_it, &lease, NULL, "anna");
  trio_nursery_start_soon_full (nursery, hold_it, &lease, NULL, "berta");
  return trio_nursery_close (nursery, TRUE);
}

static gboolean
lease (gpointer now, GError **error)
{
  return share ((gint64 (*) (void)) (gsize) now, LEASE / 2, error);
}

static gboolean
lease_to_the_last_second (gpointer now, GError **error)
{
  return share ((gint64 (*) (void)) (gsize) now, LEASE - seconds (1) / 2, error);
}

static const char set_ahead[] = "main/berta fault.clock.step 2 = 3/7\n";

static void
test_a_lease_by_the_wall_clock_ends_when_it_is_set (void)
{
  g_autoptr (TrioSimReport) report = sim_run_lines (lease, (gpointer) (gsize) trio_current_real_time, set_ahead);

  sim_expect (report, TRIO_SIM_ALWAYS, "one at a time holds the lease");
  g_assert_cmpuint (report->unmatched, ==, 0);
}

/* Nor does a run ask anything of who never reads that clock. */
static void
test_a_lease_by_the_monotonic_clock_does_not (void)
{
  g_autoptr (TrioSimReport) report = sim_run_lines (lease, (gpointer) (gsize) trio_current_time, set_ahead);

  sim_expect (report, TRIO_SIM_OK, NULL);
  g_assert_cmpuint (report->unmatched, ==, 1);
}

static const char slewed_ahead[] = "main/berta fault.clock.slew 1 = 3/5\n";

static void
test_a_lease_to_the_last_second_ends_early_when_the_clock_is_slewed (void)
{
  g_autoptr (TrioSimReport) naive = sim_run_lines (lease_to_the_last_second, (gpointer) (gsize) trio_current_real_time, slewed_ahead);
  g_autoptr (TrioSimReport) back = sim_run_lines (lease_to_the_last_second, (gpointer) (gsize) trio_current_real_time, "main/berta fault.clock.slew 1 = 4/5\n");
  g_autoptr (TrioSimReport) monotonic = sim_run_lines (lease_to_the_last_second, (gpointer) (gsize) trio_current_time, slewed_ahead);

  sim_expect (naive, TRIO_SIM_ALWAYS, "one at a time holds the lease");
  g_assert_cmpuint (naive->unmatched, ==, 0);
  sim_expect (back, TRIO_SIM_OK, NULL);
  sim_expect (monotonic, TRIO_SIM_OK, NULL);
}

static void
test_who_leaves_a_margin_survives_a_slew (void)
{
  g_autoptr (TrioSimReport) report = sim_run_lines (lease, (gpointer) (gsize) trio_current_real_time, slewed_ahead);

  sim_expect (report, TRIO_SIM_OK, NULL);
  g_assert_cmpuint (report->unmatched, ==, 0);
}

static void
test_a_search_sets_wall_clocks_by_itself (void)
{
  for (guint64 seed = 1; seed <= 200; seed++)
    {
      g_autoptr (TrioSimReport) report = sim_run_random (lease, (gpointer) (gsize) trio_current_real_time, seed, TRIO_SIM_INJECT_FAULT);

      if (report->verdict == TRIO_SIM_ALWAYS)
        return;
    }
  g_error ("no run of 200 has set a clock where it matters");
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/sim/clocks/a_world_without_hosts_has_a_wall_clock", test_a_world_without_hosts_has_a_wall_clock);
  g_test_add_func ("/sim/clocks/each_host_has_its_own_and_its_threads_read_it", test_each_host_has_its_own_and_its_threads_read_it);
  g_test_add_func ("/sim/clocks/a_deadline_at_the_end_of_time_is_no_trouble_to_any_clock",
                   test_a_deadline_at_the_end_of_time_is_no_trouble_to_any_clock);
  g_test_add_func ("/sim/clocks/what_a_clock_was_set_to_outlives_a_crash", test_what_a_clock_was_set_to_outlives_a_crash);
  g_test_add_func ("/sim/clocks/a_lease_by_the_wall_clock_ends_when_it_is_set", test_a_lease_by_the_wall_clock_ends_when_it_is_set);
  g_test_add_func ("/sim/clocks/a_lease_by_the_monotonic_clock_does_not", test_a_lease_by_the_monotonic_clock_does_not);
  g_test_add_func ("/sim/clocks/a_clock_may_be_set_little_by_little", test_a_clock_may_be_set_little_by_little);
  g_test_add_func ("/sim/clocks/a_lease_to_the_last_second_ends_early_when_the_clock_is_slewed",
                   test_a_lease_to_the_last_second_ends_early_when_the_clock_is_slewed);
  g_test_add_func ("/sim/clocks/who_leaves_a_margin_survives_a_slew", test_who_leaves_a_margin_survives_a_slew);
  g_test_add_func ("/sim/clocks/a_search_sets_wall_clocks_by_itself", test_a_search_sets_wall_clocks_by_itself);
  return g_test_run ();
}
