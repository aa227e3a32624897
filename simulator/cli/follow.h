/* SPDX-License-Identifier: MIT OR Apache-2.0 */

/* What a run went through, as a set of small facts: its coverage. An instrument collects it while the run goes on; seen.h keeps what
 * all runs of a campaign went through.
 *
 *     pair       which task took a step after which other, and where each of them stood; which task woke which, and from what; which
 *                task touched an object after which other, and how
 *     state      what all living tasks wait in, at the end of a step
 *     point      a task at a checkpoint: who, and in which operation
 *     noticed    the same, where a cancellation or Ctrl-C came out of it
 *
 * Always true:
 *  1. A fact is a number made of names: the same in every run, process and build. Tasks that differ only in their number (handler#2,
 *     handler#3) are one: a hundred handlers have no more to show than two.
 *  2. A fact is counted once in a run, however often it happens.
 *  3. An object's name is who made it, and the how-manieth that was for that task. Those that were there before the run have one name.
 *
 * The idea is Lu, Tucek, Qin and Zhou's (AVIO, ASPLOS 2006) and, as a measure of tests, Hong, Ahn, Park, Kim and Harrold's (ISSTA 2012):
 * a bug of order shows as a pair that was not there before. */

#pragma once

#include <trio/lowlevel/instrument.h>

G_BEGIN_DECLS

typedef enum
{
  TRIO_CLI_FACT_PAIR,
  TRIO_CLI_FACT_STATE,
  TRIO_CLI_FACT_POINT,
  TRIO_CLI_FACT_NOTICED,
} TrioCliFactKind;

#define TRIO_CLI_FACT_KINDS    4
/* The kind stands in a fact's lowest bits. */
#define TRIO_CLI_FACT_KIND(f)  ((TrioCliFactKind) ((f) & (TRIO_CLI_FACT_KINDS - 1)))

typedef struct _TrioCliFollow TrioCliFollow;

/* As long as there is one, the process notes what steps touch. */
TRIO_API TrioCliFollow  *trio_cli_follow_new       (void);
TRIO_API void            trio_cli_follow_free      (TrioCliFollow *self);
/* Forgets the last run. (transfer none): for the next one's options. */
TRIO_API TrioInstrument *trio_cli_follow_begin     (TrioCliFollow *self);
/* The facts of the run, in the order in which they first happened. None of them is 0. */
TRIO_API const guint64  *trio_cli_follow_get_facts (const TrioCliFollow *self, gsize *n_facts);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (TrioCliFollow, trio_cli_follow_free)

G_END_DECLS
