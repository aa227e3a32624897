/* SPDX-License-Identifier: MIT OR Apache-2.0 */

/* Everything that can serve as a lock is a fair one: statements 95 and 96, over the lock itself, a semaphore, a limiter, a
 * read-write lock, four constructions from channels and one from a select. And the promise of Trio's StrictFIFOLock, which our
 * lock keeps. */

#include "tests/sync/sync-test.h"

typedef struct
{
  TrioLock            *lock;
  TrioSemaphore       *semaphore;
  TrioCapacityLimiter *limiter;
  TrioRWLock          *rw_lock;
  TrioSendChannel     *send;
  TrioReceiveChannel  *receive;
  TrioEvent           *never;
  gboolean             taken;
} LockLike;

typedef struct
{
  const char *name;
  void      (*make)           (LockLike *self);
  gboolean  (*acquire)        (LockLike *self, GError **error);
  gboolean  (*acquire_nowait) (LockLike *self, GError **error);
  void      (*release)        (LockLike *self);
} Construction;

/* ---- the four that are made to be locks ---- */

static void
make_lock (LockLike *self)
{
  self->lock = trio_lock_new ();
}

static gboolean
acquire_lock (LockLike *self, GError **error)
{
  return trio_lock_acquire (self->lock, error);
}

static gboolean
acquire_lock_nowait (LockLike *self, GError **error)
{
  return trio_lock_acquire_nowait (self->lock, error);
}

static void
release_lock (LockLike *self)
{
  trio_lock_release (self->lock);
}

static void
make_semaphore (LockLike *self)
{
  self->semaphore = trio_semaphore_new (1, 1);
}

static gboolean
acquire_semaphore (LockLike *self, GError **error)
{
  return trio_semaphore_acquire (self->semaphore, error);
}

static gboolean
acquire_semaphore_nowait (LockLike *self, GError **error)
{
  return trio_semaphore_acquire_nowait (self->semaphore, error);
}

static void
release_semaphore (LockLike *self)
{
  trio_semaphore_release (self->semaphore);
}

static void
make_limiter (LockLike *self)
{
  self->limiter = trio_capacity_limiter_new (1);
}

static gboolean
acquire_limiter (LockLike *self, GError **error)
{
  return trio_capacity_limiter_acquire (self->limiter, error);
}

static gboolean
acquire_limiter_nowait (LockLike *self, GError **error)
{
  return trio_capacity_limiter_acquire_nowait (self->limiter, error);
}

static void
release_limiter (LockLike *self)
{
  trio_capacity_limiter_release (self->limiter);
}

static void
make_rw_lock (LockLike *self)
{
  self->rw_lock = trio_rw_lock_new ();
}

static gboolean
acquire_rw_lock (LockLike *self, GError **error)
{
  return trio_rw_lock_acquire_write (self->rw_lock, error);
}

static gboolean
acquire_rw_lock_nowait (LockLike *self, GError **error)
{
  return trio_rw_lock_acquire_write_nowait (self->rw_lock, error);
}

static void
release_rw_lock (LockLike *self)
{
  trio_rw_lock_release (self->rw_lock);
}

/* ---- four from channels ---- */

static gpointer the_token = "token";

static void
make_channel_with_room_for_one (LockLike *self)
{
  trio_open_memory_channel (1, NULL, &self->send, &self->receive);
}

static void
make_channel_that_holds_one (LockLike *self)
{
  make_channel_with_room_for_one (self);
  if (!trio_send_channel_send_nowait (self->send, the_token, NULL))
    g_assert_not_reached ();
}

static void
make_channel_without_a_buffer (LockLike *self)
{
  trio_open_memory_channel (0, NULL, &self->send, &self->receive);
}

/* Whose token is in the buffer has the lock. */
static gboolean
send_token (LockLike *self, GError **error)
{
  return trio_send_channel_send (self->send, the_token, error);
}

static gboolean
send_token_nowait (LockLike *self, GError **error)
{
  return trio_send_channel_send_nowait (self->send, the_token, error);
}

static void
take_token_back (LockLike *self)
{
  gpointer token;

  if (!trio_receive_channel_receive_nowait (self->receive, &token, NULL))
    g_assert_not_reached ();
}

/* Who has taken the token out has the lock. */
static gboolean
receive_token (LockLike *self, GError **error)
{
  gpointer token;

  return trio_receive_channel_receive (self->receive, &token, error);
}

static gboolean
receive_token_nowait (LockLike *self, GError **error)
{
  gpointer token;

  return trio_receive_channel_receive_nowait (self->receive, &token, error);
}

static void
put_token_back (LockLike *self)
{
  if (!trio_send_channel_send_nowait (self->send, the_token, NULL))
    g_assert_not_reached ();
}

