/* SPDX-License-Identifier: MIT OR Apache-2.0 */

/* The driver: one input is one run of the simulator with the strategy "bytes".
 *
 * Always true:
 *  1. A run that is well leaves nothing behind: the next input starts from the same state.
 *  2. A run that fails is the program's last: it is told, kept, and abort() hands it to libFuzzer.
 *  3. The schedule file has the artifact's name and ".schedule" behind it: libFuzzer names it after the SHA-1 of its bytes.
 *
 * Called from libFuzzer, or from standalone-main.c; one thread. */

#include "fuzz/driver.h"
#include "simulator/cli/follow.h"
#include "simulator/result-file.h"
#include "simulator/schedule.h"

#include <locale.h>
#include <string.h>

/* LeakSanitizer's, where there is one. */
void __lsan_disable (void) __attribute__ ((weak));
/* libFuzzer's. */
size_t LLVMFuzzerMutate (uint8_t *data, size_t size, size_t max_size) __attribute__ ((weak));

static char    *program_name;
static char    *program_path;
static char    *artifact_prefix;
static gboolean keeps_schedules = TRUE;
static gboolean is_plain;           /* libFuzzer's own mutations, and decisions for coverage: to compare with */
static gboolean writes_artifacts;

/* Coverage of another kind: libFuzzer keeps an input that sets a counter here which none has set before. A counter is a fact about the
 * run (simulator/cli/follow.h): who took a step after whom, who woke whom, what tasks waited in together. So it collects schedules that
 * differ in what follows what, even where the code they run is the same. */
#define N_COUNTERS (1 << 16)

__attribute__ ((section ("__libfuzzer_extra_counters"), used))
static uint8_t counters[N_COUNTERS];

static void
count (guint64 h)
{
  h ^= h >> 29;
  h *= G_GUINT64_CONSTANT (0x9e3779b97f4a7c15);
  counters[h >> 48] = 1;
}

G_STATIC_ASSERT (N_COUNTERS == 1 << 16);      /* 64 - 48 bits */

static void
count_decision (const TrioScheduleEntry *entry, gpointer data G_GNUC_UNUSED)
{
  guint64 h = entry->path_hash * 31 + g_str_hash (entry->label);

  count (h * 31 + (entry->target != NULL ? g_str_hash (entry->target) : entry->value));
}

static void
count_facts (TrioCliFollow *follow)
{
  gsize n_facts;
  const guint64 *facts = trio_cli_follow_get_facts (follow, &n_facts);

  for (gsize i = 0; i < n_facts; i++)
    if (TRIO_CLI_FACT_KIND (facts[i]) == TRIO_CLI_FACT_PAIR || TRIO_CLI_FACT_KIND (facts[i]) == TRIO_CLI_FACT_NOTICED)
      count (facts[i]);
}

/* Writes what replay wants to know into the schedule's header. No program: the scenario's own replays it as well as this one. */
static void
fill_header (TrioSchedule *schedule, const TrioScenario *scenario, TrioSimInject inject, TrioSimVerdict verdict, const char *name)
{
  TrioScheduleHeader *header = trio_schedule_get_header (schedule);

  g_free (header->program);
  g_free (header->scenario);
  g_free (header->strategy);
  g_free (header->name);
  header->program = NULL;
  header->scenario = g_strdup (scenario->name);
  header->strategy = g_strdup ("bytes");
  header->name = g_strdup (name);
  header->inject = inject;
  header->verdict = verdict;
}

static void
fill_header_from_report (const TrioScenario *scenario, TrioSimInject inject, TrioSimReport *report)
{
  TrioScheduleHeader *header = trio_schedule_get_header (report->schedule);

  fill_header (report->schedule, scenario, inject, report->verdict, report->name);
  header->steps = report->steps;
  header->hash = report->hash;
}

