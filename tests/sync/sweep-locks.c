/* SPDX-License-Identifier: MIT OR Apache-2.0 */

/* Whatever is cancelled or interrupted wherever, what is held by somebody is given back or kept, and in the end all is free:
 * statements 20, 21, 38, 90 to 92, 95, 99, 103, D7 and D8 under every single and every second injection.
 *
 *     sweep-locks sweep --all-pairs --inject cancel,interrupt */

#include <trio-sim/sim.h>
#include <trio/lowlevel/parking-lot.h>
#include <trio/trio.h>

/* Runs func three times as children of one nursery. */
static gboolean
three_of (TrioFunc func, gpointer data, GError **error)
{
  g_autoptr (TrioNursery) nursery = trio_nursery_open (error);

  for (int i = 0; i < 3; i++)
    trio_nursery_start_soon (nursery, func, data);
  return trio_nursery_close (nursery, TRUE);
}

/* ---- an event ---- */

typedef struct
{
  TrioEvent       *event;
  TrioCancelScope *waiting;     /* the scope of the first who waits; NULL if none does */
  int              woken;
  int              cancelled;
} Bell;

static gboolean
wait_for_bell (gpointer data, GError **error)
{
  Bell *bell = data;
  g_autoptr (TrioCancelScope) scope = trio_cancel_scope_open (error);
  gboolean ok;

  if (bell->waiting == NULL)
    bell->waiting = scope;
  ok = trio_event_wait (bell->event, error);
  trio_always (!ok || trio_event_is_set (bell->event), "who comes back was woken");
  *(ok ? &bell->woken : &bell->cancelled) += 1;
  if (bell->waiting == scope)
    bell->waiting = NULL;
  return trio_cancel_scope_close (scope, ok);
}

static gboolean
ring_bell (gpointer data, GError **error)
{
  Bell *bell = data;
  g_autoptr (TrioCancelScope) scope = trio_cancel_scope_open (error);
  gboolean ok = trio_checkpoint (error);
  TrioEventStatistics statistics;

  /* One of them before, one after it is set. */
  if (bell->waiting != NULL)
    trio_cancel_scope_cancel (bell->waiting);
  trio_event_set (bell->event);
  if (bell->waiting != NULL)
    trio_cancel_scope_cancel (bell->waiting);
  trio_event_get_statistics (bell->event, &statistics);
  trio_always (statistics.tasks_waiting == 0, "nobody waits for what is set");
  return trio_cancel_scope_close (scope, ok);
}

static gboolean
wait_and_ring (Bell *bell, GError **error)
{
  g_autoptr (TrioNursery) nursery = trio_nursery_open (error);

  for (int i = 0; i < 3; i++)
    trio_nursery_start_soon (nursery, wait_for_bell, bell);
  trio_nursery_start_soon (nursery, ring_bell, bell);
  return trio_nursery_close (nursery, TRUE);
}

static gboolean
event (gpointer unused G_GNUC_UNUSED, GError **error)
{
  g_autoptr (TrioEvent) one = trio_event_new ();
  Bell bell = { .event = one };
  gboolean ok = wait_and_ring (&bell, error);

  trio_always (!ok || bell.woken + bell.cancelled == 3, "each is woken or cancelled, and once");
  trio_sometimes (bell.woken == 2, "one was cancelled before, and one too late");
  return ok;
}

/* ---- a lock ---- */

typedef struct
{
  TrioLock *lock;
  TrioTask *holder;
} Room;

static gboolean
stay_alone (Room *room, GError **error)
{
  TrioLockStatistics statistics;
  gboolean ok;

  trio_always (room->holder == NULL, "one at a time");
  room->holder = trio_current_task ();
  ok = trio_checkpoint (error);
  trio_always (room->holder == trio_current_task (), "one at a time");
  room->holder = NULL;
  trio_lock_release (room->lock);
  /* The promise of Trio's StrictFIFOLock: it is handed over, and nobody can come between. */
  trio_lock_get_statistics (room->lock, &statistics);
  trio_always (statistics.tasks_waiting == 0 || statistics.locked, "it is never free while somebody waits");
  return ok;
}

static gboolean
use_lock (gpointer data, GError **error)
{
  Room *room = data;

  for (int i = 0; i < 2; i++)
    {
      g_autoptr (TrioCancelScope) scope = trio_cancel_scope_open (error);
      gboolean ok = trio_lock_acquire (room->lock, error) && stay_alone (room, error);

      if (!trio_cancel_scope_close (scope, ok))
        return FALSE;
    }
  return TRUE;
}

