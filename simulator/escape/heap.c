/* SPDX-License-Identifier: MIT OR Apache-2.0 */

/* Stirring the heap. See heap.h.
 *
 * An allocator hands out freed blocks of a size in an order of its own, and after those fresh ones in the order of addresses. Of each small
 * size some blocks are taken, and some of them given back in an order drawn by lot: what a run then gets lies elsewhere, and neighbours in
 * time are no neighbours in memory. */

#include "simulator/escape/heap.h"

#include "simulator/strategy-chance.h"

#define SIZES_MAX 512
#define GRAIN     16
#define OF_A_SIZE 8

GPtrArray *
trio_sim_heap_stir (guint64 seed)
{
  GPtrArray *held = g_ptr_array_new_with_free_func (g_free);
  TrioSimChance chance;

  trio_sim_chance_init (&chance, seed);
  for (gsize size = GRAIN - 8; size <= SIZES_MAX; size += GRAIN)
    {
      gpointer blocks[OF_A_SIZE];
      guint n = 2 + trio_sim_chance_draw (&chance, OF_A_SIZE - 1);

      for (guint i = 0; i < n; i++)
        blocks[i] = g_malloc (size);
      for (guint i = n; i > 0; i--)
        {
          guint k = trio_sim_chance_draw (&chance, i);
          gpointer block = blocks[k];

          blocks[k] = blocks[i - 1];
          if (i % 3 == 0)
            g_ptr_array_add (held, block);
          else
            g_free (block);
        }
    }
  return held;
}

void
trio_sim_heap_settle (GPtrArray *held)
{
  g_ptr_array_unref (held);
}
