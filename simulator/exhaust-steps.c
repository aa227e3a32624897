/* SPDX-License-Identifier: MIT OR Apache-2.0 */

/* Steps and footprints; see exhaust-steps.h. */

#include "simulator/exhaust-steps.h"

#include <trio/lowlevel/access.h>
#include <trio/lowlevel/task.h>
#include <trio/run.h>
#include <trio/seam/world.h>

#include "simulator/memory.h"

/* What one task is to this run. */
typedef struct
{
  TrioTask *task;             /* NULL: it has ended */
  guint     index;
  int       waker;
  guint64   completes;
  guint64   n_made;           /* objects it has created */
  gboolean  is_ready;
} Living;

enum
{
  SALT_TASK = 1,
  SALT_MADE,
  SALT_PLACE,
  SALT_STACK,
};

static inline TrioSimSteps *
steps_of (TrioInstrument *instrument)
{
  return (TrioSimSteps *) (gpointer) ((char *) instrument - G_STRUCT_OFFSET (TrioSimSteps, instrument));
}

/* --- footprints --- */

void
trio_sim_footprint_init (TrioSimFootprint *footprint)
{
  *footprint = (TrioSimFootprint) { .touches = g_array_new (FALSE, FALSE, sizeof (TrioSimTouch)) };
}

void
trio_sim_footprint_clear (TrioSimFootprint *footprint)
{
  g_clear_pointer (&footprint->touches, g_array_unref);
}

static void
reset (TrioSimFootprint *footprint)
{
  g_array_set_size (footprint->touches, 0);
  footprint->mask = 0;
  footprint->heap = 0;
}

/* Where object is, or where it belongs. */
static guint
find (const GArray *touches, guint64 object)
{
  guint low = 0, high = touches->len;

  while (low < high)
    {
      guint middle = (low + high) / 2;

      if (g_array_index (touches, TrioSimTouch, middle).object < object)
        low = middle + 1;
      else
        high = middle;
    }
  return low;
}

static void
touch (TrioSimFootprint *footprint, guint64 object, guint32 kind)
{
  guint at = find (footprint->touches, object);

  if (at < footprint->touches->len && g_array_index (footprint->touches, TrioSimTouch, at).object == object)
    g_array_index (footprint->touches, TrioSimTouch, at).kind |= kind;
  else
    {
      TrioSimTouch one = { object, kind };

      g_array_insert_val (footprint->touches, at, one);
      footprint->mask |= (guint64) 1 << (object & 63);
    }
  if (kind & TRIO_SIM_HEAP)
    footprint->heap |= kind;
}

void
trio_sim_footprint_join (TrioSimFootprint *footprint, const TrioSimFootprint *other)
{
  for (guint i = 0; i < other->touches->len; i++)
    {
      const TrioSimTouch *one = &g_array_index (other->touches, TrioSimTouch, i);

      /* An address says nothing to another run. */
      if (one->kind & TRIO_SIM_HEAP)
        footprint->heap |= one->kind;
      else
        touch (footprint, one->object, one->kind);
    }
  footprint->heap |= other->heap;
}

/* Reads do not disturb reads, nor adds adds. */
static inline gboolean
kinds_conflict (guint32 a, guint32 b)
{
  const guint32 kinds = TRIO_SIM_READS | TRIO_SIM_ADDS | TRIO_SIM_WRITES;
  guint32 both = (a | b) & kinds;

  return both != TRIO_SIM_READS && both != TRIO_SIM_ADDS;
}

gboolean
trio_sim_footprints_conflict (const TrioSimFootprint *a, const TrioSimFootprint *b, gboolean same_run)
{
  guint i = 0, k = 0;

  if (!same_run && a->heap != 0 && b->heap != 0 && kinds_conflict (a->heap, b->heap))
    return TRUE;
  if ((a->mask & b->mask) == 0)
    return FALSE;
  while (i < a->touches->len && k < b->touches->len)
    {
      const TrioSimTouch *x = &g_array_index (a->touches, TrioSimTouch, i);
      const TrioSimTouch *y = &g_array_index (b->touches, TrioSimTouch, k);

      if (x->object == y->object && kinds_conflict (x->kind, y->kind) && (same_run || !((x->kind | y->kind) & TRIO_SIM_HEAP)))
        return TRUE;
      i += x->object <= y->object;
      k += y->object <= x->object;
    }
  return FALSE;
}

