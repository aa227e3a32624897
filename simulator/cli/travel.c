/* SPDX-License-Identifier: MIT OR Apache-2.0 */

/* The prompt of replay --travel; see travel.h. What it is made of is track.h: this file reads a line, moves the traveller, tells where it
 * stands.
 *
 *     to 41        before step 41           where        who takes the next step, and from which stack
 *     back 3       three steps back         tree         all tasks: what they wait for, since when, where
 *     next         one step on              decisions    the schedule, and how much of it lies behind
 *     end          to the end               branch …     what else could come of it from here
 *                                           break        gdb, in a copy of the program that has stopped here
 */

#include "simulator/cli/travel.h"
#include "simulator/cli/branch.h"
#include "simulator/cli/options.h"
#include "simulator/cli/os.h"
#include "simulator/cli/progress.h"
#include "simulator/cli/report.h"
#include "simulator/cli/shrinker.h"
#include "simulator/cli/track.h"

#include <string.h>

typedef struct
{
  const TrioCli             *cli;
  const TrioCliScheduleFile *file;
  TrioCliTarget              target;
  const char                *keep;
  TrioSchedule              *decisions;     /* as a run records them, with their steps */
  guint64                    total;         /* steps */
  TrioCliTrack              *track;
  gboolean                   done;
} Travel;

typedef struct
{
  const char *name;
  void      (*obey) (Travel *self, GStrv words);
  const char *usage;
  const char *about;
} Command;

static const Command *find_command (const char *name);
static void           obey_help    (Travel *self, GStrv words);

static void
say (const char *format, ...) G_GNUC_PRINTF (1, 2);

static void
say (const char *format, ...)
{
  GString *out = g_string_new (NULL);
  va_list arguments;

  va_start (arguments, format);
  g_string_append_vprintf (out, format, arguments);
  va_end (arguments);
  trio_cli_print (out);
}

/* ---- Moving ---------------------------------------------------------------------------------------------------------------- */

static void
say_where (Travel *self)
{
  g_autofree char *end = trio_cli_track_get_end (self->track);
  g_autofree char *where = NULL;
  guint64 step = trio_cli_track_get_step (self->track);

  if (end == NULL)
    where = trio_cli_track_where (self->track);
  if (end)
    {
      GString *out = g_string_new (NULL);

      g_string_append_printf (out, "the end, after step %" G_GUINT64_FORMAT ":\n", step - 1);
      trio_cli_append_indented (out, "  ", end);
      trio_cli_print (out);
    }
  else
    say ("before step %" G_GUINT64_FORMAT " of %" G_GUINT64_FORMAT ", which is taken by %s\n", step, self->total, where ? where : "?");
}

static void
go (Travel *self, guint64 step)
{
  g_autoptr (GError) error = NULL;
  guint64 from, cost;

  if (!trio_cli_track_go (self->track, step, &error))
    {
      say ("%s\n", error->message);
      return;
    }
  say_where (self);
  cost = trio_cli_track_get_cost (self->track, &from);
  say ("  (ran %" G_GUINT64_FORMAT " step%s, from step %" G_GUINT64_FORMAT " on)\n", cost, cost == 1 ? "" : "s", from);
}

/* An optional number, 1 if it is not there. */
static gboolean
read_count (GStrv words, guint64 *count)
{
  *count = 1;
  if (!words[1])
    return TRUE;
  if (trio_cli_parse_number (words[1], count) && *count > 0 && *count < G_MAXINT64)
    return TRUE;
  say ("%s %s: expected a number of steps, 1 or more\n", words[0], words[1]);
  return FALSE;
}

static void
obey_to (Travel *self, GStrv words)
{
  guint64 step;

  if (!words[1] || !trio_cli_parse_number (words[1], &step) || step == 0)
    say ("to %s: expected the number of a step, 1 or more\n", words[1] ? words[1] : "");
  else
    go (self, step);
}

static void
obey_back (Travel *self, GStrv words)
{
  guint64 step = trio_cli_track_get_step (self->track), count;

  if (read_count (words, &count))
    go (self, step > count ? step - count : 1);
}

