/* SPDX-License-Identifier: MIT OR Apache-2.0 */

/* Text becomes a schedule, or an error that says what is wrong with which line. schedule-text.h says what the text looks like. */

#include "simulator/schedule-text.h"

#include <errno.h>
#include <string.h>

#define PIPE_BYTES_MAX ((gsize) 64 << 20)

typedef struct
{
  const char   *file_name;
  guint         line;          /* from 1 */
  TrioSchedule *schedule;
  GHashTable   *addresses;     /* "path\nlabel\nordinal" -> line; only looked up */
  gboolean      ended;
} Reader;

static gboolean G_GNUC_PRINTF (3, 4)
fail (Reader *reader, GError **error, const char *format, ...)
{
  va_list arguments;

  va_start (arguments, format);
  g_autofree char *what = g_strdup_vprintf (format, arguments);
  va_end (arguments);
  g_set_error (error, TRIO_ERROR, TRIO_ERROR_FAILED, "%s:%u: %s", reader->file_name, reader->line, what);
  return FALSE;
}

/* Text of unknown origin for a message: short and printable. */
static char *
shown (const char *text)
{
  if (text == NULL || *text == '\0')
    return g_strdup ("the end of the line");

  g_autofree char *valid = g_utf8_make_valid (text, -1);
  g_autofree char *start = g_utf8_strlen (valid, -1) > 40 ? g_utf8_substring (valid, 0, 40) : g_strdup (valid);
  GString *out = g_string_new ("“");
  for (const char *p = start; *p != '\0'; p++)
    g_string_append_c (out, g_ascii_iscntrl (*p) ? '?' : *p);
  g_string_append (out, g_str_equal (start, valid) ? "”" : "…”");
  return g_string_free (out, FALSE);
}

static gboolean
fail_found (Reader *reader, const char *found, const char *expected, GError **error)
{
  g_autofree char *words = shown (found);

  return fail (reader, error, "found %s, expected %s", words, expected);
}

static const char *
skip_spaces (const char *cursor)
{
  while (g_ascii_isspace (*cursor))
    cursor++;
  return cursor;
}

/* The text between the quotes; *cursor stands on the first quote and is left behind the second. */
static char *
take_quoted (Reader *reader, const char **cursor, GError **error)
{
  const char *start = *cursor + 1;
  const char *p = start;

  while (*p != '\0' && *p != '"')
    p += *p == '\\' && p[1] != '\0' ? 2 : 1;
  if (*p != '"')
    {
      fail_found (reader, *cursor, "a closing quote", error);
      return NULL;
    }
  *cursor = p + 1;

  g_autofree char *escaped = g_strndup (start, (gsize) (p - start));
  return g_strcompress (escaped);
}

/* The next word of the line; NULL with an error if there is none. *quoted tells whether it stood in quotes. */
static char *
take_word (Reader *reader, const char **cursor, gboolean *quoted, const char *expected, GError **error)
{
  *cursor = skip_spaces (*cursor);
  *quoted = **cursor == '"';
  if (*quoted)
    return take_quoted (reader, cursor, error);

  const char *start = *cursor;
  while (**cursor != '\0' && !g_ascii_isspace (**cursor))
    (*cursor)++;
  if (*cursor == start || *start == '#')
    {
      fail_found (reader, start, expected, error);
      return NULL;
    }
  return g_strndup (start, (gsize) (*cursor - start));
}

static char *
take_path (Reader *reader, const char **cursor, const char *expected, GError **error)
{
  gboolean quoted;
  char *word = take_word (reader, cursor, &quoted, expected, error);

  if (word != NULL && !quoted && g_str_equal (word, TRIO_SCHEDULE_WORLD))
    *word = '\0';
  return word;
}

static gboolean
take_number (Reader *reader, const char **cursor, guint64 minimum, guint64 maximum, guint64 *number, const char *expected,
             GError **error)
{
  const char *start = skip_spaces (*cursor);
  char *end = (char *) start;

  errno = 0;
  if (g_ascii_isdigit (*start))
    *number = g_ascii_strtoull (start, &end, 10);
  if (end == start || errno == ERANGE || *number < minimum || *number > maximum)
    return fail_found (reader, start, expected, error);
  *cursor = end;
  return TRUE;
}

