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

/**
 * trio_error_quark:
 *
 * Any thread.
 *
 * Returns: the domain of these errors; write %TRIO_ERROR
 */
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
 * trio_error_group_new:
 * @errors: (array length=n_errors) (transfer full): errors, in order of arrival; the array itself stays the caller's
 * @n_errors: how many
 *
 * Makes a group of them; groups among them stay members of their own.
 *
 * Returns: (transfer full) (nullable): %NULL if there are none, the one if there is one, else a group
 */
TRIO_API GError *trio_error_group_new (GError **errors, gsize n_errors);

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

/**
 * TrioErrorPredicate:
 * @error: an error; a group is shown before its members
 * @data: what was given beside the predicate
 *
 * Says whether an error is one of those that are looked for. A group that is taken as a whole; its members are not asked for.
 *
 * Returns: %TRUE if it is
 */
typedef gboolean (*TrioErrorPredicate) (const GError *error, gpointer data);

/**
 * trio_error_find:
 * @error: (nullable): an error
 * @domain: a domain
 * @code: a code of that domain
 *
 * Searches @error and its members, at any depth, in order of arrival. Any thread; never suspends.
 *
 * Returns: (transfer none) (nullable): the first that is @domain and @code, owned by @error; %NULL if none is
 */
TRIO_API const GError *trio_error_find    (const GError *error, GQuark domain, int code);

/**
 * trio_error_find_if:
 * @error: (nullable): an error
 * @predicate: says which
 * @data: what @predicate gets
 *
 * Likewise, with any condition: all codes of a domain, a word in the message.
 *
 * Returns: (transfer none) (nullable): the first for which @predicate holds, owned by @error
 */
TRIO_API const GError *trio_error_find_if (const GError *error, TrioErrorPredicate predicate, gpointer data);

/**
 * trio_error_split:
 * @error: (nullable) (transfer full): an error
 * @domain: a domain
 * @code: a code of that domain
 * @matching: (out) (optional) (transfer full) (nullable): all errors of that kind; freed if @matching is %NULL
 * @rest: (out) (optional) (transfer full) (nullable): all others; freed if @rest is %NULL
 *
 * Takes an error apart, so that one kind can be handled and the rest passed on. Both parts keep order, nesting and prefixes; a group left
 * with one member becomes that member. Nothing is dropped: each error that went in comes out once.
 *
 *   trio_error_split (g_steal_pointer (&failure), G_IO_ERROR, G_IO_ERROR_NOT_FOUND, &missing, &failure);
 *
 * Any thread; never suspends. After BaseExceptionGroup.split() and `except*` (PEP 654).
 */
TRIO_API void trio_error_split    (GError *error, GQuark domain, int code, GError **matching, GError **rest);

/**
 * trio_error_split_if:
 * @error: (nullable) (transfer full): an error
 * @predicate: says which belong to @matching; it may be asked twice about the same error
 * @data: what @predicate gets
 * @matching: (out) (optional) (transfer full) (nullable): those; freed if @matching is %NULL
 * @rest: (out) (optional) (transfer full) (nullable): all others; freed if @rest is %NULL
 *
 * Likewise, with any condition.
 */
TRIO_API void trio_error_split_if (GError *error, TrioErrorPredicate predicate, gpointer data, GError **matching, GError **rest);

/**
 * trio_error_to_tree:
 * @error: (nullable): an error
 *
 * Shows the whole of it, a line for each error, members indented below their group, with kinds:
 *
 *   2 errors:
 *     [too slow] too slow: the deadline of 2 s, set at fetch.c:31, passed
 *     while saving: 2 errors:
 *       [g-file-error 12] no space left
 *       [failed] the other one
 *
 * The message of a group is much the same, but bounded. Any thread; never suspends.
 *
 * Returns: (transfer full): the text; each line ends with a newline; "" for %NULL
 */
TRIO_API char *trio_error_to_tree (const GError *error);

G_END_DECLS
