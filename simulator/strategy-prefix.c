/* SPDX-License-Identifier: MIT OR Apache-2.0 */

/* The first steps of a run as a schedule has them, the rest from another strategy: what else could have come of it from there on?
 *
 *     step 1 … n                         replayed, and all that is decided in them
 *     who takes step n + 1, and so on    the suffix's
 *
 * The suffix begins with a clean memory: what it keeps in a question's note is its own, from its first question on, since nothing of the
 * replay is asked any more. It injects only what it may, even if the schedule needs more kinds to be asked.
 *
 * Sources: the failure-probability graph of FoundationDB's simulator (a seed that is drawn anew from a given time on); what is made of
 * it here is explain.h of the command line. */

#include "simulator/strategy.h"

typedef struct
{
  TrioSimStrategy  strategy;
  TrioSimStrategy *replay;
  TrioSimStrategy *suffix;
  TrioSimInject    suffix_inject;
  guint64          n_steps;
  GHashTable      *notes;         /* of Note, by itself; only looked up */
} Prefix;

/* The suffix's note for one path and label. */
typedef struct
{
  gint64   key;
  gpointer note;
} Note;

/* Who takes step n + 1 is asked after n steps; all else belongs to the step that was counted last. */
static gboolean
is_in_prefix (const Prefix *self, const TrioSimQuestion *question)
{
  guint64 step = question->point->step;

  return question->label->kind == TRIO_SIM_LABEL_SCHEDULE ? step < self->n_steps : step <= self->n_steps && self->n_steps > 0;
}

static gboolean
may_inject (const Prefix *self, TrioSimLabelKind kind)
{
  switch (kind)
    {
    case TRIO_SIM_LABEL_CANCEL:
      return (self->suffix_inject & TRIO_SIM_INJECT_CANCEL) != 0;
    case TRIO_SIM_LABEL_INTERRUPT:
      return (self->suffix_inject & TRIO_SIM_INJECT_INTERRUPT) != 0;
    case TRIO_SIM_LABEL_FAULT:
      return (self->suffix_inject & TRIO_SIM_INJECT_FAULT) != 0;
    case TRIO_SIM_LABEL_SCHEDULE:
    case TRIO_SIM_LABEL_OTHER:
      return TRUE;
    }
  return TRUE;
}

/* The replay may have left its mark in the note of this path and label. */
static gpointer *
own_note (Prefix *self, const TrioSimQuestion *question)
{
  gint64 key = (gint64) trio_sim_mix (question->path_hash, question->label->hash);
  Note *own = g_hash_table_lookup (self->notes, &key);

  if (own == NULL)
    {
      own = g_new (Note, 1);
      *own = (Note) { key, NULL };
      g_hash_table_add (self->notes, own);
    }
  return &own->note;
}

static guint32
answer (TrioSimStrategy *strategy, const TrioSimQuestion *question)
{
  Prefix *self = (Prefix *) strategy;
  TrioSimQuestion own = *question;

  if (is_in_prefix (self, question))
    return self->replay->answer (self->replay, question);
  if (!may_inject (self, question->label->kind))
    return 0;
  own.note = own_note (self, question);
  return self->suffix->answer (self->suffix, &own);
}

static guint
get_unmatched (TrioSimStrategy *strategy)
{
  Prefix *self = (Prefix *) strategy;

  return self->replay->get_unmatched (self->replay);
}

static void
free_prefix (TrioSimStrategy *strategy)
{
  Prefix *self = (Prefix *) strategy;

  self->replay->free (self->replay);
  self->suffix->free (self->suffix);
  g_hash_table_unref (self->notes);
  g_free (self);
}

TrioSimStrategy *
trio_sim_strategy_new_prefix (const TrioSchedule *schedule, guint64 n_steps, TrioSimStrategy *suffix, TrioSimInject suffix_inject)
{
  Prefix *self = g_new (Prefix, 1);

  *self = (Prefix) {
    .strategy = { .answer = answer, .get_unmatched = get_unmatched, .free = free_prefix },
    .replay = trio_sim_strategy_new_replay (schedule),
    .suffix = suffix,
    .suffix_inject = suffix_inject,
    .n_steps = n_steps,
    .notes = g_hash_table_new_full (g_int64_hash, g_int64_equal, g_free, NULL),
  };
  return &self->strategy;
}
