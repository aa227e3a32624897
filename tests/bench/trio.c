/* SPDX-License-Identifier: MIT OR Apache-2.0 */

/* Our own contestant, written as a user would write it. */

#include "bench.h"

#include <trio/trio.h>
#include <trio-sim/sim.h>

typedef struct
{
  TrioSendChannel    *send;
  TrioReceiveChannel *receive;
} Ends;

static void
run (TrioFunc main)
{
  g_autoptr (GError) error = NULL;

  if (!trio_run (main, NULL, &error))
    g_error ("%s", error->message);
}

static gboolean
nothing (gpointer data G_GNUC_UNUSED, GError **error G_GNUC_UNUSED)
{
  return TRUE;
}

/* switch */

static gboolean
yielder (gpointer data, GError **error)
{
  for (int i = GPOINTER_TO_INT (data); i > 0; i--)
    if (!trio_checkpoint (error))
      return FALSE;
  return TRUE;
}

static gboolean
switch_main (gpointer data G_GNUC_UNUSED, GError **error)
{
  g_autoptr (TrioNursery) nursery = trio_nursery_open (error);
  double before = bench_cpu_ns ();
  gboolean ok;

  trio_nursery_start_soon (nursery, yielder, GINT_TO_POINTER (BENCH_SWITCHES / 2));
  trio_nursery_start_soon (nursery, yielder, GINT_TO_POINTER (BENCH_SWITCHES / 2));
  ok = trio_nursery_close (nursery, TRUE);
  bench_say ("switch-ns", (bench_cpu_ns () - before) / BENCH_SWITCHES);
  return ok;
}

static void
do_switch (void)
{
  run (switch_main);
}

/* spawn */

static gboolean
spawn (int n, GError **error)
{
  g_autoptr (TrioNursery) nursery = trio_nursery_open (error);

  for (int i = 0; i < n; i++)
    trio_nursery_start_soon (nursery, nothing, NULL);
  return trio_nursery_close (nursery, TRUE);
}

static gboolean
spawn_main (gpointer data G_GNUC_UNUSED, GError **error)
{
  double before = bench_cpu_ns ();

  for (int i = 0; i < BENCH_BATCHES; i++)
    if (!spawn (BENCH_BATCH, error))
      return FALSE;
  bench_say ("spawn-batch-ns", (bench_cpu_ns () - before) / BENCH_BATCHES / BENCH_BATCH);

  before = bench_cpu_ns ();
  for (int i = 0; i < BENCH_ONE_BY_ONE; i++)
    if (!spawn (1, error))
      return FALSE;
  bench_say ("spawn-one-ns", (bench_cpu_ns () - before) / BENCH_ONE_BY_ONE);
  return TRUE;
}

static void
do_spawn (void)
{
  run (spawn_main);
}

/* rendezvous */

static gboolean
echo (gpointer data, GError **error)
{
  Ends *ends = data;

  for (int i = 0; i < BENCH_ROUND_TRIPS; i++)
    {
      gpointer value;

      if (!trio_receive_channel_receive (ends->receive, &value, error) || !trio_send_channel_send (ends->send, value, error))
        return FALSE;
    }
  return TRUE;
}

static gboolean
rendezvous_main (gpointer data G_GNUC_UNUSED, GError **error)
{
  g_autoptr (TrioSendChannel) there = NULL;
  g_autoptr (TrioSendChannel) back = NULL;
  g_autoptr (TrioReceiveChannel) at_there = NULL;
  g_autoptr (TrioReceiveChannel) at_back = NULL;
  g_autoptr (TrioNursery) nursery = trio_nursery_open (error);
  double before = bench_cpu_ns ();
  Ends far;
  gboolean ok;

  trio_open_memory_channel (0, NULL, &there, &at_there);
  trio_open_memory_channel (0, NULL, &back, &at_back);
  far = (Ends) { back, at_there };
  trio_nursery_start_soon (nursery, echo, &far);
  for (int i = 0; i < BENCH_ROUND_TRIPS; i++)
    {
      gpointer value;

      if (!trio_send_channel_send (there, &far, error) || !trio_receive_channel_receive (at_back, &value, error))
        return FALSE;
    }
  ok = trio_nursery_close (nursery, TRUE);
  bench_say ("rendezvous-ns", (bench_cpu_ns () - before) / BENCH_ROUND_TRIPS);
  return ok;
}

