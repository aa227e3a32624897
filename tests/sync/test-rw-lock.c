/* SPDX-License-Identifier: MIT OR Apache-2.0 */

/* Read-write locks: who may be in at the same time, in which order they come in, and what a cancelled or dead task leaves;
 * statements 20, 38, 90, 98 and D9 for them. That they are fair as plain locks is in test-fairness.c. */

#include "tests/sync/sync-test.h"

static TrioRWLockStatistics
look (TrioRWLock *lock)
{
  TrioRWLockStatistics statistics;

  trio_rw_lock_get_statistics (lock, &statistics);
  return statistics;
}

/* Tasks that come in, note it, and stay until they are told to go. */
typedef struct
{
  TrioRWLock *lock;
  GString    *in;
  int         readers;
  int         writers;
} House;

typedef struct
{
  House     *house;
  const char *name;             /* "R…" reads, "W…" writes */
  TrioEvent *leave;
  SyncTask   task;
} Guest;

static gboolean
visit (gpointer data, GError **error)
{
  Guest *guest = data;
  House *house = guest->house;
  gboolean writes = *guest->name == 'W';
  gboolean ok;

  if (!(writes ? trio_rw_lock_acquire_write (house->lock, error) : trio_rw_lock_acquire_read (house->lock, error)))
    return FALSE;
  g_string_append (house->in, guest->name);
  *(writes ? &house->writers : &house->readers) += 1;
  g_assert_true (house->writers == 0 || (house->writers == 1 && house->readers == 0));
  ok = trio_event_wait (guest->leave, error);
  *(writes ? &house->writers : &house->readers) -= 1;
  trio_rw_lock_release (house->lock);
  return ok;
}

TRIO_CHECKPOINT static void
arrive (Guest *guest, House *house, const char *name, TrioNursery *nursery)
{
  *guest = (Guest) { .house = house, .name = name, .leave = trio_event_new () };
  sync_task_start (&guest->task, nursery, visit, guest, name);
  sync_test_settle ();
}

TRIO_CHECKPOINT static void
leave (Guest *guest)
{
  trio_event_set (guest->leave);
  sync_test_settle ();
}

static void
clear (Guest *guests, guint n)
{
  for (guint i = 0; i < n; i++)
    trio_event_free (guests[i].leave);
}

/* Everybody who came in since the last look; those who came in at once may be noted in any order. */
static void
expect_in (House *house, const char *names)
{
  if (!sync_test_is_simulated ())
    g_assert_cmpstr (house->in->str, ==, names);
  g_assert_cmpuint (house->in->len, ==, strlen (names));
  for (const char *name = names; *name != '\0'; name += 2)
    {
      char one[3] = { name[0], name[1], '\0' };

      g_assert_nonnull (strstr (house->in->str, one));
    }
  g_string_truncate (house->in, 0);
}

/* Readers together, a writer alone; a reader that comes after a waiting writer waits behind it. */
static gboolean
test_they_come_in_as_they_came (gpointer unused G_GNUC_UNUSED, GError **error)
{
  g_autoptr (TrioRWLock) lock = trio_rw_lock_new ();
  g_autoptr (GString) in = g_string_new (NULL);
  House house = { lock, in, 0, 0 };
  Guest guests[8];
  g_autoptr (TrioNursery) nursery = trio_nursery_open (error);

  arrive (&guests[0], &house, "R1", nursery);
  arrive (&guests[1], &house, "R2", nursery);
  expect_in (&house, "R1R2");
  arrive (&guests[2], &house, "W1", nursery);
  arrive (&guests[3], &house, "R3", nursery);
  arrive (&guests[4], &house, "R4", nursery);
  arrive (&guests[5], &house, "W2", nursery);
  arrive (&guests[6], &house, "R5", nursery);
  expect_in (&house, "");
  g_assert_cmpuint (look (lock).readers, ==, 2);
  g_assert_null (look (lock).writer);
  g_assert_cmpuint (look (lock).tasks_waiting, ==, 5);
  g_assert_cmpuint (look (lock).writers_waiting, ==, 2);

  leave (&guests[0]);
  expect_in (&house, "");
  leave (&guests[1]);
  expect_in (&house, "W1");
  g_assert_cmpstr (trio_task_get_name (look (lock).writer), ==, "W1");
  leave (&guests[2]);
  /* All readers before the next writer, and no further. */
  expect_in (&house, "R3R4");
  leave (&guests[4]);
  expect_in (&house, "");
  leave (&guests[3]);
  expect_in (&house, "W2");
  leave (&guests[5]);
  expect_in (&house, "R5");
  leave (&guests[6]);
  g_assert_cmpuint (look (lock).readers, ==, 0);
  clear (guests, 7);
  return trio_nursery_close (nursery, TRUE);
}

