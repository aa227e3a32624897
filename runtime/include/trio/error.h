/* SPDX-License-Identifier: MIT OR Apache-2.0 */

/* Errors: one domain, and groups. A group is an ordinary GError that holds several others in order of arrival; a group of one
 * does not exist, it is that one. */

#pragma once

#include <trio/types.h>

G_BEGIN_DECLS

#define TRIO_ERROR (trio_error_quark ())

/**
 * TrioError:
 * @TRIO_ERROR_CANCELLED: an enclosing cancel scope was cancelled; the message says which and why. Never swallow it: return it
 * @TRIO_ERROR_KEYBOARD_INTERRUPT: Ctrl-C
 * @TRIO_ERROR_TOO_SLOW: the deadline of a trio_fail_after() or trio_fail_at() scope passed
 * @TRIO_ERROR_GROUP: several errors; see trio_error_group_get_errors()
 * @TRIO_ERROR_WOULD_BLOCK: a `_nowait` function could not do its work at once
 * @TRIO_ERROR_BUSY_RESOURCE: another task is already doing this with the same object
 * @TRIO_ERROR_CLOSED_RESOURCE: the object was closed on this side
 * @TRIO_ERROR_BROKEN_RESOURCE: the object can no longer work: the other side is gone, its owner died, it was broken
 * @TRIO_ERROR_END_OF_CHANNEL: all senders are closed and the buffer is empty
 * @TRIO_ERROR_NEED_HANDSHAKE: a TLS stream was asked something it knows only after the handshake
 * @TRIO_ERROR_RUN_FINISHED: the run that was to do this has ended
 * @TRIO_ERROR_DEADLOCK: every task waits and nothing can ever wake one
 * @TRIO_ERROR_MISUSE: a mistake in the calling program, of a kind that lets it go on
 * @TRIO_ERROR_INTERNAL: the runtime, or a part that extends it, broke a rule; the first cause is named
 * @TRIO_ERROR_FAILED: a failure with no better name
 */
typedef enum
{
  TRIO_ERROR_CANCELLED,
  TRIO_ERROR_KEYBOARD_INTERRUPT,
  TRIO_ERROR_TOO_SLOW,
  TRIO_ERROR_GROUP,
  TRIO_ERROR_WOULD_BLOCK,
  TRIO_ERROR_BUSY_RESOURCE,
  TRIO_ERROR_CLOSED_RESOURCE,
  TRIO_ERROR_BROKEN_RESOURCE,
  TRIO_ERROR_END_OF_CHANNEL,
  TRIO_ERROR_NEED_HANDSHAKE,
  TRIO_ERROR_RUN_FINISHED,
  TRIO_ERROR_DEADLOCK,
  TRIO_ERROR_MISUSE,
  TRIO_ERROR_INTERNAL,
  TRIO_ERROR_FAILED,
} TrioError;

TRIO_API GQuark trio_error_quark (void);

/**
 * trio_error_contains:
 * @error: (nullable): an error
 * @domain: a domain
 * @code: a code of that domain
 *
 * Like g_error_matches(), and looks through groups, at any depth.
 *
 * Returns: %TRUE if @error, or a member of it, is @domain and @code
 */
TRIO_API gboolean trio_error_contains (const GError *error, GQuark domain, int code);

/**
 * trio_error_group_get_errors:
 * @error: an error
 * @n_errors: (out): how many there are
 *
 * The members of a group in order of arrival; for any other error, that error alone.
 *
 * Returns: (transfer none) (array length=n_errors): the members, owned by @error; for an error alone, valid until the next call on
 *   this thread
 */
TRIO_API const GError *const *trio_error_group_get_errors (const GError *error, gsize *n_errors);

/**
 * trio_error_merge:
 * @first: (nullable) (transfer full): an error
 * @second: (nullable) (transfer full): an error that came later
 *
 * Puts two errors together: %NULL if there are none, the one if there is one, else a group. A group given as @first is
 * extended, so that errors merged one after the other stand side by side in order of arrival.
 *
 * Returns: (transfer full) (nullable): both as one error
 */
TRIO_API GError *trio_error_merge (GError *first, GError *second);

/**
 * trio_error_remove:
 * @error: (nullable) (transfer full): an error
 * @domain: a domain
 * @code: a code of that domain
 * @removed: (out) (optional): whether anything was removed
 *
 * Takes every error of that kind out of @error, at any depth; groups left with one member become that member.
 *
 * Returns: (transfer full) (nullable): the rest, or %NULL if nothing is left
 */
TRIO_API GError *trio_error_remove (GError *error, GQuark domain, int code, gboolean *removed);

G_END_DECLS
