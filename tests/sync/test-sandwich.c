/* SPDX-License-Identifier: MIT OR Apache-2.0 */

/* Whatever can block is a sandwich: look for a cancellation, have the effect, let others run. Statements 17, 18, 20, 21, 25 and 38, one table for
 * all of them: here nobody has to wait. What comes of waiting is in each one's own tests. */

#include <trio/testing/checkpoints.h>

#include "tests/sync/sync-test.h"

typedef struct
{
  gpointer object;
  gpointer other;       /* the second end, if it has two */
  gpointer value;       /* what came out */
} Thing;

typedef struct
{
  const char *name;
  void      (*make)   (Thing *thing);
  gboolean  (*act)    (Thing *thing, GError **error);
  gboolean  (*nowait) (Thing *thing, GError **error);     /* its twin that never suspends, or NULL */
  gboolean  (*effect) (const Thing *thing);               /* whether act has had one; NULL: it only waits */
  void      (*undo)   (Thing *thing);                     /* never suspends; or NULL */
  void      (*clear)  (Thing *thing);
} Operation;

static gpointer the_value = "value";

static gboolean
has_value (const Thing *thing)
{
  return thing->value != NULL;
}

/* ---- an event, a future ---- */

static void
make_event (Thing *thing)
{
  thing->object = trio_event_new ();
  trio_event_set (thing->object);
}

static gboolean
wait_for_event (Thing *thing, GError **error)
{
  return trio_event_wait (thing->object, error);
}

static void
clear_event (Thing *thing)
{
  trio_event_free (thing->object);
}

static void
make_future (Thing *thing)
{
  thing->object = trio_future_new (NULL);
  trio_future_set_value (thing->object, the_value);
}

static gboolean
wait_for_future (Thing *thing, GError **error)
{
  return trio_future_wait (thing->object, &thing->value, error);
}

static gboolean
get_future_nowait (Thing *thing, GError **error)
{
  return trio_future_get_nowait (thing->object, &thing->value, error);
}

static void
clear_future (Thing *thing)
{
  trio_future_unref (thing->object);
}

/* ---- what is held ---- */

static void
make_lock (Thing *thing)
{
  thing->object = trio_lock_new ();
}

static gboolean
acquire_lock (Thing *thing, GError **error)
{
  return trio_lock_acquire (thing->object, error);
}

static gboolean
acquire_lock_nowait (Thing *thing, GError **error)
{
  return trio_lock_acquire_nowait (thing->object, error);
}

static gboolean
lock_is_held (const Thing *thing)
{
  return trio_lock_locked (thing->object);
}

static void
release_lock (Thing *thing)
{
  trio_lock_release (thing->object);
}

static void
clear_lock (Thing *thing)
{
  trio_lock_free (thing->object);
}

static void
make_condition (Thing *thing)
{
  thing->object = trio_condition_new (NULL);
}

static gboolean
acquire_condition (Thing *thing, GError **error)
{
  return trio_condition_acquire (thing->object, error);
}

static gboolean
acquire_condition_nowait (Thing *thing, GError **error)
{
  return trio_condition_acquire_nowait (thing->object, error);
}

static gboolean
condition_is_held (const Thing *thing)
{
  return trio_condition_locked (thing->object);
}

static void
notify_and_release_condition (Thing *thing)
{
  trio_condition_notify_all (thing->object);
  trio_condition_release (thing->object);
}

static void
clear_condition (Thing *thing)
{
  trio_condition_free (thing->object);
}

static void
make_semaphore (Thing *thing)
{
  thing->object = trio_semaphore_new (1, 1);
}

static gboolean
acquire_semaphore (Thing *thing, GError **error)
{
  return trio_semaphore_acquire (thing->object, error);
}

static gboolean
acquire_semaphore_nowait (Thing *thing, GError **error)
{
  return trio_semaphore_acquire_nowait (thing->object, error);
}

static gboolean
semaphore_is_taken (const Thing *thing)
{
  return trio_semaphore_get_value (thing->object) == 0;
}

static void
release_semaphore (Thing *thing)
{
  trio_semaphore_release (thing->object);
}

static void
clear_semaphore (Thing *thing)
{
  trio_semaphore_free (thing->object);
}

static void
make_limiter (Thing *thing)
{
  thing->object = trio_capacity_limiter_new (1);
}

static gboolean
acquire_limiter (Thing *thing, GError **error)
{
  return trio_capacity_limiter_acquire (thing->object, error);
}

