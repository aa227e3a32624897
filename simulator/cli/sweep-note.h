/* SPDX-License-Identifier: MIT OR Apache-2.0 */

/* One run of a sweep that is made to be looked at: which occasions for an injection it has, and which checkpoints it reaches.
 *
 *     checkpoint    a task (without numbers), an operation, and where in the program: "trio_lock_acquire < take_both < dine"
 *     occasion      one question about a cancellation, a Ctrl-C, a fault, which was not answered with one
 *
 * The window of an injection reaches the injection to the end of what it unwinds:
 *
 *     a cancellation    until the scope is closed that was cancelled
 *     a fault           until the task that met it has ended
 *     Ctrl-C            until the run ends
 *     and in each case until all scopes are closed, too, that were cancelled meanwhile */

#pragma once

#include "simulator/cli/isolate.h"

G_BEGIN_DECLS

/* What stood in the way of a cancellation from outside, at one visit. */
typedef enum
{
  TRIO_CLI_CHECKPOINT_OPEN,          /* nothing: every scope around it could cancel it */
  TRIO_CLI_CHECKPOINT_SHIELDED,      /* a shield; no scope beyond it could */
  TRIO_CLI_CHECKPOINT_UNWINDING,     /* a cancellation or Ctrl-C was there already */
  TRIO_CLI_CHECKPOINT_STATES,
} TrioCliCheckpointState;

typedef struct
{
  TrioSimReport *report;
  TrioSchedule  *occasions;          /* `words` is where in the program */
  GPtrArray     *visits;             /* TrioCliVisit */
  guint64        n_after;            /* occasions after the injection, within its window or not */
} TrioCliNote;

/* To one checkpoint in one state; each once. */
typedef struct
{
  char                   *task;      /* without numbers */
  char                   *operation;
  char                   *where;
  TrioCliCheckpointState  state;
} TrioCliVisit;

/* What to note of a run. */
typedef enum
{
  TRIO_CLI_NOTE_ALL,
  TRIO_CLI_NOTE_AFTER,       /* what comes after the first injection of the schedule */
  TRIO_CLI_NOTE_WINDOW,      /* of that, what comes within its window */
} TrioCliNoteSpan;

/* Replays @schedule (nullable: the ordinary run) with all of @inject allowed. NULL: there could be no run. */
TrioCliNote *trio_cli_sweep_note (const TrioCliTarget *target, const TrioSchedule *schedule, TrioSimInject inject,
                                  TrioCliNoteSpan span, GError **error);
void         trio_cli_note_free  (TrioCliNote *note);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (TrioCliNote, trio_cli_note_free)

G_END_DECLS
