/* SPDX-License-Identifier: MIT OR Apache-2.0 */

/* What the memory checkers must hear about stacks, as functions that are empty without them.
 *
 * Valgrind has to know where stacks are, or it takes a switch for a gigantic frame. LeakSanitizer does not look for pointers in
 * memory that was mapped; each usable part is registered by itself, since reading across a guard would kill it. And a
 * stack in the pool is nobody's: both checkers are told so, and a pointer into a finished task's frame is caught at its first use.
 *
 * Only stack-pool.c includes this.
 */

#pragma once

#include "core/fiber/fiber.h"

#ifdef TRIO_HAVE_VALGRIND
#include <valgrind/memcheck.h>
#include <valgrind/valgrind.h>
#else
#define RUNNING_ON_VALGRIND 0
#define VALGRIND_STACK_REGISTER(low, high) 0
#define VALGRIND_STACK_DEREGISTER(id) ((void) (id))
#define VALGRIND_MAKE_MEM_NOACCESS(low, bytes) ((void) (low), (void) (bytes))
#define VALGRIND_MAKE_MEM_UNDEFINED(low, bytes) ((void) (low), (void) (bytes))
#endif

#ifdef TRIO_WITH_ASAN
#include <sanitizer/asan_interface.h>
#include <sanitizer/lsan_interface.h>
#else
#define ASAN_POISON_MEMORY_REGION(low, bytes) ((void) (low), (void) (bytes))
#define ASAN_UNPOISON_MEMORY_REGION(low, bytes) ((void) (low), (void) (bytes))
#define __lsan_register_root_region(low, bytes) ((void) (low), (void) (bytes))
#define __lsan_unregister_root_region(low, bytes) ((void) (low), (void) (bytes))
#endif

/* A stack came into being. ids collects what stack_checkers_unmade() needs; the last one that was made is unmade first. */
static inline void
stack_checkers_made (char *low, gsize bytes, GArray *ids)
{
  __lsan_register_root_region (low, bytes);
  if (RUNNING_ON_VALGRIND)
    {
      guint id = VALGRIND_STACK_REGISTER (low, low + bytes);

      g_array_append_val (ids, id);
    }
}

static inline void
stack_checkers_unmade (char *low, gsize bytes, GArray *ids)
{
  __lsan_unregister_root_region (low, bytes);
  ASAN_UNPOISON_MEMORY_REGION (low, bytes);
  if (RUNNING_ON_VALGRIND)
    {
      VALGRIND_STACK_DEREGISTER (g_array_index (ids, guint, ids->len - 1));
      g_array_set_size (ids, ids->len - 1);
    }
}

static inline void
stack_checkers_taken (char *low, gsize bytes)
{
  ASAN_UNPOISON_MEMORY_REGION (low, bytes);
  VALGRIND_MAKE_MEM_UNDEFINED (low, bytes);
}

/* All but the last word, where the pool keeps its link. */
static inline void
stack_checkers_given (char *low, gsize bytes)
{
  ASAN_POISON_MEMORY_REGION (low, bytes - sizeof (void *));
  ASAN_UNPOISON_MEMORY_REGION (low + bytes - sizeof (void *), sizeof (void *));
  VALGRIND_MAKE_MEM_NOACCESS (low, bytes - sizeof (void *));
  VALGRIND_MAKE_MEM_UNDEFINED (low + bytes - sizeof (void *), sizeof (void *));
}
