/* SPDX-License-Identifier: MIT OR Apache-2.0 */

/* The pool of real threads: who is used again, who ends, and the race between the two. Its threads and its clock can be told what
 * to do, so nothing here waits for time. */

#include "host/thread-pool.h"

#include <trio/types.h>

/* --- threads that can be counted and joined --- */

static GPtrArray *threads;      /* of GThread, a reference each */

static GThread *
spawn_and_remember (const char *name, GThreadFunc func, gpointer data, GError **error)
{
  GThread *thread = g_thread_try_new (name, func, data, error);

  if (thread != NULL)
    g_ptr_array_add (threads, g_thread_ref (thread));
  return thread;
}

static void
make_pool (TrioThreadPool *pool)
{
  threads = g_ptr_array_new ();
  trio_thread_pool_init (pool);
  pool->spawn = spawn_and_remember;
  pool->idle_us = G_TIME_SPAN_DAY;
}

/* Nobody would end by itself within a day. */
static void stop_waiting (TrioThreadPool *pool);

static void
end_pool (TrioThreadPool *pool)
{
  stop_waiting (pool);
  for (guint i = 0; i < threads->len; i++)
    g_thread_join (threads->pdata[i]);
  g_assert_cmpuint (trio_thread_pool_count_idle (pool), ==, 0);
  g_ptr_array_unref (threads);
  g_mutex_clear (&pool->lock);
}

/* --- work that can be held up --- */

typedef struct
{
  TrioPoolWork  work;
  GMutex        lock;
  GCond         changed;
  GThread      *thread;          /* (lock) that does it */
  gboolean      may_end;         /* (lock) */
  gboolean      is_done;         /* (lock) */
  void        (*when_done) (gpointer data);
  gpointer      data;
} Piece;

static void
run_piece (TrioPoolWork *work)
{
  Piece *piece = (Piece *) work;

  g_mutex_lock (&piece->lock);
  piece->thread = g_thread_self ();
  g_cond_broadcast (&piece->changed);
  while (!piece->may_end)
    g_cond_wait (&piece->changed, &piece->lock);
  g_mutex_unlock (&piece->lock);
}

static void
piece_done (TrioPoolWork *work)
{
  Piece *piece = (Piece *) work;

  if (piece->when_done != NULL)
    piece->when_done (piece->data);
  g_mutex_lock (&piece->lock);
  piece->is_done = TRUE;
  g_cond_broadcast (&piece->changed);
  g_mutex_unlock (&piece->lock);
}

static Piece *
piece_new (gboolean may_end)
{
  Piece *piece = g_new0 (Piece, 1);

  piece->work = (TrioPoolWork) { "piece", run_piece, piece_done };
  piece->may_end = may_end;
  g_mutex_init (&piece->lock);
  g_cond_init (&piece->changed);
  return piece;
}

static void
piece_free (Piece *piece)
{
  g_mutex_clear (&piece->lock);
  g_cond_clear (&piece->changed);
  g_free (piece);
}

G_DEFINE_AUTOPTR_CLEANUP_FUNC (Piece, piece_free)

static void
give (TrioThreadPool *pool, Piece *piece)
{
  g_autoptr (GError) error = NULL;
  gboolean ok = trio_thread_pool_give (pool, &piece->work, &error);

  g_assert_no_error (error);
  g_assert_true (ok);
}

static GThread *
wait_begun (Piece *piece)
{
  GThread *thread;

  g_mutex_lock (&piece->lock);
  while (piece->thread == NULL)
    g_cond_wait (&piece->changed, &piece->lock);
  thread = piece->thread;
  g_mutex_unlock (&piece->lock);
  return thread;
}

static void
wait_done (Piece *piece)
{
  g_mutex_lock (&piece->lock);
  while (!piece->is_done)
    g_cond_wait (&piece->changed, &piece->lock);
  g_mutex_unlock (&piece->lock);
}

static void
let_end (Piece *piece)
{
  g_mutex_lock (&piece->lock);
  piece->may_end = TRUE;
  g_cond_broadcast (&piece->changed);
  g_mutex_unlock (&piece->lock);
  wait_done (piece);
}

static gboolean
time_is_up (GCond *cond G_GNUC_UNUSED, GMutex *lock G_GNUC_UNUSED, gint64 end_time G_GNUC_UNUSED)
{
  return FALSE;
}

/* Wakes those in the line with a last piece of work each, after which time is up. */
static void
stop_waiting (TrioThreadPool *pool)
{
  guint n = trio_thread_pool_count_idle (pool);
  g_autoptr (GPtrArray) pieces = g_ptr_array_new_with_free_func ((GDestroyNotify) piece_free);

  g_mutex_lock (&pool->lock);
  pool->wait_until = time_is_up;
  g_mutex_unlock (&pool->lock);
  for (guint i = 0; i < n; i++)
    {
      g_ptr_array_add (pieces, piece_new (FALSE));
      give (pool, pieces->pdata[i]);
      wait_begun (pieces->pdata[i]);
    }
  for (guint i = 0; i < n; i++)
    let_end (pieces->pdata[i]);
}

/* --- the tests --- */

