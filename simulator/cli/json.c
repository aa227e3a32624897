/* SPDX-License-Identifier: MIT OR Apache-2.0 */

/* Writing JSON. See json.h. */

#include "simulator/cli/json.h"

#include <string.h>

void
trio_cli_json_key (GString *out, const char *key)
{
  char last = out->len > 0 ? out->str[out->len - 1] : '{';

  if (last != '{')
    g_string_append (out, ", ");
  trio_cli_json_string (out, key);
  g_string_append (out, ": ");
}

void
trio_cli_json_string (GString *out, const char *text)
{
  g_autofree char *valid = NULL;

  if (!text)
    {
      g_string_append (out, "null");
      return;
    }

  valid = g_utf8_make_valid (text, -1);
  g_string_append_c (out, '"');
  for (const char *c = valid; *c; c++)
    {
      if (*c == '"' || *c == '\\')
        g_string_append_printf (out, "\\%c", *c);
      else if (*c == '\n')
        g_string_append (out, "\\n");
      else if ((guchar) *c < 0x20 || *c == 0x7f)
        g_string_append_printf (out, "\\u%04x", (guchar) *c);
      else
        g_string_append_c (out, *c);
    }
  g_string_append_c (out, '"');
}

void
trio_cli_json_member (GString *out, const char *key, const char *text)
{
  trio_cli_json_key (out, key);
  trio_cli_json_string (out, text);
}

void
trio_cli_json_number (GString *out, const char *key, guint64 number)
{
  trio_cli_json_key (out, key);
  g_string_append_printf (out, "%" G_GUINT64_FORMAT, number);
}

void
trio_cli_json_boolean (GString *out, const char *key, gboolean value)
{
  trio_cli_json_key (out, key);
  g_string_append (out, value ? "true" : "false");
}

void
trio_cli_json_hash (GString *out, const char *key, guint64 hash)
{
  trio_cli_json_key (out, key);
  g_string_append_printf (out, "\"%016" G_GINT64_MODIFIER "x\"", hash);
}
