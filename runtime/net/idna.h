/* SPDX-License-Identifier: MIT OR Apache-2.0 */

/* Internationalised names of hosts. */

#pragma once

#include <glib.h>

/* The name as it is asked for on the wire. NULL with G_IO_ERROR_INVALID_ARGUMENT if it cannot be one. */
char *trio_idna_to_ascii (const char *host, GError **error) G_GNUC_WARN_UNUSED_RESULT;