/* statements 20, 90: a cancelled writer has not come; those who waited behind it for nothing else come in. */
static gboolean
test_a_cancelled_writer_lets_those_behind_it_in (gpointer unused G_GNUC_UNUSED, GError **error)
{
  g_autoptr (TrioRWLock) lock = trio_rw_lock_new ();
  g_autoptr (GString) in = g_string_new (NULL);
  House house = { lock, in, 0, 0 };
  Guest guests[5];
  g_autoptr (TrioNursery) nursery = trio_nursery_open (error);

  arrive (&guests[0], &house, "R1", nursery);
  arrive (&guests[1], &house, "W1", nursery);
  arrive (&guests[2], &house, "R2", nursery);
  arrive (&guests[3], &house, "W2", nursery);
  arrive (&guests[4], &house, "R3", nursery);
  expect_in (&house, "R1");
  sync_task_cancel (&guests[1].task);
  sync_test_settle ();
  expect_in (&house, "R2");
  g_assert_true (guests[1].task.cancelled);
  /* One from the middle changes nothing for the others. */
  sync_task_cancel (&guests[4].task);
  sync_test_settle ();
  expect_in (&house, "");
  g_assert_cmpuint (look (lock).tasks_waiting, ==, 1);
  leave (&guests[0]);
  leave (&guests[2]);
  expect_in (&house, "W2");
  leave (&guests[3]);
  clear (guests, 5);
  return trio_nursery_close (nursery, TRUE);
}

static gboolean
acquire_write (gpointer lock, GError **error)
{
  if (!trio_rw_lock_acquire_write (lock, error))
    return FALSE;
  trio_rw_lock_release (lock);
  return TRUE;
}

/* statement 38 */
static gboolean
test_what_was_handed_over_is_kept (gpointer unused G_GNUC_UNUSED, GError **error)
{
  g_autoptr (TrioRWLock) lock = trio_rw_lock_new ();
  SyncTask task;
  GError *failure = NULL;
  g_autoptr (TrioNursery) nursery = trio_nursery_open (error);

  g_assert_true (trio_rw_lock_acquire_read (lock, error));
  sync_task_start (&task, nursery, acquire_write, lock, "writer");
  sync_test_settle ();
  trio_rw_lock_release (lock);
  sync_task_cancel (&task);
  g_assert_false (trio_rw_lock_acquire_read_nowait (lock, &failure));
  mock_assert_says (failure->message, "\"writer\" holds the lock for writing");
  mock_assert_error (failure, TRIO_ERROR_WOULD_BLOCK);
  if (!trio_nursery_close (nursery, TRUE))
    return FALSE;
  g_assert_true (task.ok);
  return TRUE;
}

static gboolean
try_both_kinds (gpointer data, GError **error G_GNUC_UNUSED)
{
  TrioRWLock *lock = data;
  GError *failure = NULL;

  g_assert_false (trio_rw_lock_acquire_write_nowait (lock, &failure));
  mock_assert_error (failure, TRIO_ERROR_WOULD_BLOCK);
  mock_expect_critical ("does not hold the lock");
  trio_rw_lock_release (lock);
  g_test_assert_expected_messages ();
  return TRUE;
}

/* statement 98: not recursive in any way, and only who holds it can release it. */
static gboolean
test_a_task_holds_it_once (gpointer unused G_GNUC_UNUSED, GError **error)
{
  g_autoptr (TrioRWLock) lock = trio_rw_lock_new ();
  GError *failure = NULL;
  g_autoptr (TrioNursery) nursery = trio_nursery_open (error);

  for (int writes = 0; writes < 2; writes++)
    {
      g_assert_true (writes ? trio_rw_lock_acquire_write_nowait (lock, error) : trio_rw_lock_acquire_read_nowait (lock, error));
      g_assert_false (trio_rw_lock_acquire_read (lock, &failure));
      mock_assert_error (failure, TRIO_ERROR_MISUSE);
      g_assert_false (trio_rw_lock_acquire_write (lock, &failure));
      mock_assert_error (failure, TRIO_ERROR_MISUSE);
      g_assert_false (trio_rw_lock_acquire_read_nowait (lock, &failure));
      mock_assert_error (failure, TRIO_ERROR_MISUSE);
      trio_nursery_start_soon (nursery, try_both_kinds, lock);
      sync_test_settle ();
      trio_rw_lock_release (lock);
    }
  mock_expect_critical ("does not hold the lock");
  trio_rw_lock_release (lock);
  g_test_assert_expected_messages ();
  return trio_nursery_close (nursery, TRUE);
}

