/* SPDX-License-Identifier: MIT OR Apache-2.0 */

/* Tests whose bodies are tasks. See <trio-sim/test.h>.
 *
 *     g_test calls run_test ()
 *        |- a schedule is to be replayed: that, in this process          or else
 *        |- the real world                  trio_run ()
 *        |- N schedules                     the search of `explore`      in children
 *        '- an injection at every place     the search of `sweep`        in children
 *
 * Everything it says is a comment in TAP, by g_test_message(). */

#include <trio-sim/test.h>

#include <stdlib.h>
#include <string.h>

#include <trio/testing/mock-clock.h>

#include "simulator/cli/coverage.h"
#include "simulator/cli/options.h"
#include "simulator/cli/os.h"
#include "simulator/cli/report.h"
#include "simulator/cli/searches.h"

#define BUDGET_DEFAULT  500
#define TIMEOUT_DEFAULT 60

typedef struct
{
  char           *path;
  TrioFunc        func;
  gpointer        data;
  GDestroyNotify  destroy;
  TrioTestFlags   flags;
} Test;

/* What was typed, or stands in the environment. Strings live as long as the program. */
static struct
{
  gboolean       is_read;
  const char    *argv0;          /* NULL: trio_test_init() was not called */
  const char    *schedules_text;
  const char    *inject_text;
  const char    *seed_text;
  const char    *keep;
  const char    *replay;
  const char    *trace;
  guint64        schedules;
  TrioSimInject  inject;
  guint64        seed;
} settings;

/* --- settings --- */

static const struct
{
  const char  *option;
  const char  *variable;
  const char **value;
} names[] = {
  { "--trio-schedules", "TRIO_TEST_SCHEDULES", &settings.schedules_text },
  { "--trio-inject", "TRIO_TEST_INJECT", &settings.inject_text },
  { "--trio-seed", "TRIO_TEST_SEED", &settings.seed_text },
  { "--trio-keep", "TRIO_TEST_KEEP", &settings.keep },
  { "--trio-replay", "TRIO_TEST_REPLAY", &settings.replay },
  { "--trio-trace", NULL, &settings.trace },
};

static void refuse (const char *format, ...) G_GNUC_PRINTF (1, 2) G_GNUC_NORETURN;

static void
refuse (const char *format, ...)
{
  g_autofree char *text = NULL;
  g_autofree char *line = NULL;
  va_list args;

  va_start (args, format);
  text = g_strdup_vprintf (format, args);
  va_end (args);
  line = g_strconcat (g_get_prgname (), ": ", text, "\n", NULL);
  trio_cli_put_error (line);
  exit (TRIO_CLI_EXIT_USAGE);
}

static void
read_settings (void)
{
  g_autoptr (GError) error = NULL;

  if (settings.is_read)
    return;
  settings.is_read = TRUE;
  for (guint i = 0; i < G_N_ELEMENTS (names); i++)
    if (*names[i].value == NULL && names[i].variable != NULL)
      {
        const char *value = g_getenv (names[i].variable);

        if (value != NULL && value[0] != '\0')
          *names[i].value = g_strdup (value);
      }

  settings.seed = 1;
  if (settings.schedules_text != NULL && !trio_cli_parse_number (settings.schedules_text, &settings.schedules))
    refuse ("--trio-schedules=%s: expected a number", settings.schedules_text);
  if (settings.seed_text != NULL && !trio_cli_parse_number (settings.seed_text, &settings.seed))
    refuse ("--trio-seed=%s: expected a number", settings.seed_text);
  if (settings.inject_text != NULL && !trio_cli_parse_inject (settings.inject_text, &settings.inject, &error))
    refuse ("--trio-inject: %s", error->message);
}

/* "--trio-seed=5" or "--trio-seed" "5": how many arguments that are. */
static int
take_argument (char **argv, int left)
{
  for (guint i = 0; i < G_N_ELEMENTS (names); i++)
    {
      gsize length = strlen (names[i].option);

      if (strncmp (argv[0], names[i].option, length) != 0)
        continue;
      if (argv[0][length] == '=')
        {
          *names[i].value = argv[0] + length + 1;
          return 1;
        }
      if (argv[0][length] != '\0')
        continue;
      if (left < 2)
        refuse ("%s: a value is missing", names[i].option);
      *names[i].value = argv[1];
      return 2;
    }
  if (g_str_has_prefix (argv[0], "--trio-"))
    refuse ("there is no option %s", argv[0]);
  return 0;
}

