/* SPDX-License-Identifier: MIT OR Apache-2.0 */

/* From host names to addresses. Numbers are read on the spot; names are asked of the system, which may take its time, in a thread
 * of their own. A task that is cancelled does not wait for that thread: it ends when it ends, and nobody listens. */

#pragma once

#include <trio/seam/io.h>

/* The resolve verb of <trio/seam/io.h>. Checkpoint. Errors: cancellation; G_RESOLVER_ERROR. */
gboolean trio_host_resolve (const char *host, guint16 port, TrioAddress **addresses, gsize *n_addresses, GError **error)
  G_GNUC_WARN_UNUSED_RESULT TRIO_CHECKPOINT;
/* As trio_look_up_name(), of an IPv4 or IPv6 address. */
char    *trio_host_look_up_name (const TrioAddress *address, GError **error) TRIO_CHECKPOINT;