static gboolean
take_sign (Reader *reader, const char **cursor, const char *sign, const char *expected, GError **error)
{
  *cursor = skip_spaces (*cursor);
  if (!g_str_has_prefix (*cursor, sign))
    return fail_found (reader, *cursor, expected, error);
  *cursor += strlen (sign);
  return TRUE;
}

static gboolean
read_first_line (Reader *reader, const char *line, GError **error)
{
  static const char expected[] = "the first line of a schedule, “" TRIO_SCHEDULE_MAGIC " 1”";
  guint64 version;

  if (!g_str_has_prefix (line, TRIO_SCHEDULE_MAGIC " "))
    return fail_found (reader, *line == '\0' ? "an empty line" : line, expected, error);

  const char *cursor = line + strlen (TRIO_SCHEDULE_MAGIC);
  if (!take_number (reader, &cursor, 0, G_MAXUINT64, &version, expected, error))
    return FALSE;
  if (version != TRIO_SCHEDULE_VERSION)
    return fail (reader, error, "this schedule is in format version %" G_GUINT64_FORMAT ", and this program reads version %d",
                 version, TRIO_SCHEDULE_VERSION);
  if (*skip_spaces (cursor) != '\0')
    return fail_found (reader, cursor, "nothing more after the version", error);
  return TRUE;
}

/* --- the header --- */

static gboolean
read_string (Reader *reader, const char *value, char **string, GError **error)
{
  g_autofree char *text = NULL;

  if (*value == '"')
    {
      text = take_quoted (reader, &value, error);
      if (text == NULL)
        return FALSE;
      if (*skip_spaces (value) != '\0')
        return fail_found (reader, value, "nothing more after the closing quote", error);
    }
  else
    text = g_strdup (value);

  g_free (*string);
  *string = g_steal_pointer (&text);
  return TRUE;
}

static gboolean
read_whole_number (Reader *reader, const char *value, guint64 *number, GError **error)
{
  if (!take_number (reader, &value, 0, G_MAXUINT64, number, "a number", error))
    return FALSE;
  if (*skip_spaces (value) != '\0')
    return fail_found (reader, value, "nothing more after the number", error);
  return TRUE;
}

static gboolean
read_span (Reader *reader, const char *value, GTimeSpan *span, GError **error)
{
  guint64 number;

  if (!take_number (reader, &value, 1, G_MAXINT64 / 4, &number, "a number of microseconds, 1 or more", error))
    return FALSE;
  if (*skip_spaces (value) != '\0')
    return fail_found (reader, value, "nothing more after the microseconds", error);
  *span = (GTimeSpan) number;
  return TRUE;
}

static gboolean
read_inject (Reader *reader, const char *value, TrioSimInject *inject, GError **error)
{
  g_auto (GStrv) kinds = g_strsplit (value, ",", -1);
  guint found = TRIO_SIM_INJECT_NONE;

  for (guint i = 0; kinds[i] != NULL; i++)
    {
      const char *kind = g_strstrip (kinds[i]);
      guint k = 0;

      if (g_str_equal (kind, "none"))
        continue;
      while (k < G_N_ELEMENTS (trio_schedule_inject_kinds) && !g_str_equal (kind, trio_schedule_inject_kinds[k].name))
        k++;
      if (k == G_N_ELEMENTS (trio_schedule_inject_kinds))
        return fail_found (reader, kind, "none, or a list of cancel, interrupt, fault", error);
      found |= trio_schedule_inject_kinds[k].kind;
    }
  *inject = (TrioSimInject) found;
  return TRUE;
}

static gboolean
read_escapes (Reader *reader, const char *value, gboolean *lets_escape, GError **error)
{
  *lets_escape = g_str_equal (value, "allow");
  return *lets_escape || g_str_equal (value, "fail") || fail_found (reader, value, "fail or allow", error);
}

