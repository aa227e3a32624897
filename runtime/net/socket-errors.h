/* SPDX-License-Identifier: MIT OR Apache-2.0 */

/* From the errno that a world answered to a GError: the one place. */

#pragma once

#include <trio/seam/io.h>

/* "could not <what> <address>: <the system's words>", as G_IO_ERROR. address may be NULL. errnum is positive, as in errno.h. */
void     trio_socket_set_system_error (GError **error, int errnum, const char *what, const TrioAddress *address);

/* The same as BROKEN_RESOURCE: a connection that worked does no more. */
void     trio_socket_set_broken_error (GError **error, int errnum, const char *what, const TrioAddress *address);

/* The reasons for a failing accept() that say "later", not "never": no descriptors, no memory. */
gboolean trio_errno_is_capacity       (int errnum);

/* What a send says when the connection is no more, and never when something else is wrong. */
gboolean trio_errno_is_broken_connection (int errnum);

/* Those that concern only the one connection that would have been accepted. */
gboolean trio_errno_is_lost_connection (int errnum);
