/* SPDX-License-Identifier: MIT OR Apache-2.0 */

/* An event: a flag and a parking lot. */

#include <trio/checkpoint.h>
#include <trio/event.h>
#include <trio/lowlevel/parking-lot.h>

struct _TrioEvent
{
  TrioParkingLot lot;
  gboolean       set;
};

TrioEvent *
trio_event_new (void)
{
  TrioEvent *event = g_new0 (TrioEvent, 1);

  trio_parking_lot_init (&event->lot, "trio_event_wait");
  return event;
}

void
trio_event_free (TrioEvent *event)
{
  if (event == NULL)
    return;
  trio_parking_lot_clear (&event->lot);
  g_free (event);
}

void
trio_event_set (TrioEvent *event)
{
  g_return_if_fail (event != NULL);

  event->set = TRUE;
  trio_parking_lot_unpark_all (&event->lot);
}

gboolean
trio_event_is_set (TrioEvent *event)
{
  g_return_val_if_fail (event != NULL, FALSE);
  return event->set;
}

gboolean
trio_event_wait (TrioEvent *event, GError **error)
{
  g_return_val_if_fail (event != NULL, FALSE);

  return event->set ? trio_checkpoint (error) : trio_parking_lot_park (&event->lot, error);
}

void
trio_event_get_statistics (TrioEvent *event, TrioEventStatistics *statistics)
{
  TrioParkingLotStatistics lot;

  g_return_if_fail (event != NULL && statistics != NULL);
  trio_parking_lot_get_statistics (&event->lot, &lot);
  *statistics = (TrioEventStatistics) { .tasks_waiting = lot.tasks_waiting };
}
