/* SPDX-License-Identifier: MIT OR Apache-2.0 */

/* Parking lots. A waiter is a cell in the waiting task's own frame, linked into the lot it waits in; re-parking moves the cell.
 *
 * Always true: n_waiting is the length of the list; a cell is linked exactly while its task is blocked in park(); a broken lot is
 * empty. */

#include <trio/lowlevel/access.h>

#include "core/kernel.h"

struct _TrioParkingLotWaiter
{
  TrioParkingLotWaiter *prev;
  TrioParkingLotWaiter *next;
  TrioParkingLot       *lot;
  TrioTask             *task;
  const TrioWaitClass  *klass;     /* the caller's, for its description and its books */
  gpointer              data;
  TrioWaitClass         wait;      /* the same with our abort function */
};

void
trio_parking_lot_init (TrioParkingLot *lot, const char *what)
{
  g_return_if_fail (lot != NULL);
  trio_note_access (lot, TRIO_ACCESS_CREATE);
  *lot = (TrioParkingLot) { .what = what != NULL ? what : "trio_parking_lot_park" };
}

void
trio_parking_lot_clear (TrioParkingLot *lot)
{
  g_return_if_fail (lot != NULL);
  trio_note_access (lot, TRIO_ACCESS_WRITE);
  if (lot->n_waiting > 0)
    {
      g_critical ("a parking lot (%s) is freed while %" G_GSIZE_FORMAT " %s in it", lot->what, lot->n_waiting,
                  lot->n_waiting == 1 ? "task waits" : "tasks wait");
      /* Their cells must not point into what is gone. After the run they are gone themselves. */
      if (trio_loop_of_thread != NULL)
        trio_parking_lot_break_lot (lot, NULL);
    }
  g_clear_error (&lot->broken);
}

static void
push (TrioParkingLot *lot, TrioParkingLotWaiter *waiter)
{
  trio_note_access (lot, TRIO_ACCESS_WRITE);
  waiter->lot = lot;
  waiter->prev = lot->tail;
  waiter->next = NULL;
  if (lot->tail != NULL)
    lot->tail->next = waiter;
  else
    lot->head = waiter;
  lot->tail = waiter;
  lot->n_waiting++;
  trio_check_lot (lot);
}

static void
unlink_waiter (TrioParkingLotWaiter *waiter)
{
  TrioParkingLot *lot = waiter->lot;

  trio_note_access (lot, TRIO_ACCESS_WRITE);
  if (waiter->prev != NULL)
    waiter->prev->next = waiter->next;
  else
    lot->head = waiter->next;
  if (waiter->next != NULL)
    waiter->next->prev = waiter->prev;
  else
    lot->tail = waiter->prev;
  lot->n_waiting--;
  waiter->lot = NULL;
  trio_check_lot (lot);
}

static TrioAbort
abort_park (TrioTask *task, gpointer data)
{
  TrioParkingLotWaiter *waiter = data;

  if (!TRIO_MUTATION (cancelled_stays_parked))
    unlink_waiter (waiter);
  if (waiter->klass != NULL && waiter->klass->abort != NULL)
    return waiter->klass->abort (task, waiter->data);
  return TRIO_ABORT_SUCCEEDED;
}

static void
describe_park (gpointer data, GString *out)
{
  TrioParkingLotWaiter *waiter = data;

  waiter->klass->describe (waiter->data, out);
}

static gboolean
park (TrioParkingLotWaiter *waiter, TrioParkingLot *lot, GError **error)
{
  waiter->task = trio_task_require_current (waiter->wait.what, error);
  if (G_UNLIKELY (waiter->task == NULL))
    return FALSE;
  if (G_UNLIKELY (lot->broken != NULL))
    {
      g_propagate_error (error, g_error_copy (lot->broken));
      return FALSE;
    }
  push (lot, waiter);
  return trio_wait (&waiter->wait, waiter, error);
}

gboolean
trio_parking_lot_park (TrioParkingLot *lot, GError **error)
{
  TrioParkingLotWaiter waiter = { .wait = { NULL, abort_park, NULL } };

  g_return_val_if_fail (lot != NULL, FALSE);
  waiter.wait.what = lot->what;
  return park (&waiter, lot, error);
}

gboolean
trio_parking_lot_park_as (TrioParkingLot *lot, const TrioWaitClass *klass, gpointer data, GError **error)
{
  TrioParkingLotWaiter waiter = { .klass = klass, .data = data };

  g_return_val_if_fail (lot != NULL && klass != NULL, FALSE);
  waiter.wait = (TrioWaitClass) { klass->what, abort_park, klass->describe != NULL ? describe_park : NULL };
  return park (&waiter, lot, error);
}

