/* SPDX-License-Identifier: MIT OR Apache-2.0 */

/* Every tape once, in the order of how many of its answers are not dull.
 *
 *     level 0     the ordinary run
 *     level d     a run of level d-1, and one question behind its last deviation gets another answer than the dull one
 *
 * A tape has one last deviation, so it is reached on one way; that is why none comes twice, and none is missing. A run of the last
 * level only says whether there would be a next one.
 *
 * Kept of each run that is to be continued: its deviations, and of each question behind the last one how many answers it has and who
 * asked what. */

#include "simulator/exhaust.h"

#include <string.h>

#include "simulator/strategy.h"

typedef struct
{
  guint32 index;
  guint32 value;
} Deviation;

typedef struct
{
  guint32 bound;      /* 1: not varied */
  guint32 tag;        /* of label, path and ordinal */
} Asked;

/* One run. */
typedef struct
{
  Deviation *deviations;
  Asked     *asked;            /* behind the last deviation */
  guint      n_deviations;
  guint      n_asked;
} Tape;

typedef struct
{
  TrioSimStrategy              strategy;
  TrioSimExhaust              *result;
  const TrioSimExhaustOptions *options;
  Deviation                   *forced;
  guint                        n_forced;
  guint                        next;           /* of the forced ones */
  guint32                      expected_tag;   /* of the last one */
  gboolean                     diverged;
  GArray                      *asked;          /* behind the last of them */
  guint64                      n_jobs;         /* of level 1, to be split */
  gboolean                     more;           /* a run of this level has something to vary behind its last deviation */
} Bounded;

static guint32
tag_of (const TrioSimQuestion *question)
{
  guint64 hash = trio_sim_mix (trio_sim_mix (question->path_hash, question->label->hash), question->ordinal);

  return (guint32) (hash ^ (hash >> 32));
}

static guint32
give_forced (Bounded *self, const TrioSimQuestion *question)
{
  const Deviation *deviation = &self->forced[self->next++];
  gboolean is_last = self->next == self->n_forced;

  if (deviation->value < question->point->bound && (!is_last || tag_of (question) == self->expected_tag))
    return deviation->value;
  self->diverged = TRUE;
  return 0;
}

static guint32
answer (TrioSimStrategy *strategy, const TrioSimQuestion *question)
{
  Bounded *self = (Bounded *) strategy;
  Asked asked = { question->point->bound, 0 };

  if (self->next < self->n_forced)
    return question->index == self->forced[self->next].index ? give_forced (self, question) : 0;
  if (self->options->held != NULL && trio_sim_exhaust_holds (self->result, self->options, question->label->name))
    asked.bound = 1;
  else
    {
      asked.tag = tag_of (question);
      self->more = TRUE;
    }
  g_array_append_val (self->asked, asked);
  return 0;
}

static void
free_nothing (TrioSimStrategy *strategy G_GNUC_UNUSED)
{
}

/* FALSE: the search stops. `counts`: this part counts it. */
static gboolean
run (Bounded *self, Deviation *forced, guint n_forced, guint32 tag, gboolean counts, GError **error)
{
  TrioSimReport *report = NULL;

  if (!trio_sim_exhaust_may_run (self->result, self->options))
    return FALSE;
  self->forced = forced;
  self->n_forced = n_forced;
  self->next = 0;
  self->expected_tag = tag;
  self->diverged = FALSE;
  g_array_set_size (self->asked, 0);
  if (!trio_sim_exhaust_run (self->result, self->options, &self->strategy, NULL, &report, error))
    return FALSE;
  if (self->diverged || self->next < n_forced)
    {
      trio_sim_exhaust_diverge (self->result, report);
      return FALSE;
    }
  if (counts)
    return trio_sim_exhaust_take (self->result, self->options, report);
  self->result->runs--;
  self->result->steps -= report->steps;
  trio_sim_report_free (report);
  return TRUE;
}

