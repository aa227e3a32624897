/* SPDX-License-Identifier: MIT OR Apache-2.0 */

/* A schedule: the sparse form of a tape, only the answers that were not dull. As text, one decision a line, made to be read and
 * edited.
 *
 * An entry's address is (path of the task that asked, label, ordinal: the how-manieth choice of that label that task was asked,
 * from 1). It survives edits of the program that do not touch that task's earlier choices of that label. The step is told
 * for people, the index on the tape for people and for trio_schedule_to_bytes(). */

#pragma once

#include <trio-sim/sim.h>

G_BEGIN_DECLS

struct _TrioScheduleEntry
{
  char     *path;        /* of the task that was asked; "" for the world itself */
  guint64   path_hash;   /* trio_task_get_path_hash() of it; 0 for the world, and if the entry was read from text */
  char     *label;
  guint64   ordinal;
  guint32   value;
  guint32   bound;
  guint64   index;       /* on the tape, from 0 */
  guint64   step;        /* task steps taken before it */
  guint32   times;       /* so many questions of that path and label in a row have that answer; 0 is 1 */
  gboolean  onwards;     /* all of them from this one on */
  gboolean  runs_on;     /* for "schedule": who goes first instead goes on doing so as long as it can */
  char     *target;      /* for "schedule": the path of the task that went first instead; else NULL. Preferred to value on replay */
  char     *words;       /* for a person: "consumer ran before producer"; may be NULL */
  char     *what;        /* in which operation: "trio_lock_acquire"; may be NULL. Known to runs, not kept in the text form */
};

/* What a schedule file says besides its entries. Strings may be NULL. */
typedef struct
{
  char           *program;
  char           *scenario;
  char           *strategy;      /* that found it */
  guint64         seed;
  guint64         run;
  TrioSimInject   inject;
  GTimeSpan       heal_after;    /* as of the run's options; 0: not */
  GTimeSpan       heal_within;
  gboolean        lets_escape;   /* calls that leave the simulation are let through */
  TrioSimVerdict  verdict;       /* what it leads to */
  char           *name;
  char           *place;         /* in the program, when it was built as it was then */
  guint64         steps;
  guint64         hash;          /* 0: not known */
} TrioScheduleHeader;

TRIO_API TrioSchedule             *trio_schedule_new        (void);
TRIO_API TrioSchedule             *trio_schedule_copy       (const TrioSchedule *schedule);
TRIO_API void                      trio_schedule_free       (TrioSchedule *schedule);
TRIO_API TrioScheduleHeader       *trio_schedule_get_header (TrioSchedule *schedule);
TRIO_API guint                     trio_schedule_get_length (const TrioSchedule *schedule);
TRIO_API const TrioScheduleEntry  *trio_schedule_get_entry  (const TrioSchedule *schedule, guint i);
/* Copies the entry to the end. */
TRIO_API void                      trio_schedule_append     (TrioSchedule *schedule, const TrioScheduleEntry *entry);
TRIO_API void                      trio_schedule_remove     (TrioSchedule *schedule, guint i);

/* The text form. Parsing errors are TRIO_ERROR_FAILED and say file, line, what was wrong and what was expected there. */
TRIO_API char         *trio_schedule_to_text (const TrioSchedule *schedule);
TRIO_API TrioSchedule *trio_schedule_parse   (const char *text, const char *file_name, GError **error) G_GNUC_WARN_UNUSED_RESULT;
TRIO_API TrioSchedule *trio_schedule_load    (const char *path, GError **error) G_GNUC_WARN_UNUSED_RESULT;
/* Writes all or nothing. */
TRIO_API gboolean      trio_schedule_save    (const TrioSchedule *schedule, const char *path, GError **error)
  G_GNUC_WARN_UNUSED_RESULT;

/* The bytes that make the strategy "bytes" take the same decisions, if the same kinds are injected; strategy-bytes.c describes
 * them. Positions are the entries' indices on the tape: take the schedule from a run's report, not one whose entries were edited;
 * and from a run with the option spell_out if it has decisions that last, since bytes have none. */
TRIO_API GBytes       *trio_schedule_to_bytes (const TrioSchedule *schedule) G_GNUC_WARN_UNUSED_RESULT;

/* One entry as a sentence: "at step 41 consumer ran before producer". */
TRIO_API char         *trio_schedule_entry_to_words (const TrioScheduleEntry *entry);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (TrioSchedule, trio_schedule_free)

G_END_DECLS
