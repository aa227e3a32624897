/* SPDX-License-Identifier: MIT OR Apache-2.0 */

/* Values of a run: one for each key, found from anywhere in that run, freed with it. For what libraries want once per run (a
 * default limiter, a resolver, a cache) and may not keep in a variable of the process, since several threads may each have a run.
 *
 * A key is the address of a static variable, which nobody reads or writes.
 *
 *     static char cache_key;
 *     Cache *cache = trio_run_local_get (&cache_key);
 *
 *     if (cache == NULL)
 *       trio_run_local_set (&cache_key, cache = cache_new (), (GDestroyNotify) cache_free);
 *
 * Thread of the run, in a task or not. Source: Trio's `trio.lowlevel.RunVar`. */

#pragma once

#include <trio/types.h>

G_BEGIN_DECLS

/**
 * trio_run_local_get:
 * @key: whose value
 *
 * Outside a run it is a programmer's mistake (critical).
 *
 * Returns: (transfer none) (nullable): the value, or %NULL if none was set in the current run
 */
TRIO_API gpointer trio_run_local_get (gconstpointer key);

/**
 * trio_run_local_set:
 * @key: whose value
 * @value: (nullable): the value
 * @destroy: (nullable): frees @value when it is replaced, or after the last task of the run has ended, the key that was
 *   used first comes last; it must not use the run. Also when the run is abandoned
 *
 * Outside a run it is a programmer's mistake (critical).
 */
TRIO_API void     trio_run_local_set (gconstpointer key, gpointer value, GDestroyNotify destroy);

/**
 * trio_process_local_get:
 * @key: whose value
 *
 * The same for what a process has once: its share of something that the machine has, say. A run is one process, but in a simulator where each host of
 * a run is one of its own, and what its tasks held when it crashed is nobody's. Outside a run it is a programmer's mistake (critical).
 *
 * Returns: (transfer none) (nullable): the value, or %NULL if none was set in the calling task's process
 */
TRIO_API gpointer trio_process_local_get (gconstpointer key);
/**
 * trio_process_local_set:
 * @key: whose value
 * @value: (nullable): the value
 * @destroy: (nullable): frees @value when it is replaced, after the last task of the process has ended, or with the run if the process was abandoned
 *
 * Sets what trio_process_local_get() gives. Outside a run it is a programmer's mistake (critical).
 */
TRIO_API void     trio_process_local_set (gconstpointer key, gpointer value, GDestroyNotify destroy);

G_END_DECLS
