/* SPDX-License-Identifier: MIT OR Apache-2.0 */

/* Obligations and the liveness phase; see liveness.h. */

#include "simulator/liveness.h"

#include "simulator/sim-world.h"

static void
free_obligation (TrioSimObligation *self)
{
  g_queue_unlink (&self->liveness->open, &self->link);
  g_free (self->name);
  g_free (self);
}

static void
meet (TrioObligation *obligation)
{
  free_obligation ((TrioSimObligation *) obligation);
}

void
trio_sim_liveness_init (TrioSimLiveness *self, TrioSimClock *clock, TrioSimTape *tape, const TrioSimOptions *options)
{
  *self = (TrioSimLiveness) {
    .clock = clock, .tape = tape, .heal_after = options->heal_after, .heal_within = options->heal_within, .healed_at = G_MAXINT64,
  };
}

void
trio_sim_liveness_clear (TrioSimLiveness *self)
{
  while (self->open.head != NULL)
    free_obligation (self->open.head->data);
}

TrioObligation *
trio_sim_liveness_oblige (TrioSimLiveness *self, GTimeSpan within, const char *name, const char *where)
{
  TrioSimObligation *obligation = g_new (TrioSimObligation, 1);

  *obligation = (TrioSimObligation) {
    .obligation = { meet },
    .liveness = self,
    .link = { .data = obligation },
    .name = g_strdup (name),
    .where = where,
    .since = self->clock->now,
    .within = within,
  };
  g_queue_push_tail_link (&self->open, &obligation->link);
  return &obligation->obligation;
}

void
trio_sim_liveness_heal (TrioSimLiveness *self)
{
  if (self->healed_at != G_MAXINT64)
    return;
  self->healed_at = self->clock->now;
  trio_sim_tape_heal (self->tape, TRUE);
}

gint64
trio_sim_liveness_get_healing (const TrioSimLiveness *self)
{
  return self->heal_after > 0 && self->healed_at == G_MAXINT64 ? self->heal_after : G_MAXINT64;
}

void
trio_sim_liveness_note (TrioSimLiveness *self)
{
  if (self->clock->now >= trio_sim_liveness_get_healing (self))
    trio_sim_liveness_heal (self);
}

gint64
trio_sim_liveness_get_due (const TrioSimLiveness *self, const TrioSimObligation **first)
{
  gint64 due = self->healed_at != G_MAXINT64 && self->heal_within > 0 ? trio_sim_time_after (self->healed_at, self->heal_within)
                                                                     : G_MAXINT64;

  *first = NULL;
  for (GList *link = self->healed_at == G_MAXINT64 ? NULL : self->open.head; link != NULL; link = link->next)
    {
      const TrioSimObligation *obligation = link->data;
      gint64 at = trio_sim_time_after (MAX (obligation->since, self->healed_at), obligation->within);

      if (at < due)
        {
          due = at;
          *first = obligation;
        }
    }
  return due;
}

void
trio_sim_heal (void)
{
  TrioSimWorld *world = trio_sim_world_get_current ();

  if (world != NULL)
    trio_sim_liveness_heal (&world->liveness);
}
