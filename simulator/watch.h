/* SPDX-License-Identifier: MIT OR Apache-2.0 */

/* The watch: an instrument that boils a run down to one number, and that notices when the same choices gave another run.
 *
 * Always true:
 *  1. Only what is the same on every machine goes into the hash: path hashes, steps, virtual times, answers, sizes and contents of
 *     messages. Never an address, a source line or the text of an error.
 *  2. A dull answer does not go in. So a sparse schedule replays to the hash of the run it came from, also when more kinds of
 *     choices were asked there.
 *  3. Nothing is allocated per event unless a record is kept for the determinism check.
 *
 * Thread of the run only. */

#pragma once

#include <trio/error.h>
#include <trio/lowlevel/instrument.h>

#include <trio-sim/sim.h>

#include "simulator/virtual-clock.h"

G_BEGIN_DECLS

typedef enum
{
  TRIO_SIM_EVENT_SPAWNED = 1,
  TRIO_SIM_EVENT_WOKEN,             /* b: by whom, 0 for the world */
  TRIO_SIM_EVENT_STEP,              /* b: virtual time */
  TRIO_SIM_EVENT_STOPPED,           /* b: state */
  TRIO_SIM_EVENT_EXITED,            /* b: what it failed with, 0 for success */
  TRIO_SIM_EVENT_SCOPE_CANCELLED,   /* b: serial of the scope */
  TRIO_SIM_EVENT_INTERRUPTED,
  TRIO_SIM_EVENT_DECIDED,           /* b: label, ordinal and value */
  TRIO_SIM_EVENT_SENT,              /* a: connection and direction; b: the bytes */
  TRIO_SIM_EVENT_THREAD,            /* a: path hash of the task that sent it; b: the how-manieth of the run */
  TRIO_SIM_EVENT_DISK,              /* a: path hash of the task that asked; b: what was done, with what result and contents */
} TrioSimEventKind;

typedef struct
{
  TrioSimEventKind  kind;
  guint64           a;      /* path hash of the task, mostly */
  guint64           b;
  guint64           step;
} TrioSimHappening;

/* What one run did, kept to compare another with. */
typedef struct _TrioSimRecord TrioSimRecord;

typedef struct
{
  gint64   stopped_at;      /* virtual time at the end of its last step */
  guint64  steps;           /* since virtual time last moved */
  guint64  era;             /* which movement of time `steps` counts from */
} TrioSimTaskNote;

typedef struct
{
  TrioInstrument   instrument;
  TrioSimClock    *clock;
  guint64          hash;
  guint64          interleaving;
  guint64          steps;
  guint64          n_raised;            /* how often a cancellation or Ctrl-C was noticed */
  guint64          era;                 /* how often time has moved */
  GArray          *tasks;               /* of TrioSimTaskNote, by serial */
  TrioSimRecord   *record;              /* to write, or NULL */
  TrioSimRecord   *expected;            /* to compare with, or NULL */
  gsize            n_compared;
  char            *divergence;          /* the first difference in words, or NULL */
  gsize            diverged_at;         /* at which event, from 0 */
  guint64          stop_before;         /* a step, or 0 */
  gboolean         break_there;
  guint64          steps_at_turn;
  gboolean         stopped;
  TrioTask        *about;               /* whose step is noted; NULL: what is noted was done by who runs now */
  GString         *there;               /* the tasks where it stopped, or NULL */
  TrioSimStepFunc  on_step;             /* nullable; before each step */
  gpointer         on_step_data;
} TrioSimWatch;

void            trio_sim_watch_init          (TrioSimWatch *watch, TrioSimClock *clock);
void            trio_sim_watch_clear         (TrioSimWatch *watch);
void            trio_sim_watch_note          (TrioSimWatch *watch, TrioSimEventKind kind, guint64 a, guint64 b);
TrioSimTaskNote trio_sim_watch_get_task      (TrioSimWatch *watch, TrioTask *task);

/* After the run: an expected record that goes on is a divergence too. */
void            trio_sim_watch_finish        (TrioSimWatch *watch);

TrioSimRecord  *trio_sim_record_new          (void);
/* For the events from the first-th to the last-th, counted from 0, it is to be known where in the program they happened. That takes as long as all the
 * rest of a run. */
void            trio_sim_record_want_places  (TrioSimRecord *record, gsize first, gsize last);
/* In words, a line each, at most so many. */
char           *trio_sim_record_to_text      (const TrioSimRecord *record, gsize max);
void            trio_sim_record_free         (TrioSimRecord *record);

/* The mixing of one word into a hash; also used to make one word of several. */
static inline guint64
trio_sim_mix (guint64 hash, guint64 word)
{
  hash = (hash ^ word) * G_GUINT64_CONSTANT (0x9e3779b97f4a7c15);
  return hash ^ (hash >> 29);
}

guint64         trio_sim_hash_bytes          (gconstpointer data, gsize size);
guint64         trio_sim_hash_text           (const char *text);

G_END_DECLS