static void
obey_next (Travel *self, GStrv words)
{
  guint64 step = trio_cli_track_get_step (self->track), count;

  if (!read_count (words, &count))
    return;
  if (trio_cli_track_is_over (self->track))
    say ("this is the end\n");
  else
    go (self, step + count);
}

static void
obey_end (Travel *self, GStrv words G_GNUC_UNUSED)
{
  if (trio_cli_track_is_over (self->track))
    say_where (self);
  else
    go (self, G_MAXINT64);
}

/* ---- Looking --------------------------------------------------------------------------------------------------------------- */

static void
obey_where (Travel *self, GStrv words G_GNUC_UNUSED)
{
  say_where (self);
}

static void
obey_tree (Travel *self, GStrv words G_GNUC_UNUSED)
{
  g_autofree char *tree = trio_cli_track_tree (self->track);

  say ("%s\n", tree ? tree : "the run is over: its tasks are gone. Go back first");
}

/* Whose step comes next is settled; what is asked within it is not. */
static gboolean
lies_behind (const Travel *self, const TrioScheduleEntry *entry)
{
  return entry->step < trio_cli_track_get_step (self->track);
}

static void
obey_decisions (Travel *self, GStrv words G_GNUC_UNUSED)
{
  guint n = trio_schedule_get_length (self->decisions);
  guint behind = 0;
  GString *out = g_string_new (NULL);

  for (guint i = 0; i < n; i++)
    {
      const TrioScheduleEntry *entry = trio_schedule_get_entry (self->decisions, i);
      g_autofree char *text = trio_schedule_entry_to_words (entry);
      gboolean is_behind = lies_behind (self, entry);

      behind += is_behind;
      g_string_append_printf (out, "  %s %2u. %s\n", is_behind ? "*" : " ", i + 1, text);
    }
  g_string_append_printf (out, "%u of %u decisions lie behind%s\n", behind, n, behind > 0 ? " (*)" : "");
  trio_cli_print (out);
}

/* ---- Doing ----------------------------------------------------------------------------------------------------------------- */

static void
obey_branch (Travel *self, GStrv words)
{
  g_autofree char *strategy = NULL;
  g_autoptr (GError) error = NULL;
  TrioCliBranch branch = {
    .cli = self->cli, .file = self->file, .step = trio_cli_track_get_step (self->track), .runs = 200,
    .timeout_s = self->target.timeout_s, .keep = self->keep,
  };

  if (!trio_cli_branch_parse (words[1] ? words[1] : "", &strategy, &branch.seed, &error))
    say ("branch %s: expected STRATEGY or STRATEGY:SEED, as in random:7; %s\n", words[1] ? words[1] : "", error->message);
  else if (words[2] && (!trio_cli_parse_number (words[2], &branch.runs) || branch.runs == 0))
    say ("branch %s %s: expected a number of runs, 1 or more\n", words[1], words[2]);
  else
    {
      branch.strategy = strategy;
      trio_cli_branch_run (&branch);
    }
}

/* Ctrl-C is gdb's as long as it is there. */
static void
run_gdb (int process)
{
  g_autofree char *number = g_strdup_printf ("%d", process);
  const char *words[] = { "gdb", "-q", "-p", number, NULL };
  g_autoptr (GError) error = NULL;

  say ("process %d has stopped before this step; \"continue\" runs it to the end, \"quit\" comes back here\n", process);
  trio_cli_ignore_interrupt (TRUE);
  if (!g_spawn_sync (NULL, (char **) words, NULL, G_SPAWN_SEARCH_PATH | G_SPAWN_CHILD_INHERITS_STDIN, NULL, NULL, NULL, NULL, NULL, &error))
    say ("gdb could not be started: %s\n", error->message);
  trio_cli_ignore_interrupt (FALSE);
}

static void
obey_break (Travel *self, GStrv words G_GNUC_UNUSED)
{
  int process = trio_cli_track_copy (self->track);

  if (process == 0)
    say ("the run is over: there is nothing to stop in. Go back first\n");
  else
    {
      run_gdb (process);
      trio_cli_process_end (process);
    }
}

