/* SPDX-License-Identifier: MIT OR Apache-2.0 */

/* A fiber: a stack and the place where it stopped. It knows nothing of tasks.
 *
 * Always true:
 *  1. A fiber runs on the thread that made it, and on no other.
 *  2. Every switch goes through trio_fiber_switch(), which tells AddressSanitizer and ThreadSanitizer (fiber-sanitizers.h);
 *     Valgrind is told of the stack when it is made (stack-checkers.h).
 *  3. fiber-x86_64.S and fiber-aarch64.S save what the ABI asks for and carry CFI, so that a debugger walks from inside a fiber to
 *     its entry function and stops there; fiber-ucontext.c is for every other machine. All three offer the same two functions, so
 *     nobody else needs to know which of them was built.
 *
 * The switch is here, in the header, because it is the hot path of everything: without sanitizers it is one call of a dozen
 * instructions.
 */

#pragma once

#include <glib.h>

G_BEGIN_DECLS

typedef struct _TrioFiber TrioFiber;

struct _TrioFiber
{
  void       *sp;             /* where it stopped: what trio_fiber_jump() needs to go on; NULL while it runs */
  void       *stack_low;      /* NULL until known, for a thread's own stack */
  gsize       stack_bytes;
  void       *asan_fake_stack;
  void       *tsan_fiber;
};

/* The calling thread's own stack as a fiber. */
void               trio_fiber_init_thread (TrioFiber *fiber);

/* What a fiber runs. It returns the fiber that goes on after it, one that has stopped, and then is over. */
typedef TrioFiber *(*TrioFiberFunc) (gpointer data);

/* A new fiber on [stack_low, stack_low + stack_bytes), which calls entry (data) at its first switch. It starts with the floating-point
 * control word of the caller. name is for ThreadSanitizer's reports. */
void               trio_fiber_init        (TrioFiber *fiber, void *stack_low, gsize stack_bytes, TrioFiberFunc entry, gpointer data,
                                           const char *name);

/* Stops `from`, the running fiber, here, and continues `to`. Returns when somebody switches to `from`: TRUE, so that callers that have nothing
 * else to do may pass that on and leave no frame behind. */
static inline gboolean trio_fiber_switch      (TrioFiber *from, TrioFiber *to);

/* Forgets a fiber that is not running. Its stack may be used again. */
static inline void trio_fiber_clear       (TrioFiber *fiber);

/* Calls func (data) here and now, on the calling stack, but such that whoever unwinds from func finds the frames of the stopped fiber behind
 * it, as if that had made the call. The fiber is only read. FALSE, without the call, if the fiber runs, or if this machine cannot do it. */
gboolean           trio_fiber_look        (const TrioFiber *fiber, void (*func) (gpointer data), gpointer data);

/* What each machine provides, for this header and fiber.c only.
 *
 * trio_fiber_jump: keeps the callee-saved registers and the floating-point control word on the stack, stores in *save_sp where
 * they are, and continues at to_sp, which an earlier jump or trio_fiber_prepare() stored. Returns TRUE.
 * trio_fiber_prepare: writes the first frame of a new stack, such that a jump to the result calls entry (data). */
int                trio_fiber_jump        (void **save_sp, void *to_sp);
void              *trio_fiber_prepare     (void *stack_low, gsize stack_bytes, TrioFiberFunc entry, gpointer data);
/* trio_fiber_look_from: trio_fiber_look() for what a jump stored. */
int                trio_fiber_look_from   (void *sp, void (*func) (gpointer data), gpointer data);

#include "core/fiber/fiber-sanitizers.h"

static inline gboolean
trio_fiber_switch (TrioFiber *from, TrioFiber *to)
{
  void *to_sp = to->sp;

  to->sp = NULL;
  trio_fiber_sanitizers_leave (from, to, FALSE);
  if (!TRIO_FIBER_SANITIZED)
    return trio_fiber_jump (&from->sp, to_sp);
  (void) trio_fiber_jump (&from->sp, to_sp);
  trio_fiber_sanitizers_arrive (from);
  return TRUE;
}

static inline void
trio_fiber_clear (TrioFiber *fiber)
{
  trio_fiber_tsan_clear (fiber);
  *fiber = (TrioFiber) { 0 };
}

G_END_DECLS
