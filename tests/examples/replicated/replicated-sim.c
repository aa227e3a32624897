/* SPDX-License-Identifier: MIT OR Apache-2.0 */

/* Three nodes on three hosts that may crash, stand still and be cut off, one at a time; three clients; and the question whether what the clients saw could
 * have been seen of one store that never breaks. */

#include <stdio.h>
#include <string.h>

#include <trio-sim/disk.h>
#include <trio-sim/history.h>
#include <trio-sim/hosts.h>
#include <trio-sim/sim.h>

#include "lines.h"
#include "node.h"

#define N_CLIENTS    3
#define N_OPERATIONS 6
#define PATIENCE_US  (G_TIME_SPAN_SECOND)
#define PAUSE_US     (150 * G_TIME_SPAN_MILLISECOND)

/* What a scenario is made of. */
typedef struct
{
  NodeBugs    bugs;
  gboolean    apart;             /* the first two never hear of each other */
  const char *choices;           /* among which a bug is looked for; NULL: all there are, which the right store must survive */
} Setup;

typedef struct
{
  TrioHistory *history;
  const char **names;
  gint64       n_values;         /* each put has a value of its own */
} Store;

typedef struct
{
  Store *store;
  int    id;
  int    node;                   /* whom it asks first */
} Client;

/* --- clients --- */

/* "done" or a value go into the history; "ask WHO" means that nothing has happened. *settled is whether there is any more to ask. */
static void
note_answer (Client *client, guint id, const char *answer, gboolean *settled)
{
  TrioHistory *history = client->store->history;
  gint64 value;
  int who;

  *settled = TRUE;
  if (sscanf (answer, "value %" G_GINT64_FORMAT, &value) == 1)
    trio_history_return (history, id, g_variant_new_int64 (value));
  else if (strcmp (answer, "done") == 0 || strcmp (answer, "none") == 0)
    trio_history_return (history, id, NULL);
  else if (sscanf (answer, "ask %d", &who) == 1)
    {
      client->node = who >= 0 ? who : (client->node + 1) % N_NODES;
      *settled = FALSE;
    }
  else
    trio_history_lose (history, id);
}

/* A question that may have been heard is not asked again: it would happen twice. */
static gboolean
operate (Client *client, guint id, const char *question, GError **error)
{
  for (guint attempt = 0; attempt < 10; attempt++)
    {
      char answer[LINE_SIZE + 1];
      gboolean heard, settled = TRUE;

      if (!lines_ask (client->store->names[client->node], question, PATIENCE_US, answer, &heard, error))
        return FALSE;
      if (heard)
        note_answer (client, id, answer, &settled);
      else
        {
          trio_history_lose (client->store->history, id);
          client->node = (client->node + 1) % N_NODES;
        }
      if (settled)
        return TRUE;
      if (!trio_sleep (PAUSE_US, error))
        return FALSE;
    }
  trio_history_fail (client->store->history, id);
  return TRUE;
}

static gboolean
run_client (gpointer data, GError **error)
{
  Client *client = data;
  Store *store = client->store;

  for (int i = 0; i < N_OPERATIONS; i++)
    {
      char question[LINE_SIZE + 1];
      guint id;

      if (!trio_sleep (PAUSE_US, error))
        return FALSE;
      if ((i + client->id) % 2 == 0)
        {
          gint64 value = ++store->n_values;

          g_snprintf (question, sizeof question, "put x %" G_GINT64_FORMAT, value);
          id = trio_history_call (store->history, NULL, "put", "x", g_variant_new_int64 (value));
        }
      else
        {
          g_snprintf (question, sizeof question, "get x");
          id = trio_history_call (store->history, NULL, "get", "x", NULL);
        }
      if (!operate (client, id, question, error))
        return FALSE;
    }
  return TRUE;
}

/* --- the scenario --- */

static gboolean
run_clients (Store *store, GError **error)
{
  Client clients[N_CLIENTS];      /* before the nursery: an early return joins it when what stands below is gone */
  g_autoptr (TrioNursery) nursery = trio_nursery_open (error);

  for (int i = 0; i < N_CLIENTS; i++)
    {
      clients[i] = (Client) { .store = store, .id = i, .node = i % N_NODES };
      trio_nursery_start_soon_full (nursery, run_client, &clients[i], NULL, "client");
    }
  return trio_nursery_close (nursery, TRUE);
}

static gboolean
run_nodes_and_clients (Store *store, const Setup *setup, GError **error)
{
  TrioSimHost *hosts[N_NODES];
  Node nodes[N_NODES];           /* likewise */
  g_autoptr (TrioNursery) nursery = trio_nursery_open (error);

  trio_sim_hosts_set_max_faulty (N_NODES);
  for (int i = 0; i < N_NODES; i++)
    {
      hosts[i] = trio_sim_host_new (store->names[i]);
      /* Disks may be full, and fail; but none lies. */
      trio_sim_disk_declare_copy (trio_sim_disk_of_host (hosts[i]), "/", "all", 0);
      nodes[i] = (Node) { .id = i, .names = store->names, .bugs = setup->bugs };
    }
  if (setup->apart)
    trio_sim_partition (hosts[0], hosts[1], G_MAXINT64);
  for (int i = 0; i < N_NODES; i++)
    trio_sim_host_start (hosts[i], nursery, node_run, &nodes[i]);
  if (!run_clients (store, error))
    return FALSE;
  trio_nursery_cancel (nursery);
  return trio_nursery_close (nursery, TRUE);
}

static gboolean
scenario (gpointer data, GError **error)
{
  const Setup *setup = data;
  const char *names[N_NODES] = { "anna", "berta", "clara" };
  g_autoptr (TrioHistory) history = trio_history_new ();
  Store store = { .history = history, .names = names };

  if (setup->choices != NULL)
    trio_sim_limit_choices (setup->choices);
  if (!run_nodes_and_clients (&store, setup, error))
    return FALSE;
  trio_always_linearizable (history, trio_model_map (), "three nodes are one store");
  return TRUE;
}

int
main (int argc, char **argv)
{
  static Setup right = { 0 };
  static Setup apart = { .apart = TRUE };
  static Setup sync = { NODE_ANSWERS_BEFORE_SYNC, FALSE, "fault.host.crash fault.net.partition" };
  static Setup vote = { NODE_FORGETS_ITS_VOTE, TRUE, "fault.host.crash" };
  static Setup leader = { NODE_TRUSTS_ITS_LEADERSHIP, FALSE, "net. fault.net." };
  static const TrioScenario scenarios[] = {
    { "right", scenario, &right, "three nodes, as they should be" },
    { "apart", scenario, &apart, "the same; two of them cannot hear each other" },
    { "sync", scenario, &sync, "they answer before what they tell is on the disk" },
    { "vote", scenario, &vote, "a vote is not on the disk, and two of them cannot hear each other" },
    { "leader", scenario, &leader, "who was elected does not ask whether it still leads" },
    { NULL, NULL, NULL, NULL }
  };

  return trio_sim_main (argc, argv, scenarios);
}
