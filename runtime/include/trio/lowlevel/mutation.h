/* SPDX-License-Identifier: MIT OR Apache-2.0 */

/* Mutations: for each safeguard of the runtime a switch that forgets it, so that it can be shown that the tests would notice.
 *
 *     if (!TRIO_MUTATION (lost_wake_up))
 *       trio_reschedule (task, NULL);
 *
 * Not for programs. A build without -Dmutations (or of another type than debug, when that is left to itself) has none of it: the macro is
 * FALSE. Else at most one is on, the one that the environment variable TRIO_MUTATION names when the process begins.
 * tests/mutation/mutations.txt lists them, with the tests that must fail.
 *
 * Source: R. DeMillo, R. Lipton, F. Sayward, "Hints on Test Data Selection" (1978). */

#pragma once

#include <trio/types.h>

G_BEGIN_DECLS

#ifdef TRIO_MUTATIONS
/* The one that is on, or NULL. Set before main(), and never again. */
TRIO_API extern const char *trio_mutation;

#define TRIO_MUTATION(name) (G_UNLIKELY (trio_mutation != NULL) && g_str_equal (trio_mutation, #name))
#else
#define TRIO_MUTATION(name) FALSE
#endif

G_END_DECLS
