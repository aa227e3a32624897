/* SPDX-License-Identifier: MIT OR Apache-2.0 */

/* TrioAddress <-> struct sockaddr. A sockaddr is copied in and out rather than cast: the system's types may alias nothing else. */

#include "host/sockaddr.h"

#include <netinet/in.h>
#include <stddef.h>
#include <string.h>
#include <sys/un.h>

G_STATIC_ASSERT (sizeof ((TrioAddress *) NULL)->path == sizeof ((struct sockaddr_un *) NULL)->sun_path);

int
trio_sockaddr_family (TrioAddressFamily family)
{
  switch (family)
    {
    case TRIO_ADDRESS_IPV6:
      return AF_INET6;
    case TRIO_ADDRESS_UNIX:
      return AF_UNIX;
    case TRIO_ADDRESS_IPV4:
    default:
      return AF_INET;
    }
}

/* A name in the abstract name space is as long as the address says, zeros included; ours ends at the first zero. */
static socklen_t
unix_length (const TrioAddress *address)
{
  gsize skipped = address->path[0] == '\0' ? 1 : 0;
  gsize length = skipped + strnlen (address->path + skipped, sizeof address->path - skipped);

  if (skipped == 0 && length < sizeof address->path)
    length++;
  return (socklen_t) (offsetof (struct sockaddr_un, sun_path) + length);
}

socklen_t
trio_sockaddr_from_address (const TrioAddress *address, struct sockaddr_storage *out)
{
  memset (out, 0, sizeof *out);
  if (address->family == TRIO_ADDRESS_IPV4)
    {
      struct sockaddr_in in = { .sin_family = AF_INET, .sin_port = g_htons (address->port) };

      memcpy (&in.sin_addr, address->bytes, sizeof in.sin_addr);
      memcpy (out, &in, sizeof in);
      return sizeof in;
    }
  if (address->family == TRIO_ADDRESS_IPV6)
    {
      struct sockaddr_in6 in6 = {
        .sin6_family = AF_INET6,
        .sin6_port = g_htons (address->port),
        .sin6_scope_id = address->scope_id,
      };

      memcpy (&in6.sin6_addr, address->bytes, sizeof in6.sin6_addr);
      memcpy (out, &in6, sizeof in6);
      return sizeof in6;
    }
  else
    {
      struct sockaddr_un un = { .sun_family = AF_UNIX };

      memcpy (un.sun_path, address->path, sizeof un.sun_path);
      memcpy (out, &un, sizeof un);
      return unix_length (address);
    }
}

gboolean
trio_sockaddr_to_address (const struct sockaddr *addr, socklen_t length, TrioAddress *out)
{
  TrioAddress address = { 0 };

  if (addr->sa_family == AF_INET && length >= sizeof (struct sockaddr_in))
    {
      struct sockaddr_in in;

      memcpy (&in, addr, sizeof in);
      address.family = TRIO_ADDRESS_IPV4;
      address.port = g_ntohs (in.sin_port);
      memcpy (address.bytes, &in.sin_addr, sizeof in.sin_addr);
    }
  else if (addr->sa_family == AF_INET6 && length >= sizeof (struct sockaddr_in6))
    {
      struct sockaddr_in6 in6;

      memcpy (&in6, addr, sizeof in6);
      address.family = TRIO_ADDRESS_IPV6;
      address.port = g_ntohs (in6.sin6_port);
      address.scope_id = in6.sin6_scope_id;
      memcpy (address.bytes, &in6.sin6_addr, sizeof in6.sin6_addr);
    }
  else if (addr->sa_family == AF_UNIX)
    {
      gsize offset = offsetof (struct sockaddr_un, sun_path);

      address.family = TRIO_ADDRESS_UNIX;
      if (length > offset)
        memcpy (address.path, (const char *) addr + offset, MIN (length - offset, sizeof address.path));
    }
  else
    return FALSE;

  *out = address;
  return TRUE;
}
