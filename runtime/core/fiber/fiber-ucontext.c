/* SPDX-License-Identifier: MIT OR Apache-2.0 */

/* The switch for every machine that has ucontext. It costs two system calls, because POSIX wants the signal mask to travel too; so
 * here, unlike in the assembly, each fiber has a signal mask of its own.
 *
 * A stopped fiber's sp is the address of the ucontext_t in which it stopped. That lies on its own stack: in the frame of the
 * jump, or, before the first, at the top where trio_fiber_prepare() wrote it.
 */

#include "core/fiber/fiber.h"

#include <stdint.h>
#include <ucontext.h>

/* makecontext() hands over ints only, so that a pointer goes in two halves. */
G_STATIC_ASSERT (sizeof (guint) == 4 && sizeof (gpointer) <= 8 && sizeof (TrioFiberFunc) == sizeof (gpointer));

static guint high_half (guintptr pointer) { return (guint) ((guint64) pointer >> 32); }
static guint low_half (guintptr pointer) { return (guint) pointer; }
static guintptr whole (guint high, guint low) { return (guintptr) ((guint64) high << 32 | low); }

static void
trio_fiber_bottom (guint entry_high, guint entry_low, guint data_high, guint data_low)
{
  TrioFiberFunc entry = (TrioFiberFunc) whole (entry_high, entry_low);
  TrioFiber *next = entry ((gpointer) whole (data_high, data_low));
  const ucontext_t *there = next->sp;

  next->sp = NULL;
  setcontext (there);
  g_error ("setcontext failed");
}

int
trio_fiber_jump (void **save_sp, void *to_sp)
{
  ucontext_t here;

  /* AddressSanitizer's interceptor looks at these; no bounds means that it need not clean the stack it goes to. */
  here.uc_stack = (stack_t) { 0 };
  here.uc_link = NULL;
  *save_sp = &here;
  if (swapcontext (&here, to_sp) != 0)
    g_error ("swapcontext failed");
  return TRUE;
}

void *
trio_fiber_prepare (void *stack_low, gsize stack_bytes, TrioFiberFunc entry, gpointer data)
{
  gsize below = (stack_bytes - sizeof (ucontext_t)) & ~(gsize) 63;
  ucontext_t *first = (ucontext_t *) ((char *) stack_low + below);

  if (getcontext (first) != 0)
    g_error ("getcontext failed");
  first->uc_stack = (stack_t) { .ss_sp = stack_low, .ss_size = below };
  first->uc_link = NULL;
  makecontext (first, (void (*) (void)) trio_fiber_bottom, 4,
               high_half ((guintptr) entry), low_half ((guintptr) entry), high_half ((guintptr) data), low_half ((guintptr) data));
  return first;
}

/* Where a machine keeps its registers in a ucontext_t, and how to tell an unwinder, is different on each: there are no stacks to look at. */
int
trio_fiber_look_from (void *sp, void (*func) (gpointer data), gpointer data)
{
  (void) sp;
  (void) func;
  (void) data;
  return FALSE;
}
