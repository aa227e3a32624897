/* SPDX-License-Identifier: MIT OR Apache-2.0 */

/* The tape: the choice seam of a simulated run. It gives each question its address, lets the strategy answer, and keeps the answers
 * that are not dull as a schedule.
 *
 *     runtime, world, program --- question ---> tape --- addressed question ---> strategy
 *                             <--- answer ----   |  <-------- answer -----------
 *                                                '---> schedule (only what is not dull), hash, callbacks
 *
 * Always true:
 *  1. The address of a question is (path of the task that asks, label, ordinal); the ordinal counts from 1 what that task was asked
 *     under that label. The index counts from 0 what was asked at all.
 *  2. A kind of injection that is not allowed is not asked, gets no ordinal and no index.
 *  3. A dull answer costs no allocation and no string.
 *
 * Thread of the run only. */

#pragma once

#include <trio/seam/choice.h>

#include "simulator/schedule-build.h"
#include "simulator/watch.h"

G_BEGIN_DECLS

typedef struct _TrioSimTape TrioSimTape;

typedef enum
{
  TRIO_SIM_LABEL_SCHEDULE,
  TRIO_SIM_LABEL_CANCEL,
  TRIO_SIM_LABEL_INTERRUPT,
  TRIO_SIM_LABEL_FAULT,
  TRIO_SIM_LABEL_OTHER,
} TrioSimLabelKind;

typedef struct
{
  const char       *name;
  guint64           hash;        /* of the name; the same on every machine */
  TrioSimLabelKind  kind;
  guint             index;       /* from 0, in order of first use */
  gboolean          is_left_out; /* the scenario does not want it */
} TrioSimLabel;

/* How an answer that is not dull is meant; all 0: for this question alone. The fields of an entry with these names, and: */
typedef struct
{
  guint32  times;
  gboolean onwards;
  gboolean runs_on;
  gboolean for_one;              /* it lasts for the task that goes first now; else for whoever is next */
  gboolean implied;              /* it follows from an earlier one: no decision of its own */
} TrioSimManner;

/* One question with its address. Valid during the call only, all of it but *note. */
typedef struct
{
  const TrioChoicePoint *point;
  TrioSimTape           *tape;
  const TrioSimLabel    *label;
  guint64                path_hash;
  guint64                ordinal;
  guint64                index;
  gpointer              *note;   /* the strategy's own, one for each path and label; NULL at first */
  TrioSimManner         *manner; /* (out) all 0 at first */
} TrioSimQuestion;

/* (transfer full) for strategy; (transfer none) for the rest. */
TrioSimTape  *trio_sim_tape_new              (TrioSimStrategy *strategy, TrioSimInject inject, TrioSimWatch *watch);
void          trio_sim_tape_free             (TrioSimTape *tape);
TrioChoice   *trio_sim_tape_get_choice       (TrioSimTape *tape);
void          trio_sim_tape_set_callbacks    (TrioSimTape *tape, TrioSimChoiceFunc on_decision, TrioSimChoiceFunc on_choice,
                                              gpointer user_data);

/* From now on each answer that is not dull is a decision of its own, also one that lasts or follows from such a one. */
void          trio_sim_tape_spell_out        (TrioSimTape *tape);
gboolean      trio_sim_tape_allows           (TrioSimTape *tape, TrioSimInject kind);
/* Of faults and of what varies only that is asked whose label begins with one of these; NULL-terminated. */
void          trio_sim_tape_limit_choices     (TrioSimTape *tape, const char *const *beginnings);
/* While it is healed, every answer is the dull one, and nothing is counted as asked. Nested. */
void          trio_sim_tape_heal             (TrioSimTape *tape, gboolean begins);
/* How many choices were asked. */
guint64       trio_sim_tape_get_asked        (TrioSimTape *tape);
/* How often something of that kind was injected. */
guint         trio_sim_tape_get_injected     (TrioSimTape *tape, TrioSimInject kind);
guint         trio_sim_tape_get_unmatched    (TrioSimTape *tape);

/* The path of a task, "" for NULL. Made once for each task; valid as long as the tape's schedule. */
const char   *trio_sim_tape_get_path         (TrioSimTape *tape, TrioTask *task);

/* Takes the schedule out of a tape that will not be asked again. */
TrioSchedule *trio_sim_tape_steal_schedule   (TrioSimTape *tape);

G_END_DECLS
