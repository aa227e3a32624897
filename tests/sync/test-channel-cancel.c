/* SPDX-License-Identifier: MIT OR Apache-2.0 */

/* Channels and locks under cancellation at every checkpoint, for every scope around it, in two orders of scheduling: statements 20,
 * 21, 38, 90. Whatever is cancelled wherever, no value is lost and none arrives twice, and no lock stays taken.
 *
 * The loop goes over n = 1, 2, … and cancels at the n-th question the kernel asks, until a run asks fewer than that. */

#include "tests/core/mock-world.h"

enum { N_SENDERS = 2, N_RECEIVERS = 2, N_VALUES = 4 };

typedef struct
{
  int sender;
  int number;
} Value;

typedef struct
{
  gsize               buffer_size;
  TrioSendChannel    *send;
  TrioReceiveChannel *receive;
  int                 n_made;
  int                 n_failed;       /* a send failed, and the value stayed the sender's */
  int                 n_received;
  int                 n_destroyed;
  gboolean            seen[N_SENDERS][N_VALUES + 1];
} Trade;

typedef struct
{
  Trade           *trade;
  TrioSendChannel *send;
  int              id;
} Sender;

static Trade *current_trade;

static void
destroy_value (gpointer value)
{
  current_trade->n_destroyed++;
  g_free (value);
}

/* Each send is in a scope of its own, so that there is somebody to survive a cancellation. */
static gboolean
send_values (gpointer data, GError **error)
{
  Sender *sender = data;
  g_autoptr (TrioSendChannel) send = sender->send;

  for (int i = 1; i <= N_VALUES; i++)
    {
      g_autoptr (TrioCancelScope) scope = trio_cancel_scope_open (error);
      Value *value = g_new (Value, 1);
      gboolean ok;

      *value = (Value) { sender->id, i };
      sender->trade->n_made++;
      ok = trio_send_channel_send (send, value, error);
      if (!ok)
        {
          sender->trade->n_failed++;
          g_free (value);
        }
      if (!trio_cancel_scope_close (scope, ok))
        return FALSE;
    }
  return TRUE;
}

static gboolean
receive_values (gpointer data, GError **error)
{
  Trade *trade = data;

  for (;;)
    {
      g_autoptr (TrioCancelScope) scope = trio_cancel_scope_open (error);
      gpointer item = NULL;
      gboolean ok = trio_receive_channel_receive (trade->receive, &item, error);

      if (ok)
        {
          Value *value = item;

          trade->n_received++;
          g_assert_false (trade->seen[value->sender][value->number]);
          trade->seen[value->sender][value->number] = TRUE;
          g_free (value);
        }
      else
        {
          g_assert_null (item);
          if (g_error_matches (*error, TRIO_ERROR, TRIO_ERROR_END_OF_CHANNEL))
            {
              g_clear_error (error);
              return trio_cancel_scope_close (scope, TRUE);
            }
        }
      if (!trio_cancel_scope_close (scope, ok))
        return FALSE;
    }
}

static gboolean
trade (gpointer data, GError **error)
{
  Trade *self = data;
  Sender senders[N_SENDERS];
  g_autoptr (TrioReceiveChannel) receive = NULL;
  g_autoptr (TrioNursery) nursery = NULL;

  trio_open_memory_channel (self->buffer_size, destroy_value, &self->send, &self->receive);
  receive = self->receive;
  nursery = trio_nursery_open (error);
  for (int i = 0; i < N_SENDERS; i++)
    {
      senders[i] = (Sender) { self, trio_send_channel_clone (self->send), i };
      trio_nursery_start_soon (nursery, send_values, &senders[i]);
    }
  trio_send_channel_free (self->send);
  for (int i = 0; i < N_RECEIVERS; i++)
    trio_nursery_start_soon (nursery, receive_values, self);
  return trio_nursery_close (nursery, TRUE);
}

/* One run with a cancellation at the n-th question; FALSE if there were fewer. */
static gboolean
cancel_at (guint64 n, guint32 scope, gsize buffer_size, gboolean last_goes_first)
{
  g_autoptr (MockWorld) world = mock_world_new ();
  g_autoptr (MockChoice) choice = mock_choice_new (world);
  g_autoptr (GError) error = NULL;
  Trade self = { .buffer_size = buffer_size };
  gboolean ok;

  current_trade = &self;
  choice->choice.asks_cancel = TRUE;
  choice->cancel_at = n;
  choice->cancel_value = scope;
  choice->last_goes_first = last_goes_first;
  ok = mock_run_in (world, trade, &self, NULL, &error);
  if (!ok)
    g_assert_true (g_error_matches (error, TRIO_ERROR, TRIO_ERROR_CANCELLED));

  g_assert_cmpint (self.n_made, ==, self.n_received + self.n_failed + self.n_destroyed);
  /* Main is asked where it joins; the scope around it is that of all. */
  if (choice->cancelled_task == NULL || (scope == 1 && !g_str_equal (choice->cancelled_task, "main")))
    {
      /* At most one operation was cancelled; everything else went on. */
      g_assert_true (ok);
      g_assert_cmpint (self.n_failed, <=, 1);
      if (self.n_failed == 0 && self.n_destroyed == 0)
        g_assert_cmpint (self.n_received, ==, self.n_made);
    }
  return choice->n_cancel >= n;
}

