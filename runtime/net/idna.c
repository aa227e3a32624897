/* SPDX-License-Identifier: MIT OR Apache-2.0 */

/* Internationalised names: IDNA 2008 (RFC 5891) after the mapping of UTS 46 (case, width), not transitional, so that "faß.de" is not
 * "fass.de". By libidn2; without it by GLib, which knows the rules of 2003. */

#include "net/idna.h"

#include <string.h>

#include <gio/gio.h>

#ifdef TRIO_HAVE_IDN2
#include <idn2.h>
#endif

#define NAME_MAX_BYTES 253u      /* RFC 1035, as text and without the last dot */

static char *
convert (const char *host, const char **why)
{
#ifdef TRIO_HAVE_IDN2
  g_autofree char *mapped = NULL;
  int result = idn2_to_ascii_8z (host, &mapped, IDN2_NONTRANSITIONAL | IDN2_NFC_INPUT);

  *why = result != IDN2_OK ? idn2_strerror (result) : NULL;
  return result == IDN2_OK ? g_strdup (mapped) : NULL;
#else
  *why = "it is not allowed by the rules of IDNA 2003";
  return g_hostname_to_ascii (host);
#endif
}

char *
trio_idna_to_ascii (const char *host, GError **error)
{
  g_autofree char *ascii = NULL;
  const char *why = NULL;

  if (*host == '\0')
    why = "it is empty";
  else if (!g_utf8_validate (host, -1, NULL))
    why = "it is not UTF-8";
  else
    ascii = g_str_is_ascii (host) ? g_strdup (host) : convert (host, &why);
  if (ascii != NULL && strlen (ascii) > (g_str_has_suffix (ascii, ".") ? NAME_MAX_BYTES + 1 : NAME_MAX_BYTES))
    {
      why = "it has more than 253 bytes";
      g_clear_pointer (&ascii, g_free);
    }
  if (ascii == NULL)
    {
      g_autofree char *shown = g_utf8_make_valid (host, -1);

      g_set_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT, "“%s” cannot be the name of a host: %s", shown, why);
    }
  return g_steal_pointer (&ascii);
}
