/* SPDX-License-Identifier: MIT OR Apache-2.0 */

/* What AddressSanitizer and ThreadSanitizer must hear about fibers, as functions that are empty without them.
 *
 * AddressSanitizer asks to be told before a switch (where the next stack lies) and after it (in the new stack). With
 * detect_stack_use_after_return each stack has a "fake stack" beside it; it travels in TrioFiber.asan_fake_stack, and telling NULL
 * instead of its place at the last switch frees it. ThreadSanitizer has an object per fiber and counts a switch as an
 * ordering between the two.
 *
 * All are inlined always, also without optimisation: ThreadSanitizer counts the calls and returns of each fiber, and a function
 * that is called by one fiber and returns to another would upset it, until it crashes.
 *
 * Only fiber.h and fiber.c include this.
 */

#pragma once

#if defined(__SANITIZE_ADDRESS__)
#define TRIO_WITH_ASAN 1
#elif defined(__has_feature)
#if __has_feature (address_sanitizer)
#define TRIO_WITH_ASAN 1
#endif
#endif

#if defined(__SANITIZE_THREAD__)
#define TRIO_WITH_TSAN 1
#elif defined(__has_feature)
#if __has_feature (thread_sanitizer)
#define TRIO_WITH_TSAN 1
#endif
#endif

#if defined(TRIO_WITH_ASAN) || defined(TRIO_WITH_TSAN)
#define TRIO_FIBER_SANITIZED 1
#else
#define TRIO_FIBER_SANITIZED 0
#endif

#ifdef TRIO_WITH_ASAN
#include <sanitizer/common_interface_defs.h>

/* Who is leaving, from the telling before the switch to the telling after it. */
extern __thread TrioFiber *trio_fiber_leaving;

G_ALWAYS_INLINE static inline void
trio_fiber_asan_leave (TrioFiber *from, TrioFiber *to, gboolean last)
{
  trio_fiber_leaving = from;
  __sanitizer_start_switch_fiber (last ? NULL : &from->asan_fake_stack, to->stack_low, to->stack_bytes);
}

G_ALWAYS_INLINE static inline void
trio_fiber_asan_arrive (TrioFiber *self)
{
  const void *low = NULL;
  gsize bytes = 0;

  __sanitizer_finish_switch_fiber (self->asan_fake_stack, &low, &bytes);
  /* This is how the bounds of a thread's own stack become known: by leaving it. Each time, because the driver of a loop may run on
   * another stack the next time: a main context is iterated by whoever likes to, also inside a task of another run. */
  trio_fiber_leaving->stack_low = (void *) low;
  trio_fiber_leaving->stack_bytes = bytes;
}
#else
G_ALWAYS_INLINE static inline void
trio_fiber_asan_leave (TrioFiber *from, TrioFiber *to, gboolean last)
{
  (void) from;
  (void) to;
  (void) last;
}

G_ALWAYS_INLINE static inline void trio_fiber_asan_arrive (TrioFiber *self) { (void) self; }
#endif

#ifdef TRIO_WITH_TSAN
#include <sanitizer/tsan_interface.h>

G_ALWAYS_INLINE static inline void
trio_fiber_tsan_leave (TrioFiber *from, TrioFiber *to)
{
  from->tsan_fiber = __tsan_get_current_fiber ();        /* news only for a thread's own */
  __tsan_switch_to_fiber (to->tsan_fiber, 0);
}

G_ALWAYS_INLINE static inline void
trio_fiber_tsan_init (TrioFiber *fiber, const char *name)
{
  fiber->tsan_fiber = __tsan_create_fiber (0);
  if (name != NULL)
    __tsan_set_fiber_name (fiber->tsan_fiber, name);
}

G_ALWAYS_INLINE static inline void
trio_fiber_tsan_clear (TrioFiber *fiber)
{
  /* The one that is running can only be a thread's own, which belongs to ThreadSanitizer. */
  if (fiber->tsan_fiber != NULL && fiber->tsan_fiber != __tsan_get_current_fiber ())
    __tsan_destroy_fiber (fiber->tsan_fiber);
}
#else
G_ALWAYS_INLINE static inline void trio_fiber_tsan_leave (TrioFiber *from, TrioFiber *to) { (void) from; (void) to; }
G_ALWAYS_INLINE static inline void trio_fiber_tsan_init (TrioFiber *fiber, const char *name) { (void) fiber; (void) name; }
G_ALWAYS_INLINE static inline void trio_fiber_tsan_clear (TrioFiber *fiber) { (void) fiber; }
#endif

G_ALWAYS_INLINE static inline void
trio_fiber_sanitizers_leave (TrioFiber *from, TrioFiber *to, gboolean last)
{
  trio_fiber_asan_leave (from, to, last);
  trio_fiber_tsan_leave (from, to);
}

G_ALWAYS_INLINE static inline void
trio_fiber_sanitizers_arrive (TrioFiber *self)
{
  trio_fiber_asan_arrive (self);
}