/* --- tasks --- */

static Living *
living_of (TrioSimSteps *self, TrioTask *task)
{
  guint64 serial = trio_task_get_serial (task);

  if (serial >= self->living->len)
    g_array_set_size (self->living, (guint) serial + 1);
  return &g_array_index (self->living, Living, serial);
}

static guint
index_of_path (TrioSimSteps *self, guint64 path_hash)
{
  gpointer key = GSIZE_TO_POINTER ((gsize) path_hash);
  guint index = GPOINTER_TO_UINT (g_hash_table_lookup (self->task_of_path, key));

  if (index == 0)
    {
      index = ++self->n_tasks;
      g_hash_table_insert (self->task_of_path, key, GUINT_TO_POINTER (index));
      if (index > TRIO_SIM_TASKS_MAX)
        self->irreducible = "there are more than 64 tasks";
    }
  return index - 1;
}

static void
set_name (TrioSimSteps *self, gconstpointer object, guint64 name)
{
  g_hash_table_insert (self->names, (gpointer) object, g_memdup2 (&name, sizeof name));
}

static void
task_spawned (TrioInstrument *instrument, TrioTask *task)
{
  TrioSimSteps *self = steps_of (instrument);
  Living *living = living_of (self, task);

  *living = (Living) { .task = task, .index = index_of_path (self, trio_task_get_path_hash (task)), .waker = -1 };
  set_name (self, task, trio_sim_mix (trio_task_get_path_hash (task), SALT_TASK));
}

static TrioSimFootprint *
current_footprint (TrioSimSteps *self)
{
  return &trio_sim_steps_get (self, self->n_steps - 1)->footprint;
}

/* How many could run besides those whom the world has woken since the last step. */
static gboolean
others_can_run (TrioSimSteps *self)
{
  TrioLoopStatistics statistics;

  trio_loop_get_statistics (trio_loop_get_current (), &statistics);
  return statistics.tasks_runnable > self->n_woken;
}

static void
task_scheduled (TrioInstrument *instrument, TrioTask *task, TrioTask *by)
{
  TrioSimSteps *self = steps_of (instrument);
  Living *living = living_of (self, task);

  living->is_ready = TRUE;
  if (by == NULL)
    {
      if (self->n_woken++ == 0)
        self->epoch++;
      if (others_can_run (self))
        self->irreducible = "something fell due while tasks could run";
      living->waker = -1;
      return;
    }
  if (by == task || !self->in_step)
    return;
  living->waker = (int) self->n_steps - 1;
  living->completes = self->completes;
  self->completes = 0;
  touch (current_footprint (self), trio_sim_mix (trio_task_get_path_hash (task), SALT_TASK), TRIO_SIM_WRITES);
}

/* --- objects --- */

const char *trio_sim_program_data[2];

/* A frame that tasks share is named after its owner and its depth: the stacks of two runs lie in different places. */
static gboolean
name_stack (TrioSimSteps *self, const char *address, guint64 *name)
{
  for (guint i = 0; i < self->living->len; i++)
    {
      const Living *living = &g_array_index (self->living, Living, i);
      const char *top = (const char *) living->task;

      if (top != NULL && address < top && (gsize) (top - address) <= TRIO_SIM_STACK_BYTES)
        {
          *name = trio_sim_mix (trio_sim_mix (SALT_STACK, living->index), (guint64) (top - address) / 8);
          return TRUE;
        }
    }
  return FALSE;
}

/* What nobody announced, by its place; *kind gets HEAP where that is good for this run only. */
static guint64
name_place (TrioSimSteps *self, const char *address, guint32 *kind)
{
  guint64 name = trio_sim_mix ((guint64) (gsize) address / 8, SALT_PLACE);

  if (!(address >= trio_sim_program_data[0] && address < trio_sim_program_data[1]) && !name_stack (self, address, &name))
    *kind |= TRIO_SIM_HEAP;
  return name;
}

