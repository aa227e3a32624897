/* SPDX-License-Identifier: MIT OR Apache-2.0 */

/* A read-write lock: who holds it, and one line of readers and writers.
 *
 *     holds: W        line: r r W r         W releases:   holds: r r      line: W r
 *     holds: r r      line: W r             W gives up:   holds: r r r    line:            <- the one that is forgotten easily
 *
 * Always true:
 *  1. Somebody writes and nobody reads, or nobody writes.
 *  2. The first in line could not be let in now. Whatever changes that (a release, a cancelled first) lets in as many as may come.
 *  3. `line` has the cells of the lot's tasks, in the same order. (In a broken lock the cells stay until their tasks see that it
 *     broke.)
 *  4. The lot is broken by the end of a holder, and of nobody else.
 *  5. `holders` has the serial numbers of all who hold it: a task's record may be another task's by the time one asks.
 */

#include <trio/checkpoint.h>
#include <trio/error.h>
#include <trio/lowlevel/access.h>
#include <trio/lowlevel/mutation.h>
#include <trio/lowlevel/parking-lot.h>
#include <trio/rw-lock.h>

struct _TrioRWLock
{
  TrioParkingLot  lot;
  GQueue          line;           /* of Cell */
  GHashTable     *holders;        /* a set; only looked up */
  gsize           n_readers;      /* that hold it */
  TrioTask       *writer;         /* that holds it */
  gsize           n_writers_waiting;
};

typedef struct
{
  GList       link;
  TrioRWLock *lock;
  gboolean    writes;
  gboolean    in_line;
} Cell;

TrioRWLock *
trio_rw_lock_new (void)
{
  TrioRWLock *lock = g_new0 (TrioRWLock, 1);

  trio_parking_lot_init (&lock->lot, "trio_rw_lock_acquire_read");
  g_queue_init (&lock->line);
  lock->holders = g_hash_table_new (NULL, NULL);
  return lock;
}

static gpointer
key_of (TrioTask *task)
{
  return GSIZE_TO_POINTER ((gsize) trio_task_get_serial (task));
}

static gboolean
holds (TrioRWLock *lock, TrioTask *task)
{
  return g_hash_table_contains (lock->holders, key_of (task));
}

static void
leave_line (Cell *cell)
{
  g_queue_unlink (&cell->lock->line, &cell->link);
  cell->in_line = FALSE;
  cell->lock->n_writers_waiting -= cell->writes;
}

static void
let_go_if_holder (TrioTask *task, guint depth G_GNUC_UNUSED, gpointer data)
{
  TrioRWLock *lock = data;

  if (!holds (lock, task))
    return;
  g_critical ("trio_rw_lock_free: task \"%s\" still holds the lock", trio_task_get_name (task));
  trio_parking_lot_remove_breaker (&lock->lot, task);
}

void
trio_rw_lock_free (TrioRWLock *lock)
{
  if (lock == NULL)
    return;
  /* Holders that still live must not break what is gone. After the run none lives. */
  if (g_hash_table_size (lock->holders) > 0 && trio_in_run ())
    trio_foreach_task (let_go_if_holder, lock);
  trio_parking_lot_clear (&lock->lot);
  /* Of a broken lock somebody may have been woken and not have run yet. */
  while (lock->line.head != NULL)
    leave_line (lock->line.head->data);
  g_hash_table_unref (lock->holders);
  g_free (lock);
}

static void
hold (TrioRWLock *lock, TrioTask *task, gboolean writes)
{
  g_hash_table_add (lock->holders, key_of (task));
  trio_parking_lot_add_breaker (&lock->lot, task);
  if (writes)
    lock->writer = task;
  else
    lock->n_readers++;
}

/* Whether nothing but the line is in the way. */
static gboolean
is_free_for (TrioRWLock *lock, gboolean writes)
{
  return lock->writer == NULL && (!writes || lock->n_readers == 0);
}

/* As many of the first in line as may come in now. */
static void
let_in (TrioRWLock *lock)
{
  while (lock->line.head != NULL && !trio_parking_lot_is_broken (&lock->lot))
    {
      Cell *first = lock->line.head->data;

      if (!is_free_for (lock, first->writes))
        return;
      leave_line (first);
      hold (lock, trio_parking_lot_unpark_one (&lock->lot), first->writes);
    }
}

/* The errors that do not depend on who holds it. */
static gboolean
may_acquire (TrioRWLock *lock, GError **error)
{
  TrioTask *task = trio_current_task ();

  trio_note_access (&lock->lot, TRIO_ACCESS_WRITE);
  if (task == NULL)
    g_set_error_literal (error, TRIO_ERROR, TRIO_ERROR_MISUSE, "a lock can be held by a task only, and this is none");
  else if (trio_parking_lot_is_broken (&lock->lot))
    g_set_error_literal (error, TRIO_ERROR, TRIO_ERROR_BROKEN_RESOURCE, "a task that held this lock ended without releasing it");
  else if (holds (lock, task))
    g_set_error (error, TRIO_ERROR, TRIO_ERROR_MISUSE, "task \"%s\" holds this lock already", trio_task_get_name (task));
  else
    return TRUE;
  return FALSE;
}

/* FALSE if the task must wait. */
static gboolean
try_acquire (TrioRWLock *lock, gboolean writes)
{
  if ((lock->line.head != NULL && !TRIO_MUTATION (reader_overtakes_writer)) || !is_free_for (lock, writes))
    return FALSE;
  hold (lock, trio_current_task (), writes);
  return TRUE;
}

