/* SPDX-License-Identifier: MIT OR Apache-2.0 */

/* Money: an amount is a number of cents, and its text has always two digits behind the point: "1250.00". */

#pragma once

#include <glib.h>

/* No single amount in a file or a request is larger: sums of a few thousand of them cannot overflow. */
#define MONEY_CENTS_MAX G_GINT64_CONSTANT (100000000000000)

/* The text of an amount; "-3.05" if it is negative. Free with g_free(). */
char     *money_to_string (gint64 cents);

/* Reads digits, a point and two digits; nothing else, and no sign. FALSE leaves `cents` alone. */
gboolean  money_parse     (const char *text, gint64 *cents);
