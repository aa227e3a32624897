/* SPDX-License-Identifier: MIT OR Apache-2.0 */

/* Source-set dynamic partial-order reduction with sleep sets (Abdulla, Aronis, Jonsson, Sagonas, POPL 2014, algorithm 1), by whole runs.
 *
 *     path     the choices of the run at hand: which task went on (a STEP), which value an answer had (a VALUE)
 *     back     at a STEP: the tasks that must go first here in some run. Starts as the one that did
 *     sleep    at a STEP: tasks that need not go first here: all that begins with them is in runs already made, or is made of steps
 *              that commute with those
 *
 *     a run -> races: of two steps of different tasks that do not commute, with nothing between that orders them, the later could have
 *              come first -> somebody who leads there is put into `back` where the earlier one went
 *           -> next: the last place of the path where something is left to do
 *
 * "Enabled" is simple here. A task in line can go on, and nothing but its own step takes it out of the line: to find a lock taken is a step
 * like any other, after which it waits. So a race can be turned round unless the earlier step is why the later task is in line at all,
 * which is an order and no race. The edges of epochs (time jumps when nobody can run) order everything.
 *
 * A value is chosen within a step, and all values are tried. What a sleeping task's step touches is what it touched with any of
 * them. */

#include "simulator/exhaust.h"

#include <string.h>

#include "simulator/exhaust-steps.h"

typedef enum
{
  STEP,
  VALUE,
} Kind;

typedef struct
{
  guint            task;
  TrioSimFootprint footprint;       /* of its next step, with any values */
} Sleeper;

typedef struct
{
  Kind    kind;
  /* STEP */
  guint   n_tasks;
  guint   tasks[TRIO_SIM_TASKS_MAX];
  guint   chosen;                   /* a task */
  guint64 back;                     /* a set of tasks */
  GArray *sleep;                    /* Sleeper */
  guint   step;                     /* its number in the run */
  guint32 clock[TRIO_SIM_TASKS_MAX];  /* how many steps of each task come before, itself included */
  guint32 ordinal;                  /* of the step among its task's */
  TrioSimFootprint touched;         /* by the chosen task's step, in all runs so far */
  /* VALUE */
  guint32 value;
  guint32 bound;
  guint64 tag;
} Node;

typedef struct
{
  TrioSimExhaust              *result;
  const TrioSimExhaustOptions *options;
  TrioSimSteps                *steps;
  GPtrArray                   *path;        /* Node */
  guint                        n_forced;
  guint                        at;          /* in path, of the run under way */
  guint                        last_step;   /* in path, of the latest STEP; G_MAXUINT: none */
  guint                        n_steps;
  gboolean                     redundant;
  gboolean                     diverged;
} Source;

static inline guint64
bit (guint task)
{
  return (guint64) 1 << (task % TRIO_SIM_TASKS_MAX);
}

static inline Node *
node_at (const Source *self, guint i)
{
  return self->path->pdata[i];
}

/* --- nodes --- */

static void
sleeper_clear (gpointer data)
{
  trio_sim_footprint_clear (&((Sleeper *) data)->footprint);
}

static void
node_free (gpointer data)
{
  Node *node = data;

  g_clear_pointer (&node->sleep, g_array_unref);
  if (node->kind == STEP)
    trio_sim_footprint_clear (&node->touched);
  g_free (node);
}

static Node *
step_node_new (const guint *tasks, guint n_tasks)
{
  Node *node = g_new0 (Node, 1);

  node->kind = STEP;
  node->n_tasks = n_tasks;
  memcpy (node->tasks, tasks, n_tasks * sizeof *tasks);
  node->sleep = g_array_new (FALSE, FALSE, sizeof (Sleeper));
  g_array_set_clear_func (node->sleep, sleeper_clear);
  trio_sim_footprint_init (&node->touched);
  return node;
}

static void
put_to_sleep (Node *node, guint task, const TrioSimFootprint *footprint)
{
  Sleeper sleeper = { .task = task };

  trio_sim_footprint_init (&sleeper.footprint);
  trio_sim_footprint_join (&sleeper.footprint, footprint);
  g_array_append_val (node->sleep, sleeper);
}