static gboolean
lock (gpointer unused G_GNUC_UNUSED, GError **error)
{
  g_autoptr (TrioLock) one = trio_lock_new ();
  Room room = { .lock = one };
  gboolean ok = three_of (use_lock, &room, error);
  TrioLockStatistics statistics;

  trio_lock_get_statistics (one, &statistics);
  trio_always (!statistics.locked && statistics.owner == NULL && statistics.tasks_waiting == 0, "in the end all is free");
  return ok;
}

/* ---- a parking lot: two are woken, one is moved to another lot, and that one is broken ---- */

typedef struct
{
  TrioParkingLot   here;
  TrioParkingLot   there;
  TrioCancelScope *waiting;     /* of the last who came */
  gsize            unparked;
  int              woken;
  int              broken;
} Lots;

static gboolean
park (gpointer data, GError **error)
{
  Lots *lots = data;
  GError *failure = NULL;
  g_autoptr (TrioCancelScope) scope = trio_cancel_scope_open (&failure);
  gboolean ok;

  lots->waiting = scope;
  ok = trio_parking_lot_park (&lots->here, &failure);
  lots->woken += ok;
  if (lots->waiting == scope)
    lots->waiting = NULL;
  if (trio_cancel_scope_close (scope, ok))
    return TRUE;
  if (!g_error_matches (failure, TRIO_ERROR, TRIO_ERROR_BROKEN_RESOURCE))
    {
      g_propagate_error (error, failure);
      return FALSE;
    }
  lots->broken++;
  g_error_free (failure);
  return TRUE;
}

static gboolean
let_go (gpointer data, GError **error)
{
  Lots *lots = data;
  g_autoptr (TrioCancelScope) scope = trio_cancel_scope_open (error);
  gboolean ok = trio_checkpoint (error);

  lots->unparked += trio_parking_lot_unpark (&lots->here, 1);
  trio_parking_lot_repark (&lots->here, &lots->there, 1);
  if (!trio_checkpoint (ok ? error : NULL))
    ok = FALSE;
  /* In the one lot or the other, or woken by now. */
  if (lots->waiting != NULL)
    trio_cancel_scope_cancel (lots->waiting);
  lots->unparked += trio_parking_lot_unpark_all (&lots->here);
  trio_parking_lot_break_lot (&lots->there, NULL);
  /* Who has not come yet: */
  trio_parking_lot_break_lot (&lots->here, NULL);
  return trio_cancel_scope_close (scope, ok);
}

static gboolean
park_and_let_go (Lots *lots, GError **error)
{
  g_autoptr (TrioNursery) nursery = trio_nursery_open (error);

  for (int i = 0; i < 3; i++)
    trio_nursery_start_soon (nursery, park, lots);
  trio_nursery_start_soon (nursery, let_go, lots);
  return trio_nursery_close (nursery, TRUE);
}

static gboolean
parking_lot (gpointer unused G_GNUC_UNUSED, GError **error)
{
  Lots lots = { .unparked = 0 };
  TrioParkingLotStatistics here, there;
  gboolean ok;

  trio_parking_lot_init (&lots.here, NULL);
  trio_parking_lot_init (&lots.there, NULL);
  ok = park_and_let_go (&lots, error);
  trio_parking_lot_get_statistics (&lots.here, &here);
  trio_parking_lot_get_statistics (&lots.there, &there);
  trio_always (here.tasks_waiting == 0 && there.tasks_waiting == 0, "nobody waits in the end");
  trio_always (lots.unparked == (gsize) lots.woken, "a wake-up is with one who waited");
  trio_sometimes (lots.broken == 1 && lots.woken == 1, "one is woken, one cancelled, one was in a lot that broke");
  trio_parking_lot_clear (&lots.here);
  trio_parking_lot_clear (&lots.there);
  return ok;
}

/* ---- a semaphore ---- */

static gboolean
use_semaphore (gpointer data, GError **error)
{
  TrioSemaphore *semaphore = data;

  for (int i = 0; i < 2; i++)
    {
      g_autoptr (TrioCancelScope) scope = trio_cancel_scope_open (error);
      gboolean ok = trio_semaphore_acquire (semaphore, error);

      if (ok)
        {
          ok = trio_checkpoint (error);
          trio_semaphore_release (semaphore);
        }
      if (!trio_cancel_scope_close (scope, ok))
        return FALSE;
    }
  return TRUE;
}

static gboolean
semaphore (gpointer unused G_GNUC_UNUSED, GError **error)
{
  g_autoptr (TrioSemaphore) one = trio_semaphore_new (1, 1);
  gboolean ok = three_of (use_semaphore, one, error);
  TrioSemaphoreStatistics statistics;

  trio_semaphore_get_statistics (one, &statistics);
  trio_always (statistics.value == 1 && statistics.tasks_waiting == 0, "in the end all is free");
  return ok;
}

/* ---- a limiter ---- */

