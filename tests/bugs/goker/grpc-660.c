/* SPDX-License-Identifier: MIT OR Apache-2.0 */

/* What happened: gRPC's benchmark client (https://github.com/grpc/grpc-go/pull/660; GoKer grpc/660; a channel that nobody reads).
 * The loop is bounded here.
 *
 * The bug: each round a worker reports to a channel of its own; when the loop takes "stop" instead, nobody reads that channel, and
 * the worker sends for ever.
 *
 * The repair: the channel has room for the one report. */

#include "tests/bugs/primitives.h"

#define N_ROUNDS 4

typedef struct
{
  gboolean   repaired;
  Channel   *stop;
  GPtrArray *reports;        /* Channel, for freeing them */
} Client;

static gboolean
work (gpointer data, GError **error G_GNUC_UNUSED)
{
  Channel *report = data;

  channel_send (report, NULL);
  return TRUE;
}

static gboolean
loop (gpointer data, GError **error)
{
  Client *client = data;
  g_autoptr (TrioNursery) nursery = trio_nursery_open (error);
  gboolean stopped = FALSE;
  gpointer item;

  for (guint i = 0; i < N_ROUNDS && !stopped; i++)
    {
      Channel *report = channel_new (client->repaired ? 1 : 0);

      g_ptr_array_add (client->reports, report);
      trio_nursery_start_soon (nursery, work, report);
      stopped = choose_from (trio_case_receive (client->stop->receive, &item), trio_case_receive (report->receive, &item)) == 0;
    }
  if (!stopped)
    channel_receive (client->stop, NULL);
  return trio_nursery_close (nursery, TRUE);
}

static gboolean
stop (gpointer data, GError **error G_GNUC_UNUSED)
{
  Client *client = data;

  channel_send (client->stop, NULL);
  return TRUE;
}

static gboolean
run (gboolean repaired, GError **error)
{
  g_autoptr (Channel) stopping = channel_new (0);
  g_autoptr (GPtrArray) reports = g_ptr_array_new_with_free_func ((GDestroyNotify) channel_free);
  Client client = { repaired, stopping, reports };
  g_autoptr (TrioNursery) nursery = trio_nursery_open (error);

  trio_nursery_start_soon (nursery, loop, &client);
  trio_nursery_start_soon (nursery, stop, &client);
  return trio_nursery_close (nursery, TRUE);
}

const Bug bug_grpc_660 = {
  "grpc-660", run, "deadlock", NULL, "a worker reports to a channel that nobody reads once the loop was stopped",
};
