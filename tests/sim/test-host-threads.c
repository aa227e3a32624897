/* SPDX-License-Identifier: MIT OR Apache-2.0 */

/* Each host's threads are its own: how many there may be at a time, how many there are, and what a crash leaves of them, which is nothing. */

#include "tests/sim/hosts-test.h"

#include <trio/capacity-limiter.h>
#include <trio/thread.h>

/* --- how many at a time --- */

static gboolean
sleep_for_a_second (gpointer data G_GNUC_UNUSED, GError **error)
{
  return trio_sleep (seconds (1), error);
}

/* It waits for the run, which sleeps for it. */
static gboolean
take_a_second (gpointer data G_GNUC_UNUSED, GError **error)
{
  return trio_from_thread_run (NULL, sleep_for_a_second, NULL, error);
}

static gboolean
send_one (gpointer data G_GNUC_UNUSED, GError **error)
{
  return trio_to_thread_run_sync (take_a_second, NULL, error);
}

static gboolean
send_two_one_at_a_time (gpointer data, GError **error)
{
  gint64 *took = data, begun_at = trio_current_time ();
  g_autoptr (TrioNursery) nursery = trio_nursery_open (error);

  trio_capacity_limiter_set_total_tokens (trio_current_default_thread_limiter (), 1);
  trio_nursery_start_soon (nursery, send_one, NULL);
  trio_nursery_start_soon (nursery, send_one, NULL);
  if (!trio_sleep (seconds (1) / 2, error))
    return FALSE;
  g_assert_cmpuint (trio_active_thread_count (), ==, 1);
  if (!trio_nursery_close (nursery, TRUE))
    return FALSE;
  *took = trio_current_time () - begun_at;
  return TRUE;
}

static gboolean
run_two_hosts (gpointer data G_GNUC_UNUSED, GError **error)
{
  gint64 took[2] = { 0 };
  g_autoptr (TrioNursery) nursery = trio_nursery_open (error);

  trio_sim_host_start (trio_sim_host_new ("mill"), nursery, send_two_one_at_a_time, &took[0]);
  trio_sim_host_start (trio_sim_host_new ("forge"), nursery, send_two_one_at_a_time, &took[1]);
  if (!trio_sleep (seconds (1) / 2, error))
    return FALSE;
  g_assert_cmpuint (trio_active_thread_count (), ==, 0);
  g_assert_cmpint (trio_capacity_limiter_get_total_tokens (trio_current_default_thread_limiter ()), ==, 40);
  if (!trio_wait_all_threads_completed (error) || !trio_nursery_close (nursery, TRUE))
    return FALSE;
  for (guint i = 0; i < G_N_ELEMENTS (took); i++)
    g_assert_true (took[i] >= seconds (2) && took[i] < seconds (3));
  return TRUE;
}

static void
test_one_host_s_threads_are_not_counted_at_another (void)
{
  g_autoptr (TrioSimReport) report = sim_run_fifo (run_two_hosts, NULL);

  sim_expect (report, TRIO_SIM_OK, NULL);
}

/* --- a crash --- */

typedef struct
{
  gboolean one_waits;            /* for the limiter, when it crashes */
  guint    n_boots;
} Mill;

static gboolean
sleep_on (gpointer data G_GNUC_UNUSED, GError **error)
{
  return trio_sleep_forever (error);
}

static gboolean
wait_in_the_run (gpointer data G_GNUC_UNUSED, GError **error)
{
  return trio_from_thread_run (NULL, sleep_on, NULL, error);
}

static gboolean
send_for_ever (gpointer data G_GNUC_UNUSED, GError **error)
{
  return trio_to_thread_run_sync (wait_in_the_run, NULL, error);
}

static gboolean
work_until_it_crashes (gpointer data, GError **error)
{
  Mill *mill = data;
  g_autoptr (TrioNursery) nursery = NULL;

  g_assert_cmpuint (trio_active_thread_count (), ==, 0);
  if (!trio_wait_all_threads_completed (error))
    return FALSE;
  trio_capacity_limiter_set_total_tokens (trio_current_default_thread_limiter (), 1);
  if (++mill->n_boots == 3)
    return send_one (NULL, error);
  nursery = trio_nursery_open (error);
  trio_nursery_start_soon (nursery, send_for_ever, NULL);
  if (mill->one_waits)
    trio_nursery_start_soon (nursery, send_for_ever, NULL);
  return trio_nursery_close (nursery, TRUE);
}

static gboolean
crash_twice (gpointer data, GError **error)
{
  Mill *mill = data;
  g_autoptr (TrioNursery) nursery = trio_nursery_open (error);
  TrioSimHost *host = trio_sim_host_new ("mill");

  trio_sim_host_start (host, nursery, work_until_it_crashes, mill);
  for (guint i = 0; i < 2; i++)
    {
      if (!trio_sleep (seconds (1), error))
        return FALSE;
      trio_sim_host_crash (host, seconds (1) / 2);
    }
  if (!trio_nursery_close (nursery, TRUE))
    return FALSE;
  g_assert_cmpuint (mill->n_boots, ==, 3);
  return TRUE;
}

static void
test_a_host_that_crashed_has_all_its_threads_again (void)
{
  for (guint one_waits = 0; one_waits < 2; one_waits++)
    {
      Mill mill = { .one_waits = one_waits };
      g_autoptr (TrioSimReport) report = sim_run_fifo (crash_twice, &mill);

      sim_expect (report, TRIO_SIM_OK, NULL);
    }
}

#define ADD(name) g_test_add_func ("/sim/host-threads/" #name, test_##name)

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  ADD (one_host_s_threads_are_not_counted_at_another);
  ADD (a_host_that_crashed_has_all_its_threads_again);
  return g_test_run ();
}
