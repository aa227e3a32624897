/* SPDX-License-Identifier: MIT OR Apache-2.0 */

/* A program whose bugs need an injection of a certain kind, at a certain place, from a certain source or in a certain order: for the tests of
 * sweep. No scenario fails with nothing injected. */

#include <trio/lowlevel/task.h>
#include <trio/lowlevel/timer.h>
#include <trio/seam/choice.h>
#include <trio/trio.h>
#include <trio-sim/sim.h>

/* ---- Only a second cancellation loses it ---- */

typedef struct
{
  guint n_items;
} Box;

/* The clean-up is shielded from what cancelled the work, but gives up when its own scope is cancelled, with the item in its hand. */
static gboolean
put_back (Box *box, GError **error)
{
  g_autoptr (TrioCancelScope) shield = trio_cancel_scope_open (error);
  gboolean ok;

  trio_cancel_scope_set_shield (shield, TRUE);
  ok = trio_checkpoint (error);
  if (ok)
    box->n_items++;
  return trio_cancel_scope_close (shield, ok);
}

static gboolean
work_on_item (Box *box, GError **error)
{
  GError *trouble = NULL;

  box->n_items--;
  if (trio_checkpoint (&trouble))
    {
      box->n_items++;
      return TRUE;
    }
  if (!put_back (box, NULL))
    g_debug ("it was not put back");
  g_propagate_error (error, trouble);
  return FALSE;
}

static gboolean
clean_up_loses (gpointer data, GError **error)
{
  Box box = { 1 };
  g_autoptr (TrioCancelScope) scope = trio_cancel_scope_open (error);
  gboolean ok = trio_cancel_scope_close (scope, work_on_item (&box, error));

  (void) data;
  trio_always (box.n_items == 1, "no item is lost");
  return ok && trio_checkpoint (error) && trio_checkpoint (error);
}

/* ---- Faults that come once, and faults that stay ---- */

static gboolean
fails (const char *label)
{
  const TrioChoicePoint point = { .label = label, .bound = 2, .what = "deliver" };

  return trio_choose (&point) != 0;
}

/* Three attempts are enough for anything that passes. */
static gboolean
survives_once (gpointer data, GError **error)
{
  gboolean delivered = FALSE;

  (void) data;
  for (guint i = 0; i < 3 && !delivered; i++)
    {
      delivered = !fails ("fault.refusal");
      if (!trio_checkpoint (error))
        return FALSE;
    }
  trio_always (delivered, "three attempts are enough");
  return TRUE;
}

/* When no receipt comes it delivers again, although it was only the receipt that was lost; when none ever comes it takes all back. */
static gboolean
survives_for_good (gpointer data, GError **error)
{
  guint n_delivered = 0;
  gboolean receipt = FALSE;

  (void) data;
  for (guint i = 0; i < 3 && !receipt; i++)
    {
      n_delivered++;
      receipt = !fails ("fault.receipt");
      if (!trio_checkpoint (error))
        return FALSE;
    }
  if (!receipt)
    n_delivered = 0;
  trio_always (n_delivered <= 1, "nothing is delivered twice");
  return TRUE;
}

/* ---- Only an outer scope ---- */

static gboolean
borrow (Box *box, GError **error)
{
  g_autoptr (TrioCancelScope) scope = trio_cancel_scope_open (error);
  gboolean ok;

  box->n_items--;
  ok = trio_checkpoint (error);
  /* The bug: what was cancelled from further out comes back as a failure, and is forgotten here. */
  if (!trio_cancel_scope_close (scope, ok))
    return FALSE;
  box->n_items++;
  return TRUE;
}

static gboolean
outer_source (gpointer data, GError **error)
{
  Box box = { 1 };
  g_autoptr (TrioCancelScope) outer = trio_cancel_scope_open (error);
  gboolean ok = trio_cancel_scope_close (outer, borrow (&box, error));

  (void) data;
  trio_always (box.n_items == 1, "what was borrowed comes back");
  return ok;
}

/* ---- Checkpoints that are never cancelled ---- */

static gboolean
write_down (GError **error)
{
  g_autoptr (TrioCancelScope) shield = trio_cancel_scope_open (error);

  trio_cancel_scope_set_shield (shield, TRUE);
  return trio_cancel_scope_close (shield, trio_sleep (1000, error));
}

static TrioAbort
refuse_to_stop (TrioTask *task, gpointer data)
{
  (void) task;
  (void) data;
  return TRIO_ABORT_FAILED;
}

typedef struct
{
  TrioTimer  timer;
  TrioTask  *task;
} Alarm;

static void
ring (TrioTimer *timer)
{
  trio_reschedule (((Alarm *) timer)->task, NULL);
}

/* Whatever comes meanwhile, it waits until the alarm rings. */
static gboolean
wait_stubbornly (GError **error)
{
  Alarm alarm = { .task = trio_current_task () };

  trio_timer_init (&alarm.timer, ring);
  trio_timer_arm (&alarm.timer, trio_current_time () + 1000);
  return trio_wait_task_rescheduled (refuse_to_stop, NULL, error);
}

static gboolean
never_cancelled (gpointer data, GError **error)
{
  (void) data;
  return trio_checkpoint (error) && write_down (error) && wait_stubbornly (error);
}

/* ---- Only in another order ---- */

typedef struct
{
  guint    steps;            /* of the one who walks ahead */
  gboolean in_hand;
  gboolean lost;
} Walk;

static gboolean
walk_ahead (gpointer data, GError **error)
{
  Walk *walk = data;

  for (guint i = 0; i < 3; i++)
    {
      walk->steps++;
      if (!trio_checkpoint (error))
        return FALSE;
    }
  return TRUE;
}

/* Takes something in hand only if the other is far ahead when it begins, as it never is in the ordinary run. */
static gboolean
follow (gpointer data, GError **error)
{
  Walk *walk = data;

  walk->in_hand = walk->steps >= 2;
  if (!trio_checkpoint (error))
    {
      walk->lost = walk->in_hand;
      return FALSE;
    }
  walk->in_hand = FALSE;
  return TRUE;
}

static gboolean
other_order (gpointer data, GError **error)
{
  Walk walk = { 0 };
  gboolean ok;

  (void) data;
  {
    g_autoptr (TrioNursery) nursery = trio_nursery_open (error);

    trio_nursery_start_soon (nursery, walk_ahead, &walk);
    trio_nursery_start_soon (nursery, follow, &walk);
    ok = trio_nursery_close (nursery, TRUE);
  }
  trio_always (!walk.lost, "nothing falls from the hand");
  return ok;
}

int
main (int argc, char **argv)
{
  static const TrioScenario scenarios[] = {
    { "clean-up-loses", clean_up_loses, NULL, "a second cancellation in the clean-up loses an item" },
    { "survives-once", survives_once, NULL, "bears a fault that comes once, not one that stays" },
    { "survives-for-good", survives_for_good, NULL, "bears a fault that stays, not one that comes once" },
    { "outer-source", outer_source, NULL, "a cancellation from further out loses what was borrowed" },
    { "never-cancelled", never_cancelled, NULL, "a checkpoint behind a shield, and one that does not care" },
    { "other-order", other_order, NULL, "a cancellation does harm only in another order" },
    { 0 },
  };

  return trio_sim_main (argc, argv, scenarios);
}