TrioTask *
trio_parking_lot_unpark_one (TrioParkingLot *lot)
{
  TrioParkingLotWaiter *waiter;
  TrioTask *task;

  g_return_val_if_fail (lot != NULL, NULL);
  waiter = TRIO_MUTATION (last_parked_first) ? lot->tail : lot->head;
  trio_note_access (lot, TRIO_ACCESS_WRITE);
  if (waiter == NULL)
    return NULL;
  task = waiter->task;
  unlink_waiter (waiter);
  if (!TRIO_MUTATION (lost_wake_up))
    trio_reschedule (task, NULL);
  if (TRIO_MUTATION (woken_twice))
    trio_reschedule (task, NULL);
  return task;
}

gsize
trio_parking_lot_unpark (TrioParkingLot *lot, gsize n)
{
  gsize woken = 0;

  g_return_val_if_fail (lot != NULL, 0);
  trio_note_access (lot, TRIO_ACCESS_WRITE);
  while (woken < n && trio_parking_lot_unpark_one (lot) != NULL)
    woken++;
  return woken;
}

gsize
trio_parking_lot_unpark_all (TrioParkingLot *lot)
{
  g_return_val_if_fail (lot != NULL, 0);
  return trio_parking_lot_unpark (lot, lot->n_waiting);
}

gsize
trio_parking_lot_repark (TrioParkingLot *lot, TrioParkingLot *new_lot, gsize n)
{
  gsize moved = 0;

  g_return_val_if_fail (lot != NULL && new_lot != NULL, 0);
  g_return_val_if_fail (lot != new_lot, 0);
  trio_note_access (lot, TRIO_ACCESS_WRITE);
  trio_note_access (new_lot, TRIO_ACCESS_WRITE);

  if (new_lot->broken != NULL)
    {
      /* They would fail at once if they parked there themselves. */
      while (moved < n && lot->head != NULL)
        {
          TrioTask *task = lot->head->task;

          unlink_waiter (lot->head);
          trio_reschedule (task, g_error_copy (new_lot->broken));
          moved++;
        }
      return moved;
    }
  while (moved < n && lot->head != NULL)
    {
      TrioParkingLotWaiter *waiter = lot->head;

      unlink_waiter (waiter);
      if (!TRIO_MUTATION (lost_in_moving))
        push (new_lot, waiter);
      moved++;
    }
  return moved;
}

gsize
trio_parking_lot_repark_all (TrioParkingLot *lot, TrioParkingLot *new_lot)
{
  g_return_val_if_fail (lot != NULL, 0);
  return trio_parking_lot_repark (lot, new_lot, lot->n_waiting);
}

void
trio_parking_lot_break_lot (TrioParkingLot *lot, TrioTask *task)
{
  const char *name;

  g_return_if_fail (lot != NULL);
  trio_note_access (lot, TRIO_ACCESS_WRITE);
  if (task == NULL)
    task = trio_current_task ();
  name = task != NULL ? trio_task_get_name (task) : "the loop";
  if (lot->broken == NULL)
    lot->broken = g_error_new (TRIO_ERROR, TRIO_ERROR_BROKEN_RESOURCE, "what %s() waits for was broken by task \"%s\"", lot->what, name);
  else
    g_prefix_error (&lot->broken, "broken again, by task \"%s\"; before that ", name);
  while (lot->head != NULL && !TRIO_MUTATION (broken_tells_nobody))
    {
      TrioParkingLotWaiter *waiter = lot->head;

      unlink_waiter (waiter);
      trio_reschedule (waiter->task, g_error_copy (lot->broken));
    }
}

gboolean
trio_parking_lot_is_broken (TrioParkingLot *lot)
{
  g_return_val_if_fail (lot != NULL, FALSE);
  trio_note_access (lot, TRIO_ACCESS_READ);
  return lot->broken != NULL;
}

void
trio_parking_lot_add_breaker (TrioParkingLot *lot, TrioTask *task)
{
  g_return_if_fail (lot != NULL && task != NULL);
  task->breaks = g_slist_prepend (task->breaks, lot);
}

void
trio_parking_lot_remove_breaker (TrioParkingLot *lot, TrioTask *task)
{
  GSList *link;

  g_return_if_fail (lot != NULL && task != NULL);
  link = g_slist_find (task->breaks, lot);
  if (link == NULL)
    {
      g_critical ("trio_parking_lot_remove_breaker: the end of task \"%s\" does not break this lot", task->name);
      return;
    }
  task->breaks = g_slist_delete_link (task->breaks, link);
}

/* At the end of task. */
void
trio_parking_lots_break (TrioTask *task)
{
  while (task->breaks != NULL && !TRIO_MUTATION (dead_owner_breaks_nothing))
    {
      TrioParkingLot *lot = task->breaks->data;

      task->breaks = g_slist_delete_link (task->breaks, task->breaks);
      trio_parking_lot_break_lot (lot, task);
    }
}

void
trio_parking_lot_get_statistics (TrioParkingLot *lot, TrioParkingLotStatistics *statistics)
{
  g_return_if_fail (lot != NULL && statistics != NULL);
  trio_note_access (lot, TRIO_ACCESS_READ);
  *statistics = (TrioParkingLotStatistics) { .tasks_waiting = lot->n_waiting };
}
