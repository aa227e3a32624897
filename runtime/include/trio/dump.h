/* SPDX-License-Identifier: MIT OR Apache-2.0 */

/* A run explains itself: every task, what it waits for, since when, in which scopes, on which stack.
 *
 *   main (2): waits in trio_nursery_close: 2 children of the nursery opened at server.c:40, for 3.2 s
 *       in the nursery opened at server.c:40
 *       in the scope opened at server.c:38, deadline in 26.8 s
 *       stack: trio_nursery_close < serve_all
 *     worker (5), main/worker#2: waits in trio_lock_acquire: held by "worker" (4), for 12 ms
 *       stack: trio_lock_acquire < count_up < worker
 *
 * A signal prints the same: see dump_signal in <trio/run.h>. So does a debugger, stopped anywhere on the thread of a run, in a task
 * or in the loop: `call trio_dump ()`. For core files, and for the way back into one task's frames, there is a gdb script
 * (runtime/host/README.md). */

#pragma once

#include <trio/types.h>

G_BEGIN_DECLS

/**
 * TrioDumpFlags:
 * @TRIO_DUMP_DEFAULT: the tree without stacks: nothing in it differs between two runs that did the same
 * @TRIO_DUMP_STACKS: each task's stack, innermost function first; what is below the wait, and below the task's own function, is
 *   left out
 * @TRIO_DUMP_ADDRESSES: the stacks with all frames, and where in each function it is, for addr2line
 *
 * What a dump tells.
 */
typedef enum
{
  TRIO_DUMP_DEFAULT   = 0,
  TRIO_DUMP_STACKS    = 1 << 0,
  TRIO_DUMP_ADDRESSES = 1 << 1,
} TrioDumpFlags;

/**
 * trio_dump:
 *
 * Prints the runs of the calling thread, with stacks, to standard error (g_printerr()). From anywhere on that thread: a task, a
 * callback, a debugger. Never suspends.
 *
 * How long a task has waited ("for 3.2 s") is counted from the beginning of the turn of the loop in which it stopped: it is too long by as
 * much as that turn had lasted by then. The moment itself would cost each wait a look at the clock. In a simulated run it is exact.
 *
 * On machines without a switch of ours there are no stacks; names of functions come from the program's symbol table, and a stripped
 * program shows `file+offset` instead.
 */
TRIO_API void  trio_dump           (void);

/**
 * trio_dump_to_string:
 * @flags: what to tell
 *
 * The same as text. It ends in a newline.
 *
 * Returns: (transfer full): the dump; g_free() it
 */
TRIO_API char *trio_dump_to_string (TrioDumpFlags flags) G_GNUC_WARN_UNUSED_RESULT;

G_END_DECLS