static void
touch_object (TrioSimSteps *self, gconstpointer object, guint32 kind)
{
  const guint64 *made = g_hash_table_lookup (self->names, object);
  guint64 name = made != NULL ? *made : name_place (self, object, &kind);

  touch (current_footprint (self), name, kind);
}

static void
make_name (TrioSimSteps *self, TrioTask *task, gconstpointer object)
{
  guint64 *n_made = task != NULL ? &living_of (self, task)->n_made : &self->n_made_by_world;
  guint64 maker = task != NULL ? trio_task_get_path_hash (task) : 0;

  set_name (self, object, trio_sim_mix (trio_sim_mix (maker, ++*n_made), SALT_MADE));
}

static void
accessed (TrioInstrument *instrument, TrioTask *task, gconstpointer object, TrioAccess access)
{
  TrioSimSteps *self = steps_of (instrument);

  if (access == TRIO_ACCESS_CREATE)
    make_name (self, task, object);
  if (access == TRIO_ACCESS_UNKNOWN)
    self->irreducible = "a function was sent to the run from outside its tasks";
  if (task == NULL || !self->in_step)
    {
      /* The world: at an edge where nobody can run it is an epoch's end, and otherwise nothing that we know the place of. */
      if (task == NULL && self->n_steps > 0 && access != TRIO_ACCESS_READ && others_can_run (self))
        self->irreducible = "something fell due while tasks could run";
      return;
    }
  switch (access)
    {
    case TRIO_ACCESS_READ:
      touch_object (self, object, TRIO_SIM_READS);
      break;
    case TRIO_ACCESS_COMPLETE:
      self->completes = *(const guint64 *) g_hash_table_lookup (self->names, object);
      touch (current_footprint (self), self->completes, TRIO_SIM_ADDS);
      break;
    case TRIO_ACCESS_ADD:
      touch_object (self, object, TRIO_SIM_ADDS);
      break;
    case TRIO_ACCESS_WRITE:
    case TRIO_ACCESS_CREATE:
    case TRIO_ACCESS_UNKNOWN:
      touch_object (self, object, TRIO_SIM_WRITES);
      break;
    }
}

static void
interrupted (TrioInstrument *instrument)
{
  steps_of (instrument)->irreducible = "a Ctrl-C was injected";
}

/* --- memory --- */

static void
touch_word (TrioSimSteps *self, const char *address, gboolean writes)
{
  guint32 kind = writes ? TRIO_SIM_WRITES : TRIO_SIM_READS;
  guint64 name = name_place (self, address, &kind);

  touch (current_footprint (self), name, kind);
}

static void
touch_memory (gpointer listener, gconstpointer address, gsize size, gboolean writes)
{
  TrioSimSteps *self = listener;
  const char *first = address;

  self->memory_seen = TRUE;
  if (!self->in_step || trio_current_task () == NULL)
    return;
  for (const char *at = (const char *) ((gsize) first & ~(gsize) 7); at < first + size; at += 8)
    touch_word (self, at, writes);
}

/* --- steps --- */

static void
add_step (TrioSimSteps *self, const Living *living)
{
  TrioSimStep *step;

  if (self->n_steps == self->steps->len)
    {
      g_array_set_size (self->steps, self->n_steps + 1);
      trio_sim_footprint_init (&trio_sim_steps_get (self, self->n_steps)->footprint);
    }
  step = trio_sim_steps_get (self, self->n_steps++);
  reset (&step->footprint);
  step->task = living->index;
  step->epoch = self->epoch;
  step->waker = living->waker;
  step->completes = living->completes;
}

static void
look_for_the_irreducible (TrioSimSteps *self)
{
  TrioLoopStatistics statistics;

  trio_loop_get_statistics (trio_loop_get_current (), &statistics);
  if (statistics.tasks_runnable > 0 && !self->asked)
    self->irreducible = "a task was passed over so often that it went without a question";
  if (statistics.next_deadline <= trio_current_time ())
    self->irreducible = "something fell due while tasks could run";
}