static gboolean
use_limiter (gpointer data, GError **error)
{
  TrioCapacityLimiter *limiter = data;

  for (int i = 0; i < 2; i++)
    {
      g_autoptr (TrioCancelScope) scope = trio_cancel_scope_open (error);
      gboolean ok = trio_capacity_limiter_acquire (limiter, error);

      /* Its tables are clean after any error: the second round finds nothing of the first. */
      trio_always (ok || !trio_error_contains (*error, TRIO_ERROR, TRIO_ERROR_MISUSE), "a cancelled borrower may ask again");
      if (ok)
        {
          ok = trio_checkpoint (error);
          trio_capacity_limiter_release (limiter);
        }
      if (!trio_cancel_scope_close (scope, ok))
        return FALSE;
    }
  return TRUE;
}

static gboolean
limiter (gpointer unused G_GNUC_UNUSED, GError **error)
{
  g_autoptr (TrioCapacityLimiter) one = trio_capacity_limiter_new (1);
  gboolean ok = three_of (use_limiter, one, error);
  TrioCapacityLimiterStatistics statistics;

  trio_capacity_limiter_get_statistics (one, &statistics);
  trio_always (statistics.borrowed_tokens == 0 && statistics.tasks_waiting == 0, "in the end all is free");
  return ok;
}

/* ---- a condition: a stack of values that three wait for ---- */

typedef struct
{
  TrioCondition *condition;
  int            there;
  int            taken;
  gboolean       closed;
  TrioCancelScope *waiting;     /* the scope of the first who takes; NULL if none does */
} Stack;

static gboolean
take_one (gpointer data, GError **error)
{
  Stack *stack = data;
  g_autoptr (TrioCancelScope) scope = trio_cancel_scope_open (error);
  gboolean ok;

  if (stack->waiting == NULL)
    stack->waiting = scope;
  ok = trio_condition_acquire (stack->condition, error);
  if (ok)
    {
      while (ok && stack->there == 0 && !stack->closed)
        ok = trio_condition_wait (stack->condition, error);
      trio_always (!trio_condition_acquire_nowait (stack->condition, NULL), "the lock is held when wait returns");
      if (ok && stack->there > 0)
        {
          stack->there--;
          stack->taken++;
        }
      trio_condition_release (stack->condition);
    }
  if (stack->waiting == scope)
    stack->waiting = NULL;
  return trio_cancel_scope_close (scope, ok);
}

/* Cancels one who waits, or was notified, or has the lock already: whenever it gets to it. */
static gboolean
cancel_one (gpointer data, GError **error)
{
  Stack *stack = data;

  for (int i = 0; i < 3; i++)
    if (!trio_checkpoint (error))
      return FALSE;
  if (stack->waiting != NULL)
    trio_cancel_scope_cancel (stack->waiting);
  return TRUE;
}

/* Two values, and one notification for each. If one got lost, somebody would wait although a value is there. */
static gboolean
put_two (gpointer data, GError **error)
{
  Stack *stack = data;

  for (int i = 0; i < 2; i++)
    {
      g_autoptr (TrioCancelScope) scope = trio_cancel_scope_open (error);
      gboolean ok = trio_condition_acquire (stack->condition, error);

      if (ok)
        {
          stack->there++;
          trio_condition_notify (stack->condition, 1);
          /* Meanwhile the one that was notified stands in the line of the lock. */
          trio_cancel_shielded_checkpoint ();
          trio_condition_release (stack->condition);
        }
      if (!trio_cancel_scope_close (scope, ok))
        return FALSE;
    }
  return TRUE;
}

static gboolean
take_and_put (Stack *stack, GError **error)
{
  g_autoptr (TrioNursery) nursery = trio_nursery_open (error);
  TrioConditionStatistics statistics;

  for (int i = 0; i < 3; i++)
    trio_nursery_start_soon (nursery, take_one, stack);
  trio_nursery_start_soon (nursery, cancel_one, stack);
  if (!put_two (stack, error))
    return FALSE;
  /* Let them take what is there. */
  if (!trio_sleep (G_TIME_SPAN_HOUR, error))
    return FALSE;
  trio_condition_get_statistics (stack->condition, &statistics);
  trio_always (stack->there == 0 || statistics.tasks_waiting == 0, "no notification is lost");
  if (!trio_condition_acquire (stack->condition, error))
    return FALSE;
  stack->closed = TRUE;
  trio_condition_notify_all (stack->condition);
  trio_condition_release (stack->condition);
  return trio_nursery_close (nursery, TRUE);
}

static gboolean
condition (gpointer unused G_GNUC_UNUSED, GError **error)
{
  g_autoptr (TrioCondition) one = trio_condition_new (NULL);
  Stack stack = { .condition = one };
  gboolean ok = take_and_put (&stack, error);
  TrioConditionStatistics statistics;

  trio_condition_get_statistics (one, &statistics);
  trio_always (!trio_condition_locked (one), "in the end all is free");
  trio_always (statistics.tasks_waiting == 0 && statistics.lock_tasks_waiting == 0, "nobody waits in the end");
  trio_sometimes (stack.taken == 2, "both are taken");
  return ok;
}

