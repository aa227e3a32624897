/* SPDX-License-Identifier: MIT OR Apache-2.0 */

/* What happened: gRPC's Dial, cancelled (https://github.com/grpc/grpc-go/pull/862; GoKer grpc/862; a cancellation that goes no
 * further). The number of attempts is bounded here.
 *
 * The bug: dialling gives up when its caller does, without telling the task that tries to connect, which goes on for ever. It fails
 * in every schedule in which the caller gives up at all, and so tests whether a task that is left over is noticed.
 *
 * The repair: who returns without a connection cancels what it has begun. */

#include "tests/bugs/primitives.h"

#define N_ATTEMPTS 4

typedef struct
{
  gboolean   repaired;
  TrioEvent *request_cancelled;
  TrioEvent *connection_cancelled;
} Dial;

static gboolean
connect_again (gpointer data, GError **error G_GNUC_UNUSED)
{
  Dial *dial = data;

  for (guint i = 0; i < N_ATTEMPTS; i++)
    {
      if (choose_from (trio_case_after (G_TIME_SPAN_MILLISECOND), trio_case_event (dial->connection_cancelled)) == 1)
        return TRUE;
    }
  wait_for (dial->connection_cancelled);
  return TRUE;
}

static gboolean
dial (gpointer data, GError **error)
{
  Dial *dial = data;
  g_autoptr (TrioNursery) nursery = trio_nursery_open (error);

  trio_nursery_start_soon (nursery, connect_again, dial);
  choose_from_nowait (trio_case_event (dial->request_cancelled));
  if (dial->repaired)
    trio_event_set (dial->connection_cancelled);
  return trio_nursery_close (nursery, TRUE);
}

static gboolean
cancel (gpointer data, GError **error G_GNUC_UNUSED)
{
  Dial *dial = data;

  bug_switch ();
  trio_event_set (dial->request_cancelled);
  return TRUE;
}

static gboolean
run (gboolean repaired, GError **error)
{
  g_autoptr (TrioEvent) request_cancelled = trio_event_new ();
  g_autoptr (TrioEvent) connection_cancelled = trio_event_new ();
  Dial state = { repaired, request_cancelled, connection_cancelled };
  g_autoptr (TrioNursery) nursery = trio_nursery_open (error);

  trio_nursery_start_soon (nursery, dial, &state);
  trio_nursery_start_soon (nursery, cancel, &state);
  return trio_nursery_close (nursery, TRUE);
}

const Bug bug_grpc_862 = {
  "grpc-862", run, "deadlock", NULL, "dialling gives up, and the task that connects is not told",
};