void
trio_test_init (int *argc, char ***argv)
{
  int n = 1;

  g_return_if_fail (argc != NULL && argv != NULL && *argc >= 1);

  settings.argv0 = (*argv)[0];
  if (g_get_prgname () == NULL)
    {
      g_autofree char *name = g_path_get_basename (settings.argv0);

      g_set_prgname (name);
    }
  for (int i = 1; i < *argc;)
    {
      int taken = take_argument (*argv + i, *argc - i);

      if (taken == 0)
        (*argv)[n++] = (*argv)[i++];
      else
        i += taken;
    }
  (*argv)[n] = NULL;
  *argc = n;
  read_settings ();
  g_test_init (argc, argv, NULL);
}

/* --- telling --- */

/* g_test_message() makes one comment of it; so a line at a time. */
static void
say (const char *text)
{
  g_auto (GStrv) lines = g_strsplit (text, "\n", -1);

  for (guint i = 0; lines[i] != NULL; i++)
    if (lines[i][0] != '\0' || lines[i + 1] != NULL)
      g_test_message ("%s", lines[i]);
}

static char *
replay_command (const char *schedule_path, const char *test_path)
{
  g_autofree char *absolute = g_canonicalize_filename (schedule_path, NULL);
  g_autofree char *file = trio_cli_shell_word (absolute);
  g_autofree char *test = trio_cli_shell_word (test_path);
  g_autofree char *program = trio_cli_shell_word (settings.argv0 != NULL ? settings.argv0 : g_get_prgname ());

  if (settings.argv0 != NULL)
    return g_strdup_printf ("%s --trio-replay=%s -p %s", program, file, test);
  return g_strdup_printf ("TRIO_TEST_REPLAY=%s %s -p %s", file, program, test);
}

static void
report_failure (const TrioCliCampaign *campaign, const TrioCliFailure *failure)
{
  g_autoptr (GString) out = g_string_new (NULL);

  g_string_append_printf (out, "FAILED  %s: %s\nrun %" G_GUINT64_FORMAT " of the %s", failure->kind, failure->name, failure->run,
                          g_str_equal (campaign->command, "sweep") ? "sweep" : "schedules");
  if (failure->shrink_runs > 0)
    g_string_append_printf (out, "; shrunk from %u decisions to %u in %u runs", failure->found_with, trio_cli_failure_deviations (failure),
                            failure->shrink_runs);
  g_string_append (out, "\n\n");
  if (failure->schedule != NULL)
    trio_cli_append_decisions (out, failure->schedule);
  if (failure->message != NULL)
    {
      g_string_append (out, "\nand then:\n\n");
      trio_cli_append_indented (out, "  ", failure->message);
    }
  if (failure->path != NULL)
    {
      g_autofree char *command = replay_command (failure->path, campaign->scenario->name);

      g_string_append_printf (out, "\nreplay it:  %s\n", command);
    }
  else if (failure->trouble != NULL)
    g_string_append_printf (out, "\n%s\n", failure->trouble);
  say (out->str);
  g_test_fail_printf ("%s: %s", failure->kind, failure->name);
}

/* --- the runs --- */

/* A body may also say with g_test_fail() that it failed; the simulator would not notice. */
static gboolean
run_body (gpointer data, GError **error)
{
  const Test *test = data;

  if (!test->func (test->data, error))
    return FALSE;
  if (!g_test_failed ())
    return TRUE;
  g_set_error_literal (error, TRIO_ERROR, TRIO_ERROR_FAILED, "the test called g_test_fail()");
  return FALSE;
}

static void
run_really (Test *test)
{
  g_autoptr (TrioMockClock) clock = trio_mock_clock_new ();
  TrioRunOptions options = { 0 };
  g_autoptr (GError) error = NULL;

  if (test->flags & TRIO_TEST_AUTOJUMP)
    {
      trio_mock_clock_set_autojump_threshold (clock, 0);
      options.clock = trio_mock_clock_get_clock (clock);
    }
  if (!trio_run_with (run_body, test, &options, &error))
    {
      say (error->message);
      g_test_fail_printf ("%s %d: %s", g_quark_to_string (error->domain), error->code, error->message);
    }
}

static void
search (Test *test, const char *command, guint64 runs)
{
  const TrioScenario scenarios[] = { { test->path, run_body, test, NULL }, { NULL, NULL, NULL, NULL } };
  const TrioCli cli = { settings.argv0 != NULL ? settings.argv0 : g_get_prgname (), g_get_prgname (), scenarios };
  TrioCliCampaign campaign = {
    .cli = &cli, .command = command, .seed = settings.seed, .inject = settings.inject, .jobs = 1, .budget = BUDGET_DEFAULT,
    .strategy = g_str_equal (command, "sweep") ? "sweep" : "portfolio", .target.timeout_s = TIMEOUT_DEFAULT, .target.misuses = TRUE,
    .keep = settings.keep != NULL ? settings.keep : TRIO_CLI_KEEP_DEFAULT, .report = report_failure,
  };
  g_autoptr (TrioCliTally) tally = trio_cli_tally_new ();
  g_autoptr (GError) error = NULL;
  gboolean ok;

  trio_cli_campaign_begin (&campaign, scenarios);
  ok = g_str_equal (command, "sweep") ? trio_cli_sweep_scenario (&campaign, tally, &error)
                                      : trio_cli_explore_scenario (&campaign, runs, tally, &error);
  if (!ok)
    g_test_fail_printf ("no simulated run could be made: %s", error->message);
  else if (campaign.failures->len == 0)
    g_test_message ("nothing found in %" G_GUINT64_FORMAT " runs of the %s", tally->runs,
                    g_str_equal (command, "sweep") ? "sweep" : "schedules");
  trio_cli_campaign_clear (&campaign);
}