static gboolean
acquire_limiter_nowait (Thing *thing, GError **error)
{
  return trio_capacity_limiter_acquire_nowait (thing->object, error);
}

static gboolean
limiter_has_lent (const Thing *thing)
{
  return trio_capacity_limiter_get_borrowed_tokens (thing->object) == 1;
}

static void
release_limiter (Thing *thing)
{
  trio_capacity_limiter_release (thing->object);
}

static void
clear_limiter (Thing *thing)
{
  trio_capacity_limiter_free (thing->object);
}

static void
make_rw_lock (Thing *thing)
{
  thing->object = trio_rw_lock_new ();
}

static gboolean
acquire_to_read (Thing *thing, GError **error)
{
  return trio_rw_lock_acquire_read (thing->object, error);
}

static gboolean
acquire_to_read_nowait (Thing *thing, GError **error)
{
  return trio_rw_lock_acquire_read_nowait (thing->object, error);
}

static gboolean
acquire_to_write (Thing *thing, GError **error)
{
  return trio_rw_lock_acquire_write (thing->object, error);
}

static gboolean
acquire_to_write_nowait (Thing *thing, GError **error)
{
  return trio_rw_lock_acquire_write_nowait (thing->object, error);
}

static gboolean
rw_lock_is_held (const Thing *thing)
{
  TrioRWLockStatistics statistics;

  trio_rw_lock_get_statistics (thing->object, &statistics);
  return statistics.readers > 0 || statistics.writer != NULL;
}

static void
release_rw_lock (Thing *thing)
{
  trio_rw_lock_release (thing->object);
}

static void
clear_rw_lock (Thing *thing)
{
  trio_rw_lock_free (thing->object);
}

/* ---- a barrier for one ---- */

static void
make_barrier (Thing *thing)
{
  thing->object = trio_barrier_new (1);
}

static gboolean
wait_at_barrier (Thing *thing, GError **error)
{
  return trio_barrier_wait (thing->object, NULL, error);
}

static gboolean
barrier_was_full (const Thing *thing)
{
  TrioBarrierStatistics statistics;

  trio_barrier_get_statistics (thing->object, &statistics);
  return statistics.rounds > 0;
}

static void
clear_barrier (Thing *thing)
{
  trio_barrier_free (thing->object);
}

/* ---- channels ---- */

static void
make_empty_channel (Thing *thing)
{
  trio_open_memory_channel (1, NULL, (TrioSendChannel **) &thing->object, (TrioReceiveChannel **) &thing->other);
}

static void
make_full_channel (Thing *thing)
{
  make_empty_channel (thing);
  g_assert_true (trio_send_channel_send_nowait (thing->object, the_value, NULL));
}

static gboolean
send_value (Thing *thing, GError **error)
{
  return trio_send_channel_send (thing->object, the_value, error);
}

static gboolean
send_nowait (Thing *thing, GError **error)
{
  return trio_send_channel_send_nowait (thing->object, the_value, error);
}

static gboolean
is_in_the_buffer (const Thing *thing)
{
  TrioChannelStatistics statistics;

  trio_send_channel_get_statistics (thing->object, &statistics);
  return statistics.current_buffer_used == 1;
}

static gboolean
receive_value (Thing *thing, GError **error)
{
  return trio_receive_channel_receive (thing->other, &thing->value, error);
}

static gboolean
receive_nowait (Thing *thing, GError **error)
{
  return trio_receive_channel_receive_nowait (thing->other, &thing->value, error);
}

static gboolean
select_send (Thing *thing, GError **error)
{
  const TrioSelectCase cases[] = { trio_case_send (thing->object, the_value) };
  gsize chosen;

  return trio_select (cases, 1, &chosen, error);
}

static gboolean
select_send_nowait (Thing *thing, GError **error)
{
  const TrioSelectCase cases[] = { trio_case_send (thing->object, the_value) };
  gsize chosen;

  return trio_select_nowait (cases, 1, &chosen, error);
}

static void
close_channel (Thing *thing)
{
  trio_send_channel_close (thing->object);
  trio_receive_channel_close (thing->other);
}

static void
clear_channel (Thing *thing)
{
  trio_send_channel_free (thing->object);
  trio_receive_channel_free (thing->other);
}

static void
make_broadcast (Thing *thing)
{
  thing->object = trio_broadcast_new (1, NULL, NULL);
  thing->other = trio_broadcast_subscribe (thing->object);
  trio_broadcast_send (thing->object, the_value);
}

static gboolean
receive_broadcast (Thing *thing, GError **error)
{
  return trio_broadcast_receiver_receive (thing->other, &thing->value, NULL, error);
}

