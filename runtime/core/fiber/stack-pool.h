/* SPDX-License-Identifier: MIT OR Apache-2.0 */

/* The stacks of a run's tasks: reserved generously, committed by touch, guarded below, used again.
 *
 *     low                                                  top
 *      | guard (64 KiB, faults) | ………… grows down <———— | record | colour |
 *
 * Always true:
 *  1. Touching the guard faults; it never reaches a neighbour.
 *  2. A stack that was given back is the first to be taken again (its pages are warm).
 *  3. Taking a pooled stack makes no system call.
 *  4. Stacks belong to one thread.
 *  5. Running out of memory or of mappings is an answer (NULL), and what is there already stays usable.
 */

#pragma once

#include <glib.h>

G_BEGIN_DECLS

typedef struct _TrioStackPool TrioStackPool;

/* stack_bytes is rounded up to whole pages, at least four; 0 means the default of 256 KiB. The guard comes out of it: 64 KiB, or
 * a quarter if that is less. */
TrioStackPool *trio_stack_pool_new        (gsize stack_bytes);
/* All stacks must have been given back, or be abandoned for good. The thread keeps a few for its next pool. */
void           trio_stack_pool_free       (TrioStackPool *pool);

/* One end past the highest usable byte, 64-byte aligned; NULL if memory or mappings ran out. Usable are the
 * trio_stack_pool_get_usable() bytes below it. */
void          *trio_stack_pool_take       (TrioStackPool *pool);
/* From another stack than the one that is given back. */
void           trio_stack_pool_give       (TrioStackPool *pool, void *top);
gsize          trio_stack_pool_get_usable (TrioStackPool *pool);
/* Within how many bytes below the usable part an overflow faults: the guard, and the little room that colouring leaves above it. */
gsize          trio_stack_pool_get_guard  (TrioStackPool *pool);

G_END_DECLS
