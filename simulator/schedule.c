/* SPDX-License-Identifier: MIT OR Apache-2.0 */

/* A schedule in memory: a header, a list of decisions in the order in which they were made, and the pool of their strings.
 *
 * Always true:
 *  1. Every string of an entry lies in the pool of its own schedule; entries own nothing.
 *  2. Removing an entry leaves its strings in the pool: a schedule only shrinks when it is freed.
 *
 * The text form is schedule-read.c and schedule-write.c. Any thread, one at a time. */

#include "simulator/schedule-build.h"

#include <string.h>

struct _TrioSchedule
{
  TrioScheduleHeader  header;
  GArray             *entries;     /* of TrioScheduleEntry */
  GStringChunk       *strings;
};

TrioSchedule *
trio_schedule_new (void)
{
  TrioSchedule *schedule = g_new0 (TrioSchedule, 1);

  schedule->entries = g_array_new (FALSE, FALSE, sizeof (TrioScheduleEntry));
  schedule->strings = g_string_chunk_new (512);
  return schedule;
}

void
trio_schedule_free (TrioSchedule *schedule)
{
  if (schedule == NULL)
    return;
  g_free (schedule->header.program);
  g_free (schedule->header.scenario);
  g_free (schedule->header.strategy);
  g_free (schedule->header.name);
  g_free (schedule->header.place);
  g_array_unref (schedule->entries);
  g_string_chunk_free (schedule->strings);
  g_free (schedule);
}

TrioSchedule *
trio_schedule_copy (const TrioSchedule *schedule)
{
  g_return_val_if_fail (schedule != NULL, NULL);
  TrioSchedule *copy = trio_schedule_new ();

  copy->header = schedule->header;
  copy->header.program = g_strdup (schedule->header.program);
  copy->header.scenario = g_strdup (schedule->header.scenario);
  copy->header.strategy = g_strdup (schedule->header.strategy);
  copy->header.name = g_strdup (schedule->header.name);
  copy->header.place = g_strdup (schedule->header.place);
  for (guint i = 0; i < schedule->entries->len; i++)
    trio_schedule_append (copy, trio_schedule_get_entry (schedule, i));
  return copy;
}

TrioScheduleHeader *
trio_schedule_get_header (TrioSchedule *schedule)
{
  g_return_val_if_fail (schedule != NULL, NULL);
  return &schedule->header;
}

guint
trio_schedule_get_length (const TrioSchedule *schedule)
{
  g_return_val_if_fail (schedule != NULL, 0);
  return schedule->entries->len;
}

const TrioScheduleEntry *
trio_schedule_get_entry (const TrioSchedule *schedule, guint i)
{
  g_return_val_if_fail (schedule != NULL && i < schedule->entries->len, NULL);
  return &g_array_index (schedule->entries, TrioScheduleEntry, i);
}

char *
trio_schedule_intern (TrioSchedule *schedule, const char *text)
{
  return text == NULL ? NULL : g_string_chunk_insert_const (schedule->strings, text);
}

const TrioScheduleEntry *
trio_schedule_append_interned (TrioSchedule *schedule, const TrioScheduleEntry *entry)
{
  g_array_append_vals (schedule->entries, entry, 1);
  return &g_array_index (schedule->entries, TrioScheduleEntry, schedule->entries->len - 1);
}

void
trio_schedule_append (TrioSchedule *schedule, const TrioScheduleEntry *entry)
{
  g_return_if_fail (schedule != NULL && entry != NULL && entry->label != NULL);
  TrioScheduleEntry own = *entry;

  own.path = trio_schedule_intern (schedule, entry->path == NULL ? "" : entry->path);
  own.label = trio_schedule_intern (schedule, entry->label);
  own.target = trio_schedule_intern (schedule, entry->target);
  own.what = trio_schedule_intern (schedule, entry->what);
  own.words = trio_schedule_intern (schedule, entry->words);
  trio_schedule_append_interned (schedule, &own);
}

void
trio_schedule_remove (TrioSchedule *schedule, guint i)
{
  g_return_if_fail (schedule != NULL && i < schedule->entries->len);
  g_array_remove_index (schedule->entries, i);
}

/* The last name of a path: "main/serve/handler#2" is "handler#2" to a person who knows the program. */
static const char *
short_name (const char *path)
{
  const char *slash = strrchr (path, '/');

  return slash == NULL || slash[1] == '\0' ? path : slash + 1;
}

void
trio_schedule_append_lasting (GString *out, guint32 times, gboolean onwards)
{
  if (onwards)
    g_string_append (out, ", and each time from then on");
  else if (times > 1)
    g_string_append_printf (out, ", %u times in a row", times);
}

static void
append_who_ran (GString *out, const TrioScheduleEntry *entry, const char *path)
{
  const char *target = entry->target;
  gboolean alike = g_str_equal (short_name (target), short_name (path));

  g_string_append_printf (out, "%s ran%s before %s", alike ? target : short_name (target), entry->runs_on ? " as long as it could" : "",
                          alike ? path : short_name (path));
  trio_schedule_append_lasting (out, entry->times, entry->onwards);
}

static void
append_held_back (GString *out, const TrioScheduleEntry *entry, const char *path)
{
  g_string_append (out, short_name (path));
  if (entry->value == 2)
    g_string_append (out, " and the one behind it were held back: ");
  else if (entry->value > 2)
    g_string_append_printf (out, " and the %u behind it were held back: ", entry->value - 1);
  else
    g_string_append (out, " was held back: ");
  if (entry->onwards)
    g_string_append (out, "from then on others go first");
  else
    g_string_append_printf (out, "%u times somebody else went first", entry->times);
}

void
trio_schedule_append_words (GString *out, const TrioScheduleEntry *entry)
{
  const char *path = entry->path == NULL || *entry->path == '\0' ? "the world" : entry->path;

  if (entry->words != NULL)
    g_string_append (out, entry->words);
  else if (entry->target != NULL)
    append_who_ran (out, entry, path);
  else if (g_str_equal (entry->label, "schedule") && (entry->onwards || entry->times > 1))
    append_held_back (out, entry, path);
  else
    {
      g_string_append_printf (out, "%s answered %u of %u to “%s”", path, entry->value, entry->bound, entry->label);
      trio_schedule_append_lasting (out, entry->times, entry->onwards);
    }
}

char *
trio_schedule_entry_to_words (const TrioScheduleEntry *entry)
{
  g_return_val_if_fail (entry != NULL, NULL);
  GString *out = g_string_new (NULL);

  g_string_append_printf (out, "at step %" G_GUINT64_FORMAT " ", entry->step);
  trio_schedule_append_words (out, entry);
  return g_string_free (out, FALSE);
}
