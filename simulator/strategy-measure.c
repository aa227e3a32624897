/* SPDX-License-Identifier: MIT OR Apache-2.0 */

/* The measuring run; see strategy-measure.h. It is the ordinary run, whose questions and steps are counted. */

#include "simulator/strategy-measure.h"

#include "simulator/memory.h"
#include "simulator/strategy-memory.h"

#include <string.h>

#include <trio/lowlevel/instrument.h>

#define TOUCHES_MAX 65536      /* what is touched later than this many touches is not guessed at */

/* An object is an address, until it is created anew there. */
typedef struct
{
  gconstpointer address;
  guint32       id;
  guint         task;          /* that touched it first */
  gboolean      shared;
} Object;

struct _TrioSimProbe
{
  TrioSimStrategy  strategy;
  TrioInstrument   instrument;
  TrioSimMeasure  *measure;
  GArray          *by_serial;      /* of guint: where in measure->tasks a task is, plus 1 */
  GArray          *objects;        /* of Object, by id */
  GHashTable      *by_address;     /* address -> id plus 1; only looked up */
  TrioSimWords    *words;
};

#define PROBE_OF_INSTRUMENT(i) ((TrioSimProbe *) ((char *) (i) - G_STRUCT_OFFSET (TrioSimProbe, instrument)))

static guint32
answer (TrioSimStrategy *strategy, const TrioSimQuestion *question)
{
  TrioSimMeasure *measure = ((TrioSimProbe *) strategy)->measure;

  switch (question->label->kind)
    {
    case TRIO_SIM_LABEL_CANCEL:
      measure->n_cancels++;
      break;
    case TRIO_SIM_LABEL_INTERRUPT:
      measure->n_interrupts++;
      break;
    case TRIO_SIM_LABEL_FAULT:
      measure->n_faults++;
      break;
    case TRIO_SIM_LABEL_SCHEDULE:
    case TRIO_SIM_LABEL_OTHER:
      break;
    }
  return 0;
}

static guint
index_of (TrioSimProbe *probe, TrioTask *task)
{
  /* Zero less one is TRIO_SIM_NO_TASK. */
  return *(guint *) trio_sim_task_note (probe->by_serial, task) - 1;
}

static void
task_spawned (TrioInstrument *instrument, TrioTask *task)
{
  TrioSimProbe *probe = PROBE_OF_INSTRUMENT (instrument);
  TrioTask *parent = trio_task_get_parent (task);
  guint *place;
  const TrioSimTaskMeasure fresh = {
    .path_hash = trio_task_get_path_hash (task),
    .parent = parent == NULL ? TRIO_SIM_NO_TASK : index_of (probe, parent),
  };

  g_array_append_val (probe->measure->tasks, fresh);
  place = trio_sim_task_note (probe->by_serial, task);
  *place = probe->measure->tasks->len;
  trio_sim_words_add_task (probe->words, task, probe->measure->tasks->len - 1);
}

static void
task_exited (TrioInstrument *instrument, TrioTask *task, const GError *error G_GNUC_UNUSED)
{
  trio_sim_words_drop_task (PROBE_OF_INSTRUMENT (instrument)->words, task);
}

static void
before_task_step (TrioInstrument *instrument, TrioTask *task)
{
  TrioSimProbe *probe = PROBE_OF_INSTRUMENT (instrument);
  guint index = index_of (probe, task);

  probe->measure->n_steps++;
  if (index != TRIO_SIM_NO_TASK)
    g_array_index (probe->measure->tasks, TrioSimTaskMeasure, index).steps++;
}

static Object *
object_at (TrioSimProbe *probe, gconstpointer address, gboolean is_new, guint task)
{
  guint id = GPOINTER_TO_UINT (g_hash_table_lookup (probe->by_address, address));

  if (id == 0 || is_new)
    {
      const Object fresh = { .address = address, .id = probe->objects->len, .task = task };

      g_array_append_val (probe->objects, fresh);
      id = probe->objects->len;
      g_hash_table_insert (probe->by_address, (gpointer) address, GUINT_TO_POINTER (id));
    }
  return &g_array_index (probe->objects, Object, id - 1);
}

/* The step that it is in, from 0. */
static guint
step_of (TrioSimProbe *probe, guint index)
{
  guint64 steps = g_array_index (probe->measure->tasks, TrioSimTaskMeasure, index).steps;

  return (guint) (steps - (steps > 0));
}

static void
accessed (TrioInstrument *instrument, TrioTask *task, gconstpointer address, TrioAccess access)
{
  TrioSimProbe *probe = PROBE_OF_INSTRUMENT (instrument);
  guint index = task == NULL ? TRIO_SIM_NO_TASK : index_of (probe, task);

  if (index == TRIO_SIM_NO_TASK || access == TRIO_ACCESS_UNKNOWN || probe->measure->touches->len >= TOUCHES_MAX)
    return;

  Object *object = object_at (probe, address, access == TRIO_ACCESS_CREATE, index);
  const TrioSimTouched touched = {
    .task = index, .step = step_of (probe, index), .object = object->id, .changes = access != TRIO_ACCESS_READ,
  };

  object->shared |= object->task != index;
  g_array_append_val (probe->measure->touches, touched);
}

