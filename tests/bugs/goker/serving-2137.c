/* SPDX-License-Identifier: MIT OR Apache-2.0 */

/* What happened: a test of Knative's circuit breaker, which lets a number of requests wait, and some of those run
 * (https://github.com/knative/serving/pull/2137; GoKer serving/2137; channels and locks, order).
 *
 * The bug: the test holds each request up with a mutex, and lets them go in the order in which it made them, one after the other's
 * answer. If the second got the only active place, the first cannot answer before the second is let go.
 *
 * The repair: let all go before waiting for an answer. */

#include "tests/bugs/primitives.h"

#define N_REQUESTS 2

typedef struct
{
  Channel   *pending;
  Channel   *active;
  Mutex      hold_up;
  TrioEvent *started;
  Channel   *answer;
} Request;

static gboolean
serve (gpointer data, GError **error G_GNUC_UNUSED)
{
  Request *request = data;

  trio_event_set (request->started);
  if (choose_from_nowait (trio_case_send (request->pending->send, NULL)) != NOTHING_READY)
    {
      channel_send (request->active, NULL);
      mutex_lock (&request->hold_up);
      mutex_unlock (&request->hold_up);
      channel_receive (request->active, NULL);
      channel_receive (request->pending, NULL);
    }
  channel_send (request->answer, NULL);
  return TRUE;
}

static void TRIO_CHECKPOINT
start_request (Request *request, TrioNursery *nursery)
{
  mutex_lock (&request->hold_up);
  trio_nursery_start_soon (nursery, serve, request);
  wait_for (request->started);
}

static gboolean
run (gboolean repaired, GError **error)
{
  g_autoptr (Channel) pending = channel_new (N_REQUESTS);
  g_autoptr (Channel) active = channel_new (1);
  Request requests[N_REQUESTS];
  g_autoptr (TrioNursery) nursery = trio_nursery_open (error);
  gboolean ok;

  for (guint i = 0; i < N_REQUESTS; i++)
    {
      requests[i] = (Request) { pending, active, MUTEX (i == 0 ? "request 1" : "request 2"), trio_event_new (), channel_new (1) };
      start_request (&requests[i], nursery);
    }
  for (guint i = 0; repaired && i < N_REQUESTS; i++)
    mutex_unlock (&requests[i].hold_up);
  for (guint i = 0; i < N_REQUESTS; i++)
    {
      if (!repaired)
        mutex_unlock (&requests[i].hold_up);
      channel_receive (requests[i].answer, NULL);
    }
  ok = trio_nursery_close (nursery, TRUE);

  for (guint i = 0; i < N_REQUESTS; i++)
    {
      trio_event_free (requests[i].started);
      channel_free (requests[i].answer);
    }
  return ok;
}

const Bug bug_serving_2137 = {
  "serving-2137", run, "deadlock", NULL, "requests are let go in another order than the one in which they got their places",
};