/* Without a buffer the first takes a flag, and all others meet whoever releases: as senders … */
static gboolean
take_flag (LockLike *self, GError **error)
{
  if (self->taken)
    {
      g_set_error_literal (error, TRIO_ERROR, TRIO_ERROR_WOULD_BLOCK, "taken");
      return FALSE;
    }
  self->taken = TRUE;
  return TRUE;
}

static gboolean
take_flag_or (LockLike *self, gboolean (*wait) (LockLike *, GError **), GError **error)
{
  if (self->taken)
    return wait (self, error);
  self->taken = TRUE;
  trio_cancel_shielded_checkpoint ();
  return TRUE;
}

static gboolean
take_flag_or_send (LockLike *self, GError **error)
{
  return take_flag_or (self, send_token, error);
}

static void
meet_a_sender_or_drop_flag (LockLike *self)
{
  gpointer token;
  g_autoptr (GError) error = NULL;

  self->taken = trio_receive_channel_receive_nowait (self->receive, &token, &error);
}

/* … or as receivers. */
static gboolean
take_flag_or_receive (LockLike *self, GError **error)
{
  return take_flag_or (self, receive_token, error);
}

static void
meet_a_receiver_or_drop_flag (LockLike *self)
{
  g_autoptr (GError) error = NULL;

  self->taken = trio_send_channel_send_nowait (self->send, the_token, &error);
}

/* ---- one from a select ---- */

static void
make_select (LockLike *self)
{
  make_channel_that_holds_one (self);
  self->never = trio_event_new ();
}

static gboolean
acquire_by_select (LockLike *self, GError **error)
{
  gpointer token;
  gsize chosen;
  const TrioSelectCase cases[] = { trio_case_event (self->never), trio_case_receive (self->receive, &token) };

  return trio_select (cases, 2, &chosen, error);
}

static gboolean
acquire_by_select_nowait (LockLike *self, GError **error)
{
  gpointer token;
  gsize chosen;
  const TrioSelectCase cases[] = { trio_case_event (self->never), trio_case_receive (self->receive, &token) };

  return trio_select_nowait (cases, 2, &chosen, error);
}

static const Construction constructions[] = {
  { "lock", make_lock, acquire_lock, acquire_lock_nowait, release_lock },
  { "semaphore", make_semaphore, acquire_semaphore, acquire_semaphore_nowait, release_semaphore },
  { "limiter", make_limiter, acquire_limiter, acquire_limiter_nowait, release_limiter },
  { "read-write lock", make_rw_lock, acquire_rw_lock, acquire_rw_lock_nowait, release_rw_lock },
  { "buffer to fill", make_channel_with_room_for_one, send_token, send_token_nowait, take_token_back },
  { "buffer to empty", make_channel_that_holds_one, receive_token, receive_token_nowait, put_token_back },
  { "meeting as senders", make_channel_without_a_buffer, take_flag_or_send, take_flag, meet_a_sender_or_drop_flag },
  { "meeting as receivers", make_channel_without_a_buffer, take_flag_or_receive, take_flag, meet_a_receiver_or_drop_flag },
  { "select", make_select, acquire_by_select, acquire_by_select_nowait, put_token_back },
};

static void
clear (LockLike *self)
{
  trio_lock_free (self->lock);
  trio_semaphore_free (self->semaphore);
  trio_capacity_limiter_free (self->limiter);
  trio_rw_lock_free (self->rw_lock);
  trio_send_channel_free (self->send);
  trio_receive_channel_free (self->receive);
  trio_event_free (self->never);
}

/* ---- the tests ---- */

typedef struct
{
  const Construction *with;
  LockLike            lock;
  int                 inside;
  GString            *came;     /* in this order they asked … */
  GString            *got;      /* … and in this one they got it */
} Race;

typedef struct
{
  Race *race;
  char  name;
  int   rounds;
} Runner;

static gboolean
run (gpointer data, GError **error)
{
  Runner *runner = data;
  Race *race = runner->race;

  for (int i = 0; i < runner->rounds; i++)
    {
      /* No checkpoint lies between this note and the line. */
      g_string_append_c (race->came, runner->name);
      if (!race->with->acquire (&race->lock, error))
        return FALSE;
      g_assert_cmpint (race->inside++, ==, 0);
      g_string_append_c (race->got, runner->name);
      if (!trio_checkpoint (error))
        return FALSE;
      race->inside--;
      race->with->release (&race->lock);
    }
  return TRUE;
}

