/* SPDX-License-Identifier: MIT OR Apache-2.0 */

/* The seam "choice": everything that the runtime cannot decide for itself.
 *
 *     choose (point) -> 0 … bound-1          0 is always the dull answer
 *
 * Dull means: first in line, no delay, no fault, no cancellation, all the bytes. In production nobody is asked. */

#pragma once

#include <trio/types.h>

G_BEGIN_DECLS

/* The labels that the kernel itself asks. A world and a program may have others; a dot puts them in a group: "net.latency",
 * "fault.reset". Labels that begin with "fault." are faults. Labels are static strings. */
#define TRIO_CHOICE_SCHEDULE  "schedule"    /* which runnable task goes next: an index into the line */
#define TRIO_CHOICE_CANCEL    "cancel"      /* at a checkpoint: 0, or the how-manieth enclosing scope is cancelled now, 1 the innermost */
#define TRIO_CHOICE_INTERRUPT "interrupt"   /* at a checkpoint: 1 is a Ctrl-C now */
#define TRIO_CHOICE_MEMORY    "fault.memory"   /* before a task is made: 1, there is no memory for its stack */

typedef struct _TrioChoicePoint TrioChoicePoint;

/**
 * TrioChoicePoint:
 * @label: what kind of choice
 * @bound: how many answers; at least 2
 * @weights: (nullable): how likely each answer is, when it is drawn by chance; %NULL for evenly. A hint only
 * @task: (nullable): who asks: the task at a checkpoint or in an operation; for "schedule" the task that is first in line; %NULL
 *   for the world itself
 * @step: how many task steps the run has taken so far
 * @what: (nullable): static; in which operation ("trio_lock_acquire", "receive")
 * @nth_task: (nullable): for "schedule", which task an answer means
 * @next_task: (nullable): for "schedule", who is next in line behind a task that is in it; behind the last one something meaningless. @task
 *   is the first: so all who can go are seen in one walk
 * @describe: (nullable): says in words what an answer means: "latency 20 ms"
 * @data: for those three
 *
 * One question. Valid during the call only.
 */
struct _TrioChoicePoint
{
  const char    *label;
  guint32        bound;
  const guint32 *weights;
  TrioTask      *task;
  guint64        step;
  const char    *what;
  TrioTask    *(*nth_task)  (const TrioChoicePoint *point, guint32 value);
  TrioTask    *(*next_task) (const TrioChoicePoint *point, TrioTask *task);
  void         (*describe)  (const TrioChoicePoint *point, guint32 value, GString *out);
  gpointer       data;
};

struct _TrioChoice
{
  /* Answers below point->bound. Must not suspend. */
  guint32  (*choose)  (TrioChoice *self, const TrioChoicePoint *point);
  /* Whether the kernel should ask about cancellations and interrupts at checkpoints, and about memory; it saves asking. */
  gboolean   asks_cancel;
  gboolean   asks_interrupt;
  gboolean   asks_memory;
};

/**
 * trio_choose:
 * @point: the question; @task and @step may be left empty and are filled in
 *
 * Asks the current run's world, and tells the instruments if the answer is not dull. With a bound below 2, in production and outside
 * a run the answer is 0.
 *
 * Returns: the answer
 */
TRIO_API guint32 trio_choose (const TrioChoicePoint *point);

G_END_DECLS