static gboolean
read_expects (Reader *reader, const char *value, TrioScheduleHeader *header, GError **error)
{
  const char *cursor = value;
  gboolean quoted;
  g_autofree char *verdict = take_word (reader, &cursor, &quoted, "a verdict, such as deadlock", error);

  if (verdict == NULL)
    return FALSE;
  if (!trio_sim_verdict_from_string (verdict, &header->verdict))
    return fail_found (reader, verdict,
                       "ok, error, always, unreachable, deadlock, livelock, leak, crash, nondeterminism, eventually, misuse or escape", error);

  cursor = skip_spaces (cursor);
  if (*cursor == '\0')
    return TRUE;
  if (*cursor != '"')
    return fail_found (reader, cursor, "the name of the failure in double quotes", error);
  return read_string (reader, cursor, &header->name, error);
}

static gboolean
read_hash (Reader *reader, const char *value, guint64 *hash, GError **error)
{
  char *end = NULL;

  errno = 0;
  if (g_str_has_prefix (value, "0x") && g_ascii_isxdigit (value[2]))
    *hash = g_ascii_strtoull (value + 2, &end, 16);
  if (end == NULL || *skip_spaces (end) != '\0' || errno == ERANGE)
    return fail_found (reader, value, "a hash of up to 16 hexadecimal digits after 0x", error);
  return TRUE;
}

static gboolean
read_header_line (Reader *reader, const char *key, const char *value, GError **error)
{
  TrioScheduleHeader *header = trio_schedule_get_header (reader->schedule);

  if (trio_schedule_get_length (reader->schedule) > 0)
    return fail_found (reader, key, "a decision: header lines come before the first one", error);
  if (g_str_equal (key, "program"))
    return read_string (reader, value, &header->program, error);
  if (g_str_equal (key, "scenario"))
    return read_string (reader, value, &header->scenario, error);
  if (g_str_equal (key, "strategy"))
    return read_string (reader, value, &header->strategy, error);
  if (g_str_equal (key, "seed"))
    return read_whole_number (reader, value, &header->seed, error);
  if (g_str_equal (key, "run"))
    return read_whole_number (reader, value, &header->run, error);
  if (g_str_equal (key, "inject"))
    return read_inject (reader, value, &header->inject, error);
  if (g_str_equal (key, "heal-after-us"))
    return read_span (reader, value, &header->heal_after, error);
  if (g_str_equal (key, "heal-within-us"))
    return read_span (reader, value, &header->heal_within, error);
  if (g_str_equal (key, "escapes"))
    return read_escapes (reader, value, &header->lets_escape, error);
  if (g_str_equal (key, "expects"))
    return read_expects (reader, value, header, error);
  if (g_str_equal (key, "place"))
    return read_string (reader, value, &header->place, error);
  if (g_str_equal (key, "steps"))
    return read_whole_number (reader, value, &header->steps, error);
  if (g_str_equal (key, "hash"))
    return read_hash (reader, value, &header->hash, error);
  return fail_found (reader, key,
                     "one of program, scenario, strategy, seed, run, inject, escapes, heal-after-us, heal-within-us, expects, place, steps, hash", error);
}

/* "key" of "key: value", or NULL if the line is no header line. */
static char *
take_key (const char *line, const char **value)
{
  const char *p = line;

  while (*p != '\0' && *p != ':' && !g_ascii_isspace (*p) && *p != '"')
    p++;
  if (*p != ':' || p == line || (p[1] != '\0' && !g_ascii_isspace (p[1])))
    return NULL;
  *value = skip_spaces (p + 1);
  return g_strndup (line, (gsize) (p - line));
}

/* --- a decision --- */

/* "14 times" */
static gboolean
take_times (Reader *reader, const char **cursor, guint32 *times, GError **error)
{
  const char *expected = "how many times, such as “14 times”";
  guint64 number;

  if (!take_number (reader, cursor, 2, G_MAXUINT32, &number, expected, error))
    return FALSE;
  *cursor = skip_spaces (*cursor);
  if (!g_str_has_prefix (*cursor, "times"))
    return fail_found (reader, *cursor, expected, error);
  *cursor += strlen ("times");
  *times = (guint32) number;
  return TRUE;
}

