/* SPDX-License-Identifier: MIT OR Apache-2.0 */

#include "money.h"

char *
money_to_string (gint64 cents)
{
  guint64 size = cents < 0 ? -(guint64) cents : (guint64) cents;

  return g_strdup_printf ("%s%" G_GUINT64_FORMAT ".%02u", cents < 0 ? "-" : "", size / 100, (guint) (size % 100));
}

gboolean
money_parse (const char *text, gint64 *cents)
{
  gint64 value = 0;
  guint whole_digits = 0;

  for (; g_ascii_isdigit (*text); text++, whole_digits++)
    {
      value = value * 10 + g_ascii_digit_value (*text);
      if (value > MONEY_CENTS_MAX / 100)
        return FALSE;
    }

  if (whole_digits == 0 || text[0] != '.' || !g_ascii_isdigit (text[1]) || !g_ascii_isdigit (text[2]) || text[3] != '\0')
    return FALSE;

  value = value * 100 + g_ascii_digit_value (text[1]) * 10 + g_ascii_digit_value (text[2]);
  if (value > MONEY_CENTS_MAX)
    return FALSE;

  *cents = value;
  return TRUE;
}
