/* SPDX-License-Identifier: MIT OR Apache-2.0 */

/* What happened: GLib's g_cancellable_disconnect () (https://bugzilla.gnome.org/show_bug.cgi?id=705395); a wait for oneself.
 *
 * The bug: disconnecting waits until no handler runs, so that what the handler uses may be freed. A handler that disconnects
 * itself waits for its own end, and so does everybody else who disconnects.
 *
 * The repair: do not wait for a handler that runs in the calling thread. */

#include <trio/lowlevel/task.h>

#include "tests/bugs/cancel/cancel.h"

typedef struct
{
  gboolean  repaired;
  gboolean  connected;
  TrioTask *running;                    /* whose call of the handler is under way; NULL: none is */
  GQueue    waiters;
} Cancellable;

static void
describe_cancellable (gpointer cancellable, GString *out)
{
  g_string_append_printf (out, "a handler runs in %s", trio_task_get_name (((Cancellable *) cancellable)->running));
}

static void TRIO_CHECKPOINT
cancellable_disconnect (Cancellable *cancellable)
{
  while (cancellable->running != NULL && !(cancellable->repaired && cancellable->running == trio_current_task ()))
    {
      Event ended = { .describe = describe_cancellable, .of = cancellable };

      event_join (&ended, &cancellable->waiters);
      event_wait_shielded (&ended, "cancellable_disconnect");
    }
  cancellable->connected = FALSE;
}

static void TRIO_CHECKPOINT
handler (Cancellable *cancellable)
{
  bug_switch ();
  cancellable_disconnect (cancellable);
}

static gboolean
cancel (gpointer data, GError **error G_GNUC_UNUSED)
{
  Cancellable *cancellable = data;
  Event *ended;

  if (!cancellable->connected)
    return TRUE;
  cancellable->running = trio_current_task ();
  handler (cancellable);
  cancellable->running = NULL;
  while ((ended = pop_waiter (&cancellable->waiters)) != NULL)
    event_set (ended);
  return TRUE;
}

static gboolean
use (gpointer data, GError **error G_GNUC_UNUSED)
{
  cancellable_disconnect (data);
  return TRUE;
}

static gboolean
run (gboolean repaired, GError **error)
{
  Cancellable cancellable = { .repaired = repaired, .connected = TRUE };
  g_autoptr (TrioNursery) nursery = trio_nursery_open (error);

  start_task (nursery, "canceller", cancel, &cancellable);
  start_task (nursery, "user", use, &cancellable);
  return trio_nursery_close (nursery, TRUE);
}

const Bug bug_glib_705395 = {
  "glib-705395", run, "deadlock", NULL, "a handler that disconnects itself waits for its own end",
};