static void
before_task_step (TrioInstrument *instrument, TrioTask *task)
{
  TrioSimSteps *self = steps_of (instrument);
  Living *living = living_of (self, task);

  look_for_the_irreducible (self);
  if (!self->asked)
    self->client->task (self, &living->index, 1, self->data);
  self->asked = FALSE;
  self->n_woken = 0;
  add_step (self, living);
  living = living_of (self, task);
  living->waker = -1;
  living->completes = 0;
  living->is_ready = FALSE;
  self->in_step = TRUE;
  trio_note_cancel_scopes (task);
}

static void
task_exited (TrioInstrument *instrument, TrioTask *task, const GError *error G_GNUC_UNUSED)
{
  living_of (steps_of (instrument), task)->task = NULL;
}

static guint32
choose_task (TrioSimSteps *self, const TrioChoicePoint *point)
{
  guint chosen;

  g_array_set_size (self->ready, point->bound);
  for (guint32 i = 0; i < point->bound; i++)
    g_array_index (self->ready, guint, i) = living_of (self, point->nth_task (point, i))->index;
  chosen = self->client->task (self, (const guint *) (gpointer) self->ready->data, point->bound, self->data);
  self->asked = TRUE;
  return chosen;
}

static guint32
answer (TrioSimStrategy *strategy, const TrioSimQuestion *question)
{
  TrioSimSteps *self = (TrioSimSteps *) strategy;
  guint32 value;

  if (question->label->kind == TRIO_SIM_LABEL_SCHEDULE)
    return choose_task (self, question->point);
  value = self->client->value (self, question, self->data);
  if (value != 0 && g_str_equal (question->label->name, "clock.pause"))
    self->irreducible = "something fell due while tasks could run";
  return value;
}

static void
free_nothing (TrioSimStrategy *strategy G_GNUC_UNUSED)
{
}

/* --- life --- */

TrioSimSteps *
trio_sim_steps_new (const TrioSimStepsClient *client, gpointer data)
{
  TrioSimSteps *self = g_new (TrioSimSteps, 1);

  *self = (TrioSimSteps) {
    .strategy = { .answer = answer, .free = free_nothing, .name = "exhaust" },
    .instrument = {
      .name = "exhaust",
      .task_spawned = task_spawned,
      .task_scheduled = task_scheduled,
      .before_task_step = before_task_step,
      .task_exited = task_exited,
      .interrupted = interrupted,
      .accessed = accessed,
    },
    .client = client,
    .data = data,
    .steps = g_array_new (FALSE, TRUE, sizeof (TrioSimStep)),
    .task_of_path = g_hash_table_new (NULL, NULL),
    .living = g_array_new (FALSE, TRUE, sizeof (Living)),
    .names = g_hash_table_new_full (NULL, NULL, NULL, g_free),
    .ready = g_array_new (FALSE, FALSE, sizeof (guint)),
  };
  return self;
}

void
trio_sim_steps_free (TrioSimSteps *self)
{
  for (guint i = 0; i < self->steps->len; i++)
    trio_sim_footprint_clear (&trio_sim_steps_get (self, i)->footprint);
  g_array_unref (self->steps);
  g_hash_table_unref (self->task_of_path);
  g_array_unref (self->living);
  g_hash_table_unref (self->names);
  g_array_unref (self->ready);
  g_free (self);
}

void
trio_sim_steps_begin (TrioSimSteps *self, gboolean with_memory)
{
  self->n_steps = 0;
  g_array_set_size (self->living, 0);
  g_hash_table_remove_all (self->names);
  self->epoch = 0;
  self->n_woken = 0;
  self->asked = FALSE;
  self->in_step = FALSE;
  self->completes = 0;
  self->n_made_by_world = 0;
  trio_watch_accesses (TRUE);
  trio_sim_memory_listen (with_memory ? touch_memory : NULL, self);
}

void
trio_sim_steps_end (TrioSimSteps *self)
{
  self->in_step = FALSE;
  trio_watch_accesses (FALSE);
  trio_sim_memory_listen (NULL, NULL);
}

guint
trio_sim_steps_get_ready (TrioSimSteps *self, guint *tasks, guint max)
{
  guint n = 0;

  for (guint i = 0; i < self->living->len && n < max; i++)
    {
      const Living *living = &g_array_index (self->living, Living, i);

      if (living->is_ready)
        tasks[n++] = living->index;
    }
  return n;
}
