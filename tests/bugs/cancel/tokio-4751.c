/* SPDX-License-Identifier: MIT OR Apache-2.0 */

/* What happened: tokio's Notify (https://github.com/tokio-rs/tokio/pull/4751); a wait that changes hands, a wake-up for the wrong
 * task.
 *
 * The bug: a future remembers which task to wake from the first time that it is polled. It is handed to another task, which
 * polls it too and goes to sleep; the notification wakes the first one.
 *
 * The repair: remember anew with every poll. */

#include "tests/bugs/cancel/cancel.h"

typedef struct
{
  gboolean repaired;
  gboolean notified;
  Event   *target;              /* of the task to wake */
  Event    a;
  Event    b;
  Event    handed_over;
} Notified;

static void
describe_notified (gpointer data, GString *out)
{
  Notified *notified = data;

  g_string_append_printf (out, "%s; task %s is to be woken", notified->notified ? "it was notified" : "it was not notified yet",
                          notified->target == &notified->a ? "a" : "b");
}

/* Whether it is ready; if not, self will be woken when it may be. */
static gboolean
poll_notified (Notified *notified, Event *self)
{
  if (notified->notified)
    return TRUE;
  if (notified->target == NULL || notified->repaired)
    notified->target = self;
  return FALSE;
}

static gboolean
poll_and_hand_over (gpointer data, GError **error G_GNUC_UNUSED)
{
  Notified *notified = data;

  (void) !poll_notified (notified, &notified->a);
  event_set (&notified->handed_over);
  return TRUE;
}

static gboolean
wait_notified (gpointer data, GError **error G_GNUC_UNUSED)
{
  Notified *notified = data;

  event_wait_shielded (&notified->handed_over, "wait_for_hand_over");
  if (!poll_notified (notified, &notified->b))
    event_wait_shielded (&notified->b, "sleep_until_notified");
  return TRUE;
}

static gboolean
notify (gpointer data, GError **error G_GNUC_UNUSED)
{
  Notified *notified = data;

  notified->notified = TRUE;
  if (notified->target != NULL)
    event_set (notified->target);
  return TRUE;
}

static gboolean
run (gboolean repaired, GError **error)
{
  Notified notified = { .repaired = repaired, .b = { .describe = describe_notified, .of = &notified } };
  g_autoptr (TrioNursery) nursery = trio_nursery_open (error);

  start_task (nursery, "a", poll_and_hand_over, &notified);
  start_task (nursery, "b", wait_notified, &notified);
  start_task (nursery, "notifier", notify, &notified);
  return trio_nursery_close (nursery, TRUE);
}

const Bug bug_tokio_4751 = {
  "tokio-4751", run, "deadlock", NULL, "a wait that was handed to another task wakes the one that polled it first",
};