static gboolean
acquire_nowait (TrioRWLock *lock, gboolean writes, GError **error)
{
  if (!may_acquire (lock, error))
    return FALSE;
  if (try_acquire (lock, writes))
    return TRUE;
  if (lock->writer != NULL)
    g_set_error (error, TRIO_ERROR, TRIO_ERROR_WOULD_BLOCK, "task \"%s\" holds the lock for writing",
                 trio_task_get_name (lock->writer));
  else
    g_set_error (error, TRIO_ERROR, TRIO_ERROR_WOULD_BLOCK, "%" G_GSIZE_FORMAT " %s the lock for reading", lock->n_readers,
                 lock->n_readers == 1 ? "task holds" : "tasks hold");
  return FALSE;
}

static TrioAbort
abort_acquire (TrioTask *task G_GNUC_UNUSED, gpointer data)
{
  Cell *cell = data;

  leave_line (cell);
  /* It may have been what those behind it waited for. */
  if (!TRIO_MUTATION (cancelled_writer_blocks_readers))
    let_in (cell->lock);
  return TRIO_ABORT_SUCCEEDED;
}

static void
describe_lock (gpointer data, GString *out)
{
  TrioRWLock *lock = ((Cell *) data)->lock;

  if (lock->writer != NULL)
    {
      g_autofree char *path = trio_task_dup_path (lock->writer);

      g_string_append_printf (out, "held for writing by %s", path);
    }
  else
    g_string_append_printf (out, "held for reading by %" G_GSIZE_FORMAT " %s", lock->n_readers,
                            lock->n_readers == 1 ? "task" : "tasks");
}

static gboolean
wait_in_line (TrioRWLock *lock, gboolean writes, const TrioWaitClass *klass, GError **error)
{
  Cell cell = { .lock = lock, .writes = writes, .in_line = TRUE };
  gboolean ok;

  cell.link.data = &cell;
  g_queue_push_tail_link (&lock->line, &cell.link);
  lock->n_writers_waiting += writes;
  /* Whoever wakes us has made us a holder. */
  ok = trio_parking_lot_park_as (&lock->lot, klass, &cell, error);
  if (cell.in_line)
    {
      trio_note_access (&lock->lot, TRIO_ACCESS_WRITE);
      leave_line (&cell);     /* the lock broke */
    }
  return ok;
}

static gboolean
acquire (TrioRWLock *lock, gboolean writes, const TrioWaitClass *klass, GError **error)
{
  if (!trio_checkpoint_if_cancelled_in (klass->what, error) || !may_acquire (lock, error))
    return FALSE;
  if (!try_acquire (lock, writes))
    return wait_in_line (lock, writes, klass, error);
  return trio_finish_checkpoint ();
}

gboolean
trio_rw_lock_acquire_read (TrioRWLock *lock, GError **error)
{
  static const TrioWaitClass klass = { "trio_rw_lock_acquire_read", abort_acquire, describe_lock };

  g_return_val_if_fail (lock != NULL, FALSE);
  return acquire (lock, FALSE, &klass, error);
}

gboolean
trio_rw_lock_acquire_write (TrioRWLock *lock, GError **error)
{
  static const TrioWaitClass klass = { "trio_rw_lock_acquire_write", abort_acquire, describe_lock };

  g_return_val_if_fail (lock != NULL, FALSE);
  return acquire (lock, TRUE, &klass, error);
}

gboolean
trio_rw_lock_acquire_read_nowait (TrioRWLock *lock, GError **error)
{
  g_return_val_if_fail (lock != NULL, FALSE);
  return acquire_nowait (lock, FALSE, error);
}

gboolean
trio_rw_lock_acquire_write_nowait (TrioRWLock *lock, GError **error)
{
  g_return_val_if_fail (lock != NULL, FALSE);
  return acquire_nowait (lock, TRUE, error);
}

void
trio_rw_lock_release (TrioRWLock *lock)
{
  TrioTask *task = trio_current_task ();

  g_return_if_fail (lock != NULL);
  trio_note_access (&lock->lot, TRIO_ACCESS_WRITE);
  if (task == NULL || !holds (lock, task))
    {
      g_critical ("trio_rw_lock_release: task \"%s\" does not hold the lock", task != NULL ? trio_task_get_name (task) : "(none)");
      return;
    }

  g_hash_table_remove (lock->holders, key_of (task));
  trio_parking_lot_remove_breaker (&lock->lot, task);
  if (lock->writer == task)
    lock->writer = NULL;
  else
    lock->n_readers--;
  let_in (lock);
}

void
trio_rw_lock_get_statistics (TrioRWLock *lock, TrioRWLockStatistics *statistics)
{
  TrioParkingLotStatistics lot;
  gboolean broken;

  g_return_if_fail (lock != NULL && statistics != NULL);
  broken = trio_parking_lot_is_broken (&lock->lot);
  trio_parking_lot_get_statistics (&lock->lot, &lot);
  *statistics = (TrioRWLockStatistics) {
    .readers = lock->n_readers,
    .writer = broken ? NULL : lock->writer,
    .tasks_waiting = lot.tasks_waiting,
    .writers_waiting = broken ? 0 : lock->n_writers_waiting,
  };
}
