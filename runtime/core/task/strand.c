/* SPDX-License-Identifier: MIT OR Apache-2.0 */

/* Strands: fibers that are no tasks, for a world that simulates threads.
 *
 * Always true:
 *  1. While a strand runs, trio_strand_of_thread is it and trio_loop_of_thread is NULL; both are put back when it stops.
 *  2. Whoever resumes a strand is a fiber known only for that time, so it may be a driver, or a loop in the middle of a turn.
 *  3. Its stack is given back by trio_strand_free (), which never runs on it.
 */

#include <trio/seam/strand.h>

#include "core/kernel.h"

struct _TrioStrand
{
  TrioFiber    fiber;
  TrioFiber    resumer;      /* while it runs */
  TrioLoop    *loop;
  gpointer     stack_top;
  void       (*func) (gpointer data);
  gpointer     data;
  const char  *name;
  gboolean     ended;
};

static __thread TrioStrand *trio_strand_of_thread TRIO_TLS;

static TrioFiber *
strand_entry (gpointer data)
{
  TrioStrand *strand = data;

  strand->func (strand->data);
  strand->ended = TRUE;
  return &strand->resumer;
}

TrioStrand *
trio_strand_new (TrioLoop *loop, void (*func) (gpointer data), gpointer data, const char *name)
{
  gpointer top;
  gsize usable = trio_stack_pool_get_usable (loop->stacks);
  TrioStrand *strand;

  g_return_val_if_fail (loop != NULL && func != NULL, NULL);

  top = trio_stack_pool_take (loop->stacks);
  if (top == NULL)
    return NULL;
  strand = g_new0 (TrioStrand, 1);
  strand->loop = loop;
  strand->stack_top = top;
  strand->func = func;
  strand->data = data;
  strand->name = name;
  trio_fiber_init (&strand->fiber, (char *) top - usable, usable, strand_entry, strand, name);
  return strand;
}

gboolean
trio_strand_resume (TrioStrand *strand)
{
  TrioLoop *outer = trio_loop_of_thread;

  g_return_val_if_fail (strand != NULL && !strand->ended, TRUE);
  g_return_val_if_fail (trio_strand_of_thread == NULL, FALSE);

  trio_loop_of_thread = NULL;
  trio_strand_of_thread = strand;
  trio_fiber_init_thread (&strand->resumer);
  trio_fiber_switch (&strand->resumer, &strand->fiber);
  trio_fiber_clear (&strand->resumer);
  trio_strand_of_thread = NULL;
  trio_loop_of_thread = outer;
  return strand->ended;
}

void
trio_strand_pause (void)
{
  TrioStrand *strand = trio_strand_of_thread;

  g_return_if_fail (strand != NULL);
  trio_fiber_switch (&strand->fiber, &strand->resumer);
}

TrioStrand *
trio_strand_get_current (void)
{
  return trio_strand_of_thread;
}

void
trio_strand_free (TrioStrand *strand)
{
  if (strand == NULL)
    return;
  g_return_if_fail (strand != trio_strand_of_thread);

  trio_fiber_clear (&strand->fiber);
  trio_stack_pool_give (strand->loop->stacks, strand->stack_top);
  g_free (strand);
}

/* The run that the strand on this thread belongs to, or NULL. */
TrioLoop *
trio_strand_get_loop (void)
{
  return trio_strand_of_thread != NULL ? trio_strand_of_thread->loop : NULL;
}

/* For trio_task_find_overflow (): the same about the strand that runs here. May be called from a signal handler. */
gboolean
trio_strand_find_overflow (gconstpointer address, const char **name, gsize *stack_bytes, gsize *below)
{
  TrioStrand *strand = trio_strand_of_thread;
  const char *fault = address;
  const char *low;

  if (strand == NULL)
    return FALSE;
  low = (const char *) strand->stack_top - trio_stack_pool_get_usable (strand->loop->stacks);
  if (fault >= low || fault < low - trio_stack_pool_get_guard (strand->loop->stacks))
    return FALSE;
  *name = strand->name;
  *stack_bytes = trio_stack_pool_get_usable (strand->loop->stacks);
  *below = (gsize) (low - fault);
  return TRUE;
}