static void
print_failure (const TrioScenario *scenario, const TrioSimReport *report)
{
  guint n = trio_schedule_get_length (report->schedule);

  g_printerr ("\n%s: %s, %s\n", scenario->name, trio_sim_verdict_to_string (report->verdict),
              report->name != NULL ? report->name : "without a name");
  if (n == 0)
    g_printerr ("in the ordinary run\n");
  else
    g_printerr ("in the ordinary run, except:\n");

  for (guint i = 0; i < n; i++)
    {
      g_autofree char *words = trio_schedule_entry_to_words (trio_schedule_get_entry (report->schedule, i));

      g_printerr ("  %s\n", words);
    }
  if (report->message != NULL)
    g_printerr ("%s%s", report->message, g_str_has_suffix (report->message, "\n") ? "" : "\n");
}

/* Where libFuzzer puts an input that crashes. */
static char *
artifact_path (const uint8_t *data, size_t size)
{
  g_autofree char *sha1 = g_compute_checksum_for_data (G_CHECKSUM_SHA1, data, size);

  return g_strconcat (artifact_prefix != NULL ? artifact_prefix : "", "crash-", sha1, NULL);
}

static void
keep_schedule (const TrioSchedule *schedule, const char *artifact)
{
  g_autofree char *path = g_strconcat (artifact, ".schedule", NULL);
  g_autoptr (GError) error = NULL;

  if (!trio_schedule_save (schedule, path, &error))
    g_printerr ("the schedule cannot be kept: %s\n", error->message);
  else
    g_printerr ("kept; replay and shrink it with\n"
                "  %s replay %s\n"
                "  %s shrink %s\n", program_path, path, program_path, path);
}

static void
keep_artifact (const uint8_t *data, size_t size, const char *artifact)
{
  g_autoptr (GError) error = NULL;

  if (!trio_sim_write_file (artifact, data, size, &error))
    g_printerr ("the input cannot be kept: %s\n", error->message);
  else
    g_printerr ("the input is kept as %s\n", artifact);
}

/* Another scenario's schedule in a folder of inputs is a slip of a person. What cannot be read at all, a fuzzer makes all the time. */
static void
tell_once (const GError *error)
{
  static gboolean told;

  if (!told && g_error_matches (error, TRIO_ERROR, TRIO_ERROR_MISUSE))
    {
      g_printerr ("an input is left out, and so will be others like it: %s\n", error->message);
      told = TRUE;
    }
}

int
trio_fuzz_one_input (const TrioScenario *scenario, TrioSimInject inject, const uint8_t *data, size_t size)
{
  static TrioCliFollow *follow;
  TrioFuzzInput input;
  g_autoptr (TrioSimReport) report = NULL;
  g_autoptr (GError) error = NULL;
  g_autofree char *artifact = NULL;
  gboolean ok;

  if (!trio_fuzz_input_read (&input, scenario, inject, data, size, &error))
    {
      tell_once (error);
      return 0;
    }

  memset (counters, 0, sizeof counters);
  input.options.program = program_name;
  input.options.on_decision = count_decision;
  if (follow == NULL && !is_plain)
    follow = trio_cli_follow_new ();
  if (follow != NULL)
    input.options.instrument = trio_cli_follow_begin (follow);
  ok = trio_sim_run (scenario->func, scenario->data, &input.options, &report, &error);
  if (follow != NULL)
    count_facts (follow);
  trio_fuzz_input_clear (&input);
  if (ok)
    return 0;

  if (report == NULL)
    g_error ("there could be no run: %s", error->message);

  print_failure (scenario, report);
  fill_header_from_report (scenario, inject, report);
  artifact = artifact_path (data, size);
  if (writes_artifacts)
    keep_artifact (data, size, artifact);
  if (keeps_schedules)
    keep_schedule (report->schedule, artifact);
  g_abort ();
}

size_t
trio_fuzz_mutate (const TrioScenario *scenario, TrioSimInject inject, uint8_t *data, size_t size, size_t max_size, unsigned int seed)
{
  if (is_plain && LLVMFuzzerMutate != NULL)
    return LLVMFuzzerMutate (data, size, max_size);

  trio_fuzz_map_make (scenario, inject);
  return trio_fuzz_mutate_bytes (data, trio_fuzz_input_to_bytes (scenario, inject, data, size, max_size), max_size, seed);
}

