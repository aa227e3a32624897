/* SPDX-License-Identifier: MIT OR Apache-2.0 */

/* A program that reaches past the simulator in ways that real ones do, for test-escapes.c. Nothing in it knows of the simulator but its main. */

#include <gio/gio.h>
#include <pthread.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>
#include <trio/trio.h>
#include <trio-sim/sim.h>

/* ---- A token that is good for ten seconds, by the wall clock ---- */

typedef struct
{
  time_t good_until;
  int    secret;
} Token;

static Token
make_token (void)
{
  return (Token) { .good_until = time (NULL) + 10, .secret = rand () };
}

static gboolean
is_good (const Token *token)
{
  return time (NULL) < token->good_until;
}

static gboolean
token_runs_out (gpointer data G_GNUC_UNUSED, GError **error)
{
  Token token;

  srand ((unsigned) time (NULL));
  token = make_token ();
  trio_always (is_good (&token), "a new token is good");
  if (!trio_sleep (11 * G_TIME_SPAN_SECOND, error))
    return FALSE;
  trio_always (!is_good (&token), "an old token is not");
  return TRUE;
}

/* ---- A thread of its own ---- */

static void *
write_log (void *data)
{
  return data;
}

static gboolean
log_in_background (gpointer data G_GNUC_UNUSED, GError **error)
{
  pthread_t thread;

  if (!trio_checkpoint (error))
    return FALSE;
  if (pthread_create (&thread, NULL, write_log, NULL) != 0)
    return FALSE;
  pthread_join (thread, NULL);
  return trio_checkpoint (error);
}

/* ---- GLib's ways: an idle function, and a library that opens a socket ---- */

static gboolean
show (gpointer data G_GNUC_UNUSED)
{
  return G_SOURCE_REMOVE;
}

static gboolean
show_later (gpointer data G_GNUC_UNUSED, GError **error)
{
  g_idle_add (show, NULL);
  return trio_checkpoint (error);
}

static gboolean
open_socket (gpointer data G_GNUC_UNUSED, GError **error)
{
  g_autoptr (GSocket) socket = g_socket_new (G_SOCKET_FAMILY_IPV4, G_SOCKET_TYPE_STREAM, G_SOCKET_PROTOCOL_DEFAULT, error);

  return socket != NULL && trio_checkpoint (error);
}

/* ---- Who waits is kept in a set, and woken in its order: that of the addresses ---- */

typedef struct
{
  GHashTable *waiting;        /* of TrioEvent */
  GString    *order;
} Room;

static gboolean
wait_in_room (Room *room, const char *name, GError **error)
{
  TrioEvent *event = trio_event_new ();
  gboolean ok;

  g_hash_table_add (room->waiting, event);
  ok = trio_event_wait (event, error);
  g_hash_table_remove (room->waiting, event);
  trio_event_free (event);
  g_string_append (room->order, name);
  return ok;
}

static gboolean
wait_as_a (gpointer data, GError **error)
{
  return wait_in_room (data, "a", error);
}

static gboolean
wait_as_b (gpointer data, GError **error)
{
  return wait_in_room (data, "b", error);
}

static gboolean
wait_as_c (gpointer data, GError **error)
{
  return wait_in_room (data, "c", error);
}

/* The test looks for its name on the stack, where an optimising compiler would leave none. */
static G_NO_INLINE void
wake_everybody (Room *room)
{
  GHashTableIter iter;
  gpointer event;

  g_hash_table_iter_init (&iter, room->waiting);
  while (g_hash_table_iter_next (&iter, &event, NULL))
    trio_event_set (event);
}

static gboolean
by_address (gpointer data G_GNUC_UNUSED, GError **error)
{
  g_autoptr (GHashTable) waiting = g_hash_table_new (NULL, NULL);
  g_autoptr (GString) order = g_string_new (NULL);
  Room room = { waiting, order };
  g_autoptr (TrioNursery) nursery = trio_nursery_open (error);

  trio_nursery_start_soon (nursery, wait_as_a, &room);
  trio_nursery_start_soon (nursery, wait_as_b, &room);
  trio_nursery_start_soon (nursery, wait_as_c, &room);
  if (!trio_sleep (G_TIME_SPAN_SECOND, error))
    return FALSE;
  wake_everybody (&room);
  return trio_nursery_close (nursery, TRUE);
}

/* ---- The same in one process, and another in the next ---- */

static gboolean
by_process (gpointer data G_GNUC_UNUSED, GError **error)
{
  return trio_sleep (getpid (), error);
}

/* ---- Only in some schedules: the second worker is the one that naps ---- */

static gboolean
take_number (gpointer data, GError **error)
{
  int mine = ++*(int *) data;

  if (!trio_checkpoint (error))
    return FALSE;
  if (mine == 1 && *(int *) data == 1)
    g_timeout_add (10, show, NULL);
  return TRUE;
}

static gboolean
rarely (gpointer data G_GNUC_UNUSED, GError **error)
{
  g_autoptr (TrioNursery) nursery = trio_nursery_open (error);
  int number = 0;

  trio_nursery_start_soon_full (nursery, take_number, &number, NULL, "first");
  trio_nursery_start_soon_full (nursery, take_number, &number, NULL, "second");
  return trio_nursery_close (nursery, TRUE);
}

int
main (int argc, char **argv)
{
  static const TrioScenario scenarios[] = {
    { "token", token_runs_out, NULL, "a clock and random numbers" },
    { "thread", log_in_background, NULL, "pthread_create" },
    { "idle", show_later, NULL, "g_idle_add" },
    { "socket", open_socket, NULL, "GSocket" },
    { "rarely", rarely, NULL, "g_timeout_add in some schedules" },
    { "by-address", by_address, NULL, "a hash table of pointers, iterated" },
    { "by-process", by_process, NULL, "the number of the process" },
    { NULL, NULL, NULL, NULL },
  };

  return trio_sim_main (argc, argv, scenarios);
}
