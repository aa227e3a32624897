/* SPDX-License-Identifier: MIT OR Apache-2.0 */

/* Liveness: obligations that are open (<trio/check.h>), and the phase in which their spans count.
 *
 *     oblige () --- the run ends well, it is still open ---> finding        also in a run without a phase
 *        |
 *        '--- healed: the later of both + within goes by ---> finding
 *
 *     healed: heal_within goes by and the run has not ended ---> finding
 *
 * Always true: open obligations stand in the order in which they were taken on; healed_at is G_MAXINT64 until the phase begins, and it
 * begins once.
 *
 * Thread of the run only. */

#pragma once

#include <trio/seam/world.h>
#include <trio-sim/sim.h>

#include "simulator/tape.h"
#include "simulator/virtual-clock.h"

G_BEGIN_DECLS

typedef struct
{
  TrioSimClock *clock;
  TrioSimTape  *tape;
  GQueue        open;           /* of TrioSimObligation */
  GTimeSpan     heal_after;     /* 0: not by itself */
  GTimeSpan     heal_within;    /* 0: the run may go on for ever */
  gint64        healed_at;
} TrioSimLiveness;

typedef struct
{
  TrioObligation   obligation;  /* first */
  TrioSimLiveness *liveness;
  GList            link;        /* in open */
  char            *name;
  const char      *where;       /* static */
  gint64           since;
  GTimeSpan        within;
} TrioSimObligation;

void                     trio_sim_liveness_init     (TrioSimLiveness *self, TrioSimClock *clock, TrioSimTape *tape,
                                                     const TrioSimOptions *options);
void                     trio_sim_liveness_clear    (TrioSimLiveness *self);

TrioObligation          *trio_sim_liveness_oblige   (TrioSimLiveness *self, GTimeSpan within, const char *name, const char *where);
/* The phase that does not end. Again is the same. */
void                     trio_sim_liveness_heal     (TrioSimLiveness *self);
/* When the phase will begin by itself; G_MAXINT64 if it has begun, or never. */
gint64                   trio_sim_liveness_get_healing (const TrioSimLiveness *self);
/* When time has moved: heals if it is to happen by itself and is due. */
void                     trio_sim_liveness_note     (TrioSimLiveness *self);
/* When the first open obligation is broken, and which that is; NULL if it is the end of the run that is due then. G_MAXINT64: nothing is. */
gint64                   trio_sim_liveness_get_due  (const TrioSimLiveness *self, const TrioSimObligation **first);

G_END_DECLS
