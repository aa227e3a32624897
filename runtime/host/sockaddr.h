/* SPDX-License-Identifier: MIT OR Apache-2.0 */

/* TrioAddress <-> struct sockaddr. */

#pragma once

#include <sys/socket.h>

#include <trio/seam/io.h>

/* Returns the length. */
socklen_t trio_sockaddr_from_address (const TrioAddress *address, struct sockaddr_storage *out);
/* FALSE if it is of a family that we do not know. */
gboolean  trio_sockaddr_to_address   (const struct sockaddr *addr, socklen_t length, TrioAddress *out);
int       trio_sockaddr_family       (TrioAddressFamily family);
