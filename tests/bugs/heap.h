/* SPDX-License-Identifier: MIT OR Apache-2.0 */

/* Memory that is freed too early or twice, in a way that every build notices, and the same way in each: a freed block stays where
 * it is, marked, until the run is over. */

#pragma once

#include "tests/bugs/bug.h"

G_BEGIN_DECLS

typedef struct _Heap Heap;

typedef struct
{
  gboolean freed;
} Block;

static inline Heap *
heap_new (void)
{
  return (Heap *) g_ptr_array_new_with_free_func (g_free);
}

static inline void
heap_free (Heap *heap)
{
  g_ptr_array_unref ((GPtrArray *) heap);
}

static inline Block * G_GNUC_WARN_UNUSED_RESULT
block_new (Heap *heap)
{
  Block *block = g_new0 (Block, 1);

  g_ptr_array_add ((GPtrArray *) heap, block);
  return block;
}

/* Reads or writes it. */
static inline void
block_use (Block *block)
{
  trio_always (!block->freed, "no freed memory is used");
}

static inline void
block_free (Block *block)
{
  trio_always (!block->freed, "nothing is freed twice");
  block->freed = TRUE;
}

G_DEFINE_AUTOPTR_CLEANUP_FUNC (Heap, heap_free)

G_END_DECLS
