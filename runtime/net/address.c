/* SPDX-License-Identifier: MIT OR Apache-2.0 */

/* Addresses from text and to it, by GIO's, which know the rules for shortening IPv6. */

#include <trio/address.h>

#include <string.h>

#include <gio/gio.h>

gboolean
trio_address_parse (const char *host, guint16 port, TrioAddress *address)
{
  g_autoptr (GSocketAddress) parsed = NULL;
  GInetAddress *inet;

  g_return_val_if_fail (host != NULL && address != NULL, FALSE);

  parsed = g_inet_socket_address_new_from_string (host, port);
  if (parsed == NULL)
    return FALSE;
  inet = g_inet_socket_address_get_address (G_INET_SOCKET_ADDRESS (parsed));
  *address = (TrioAddress) {
    .family = g_inet_address_get_family (inet) == G_SOCKET_FAMILY_IPV4 ? TRIO_ADDRESS_IPV4 : TRIO_ADDRESS_IPV6,
    .port = port,
  };
  if (address->family == TRIO_ADDRESS_IPV6)
    address->scope_id = g_inet_socket_address_get_scope_id (G_INET_SOCKET_ADDRESS (parsed));
  memcpy (address->bytes, g_inet_address_to_bytes (inet), g_inet_address_get_native_size (inet));
  return TRUE;
}

gboolean
trio_address_unix (const char *path, TrioAddress *address, GError **error)
{
  gsize length;

  g_return_val_if_fail (path != NULL && address != NULL, FALSE);

  length = strlen (path);
  if (length == 0 || strcmp (path, "@") == 0)
    {
      g_set_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT, "“%s” is no path of a unix socket: %s is missing", path,
                   length == 0 ? "the path" : "the name behind the “@”");
      return FALSE;
    }
  if (length >= TRIO_ADDRESS_PATH_MAX)
    {
      g_set_error (error, G_IO_ERROR, G_IO_ERROR_FILENAME_TOO_LONG, "the path of a unix socket may have %d bytes, and “%s” has %" G_GSIZE_FORMAT,
                   TRIO_ADDRESS_PATH_MAX - 1, path, length);
      return FALSE;
    }
  *address = (TrioAddress) { .family = TRIO_ADDRESS_UNIX };
  memcpy (address->path, path, length);
  if (path[0] == '@')
    address->path[0] = '\0';
  return TRUE;
}

gboolean
trio_address_equal (const TrioAddress *a, const TrioAddress *b)
{
  g_return_val_if_fail (a != NULL && b != NULL, FALSE);

  if (a->family != b->family)
    return FALSE;
  if (a->family == TRIO_ADDRESS_UNIX)
    return memcmp (a->path, b->path, sizeof a->path) == 0;
  return a->port == b->port && a->scope_id == b->scope_id && memcmp (a->bytes, b->bytes, a->family == TRIO_ADDRESS_IPV4 ? 4 : 16) == 0;
}

static char *
inet_to_string (const TrioAddress *address)
{
  GSocketFamily family = address->family == TRIO_ADDRESS_IPV4 ? G_SOCKET_FAMILY_IPV4 : G_SOCKET_FAMILY_IPV6;
  g_autoptr (GInetAddress) inet = g_inet_address_new_from_bytes (address->bytes, family);
  g_autofree char *host = g_inet_address_to_string (inet);

  if (address->family == TRIO_ADDRESS_IPV4)
    return g_strdup_printf ("%s:%u", host, address->port);
  if (address->scope_id != 0)
    return g_strdup_printf ("[%s%%%u]:%u", host, address->scope_id, address->port);
  return g_strdup_printf ("[%s]:%u", host, address->port);
}

char *
trio_address_to_string (const TrioAddress *address)
{
  g_return_val_if_fail (address != NULL, NULL);

  if (address->family != TRIO_ADDRESS_UNIX)
    return inet_to_string (address);
  if (address->path[0] != '\0')
    return g_strndup (address->path, sizeof address->path);
  if (address->path[1] != '\0')
    return g_strdup_printf ("@%.*s", (int) sizeof address->path - 1, address->path + 1);
  return g_strdup ("a socket without a name");
}
