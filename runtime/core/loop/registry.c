/* SPDX-License-Identifier: MIT OR Apache-2.0 */

/* All loops of the process, and which of them is whose.
 *
 * Always true:
 *  1. Every loop that exists is in trio_loops, in order of making. That is where a debugger begins, who may be looking at a core file.
 *  2. loop->home stands for the thread of its last turn, or before its first one for the thread that made it.
 */

#include "core/kernel.h"

TrioList trio_loops = { &trio_loops, &trio_loops };      /* (loops_lock) */
static GMutex loops_lock;

void
trio_loop_register (TrioLoop *loop)
{
  loop->home = &trio_loop_of_thread;
  g_mutex_lock (&loops_lock);
  trio_list_push_tail (&trio_loops, &loop->registry_link);
  g_mutex_unlock (&loops_lock);
}

void
trio_loop_unregister (TrioLoop *loop)
{
  g_mutex_lock (&loops_lock);
  trio_link_unlink (&loop->registry_link);
  g_mutex_unlock (&loops_lock);
}

/* Several, if one run goes on inside a task of another, or several are attached. They stay: it is this thread that would free
 * them. */
GPtrArray *
trio_loops_of_thread (void)
{
  GPtrArray *loops = g_ptr_array_new ();

  g_mutex_lock (&loops_lock);
  for (TrioLink *link = trio_list_first (&trio_loops); link != NULL; link = trio_list_next (&trio_loops, link))
    {
      TrioLoop *loop = TRIO_CONTAINER (link, TrioLoop, registry_link);

      if (loop->home == &trio_loop_of_thread)
        g_ptr_array_add (loops, loop);
    }
  g_mutex_unlock (&loops_lock);
  return loops;
}

/* The run that a function without a run in its arguments means: the one whose turn it is; between turns, for the host of an attached run,
 * the one that was begun last on this thread. A simulated thread has none, as a real one. */
TrioLoop *
trio_loop_of_caller (void)
{
  g_autoptr (GPtrArray) loops = NULL;

  if (G_LIKELY (trio_loop_of_thread != NULL) || trio_strand_get_loop () != NULL)
    return trio_loop_of_thread;
  loops = trio_loops_of_thread ();
  return loops->len > 0 ? g_ptr_array_index (loops, loops->len - 1) : NULL;
}
