/* SPDX-License-Identifier: MIT OR Apache-2.0 */

/* What happened: restoring a backup in CockroachDB (https://github.com/cockroachdb/cockroach/pull/18101; GoKer cockroach/18101; a
 * channel and a cancellation).
 *
 * The bug: when the restore is cancelled its consumer leaves; the producer knows nothing of it, fills the channel, and sends for
 * ever.
 *
 * The repair: the producer waits for the cancellation too when it sends. */

#include "tests/bugs/primitives.h"

#define CAPACITY  2
#define N_ENTRIES (CAPACITY + 2)

typedef struct
{
  gboolean   repaired;
  Channel   *entries;
  TrioEvent *cancelled;
} Restore;

/* Whether the restore goes on. */
static gboolean TRIO_CHECKPOINT
send_entry (Restore *restore)
{
  if (restore->repaired)
    return choose_from (trio_case_send (restore->entries->send, NULL), trio_case_event (restore->cancelled)) == 0;
  channel_send (restore->entries, NULL);
  return TRUE;
}

static gboolean
produce (gpointer data, GError **error G_GNUC_UNUSED)
{
  Restore *restore = data;
  gboolean goes_on = TRUE;

  for (guint i = 0; i < N_ENTRIES && goes_on; i++)
    goes_on = send_entry (restore);
  channel_close (restore->entries);
  return TRUE;
}

static gboolean
consume (gpointer data, GError **error)
{
  Restore *restore = data;
  g_autoptr (TrioNursery) nursery = trio_nursery_open (error);

  trio_nursery_start_soon (nursery, produce, restore);
  while (channel_receive (restore->entries, NULL))
    {
      if (choose_from_nowait (trio_case_event (restore->cancelled)) != NOTHING_READY)
        break;
    }
  return trio_nursery_close (nursery, TRUE);
}

static gboolean
cancel (gpointer data, GError **error G_GNUC_UNUSED)
{
  Restore *restore = data;

  bug_switch ();
  trio_event_set (restore->cancelled);
  return TRUE;
}

static gboolean
run (gboolean repaired, GError **error)
{
  g_autoptr (Channel) entries = channel_new (CAPACITY);
  g_autoptr (TrioEvent) cancelled = trio_event_new ();
  Restore restore = { repaired, entries, cancelled };
  g_autoptr (TrioNursery) nursery = trio_nursery_open (error);

  trio_nursery_start_soon (nursery, consume, &restore);
  trio_nursery_start_soon (nursery, cancel, &restore);
  return trio_nursery_close (nursery, TRUE);
}

const Bug bug_cockroach_18101 = {
  "cockroach-18101", run, "deadlock", NULL, "a producer goes on sending to a consumer that was cancelled",
};
