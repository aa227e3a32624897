/* SPDX-License-Identifier: MIT OR Apache-2.0 */

/* Three nodes on three hosts that may crash, stand still and be cut off; three clients; and the question whether what the clients saw could have been seen
 * of one store that never breaks. */

#include <stdio.h>
#include <string.h>

#include <trio/seam/choice.h>
#include <trio-sim/disk.h>
#include <trio-sim/history.h>
#include <trio-sim/hosts.h>
#include <trio-sim/sim.h>

#include "lines.h"
#include "node.h"

#define N_OPERATIONS 6
#define PATIENCE_US  (G_TIME_SPAN_SECOND)
#define PAUSE_US     (150 * G_TIME_SPAN_MILLISECOND)

/* What a scenario is made of. */
typedef struct
{
  NodeBugs    bugs;
  gboolean    apart;             /* the first two never hear of each other */
  gboolean    mute;              /* for a while the others do not hear the first, who hears them: from when on and how long are choices */
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

/* What they do: the first puts and gets by turns. */
enum { BOTH, WRITER, READER, N_CLIENTS };

static const char *const client_names[N_CLIENTS] = { "client", "writer", "reader" };

/* The ways out of the first host to the others. */
typedef struct
{
  TrioSimHost *hosts[N_NODES];
} Ways;

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
    {
      /* It may come to be, or not. Who does not know is not asked next. */
      trio_history_lose (history, id);
      client->node = (client->node + 1) % N_NODES;
    }
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
      if (client->id == WRITER || (client->id == BOTH && i % 2 == 0))
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

/* --- the one-way partition --- */

#define MUTE_STEP_US (100 * G_TIME_SPAN_MILLISECOND)
#define MUTE_STEPS   32

static const guint mute_spans_s[] = { 1, 2, 4, 8 };

static void
describe_mute_from (const TrioChoicePoint *point, guint32 value, GString *out)
{
  g_string_append_printf (out, "nothing got through from %s to the others from %g s on", trio_sim_host_get_name (point->data),
                          value * (MUTE_STEP_US / 1e6));
}

static void
describe_mute_span (const TrioChoicePoint *point, guint32 value, GString *out)
{
  g_string_append_printf (out, "nothing got through from %s to the others for %u s", trio_sim_host_get_name (point->data), mute_spans_s[value]);
}

/* It may never come to that. Clients are on another host, and hear it all the time. */
static gboolean
fall_silent (gpointer data, GError **error)
{
  Ways *ways = data;
  const TrioChoicePoint from = {
    .label = "fault.mute.from", .bound = MUTE_STEPS, .what = "fall silent", .describe = describe_mute_from, .data = ways->hosts[0],
  };
  const TrioChoicePoint span = {
    .label = "fault.mute.span", .bound = G_N_ELEMENTS (mute_spans_s), .what = "fall silent", .describe = describe_mute_span,
    .data = ways->hosts[0],
  };
  guint32 value = trio_choose (&from);

  if (value == 0)
    return TRUE;
  if (!trio_sleep (value * MUTE_STEP_US, error))
    return FALSE;
  value = trio_choose (&span);
  for (int i = 1; i < N_NODES; i++)
    trio_sim_partition_one_way (ways->hosts[0], ways->hosts[i], mute_spans_s[value] * G_TIME_SPAN_SECOND);
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
      trio_nursery_start_soon_full (nursery, run_client, &clients[i], NULL, client_names[i]);
    }
  return trio_nursery_close (nursery, TRUE);
}

static gboolean
run_nodes_and_clients (Store *store, const Setup *setup, GError **error)
{
  Node nodes[N_NODES];           /* likewise */
  Ways ways;
  g_autoptr (TrioNursery) nursery = trio_nursery_open (error);

  trio_sim_hosts_set_max_faulty (N_NODES);
  for (int i = 0; i < N_NODES; i++)
    {
      ways.hosts[i] = trio_sim_host_new (store->names[i]);
      /* Disks may be full, and fail; but none lies. */
      trio_sim_disk_declare_copy (trio_sim_disk_of_host (ways.hosts[i]), "/", "all", 0);
      nodes[i] = (Node) { .id = i, .names = store->names, .bugs = setup->bugs };
    }
  if (setup->apart)
    trio_sim_partition (ways.hosts[0], ways.hosts[1], G_MAXINT64);
  if (setup->mute)
    trio_nursery_start_soon (nursery, fall_silent, &ways);
  for (int i = 0; i < N_NODES; i++)
    trio_sim_host_start (ways.hosts[i], nursery, node_run, &nodes[i]);
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
  static Setup mute = { .mute = TRUE };
  static Setup sync = { .bugs = NODE_ANSWERS_BEFORE_SYNC, .choices = "fault.host.crash fault.net.partition" };
  static Setup vote = { .bugs = NODE_FORGETS_ITS_VOTE, .apart = TRUE, .choices = "fault.host.crash" };
  static Setup leader = { .bugs = NODE_TRUSTS_ITS_LEADERSHIP, .mute = TRUE, .choices = "fault.mute." };
  static const TrioScenario scenarios[] = {
    { "right", scenario, &right, "three nodes, as they should be" },
    { "apart", scenario, &apart, "the same; two of them cannot hear each other" },
    { "mute", scenario, &mute, "the same; for a while the others do not hear the first" },
    { "sync", scenario, &sync, "they answer before what they tell is on the disk" },
    { "vote", scenario, &vote, "a vote is not on the disk, and two of them cannot hear each other" },
    { "leader", scenario, &leader, "who was elected does not ask whether it still leads, and the others do not hear it for a while" },
    { NULL, NULL, NULL, NULL }
  };

  return trio_sim_main (argc, argv, scenarios);
}
