/* SPDX-License-Identifier: MIT OR Apache-2.0 */

/* Checks that a program states about itself. In production a false "always" is a g_error(); in the simulator it ends the run as a
 * failure of that name, and "sometimes" are goals that a search reports as reached or not.
 *
 * What must happen at last is stated in one of two ways. trio_eventually() waits for a condition, and is for who drives a scenario; an
 * obligation is taken on where something begins and met where it is done, and is for the program itself:
 *
 *     obligation = trio_oblige (5 * G_TIME_SPAN_SECOND, "a request is answered");
 *     …
 *     trio_obligation_meet (obligation);
 *
 * A span says nothing while a simulation delays and breaks things on purpose. So it counts only in the liveness phase, in which no more
 * faults, delays and unfair decisions come: trio_eventually() has one of its own, <trio-sim/sim.h> has trio_sim_heal().
 *
 * Source: the assertions of Antithesis' SDK and FoundationDB's CODE_PROBE; for the liveness phase TigerBeetle's simulator. */

#pragma once

#include <trio/types.h>

G_BEGIN_DECLS

typedef enum
{
  TRIO_CHECK_ALWAYS,
  TRIO_CHECK_SOMETIMES,
  TRIO_CHECK_UNREACHABLE,
  TRIO_CHECK_EVENTUALLY,
} TrioCheckKind;

/**
 * trio_check:
 * @kind: what is checked
 * @condition: whether it is so
 * @name: static: what is promised: "balances add up"
 * @where: static: "file.c:41"
 *
 * What trio_always() and its like are made of. A simulated world judges it; in production a promise that is broken is a g_error().
 */
TRIO_API void trio_check (TrioCheckKind kind, gboolean condition, const char *name, const char *where);

/* `condition` must hold whenever this line is reached. `name` says what is promised: "balances add up". */
#define trio_always(condition, name)    (trio_check (TRIO_CHECK_ALWAYS, (condition) ? TRUE : FALSE, (name), G_STRLOC))
/* `condition` should hold here in at least one run of a search. */
#define trio_sometimes(condition, name) (trio_check (TRIO_CHECK_SOMETIMES, (condition) ? TRUE : FALSE, (name), G_STRLOC))
/* This line must never be reached. */
#define trio_unreachable(name)          (trio_check (TRIO_CHECK_UNREACHABLE, FALSE, (name), G_STRLOC))

/**
 * trio_eventually:
 * @reached: (scope call): tells whether it is so; must not suspend
 * @data: what it gets
 * @within: how long it may take, in microseconds
 * @name: what is promised: "the replicas agree"
 * @error: where a cancellation comes out
 *
 * Checkpoint. Looks again and again, at most two hundred times, until @reached is %TRUE. If it is not so @within that span, this is a
 * failure of that name, and in production a g_error(). A simulated run is in its liveness phase meanwhile: no faults, no delays, fair.
 *
 * Errors: cancellation; %TRIO_ERROR_KEYBOARD_INTERRUPT; %TRIO_ERROR_MISUSE outside a task.
 *
 * Returns: %TRUE when it is so
 */
#define trio_eventually(reached, data, within, name, error) \
  (trio_eventually_at ((reached), (data), (within), (name), G_STRLOC, (error)))
TRIO_API gboolean trio_eventually_at (gboolean (*reached) (gpointer data), gpointer data, gint64 within, const char *name,
                                      const char *where, GError **error) G_GNUC_WARN_UNUSED_RESULT TRIO_CHECKPOINT;

/* Something that must have happened when the run ends well; and in a liveness phase that does not end (trio_sim_heal()), within the span from the
 * later of its beginning and this call. Nobody looks in production, where there is nothing but NULL to hold. */
typedef struct _TrioObligation TrioObligation;

#define trio_oblige(within, name) (trio_oblige_at ((within), (name), G_STRLOC))
TRIO_API TrioObligation *trio_oblige_at       (gint64 within, const char *name, const char *where);

/**
 * trio_obligation_meet:
 * @obligation: (nullable) (transfer full): what trio_oblige() gave
 *
 * It has happened. Once.
 */
TRIO_API void            trio_obligation_meet (TrioObligation *obligation);

G_END_DECLS
