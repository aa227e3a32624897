/* SPDX-License-Identifier: MIT OR Apache-2.0 */

/* Addresses of sockets, by value: IPv4, IPv6 and unix. */

#pragma once

#include <trio/types.h>

G_BEGIN_DECLS

typedef enum
{
  TRIO_ADDRESS_IPV4,
  TRIO_ADDRESS_IPV6,
  TRIO_ADDRESS_UNIX,
} TrioAddressFamily;

#define TRIO_ADDRESS_PATH_MAX 108

/**
 * TrioAddress:
 * @family: which of the following counts
 * @port: in host byte order; IPv4 and IPv6
 * @scope_id: of a link-local IPv6 address: the number of the interface; else 0
 * @bytes: in network byte order; the first 4 for IPv4
 * @path: unix: a path; a leading NUL is Linux' abstract name space; all NULs are a socket without a name
 */
typedef struct
{
  TrioAddressFamily family;
  guint16           port;
  guint32           scope_id;
  guint8            bytes[16];
  char              path[TRIO_ADDRESS_PATH_MAX];
} TrioAddress;

/**
 * trio_address_parse:
 * @host: a numeric address: "127.0.0.1", "::1", "fe80::1%2"
 * @port: a port
 * @address: (out): the address
 *
 * No name is looked up, and nothing suspends.
 *
 * Returns: %FALSE if @host is not numeric
 */
TRIO_API gboolean trio_address_parse     (const char *host, guint16 port, TrioAddress *address);

/**
 * trio_address_unix:
 * @path: a path, or "@name" for a name in Linux' abstract name space
 * @address: (out): the address
 * @error: where it says why not
 *
 * Errors: %G_IO_ERROR_FILENAME_TOO_LONG if @path has more than 107 bytes, which is all that the system keeps;
 * %G_IO_ERROR_INVALID_ARGUMENT if it is empty, or nothing but "@".
 *
 * Returns: %TRUE if it fits
 */
TRIO_API gboolean trio_address_unix      (const char *path, TrioAddress *address, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/**
 * trio_address_equal:
 * @a: an address
 * @b: another one
 *
 * Compares what counts of their family; of unix addresses all bytes of the path. Any thread. Never suspends.
 *
 * Returns: whether they are the same
 */
TRIO_API gboolean trio_address_equal     (const TrioAddress *a, const TrioAddress *b);

/**
 * trio_address_to_string:
 * @address: an address
 *
 * Returns: (transfer full): "127.0.0.1:7000", "[::1]:7000", "/run/socket", "@abstract"
 */
TRIO_API char    *trio_address_to_string (const TrioAddress *address) G_GNUC_WARN_UNUSED_RESULT;

G_END_DECLS