static gboolean
sleeps (const Node *node, guint task)
{
  for (guint i = 0; i < node->sleep->len; i++)
    if (g_array_index (node->sleep, Sleeper, i).task == task)
      return TRUE;
  return FALSE;
}

/* --- one run --- */

/* Who slept before the latest step, and is not woken by it. */
static void
inherit_sleep (Source *self, Node *node)
{
  const Node *before = self->last_step == G_MAXUINT ? NULL : node_at (self, self->last_step);
  const TrioSimStep *step;

  if (before == NULL)
    return;
  step = trio_sim_steps_get (self->steps, before->step);
  for (guint i = 0; i < before->sleep->len; i++)
    {
      const Sleeper *sleeper = &g_array_index (before->sleep, Sleeper, i);

      if (sleeper->task != before->chosen && !trio_sim_footprints_conflict (&sleeper->footprint, &step->footprint, FALSE))
        put_to_sleep (node, sleeper->task, &sleeper->footprint);
    }
}

static guint
place_of (const guint *tasks, guint n_tasks, guint task)
{
  for (guint i = 0; i < n_tasks; i++)
    if (tasks[i] == task)
      return i;
  return G_MAXUINT;
}

static guint
follow_path (Source *self, const guint *tasks, guint n_tasks)
{
  const Node *node = node_at (self, self->at);
  guint place = G_MAXUINT;

  if (node->kind == STEP && node->n_tasks == n_tasks)
    place = place_of (tasks, n_tasks, node->chosen);
  if (place == G_MAXUINT)
    {
      self->diverged = TRUE;
      return 0;
    }
  self->last_step = self->at++;
  self->n_steps++;
  return place;
}

/* The first in line that does not sleep. */
static guint
choose_task (TrioSimSteps *steps, const guint *tasks, guint n_tasks, gpointer data)
{
  Source *self = data;
  Node *node;
  guint place = 0;

  if (self->diverged || self->redundant || n_tasks > TRIO_SIM_TASKS_MAX || steps->n_tasks > TRIO_SIM_TASKS_MAX)
    return 0;
  if (self->at < self->n_forced)
    return follow_path (self, tasks, n_tasks);

  node = step_node_new (tasks, n_tasks);
  inherit_sleep (self, node);
  while (place < n_tasks && sleeps (node, tasks[place]))
    place++;
  if (place == n_tasks)
    {
      self->redundant = TRUE;
      node_free (node);
      return 0;
    }
  node->chosen = tasks[place];
  node->back = bit (node->chosen);
  node->step = self->n_steps++;
  g_ptr_array_add (self->path, node);
  self->last_step = self->at++;
  return place;
}

static guint32
choose_value (TrioSimSteps *steps G_GNUC_UNUSED, const TrioSimQuestion *question, gpointer data)
{
  Source *self = data;
  guint64 tag = trio_sim_mix (trio_sim_mix (question->path_hash, question->label->hash), question->ordinal);
  Node *node;

  if (trio_sim_exhaust_holds (self->result, self->options, question->label->name) || self->diverged || self->redundant)
    return 0;
  if (self->at < self->n_forced)
    {
      node = node_at (self, self->at++);
      self->diverged = node->kind != VALUE || node->tag != tag || node->bound != question->point->bound;
      return self->diverged ? 0 : node->value;
    }
  node = g_new0 (Node, 1);
  node->kind = VALUE;
  node->bound = question->point->bound;
  node->tag = tag;
  g_ptr_array_add (self->path, node);
  self->at++;
  return 0;
}

static const TrioSimStepsClient client = { choose_task, choose_value };

/* --- who comes before whom --- */

static void
join_clock (Node *node, const Node *other)
{
  for (guint i = 0; i < TRIO_SIM_TASKS_MAX; i++)
    node->clock[i] = MAX (node->clock[i], other->clock[i]);
}

static inline gboolean
comes_before (const Node *earlier, const Node *later)
{
  return later->clock[earlier->chosen] >= earlier->ordinal;
}

