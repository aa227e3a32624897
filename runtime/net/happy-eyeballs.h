/* SPDX-License-Identifier: MIT OR Apache-2.0 */

/* Connecting to whichever address of a host answers first. */

#pragma once

#include <trio/tcp.h>

#include "net/socket.h"

/**
 * trio_connect_to_first:
 * @host: the name, for messages
 * @addresses: (inout): at least one; they are put into the order in which they are tried
 * @n_addresses: how many
 * @options: how
 * @error: where it says why not
 *
 * Checkpoint. Whatever happens, no socket but the one that is returned stays open.
 *
 * Errors: cancellation; if no address answers, G_IO_ERROR of the last that failed, with all of them in the message.
 *
 * Returns: (transfer full): a connected socket, or NULL
 */
TrioSocketHandle *trio_connect_to_first (const char *host, TrioAddress *addresses, gsize n_addresses, const TrioTcpOptions *options,
                                         GError **error) G_GNUC_WARN_UNUSED_RESULT TRIO_CHECKPOINT;