static gboolean
die_reading (gpointer lock, GError **error)
{
  return trio_rw_lock_acquire_read (lock, error) && trio_checkpoint (error);
}

static gboolean
die_writing (gpointer lock, GError **error)
{
  return trio_rw_lock_acquire_write (lock, error) && trio_checkpoint (error);
}

static gboolean
expect_broken (gpointer lock, GError **error G_GNUC_UNUSED)
{
  GError *failure = NULL;

  g_assert_false (trio_rw_lock_acquire_write (lock, &failure));
  mock_assert_error (failure, TRIO_ERROR_BROKEN_RESOURCE);
  g_assert_false (trio_rw_lock_acquire_read (lock, &failure));
  mock_assert_error (failure, TRIO_ERROR_BROKEN_RESOURCE);
  g_assert_false (trio_rw_lock_acquire_read_nowait (lock, &failure));
  mock_assert_error (failure, TRIO_ERROR_BROKEN_RESOURCE);
  return TRUE;
}

/* D9: whoever died, all are told; other readers go on and can release it. */
static gboolean
test_a_dead_holder_breaks_it (gpointer unused G_GNUC_UNUSED, GError **error)
{
  for (int way = 0; way < 2; way++)
    {
      g_autoptr (TrioRWLock) lock = trio_rw_lock_new ();
      SyncTask dying;
      g_autoptr (TrioNursery) nursery = trio_nursery_open (error);

      if (way == 0)
        g_assert_true (trio_rw_lock_acquire_read (lock, error));
      sync_task_start (&dying, nursery, way == 0 ? die_reading : die_writing, lock, "dying");
      while (look (lock).readers < 2 && look (lock).writer == NULL && !dying.ended)
        trio_cancel_shielded_checkpoint ();
      trio_nursery_start_soon (nursery, expect_broken, lock);
      if (!trio_nursery_close (nursery, TRUE))
        return FALSE;
      g_assert_null (look (lock).writer);
      g_assert_cmpuint (look (lock).tasks_waiting, ==, 0);
      if (way == 0)
        trio_rw_lock_release (lock);
    }
  return TRUE;
}

static gboolean
hold_for_ever (gpointer lock, GError **error)
{
  return trio_rw_lock_acquire_read (lock, error) && trio_sleep_forever (error);
}

static gboolean
test_freeing_it_while_it_is_held_is_reported (gpointer unused G_GNUC_UNUSED, GError **error)
{
  TrioRWLock *lock = trio_rw_lock_new ();
  g_autoptr (TrioNursery) nursery = trio_nursery_open (error);

  trio_nursery_start_soon (nursery, hold_for_ever, lock);
  trio_nursery_start_soon (nursery, hold_for_ever, lock);
  sync_test_settle ();
  mock_expect_critical ("task \"hold_for_ever\" still holds the lock");
  mock_expect_critical ("task \"hold_for_ever\" still holds the lock");
  trio_rw_lock_free (lock);
  g_test_assert_expected_messages ();
  trio_nursery_cancel (nursery);
  return trio_nursery_close (nursery, TRUE);
}

static void
describe_if_blocked (TrioTask *task, guint depth G_GNUC_UNUSED, gpointer data)
{
  if (g_str_has_prefix (trio_task_get_wait (task) != NULL ? trio_task_get_wait (task) : "", "trio_rw_lock"))
    {
      trio_task_describe_wait (task, data);
      g_string_append (data, "; ");
    }
}

