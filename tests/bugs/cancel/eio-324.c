/* SPDX-License-Identifier: MIT OR Apache-2.0 */

/* What happened: OCaml's Eio.Condition, with several domains (https://github.com/ocaml-multicore/eio/pull/324); a condition, a
 * lost wake-up.
 *
 * The bug: a waiter takes the condition's inner mutex, gives the user's mutex back, and joins the list; the inner mutex is there
 * to make that one step. But a broadcast does not take it, and may come between: it wakes all in a list which the waiter joins
 * after.
 *
 * The repair: take the inner mutex around the wake.
 *
 * Threads are tasks here, with a switch where they can be interrupted. */

#include "tests/bugs/cancel/cancel.h"
#include "tests/bugs/primitives.h"

typedef struct
{
  gboolean repaired;
  Mutex    user;
  Mutex    inner;
  GQueue   waiters;
  gboolean ok;                          /* what is waited for */
} Condition;

static void
describe_condition (gpointer condition, GString *out)
{
  g_string_append (out, ((Condition *) condition)->ok ? "what it waits for is so" : "what it waits for is not so yet");
}

static void TRIO_CHECKPOINT
condition_wait (Condition *condition)
{
  Event woken = { .describe = describe_condition, .of = condition };

  mutex_lock (&condition->inner);
  mutex_unlock (&condition->user);
  bug_switch ();
  event_join (&woken, &condition->waiters);
  mutex_unlock (&condition->inner);
  event_wait_shielded (&woken, "condition_wait");
  mutex_lock (&condition->user);
}

static void TRIO_CHECKPOINT
condition_broadcast (Condition *condition)
{
  Event *woken;

  if (condition->repaired)
    mutex_lock (&condition->inner);
  while ((woken = pop_waiter (&condition->waiters)) != NULL)
    event_set (woken);
  if (condition->repaired)
    mutex_unlock (&condition->inner);
}

static gboolean
wait_until_ok (gpointer data, GError **error G_GNUC_UNUSED)
{
  Condition *condition = data;

  mutex_lock (&condition->user);
  while (!condition->ok)
    condition_wait (condition);
  mutex_unlock (&condition->user);
  return TRUE;
}

static gboolean
set_ok (gpointer data, GError **error G_GNUC_UNUSED)
{
  Condition *condition = data;

  mutex_lock (&condition->user);
  condition->ok = TRUE;
  mutex_unlock (&condition->user);
  condition_broadcast (condition);
  return TRUE;
}

static gboolean
run (gboolean repaired, GError **error)
{
  Condition condition = { .repaired = repaired, .user = MUTEX ("user"), .inner = MUTEX ("inner") };
  g_autoptr (TrioNursery) nursery = trio_nursery_open (error);

  start_task (nursery, "setter", set_ok, &condition);
  start_task (nursery, "waiter", wait_until_ok, &condition);
  return trio_nursery_close (nursery, TRUE);
}

const Bug bug_eio_324 = {
  "eio-324", run, "deadlock", NULL, "a broadcast comes after a waiter has given the mutex back and before it stands in the list",
};
