/* SPDX-License-Identifier: MIT OR Apache-2.0 */

/* Names of hosts: looking them up, and who does it. */

#pragma once

#include <trio/address.h>

G_BEGIN_DECLS

typedef struct _TrioResolver TrioResolver;

/**
 * TrioResolver:
 * @resolve: a Checkpoint, with the promise of trio_resolve(); it is asked for names only, which are ASCII already
 * @look_up_name: (nullable): a Checkpoint, with the promise of trio_look_up_name(); %NULL: the world is asked
 * @free: (nullable): called when it is replaced, and when the run ends, or its host's process in a simulator
 *
 * Who looks up names. Embed it as the first member of your own.
 */
struct _TrioResolver
{
  gboolean (*resolve) (TrioResolver *self, const char *host, guint16 port, TrioAddress **addresses, gsize *n_addresses,
                       GError **error);
  void     (*free)    (TrioResolver *self);
  char    *(*look_up_name) (TrioResolver *self, const TrioAddress *address, GError **error);
};

/**
 * trio_set_resolver:
 * @resolver: (transfer full) (nullable): who is asked from now on in the current run, in a simulator on the calling task's host; %NULL for the world's
 *   own: the system's look-up in a thread, or the simulated names
 *
 * For caches, for DNS over something, for tests. Look-ups under way are not disturbed: @resolver stays alive until they have come back. In a simulated run
 * it may be late and fail for now like the simulated names, before it is asked; what it does by itself may, too.
 *
 * Source: Trio's `trio.socket.set_custom_hostname_resolver`.
 */
TRIO_API void     trio_set_resolver (TrioResolver *resolver);

/**
 * trio_resolve:
 * @host: (nullable): a name or a numeric address; %NULL for "any address", to listen at
 * @port: goes into the addresses
 * @addresses: (out) (transfer full): in order of preference; g_free() it
 * @n_addresses: (out): at least 1
 * @error: where it says why not
 *
 * Numeric addresses need no look-up, and no thread. A name that is not ASCII is converted first (IDNA 2008 with the mapping of UTS 46,
 * not transitional; built without libidn2: IDNA 2003). Checkpoint. A cancellation gives up the wait; a look-up that is under way in a
 * thread goes on, and its answer is dropped.
 *
 * Errors: cancellation; %G_RESOLVER_ERROR; %G_IO_ERROR_INVALID_ARGUMENT if @host cannot be the name of a host, or is empty; %TRIO_ERROR_MISUSE if the resolver
 * of trio_set_resolver() succeeds without an address.
 *
 * Returns: %TRUE if there is an address
 */
TRIO_API gboolean trio_resolve      (const char *host, guint16 port, TrioAddress **addresses, gsize *n_addresses, GError **error)
  G_GNUC_WARN_UNUSED_RESULT TRIO_CHECKPOINT;

/**
 * trio_look_up_name:
 * @address: an IPv4 or IPv6 address
 * @error: where it says why not
 *
 * The name of the host that has an address, if anybody says so: whoever runs the network decides, so it proves nothing. The address as text is
 * trio_address_to_string(). Checkpoint, and cancelled like trio_resolve().
 *
 * Errors: cancellation; %G_RESOLVER_ERROR_NOT_FOUND if it has none; other %G_RESOLVER_ERROR; %TRIO_ERROR_MISUSE for a unix address.
 *
 * Source: Trio's `trio.socket.getnameinfo`.
 *
 * Returns: (transfer full): the name, or %NULL
 */
TRIO_API char    *trio_look_up_name (const TrioAddress *address, GError **error) G_GNUC_WARN_UNUSED_RESULT TRIO_CHECKPOINT;

G_END_DECLS
