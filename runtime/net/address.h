/* SPDX-License-Identifier: MIT OR Apache-2.0 */

/* Addresses as text, for messages and dumps. */

#pragma once

#include <trio/seam/io.h>

/**
 * trio_address_to_string:
 * @address: an address
 *
 * Returns: (transfer full): "127.0.0.1:7000", "[::1]:7000", "/run/socket", "@abstract"
 */
char    *trio_address_to_string (const TrioAddress *address) G_GNUC_WARN_UNUSED_RESULT;
