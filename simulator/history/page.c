/* SPDX-License-Identifier: MIT OR Apache-2.0 */

/* A history as one page that needs nothing else. The page itself is written in page/; here it gets its data. */

#include "simulator/history/history.h"
#include "simulator/history/history-page.h"     /* made at build time by trace/html/embed.c */

#include <string.h>

/* A JSON string inside an HTML script element: "<" is written so that no tag can begin. */
static void
append_string (GString *out, const char *text)
{
  g_autofree char *valid = text == NULL ? NULL : g_utf8_make_valid (text, -1);

  if (valid == NULL)
    {
      g_string_append (out, "null");
      return;
    }
  g_string_append_c (out, '"');
  for (const char *at = valid; *at != '\0'; at++)
    if (*at == '"' || *at == '\\')
      g_string_append_printf (out, "\\%c", *at);
    else if ((guchar) *at < 0x20 || *at == '<')
      g_string_append_printf (out, "\\u%04x", (guint) *at);
    else
      g_string_append_c (out, *at);
  g_string_append_c (out, '"');
}

static void
append_member (GString *out, const char *name, const char *text)
{
  g_string_append_printf (out, "%s\"%s\":", out->str[out->len - 1] == '{' ? "" : ",", name);
  append_string (out, text);
}

static void
append_value (GString *out, const char *name, GVariant *value)
{
  g_autoptr (GString) text = g_string_new (NULL);

  trio_value_append (value, text);
  append_member (out, name, text->str);
}

/* Only the object that the check tells about: the others have nothing to do with it. */
static gboolean
is_shown (const TrioHistoryEntry *entry, const TrioLinearization *linearization)
{
  return !entry->failed && (!linearization->model->by_key || g_strcmp0 (entry->operation.key, linearization->key) == 0);
}

static void
append_operation (GString *out, guint id, const TrioOperation *operation)
{
  g_string_append_printf (out, "{\"id\":%u", id);
  append_member (out, "client", operation->client);
  append_member (out, "verb", operation->verb);
  if (g_variant_is_of_type (operation->argument, G_VARIANT_TYPE_UNIT))
    append_member (out, "argument", "");
  else
    append_value (out, "argument", operation->argument);
  append_value (out, "result", operation->result);
  g_string_append_printf (out, ",\"called\":%u,\"returned\":%u,\"calledAt\":%" G_GINT64_FORMAT ",\"returnedAt\":%" G_GINT64_FORMAT "}",
                          operation->called, operation->returned, operation->called_at, operation->returned_at);
}

static void
append_data (GString *out, const TrioHistory *history, const TrioLinearization *linearization)
{
  static const char *const verdicts[] = { "linearizable", "not linearizable", "undecided" };
  const char *comma = "";

  g_string_append_c (out, '{');
  append_member (out, "verdict", verdicts[linearization->verdict]);
  append_member (out, "model", linearization->model->name);
  append_member (out, "key", linearization->key);
  append_member (out, "message", linearization->message);
  g_string_append_printf (out, ",\"stuck\":%d,\"operations\":[", linearization->stuck);
  for (guint i = 0; i < trio_history_get_length (history); i++)
    if (is_shown (trio_history_get_entry (history, i), linearization))
      {
        g_string_append (out, comma);
        append_operation (out, i, trio_history_get_operation (history, i));
        comma = ",";
      }
  g_string_append (out, "],\"order\":[");
  for (guint i = 0; i < linearization->n_order; i++)
    {
      g_string_append_printf (out, "%s{\"id\":%u", i == 0 ? "" : ",", linearization->order[i]);
      append_member (out, "state", linearization->states[i]);
      g_string_append_c (out, '}');
    }
  g_string_append (out, "]}");
}

static void
append_part (GString *out, const char *mark, const TrioHistory *history, const TrioLinearization *linearization, const char *title)
{
  g_autofree char *valid = g_utf8_make_valid (title, -1);
  g_autofree char *escaped = g_markup_escape_text (valid, -1);

  if (g_str_has_prefix (mark, "{{css}}"))
    g_string_append (out, page_css);
  else if (g_str_has_prefix (mark, "{{js}}"))
    g_string_append (out, page_js);
  else if (g_str_has_prefix (mark, "{{title}}"))
    g_string_append (out, escaped);
  else if (g_str_has_prefix (mark, "{{data}}"))
    append_data (out, history, linearization);
}

/* In one pass over the page, so that a value that looks like a mark stays a value. */
char *
trio_history_to_page (const TrioHistory *history, const TrioLinearization *linearization, const char *title)
{
  GString *out = g_string_new (NULL);
  const char *at = page_html;
  const char *mark;

  g_return_val_if_fail (history != NULL && linearization != NULL && title != NULL, g_string_free (out, FALSE));

  while ((mark = strstr (at, "{{")) != NULL)
    {
      g_string_append_len (out, at, mark - at);
      append_part (out, mark, history, linearization, title);
      at = strstr (mark, "}}") + 2;
    }
  g_string_append (out, at);
  return g_string_free (out, FALSE);
}
