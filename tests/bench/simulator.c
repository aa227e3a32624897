/* SPDX-License-Identifier: MIT OR Apache-2.0 */

/* How many runs a second the simulator does of a scenario of two tasks and ten steps, with each strategy; what it costs to keep more of a
 * run than its schedule, which is always kept; and how many `explore` does with one process and with two. Setting up a world and judging it is
 * in each run, measuring the scenario is not. */

#include <glib/gstdio.h>
#include <trio-sim/sim.h>

#include "tests/bench/bench.h"

#define RUNS  20000
#define CAMPAIGN 200000
#define STEPS 5          /* of each task */

static gboolean
take_steps (gpointer data G_GNUC_UNUSED, GError **error)
{
  for (int i = 1; i < STEPS; i++)
    if (!trio_checkpoint (error))
      return FALSE;
  return TRUE;
}

static gboolean
two_tasks (gpointer data G_GNUC_UNUSED, GError **error)
{
  g_autoptr (TrioNursery) nursery = trio_nursery_open (error);

  trio_nursery_start_soon (nursery, take_steps, NULL);
  trio_nursery_start_soon (nursery, take_steps, NULL);
  return trio_nursery_close (nursery, TRUE);
}

static void
do_runs (const char *name, TrioSimOptions options, int n)
{
  g_autoptr (TrioSimMeasure) measure = trio_sim_measure (two_tasks, NULL, NULL, NULL);
  double before = bench_cpu_ns ();

  options.measure = measure;
  for (int i = 0; i < n; i++)
    {
      g_autoptr (TrioSimReport) report = NULL;
      g_autoptr (GError) error = NULL;

      options.seed = (guint64) i + 1;
      if (!trio_sim_run (two_tasks, NULL, &options, &report, &error))
        g_error ("%s", error->message);
    }
  bench_say (name, n * 1e9 / (bench_cpu_ns () - before));
}

static void
do_strategies (void)
{
  static const char *const strategies[] = { "fifo", "random", "pct:3", "pos", "urw", "surw", "delay:2", "portfolio" };

  for (guint i = 0; i < G_N_ELEMENTS (strategies); i++)
    {
      g_autofree char *name = g_strdup_printf ("runs-%s", strategies[i]);

      do_runs (name, (TrioSimOptions) { .strategy = strategies[i] }, RUNS);
    }
}

static void
look_at (const TrioScheduleEntry *entry G_GNUC_UNUSED, gpointer data)
{
  ++*(guint *) data;
}

static void
do_recording (void)
{
  g_autofree char *path = g_build_filename (g_get_tmp_dir (), "bench-simulator.trace", NULL);
  guint n = 0;

  do_runs ("recorded-schedule", (TrioSimOptions) { .strategy = "portfolio" }, RUNS);
  do_runs ("recorded-choices", (TrioSimOptions) { .strategy = "portfolio", .on_choice = look_at, .user_data = &n }, RUNS);
  do_runs ("recorded-twice", (TrioSimOptions) { .strategy = "portfolio", .check_determinism = TRUE }, RUNS);
  do_runs ("recorded-trace", (TrioSimOptions) { .strategy = "portfolio", .trace_path = path }, RUNS / 10);
  g_unlink (path);
}

static const char *own_path;

static double
number_behind (const char *json, const char *key)
{
  const char *at = g_strrstr (json, key);

  return at != NULL ? g_ascii_strtod (at + strlen (key), NULL) : 0;
}

/* What a campaign gets out of the processors, all that it does besides included. Real time: a second processor is there to save that, and
 * nothing else should be busy on the machine. */
static void
do_jobs (void)
{
  for (int jobs = 1; jobs <= 2; jobs++)
    {
      g_autofree char *name = g_strdup_printf ("jobs-%d", jobs);
      const char *argv[] = { own_path, "explore", "--json", "--runs", G_STRINGIFY (CAMPAIGN), "--jobs", name + strlen ("jobs-"), NULL };
      g_autofree char *out = NULL;
      g_autoptr (GError) error = NULL;

      if (!g_spawn_sync (NULL, (char **) argv, NULL, G_SPAWN_SEARCH_PATH, NULL, NULL, &out, NULL, NULL, &error))
        g_error ("%s", error->message);
      bench_say (name, number_behind (out, "\"runs\": ") * 1e6 / number_behind (out, "\"elapsed_us\": "));
    }
}

int
main (int argc, char **argv)
{
  static const BenchWork works[] = { { "strategies", do_strategies }, { "recording", do_recording }, { "jobs", do_jobs }, { 0 } };
  static const TrioScenario scenarios[] = { { "two-tasks", two_tasks, NULL, "two tasks of five steps" }, { 0 } };

  own_path = argv[0];
  if (argc > 1 && strcmp (argv[1], "explore") == 0)
    return trio_sim_main (argc, argv, scenarios);
  return bench_main (argc, argv, works);
}
