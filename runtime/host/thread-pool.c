/* SPDX-License-Identifier: MIT OR Apache-2.0 */

/* Threads that are kept; see thread-pool.h. */

#include "host/thread-pool.h"

#include <pthread.h>
#include <string.h>

/* Trio's number; as arbitrary here as there. */
#define IDLE_US_DEFAULT (10 * G_TIME_SPAN_SECOND)

/* What Linux keeps of a thread's name, its end included. */
#define NAME_BYTES 16

struct _TrioPoolWorker
{
  TrioThreadPool *pool;
  TrioPoolWorker *next;       /* (lock) in the line */
  TrioPoolWork   *work;       /* (lock) NULL: it is idle */
  GCond           given;
};

static gpointer worker_main (gpointer data);

static TrioThreadPool default_pool;

static void
lock_for_fork (void)
{
  g_mutex_lock (&default_pool.lock);
}

static void
unlock_after_fork (void)
{
  g_mutex_unlock (&default_pool.lock);
}

/* The workers stayed with the parent. Their records are lost: who knows what a condition is worth whose waiters do not exist. */
static void
forget_in_child (void)
{
  default_pool.idle = NULL;
  g_mutex_unlock (&default_pool.lock);
}

TrioThreadPool *
trio_thread_pool_get_default (void)
{
  static gsize made;

  if (g_once_init_enter (&made))
    {
      trio_thread_pool_init (&default_pool);
      pthread_atfork (lock_for_fork, unlock_after_fork, forget_in_child);
      g_once_init_leave (&made, 1);
    }
  return &default_pool;
}

void
trio_thread_pool_init (TrioThreadPool *pool)
{
  *pool = (TrioThreadPool) { .idle_us = IDLE_US_DEFAULT, .spawn = g_thread_try_new, .wait_until = g_cond_wait_until };
  g_mutex_init (&pool->lock);
}

static gboolean
spawn_worker (TrioThreadPool *pool, TrioPoolWork *work, GError **error)
{
  TrioPoolWorker *worker = g_new0 (TrioPoolWorker, 1);
  GThread *thread;

  worker->pool = pool;
  worker->work = work;
  g_cond_init (&worker->given);
  thread = pool->spawn ("trio-worker", worker_main, worker, error);
  if (thread == NULL)
    {
      g_cond_clear (&worker->given);
      g_free (worker);
      return FALSE;
    }
  g_thread_unref (thread);
  return TRUE;
}

gboolean
trio_thread_pool_give (TrioThreadPool *pool, TrioPoolWork *work, GError **error)
{
  TrioPoolWorker *worker;

  g_mutex_lock (&pool->lock);
  worker = pool->idle;
  if (worker != NULL)
    {
      pool->idle = worker->next;
      worker->work = work;
      g_cond_signal (&worker->given);
    }
  g_mutex_unlock (&pool->lock);
  return worker != NULL || spawn_worker (pool, work, error);
}

guint
trio_thread_pool_count_idle (TrioThreadPool *pool)
{
  guint n = 0;

  g_mutex_lock (&pool->lock);
  for (TrioPoolWorker *worker = pool->idle; worker != NULL; worker = worker->next)
    n++;
  g_mutex_unlock (&pool->lock);
  return n;
}

/* --- on the worker --- */

/* Cut to what fits, but not within a character. */
static void
set_thread_name (const char *name)
{
  char cut[NAME_BYTES];
  gsize length = strlen (name);

  if (length >= sizeof cut)
    for (length = sizeof cut - 1; length > 0 && ((guchar) name[length] & 0xc0) == 0x80; length--)
      ;
  memcpy (cut, name, length);
  cut[length] = '\0';
  pthread_setname_np (pthread_self (), cut);
}

static void
stand_in_line (TrioPoolWorker *self)
{
  TrioThreadPool *pool = self->pool;

  g_mutex_lock (&pool->lock);
  self->work = NULL;
  self->next = pool->idle;
  pool->idle = self;
  g_mutex_unlock (&pool->lock);
}

/* (lock) */
static void
leave_line (TrioPoolWorker *self)
{
  TrioPoolWorker **at = &self->pool->idle;

  while (*at != self)
    at = &(*at)->next;
  *at = self->next;
}

/* FALSE if its time is up, and nobody thought of it meanwhile: then it stands in the line no more. */
static gboolean
wait_for_work (TrioPoolWorker *self)
{
  TrioThreadPool *pool = self->pool;
  gint64 end_time = g_get_monotonic_time () + pool->idle_us;
  gboolean in_time = TRUE;

  g_mutex_lock (&pool->lock);
  while (self->work == NULL && in_time)
    in_time = pool->wait_until (&self->given, &pool->lock, end_time);
  /* Time may be up at the very moment in which work is given. */
  if (self->work == NULL)
    leave_line (self);
  else
    in_time = TRUE;
  g_mutex_unlock (&pool->lock);
  return in_time;
}

static gpointer
worker_main (gpointer data)
{
  TrioPoolWorker *self = data;

  do
    {
      TrioPoolWork *work = self->work;

      set_thread_name (work->name);
      work->run (work);
      set_thread_name ("trio-idle");
      stand_in_line (self);
      work->done (work);
    }
  while (wait_for_work (self));

  g_cond_clear (&self->given);
  g_free (self);
  return NULL;
}
