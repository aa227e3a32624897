/* SPDX-License-Identifier: MIT OR Apache-2.0 */

/* Birth and death of fibers. The switch itself is in fiber.h, what depends on the machine in fiber-<cpu>.S or fiber-ucontext.c. */

#include "core/fiber/fiber.h"

/* Under a sanitizer a fiber begins here instead of in its entry function, because the first arrival has to be told as well. It
 * lies at the very top of the fiber's own stack. */
typedef struct
{
  TrioFiber    *fiber;
  TrioFiberFunc entry;
  gpointer      data;
} Beginning;

/* The assembly looks at nothing else of it. */
G_STATIC_ASSERT (G_STRUCT_OFFSET (TrioFiber, sp) == 0);

#ifdef TRIO_WITH_ASAN
__thread TrioFiber *trio_fiber_leaving;
#endif

/* It ends with a switch: to return from here would be counted as a return of the next fiber. */
static TrioFiber *
begin_sanitized (gpointer data)
{
  Beginning beginning = *(Beginning *) data;
  TrioFiber *next;
  void *next_sp;

  trio_fiber_sanitizers_arrive (beginning.fiber);
  next = beginning.entry (beginning.data);
  next_sp = next->sp;
  next->sp = NULL;
  trio_fiber_sanitizers_leave (beginning.fiber, next, TRUE);
  trio_fiber_jump (&beginning.fiber->sp, next_sp);
  __builtin_trap ();                      /* somebody continued a fiber that had ended */
}

void
trio_fiber_init_thread (TrioFiber *fiber)
{
  *fiber = (TrioFiber) { 0 };             /* leaving it for the first time fills it in */
}

void
trio_fiber_init (TrioFiber *fiber, void *stack_low, gsize stack_bytes, TrioFiberFunc entry, gpointer data, const char *name)
{
  *fiber = (TrioFiber) { .stack_low = stack_low, .stack_bytes = stack_bytes };
  trio_fiber_tsan_init (fiber, name);

  if (TRIO_FIBER_SANITIZED)
    {
      gsize below = (stack_bytes - sizeof (Beginning)) & ~(gsize) 15;
      Beginning *beginning = (Beginning *) ((char *) stack_low + below);

      *beginning = (Beginning) { fiber, entry, data };
      fiber->sp = trio_fiber_prepare (stack_low, below, begin_sanitized, beginning);
    }
  else
    fiber->sp = trio_fiber_prepare (stack_low, stack_bytes, entry, data);
}

gboolean
trio_fiber_look (const TrioFiber *fiber, void (*func) (gpointer data), gpointer data)
{
  return fiber->sp != NULL && trio_fiber_look_from (fiber->sp, func, data);
}
