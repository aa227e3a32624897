/* SPDX-License-Identifier: MIT OR Apache-2.0 */

/* Checks that a program states about itself. In production a false "always" is a g_error(); in the simulator it ends the run as a
 * failure of that name, and "sometimes" are goals that a search reports as reached or not.
 *
 * Source: the assertions of Antithesis' SDK and FoundationDB's CODE_PROBE. */

#pragma once

#include <trio/types.h>

G_BEGIN_DECLS

typedef enum
{
  TRIO_CHECK_ALWAYS,
  TRIO_CHECK_SOMETIMES,
  TRIO_CHECK_UNREACHABLE,
} TrioCheckKind;

TRIO_API void trio_check (TrioCheckKind kind, gboolean condition, const char *name, const char *where);

/* `condition` must hold whenever this line is reached. `name` says what is promised: "balances add up". */
#define trio_always(condition, name)    (trio_check (TRIO_CHECK_ALWAYS, (condition) ? TRUE : FALSE, (name), G_STRLOC))
/* `condition` should hold here in at least one run of a search. */
#define trio_sometimes(condition, name) (trio_check (TRIO_CHECK_SOMETIMES, (condition) ? TRUE : FALSE, (name), G_STRLOC))
/* This line must never be reached. */
#define trio_unreachable(name)          (trio_check (TRIO_CHECK_UNREACHABLE, FALSE, (name), G_STRLOC))

G_END_DECLS