static gboolean
test_it_says_who_holds_it (gpointer unused G_GNUC_UNUSED, GError **error)
{
  g_autoptr (TrioRWLock) lock = trio_rw_lock_new ();
  g_autoptr (GString) in = g_string_new (NULL);
  g_autoptr (GString) said = g_string_new (NULL);
  House house = { lock, in, 0, 0 };
  Guest guests[4];
  g_autoptr (TrioNursery) nursery = trio_nursery_open (error);

  arrive (&guests[0], &house, "R1", nursery);
  arrive (&guests[1], &house, "R2", nursery);
  arrive (&guests[2], &house, "W1", nursery);
  trio_foreach_task (describe_if_blocked, said);
  g_assert_cmpstr (said->str, ==, "trio_rw_lock_acquire_write: held for reading by 2 tasks; ");
  g_string_truncate (said, 0);
  leave (&guests[0]);
  leave (&guests[1]);
  arrive (&guests[3], &house, "R3", nursery);
  trio_foreach_task (describe_if_blocked, said);
  mock_assert_says (said->str, "trio_rw_lock_acquire_read: held for writing by main");
  mock_assert_says (said->str, "W1");
  leave (&guests[2]);
  leave (&guests[3]);
  clear (guests, 4);
  return trio_nursery_close (nursery, TRUE);
}

/* Readers and writers at random places: what is written together is read together. */
typedef struct
{
  TrioRWLock *lock;
  int         left, right;
} Pair;

static gboolean
write_both (gpointer data, GError **error)
{
  Pair *pair = data;

  for (int i = 0; i < 4; i++)
    {
      if (!trio_rw_lock_acquire_write (pair->lock, error))
        return FALSE;
      pair->left++;
      trio_cancel_shielded_checkpoint ();
      pair->right++;
      trio_rw_lock_release (pair->lock);
    }
  return TRUE;
}

static gboolean
read_both (gpointer data, GError **error)
{
  Pair *pair = data;

  for (int i = 0; i < 4; i++)
    {
      int left;

      if (!trio_rw_lock_acquire_read (pair->lock, error))
        return FALSE;
      left = pair->left;
      trio_cancel_shielded_checkpoint ();
      g_assert_cmpint (left, ==, pair->right);
      trio_rw_lock_release (pair->lock);
    }
  return TRUE;
}

static gboolean
test_readers_never_see_half_of_it (gpointer unused G_GNUC_UNUSED, GError **error)
{
  g_autoptr (TrioRWLock) lock = trio_rw_lock_new ();
  Pair pair = { lock, 0, 0 };
  g_autoptr (TrioNursery) nursery = trio_nursery_open (error);

  for (int i = 0; i < 3; i++)
    {
      trio_nursery_start_soon (nursery, write_both, &pair);
      trio_nursery_start_soon (nursery, read_both, &pair);
    }
  if (!trio_nursery_close (nursery, TRUE))
    return FALSE;
  g_assert_cmpint (pair.left, ==, 12);
  g_assert_cmpint (pair.right, ==, 12);
  return TRUE;
}

TRIO_CHECKPOINT static void
test_outside_a_task_nobody_can_hold_it (void)
{
  TrioRWLock *lock = trio_rw_lock_new ();
  GError *error = NULL;

  g_assert_false (trio_rw_lock_acquire_read_nowait (lock, &error));
  mock_assert_error (error, TRIO_ERROR_MISUSE);
  mock_expect_critical ("task \"(none)\" does not hold the lock");
  trio_rw_lock_release (lock);
  mock_expect_critical ("called outside a task");
  g_assert_false (trio_rw_lock_acquire_write (lock, &error));
  g_test_assert_expected_messages ();
  mock_assert_error (error, TRIO_ERROR_MISUSE);
  trio_rw_lock_free (lock);
  trio_rw_lock_free (NULL);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  SYNC_TEST ("/rw-lock/they-come-in-as-they-came", test_they_come_in_as_they_came);
  SYNC_TEST ("/rw-lock/a-cancelled-writer-lets-those-behind-it-in", test_a_cancelled_writer_lets_those_behind_it_in);
  SYNC_TEST ("/rw-lock/what-was-handed-over-is-kept", test_what_was_handed_over_is_kept);
  SYNC_TEST ("/rw-lock/a-task-holds-it-once", test_a_task_holds_it_once);
  SYNC_TEST ("/rw-lock/a-dead-holder-breaks-it", test_a_dead_holder_breaks_it);
  SYNC_TEST ("/rw-lock/freeing-it-while-it-is-held-is-reported", test_freeing_it_while_it_is_held_is_reported);
  SYNC_TEST ("/rw-lock/it-says-who-holds-it", test_it_says_who_holds_it);
  SYNC_TEST ("/rw-lock/readers-never-see-half-of-it", test_readers_never_see_half_of_it);
  g_test_add_func ("/rw-lock/outside-a-task-nobody-can-hold-it", test_outside_a_task_nobody_can_hold_it);
  return g_test_run ();
}
