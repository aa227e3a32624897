/* SPDX-License-Identifier: MIT OR Apache-2.0 */

/* A schedule becomes text. schedule-text.h says what the text looks like. */

#include "simulator/schedule-text.h"

#include <string.h>

static gboolean
is_bare (const char *word)
{
  if (*word == '\0' || strchr ("\"#@=", *word) != NULL || word[strlen (word) - 1] == ':')
    return FALSE;
  if (g_str_equal (word, TRIO_SCHEDULE_WORLD) || g_str_equal (word, TRIO_SCHEDULE_END) || g_str_equal (word, "->"))
    return FALSE;
  if (!g_utf8_validate (word, -1, NULL))
    return FALSE;
  for (const char *p = word; *p != '\0'; p++)
    if (g_ascii_isspace (*p) || g_ascii_iscntrl (*p))
      return FALSE;
  return TRUE;
}

static void
append_quoted (GString *out, const char *text)
{
  /* Bytes above 127 stay readable if they are UTF-8, and become octal if they are not. */
  char high[129];
  for (guint i = 0; i < 128; i++)
    high[i] = (char) (128 + i);
  high[128] = '\0';

  g_autofree char *escaped = g_strescape (text, g_utf8_validate (text, -1, NULL) ? high : NULL);
  g_string_append_printf (out, "\"%s\"", escaped);
}

static void
append_word (GString *out, const char *word)
{
  if (is_bare (word))
    g_string_append (out, word);
  else
    append_quoted (out, word);
}

static void
append_path (GString *out, const char *path)
{
  if (path == NULL || *path == '\0')
    g_string_append (out, TRIO_SCHEDULE_WORLD);
  else
    append_word (out, path);
}

/* A header's value may have spaces inside and so is quoted only if it would change otherwise. */
static void
append_header (GString *out, const char *key, const char *value)
{
  if (value == NULL)
    return;

  g_autofree char *stripped = g_strstrip (g_strdup (value));
  gboolean plain = g_str_equal (stripped, value) && *value != '\0' && *value != '"' && g_utf8_validate (value, -1, NULL);
  for (const char *p = value; *p != '\0' && plain; p++)
    plain = !g_ascii_iscntrl (*p);

  g_string_append_printf (out, "%s: ", key);
  if (plain)
    g_string_append (out, value);
  else
    append_quoted (out, value);
  g_string_append_c (out, '\n');
}

static void
append_inject (GString *out, TrioSimInject inject)
{
  const char *separator = "";

  g_string_append (out, "inject: ");
  if (inject == TRIO_SIM_INJECT_NONE)
    g_string_append (out, "none");
  for (guint i = 0; i < G_N_ELEMENTS (trio_schedule_inject_kinds); i++)
    if (inject & trio_schedule_inject_kinds[i].kind)
      {
        g_string_append_printf (out, "%s%s", separator, trio_schedule_inject_kinds[i].name);
        separator = ",";
      }
  g_string_append_c (out, '\n');
}

static void
append_span (GString *out, const char *key, GTimeSpan span)
{
  if (span > 0)
    g_string_append_printf (out, "%s: %" G_GINT64_FORMAT "\n", key, span);
}

/* What a person reads, on one line, whatever the words are. */
static void
append_comment (GString *out, const TrioScheduleEntry *entry)
{
  g_string_append (out, "  # ");

  gsize start = out->len;
  trio_schedule_append_words (out, entry);
  for (gsize i = start; i < out->len; i++)
    if (g_ascii_iscntrl (out->str[i]))
      out->str[i] = ' ';
}

static void
append_entry (GString *out, const TrioScheduleEntry *entry)
{
  append_path (out, entry->path);
  g_string_append_c (out, ' ');
  append_word (out, entry->label);
  g_string_append_printf (out, " %" G_GUINT64_FORMAT " = %u/%u", entry->ordinal, entry->value, entry->bound);
  if (entry->onwards)
    g_string_append (out, " onwards");
  else if (entry->times > 1)
    g_string_append_printf (out, " %u times", entry->times);
  if (entry->runs_on)
    g_string_append (out, " running on");
  if (entry->target != NULL)
    {
      g_string_append (out, " -> ");
      append_path (out, entry->target);
    }
  g_string_append_printf (out, " @%" G_GUINT64_FORMAT " step %" G_GUINT64_FORMAT, entry->index, entry->step);
  append_comment (out, entry);
  g_string_append_c (out, '\n');
}

char *
trio_schedule_to_text (const TrioSchedule *schedule)
{
  g_return_val_if_fail (schedule != NULL, NULL);
  const TrioScheduleHeader *header = trio_schedule_get_header ((TrioSchedule *) schedule);
  GString *out = g_string_new (NULL);

  g_string_append_printf (out, "%s %d\n", TRIO_SCHEDULE_MAGIC, TRIO_SCHEDULE_VERSION);
  append_header (out, "program", header->program);
  append_header (out, "scenario", header->scenario);
  append_header (out, "strategy", header->strategy);
  g_string_append_printf (out, "seed: %" G_GUINT64_FORMAT "\n", header->seed);
  g_string_append_printf (out, "run: %" G_GUINT64_FORMAT "\n", header->run);
  append_inject (out, header->inject);
  append_span (out, "heal-after-us", header->heal_after);
  append_span (out, "heal-within-us", header->heal_within);
  if (header->lets_escape)
    g_string_append (out, "escapes: allow\n");
  g_string_append_printf (out, "expects: %s", trio_sim_verdict_to_string (header->verdict));
  if (header->name != NULL)
    {
      g_string_append_c (out, ' ');
      append_quoted (out, header->name);
    }
  g_string_append_c (out, '\n');
  append_header (out, "place", header->place);
  g_string_append_printf (out, "steps: %" G_GUINT64_FORMAT "\n", header->steps);
  if (header->hash != 0)
    g_string_append_printf (out, "hash: 0x%016" G_GINT64_MODIFIER "x\n", header->hash);
  g_string_append_c (out, '\n');

  for (guint i = 0; i < trio_schedule_get_length (schedule); i++)
    append_entry (out, trio_schedule_get_entry (schedule, i));
  g_string_append (out, TRIO_SCHEDULE_END "\n");
  return g_string_free (out, FALSE);
}

gboolean
trio_schedule_save (const TrioSchedule *schedule, const char *path, GError **error)
{
  g_return_val_if_fail (schedule != NULL && path != NULL, FALSE);
  g_autofree char *text = trio_schedule_to_text (schedule);

  /* A new file takes the place of the old one, again and again while a schedule is made smaller: that must not be a device or a pipe. */
  if (g_file_test (path, G_FILE_TEST_EXISTS) && !g_file_test (path, G_FILE_TEST_IS_REGULAR))
    {
      g_set_error (error, TRIO_ERROR, TRIO_ERROR_FAILED, "“%s” is there, and is no regular file; a schedule takes the place of what has its name", path);
      return FALSE;
    }
  return g_file_set_contents (path, text, -1, error);
}