static gboolean
race_with (const Construction *with, GError **error)
{
  g_autoptr (GString) came = g_string_new (NULL);
  g_autoptr (GString) got = g_string_new (NULL);
  Race race = { .with = with, .came = came, .got = got };
  Runner runners[] = { { &race, 'a', 5 }, { &race, 'b', 5 }, { &race, 'c', 5 } };
  g_autoptr (TrioNursery) nursery = trio_nursery_open (error);
  gboolean ok;

  with->make (&race.lock);
  for (gsize i = 0; i < G_N_ELEMENTS (runners); i++)
    trio_nursery_start_soon (nursery, run, &runners[i]);
  ok = trio_nursery_close (nursery, TRUE);
  clear (&race.lock);
  if (!ok)
    return FALSE;

  if (strcmp (came->str, got->str) != 0)
    g_error ("%s: they came as %s and got it as %s", with->name, came->str, got->str);
  /* First in, first out, they take turns. */
  if (!sync_test_is_simulated ())
    g_assert_cmpstr (got->str, ==, "abcabcabcabcabc");
  return TRUE;
}

/* statement 96; for the lock, this is the promise of StrictFIFOLock */
static gboolean
test_who_comes_first_is_served_first (gpointer unused G_GNUC_UNUSED, GError **error)
{
  for (gsize i = 0; i < G_N_ELEMENTS (constructions); i++)
    if (!race_with (&constructions[i], error))
      return FALSE;
  return TRUE;
}

static gboolean
take_once (gpointer data, GError **error)
{
  Race *race = data;

  if (!race->with->acquire (&race->lock, error))
    return FALSE;
  g_string_append_c (race->got, '2');
  race->with->release (&race->lock);
  return TRUE;
}

static gboolean
try_to_take_it_back (const Construction *with, GError **error)
{
  g_autoptr (GString) got = g_string_new (NULL);
  Race race = { .with = with, .got = got };
  GError *failure = NULL;
  g_autoptr (TrioNursery) nursery = trio_nursery_open (error);
  gboolean ok;

  with->make (&race.lock);
  g_assert_true (with->acquire_nowait (&race.lock, error));
  trio_nursery_start_soon (nursery, take_once, &race);
  sync_test_settle ();
  g_string_append_c (got, '1');
  with->release (&race.lock);
  if (with->acquire_nowait (&race.lock, &failure))
    g_error ("%s: the releaser took it back ahead of who waits", with->name);
  mock_assert_error (failure, TRIO_ERROR_WOULD_BLOCK);
  /* It stands in line like everybody else. */
  ok = with->acquire (&race.lock, error);
  g_string_append_c (got, '3');
  g_assert_cmpstr (got->str, ==, "123");
  with->release (&race.lock);
  ok = trio_nursery_close (nursery, ok);
  clear (&race.lock);
  return ok;
}

/* statement 95 */
static gboolean
test_the_releaser_cannot_take_it_back_ahead_of_who_waits (gpointer unused G_GNUC_UNUSED, GError **error)
{
  for (gsize i = 0; i < G_N_ELEMENTS (constructions); i++)
    if (!try_to_take_it_back (&constructions[i], error))
      return FALSE;
  return TRUE;
}

/* A waiter that is cancelled gives up its place and nobody else's: statement 90, for all of them. */
static gboolean
cancel_one_in_the_middle (const Construction *with, GError **error)
{
  g_autoptr (GString) came = g_string_new (NULL);
  g_autoptr (GString) got = g_string_new (NULL);
  Race race = { .with = with, .came = came, .got = got };
  Runner runners[] = { { &race, 'a', 1 }, { &race, 'b', 1 }, { &race, 'c', 1 } };
  SyncTask tasks[G_N_ELEMENTS (runners)];
  g_autoptr (TrioNursery) nursery = trio_nursery_open (error);
  gboolean ok;

  with->make (&race.lock);
  g_assert_true (with->acquire_nowait (&race.lock, error));
  for (gsize i = 0; i < G_N_ELEMENTS (runners); i++)
    {
      sync_task_start (&tasks[i], nursery, run, &runners[i], "runner");
      sync_test_settle ();
    }
  sync_task_cancel (&tasks[1]);
  with->release (&race.lock);
  ok = trio_nursery_close (nursery, TRUE);
  g_assert_true (tasks[1].cancelled);
  g_assert_cmpstr (got->str, ==, "ac");
  /* It is free again. */
  g_assert_true (with->acquire_nowait (&race.lock, error));
  with->release (&race.lock);
  clear (&race.lock);
  return ok;
}

static gboolean
test_a_cancelled_waiter_gives_up_its_place_alone (gpointer unused G_GNUC_UNUSED, GError **error)
{
  for (gsize i = 0; i < G_N_ELEMENTS (constructions); i++)
    if (!cancel_one_in_the_middle (&constructions[i], error))
      return FALSE;
  return TRUE;
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  SYNC_TEST ("/fairness/who-comes-first-is-served-first", test_who_comes_first_is_served_first);
  SYNC_TEST ("/fairness/the-releaser-cannot-take-it-back-ahead-of-who-waits",
             test_the_releaser_cannot_take_it_back_ahead_of_who_waits);
  SYNC_TEST ("/fairness/a-cancelled-waiter-gives-up-its-place-alone", test_a_cancelled_waiter_gives_up_its_place_alone);
  return g_test_run ();
}