/* Of a task that waited until several steps together had made it runnable: all of them. */
static void
join_completed (Node **nodes, Source *self, Node *node, const TrioSimStep *step)
{
  TrioSimFootprint adds;
  TrioSimTouch one = { step->completes, TRIO_SIM_READS };

  if (step->completes == 0)
    return;
  trio_sim_footprint_init (&adds);
  g_array_append_val (adds.touches, one);
  adds.mask = (guint64) 1 << (one.object & 63);
  for (guint i = 0; i < (guint) step->waker; i++)
    if (trio_sim_footprints_conflict (&adds, &trio_sim_steps_get (self->steps, i)->footprint, TRUE))
      join_clock (node, nodes[i]);
  trio_sim_footprint_clear (&adds);
}

/* Somebody who leads from place i to the step `later`: i's own step and what depends on it left out. */
static void
add_leader (Node **nodes, guint i, guint later)
{
  guint64 leaders = 0, seen = 0;
  Node *place = nodes[i];
  guint first = G_MAXUINT;

  for (guint k = i + 1; k <= later; k++)
    {
      const Node *node = nodes[k];
      gboolean leads = TRUE;

      /* Of the later one its clock holds this race already; it is taken along whatever it says. */
      if (k < later && comes_before (nodes[i], node))
        continue;
      if (seen & bit (node->chosen))
        continue;
      seen |= bit (node->chosen);
      for (guint m = i + 1; m < k && leads; m++)
        leads = comes_before (nodes[i], nodes[m]) || !comes_before (nodes[m], node);
      if (!leads || place_of (place->tasks, place->n_tasks, node->chosen) == G_MAXUINT)
        continue;
      leaders |= bit (node->chosen);
      if (first == G_MAXUINT)
        first = node->chosen;
    }

  if (leaders & place->back)
    return;
  if (first != G_MAXUINT)
    place->back |= bit (first);
  else
    for (guint t = 0; t < place->n_tasks; t++)
      place->back |= bit (place->tasks[t]);
}

/* The clock of step j, and its races on the way. No footprint: of a step that was not taken any more, and may conflict with all. */
static void
look_back (Source *self, Node **nodes, guint j, guint epoch, const TrioSimFootprint *footprint, gboolean is_new)
{
  Node *node = nodes[j];

  for (guint i = j; i-- > 0;)
    {
      const TrioSimStep *earlier = trio_sim_steps_get (self->steps, i);

      if (comes_before (nodes[i], node))
        continue;
      if (earlier->epoch != epoch)
        {
          join_clock (node, nodes[i]);
          continue;
        }
      if (footprint != NULL && !trio_sim_footprints_conflict (&earlier->footprint, footprint, TRUE))
        continue;
      if (is_new)
        add_leader (nodes, i, j);
      join_clock (node, nodes[i]);
    }
}

/* Before the search for races: what the step comes after in any case. */
static void
begin_clock (Source *self, Node **nodes, guint j, const TrioSimStep *step)
{
  Node *node = nodes[j];

  memset (node->clock, 0, sizeof node->clock);
  node->ordinal = 1;
  for (guint i = j; i-- > 0;)
    if (nodes[i]->chosen == node->chosen)
      {
        join_clock (node, nodes[i]);
        node->ordinal = nodes[i]->ordinal + 1;
        break;
      }
  node->clock[node->chosen] = node->ordinal;
  if (step != NULL && step->waker >= 0)
    {
      join_clock (node, nodes[step->waker]);
      join_completed (nodes, self, node, step);
    }
}

/* A run that broke off: whoever could have gone on might have done anything. */
static void
look_back_from_the_end (Source *self, Node **nodes, guint n)
{
  guint ready[TRIO_SIM_TASKS_MAX];
  guint n_ready = trio_sim_steps_get_ready (self->steps, ready, G_N_ELEMENTS (ready));

  for (guint i = 0; i < n_ready; i++)
    {
      Node *node = step_node_new (&ready[i], 1);

      node->chosen = ready[i];
      nodes[n] = node;
      begin_clock (self, nodes, n, NULL);
      if (n > 0)
        look_back (self, nodes, n, trio_sim_steps_get (self->steps, n - 1)->epoch, NULL, TRUE);
      node_free (node);
    }
}