static void
tape_free (gpointer data)
{
  Tape *tape = data;

  g_free (tape->deviations);
  g_free (tape->asked);
  g_free (tape);
}

/* Of the run just made. */
static void
keep (Bounded *self, GPtrArray *level)
{
  Tape *tape = g_new (Tape, 1);

  *tape = (Tape) {
    .deviations = g_memdup2 (self->forced, self->n_forced * sizeof (Deviation)),
    .n_deviations = self->n_forced,
    .asked = g_memdup2 (self->asked->data, self->asked->len * sizeof (Asked)),
    .n_asked = self->asked->len,
  };
  g_ptr_array_add (level, tape);
}

static gboolean
is_ours (Bounded *self, guint level)
{
  return level != 1 || self->options->parts < 2 || self->n_jobs++ % self->options->parts == self->options->part;
}

/* All runs that differ from tape in one more answer. */
static gboolean
continue_tape (Bounded *self, const Tape *tape, GPtrArray *next, GError **error)
{
  guint level = tape->n_deviations + 1;
  guint32 first = tape->n_deviations > 0 ? tape->deviations[tape->n_deviations - 1].index + 1 : 0;
  g_autofree Deviation *forced = g_new (Deviation, level);

  if (tape->n_deviations > 0)
    memcpy (forced, tape->deviations, tape->n_deviations * sizeof (Deviation));
  for (guint i = 0; i < tape->n_asked; i++)
    for (guint32 value = 1; value < tape->asked[i].bound; value++)
      {
        if (!is_ours (self, level))
          continue;
        forced[level - 1] = (Deviation) { first + i, value };
        if (!run (self, forced, level, tape->asked[i].tag, TRUE, error))
          return FALSE;
        if (self->options->deviations < 0 || level < (guint) self->options->deviations)
          keep (self, next);
      }
  return TRUE;
}

/* FALSE: the search has stopped. */
static gboolean
do_levels (Bounded *self, GPtrArray **level, GError **error)
{
  if (!run (self, NULL, 0, 0, self->options->part == 0, error))
    return FALSE;
  keep (self, *level);
  for (gint64 d = 0;; d++)
    {
      g_autoptr (GPtrArray) next = g_ptr_array_new_with_free_func (tape_free);

      self->result->complete = d;
      if (!self->more || d == self->options->deviations)
        break;
      self->more = FALSE;
      for (guint i = 0; i < (*level)->len; i++)
        {
          if (!continue_tape (self, (*level)->pdata[i], next, error))
            return FALSE;
          /* It is not needed any more, and there may be many. */
          tape_free (g_steal_pointer (&(*level)->pdata[i]));
        }
      g_ptr_array_set_free_func (*level, NULL);
      g_ptr_array_unref (*level);
      *level = g_steal_pointer (&next);
    }
  self->result->outcome = self->more ? TRIO_SIM_BOUNDED : TRIO_SIM_EXHAUSTED;
  return TRUE;
}

static void
free_level (GPtrArray *level)
{
  g_ptr_array_set_free_func (level, NULL);
  for (guint i = 0; i < level->len; i++)
    if (level->pdata[i] != NULL)
      tape_free (level->pdata[i]);
  g_ptr_array_unref (level);
}

gboolean
trio_sim_exhaust_bounded (TrioSimExhaust *result, const TrioSimExhaustOptions *options, GError **error)
{
  Bounded self = {
    .strategy = { .answer = answer, .free = free_nothing, .name = "exhaust" },
    .result = result,
    .options = options,
    .asked = g_array_new (FALSE, FALSE, sizeof (Asked)),
  };
  GPtrArray *level = g_ptr_array_new ();
  GError *failure = NULL;

  (void) do_levels (&self, &level, &failure);
  free_level (level);
  g_array_unref (self.asked);
  if (failure == NULL)
    return TRUE;
  g_propagate_error (error, failure);
  return FALSE;
}