static void
do_rendezvous (void)
{
  run (rendezvous_main);
}

/* sleepers */

static gboolean
sleeper (gpointer n_asleep, GError **error)
{
  ++*(int *) n_asleep;
  return trio_sleep (G_TIME_SPAN_HOUR, error);
}

static gboolean
sleepers_main (gpointer data G_GNUC_UNUSED, GError **error)
{
  g_autoptr (TrioNursery) nursery = trio_nursery_open (error);
  double bytes = bench_resident_bytes ();
  double before = bench_cpu_ns ();
  int n_asleep = 0;
  gboolean ok;

  for (int i = 0; i < BENCH_SLEEPERS; i++)
    trio_nursery_start_soon (nursery, sleeper, &n_asleep);
  while (n_asleep < BENCH_SLEEPERS)
    if (!trio_checkpoint (error))
      return FALSE;
  bench_say ("sleeper-create-ns", (bench_cpu_ns () - before) / BENCH_SLEEPERS);
  bench_say ("sleeper-bytes", (bench_resident_bytes () - bytes) / BENCH_SLEEPERS);

  before = bench_cpu_ns ();
  trio_nursery_cancel (nursery);
  ok = trio_nursery_close (nursery, TRUE);
  bench_say ("sleeper-cancel-ns", (bench_cpu_ns () - before) / BENCH_SLEEPERS);
  return ok;
}

static void
do_sleepers (void)
{
  run (sleepers_main);
}

/* Simulated against real, the same body: many short runs, and one long run. */

static gboolean
two_tasks (gpointer n, GError **error)
{
  g_autoptr (TrioNursery) nursery = trio_nursery_open (error);

  trio_nursery_start_soon (nursery, yielder, n);
  trio_nursery_start_soon (nursery, yielder, n);
  return trio_nursery_close (nursery, TRUE);
}

#define SHORT_RUNS 5000
#define SHORT_RUN  10
#define LONG_RUN   200000

static void
do_real (void)
{
  g_autoptr (GError) error = NULL;
  double before = bench_cpu_ns ();

  for (int i = 0; i < SHORT_RUNS; i++)
    if (!trio_run (two_tasks, GINT_TO_POINTER (SHORT_RUN), &error))
      g_error ("%s", error->message);
  bench_say ("short-run-ns", (bench_cpu_ns () - before) / SHORT_RUNS);

  before = bench_cpu_ns ();
  if (!trio_run (two_tasks, GINT_TO_POINTER (LONG_RUN), &error))
    g_error ("%s", error->message);
  bench_say ("step-ns", (bench_cpu_ns () - before) / LONG_RUN / 2);
}

static guint64
simulate (int n, guint64 seed)
{
  TrioSimOptions options = { .strategy = "random", .seed = seed, .max_steps = G_MAXUINT64, .max_idle_steps = G_MAXUINT64 };
  g_autoptr (TrioSimReport) report = NULL;
  g_autoptr (GError) error = NULL;

  if (!trio_sim_run (two_tasks, GINT_TO_POINTER (n), &options, &report, &error))
    g_error ("%s", error->message);
  return report->steps;
}

static void
do_simulated (void)
{
  double before = bench_cpu_ns ();
  guint64 steps;

  for (int i = 0; i < SHORT_RUNS; i++)
    simulate (SHORT_RUN, i + 1);
  bench_say ("short-run-ns", (bench_cpu_ns () - before) / SHORT_RUNS);

  before = bench_cpu_ns ();
  steps = simulate (LONG_RUN, 1);
  bench_say ("step-ns", (bench_cpu_ns () - before) / steps);
}

int
main (int argc, char **argv)
{
  static const BenchWork works[] = {
    { "switch", do_switch },
    { "spawn", do_spawn },
    { "rendezvous", do_rendezvous },
    { "sleepers", do_sleepers },
    { "real", do_real },
    { "simulated", do_simulated },
    { 0 }
  };

  return bench_main (argc, argv, works);
}
