/* SPDX-License-Identifier: MIT OR Apache-2.0 */

/* How groups are kept: between error.c, which makes them, and error-group.c, which looks into them and takes them apart. */

#pragma once

#include <trio/error.h>

/* The members of a group, owned by it; NULL if error is NULL or none, or a GROUP that somebody made by hand. */
GPtrArray *trio_error_get_members  (const GError *error);

/* So many bytes at the beginning of a group's message were added by g_prefix_error(). */
gsize      trio_error_get_prefix   (const GError *group);

/* An array that frees what is in it. */
GPtrArray *trio_error_new_members  (void);

/* Takes the array. NULL if it is empty, the one, or a group; the prefix (which need not end with a NUL) is kept. */
GError    *trio_error_from_members (GPtrArray *members, const char *prefix, gsize prefix_bytes);