/* What may follow the value, in any order, each once. */
static gboolean
read_rest_of_decision (Reader *reader, const char *cursor, TrioScheduleEntry *entry, char **target, const char **words,
                       GError **error)
{
  gboolean indexed = FALSE, stepped = FALSE;

  for (cursor = skip_spaces (cursor); *cursor != '\0'; cursor = skip_spaces (cursor))
    if (*cursor == '#')
      {
        cursor = skip_spaces (cursor + 1);
        *words = *cursor == '\0' ? NULL : cursor;
        return TRUE;
      }
    else if (g_str_has_prefix (cursor, "->") && *target == NULL)
      {
        cursor += 2;
        *target = take_path (reader, &cursor, "the path of a task after ->", error);
        if (*target == NULL)
          return FALSE;
      }
    else if (g_str_has_prefix (cursor, "onwards") && !entry->onwards && entry->times == 0)
      {
        cursor += strlen ("onwards");
        entry->onwards = TRUE;
      }
    else if (g_str_has_prefix (cursor, "running on") && !entry->runs_on)
      {
        cursor += strlen ("running on");
        entry->runs_on = TRUE;
      }
    else if (g_ascii_isdigit (*cursor) && !entry->onwards && entry->times == 0)
      {
        if (!take_times (reader, &cursor, &entry->times, error))
          return FALSE;
      }
    else if (*cursor == '@' && !indexed)
      {
        cursor++;
        indexed = TRUE;
        if (!take_number (reader, &cursor, 0, G_MAXUINT64, &entry->index, "the index on the tape after @", error))
          return FALSE;
      }
    else if (g_str_has_prefix (cursor, "step") && !stepped)
      {
        cursor += strlen ("step");
        stepped = TRUE;
        if (!take_number (reader, &cursor, 0, G_MAXUINT64, &entry->step, "a number after “step”", error))
          return FALSE;
      }
    else
      return fail_found (reader, cursor, "“-> PATH”, “onwards”, “N times”, “running on”, “@INDEX”, “step STEP”, “# words” or the end of the line", error);
  return TRUE;
}

static gboolean
read_value (Reader *reader, const char **cursor, TrioScheduleEntry *entry, GError **error)
{
  guint64 value, bound;

  if (!take_sign (reader, cursor, "=", "“=” after the ordinal", error) ||
      !take_number (reader, cursor, 0, G_MAXUINT32, &value, "a value and its bound, such as 1/3", error) ||
      !take_sign (reader, cursor, "/", "“/” and the bound after the value, such as 1/3", error) ||
      !take_number (reader, cursor, 2, G_MAXUINT32, &bound, "a bound of at least 2", error))
    return FALSE;
  if (value >= bound)
    return fail (reader, error, "found the value %" G_GUINT64_FORMAT " of %" G_GUINT64_FORMAT ", expected a value below its bound",
                 value, bound);
  entry->value = (guint32) value;
  entry->bound = (guint32) bound;
  return TRUE;
}

static gboolean
remember_address (Reader *reader, const TrioScheduleEntry *entry, GError **error)
{
  char *address = g_strdup_printf ("%s\n%s\n%" G_GUINT64_FORMAT, entry->path, entry->label, entry->ordinal);
  guint earlier = GPOINTER_TO_UINT (g_hash_table_lookup (reader->addresses, address));

  g_hash_table_replace (reader->addresses, address, GUINT_TO_POINTER (reader->line));
  if (earlier != 0)
    return fail (reader, error, "found a second answer to the choice that line %u answers, expected each choice once", earlier);
  return TRUE;
}

static gboolean
read_decision (Reader *reader, const char *line, GError **error)
{
  const char *cursor = line;
  const char *words = NULL;
  gboolean quoted;
  g_autofree char *target = NULL;

  g_autofree char *path = take_path (reader, &cursor, "a decision: PATH LABEL ORDINAL = VALUE/BOUND", error);
  if (path == NULL)
    return FALSE;
  g_autofree char *label = take_word (reader, &cursor, &quoted, "a label after the path, such as schedule", error);
  if (label == NULL)
    return FALSE;

  TrioScheduleEntry entry = { .path = path, .label = label };
  if (!take_number (reader, &cursor, 1, G_MAXUINT64, &entry.ordinal, "an ordinal of at least 1 after the label", error) ||
      !read_value (reader, &cursor, &entry, error) ||
      !read_rest_of_decision (reader, cursor, &entry, &target, &words, error) ||
      !remember_address (reader, &entry, error))
    return FALSE;

  entry.target = target;
  entry.words = (char *) words;
  trio_schedule_append (reader->schedule, &entry);
  return TRUE;
}

