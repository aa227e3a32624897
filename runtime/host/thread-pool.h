/* SPDX-License-Identifier: MIT OR Apache-2.0 */

/* Threads that are kept for the next piece of work. One pool serves all runs of the process.
 *
 *                       nobody idle: spawn
 *        work given ------------------------> working --- done ---> idle (first in line) --- 10 s ---> ends
 *             |                                  ^                     |
 *             '-------- the one that went idle last ------------------'
 *
 * Always true:
 *  1. A worker stands in the line exactly while it has no work; both change together, under the lock. So one whose time is up ends
 *     only if it still stands there: if work was given to it in that moment, it does it.
 *  2. A worker is idle before it says that its work is done. So who is told, and has more work at once, gets the same thread: warm,
 *     and not one more.
 *  3. Work given is done; a pool never limits how many threads there are. Limits are somebody else's.
 *  4. A forked child has none of the threads, and starts with an empty line.
 *
 * Any thread. Source: Trio's `_core/_thread_cache.py`. */

#pragma once

#include <glib.h>

typedef struct _TrioPoolWork   TrioPoolWork;
typedef struct _TrioPoolWorker TrioPoolWorker;

/* Embed it as the first member of your own; it is yours again when `done` is called. */
struct _TrioPoolWork
{
  const char *name;                       /* of the thread meanwhile; the system keeps 15 bytes */
  void      (*run)  (TrioPoolWork *work);
  void      (*done) (TrioPoolWork *work);   /* on the same thread, after it has become idle */
};

typedef struct
{
  GMutex           lock;
  TrioPoolWorker  *idle;                  /* (lock) the one that went idle last stands first */
  gint64           idle_us;               /* how long one waits for work */

  /* For tests, which have threads that cannot be had and clocks that lie. */
  GThread       *(*spawn) (const char *name, GThreadFunc func, gpointer data, GError **error);
  gboolean       (*wait_until) (GCond *cond, GMutex *lock, gint64 end_time);
} TrioThreadPool;

/* The process's own. */
TrioThreadPool *trio_thread_pool_get_default (void);

void            trio_thread_pool_init        (TrioThreadPool *pool);

/* FALSE, and the work was never given, if no thread can be had: G_THREAD_ERROR_AGAIN. */
gboolean        trio_thread_pool_give        (TrioThreadPool *pool, TrioPoolWork *work, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* How many wait for work now. */
guint           trio_thread_pool_count_idle  (TrioThreadPool *pool);