static guint
sweep (guint32 scope)
{
  guint n_runs = 0;

  for (gsize buffer_size = 0; buffer_size <= 3; buffer_size += buffer_size + 1)
    for (int last = 0; last < 2; last++)
      for (guint64 n = 0; cancel_at (n, scope, buffer_size, last); n++)
        n_runs++;
  return n_runs;
}

/* (20, 21, 38) */
static void
test_no_value_is_lost_or_doubled_when_one_operation_is_cancelled_at_any_checkpoint (void)
{
  g_assert_cmpuint (sweep (1), >, 100);
}

/* The second scope out is the nursery's, of which all are children. */
static void
test_every_value_is_accounted_for_when_all_is_cancelled_at_any_checkpoint (void)
{
  g_assert_cmpuint (sweep (2), >, 100);
}

/* ---- the same with a lock ---- */

typedef struct
{
  TrioLock *lock;
  TrioTask *holder;
  int       n_held;
} Shared;

static gboolean
use_the_lock (gpointer data, GError **error)
{
  Shared *shared = data;

  for (int i = 0; i < 3; i++)
    {
      g_autoptr (TrioCancelScope) scope = trio_cancel_scope_open (error);
      gboolean ok = trio_lock_acquire (shared->lock, error);

      if (ok)
        {
          g_assert_null (shared->holder);
          shared->holder = trio_current_task ();
          ok = trio_checkpoint (error);
          g_assert_true (shared->holder == trio_current_task ());
          shared->holder = NULL;
          shared->n_held++;
          trio_lock_release (shared->lock);
        }
      if (!trio_cancel_scope_close (scope, ok))
        return FALSE;
    }
  return TRUE;
}

static gboolean
share_a_lock (gpointer data, GError **error)
{
  g_autoptr (TrioNursery) nursery = trio_nursery_open (error);

  for (int i = 0; i < 3; i++)
    trio_nursery_start_soon (nursery, use_the_lock, data);
  return trio_nursery_close (nursery, TRUE);
}

static gboolean
cancel_lock_at (guint64 n, gboolean last_goes_first)
{
  g_autoptr (MockWorld) world = mock_world_new ();
  g_autoptr (MockChoice) choice = mock_choice_new (world);
  g_autoptr (TrioLock) lock = trio_lock_new ();
  g_autoptr (GError) error = NULL;
  Shared shared = { .lock = lock };

  choice->choice.asks_cancel = TRUE;
  choice->cancel_at = n;
  choice->last_goes_first = last_goes_first;
  if (!mock_run_in (world, share_a_lock, &shared, NULL, &error))
    g_assert_true (g_error_matches (error, TRIO_ERROR, TRIO_ERROR_CANCELLED));
  g_assert_false (trio_lock_locked (lock));
  if (choice->cancelled_task == NULL || !g_str_equal (choice->cancelled_task, "main"))
    g_assert_cmpint (shared.n_held, >=, 8);
  return choice->n_cancel >= n;
}

/* (38, 90, 95) */
static void
test_a_lock_is_held_by_one_and_free_in_the_end_whatever_is_cancelled (void)
{
  guint n_runs = 0;

  for (int last = 0; last < 2; last++)
    for (guint64 n = 0; cancel_lock_at (n, last); n++)
      n_runs++;
  g_assert_cmpuint (n_runs, >, 20);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/channel-cancel/no-value-is-lost-or-doubled-when-one-operation-is-cancelled-at-any-checkpoint",
                   test_no_value_is_lost_or_doubled_when_one_operation_is_cancelled_at_any_checkpoint);
  g_test_add_func ("/channel-cancel/every-value-is-accounted-for-when-all-is-cancelled-at-any-checkpoint",
                   test_every_value_is_accounted_for_when_all_is_cancelled_at_any_checkpoint);
  g_test_add_func ("/channel-cancel/a-lock-is-held-by-one-and-free-in-the-end-whatever-is-cancelled",
                   test_a_lock_is_held_by_one_and_free_in_the_end_whatever_is_cancelled);
  return g_test_run ();
}
