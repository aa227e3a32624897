/* SPDX-License-Identifier: MIT OR Apache-2.0 */

/* A kernel: one concurrency bug that really happened, cut down to what makes it happen, with its repair.
 *
 * Always true:
 *  1. A kernel is one file, GROUP/NAME.c, which ends with the only thing it exports: `const Bug bug_NAME = { … };`, or two of them
 *     where it is run in two ways (cancel/cancel.h).
 *  2. The bug and its repaired twin are the same program but for the few lines that ask `repaired`.
 *  3. A kernel decides nothing: what happens by chance there is a choice of the simulator here. All its state is new in each run.
 *  4. Some schedule makes the bug fail with its verdict; no schedule makes the twin fail. */

#pragma once

#include <trio/trio.h>
#include <trio/seam/choice.h>

G_BEGIN_DECLS

/**
 * BugFunc:
 * @repaired: whether the lines that are the repair take part
 * @error: where it says why it failed
 *
 * The main task of a kernel.
 *
 * Returns: %TRUE if it went well
 */
typedef gboolean (*BugFunc) (gboolean repaired, GError **error);

/**
 * Bug:
 * @name: of the scenario, and of the file: "cockroach-1055"; the twin is called "cockroach-1055-repaired"
 * @func: the main task of both
 * @verdict: what the simulator says of it: "deadlock", "always" or "error"
 * @inject: (nullable): what its search must be allowed to inject: "cancel"; %NULL for nothing
 * @about: what goes wrong, in one line
 */
typedef struct
{
  const char *name;
  BugFunc     func;
  const char *verdict;
  const char *inject;
  const char *about;
} Bug;

/* The kernels of a group, a NULL at the end. Made by Meson from the group's meson.build. */
extern const Bug *const bugs_of_group[];

/* A point where the scheduler may run somebody else although nothing blocks: before a read or write of what is shared, in programs
 * whose threads can be interrupted anywhere. Between two of them nobody else runs. */
static inline void TRIO_CHECKPOINT
bug_switch (void)
{
  trio_cancel_shielded_checkpoint ();
}

/* What is random in the original: a number below n. */
static inline guint
bug_choose (const char *label, guint n)
{
  return trio_choose (&(TrioChoicePoint) { .label = label, .bound = n });
}

G_END_DECLS
