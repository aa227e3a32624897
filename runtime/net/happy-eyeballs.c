/* SPDX-License-Identifier: MIT OR Apache-2.0 */

/* Happy eyeballs (RFC 8305): of a host with several addresses, some of which may not answer, the first that does, without waiting for
 * the others.
 *
 *     address 1   |------- connecting …………………………… (cancelled)
 *     address 2   |  delay |------ refused
 *     address 3                    |------- connected: wins
 *
 * An attempt begins when the one before it has failed, or has gone on for the delay. Each is a child of one nursery; the winner cancels
 * it. So cancellation, clean-up and errors are the nursery's, and there is nothing else to get wrong.
 *
 * Order: as the resolver gave them (it knows the rules of RFC 6724), but the families take turns (section 4), because what is broken is
 * most often a whole family. */

#include "net/happy-eyeballs.h"

#include <string.h>

#include <gio/gio.h>

#include <trio/cancel-scope.h>
#include <trio/error.h>
#include <trio/event.h>
#include <trio/lowlevel/mutation.h>
#include <trio/nursery.h>

typedef struct
{
  const char           *host;
  const TrioTcpOptions *options;
  TrioNursery          *nursery;
  TrioSocketHandle     *winner;
} Race;

typedef struct
{
  Race              *race;
  const TrioAddress *address;
  TrioEvent         *failed;
  int                errnum;
  GError            *failure;      /* the world's: refused, unreachable … */
} Attempt;

static TrioSocketHandle *connect_to (const TrioAddress *address, const TrioTcpOptions *options, int *errnum, GError **error)
  TRIO_CHECKPOINT;
static gboolean attempt    (gpointer data, GError **error);
static void     take_turns (TrioAddress *addresses, gsize n_addresses);
static void     raise_all  (Race *race, Attempt *attempts, gsize n_attempts, GError **error);

static void
attempts_free (Attempt *attempts)
{
  for (Attempt *one = attempts; one->address != NULL; one++)
    {
      trio_event_free (one->failed);
      g_clear_error (&one->failure);
    }
  g_free (attempts);
}

G_DEFINE_AUTOPTR_CLEANUP_FUNC (Attempt, attempts_free)

/* They end with one that has no address. */
static Attempt *
attempts_new (Race *race, const TrioAddress *addresses, gsize n_addresses)
{
  Attempt *attempts = g_new0 (Attempt, n_addresses + 1);

  for (gsize i = 0; i < n_addresses; i++)
    attempts[i] = (Attempt) { .race = race, .address = &addresses[i], .failed = trio_event_new () };
  return attempts;
}

/* Until the attempt has failed, but not longer than the delay. */
static gboolean
give_a_start (Attempt *one, GTimeSpan delay, GError **error)
{
  g_autoptr (TrioCancelScope) start = trio_move_on_after (delay, error);

  return trio_cancel_scope_close (start, trio_event_wait (one->failed, error));
}

static gboolean
run_race (Race *race, Attempt *attempts, gsize n_attempts, GError **error)
{
  g_autoptr (TrioNursery) nursery = race->nursery = trio_nursery_open (error);
  GTimeSpan delay = race->options->attempt_delay > 0 ? race->options->attempt_delay : TRIO_TCP_ATTEMPT_DELAY;
  gboolean ok = TRUE;

  for (gsize i = 0; i < n_attempts && ok; i++)
    {
      g_autofree char *text = trio_address_to_string (attempts[i].address);
      g_autofree char *name = g_strconcat ("connect to ", text, NULL);

      trio_nursery_start_soon_full (nursery, attempt, &attempts[i], NULL, name);
      if (i + 1 < n_attempts && !TRIO_MUTATION (attempts_all_at_once))
        ok = give_a_start (&attempts[i], delay, error);
    }
  return trio_nursery_close (nursery, ok);
}

/* Nobody has won, and somebody has not failed: only in a simulator, which may cancel the race's own nursery before there is a winner. */
static gboolean
is_undecided (const Race *race, const Attempt *attempts)
{
  const Attempt *one = attempts;

  while (one->failure != NULL)
    one++;
  return race->winner == NULL && one->address != NULL;
}

