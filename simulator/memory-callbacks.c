/* SPDX-License-Identifier: MIT OR Apache-2.0 */

/* The program's own memory, as its compiler tells of it: the callbacks that a program calls before each load and store if it is compiled
 * with one of
 *
 *     clang   -fsanitize-coverage=bb,trace-loads,trace-stores
 *     both    -fsanitize=thread, when compiling and not when linking: our callbacks stand in for that sanitizer's
 *
 * The simulator and the runtime need not be compiled so, and should not be. This file is linked into programs that call it, and into no
 * others. The definitions are weak: a real sanitizer's, if there is one, come first.
 *
 * Atomic operations are done here too, for that is what these callbacks are for; all tasks are on one thread, so that any order of memory
 * is right, and the strongest is used. */

#include "simulator/memory.h"

#if defined(__SANITIZE_THREAD__)
#define THREAD_SANITIZER 1
#elif defined(__has_feature)
#if __has_feature(thread_sanitizer)
#define THREAD_SANITIZER 1
#endif
#endif

#ifndef THREAD_SANITIZER

/* Weak, and declared before it is defined. */
#define CALLBACK(declaration) TRIO_API declaration __attribute__ ((weak)); declaration

static inline void
see (gconstpointer address, gsize size, gboolean writes)
{
  trio_sim_memory_seen = TRUE;
  if (G_UNLIKELY (trio_sim_memory_told != NULL))
    trio_sim_memory_told (trio_sim_memory_listener, address, size, writes);
}

#define LOAD_AND_STORE(size)                                                                                                         \
  CALLBACK (void __sanitizer_cov_load##size (const void *address)) { see (address, size, FALSE); }                                   \
  CALLBACK (void __sanitizer_cov_store##size (void *address)) { see (address, size, TRUE); }                                         \
  CALLBACK (void __tsan_read##size (const void *address)) { see (address, size, FALSE); }                                            \
  CALLBACK (void __tsan_write##size (void *address)) { see (address, size, TRUE); }                                                  \
  CALLBACK (void __tsan_unaligned_read##size (const void *address)) { see (address, size, FALSE); }                                  \
  CALLBACK (void __tsan_unaligned_write##size (void *address)) { see (address, size, TRUE); }                                        \
  CALLBACK (void __tsan_read_write##size (void *address)) { see (address, size, TRUE); }                                             \
  CALLBACK (void __tsan_unaligned_read_write##size (void *address)) { see (address, size, TRUE); }                                   \
  CALLBACK (void __tsan_volatile_read##size (const void *address)) { see (address, size, FALSE); }                                   \
  CALLBACK (void __tsan_volatile_write##size (void *address)) { see (address, size, TRUE); }

LOAD_AND_STORE (1)
LOAD_AND_STORE (2)
LOAD_AND_STORE (4)
LOAD_AND_STORE (8)
LOAD_AND_STORE (16)

CALLBACK (void __tsan_read_range (const void *address, unsigned long size)) { see (address, size, FALSE); }
CALLBACK (void __tsan_write_range (void *address, unsigned long size)) { see (address, size, TRUE); }
CALLBACK (void __tsan_func_entry (void *caller G_GNUC_UNUSED)) { }
CALLBACK (void __tsan_func_exit (void)) { }
CALLBACK (void __tsan_init (void)) { }

#define ATOMIC_FETCH(bits, name)                                                                                                     \
  CALLBACK (guint##bits __tsan_atomic##bits##_fetch_##name (volatile guint##bits *at, guint##bits value, int order G_GNUC_UNUSED))   \
  {                                                                                                                                  \
    see ((gconstpointer) at, bits / 8, TRUE);                                                                                        \
    return __atomic_fetch_##name (at, value, __ATOMIC_SEQ_CST);                                                                      \
  }

#define ATOMIC(bits)                                                                                                                 \
  CALLBACK (guint##bits __tsan_atomic##bits##_load (const volatile guint##bits *at, int order G_GNUC_UNUSED))                        \
  {                                                                                                                                  \
    see ((gconstpointer) at, bits / 8, FALSE);                                                                                       \
    return __atomic_load_n (at, __ATOMIC_SEQ_CST);                                                                                   \
  }                                                                                                                                  \
  CALLBACK (void __tsan_atomic##bits##_store (volatile guint##bits *at, guint##bits value, int order G_GNUC_UNUSED))                 \
  {                                                                                                                                  \
    see ((gconstpointer) at, bits / 8, TRUE);                                                                                        \
    __atomic_store_n (at, value, __ATOMIC_SEQ_CST);                                                                                  \
  }                                                                                                                                  \
  CALLBACK (guint##bits __tsan_atomic##bits##_exchange (volatile guint##bits *at, guint##bits value, int order G_GNUC_UNUSED))       \
  {                                                                                                                                  \
    see ((gconstpointer) at, bits / 8, TRUE);                                                                                        \
    return __atomic_exchange_n (at, value, __ATOMIC_SEQ_CST);                                                                        \
  }                                                                                                                                  \
  CALLBACK (int __tsan_atomic##bits##_compare_exchange_strong (volatile guint##bits *at, guint##bits *expected, guint##bits value,   \
                                                               int order G_GNUC_UNUSED, int failed_order G_GNUC_UNUSED))             \
  {                                                                                                                                  \
    see ((gconstpointer) at, bits / 8, TRUE);                                                                                        \
    return __atomic_compare_exchange_n (at, expected, value, FALSE, __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST);                             \
  }                                                                                                                                  \
  CALLBACK (int __tsan_atomic##bits##_compare_exchange_weak (volatile guint##bits *at, guint##bits *expected, guint##bits value,     \
                                                             int order G_GNUC_UNUSED, int failed_order G_GNUC_UNUSED))               \
  {                                                                                                                                  \
    see ((gconstpointer) at, bits / 8, TRUE);                                                                                        \
    return __atomic_compare_exchange_n (at, expected, value, FALSE, __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST);                             \
  }                                                                                                                                  \
  CALLBACK (guint##bits __tsan_atomic##bits##_compare_exchange_val (volatile guint##bits *at, guint##bits expected,                  \
                                                                    guint##bits value, int order G_GNUC_UNUSED,                      \
                                                                    int failed_order G_GNUC_UNUSED))                                 \
  {                                                                                                                                  \
    see ((gconstpointer) at, bits / 8, TRUE);                                                                                        \
    __atomic_compare_exchange_n (at, &expected, value, FALSE, __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST);                                   \
    return expected;                                                                                                                 \
  }                                                                                                                                  \
  ATOMIC_FETCH (bits, add)                                                                                                           \
  ATOMIC_FETCH (bits, sub)                                                                                                           \
  ATOMIC_FETCH (bits, and)                                                                                                           \
  ATOMIC_FETCH (bits, or)                                                                                                            \
  ATOMIC_FETCH (bits, xor)                                                                                                           \
  ATOMIC_FETCH (bits, nand)

ATOMIC (8)
ATOMIC (16)
ATOMIC (32)
ATOMIC (64)

CALLBACK (void __tsan_atomic_thread_fence (int order G_GNUC_UNUSED)) { __atomic_thread_fence (__ATOMIC_SEQ_CST); }
CALLBACK (void __tsan_atomic_signal_fence (int order G_GNUC_UNUSED)) { __atomic_signal_fence (__ATOMIC_SEQ_CST); }

#endif
