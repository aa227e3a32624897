/* SPDX-License-Identifier: MIT OR Apache-2.0 */

/* A barrier: a parking lot that the last to come empties.
 *
 * Always true: fewer tasks than parties wait. Who is woken counts no more, so a round needs no number of its own. */

#include <trio/barrier.h>
#include <trio/checkpoint.h>
#include <trio/lowlevel/access.h>
#include <trio/lowlevel/instrument.h>
#include <trio/lowlevel/parking-lot.h>

struct _TrioBarrier
{
  TrioParkingLot lot;
  gsize          parties;
  guint64        rounds;
};

TrioBarrier *
trio_barrier_new (gsize parties)
{
  TrioBarrier *barrier;

  g_return_val_if_fail (parties >= 1, NULL);

  barrier = g_new0 (TrioBarrier, 1);
  trio_parking_lot_init (&barrier->lot, "trio_barrier_wait");
  barrier->parties = parties;
  return barrier;
}

void
trio_barrier_free (TrioBarrier *barrier)
{
  if (barrier == NULL)
    return;
  trio_parking_lot_clear (&barrier->lot);
  g_free (barrier);
}

static gsize
count_waiting (TrioBarrier *barrier)
{
  TrioParkingLotStatistics lot;

  trio_parking_lot_get_statistics (&barrier->lot, &lot);
  return lot.tasks_waiting;
}

static void
describe_barrier (gpointer data, GString *out)
{
  TrioBarrier *barrier = data;

  g_string_append_printf (out, "%" G_GSIZE_FORMAT " of %" G_GSIZE_FORMAT " have come", count_waiting (barrier), barrier->parties);
}

gboolean
trio_barrier_wait (TrioBarrier *barrier, gboolean *last, GError **error)
{
  static const TrioWaitClass klass = { "trio_barrier_wait", NULL, describe_barrier };
  gboolean is_last;

  g_return_val_if_fail (barrier != NULL, FALSE);

  if (!trio_checkpoint_if_cancelled (error))
    return FALSE;
  trio_note_access (&barrier->lot, TRIO_ACCESS_WRITE);
  is_last = count_waiting (barrier) + 1 == barrier->parties;
  if (is_last)
    {
      barrier->rounds++;
      trio_annotate ("completes round %" G_GUINT64_FORMAT " of a barrier", barrier->rounds);
      trio_parking_lot_unpark_all (&barrier->lot);
      trio_cancel_shielded_checkpoint ();
    }
  else if (!trio_parking_lot_park_as (&barrier->lot, &klass, barrier, error))
    return FALSE;
  if (last != NULL)
    *last = is_last;
  return TRUE;
}

void
trio_barrier_get_statistics (TrioBarrier *barrier, TrioBarrierStatistics *statistics)
{
  g_return_if_fail (barrier != NULL && statistics != NULL);
  *statistics = (TrioBarrierStatistics) {
    .parties = barrier->parties,
    .tasks_waiting = count_waiting (barrier),
    .rounds = barrier->rounds,
  };
}
