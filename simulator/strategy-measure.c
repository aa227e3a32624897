/* SPDX-License-Identifier: MIT OR Apache-2.0 */

/* The measuring run; see strategy-measure.h. It is the ordinary run, whose questions and steps are counted. */

#include "simulator/strategy-measure.h"

#include <trio/lowlevel/instrument.h>

struct _TrioSimProbe
{
  TrioSimStrategy  strategy;
  TrioInstrument   instrument;
  TrioSimMeasure  *measure;
  GArray          *by_serial;      /* of guint: where in measure->tasks a task is, plus 1 */
};

#define PROBE_OF_INSTRUMENT(i) ((TrioSimProbe *) ((char *) (i) - G_STRUCT_OFFSET (TrioSimProbe, instrument)))

static guint32
answer (TrioSimStrategy *strategy, const TrioSimQuestion *question)
{
  TrioSimMeasure *measure = ((TrioSimProbe *) strategy)->measure;

  switch (question->label->kind)
    {
    case TRIO_SIM_LABEL_SCHEDULE:
      measure->n_schedules++;
      break;
    case TRIO_SIM_LABEL_CANCEL:
      measure->n_cancels++;
      break;
    case TRIO_SIM_LABEL_INTERRUPT:
      measure->n_interrupts++;
      break;
    case TRIO_SIM_LABEL_FAULT:
      measure->n_faults++;
      break;
    case TRIO_SIM_LABEL_OTHER:
      break;
    }
  return 0;
}

static void
task_spawned (TrioInstrument *instrument, TrioTask *task)
{
  TrioSimProbe *probe = PROBE_OF_INSTRUMENT (instrument);
  TrioTask *parent = trio_task_get_parent (task);
  guint *place = trio_sim_task_note (probe->by_serial, task);
  const TrioSimTaskMeasure fresh = {
    .path_hash = trio_task_get_path_hash (task),
    .parent_hash = parent == NULL ? 0 : trio_task_get_path_hash (parent),
  };

  g_array_append_val (probe->measure->tasks, fresh);
  *place = probe->measure->tasks->len;
}

static void
before_task_step (TrioInstrument *instrument, TrioTask *task)
{
  TrioSimProbe *probe = PROBE_OF_INSTRUMENT (instrument);
  guint place = *(guint *) trio_sim_task_note (probe->by_serial, task);

  probe->measure->n_steps++;
  if (place > 0)
    g_array_index (probe->measure->tasks, TrioSimTaskMeasure, place - 1).steps++;
}

static void
free_nothing (TrioSimStrategy *strategy G_GNUC_UNUSED)
{
}

TrioSimProbe *
trio_sim_probe_new (void)
{
  TrioSimProbe *probe = g_new0 (TrioSimProbe, 1);

  probe->strategy = (TrioSimStrategy) { .answer = answer, .free = free_nothing, .name = "fifo" };
  probe->instrument = (TrioInstrument) { .name = "probe", .task_spawned = task_spawned, .before_task_step = before_task_step };
  probe->measure = g_new0 (TrioSimMeasure, 1);
  probe->measure->tasks = g_array_new (FALSE, FALSE, sizeof (TrioSimTaskMeasure));
  probe->by_serial = trio_sim_task_notes_new (sizeof (guint));
  return probe;
}

TrioInstrument *
trio_sim_probe_get_instrument (TrioSimProbe *probe)
{
  return &probe->instrument;
}

TrioSimStrategy *
trio_sim_probe_get_strategy (TrioSimProbe *probe)
{
  return &probe->strategy;
}

TrioSimMeasure *
trio_sim_probe_finish (TrioSimProbe *probe)
{
  TrioSimMeasure *measure = probe->measure;

  g_array_unref (probe->by_serial);
  g_free (probe);
  return measure;
}

void
trio_sim_measure_free (TrioSimMeasure *measure)
{
  if (measure == NULL)
    return;
  g_array_unref (measure->tasks);
  g_free (measure);
}