/* --- replaying --- */

static TrioSimInject
inject_of (TrioSchedule *schedule)
{
  TrioSimInject inject = trio_schedule_get_header (schedule)->inject;

  for (guint i = 0; i < trio_schedule_get_length (schedule); i++)
    inject |= trio_cli_kind_of (trio_schedule_get_entry (schedule, i)->label);
  return inject;
}

static void
report_replay (TrioSchedule *schedule, const TrioSimReport *report)
{
  const TrioScheduleHeader *header = trio_schedule_get_header (schedule);
  g_autoptr (GString) out = g_string_new (NULL);

  if (report->unmatched > 0)
    g_string_append_printf (out, "%u of %u decisions of the file found no place: the test has changed since, or the file was edited\n",
                            report->unmatched, trio_schedule_get_length (schedule));
  if (report->message != NULL)
    {
      g_string_append (out, "and then:\n\n");
      trio_cli_append_indented (out, "  ", report->message);
    }
  if (!trio_cli_same_failure (header->verdict, header->name, report))
    g_string_append_printf (out, "\nthe file tells of another outcome: %s%s%s\n", trio_sim_verdict_to_string (header->verdict),
                            header->name != NULL ? ": " : "", header->name != NULL ? header->name : "");
  say (out->str);
}

/* Before the run: it may crash. */
static void
announce_replay (TrioSchedule *schedule)
{
  g_autoptr (GString) out = g_string_new (NULL);

  g_string_append_printf (out, "replaying %s\n\n", settings.replay);
  trio_cli_append_decisions (out, schedule);
  g_string_append_c (out, '\n');
  say (out->str);
}

static void
replay (Test *test)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (TrioSchedule) schedule = trio_schedule_load (settings.replay, &error);
  g_autoptr (TrioSimReport) report = NULL;
  TrioSimOptions options = { .strategy = "replay", .schedule = schedule, .trace_path = settings.trace, .program = g_get_prgname () };
  gboolean ok;

  if (schedule == NULL)
    refuse ("%s", error->message);
  if (g_strcmp0 (trio_schedule_get_header (schedule)->scenario, test->path) != 0)
    {
      g_test_skip ("the schedule to be replayed is of another test");
      return;
    }
  announce_replay (schedule);
  options.inject = inject_of (schedule);
  options.heal_after = trio_schedule_get_header (schedule)->heal_after;
  options.heal_within = trio_schedule_get_header (schedule)->heal_within;
  ok = trio_sim_run (run_body, test, &options, &report, &error);
  if (report != NULL)
    report_replay (schedule, report);
  if (!ok)
    g_test_fail_printf ("%s", report != NULL && report->name != NULL ? report->name : error->message);
}

/* --- tests --- */

static void
run_test (gconstpointer data)
{
  Test *test = (Test *) data;

  read_settings ();
  if (settings.replay != NULL)
    {
      replay (test);
      return;
    }
  if (!(test->flags & TRIO_TEST_SIMULATED_ONLY))
    run_really (test);
  else if (settings.schedules == 0)
    search (test, "explore", 1);
  if (test->flags & TRIO_TEST_REAL_ONLY)
    return;
  if (settings.schedules > 0 && !g_test_failed ())
    search (test, "explore", settings.schedules);
  if (settings.inject != TRIO_SIM_INJECT_NONE && !g_test_failed ())
    search (test, "sweep", 0);
}

static void
free_test (gpointer data)
{
  Test *test = data;

  if (test->destroy != NULL)
    test->destroy (test->data);
  g_free (test->path);
  g_free (test);
}

void
trio_test_add_func_full (const char *path, TrioFunc func, gpointer data, GDestroyNotify destroy, TrioTestFlags flags)
{
  Test *test;

  g_return_if_fail (path != NULL && func != NULL);

  test = g_new (Test, 1);
  *test = (Test) { g_strdup (path), func, data, destroy, flags };
  g_test_add_data_func_full (path, test, run_test, free_test);
}

void
trio_test_add_func (const char *path, TrioFunc func)
{
  trio_test_add_func_full (path, func, NULL, NULL, TRIO_TEST_DEFAULT);
}
