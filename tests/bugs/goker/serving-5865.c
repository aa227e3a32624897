/* SPDX-License-Identifier: MIT OR Apache-2.0 */

/* What happened: Knative's watcher of revisions (https://github.com/knative/serving/pull/5865; GoKer serving/5865; a send to a
 * closed channel).
 *
 * The bug: the watcher closes the channel that others send updates to. Nobody receives, so it fails in every schedule: the send
 * comes after the close, or waits until the close. It tests that a sender who waits is told.
 *
 * The repair: the watcher says that it has ended by other means, and who sends looks for that. */

#include "tests/bugs/primitives.h"

typedef struct
{
  gboolean   repaired;
  Channel   *updates;
  TrioEvent *ended;
} Watcher;

static gboolean
watch (gpointer data, GError **error G_GNUC_UNUSED)
{
  Watcher *watcher = data;

  if (watcher->repaired)
    trio_event_set (watcher->ended);
  else
    channel_close (watcher->updates);
  return TRUE;
}

static gboolean
run (gboolean repaired, GError **error)
{
  g_autoptr (Channel) updates = channel_new (0);
  g_autoptr (TrioEvent) ended = trio_event_new ();
  Watcher watcher = { repaired, updates, ended };
  g_autoptr (TrioNursery) nursery = trio_nursery_open (error);

  trio_nursery_start_soon (nursery, watch, &watcher);
  choose_from (trio_case_send (updates->send, NULL), trio_case_event (ended));
  return trio_nursery_close (nursery, TRUE);
}

const Bug bug_serving_5865 = {
  "serving-5865", run, "always", NULL, "a watcher closes the channel that others send to",
};
