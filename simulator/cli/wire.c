/* SPDX-License-Identifier: MIT OR Apache-2.0 */

/* Entries and reports as GVariants and back. See wire.h. */

#include "simulator/cli/wire.h"

GVariant *
trio_cli_wire_entry (const TrioScheduleEntry *entry)
{
  return g_variant_new ("(^ayt^aytuuttubbm^aym^aym^ay)",
                        entry->path ? entry->path : "", entry->path_hash, entry->label, entry->ordinal, entry->value, entry->bound,
                        entry->index, entry->step, entry->times, entry->onwards, entry->runs_on, entry->target, entry->words, entry->what);
}

void
trio_cli_unwire_entry (GVariant *variant, TrioSchedule *schedule)
{
  g_autofree char *path = NULL, *label = NULL, *target = NULL, *words = NULL, *what = NULL;
  TrioScheduleEntry entry = { 0 };

  g_variant_get (variant, "(^ayt^aytuuttubbm^aym^aym^ay)", &path, &entry.path_hash, &label, &entry.ordinal, &entry.value, &entry.bound,
                 &entry.index, &entry.step, &entry.times, &entry.onwards, &entry.runs_on, &target, &words, &what);
  entry.path = path;
  entry.label = label;
  entry.target = target;
  entry.words = words;
  entry.what = what;
  trio_schedule_append (schedule, &entry);
}

static GVariant *
wire_schedule (const TrioSchedule *schedule)
{
  GVariantBuilder builder;

  g_variant_builder_init (&builder, G_VARIANT_TYPE ("a" TRIO_CLI_ENTRY_STRING));
  for (guint i = 0; schedule && i < trio_schedule_get_length (schedule); i++)
    g_variant_builder_add_value (&builder, trio_cli_wire_entry (trio_schedule_get_entry (schedule, i)));
  return g_variant_builder_end (&builder);
}

static void
unwire_schedule (GVariant *variant, TrioSchedule *schedule)
{
  GVariantIter iter;
  GVariant *child;

  g_variant_iter_init (&iter, variant);
  while ((child = g_variant_iter_next_value (&iter)))
    {
      trio_cli_unwire_entry (child, schedule);
      g_variant_unref (child);
    }
}

static int
compare_names (gconstpointer a, gconstpointer b)
{
  return g_strcmp0 (*(const char *const *) a, *(const char *const *) b);
}

GPtrArray *
trio_cli_goal_names (GHashTable *goals)
{
  GPtrArray *names = g_ptr_array_new ();
  GHashTableIter iter;
  gpointer name;

  if (goals)
    {
      g_hash_table_iter_init (&iter, goals);
      while (g_hash_table_iter_next (&iter, &name, NULL))
        g_ptr_array_add (names, name);
    }
  g_ptr_array_sort (names, compare_names);
  return names;
}

static GVariant *
wire_goals (GHashTable *goals)
{
  g_autoptr (GPtrArray) names = trio_cli_goal_names (goals);
  GVariantBuilder builder;

  g_variant_builder_init (&builder, G_VARIANT_TYPE ("a(ayb)"));
  for (guint i = 0; i < names->len; i++)
    g_variant_builder_add (&builder, "(^ayb)", names->pdata[i],
                           GPOINTER_TO_INT (g_hash_table_lookup (goals, names->pdata[i])) != 0);
  return g_variant_builder_end (&builder);
}

static void
unwire_goals (GVariant *variant, GHashTable *goals)
{
  GVariantIter iter;
  char *name;
  gboolean held;

  g_variant_iter_init (&iter, variant);
  while (g_variant_iter_next (&iter, "(^ayb)", &name, &held))
    g_hash_table_insert (goals, name, GINT_TO_POINTER (held));
}

GVariant *
trio_cli_wire_report (const TrioSimReport *report, const TrioSchedule *points)
{
  return g_variant_new ("(um^aym^aym^aytxtttt@a" TRIO_CLI_ENTRY_STRING "ubm^ay@a(ayb)@a" TRIO_CLI_ENTRY_STRING ")",
                        (guint32) report->verdict, report->name, report->place, report->message, report->steps, report->duration_us,
                        report->choices,
                        report->hash, report->interleaving, report->n_raised, wire_schedule (report->schedule), (guint32) report->unmatched,
                        report->stopped, report->escapes, wire_goals (report->goals), wire_schedule (points));
}

TrioSimReport *
trio_cli_report_new (TrioSimVerdict verdict, const char *name, const char *message)
{
  TrioSimReport *report = g_new0 (TrioSimReport, 1);

  report->verdict = verdict;
  report->name = g_strdup (name);
  report->message = g_strdup (message);
  report->schedule = trio_schedule_new ();
  report->goals = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  return report;
}

TrioSimReport *
trio_cli_unwire_report (GVariant *variant, TrioSchedule *points)
{
  TrioSimReport *report = trio_cli_report_new (TRIO_SIM_OK, NULL, NULL);
  g_autoptr (GVariant) entries = NULL, goals = NULL, noted = NULL;
  guint32 verdict, unmatched;

  g_variant_get (variant, "(um^aym^aym^aytxtttt@a" TRIO_CLI_ENTRY_STRING "ubm^ay@a(ayb)@a" TRIO_CLI_ENTRY_STRING ")",
                 &verdict, &report->name, &report->place, &report->message, &report->steps, &report->duration_us, &report->choices,
                 &report->hash, &report->interleaving, &report->n_raised, &entries, &unmatched, &report->stopped, &report->escapes, &goals, &noted);
  report->verdict = verdict;
  report->unmatched = unmatched;
  unwire_schedule (entries, report->schedule);
  unwire_goals (goals, report->goals);
  if (points)
    unwire_schedule (noted, points);
  return report;
}
