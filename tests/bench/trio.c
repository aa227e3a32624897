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

/* one way */

static gboolean
drain (gpointer receive, GError **error)
{
  gpointer value;

  for (int i = 0; i < BENCH_MESSAGES; i++)
    if (!trio_receive_channel_receive (receive, &value, error))
      return FALSE;
  return TRUE;
}

/* Waits for the first value only, and takes what else is there. */
static gboolean
drain_bursts (gpointer receive, GError **error)
{
  gpointer value;

  for (int i = 0; i < BENCH_MESSAGES; i++)
    if (!trio_receive_channel_receive_nowait (receive, &value, NULL) && !trio_receive_channel_receive (receive, &value, error))
      return FALSE;
  return TRUE;
}

static gboolean
bursts (GError **error)
{
  g_autoptr (TrioSendChannel) send = NULL;
  g_autoptr (TrioReceiveChannel) receive = NULL;
  g_autoptr (TrioNursery) nursery = trio_nursery_open (error);
  double before = bench_cpu_ns ();
  gboolean ok;

  trio_open_memory_channel (BENCH_BUFFER, NULL, &send, &receive);
  trio_nursery_start_soon (nursery, drain_bursts, receive);
  for (int i = 0; i < BENCH_MESSAGES; i++)
    if (!trio_send_channel_send_nowait (send, nursery, NULL) && !trio_send_channel_send (send, nursery, error))
      return FALSE;
  ok = trio_nursery_close (nursery, TRUE);
  bench_say ("bursts-ns", (bench_cpu_ns () - before) / BENCH_MESSAGES);
  return ok;
}

static gboolean
one_way (gsize buffer, const char *name, GError **error)
{
  g_autoptr (TrioSendChannel) send = NULL;
  g_autoptr (TrioReceiveChannel) receive = NULL;
  g_autoptr (TrioNursery) nursery = trio_nursery_open (error);
  double before = bench_cpu_ns ();
  gboolean ok;

  trio_open_memory_channel (buffer, NULL, &send, &receive);
  trio_nursery_start_soon (nursery, drain, receive);
  for (int i = 0; i < BENCH_MESSAGES; i++)
    if (!trio_send_channel_send (send, nursery, error))
      return FALSE;
  ok = trio_nursery_close (nursery, TRUE);
  bench_say (name, (bench_cpu_ns () - before) / BENCH_MESSAGES);
  return ok;
}

static gboolean
messages_main (gpointer data G_GNUC_UNUSED, GError **error)
{
  return one_way (0, "one-way-ns", error) && one_way (BENCH_BUFFER, "buffered-ns", error) && bursts (error);
}

static void
do_messages (void)
{
  run (messages_main);
}

/* sleepers */

static gboolean
sleeper (gpointer n_asleep, GError **error)
{
  ++*(int *) n_asleep;
  return trio_sleep (G_TIME_SPAN_HOUR, error);
}

static void
say_each (const char *prefix, const char *what, double value)
{
  g_autofree char *name = g_strconcat (prefix, "-", what, NULL);

  bench_say (name, value);
}

static gboolean
put_to_sleep (int n, const char *prefix, GError **error)
{
  g_autoptr (TrioNursery) nursery = trio_nursery_open (error);
  double bytes = bench_resident_bytes ();
  double before = bench_cpu_ns ();
  int n_asleep = 0;
  gboolean ok;

  for (int i = 0; i < n; i++)
    trio_nursery_start_soon (nursery, sleeper, &n_asleep);
  while (n_asleep < n)
    if (!trio_checkpoint (error))
      return FALSE;
  say_each (prefix, "create-ns", (bench_cpu_ns () - before) / n);
  say_each (prefix, "bytes", (bench_resident_bytes () - bytes) / n);

  before = bench_cpu_ns ();
  trio_nursery_cancel (nursery);
  ok = trio_nursery_close (nursery, TRUE);
  say_each (prefix, "cancel-ns", (bench_cpu_ns () - before) / n);
  return ok;
}

static gboolean
sleepers_main (gpointer data G_GNUC_UNUSED, GError **error)
{
  return put_to_sleep (BENCH_SLEEPERS, "sleeper", error);
}

static gboolean
many_sleepers_main (gpointer data G_GNUC_UNUSED, GError **error)
{
  return put_to_sleep (BENCH_MANY_SLEEPERS, "many-sleepers", error);
}

static void
do_sleepers (void)
{
  run (sleepers_main);
}

static void
do_many_sleepers (void)
{
  run (many_sleepers_main);
}

/* timers */

static gboolean
napper (gpointer data, GError **error)
{
  unsigned state = GPOINTER_TO_UINT (data);

  for (int i = 0; i < BENCH_TIMERS / BENCH_TIMER_TASKS; i++)
    if (!trio_sleep (bench_next_us (&state), error))
      return FALSE;
  return TRUE;
}

static gboolean
timers_main (gpointer data G_GNUC_UNUSED, GError **error)
{
  g_autoptr (TrioNursery) nursery = trio_nursery_open (error);
  double before = bench_cpu_ns ();
  gboolean ok;

  for (unsigned i = 0; i < BENCH_TIMER_TASKS; i++)
    trio_nursery_start_soon (nursery, napper, GUINT_TO_POINTER (i));
  ok = trio_nursery_close (nursery, TRUE);
  bench_say ("timer-ns", (bench_cpu_ns () - before) / BENCH_TIMERS);
  return ok;
}

static void
do_timers (void)
{
  run (timers_main);
}

/* errands to threads */

static gboolean
errands_main (gpointer data G_GNUC_UNUSED, GError **error)
{
  double before = bench_cpu_ns ();

  for (int i = 0; i < BENCH_ERRANDS; i++)
    if (!trio_to_thread_run_sync (nothing, NULL, error))
      return FALSE;
  bench_say ("errand-ns", (bench_cpu_ns () - before) / BENCH_ERRANDS);
  return TRUE;
}

static void
do_errands (void)
{
  run (errands_main);
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
    { "messages", do_messages },
    { "sleepers", do_sleepers },
    { "many-sleepers", do_many_sleepers },
    { "timers", do_timers },
    { "errands", do_errands },
    { "real", do_real },
    { "simulated", do_simulated },
    { 0 }
  };

  return bench_main (argc, argv, works);
}