static gboolean
receive_broadcast_nowait (Thing *thing, GError **error)
{
  return trio_broadcast_receiver_receive_nowait (thing->other, &thing->value, NULL, error);
}

static void
send_and_close_broadcast (Thing *thing)
{
  trio_broadcast_send (thing->object, the_value);
  trio_broadcast_close (thing->object);
  trio_broadcast_receiver_close (thing->other);
}

static void
clear_broadcast (Thing *thing)
{
  trio_broadcast_free (thing->object);
  trio_broadcast_receiver_free (thing->other);
}

static const Operation operations[] = {
  { "trio_event_wait", make_event, wait_for_event, NULL, NULL, NULL, clear_event },
  { "trio_future_wait", make_future, wait_for_future, get_future_nowait, NULL, NULL, clear_future },
  { "trio_lock_acquire", make_lock, acquire_lock, acquire_lock_nowait, lock_is_held, release_lock, clear_lock },
  { "trio_condition_acquire", make_condition, acquire_condition, acquire_condition_nowait, condition_is_held, notify_and_release_condition,
    clear_condition },
  { "trio_semaphore_acquire", make_semaphore, acquire_semaphore, acquire_semaphore_nowait, semaphore_is_taken, release_semaphore,
    clear_semaphore },
  { "trio_capacity_limiter_acquire", make_limiter, acquire_limiter, acquire_limiter_nowait, limiter_has_lent, release_limiter, clear_limiter },
  { "trio_rw_lock_acquire_read", make_rw_lock, acquire_to_read, acquire_to_read_nowait, rw_lock_is_held, release_rw_lock, clear_rw_lock },
  { "trio_rw_lock_acquire_write", make_rw_lock, acquire_to_write, acquire_to_write_nowait, rw_lock_is_held, release_rw_lock, clear_rw_lock },
  { "trio_barrier_wait", make_barrier, wait_at_barrier, NULL, barrier_was_full, NULL, clear_barrier },
  { "trio_send_channel_send", make_empty_channel, send_value, send_nowait, is_in_the_buffer, close_channel, clear_channel },
  { "trio_receive_channel_receive", make_full_channel, receive_value, receive_nowait, has_value, close_channel, clear_channel },
  { "trio_select", make_empty_channel, select_send, select_send_nowait, is_in_the_buffer, close_channel, clear_channel },
  { "trio_broadcast_receiver_receive", make_broadcast, receive_broadcast, receive_broadcast_nowait, has_value, send_and_close_broadcast,
    clear_broadcast },
};

static void
finish (const Operation *operation, Thing *thing)
{
  if (operation->undo != NULL)
    operation->undo (thing);
  operation->clear (thing);
}

static void
assert_effect (const Operation *operation, const Thing *thing, gboolean expected)
{
  if (operation->effect != NULL && operation->effect (thing) != expected)
    g_error ("%s: it should%s have had its effect", operation->name, expected ? "" : " not");
}

/* ---- the tests ---- */

/* statement 17 */
static gboolean
is_a_checkpoint (const Operation *operation, GError **error)
{
  Thing thing = { 0 };
  TrioTestingMark mark;
  gboolean could_be_cancelled, let_others_run;

  operation->make (&thing);
  mark = trio_testing_mark ();
  if (!operation->act (&thing, error))
    return FALSE;
  trio_testing_look_since (&mark, &could_be_cancelled, &let_others_run);
  if (!could_be_cancelled || !let_others_run)
    g_error ("%s: a cancellation could%s reach it, and others could%s run", operation->name, could_be_cancelled ? "" : " not",
             let_others_run ? "" : " not");
  assert_effect (operation, &thing, TRUE);
  finish (operation, &thing);
  return TRUE;
}

/* statement 18 */
static gboolean
its_twin_is_none (const Operation *operation, GError **error)
{
  Thing thing = { 0 };
  TrioTestingMark mark;
  gboolean could_be_cancelled, let_others_run;
  g_autoptr (TrioCancelScope) scope = NULL;

  if (operation->nowait == NULL)
    return TRUE;
  /* Nor does a cancellation hinder it. */
  scope = trio_cancel_scope_open (error);
  trio_cancel_scope_cancel (scope);
  operation->make (&thing);
  mark = trio_testing_mark ();
  if (!operation->nowait (&thing, error))
    return FALSE;
  assert_effect (operation, &thing, TRUE);
  finish (operation, &thing);
  trio_testing_look_since (&mark, &could_be_cancelled, &let_others_run);
  if (could_be_cancelled || let_others_run)
    g_error ("%s: its twin or what undoes it is a checkpoint", operation->name);
  return trio_cancel_scope_close (scope, TRUE);
}

