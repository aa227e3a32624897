/* SPDX-License-Identifier: MIT OR Apache-2.0 */

/* What happened: Kubernetes' API server, which gives a request some time (https://github.com/kubernetes/kubernetes/pull/5316; GoKer
 * kubernetes/5316; a channel that nobody reads, and a timer).
 *
 * The bug: a worker answers, or fails, over one of two channels without a buffer. When the time is up first nobody reads either,
 * and the worker sends for ever.
 *
 * The repair: channels with room for the one answer. */

#include "tests/bugs/primitives.h"

#define PATIENCE G_TIME_SPAN_MILLISECOND

typedef struct
{
  Channel *results;
  Channel *failures;
} Request;

static gboolean
work (gpointer data, GError **error G_GNUC_UNUSED)
{
  Request *request = data;

  channel_send (bug_choose ("request.fails", 2) == 1 ? request->failures : request->results, NULL);
  return TRUE;
}

static gboolean
run (gboolean repaired, GError **error)
{
  gsize capacity = repaired ? 1 : 0;
  g_autoptr (Channel) results = channel_new (capacity);
  g_autoptr (Channel) failures = channel_new (capacity);
  Request request = { results, failures };
  g_autoptr (TrioNursery) nursery = trio_nursery_open (error);
  gpointer answer;

  trio_nursery_start_soon (nursery, work, &request);
  choose_from (trio_case_receive (results->receive, &answer), trio_case_receive (failures->receive, &answer),
               trio_case_after (PATIENCE));
  return trio_nursery_close (nursery, TRUE);
}

const Bug bug_kubernetes_5316 = {
  "kubernetes-5316", run, "deadlock", NULL, "a request times out, and its worker answers for ever",
};