static void
obey_quit (Travel *self, GStrv words G_GNUC_UNUSED)
{
  self->done = TRUE;
}

static const Command commands[] = {
  { "to", obey_to, "to STEP", "before that step, be it back or on" },
  { "back", obey_back, "back [N]", "N steps back (1)" },
  { "next", obey_next, "next [N]", "N steps on (1)" },
  { "end", obey_end, "end", "to the end of the run" },
  { "where", obey_where, "where", "who takes the next step, and from which stack" },
  { "tree", obey_tree, "tree", "all tasks: what they wait for, since when, their stacks" },
  { "decisions", obey_decisions, "decisions", "the schedule, and how much of it lies behind" },
  { "branch", obey_branch, "branch STRATEGY[:SEED] [RUNS]", "what else could come of it from here (200 runs)" },
  { "break", obey_break, "break", "gdb, in a copy of the program that has stopped here" },
  { "help", obey_help, "help", "this list" },
  { "quit", obey_quit, "quit", "leave" },
};

static void
obey_help (Travel *self G_GNUC_UNUSED, GStrv words G_GNUC_UNUSED)
{
  GString *out = g_string_new (NULL);

  for (guint i = 0; i < G_N_ELEMENTS (commands); i++)
    g_string_append_printf (out, "  %-30s %s\n", commands[i].usage, commands[i].about);
  trio_cli_print (out);
}

static const Command *
find_command (const char *name)
{
  for (guint i = 0; i < G_N_ELEMENTS (commands); i++)
    if (g_str_equal (commands[i].name, name))
      return &commands[i];
  return NULL;
}

/* ---- The prompt ------------------------------------------------------------------------------------------------------------ */

static void
obey (Travel *self, const char *line)
{
  g_auto (GStrv) all = g_strsplit_set (line, " \t", -1);
  g_autoptr (GPtrArray) words = g_ptr_array_new ();
  const Command *command;

  for (guint i = 0; all[i]; i++)
    if (all[i][0] != '\0')
      g_ptr_array_add (words, all[i]);
  if (words->len == 0)
    return;
  /* No command has more than two. */
  for (guint i = 0; i < 3; i++)
    g_ptr_array_add (words, NULL);

  command = find_command (words->pdata[0]);
  if (command)
    command->obey (self, (GStrv) words->pdata);
  else
    say ("\"%s\" is no command; \"help\" lists what there is\n", (char *) words->pdata[0]);
}

static void
travel (Travel *self, guint64 first)
{
  gboolean prompts = trio_cli_stdin_is_terminal ();

  say ("%s of %" G_GUINT64_FORMAT " steps; \"help\" lists the commands\n", self->file->scenario->name, self->total);
  if (first > 1)
    go (self, first);
  else
    say_where (self);
  while (!self->done)
    {
      g_autofree char *line = NULL;

      if (prompts)
        say ("> ");
      line = trio_cli_read_line ();
      if (!line)
        return;
      obey (self, line);
    }
}

int
trio_cli_travel (const TrioCli *cli, const TrioCliScheduleFile *file, guint timeout_s, guint64 first, const char *keep)
{
  Travel self = {
    .cli = cli, .file = file, .keep = keep,
    .target = trio_cli_schedule_file_target (file, cli, timeout_s),
  };
  g_autoptr (GError) error = NULL;
  g_autoptr (TrioSimReport) whole = trio_cli_replay_once (&self.target, file->schedule, file->inject, &error);
  g_autoptr (TrioCliTrack) track = NULL;

  /* What it prints is shown when one is there, not before. */
  self.target.echo = TRUE;
  if (whole)
    track = trio_cli_track_new (&self.target, file->schedule, file->inject, whole->steps, &error);
  if (!track)
    return trio_cli_usage (cli, "replay", "--travel: %s", error->message);

  self.decisions = whole->schedule;
  self.total = whole->steps;
  self.track = track;
  travel (&self, first);
  return TRIO_CLI_EXIT_OK;
}