/* Statement 137. */
static void
test_the_thread_that_went_idle_last_is_used_first (void)
{
  TrioThreadPool pool;
  g_autoptr (Piece) first = piece_new (FALSE);
  g_autoptr (Piece) second = piece_new (FALSE);
  g_autoptr (Piece) third = piece_new (TRUE);
  GThread *last;

  make_pool (&pool);
  give (&pool, first);
  give (&pool, second);
  wait_begun (first);
  last = wait_begun (second);
  let_end (first);
  let_end (second);
  g_assert_cmpuint (trio_thread_pool_count_idle (&pool), ==, 2);

  give (&pool, third);
  g_assert_true (wait_begun (third) == last);
  wait_done (third);
  g_assert_cmpuint (threads->len, ==, 2);
  end_pool (&pool);
}

typedef struct
{
  TrioThreadPool *pool;
  Piece          *next;
} Chain;

static void
give_next (gpointer data)
{
  Chain *chain = data;

  give (chain->pool, chain->next);
}

/* Statement 137. */
static void
test_work_given_when_work_is_done_is_done_by_the_same_thread (void)
{
  TrioThreadPool pool;
  g_autoptr (Piece) first = piece_new (TRUE);
  g_autoptr (Piece) second = piece_new (TRUE);
  Chain chain = { &pool, second };

  make_pool (&pool);
  first->when_done = give_next;
  first->data = &chain;
  give (&pool, first);
  wait_done (first);
  wait_done (second);
  g_assert_true (first->thread == second->thread);
  g_assert_cmpuint (threads->len, ==, 1);
  end_pool (&pool);
}

static void
test_a_thread_whose_time_is_up_ends (void)
{
  TrioThreadPool pool;
  g_autoptr (Piece) piece = piece_new (TRUE);

  make_pool (&pool);
  pool.wait_until = time_is_up;
  give (&pool, piece);
  wait_done (piece);
  g_thread_join (g_ptr_array_steal_index (threads, 0));
  g_assert_cmpuint (trio_thread_pool_count_idle (&pool), ==, 0);
  end_pool (&pool);
}

/* Sleeps until it is woken, and then says that it was too late. */
static gboolean
wake_too_late (GCond *cond, GMutex *lock, gint64 end_time G_GNUC_UNUSED)
{
  g_cond_wait (cond, lock);
  return FALSE;
}

/* Statement 138. */
static void
test_a_thread_whose_time_is_up_while_work_is_given_does_it (void)
{
  TrioThreadPool pool;
  g_autoptr (Piece) first = piece_new (TRUE);
  g_autoptr (Piece) second = piece_new (TRUE);
  g_autoptr (Piece) third = piece_new (TRUE);

  make_pool (&pool);
  pool.wait_until = wake_too_late;
  give (&pool, first);
  wait_done (first);
  give (&pool, second);
  wait_done (second);
  give (&pool, third);
  wait_done (third);
  g_assert_true (first->thread == second->thread && second->thread == third->thread);
  g_assert_cmpuint (threads->len, ==, 1);
  end_pool (&pool);
}

/* Statement 138: the same with all threads in a hurry, and no lie. */
static void
test_threads_that_end_at_once_lose_no_work (void)
{
  TrioThreadPool pool;

  make_pool (&pool);
  pool.idle_us = 0;
  for (guint i = 0; i < 500; i++)
    {
      g_autoptr (Piece) first = piece_new (TRUE);
      g_autoptr (Piece) second = piece_new (TRUE);

      give (&pool, first);
      give (&pool, second);
      wait_done (first);
      wait_done (second);
    }
  end_pool (&pool);
}

static GThread *
spawn_none (const char *name G_GNUC_UNUSED, GThreadFunc func G_GNUC_UNUSED, gpointer data G_GNUC_UNUSED, GError **error)
{
  g_set_error_literal (error, G_THREAD_ERROR, G_THREAD_ERROR_AGAIN, "there are too many");
  return NULL;
}

static void
test_without_a_thread_the_work_is_not_taken (void)
{
  TrioThreadPool pool;
  g_autoptr (Piece) piece = piece_new (TRUE);
  g_autoptr (GError) error = NULL;

  make_pool (&pool);
  pool.spawn = spawn_none;
  g_assert_false (trio_thread_pool_give (&pool, &piece->work, &error));
  g_assert_error (error, G_THREAD_ERROR, G_THREAD_ERROR_AGAIN);
  pool.spawn = spawn_and_remember;
  give (&pool, piece);
  wait_done (piece);
  end_pool (&pool);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/pool/the-thread-that-went-idle-last-is-used-first", test_the_thread_that_went_idle_last_is_used_first);
  g_test_add_func ("/pool/work-given-when-work-is-done-is-done-by-the-same-thread",
                   test_work_given_when_work_is_done_is_done_by_the_same_thread);
  g_test_add_func ("/pool/a-thread-whose-time-is-up-ends", test_a_thread_whose_time_is_up_ends);
  g_test_add_func ("/pool/a-thread-whose-time-is-up-while-work-is-given-does-it",
                   test_a_thread_whose_time_is_up_while_work_is_given_does_it);
  g_test_add_func ("/pool/threads-that-end-at-once-lose-no-work", test_threads_that_end_at_once_lose_no_work);
  g_test_add_func ("/pool/without-a-thread-the-work-is-not-taken", test_without_a_thread_the_work_is_not_taken);
  return g_test_run ();
}
