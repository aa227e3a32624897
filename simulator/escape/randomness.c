/* SPDX-License-Identifier: MIT OR Apache-2.0 */

/* Random numbers of a program in a run.
 *
 *     the task's path --+
 *     choice "random" --+--> the task's stream --> rand (), getrandom (), g_random_int () …, one after the other
 *     given seed -------+
 *
 * Each task has a stream of its own, so that what one draws does not depend on who ran before it: a schedule that is edited, or made smaller,
 * changes the order of tasks and not their numbers. The choice is asked when a task draws for the first time: one decision, and none if the
 * dull stream will do. (Asking for each number would put hundreds of decisions on the tape that mean nothing to anybody.) Who gives a seed,
 * as by srand (), wants the same numbers in each run: then there is nothing to choose, and all streams begin anew. Simulated threads have
 * streams of their own too, without a choice, since they cannot be asked. */

#include "simulator/escape/escape.h"

#include <string.h>

#include <trio/lowlevel/task.h>
#include <trio/seam/choice.h>
#include <trio/seam/strand.h>

#include "simulator/sim-world.h"
#include "simulator/strategy-chance.h"

static const guint32 weights[] = { 7, 1, 1, 1, 1, 1, 1, 1 };

static void
describe_stream (const TrioChoicePoint *point, guint32 value, GString *out)
{
  g_autofree char *path = trio_task_dup_path (point->task);

  g_string_append_printf (out, "the random numbers of %s were other ones (stream %u)", path, value);
}

static guint64
choose_stream (void)
{
  const TrioChoicePoint point = {
    .label = "random", .bound = G_N_ELEMENTS (weights), .weights = weights, .what = "random numbers", .describe = describe_stream,
  };

  return trio_choose (&point);
}

static guint64 *
state_of (TrioSimEscaping *self, TrioTask *task)
{
  guint64 serial = trio_task_get_serial (task);

  if (self->streams == NULL)
    self->streams = g_array_new (FALSE, TRUE, sizeof (guint64));
  if (serial >= self->streams->len)
    g_array_set_size (self->streams, (guint) serial + 1);
  return &g_array_index (self->streams, guint64, serial);
}

/* Never 0, which is a stream that has not begun. */
static guint64
begin_stream (const TrioSimEscaping *self, guint64 owner)
{
  guint64 stream = trio_strand_get_current () == NULL && self->seed == 0 ? choose_stream () : 0;

  return trio_sim_mix (trio_sim_mix (owner, stream), self->seed) | 1;
}

guint64
trio_sim_escape_draw (void)
{
  TrioSimWorld *world = trio_sim_escape_get_world ();
  TrioSimEscaping *self = &world->escaping;
  guint64 *state, begun;

  if (trio_strand_get_current () != NULL)
    {
      guint64 owner;

      state = trio_sim_threads_get_stream (&world->threads, &owner);
      if (*state == 0)
        *state = begin_stream (self, owner);
      return trio_sim_chance_split (state);
    }

  state = state_of (self, trio_current_task ());
  if (*state == 0)
    {
      trio_sim_escape_pause ();
      begun = begin_stream (self, trio_task_get_path_hash (trio_current_task ()));
      trio_sim_escape_go_on ();
      state = state_of (self, trio_current_task ());
      *state = begun;
    }
  return trio_sim_chance_split (state);
}

void
trio_sim_escape_fill (gpointer bytes, gsize size)
{
  char *at = bytes;

  while (size > 0)
    {
      guint64 word = GUINT64_TO_LE (trio_sim_escape_draw ());
      gsize n = MIN (size, sizeof word);

      memcpy (at, &word, n);
      at += n;
      size -= n;
    }
}

void
trio_sim_escape_seed (guint64 seed)
{
  TrioSimEscaping *self = &trio_sim_escape_get_world ()->escaping;

  self->seed = trio_sim_mix (1, seed) | 1;
  if (self->streams != NULL)
    g_array_set_size (self->streams, 0);
}
