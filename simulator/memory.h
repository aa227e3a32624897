/* SPDX-License-Identifier: MIT OR Apache-2.0 */

/* The program's own memory: whom its loads and stores are told to. memory-callbacks.c calls this, from programs that are compiled so that their
 * loads and stores are seen; an exhaustive search listens to each of its runs, a measure to the one it is taken from.
 *
 * At most one listens at a time. Thread of the run only. */

#pragma once

#include <trio/types.h>

G_BEGIN_DECLS

typedef void (*TrioSimMemoryFunc) (gpointer listener, gconstpointer address, gsize size, gboolean writes);

/* A task's stack lies below its record; so much of it is taken to be its own. */
#define TRIO_SIM_STACK_BYTES ((gsize) 256 * 1024)

/* NULL: nobody listens. */
extern TrioSimMemoryFunc trio_sim_memory_told;
extern gpointer          trio_sim_memory_listener;
/* Whether anything ever came. */
extern gboolean          trio_sim_memory_seen;

static inline void
trio_sim_memory_listen (TrioSimMemoryFunc told, gpointer listener)
{
  trio_sim_memory_told = told;
  trio_sim_memory_listener = listener;
}

G_END_DECLS
