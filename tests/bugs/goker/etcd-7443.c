/* SPDX-License-Identifier: MIT OR Apache-2.0 */

/* What happened: the balancer of etcd's client, and gRPC's connections, which it tells what addresses there are
 * (https://github.com/etcd-io/etcd/pull/7443; GoKer etcd/7443; channels and locks, deep).
 *
 *     watcher  <--- list of addresses (capacity 1) ---  balancer
 *        | makes and tears down                            ^
 *        v                                                 | up, down
 *     connections  ----------------------------------------+
 *
 * The bug: the balancer sends a new list while it holds its mutex. If the place in the channel is taken it waits there for the
 * watcher, who waits for the balancer's mutex, or for that of a connection which is on its way into the balancer. The rarest of
 * GoKer's bugs.
 *
 * The repair: take out the list that nobody has read yet, so that sending never waits; and call the balancer with no connection's
 * mutex held. */

#include "tests/bugs/primitives.h"

#define N_ADDRESSES 3
#define NO_ADDRESS  0                            /* as in the original, where the first address is none */
#define ONLY(address)  (1u << (address))         /* lists are sets of bits, never NULL in a channel */
#define ALL_ADDRESSES  ((1u << N_ADDRESSES) - 1)

typedef struct
{
  gboolean repaired;
  Mutex    mutex;
  Channel *lists;
  gboolean closed;
  guint    pinned;
} Balancer;

typedef struct
{
  Balancer *balancer;
  Mutex     mutex;
  guint     address;
  gboolean  is_up;
} Connection;

typedef struct
{
  Balancer    *balancer;
  TrioNursery *nursery;
  GPtrArray   *all;                          /* that were made; for freeing them */
  Mutex        mutex;
  gboolean     closed;
  Connection  *connections[N_ADDRESSES];     /* NULL: none */
} Client;

/* ---- The balancer ---- */

static void TRIO_CHECKPOINT
send_list (Balancer *balancer, guint list)
{
  gpointer unread;

  if (balancer->repaired)
    choose_from_nowait (trio_case_receive (balancer->lists->receive, &unread));
  channel_send (balancer->lists, GUINT_TO_POINTER (list));
}

/* Whether the connection is one that must say when it goes down. */
static gboolean TRIO_CHECKPOINT
up (Balancer *balancer, guint address)
{
  gboolean is_up;

  mutex_lock (&balancer->mutex);
  is_up = !balancer->closed;
  if (is_up && balancer->pinned == NO_ADDRESS)
    {
      balancer->pinned = address;
      send_list (balancer, ONLY (address));
    }
  mutex_unlock (&balancer->mutex);
  return is_up;
}

static void TRIO_CHECKPOINT
down (Balancer *balancer, guint address)
{
  mutex_lock (&balancer->mutex);
  if (balancer->pinned == address && !balancer->closed)
    {
      balancer->pinned = NO_ADDRESS;
      send_list (balancer, ALL_ADDRESSES);
    }
  mutex_unlock (&balancer->mutex);
}

static void TRIO_CHECKPOINT
close_balancer (Balancer *balancer)
{
  mutex_lock (&balancer->mutex);
  if (!balancer->closed)
    {
      balancer->closed = TRUE;
      balancer->pinned = NO_ADDRESS;
      channel_close (balancer->lists);
    }
  mutex_unlock (&balancer->mutex);
}

/* ---- Connections ---- */

static gboolean
reset (gpointer data, GError **error G_GNUC_UNUSED)
{
  Connection *connection = data;

  mutex_lock (&connection->mutex);
  connection->is_up = up (connection->balancer, connection->address);
  mutex_unlock (&connection->mutex);
  return TRUE;
}

static void TRIO_CHECKPOINT
tear_down (Connection *connection)
{
  gboolean was_up;

  mutex_lock (&connection->mutex);
  was_up = connection->is_up;
  connection->is_up = FALSE;
  if (connection->balancer->repaired)
    mutex_unlock (&connection->mutex);
  if (was_up)
    down (connection->balancer, connection->address);
  if (!connection->balancer->repaired)
    mutex_unlock (&connection->mutex);
}

static void TRIO_CHECKPOINT
make_connection (Client *client, guint address)
{
  Connection *connection = g_new (Connection, 1);

  *connection = (Connection) { .balancer = client->balancer, .mutex = MUTEX ("connection"), .address = address };
  g_ptr_array_add (client->all, connection);

  mutex_lock (&client->mutex);
  if (client->closed)
    {
      mutex_unlock (&client->mutex);
      return;
    }
  client->connections[address] = connection;
  mutex_unlock (&client->mutex);
  trio_nursery_start_soon (client->nursery, reset, connection);
}

/* ---- The client ---- */

static void TRIO_CHECKPOINT
follow (Client *client, guint list)
{
  gboolean missing[N_ADDRESSES];
  Connection *gone[N_ADDRESSES] = { NULL };

  mutex_lock (&client->mutex);
  for (guint i = 0; i < N_ADDRESSES; i++)
    {
      missing[i] = (list & ONLY (i)) != 0 && client->connections[i] == NULL;
      if ((list & ONLY (i)) == 0)
        gone[i] = g_steal_pointer (&client->connections[i]);
    }
  mutex_unlock (&client->mutex);

  for (guint i = 0; i < N_ADDRESSES; i++)
    {
      if (missing[i])
        make_connection (client, i);
    }
  for (guint i = 0; i < N_ADDRESSES; i++)
    {
      if (gone[i] != NULL)
        tear_down (gone[i]);
    }
}

static gboolean
watch (gpointer data, GError **error G_GNUC_UNUSED)
{
  Client *client = data;
  gpointer list;

  while (channel_receive (client->balancer->lists, &list))
    follow (client, GPOINTER_TO_UINT (list));
  return TRUE;
}

static gboolean
close_balancer_alone (gpointer data, GError **error G_GNUC_UNUSED)
{
  Client *client = data;

  close_balancer (client->balancer);
  return TRUE;
}

static gboolean
close_client (gpointer data, GError **error G_GNUC_UNUSED)
{
  Client *client = data;
  Connection *connections[N_ADDRESSES];

  mutex_lock (&client->mutex);
  for (guint i = 0; i < N_ADDRESSES; i++)
    connections[i] = g_steal_pointer (&client->connections[i]);
  client->closed = TRUE;
  mutex_unlock (&client->mutex);

  close_balancer (client->balancer);
  for (guint i = 0; i < N_ADDRESSES; i++)
    {
      if (connections[i] != NULL)
        tear_down (connections[i]);
    }
  return TRUE;
}

static gboolean
run (gboolean repaired, GError **error)
{
  g_autoptr (Channel) lists = channel_new (1);
  g_autoptr (GPtrArray) all = g_ptr_array_new_with_free_func (g_free);
  Balancer balancer = { .repaired = repaired, .mutex = MUTEX ("balancer"), .lists = lists };
  g_autoptr (TrioNursery) nursery = trio_nursery_open (error);
  Client client = { .balancer = &balancer, .nursery = nursery, .all = all, .mutex = MUTEX ("client") };

  channel_send (lists, GUINT_TO_POINTER (ALL_ADDRESSES));
  trio_nursery_start_soon (nursery, watch, &client);
  trio_nursery_start_soon (nursery, close_balancer_alone, &client);
  trio_nursery_start_soon (nursery, close_client, &client);
  return trio_nursery_close (nursery, TRUE);
}

const Bug bug_etcd_7443 = {
  "etcd-7443", run, "deadlock", NULL, "a balancer holds its mutex while it tells a watcher, who waits for that mutex",
};