/* A load or store of the program. */
static void
touch_memory (gpointer listener, gconstpointer address, gsize size, gboolean writes)
{
  TrioSimProbe *probe = listener;
  TrioTask *task = trio_current_task ();
  guint index = task == NULL ? TRIO_SIM_NO_TASK : index_of (probe, task);

  if (index != TRIO_SIM_NO_TASK)
    trio_sim_words_touch (probe->words, index, step_of (probe, index), address, size, writes);
}

static void
free_nothing (TrioSimStrategy *strategy G_GNUC_UNUSED)
{
}

static TrioSimMeasure *
measure_new (void)
{
  TrioSimMeasure *measure = g_new0 (TrioSimMeasure, 1);

  measure->tasks = g_array_new (FALSE, FALSE, sizeof (TrioSimTaskMeasure));
  measure->touches = g_array_new (FALSE, FALSE, sizeof (TrioSimTouched));
  measure->by_path = g_hash_table_new (g_int64_hash, g_int64_equal);
  return measure;
}

TrioSimProbe *
trio_sim_probe_new (void)
{
  TrioSimProbe *probe = g_new0 (TrioSimProbe, 1);

  probe->strategy = (TrioSimStrategy) { .answer = answer, .free = free_nothing, .name = "fifo" };
  probe->instrument = (TrioInstrument) {
    .name = "probe", .task_spawned = task_spawned, .before_task_step = before_task_step, .task_exited = task_exited,
    .accessed = accessed,
  };
  probe->measure = measure_new ();
  probe->objects = g_array_new (FALSE, FALSE, sizeof (Object));
  probe->by_address = g_hash_table_new (NULL, NULL);
  probe->words = trio_sim_words_new (probe->measure);
  trio_watch_accesses (TRUE);
  trio_sim_memory_listen (touch_memory, probe);
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

/* --- what was seen, put in order --- */

static int
compare_touches (gconstpointer a, gconstpointer b)
{
  const TrioSimTouched *x = a, *y = b;

  if (x->task != y->task)
    return x->task < y->task ? -1 : 1;
  if (x->step != y->step)
    return x->step < y->step ? -1 : 1;
  if (x->object != y->object)
    return x->object < y->object ? -1 : 1;
  return x->changes > y->changes ? -1 : x->changes < y->changes;
}

/* Only objects that several tasks touch say anything about an order. They get numbers of their own. */
static guint32
number_shared (TrioSimProbe *probe)
{
  guint32 n = 0;

  for (guint i = 0; i < probe->objects->len; i++)
    {
      Object *object = &g_array_index (probe->objects, Object, i);

      if (object->shared)
        object->id = n++;
    }
  return n;
}

/* Each step and object once; the first of the same kind is the one that changes it, if any does. */
static void
settle_touches (TrioSimProbe *probe)
{
  GArray *touches = probe->measure->touches;
  guint n = 0;

  probe->measure->n_objects = number_shared (probe);
  for (guint i = 0; i < touches->len; i++)
    {
      TrioSimTouched touched = g_array_index (touches, TrioSimTouched, i);
      const Object *object = &g_array_index (probe->objects, Object, touched.object);

      touched.object = object->id;
      if (object->shared)
        g_array_index (touches, TrioSimTouched, n++) = touched;
    }
  g_array_set_size (touches, n);
  probe->measure->n_objects = trio_sim_words_settle (probe->words, touches, probe->measure->n_objects);
  g_array_sort (touches, compare_touches);

  n = 0;
  for (guint i = 0; i < touches->len; i++)
    {
      const TrioSimTouched *touched = &g_array_index (touches, TrioSimTouched, i);
      const TrioSimTouched *last = n == 0 ? NULL : &g_array_index (touches, TrioSimTouched, n - 1);

      if (last == NULL || last->task != touched->task || last->step != touched->step || last->object != touched->object)
        g_array_index (touches, TrioSimTouched, n++) = *touched;
    }
  g_array_set_size (touches, n);
}

static void
index_tasks (TrioSimMeasure *measure)
{
  for (guint i = 0; i < measure->tasks->len; i++)
    g_hash_table_insert (measure->by_path, &g_array_index (measure->tasks, TrioSimTaskMeasure, i).path_hash, GUINT_TO_POINTER (i + 1));
}

static void
settle_tasks (TrioSimMeasure *measure)
{
  guint at = 0;

  for (guint i = 0; i < measure->tasks->len; i++)
    {
      TrioSimTaskMeasure *task = &g_array_index (measure->tasks, TrioSimTaskMeasure, i);

      task->subtree = task->steps;
      for (task->touches = at; at < measure->touches->len && g_array_index (measure->touches, TrioSimTouched, at).task == i; at++)
        task->n_touches++;
    }
  /* Children are born after their parents. */
  for (guint i = measure->tasks->len; i-- > 0;)
    {
      const TrioSimTaskMeasure *task = &g_array_index (measure->tasks, TrioSimTaskMeasure, i);

      if (task->parent != TRIO_SIM_NO_TASK)
        g_array_index (measure->tasks, TrioSimTaskMeasure, task->parent).subtree += task->subtree;
    }
}

TrioSimMeasure *
trio_sim_probe_finish (TrioSimProbe *probe)
{
  TrioSimMeasure *measure = probe->measure;

  trio_watch_accesses (FALSE);
  trio_sim_memory_listen (NULL, NULL);
  settle_touches (probe);
  settle_tasks (measure);
  index_tasks (measure);
  g_array_unref (probe->by_serial);
  g_array_unref (probe->objects);
  g_hash_table_unref (probe->by_address);
  g_free (probe);
  return measure;
}

/* --- asking --- */

guint
trio_sim_measure_find (const TrioSimMeasure *measure, TrioTask *task)
{
  guint64 path_hash = trio_task_get_path_hash (task);

  /* Zero less one is TRIO_SIM_NO_TASK. */
  return measure == NULL ? TRIO_SIM_NO_TASK : GPOINTER_TO_UINT (g_hash_table_lookup (measure->by_path, &path_hash)) - 1;
}

/* Where the touches of a step begin; *end: where they end. */
static guint
find_step (const TrioSimMeasure *measure, guint index, guint step, guint *end)
{
  const TrioSimTaskMeasure *task = &g_array_index (measure->tasks, TrioSimTaskMeasure, index);
  guint low = task->touches, high = task->touches + task->n_touches;

  *end = high;
  while (low < high)
    {
      guint middle = low + (high - low) / 2;

      if (g_array_index (measure->touches, TrioSimTouched, middle).step < step)
        low = middle + 1;
      else
        high = middle;
    }
  for (high = low; high < *end && g_array_index (measure->touches, TrioSimTouched, high).step == step;)
    high++;
  *end = high;
  return low;
}

gboolean
trio_sim_measure_touches (const TrioSimMeasure *measure, guint task, guint step, guint32 object)
{
  guint end;

  for (guint i = find_step (measure, task, step, &end); i < end; i++)
    if (g_array_index (measure->touches, TrioSimTouched, i).object == object)
      return TRUE;
  return FALSE;
}

gboolean
trio_sim_measure_conflicts (const TrioSimMeasure *measure, guint task, guint step, guint other_task, guint other_step)
{
  guint end, other_end;
  guint i = find_step (measure, task, step, &end);
  guint j = find_step (measure, other_task, other_step, &other_end);

  while (i < end && j < other_end)
    {
      const TrioSimTouched *x = &g_array_index (measure->touches, TrioSimTouched, i);
      const TrioSimTouched *y = &g_array_index (measure->touches, TrioSimTouched, j);

      if (x->object == y->object && (x->changes || y->changes))
        return TRUE;
      i += x->object <= y->object;
      j += y->object <= x->object;
    }
  return FALSE;
}

/* --- as bytes --- */

typedef struct
{
  guint64 n_cancels, n_interrupts, n_faults, n_steps;
  guint32 n_objects, n_tasks, n_touches;
} Header;

GBytes *
trio_sim_measure_to_bytes (const TrioSimMeasure *measure)
{
  const Header header = {
    measure->n_cancels, measure->n_interrupts, measure->n_faults, measure->n_steps, measure->n_objects, measure->tasks->len,
    measure->touches->len,
  };
  GByteArray *bytes = g_byte_array_new ();

  g_byte_array_append (bytes, (const guint8 *) &header, sizeof header);
  g_byte_array_append (bytes, (const guint8 *) measure->tasks->data, measure->tasks->len * (guint) sizeof (TrioSimTaskMeasure));
  g_byte_array_append (bytes, (const guint8 *) measure->touches->data, measure->touches->len * (guint) sizeof (TrioSimTouched));
  return g_byte_array_free_to_bytes (bytes);
}

TrioSimMeasure *
trio_sim_measure_from_bytes (GBytes *bytes)
{
  gsize size;
  const guint8 *data = g_bytes_get_data (bytes, &size);
  Header header;
  TrioSimMeasure *measure;

  if (size < sizeof header)
    return NULL;
  memcpy (&header, data, sizeof header);
  if (size != sizeof header + header.n_tasks * sizeof (TrioSimTaskMeasure) + header.n_touches * sizeof (TrioSimTouched))
    return NULL;

  measure = measure_new ();
  measure->n_cancels = header.n_cancels;
  measure->n_interrupts = header.n_interrupts;
  measure->n_faults = header.n_faults;
  measure->n_steps = header.n_steps;
  measure->n_objects = header.n_objects;
  data += sizeof header;
  g_array_append_vals (measure->tasks, data, header.n_tasks);
  g_array_append_vals (measure->touches, data + header.n_tasks * sizeof (TrioSimTaskMeasure), header.n_touches);
  index_tasks (measure);
  return measure;
}

void
trio_sim_measure_free (TrioSimMeasure *measure)
{
  if (measure == NULL)
    return;
  g_array_unref (measure->tasks);
  g_array_unref (measure->touches);
  g_hash_table_unref (measure->by_path);
  g_free (measure);
}