static void
find_races (Source *self, gboolean broke_off)
{
  guint n = MIN (self->n_steps, self->steps->n_steps);
  g_autofree Node **nodes = g_new (Node *, n + 1);
  guint k = 0, first_new = 0;

  for (guint i = 0; i < self->path->len && k < n; i++)
    {
      Node *node = node_at (self, i);

      if (node->kind != STEP)
        continue;
      /* The last forced choice is new, and so is what the last forced value changed in the step that it is in. */
      if (i < self->n_forced)
        first_new = k;
      trio_sim_footprint_join (&node->touched, &trio_sim_steps_get (self->steps, k)->footprint);
      nodes[k++] = node;
    }
  n = k;
  for (guint j = 0; j < n; j++)
    {
      const TrioSimStep *step = trio_sim_steps_get (self->steps, j);

      begin_clock (self, nodes, j, step);
      look_back (self, nodes, j, step->epoch, &step->footprint, j >= first_new);
    }
  if (broke_off)
    look_back_from_the_end (self, nodes, n);
}

/* --- the search --- */

/* The next task at node, or FALSE. */
static gboolean
advance_step (Node *node)
{
  put_to_sleep (node, node->chosen, &node->touched);
  g_array_set_size (node->touched.touches, 0);
  node->touched.mask = 0;
  node->touched.heap = 0;
  for (guint i = 0; i < node->n_tasks; i++)
    if ((node->back & bit (node->tasks[i])) && !sleeps (node, node->tasks[i]))
      {
        node->chosen = node->tasks[i];
        return TRUE;
      }
  return FALSE;
}

/* FALSE: nothing is left. */
static gboolean
next_path (Source *self)
{
  while (self->path->len > 0)
    {
      Node *node = node_at (self, self->path->len - 1);

      if (node->kind == VALUE ? ++node->value < node->bound : advance_step (node))
        {
          self->n_forced = self->path->len;
          return TRUE;
        }
      g_ptr_array_set_size (self->path, (int) self->path->len - 1);
    }
  return FALSE;
}

/* FALSE: the search stops. */
static gboolean
run (Source *self, GError **error)
{
  TrioSimReport *report = NULL;
  gboolean ok, broke_off;

  if (!trio_sim_exhaust_may_run (self->result, self->options))
    return FALSE;
  self->at = 0;
  self->n_steps = 0;
  self->last_step = G_MAXUINT;
  self->redundant = self->diverged = FALSE;
  trio_sim_steps_begin (self->steps, self->result->reduced == TRIO_SIM_REDUCE_MEMORY);
  ok = trio_sim_exhaust_run (self->result, self->options, &self->steps->strategy, &self->steps->instrument, &report, error);
  trio_sim_steps_end (self->steps);
  if (!ok)
    return FALSE;

  self->result->irreducible = self->steps->irreducible;
  self->result->memory_seen = self->steps->memory_seen;
  broke_off = report->verdict != TRIO_SIM_OK && report->verdict != TRIO_SIM_DEADLOCK;
  if (self->result->irreducible != NULL)
    {
      trio_sim_report_free (report);
      return FALSE;
    }
  if (self->diverged || self->at < self->n_forced)
    {
      trio_sim_exhaust_diverge (self->result, report);
      return FALSE;
    }
  find_races (self, broke_off && !self->redundant);
  /* It went on to its end, on a way that was taken before; but a failure is one. */
  if (self->redundant && report->verdict == TRIO_SIM_OK)
    {
      self->result->redundant++;
      trio_sim_report_free (report);
      return TRUE;
    }
  return trio_sim_exhaust_take (self->result, self->options, report);
}

gboolean
trio_sim_exhaust_source (TrioSimExhaust *result, const TrioSimExhaustOptions *options, GError **error)
{
  Source self = { .result = result, .options = options, .path = g_ptr_array_new_with_free_func (node_free) };
  GError *failure = NULL;
  gboolean goes_on;

  self.steps = trio_sim_steps_new (&client, &self);
  do
    goes_on = run (&self, &failure);
  while (goes_on && next_path (&self));
  if (goes_on)
    result->outcome = TRIO_SIM_EXHAUSTED;
  trio_sim_steps_free (self.steps);
  g_ptr_array_unref (self.path);
  if (failure == NULL)
    return TRUE;
  g_propagate_error (error, failure);
  return FALSE;
}