/* statements 20, 25 */
static gboolean
has_no_effect_when_cancelled (const Operation *operation, GError **error)
{
  Thing thing = { 0 };
  g_autoptr (TrioCancelScope) scope = trio_cancel_scope_open (error);

  operation->make (&thing);
  trio_cancel_scope_cancel (scope);
  for (int i = 0; i < 2; i++)
    {
      GError *failure = NULL;

      if (operation->act (&thing, &failure))
        g_error ("%s: it succeeds in a cancelled scope", operation->name);
      mock_assert_error (failure, TRIO_ERROR_CANCELLED);
      assert_effect (operation, &thing, FALSE);
    }
  if (!trio_cancel_scope_close (scope, TRUE))
    return FALSE;
  /* And what was there is there still. */
  if (!operation->act (&thing, error))
    return FALSE;
  assert_effect (operation, &thing, TRUE);
  finish (operation, &thing);
  return TRUE;
}

static gboolean
cancel_scope (gpointer scope, GError **error G_GNUC_UNUSED)
{
  trio_cancel_scope_cancel (scope);
  return TRUE;
}

/* statements 21, 38: it is cancelled while it lets others run. */
static gboolean
stands_when_cancelled_afterwards (const Operation *operation, GError **error)
{
  Thing thing = { 0 };
  g_autoptr (TrioNursery) nursery = trio_nursery_open (error);
  g_autoptr (TrioCancelScope) scope = trio_cancel_scope_open (error);
  GError *failure = NULL;

  if (operation->effect == NULL)
    return trio_cancel_scope_close (scope, TRUE) && trio_nursery_close (nursery, TRUE);
  operation->make (&thing);
  trio_nursery_start_soon (nursery, cancel_scope, scope);
  if (!operation->act (&thing, &failure))
    g_error ("%s: it had its effect and fails: %s", operation->name, failure->message);
  assert_effect (operation, &thing, TRUE);
  /* In the order of production the other has run by now. */
  if (!sync_test_is_simulated ())
    g_assert_true (trio_cancel_scope_cancel_called (scope));
  while (trio_checkpoint (&failure))
    ;
  mock_assert_error (failure, TRIO_ERROR_CANCELLED);
  finish (operation, &thing);
  return trio_nursery_close (nursery, trio_cancel_scope_close (scope, TRUE));
}

static gboolean
for_each (gboolean (*check) (const Operation *, GError **), GError **error)
{
  for (gsize i = 0; i < G_N_ELEMENTS (operations); i++)
    if (!check (&operations[i], error))
      return FALSE;
  return TRUE;
}

/* statement 17 */
static gboolean
test_each_is_a_checkpoint_also_when_it_need_not_wait (gpointer unused G_GNUC_UNUSED, GError **error)
{
  return for_each (is_a_checkpoint, error);
}

/* statement 18 */
static gboolean
test_no_twin_and_nothing_that_undoes_is_a_checkpoint (gpointer unused G_GNUC_UNUSED, GError **error)
{
  return for_each (its_twin_is_none, error) && trio_checkpoint (error);
}

/* statements 20, 25 */
static gboolean
test_in_a_cancelled_scope_none_has_an_effect (gpointer unused G_GNUC_UNUSED, GError **error)
{
  return for_each (has_no_effect_when_cancelled, error);
}

/* statements 21, 38 */
static gboolean
test_each_that_had_its_effect_stands_and_the_next_checkpoint_fails (gpointer unused G_GNUC_UNUSED, GError **error)
{
  return for_each (stands_when_cancelled_afterwards, error);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  SYNC_TEST ("/sandwich/each-is-a-checkpoint-also-when-it-need-not-wait", test_each_is_a_checkpoint_also_when_it_need_not_wait);
  SYNC_TEST ("/sandwich/no-twin-and-nothing-that-undoes-is-a-checkpoint", test_no_twin_and_nothing_that_undoes_is_a_checkpoint);
  SYNC_TEST ("/sandwich/in-a-cancelled-scope-none-has-an-effect", test_in_a_cancelled_scope_none_has_an_effect);
  SYNC_TEST ("/sandwich/each-that-had-its-effect-stands-and-the-next-checkpoint-fails",
             test_each_that_had_its_effect_stands_and_the_next_checkpoint_fails);
  return g_test_run ();
}
