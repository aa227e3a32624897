/* SPDX-License-Identifier: MIT OR Apache-2.0 */

/* Choosing schedules. See diverse.h. */

#include "simulator/cli/diverse.h"
#include "simulator/cli/os.h"
#include "simulator/watch.h"

#include <trio/lowlevel/instrument.h>

#define MARKS              64
#define POOL_FOR_EACH      16
#define POOL_MIN           64
#define POOL_MAX           2048

/* Of one run: for each of MARKS hash functions the smallest value of all its facts. 0 everywhere: it gave no report. */
typedef struct
{
  guint32 marks[MARKS];
} Sketch;

typedef struct
{
  TrioInstrument  instrument;
  Sketch          sketch;
  GArray         *steps;             /* of guint64: by serial of a task, how many it has taken */
  guint64         last;              /* which step of which task the last one was; 0: none yet */
} Sketcher;

typedef struct
{
  const TrioCliCampaign *campaign;
  Sketch                *sketches;   /* shared; by number of run, from 0 */
  Sketcher               sketcher;   /* in a worker */
} Pool;

/* --- in a worker --- */

static void
before_task_step (TrioInstrument *instrument, TrioTask *task)
{
  Sketcher *self = (Sketcher *) instrument;
  guint64 serial = trio_task_get_serial (task), now, fact;

  if (serial >= self->steps->len)
    g_array_set_size (self->steps, (guint) serial + 1);
  now = trio_sim_mix (trio_task_get_path_hash (task), ++g_array_index (self->steps, guint64, serial));
  fact = trio_sim_mix (self->last, now);
  for (guint i = 0; i < MARKS; i++)
    {
      fact = trio_sim_mix (fact, i + 1);
      self->sketch.marks[i] = MIN (self->sketch.marks[i], (guint32) (fact >> 32));
    }
  self->last = now;
}

/* The run's number is its seed; the first one is the ordinary run. */
static void
prepare (guint64 run, TrioSimOptions *options, gpointer data)
{
  const Pool *self = data;

  options->strategy = run == 1 ? "fifo" : "random";
  options->seed = run;
  options->instrument = (TrioInstrument *) &self->sketcher.instrument;
}

static void
begin_sketch (Sketcher *self)
{
  for (guint i = 0; i < MARKS; i++)
    self->sketch.marks[i] = G_MAXUINT32;
  g_array_set_size (self->steps, 0);
  self->last = 0;
  self->instrument.next = NULL;
}

static void
done (guint64 run, const TrioSimReport *report G_GNUC_UNUSED, const TrioCliFollow *follow G_GNUC_UNUSED, gpointer data)
{
  Pool *self = data;

  self->sketches[run - 1] = self->sketcher.sketch;
  begin_sketch (&self->sketcher);
}

/* --- choosing --- */

static guint
distance (const Sketch *a, const Sketch *b)
{
  guint n = 0;

  for (guint i = 0; i < MARKS; i++)
    n += a->marks[i] != b->marks[i];
  return n;
}

static gboolean
is_there (const Sketch *sketch)
{
  guint32 any = 0;

  for (guint i = 0; i < MARKS; i++)
    any |= sketch->marks[i];
  return any != 0;
}

/* Which of the pool is farthest from what was taken; the earliest of those. 0 if all are taken in the end, one way or another. */
static guint
farthest (const Sketch *sketches, guint n_pool, const guint *nearest)
{
  guint best = 0;

  for (guint i = 1; i < n_pool; i++)
    if (is_there (&sketches[i]) && nearest[i] > (best == 0 ? 0 : nearest[best]))
      best = i;
  return best;
}

static gboolean
record (const Pool *self, guint nth, GPtrArray *schedules, GError **error)
{
  TrioSimOptions options = { 0 };
  g_autoptr (TrioSimReport) report = NULL;

  prepare (nth + 1, &options, (gpointer) self);
  options.instrument = NULL;
  report = trio_cli_isolate (&self->campaign->target, &options, NULL, NULL, error);
  if (!report)
    return FALSE;
  g_ptr_array_add (schedules, g_steal_pointer (&report->schedule));
  return TRUE;
}

static gboolean
choose (const Pool *self, guint n_pool, guint n, GPtrArray *schedules, GError **error)
{
  g_autofree guint *nearest = g_new (guint, n_pool);
  guint taken = 0;

  for (guint i = 0; i < n_pool; i++)
    nearest[i] = distance (&self->sketches[0], &self->sketches[i]);
  for (guint i = 0; i < n && (taken = farthest (self->sketches, n_pool, nearest)) != 0; i++)
    {
      if (!record (self, taken, schedules, error))
        return FALSE;
      for (guint k = 0; k < n_pool; k++)
        nearest[k] = MIN (nearest[k], distance (&self->sketches[taken], &self->sketches[k]));
    }
  return TRUE;
}

gboolean
trio_cli_diverse_schedules (const TrioCliCampaign *campaign, guint n, GPtrArray *schedules, GError **error)
{
  guint n_pool = CLAMP (n * POOL_FOR_EACH, POOL_MIN, POOL_MAX);
  Pool self = {
    .campaign = campaign, .sketches = trio_cli_share (n_pool * sizeof (Sketch)),
    .sketcher = { .instrument = { .name = "sketcher", .before_task_step = before_task_step },
                  .steps = g_array_new (FALSE, TRUE, sizeof (guint64)) },
  };
  TrioCliWork work = {
    .target = &campaign->target, .prepare = prepare, .prepare_data = &self, .first = 1, .stride = 1, .last = n_pool,
    .stop_at = G_MAXINT64, .jobs = campaign->jobs, .keep_going = TRUE, .done = done, .done_data = &self,
  };
  g_autoptr (TrioCliTally) tally = trio_cli_tally_new ();
  gboolean ok;

  begin_sketch (&self.sketcher);
  ok = trio_cli_work (&work, tally, error) && choose (&self, n_pool, n, schedules, error);
  g_array_unref (self.sketcher.steps);
  trio_cli_unshare (self.sketches, n_pool * sizeof (Sketch));
  return ok;
}
