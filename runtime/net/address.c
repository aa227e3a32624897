/* SPDX-License-Identifier: MIT OR Apache-2.0 */

/* TrioAddress -> text, by GIO's addresses, which know the rules for shortening IPv6. */

#include "net/address.h"

#include <gio/gio.h>

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
  if (address->family != TRIO_ADDRESS_UNIX)
    return inet_to_string (address);
  if (address->path[0] != '\0')
    return g_strndup (address->path, sizeof address->path);
  if (address->path[1] != '\0')
    return g_strdup_printf ("@%.*s", (int) sizeof address->path - 1, address->path + 1);
  return g_strdup ("a socket without a name");
}