/* The input as bytes, in memory of its own. */
static uint8_t *
bytes_of (const TrioScenario *scenario, TrioSimInject inject, const uint8_t *data, size_t *size, size_t max_size)
{
  uint8_t *copy = g_malloc0 (MAX (*size, max_size) + 1);

  if (*size > 0)
    memcpy (copy, data, *size);
  *size = trio_fuzz_input_to_bytes (scenario, inject, copy, *size, max_size);
  return copy;
}

size_t
trio_fuzz_cross_over (const TrioScenario *scenario, TrioSimInject inject, const uint8_t *first, size_t first_size, const uint8_t *second,
                      size_t second_size, uint8_t *out, size_t max_size, unsigned int seed)
{
  g_autofree uint8_t *one = bytes_of (scenario, inject, first, &first_size, max_size);
  g_autofree uint8_t *other = bytes_of (scenario, inject, second, &second_size, max_size);

  return trio_fuzz_cross_over_bytes (one, first_size, other, second_size, out, max_size, seed);
}

/* A schedule that is written anew at each decision. */
typedef struct
{
  TrioSchedule *schedule;
  const char   *path;
  GError       *error;
} Diary;

static void
note_decision (const TrioScheduleEntry *entry, gpointer data)
{
  Diary *diary = data;

  trio_schedule_append (diary->schedule, entry);
  if (diary->error == NULL)
    {
      /* The result is kept in diary->error, and looked at after the run. */
      gboolean ok = trio_schedule_save (diary->schedule, diary->path, &diary->error);

      (void) ok;
    }
}

gboolean
trio_fuzz_to_schedule (const TrioScenario *scenario, TrioSimInject inject, const uint8_t *data, size_t size, const char *path,
                       TrioSimVerdict *verdict, GError **error)
{
  TrioFuzzInput input;
  g_autoptr (TrioSchedule) schedule = trio_schedule_new ();
  g_autoptr (TrioSimReport) report = NULL;
  g_autoptr (GError) failure = NULL;
  Diary diary = { schedule, path, NULL };
  gboolean ok;

  if (!trio_fuzz_input_read (&input, scenario, inject, data, size, error))
    return FALSE;
  inject = input.options.inject;
  /* If nothing better is written later, the run has killed us. */
  fill_header (schedule, scenario, inject, TRIO_SIM_CRASH, NULL);
  if (!trio_schedule_save (schedule, path, error))
    return FALSE;

  input.options.program = program_name;
  input.options.on_decision = note_decision;
  input.options.user_data = &diary;
  ok = trio_sim_run (scenario->func, scenario->data, &input.options, &report, &failure);
  trio_fuzz_input_clear (&input);
  if (diary.error != NULL)
    {
      g_propagate_error (error, diary.error);
      return FALSE;
    }
  if (report == NULL)
    {
      g_assert (!ok);
      g_propagate_error (error, g_steal_pointer (&failure));
      return FALSE;
    }

  fill_header_from_report (scenario, inject, report);
  if (!trio_schedule_save (report->schedule, path, error))
    return FALSE;

  if (verdict != NULL)
    *verdict = report->verdict;
  return TRUE;
}

static int
usage (const char *what)
{
  g_printerr ("usage: %s %s\n", program_path, what);
  return 2;
}

static int
complain (const GError *error)
{
  g_printerr ("%s: %s\n", program_path, error->message);
  return 2;
}

/* What the input is to become: the second argument, or its own name with an ending. */
static char *
name_of_result (int argc, char **argv, const char *ending)
{
  return argc == 4 ? g_strdup (argv[3]) : g_strconcat (argv[2], ending, NULL);
}

static int
run_to_schedule (const TrioScenario *scenario, TrioSimInject inject, int argc, char **argv)
{
  g_autofree char *path = NULL;
  g_autofree char *bytes = NULL;
  g_autoptr (GError) error = NULL;
  TrioSimVerdict verdict;
  gsize size;

  if (argc < 3 || argc > 4)
    return usage ("to-schedule INPUT [SCHEDULE]");

  path = name_of_result (argc, argv, ".schedule");
  if (!g_file_get_contents (argv[2], &bytes, &size, &error)
      || !trio_fuzz_to_schedule (scenario, inject, (const uint8_t *) bytes, size, path, &verdict, &error))
    return complain (error);

  g_print ("%s: %s\n", path, verdict == TRIO_SIM_OK ? "this run is well" : trio_sim_verdict_to_string (verdict));
  return verdict == TRIO_SIM_OK ? 0 : 1;
}