TrioSocketHandle *
trio_connect_to_first (const char *host, TrioAddress *addresses, gsize n_addresses, const TrioTcpOptions *options, GError **error)
{
  Race race = { .host = host, .options = options };
  g_autoptr (Attempt) attempts = NULL;
  g_autoptr (TrioSocketHandle) winner = NULL;
  int errnum;
  gboolean ok;

  if (n_addresses == 1)
    return connect_to (addresses, options, &errnum, error);

  if (!TRIO_MUTATION (families_one_after_the_other))
    take_turns (addresses, n_addresses);
  do
    {
      g_clear_pointer (&attempts, attempts_free);
      attempts = attempts_new (&race, addresses, n_addresses);
      ok = run_race (&race, attempts, n_addresses, error);
    }
  while (ok && is_undecided (&race, attempts));
  winner = g_steal_pointer (&race.winner);
  /* A cancellation from outside may have come when there was a winner already: it closes that one too. */
  if (!ok)
    return NULL;
  if (winner == NULL)
    raise_all (&race, attempts, n_addresses, error);
  return g_steal_pointer (&winner);
}

static gboolean
bind_to (TrioSocketHandle *socket, const TrioAddress *remote, const char *local, int *errnum, GError **error)
{
  TrioAddress address;

  if (!trio_address_parse (local, 0, &address))
    {
      g_set_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT, "the local address “%s” is not a numeric address", local);
      return FALSE;
    }
  if (address.family != remote->family)
    {
      g_set_error (error, G_IO_ERROR, G_IO_ERROR_NOT_SUPPORTED, "the local address %s is of another family", local);
      return FALSE;
    }
  return trio_socket_bind (socket, &address, errnum, error);
}

static TrioSocketHandle *
connect_to (const TrioAddress *address, const TrioTcpOptions *options, int *errnum, GError **error)
{
  g_autoptr (TrioSocketHandle) socket = trio_socket_open (address->family, TRIO_SOCKET_STREAM, errnum, error);

  if (socket == NULL || (options->local_address != NULL && !bind_to (socket, address, options->local_address, errnum, error))
      || !trio_socket_connect (socket, address, errnum, error))
    return NULL;
  return g_steal_pointer (&socket);
}

static gboolean
attempt (gpointer data, GError **error)
{
  Attempt *self = data;
  Race *race = self->race;
  GError *failure = NULL;
  g_autoptr (TrioSocketHandle) socket = connect_to (self->address, race->options, &self->errnum, &failure);

  if (socket != NULL)
    {
      /* Two may be connected in the same instant; the second is closed. */
      if (race->winner == NULL || TRIO_MUTATION (later_winner_replaces))
        race->winner = g_steal_pointer (&socket);
      if (!TRIO_MUTATION (losers_go_on))
        trio_cancel_scope_cancel_with_reason (trio_nursery_get_cancel_scope (race->nursery), "another address answered first");
      return TRUE;
    }
  /* Only the world's refusals make us go on: not a cancellation, not Ctrl-C. */
  if (failure->domain == TRIO_ERROR)
    {
      g_propagate_error (error, failure);
      return FALSE;
    }
  self->failure = failure;
  if (!TRIO_MUTATION (failed_attempt_not_told))
    trio_event_set (self->failed);
  return TRUE;
}

/* The next of that family, at *i or later; n_addresses if there is none. */
static gsize
next_of_family (const TrioAddress *addresses, gsize n_addresses, gsize i, gboolean first_family)
{
  while (i < n_addresses && (addresses[i].family == addresses[0].family) != first_family)
    i++;
  return i;
}

static void
take_turns (TrioAddress *addresses, gsize n_addresses)
{
  g_autofree TrioAddress *ordered = g_new (TrioAddress, n_addresses);
  gsize next[] = { 0, 0 };      /* of the first one's family, of the other */
  guint whose = 0;

  for (gsize i = 0; i < n_addresses; i++, whose = !whose)
    {
      next[whose] = next_of_family (addresses, n_addresses, next[whose], whose == 0);
      if (next[whose] == n_addresses)
        {
          whose = !whose;
          next[whose] = next_of_family (addresses, n_addresses, next[whose], whose == 0);
        }
      ordered[i] = addresses[next[whose]++];
    }
  memcpy (addresses, ordered, n_addresses * sizeof *addresses);
}

/* All have failed: the error of the last attempt, with the words of all. */
static void
raise_all (Race *race, Attempt *attempts, gsize n_attempts, GError **error)
{
  g_autoptr (GString) words = g_string_new (NULL);
  GError *last = g_steal_pointer (&attempts[n_attempts - 1].failure);

  for (gsize i = 0; i < n_attempts; i++)
    {
      g_autofree char *text = trio_address_to_string (attempts[i].address);
      const GError *failure = attempts[i].failure != NULL ? attempts[i].failure : last;

      g_string_append_printf (words, "%s%s: %s", i > 0 ? "; " : "", text,
                              attempts[i].errnum != 0 ? g_strerror (attempts[i].errnum) : failure->message);
    }
  g_free (last->message);
  last->message = g_strdup_printf ("could not connect to %s:%u (%s)", race->host, attempts[0].address->port, words->str);
  g_propagate_error (error, last);
}
