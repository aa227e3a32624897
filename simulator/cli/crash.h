/* SPDX-License-Identifier: MIT OR Apache-2.0 */

/* What killed a child: from how it ended and from what it printed. */

#pragma once

#include "simulator/cli/os.h"

G_BEGIN_DECLS

/* @name: (out): what identifies it: the assertion, the critical, what the sanitizer calls it, the signal. Without addresses,
 *   times, process ids and line numbers, so that the same crash has the same name in every run.
 * @message: (out): for a person: how it ended, and the end of what it printed. */
void trio_cli_name_crash (TrioCliEnd end, int code, const char *errors, char **name, char **message);

/* "bank.c:41 in move", if an assertion or a sanitizer said so; NULL if nobody did. */
char *trio_cli_place_of_crash (const char *errors);

G_END_DECLS
