/* SPDX-License-Identifier: MIT OR Apache-2.0 */

/* Tells ThreadSanitizer what GLib's locks order. It is preloaded into the tests of the thread build.
 *
 * Debian's GLib is not instrumented, and its GMutex is a futex of its own: ThreadSanitizer sees neither, and would report what such a lock
 * protects as a race. Suppressions would hide our own races along with that. So the few functions by which our code hands memory from thread
 * to thread say it here: what came before a release is seen after the acquire that pairs with it.
 *
 * Threads themselves (g_thread_new, g_thread_join) and g_atomic_int_… need nothing: the former are seen in libc, the latter are inline. */

#include <dlfcn.h>
#include <glib.h>

extern void __tsan_acquire (void *address) __attribute__ ((weak));
extern void __tsan_release (void *address) __attribute__ ((weak));

static void
acquire (void *address)
{
  if (__tsan_acquire != NULL)
    __tsan_acquire (address);
}

static void
release (void *address)
{
  if (__tsan_release != NULL)
    __tsan_release (address);
}

/* GLib's own function, which this one stands in front of. */
#define REAL(function) ((__typeof__ (&function)) dlsym (RTLD_NEXT, #function))

void
g_mutex_lock (GMutex *mutex)
{
  REAL (g_mutex_lock) (mutex);
  acquire (mutex);
}

gboolean
g_mutex_trylock (GMutex *mutex)
{
  gboolean locked = REAL (g_mutex_trylock) (mutex);

  if (locked)
    acquire (mutex);
  return locked;
}

void
g_mutex_unlock (GMutex *mutex)
{
  release (mutex);
  REAL (g_mutex_unlock) (mutex);
}

void
g_cond_wait (GCond *cond, GMutex *mutex)
{
  release (mutex);
  REAL (g_cond_wait) (cond, mutex);
  acquire (mutex);
}

gboolean
g_cond_wait_until (GCond *cond, GMutex *mutex, gint64 end_time)
{
  gboolean signalled;

  release (mutex);
  signalled = REAL (g_cond_wait_until) (cond, mutex, end_time);
  acquire (mutex);
  return signalled;
}

gboolean
(g_atomic_ref_count_dec) (gatomicrefcount *count)
{
  gboolean last;

  release (count);
  last = REAL (g_atomic_ref_count_dec) (count);
  if (last)
    acquire (count);
  return last;
}

void
g_async_queue_push (GAsyncQueue *queue, gpointer data)
{
  release (queue);
  REAL (g_async_queue_push) (queue, data);
}

gpointer
g_async_queue_pop (GAsyncQueue *queue)
{
  gpointer data = REAL (g_async_queue_pop) (queue);

  acquire (queue);
  return data;
}

gboolean
(g_once_init_enter) (volatile void *location)
{
  gboolean first = REAL (g_once_init_enter) (location);

  acquire ((void *) location);
  return first;
}

void
(g_once_init_leave) (volatile void *location, gsize result)
{
  release ((void *) location);
  REAL (g_once_init_leave) (location, result);
}