static gboolean
read_line (Reader *reader, const char *line, GError **error)
{
  const char *value;

  if (reader->line == 1)
    return read_first_line (reader, line, error);
  if (*line == '\0' || *line == '#')
    return TRUE;
  if (reader->ended)
    return fail_found (reader, line, "nothing after the line “" TRIO_SCHEDULE_END "”", error);
  if (g_str_equal (line, TRIO_SCHEDULE_END))
    return reader->ended = TRUE;

  g_autofree char *key = take_key (line, &value);
  return key != NULL ? read_header_line (reader, key, value, error) : read_decision (reader, line, error);
}

TrioSchedule *
trio_schedule_parse (const char *text, const char *file_name, GError **error)
{
  g_return_val_if_fail (text != NULL, NULL);
  g_autoptr (TrioSchedule) schedule = trio_schedule_new ();
  g_autoptr (GHashTable) addresses = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  Reader reader = { .file_name = file_name == NULL ? "schedule" : file_name, .schedule = schedule, .addresses = addresses };

  if (g_str_has_prefix (text, "\xef\xbb\xbf"))     /* some editors put a byte order mark in front */
    text += 3;
  g_auto (GStrv) lines = g_strsplit (text, "\n", -1);
  for (guint i = 0; lines[i] != NULL; i++)
    {
      /* What follows the last newline is no line. */
      if (lines[i + 1] == NULL && *lines[i] == '\0' && i > 0)
        break;
      reader.line = i + 1;
      if (!read_line (&reader, g_strstrip (lines[i]), error))
        return NULL;
    }
  if (lines[0] == NULL)
    {
      reader.line = 1;
      fail (&reader, error, "the file is empty; expected a schedule, which begins with “" TRIO_SCHEDULE_MAGIC " 1”");
      return NULL;
    }
  if (!reader.ended)
    {
      fail (&reader, error, "the schedule ends here without the line “" TRIO_SCHEDULE_END "”: it was cut off");
      return NULL;
    }
  return g_steal_pointer (&schedule);
}

/* A pipe is as good as a file; but a device may have no end. */
static gboolean
read_all (const char *path, char **text, gsize *size, GError **error)
{
  GIOChannel *channel;
  GString *all;
  char buffer[4096];
  gsize n;
  GIOStatus status;

  if (g_file_test (path, G_FILE_TEST_IS_REGULAR | G_FILE_TEST_IS_DIR) || !g_file_test (path, G_FILE_TEST_EXISTS))
    return g_file_get_contents (path, text, size, error);

  channel = g_io_channel_new_file (path, "r", error);
  if (channel == NULL)
    {
      g_prefix_error (error, "%s: ", path);
      return FALSE;
    }
  g_io_channel_set_encoding (channel, NULL, NULL);
  all = g_string_new (NULL);
  do
    {
      status = g_io_channel_read_chars (channel, buffer, sizeof buffer, &n, error);
      g_string_append_len (all, buffer, (gssize) n);
    }
  while ((status == G_IO_STATUS_NORMAL || status == G_IO_STATUS_AGAIN) && all->len <= PIPE_BYTES_MAX);
  g_io_channel_unref (channel);
  if (status == G_IO_STATUS_NORMAL || status == G_IO_STATUS_AGAIN)
    g_set_error (error, TRIO_ERROR, TRIO_ERROR_FAILED, "%s: this has no end, so it is no schedule", path);
  else if (status == G_IO_STATUS_ERROR)
    g_prefix_error (error, "%s: ", path);
  *size = all->len;
  *text = g_string_free (all, FALSE);
  return status == G_IO_STATUS_EOF;
}

TrioSchedule *
trio_schedule_load (const char *path, GError **error)
{
  g_return_val_if_fail (path != NULL, NULL);
  g_autofree char *text = NULL;
  gsize size;

  if (!read_all (path, &text, &size, error))
    return NULL;
  if (strlen (text) != size || !g_utf8_validate (text, -1, NULL))
    {
      g_set_error (error, TRIO_ERROR, TRIO_ERROR_FAILED, "%s: this is not text, so it is no schedule; a schedule begins with the "
                   "line “" TRIO_SCHEDULE_MAGIC " 1”", path);
      return NULL;
    }
  return trio_schedule_parse (text, path, error);
}