/* ---- a read-write lock ---- */

typedef struct
{
  TrioRWLock *lock;
  int         readers;
  int         writers;
} House;

static gboolean
stay (House *house, int *kind, GError **error)
{
  gboolean ok;

  (*kind)++;
  trio_always (house->writers == 0 || (house->writers == 1 && house->readers == 0), "who writes is alone");
  ok = trio_checkpoint (error);
  (*kind)--;
  trio_rw_lock_release (house->lock);
  return ok;
}

static gboolean
read_house (gpointer data, GError **error)
{
  House *house = data;
  g_autoptr (TrioCancelScope) scope = trio_cancel_scope_open (error);
  gboolean ok = trio_rw_lock_acquire_read (house->lock, error) && stay (house, &house->readers, error);

  return trio_cancel_scope_close (scope, ok);
}

static gboolean
write_house (gpointer data, GError **error)
{
  House *house = data;
  g_autoptr (TrioCancelScope) scope = trio_cancel_scope_open (error);
  gboolean ok = trio_rw_lock_acquire_write (house->lock, error) && stay (house, &house->writers, error);

  return trio_cancel_scope_close (scope, ok);
}

static gboolean
read_and_write (House *house, GError **error)
{
  g_autoptr (TrioNursery) nursery = trio_nursery_open (error);

  trio_nursery_start_soon (nursery, read_house, house);
  trio_nursery_start_soon (nursery, write_house, house);
  trio_nursery_start_soon (nursery, read_house, house);
  trio_nursery_start_soon (nursery, write_house, house);
  trio_nursery_start_soon (nursery, read_house, house);
  return trio_nursery_close (nursery, TRUE);
}

static gboolean
rw_lock (gpointer unused G_GNUC_UNUSED, GError **error)
{
  g_autoptr (TrioRWLock) one = trio_rw_lock_new ();
  House house = { one, 0, 0 };
  gboolean ok = read_and_write (&house, error);
  TrioRWLockStatistics statistics;

  trio_rw_lock_get_statistics (one, &statistics);
  trio_always (statistics.readers == 0 && statistics.writer == NULL, "in the end all is free");
  trio_always (statistics.tasks_waiting == 0 && statistics.writers_waiting == 0, "nobody waits in the end");
  return ok;
}

/* ---- a barrier ---- */

typedef struct
{
  TrioBarrier *barrier;
  int          through;
  int          last;
} Gate;

static gboolean
pass_gate (gpointer data, GError **error)
{
  Gate *gate = data;

  for (int tries = 0; tries < 3; tries++)
    {
      g_autoptr (TrioCancelScope) scope = trio_cancel_scope_open (error);
      gboolean last;
      gboolean ok = trio_barrier_wait (gate->barrier, &last, error);
      gboolean through = ok;

      if (through)
        {
          gate->through++;
          gate->last += last;
        }
      if (!trio_cancel_scope_close (scope, ok))
        return FALSE;
      if (through)
        break;
      /* Who was cancelled has not come, and comes again. */
    }
  return TRUE;
}

static gboolean
barrier (gpointer unused G_GNUC_UNUSED, GError **error)
{
  g_autoptr (TrioBarrier) one = trio_barrier_new (3);
  Gate gate = { one, 0, 0 };
  gboolean ok = three_of (pass_gate, &gate, error);
  TrioBarrierStatistics statistics;

  trio_barrier_get_statistics (one, &statistics);
  trio_always (statistics.tasks_waiting == 0, "nobody waits in the end");
  trio_always (statistics.rounds == 0 ? gate.through == 0 : gate.through == 3 && gate.last == 1, "all go through, or none");
  return ok;
}

static const TrioScenario scenarios[] = {
  { "event", event, NULL, "three wait, and two of them are cancelled around the moment it is set" },
  { "lock", lock, NULL, "three take turns" },
  { "parking-lot", parking_lot, NULL, "three park; one is woken, one moved to a lot that breaks, one cancelled" },
  { "semaphore", semaphore, NULL, "three tasks, one token" },
  { "limiter", limiter, NULL, "three borrowers, one token" },
  { "condition", condition, NULL, "three wait, there are two notifications, and one of the three is cancelled" },
  { "rw-lock", rw_lock, NULL, "readers and writers by turns" },
  { "barrier", barrier, NULL, "three meet, and whoever is cancelled comes again" },
  { NULL, NULL, NULL, NULL },
};

int
main (int argc, char **argv)
{
  return trio_sim_main (argc, argv, scenarios);
}
