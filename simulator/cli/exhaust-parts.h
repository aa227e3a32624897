/* SPDX-License-Identifier: MIT OR Apache-2.0 */

/* An exhaustive search in children, each of which does a part of it in process, so that a scenario that crashes costs a child.
 *
 *     part w of J does every J-th way to deviate from the ordinary run, and all that goes on from there
 *
 *     shared memory: what each has done; the decisions of the run it is at; at how many decisions somebody has found a failure
 *     its pipe:      its result, at the end
 *
 * Always true:
 *  1. After a failure with d decisions, the others still do all their schedules with at most d; so the failure that is reported has the
 *     fewest decisions, whatever was faster.
 *  2. Whatever a child dies of, the decisions that led there are known. */

#pragma once

#include "simulator/cli/isolate.h"
#include "simulator/exhaust.h"

G_BEGIN_DECLS

typedef struct
{
  const TrioCliTarget         *target;
  const TrioSimExhaustOptions *options;
  guint                        jobs;
  guint64                      shard;         /* from 1; which part of the whole search this is */
  guint64                      shards;
  gint64                       stop_at;       /* monotonic time; G_MAXINT64 for never */
  void                       (*tick) (guint64 schedules, gpointer data);
  gpointer                     tick_data;
} TrioCliExhaustWork;

typedef struct
{
  TrioSimExhaust *sum;
  GHashTable     *goals;          /* name -> whether it held in some run */
  gboolean        interrupted;
  gboolean        found;
  TrioSimVerdict  verdict;
  char           *name;
  char           *message;
  guint64         run;            /* of the part that found it */
  TrioSchedule   *decisions;      /* by index, value and bound alone */
} TrioCliExhausted;

/* NULL: no run could be made, @error says why. */
TrioCliExhausted *trio_cli_exhaust_work (const TrioCliExhaustWork *work, GError **error);
void              trio_cli_exhausted_free (TrioCliExhausted *self);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (TrioCliExhausted, trio_cli_exhausted_free)

G_END_DECLS