static int
run_to_bytes (const TrioScenario *scenario, TrioSimInject inject, int argc, char **argv)
{
  g_autoptr (TrioSchedule) schedule = NULL;
  g_autoptr (GBytes) bytes = NULL;
  g_autoptr (GError) error = NULL;
  g_autofree char *path = NULL;
  gconstpointer contents;
  gsize size;

  if (argc < 3 || argc > 4)
    return usage ("to-bytes SCHEDULE [INPUT]");

  path = name_of_result (argc, argv, ".bytes");
  schedule = trio_schedule_load (argv[2], &error);
  bytes = schedule != NULL ? trio_fuzz_to_bytes (scenario, inject, schedule, &error) : NULL;
  if (bytes == NULL)
    return complain (error);
  contents = g_bytes_get_data (bytes, &size);
  if (!trio_sim_write_file (path, contents, size, &error))
    return complain (error);
  g_print ("%s: %" G_GSIZE_FORMAT " bytes\n", path, size);
  return 0;
}

/* libFuzzer's -minimize_crash makes bytes fewer. That is not what a person wants to read: the shrinker of the simulator makes decisions
 * fewer, knows which belong together, and says why the rest is needed. */
static int
run_shrink_input (const TrioScenario *scenario, TrioSimInject inject, int argc, char **argv)
{
  const TrioScenario scenarios[] = { *scenario, { NULL, NULL, NULL, NULL } };
  g_autofree char *path = NULL;
  char *words[] = { argv[0], (char *) "shrink", NULL, NULL };
  int exit_code = run_to_schedule (scenario, inject, argc, argv);

  if (exit_code == 2)
    return exit_code;
  path = name_of_result (argc, argv, ".schedule");
  words[2] = path;
  return trio_sim_main (3, words, scenarios);
}

void
trio_fuzz_initialize (const TrioScenario *scenario, TrioSimInject inject, int argc, char **argv)
{
  static const char *const commands[] = { "list", "explore", "sweep", "exhaust", "replay", "shrink", NULL };
  static const struct
  {
    const char *name;
    int       (*run) (const TrioScenario *scenario, TrioSimInject inject, int argc, char **argv);
  } own[] = { { "to-schedule", run_to_schedule }, { "to-bytes", run_to_bytes }, { "shrink-input", run_shrink_input } };
  const TrioScenario scenarios[] = { *scenario, { NULL, NULL, NULL, NULL } };

  setlocale (LC_CTYPE, "");    /* so that messages keep their letters; numbers are the same everywhere */
  g_clear_pointer (&program_name, g_free);
  program_name = g_path_get_basename (argv[0]);
  program_path = argv[0];

  if (argc > 1 && g_strv_contains (commands, argv[1]))
    exit (trio_sim_main (argc, argv, scenarios));
  for (guint i = 0; argc > 1 && i < G_N_ELEMENTS (own); i++)
    if (g_str_equal (argv[1], own[i].name))
      {
        /* A failed run is abandoned where it stands: a list of what it held would bury the result. */
        if (__lsan_disable != NULL)
          __lsan_disable ();
        exit (own[i].run (scenario, inject, argc, argv));
      }

  for (int i = 1; i < argc; i++)
    {
      if (g_str_has_prefix (argv[i], "-artifact_prefix="))
        artifact_prefix = strchr (argv[i], '=') + 1;
      if (g_str_equal (argv[i], "--trio-plain"))
        is_plain = TRUE;
      /* When libFuzzer makes a crash smaller it fails a thousand times; and with an exact path the schedule would have no place. */
      if (g_str_has_prefix (argv[i], "-minimize_crash") || g_str_has_prefix (argv[i], "-exact_artifact_path="))
        keeps_schedules = FALSE;
    }
}

void
trio_fuzz_write_artifacts (gboolean yes)
{
  writes_artifacts = yes;
}
