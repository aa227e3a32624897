/* SPDX-License-Identifier: MIT OR Apache-2.0 */

/* The simulated world; see sim-world.h. */

#include "simulator/sim-world.h"

#include <string.h>

#include <trio/lowlevel/dump.h>
#include <trio/lowlevel/task.h>
#include <trio/seam/strand.h>

#include "simulator/strategy.h"

/* --- time --- */

static const gint64 lags[] = { 0, 1000, 20 * 1000, 1000 * 1000 };

static void
describe_lag (const TrioChoicePoint *point, guint32 value, GString *out)
{
  g_autofree char *path = trio_task_dup_path (point->task);

  g_string_append_printf (out, "the machine was busy elsewhere for %" G_GINT64_FORMAT " ms before %s went on", lags[value] / 1000,
                          path);
}

static void
describe_pause (const TrioChoicePoint *point G_GNUC_UNUSED, guint32 value, GString *out)
{
  g_string_append_printf (out, "nobody ran for %" G_GINT64_FORMAT " ms, although somebody could", lags[value] / 1000);
}

/* Virtual time stands still while anybody can run. So that time-outs and messages race with those who can, it may move a little, as
 * on a machine with other work, in two ways:
 *
 *   clock.lag      before a step: the task goes on late, and is asked whether; so the address survives what other tasks do.
 *   clock.pause    before a turn: who could run does not yet, and whose time or message has come meanwhile may go first. Without it
 *                  nothing could ever overtake a task that is the only one to run.
 *
 * They are asked only if somebody waits for time or for a message, since otherwise there is nothing to race with. */
static void
ask_for_time (TrioSimWorld *self, const char *label, void (*describe) (const TrioChoicePoint *, guint32, GString *))
{
  static const guint32 weights[] = { 60, 2, 1, 1 };
  const TrioChoicePoint point = {
    .label = label,
    .bound = G_N_ELEMENTS (lags),
    .weights = weights,
    .describe = describe,
  };
  guint32 value = trio_choose (&point);

  if (value != 0)
    trio_sim_clock_advance_to (&self->clock, self->clock.now + lags[value]);
}

static gboolean
is_time_awaited (TrioSimWorld *self, const TrioLoopStatistics *statistics)
{
  return statistics->next_deadline != G_MAXINT64 || trio_sim_world_get_next (self) != G_MAXINT64;
}

static void
let_time_lag (TrioInstrument *instrument, TrioTask *task G_GNUC_UNUSED)
{
  TrioSimWorld *self = (TrioSimWorld *) ((char *) instrument - G_STRUCT_OFFSET (TrioSimWorld, lag));
  TrioLoopStatistics statistics;

  trio_loop_get_statistics (self->loop, &statistics);
  if (is_time_awaited (self, &statistics))
    ask_for_time (self, "clock.lag", describe_lag);
  trio_sim_signals_ask (&self->signals);
}

/* If nobody can run, time has moved as far as it should. */
static void
let_time_pause (TrioSimWorld *self)
{
  TrioLoopStatistics statistics;

  trio_loop_get_statistics (self->loop, &statistics);
  if (statistics.tasks_runnable > 0 && is_time_awaited (self, &statistics))
    ask_for_time (self, "clock.pause", describe_pause);
}

static void
note_exit (TrioInstrument *instrument, TrioTask *task, const GError *error)
{
  TrioSimWorld *self = (TrioSimWorld *) ((char *) instrument - G_STRUCT_OFFSET (TrioSimWorld, lag));

  if (G_UNLIKELY (error != NULL) && trio_task_get_parent (task) != NULL)
    trio_sim_note_origin (self, task, error);
  /* Main's comes out of the run, and is judged there. */
  if (G_UNLIKELY (error != NULL) && trio_task_get_parent (task) != NULL && trio_task_get_parent (trio_task_get_parent (task)) != NULL)
    trio_sim_note_misuse (self, task, error);
}

/* --- the turn's look at io --- */

static void
poll_io (TrioIo *io G_GNUC_UNUSED)
{
  TrioSimWorld *self = (TrioSimWorld *) trio_loop_get_world (trio_loop_get_current ());

  if (G_UNLIKELY (self->suspicion != TRIO_SIM_OK))
    trio_sim_detect_stuck (self);
  self->watch.steps_at_turn = self->watch.steps;
  let_time_pause (self);
  trio_sim_net_deliver (self->net);
  trio_sim_threads_run (&self->threads);
  trio_sim_signals_deliver (&self->signals);
  trio_sim_disks_run (&self->disks);
}

gint64
trio_sim_world_get_next (const TrioSimWorld *self)
{
  return MIN (MIN (trio_sim_net_get_next (self->net), trio_sim_threads_get_next (&self->threads)), trio_sim_disks_get_next (&self->disks));
}

static void
wake (TrioWorld *world)
{
  g_atomic_int_set (&((TrioSimWorld *) world)->woken, 1);
}

/* --- checks --- */

const char *
trio_sim_base_name (const char *where)
{
  const char *slash = strrchr (where, '/');

  return slash == NULL ? where : slash + 1;
}

gboolean
trio_sim_world_find (TrioSimWorld *self, TrioSimVerdict verdict, char *name)
{
  if (self->verdict != TRIO_SIM_OK)
    {
      g_free (name);
      return FALSE;
    }
  self->verdict = verdict;
  self->name = name;
  return TRUE;
}

static void
note_goal (TrioSimWorld *self, const char *name, gboolean holds)
{
  if (self->goals == NULL)
    self->goals = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  if (holds || !g_hash_table_contains (self->goals, name))
    g_hash_table_replace (self->goals, g_strdup (name), GINT_TO_POINTER (holds));
}

static TrioSimVerdict
verdict_of (TrioCheckKind kind)
{
  return kind == TRIO_CHECK_ALWAYS       ? TRIO_SIM_ALWAYS
         : kind == TRIO_CHECK_EVENTUALLY ? TRIO_SIM_EVENTUALLY
                                         : TRIO_SIM_UNREACHABLE;
}

/* Ends the run: the task, or thread, that found it never comes back. */
static void
fail_check (TrioSimWorld *self, TrioCheckKind kind, const char *name, const char *where)
{
  TrioTask *task = trio_current_task ();
  g_autofree char *thread = trio_sim_threads_describe_running (&self->threads);

  if (task == NULL && thread == NULL)
    g_error ("%s: “%s” does not hold, outside any task", where, name);
  if (trio_sim_world_find (self, verdict_of (kind), g_strdup (name)))
    {
      static const char *const formats[] = {
        [TRIO_CHECK_ALWAYS] = "“%s” must always hold and does not, at %s\n",
        [TRIO_CHECK_UNREACHABLE] = "“%s” must never be reached and was, at %s\n",
        [TRIO_CHECK_EVENTUALLY] = "“%s” must hold at last and did not within its span, at %s\n",
      };

      self->place = g_strdup (trio_sim_base_name (where));
      g_string_append_printf (self->message, formats[kind], name, trio_sim_base_name (where));
      g_string_append_printf (self->message, "  found by %s, at step %" G_GUINT64_FORMAT ", at ",
                              thread != NULL ? thread : trio_sim_tape_get_path (self->tape, task), self->watch.steps);
      g_string_append (self->message, trio_span_in_seconds (self->clock.now).text);
      if (self->evidence->len > 0)
        g_string_append_printf (self->message, "\n%s", self->evidence->str);
      if (kind == TRIO_CHECK_EVENTUALLY && task != NULL)
        trio_sim_append_tasks (self);
    }
  g_clear_pointer (&thread, g_free);
  while (task == NULL)
    trio_strand_pause ();
  trio_loop_escape (trio_loop_get_current ());
}

static TrioObligation *
oblige (TrioWorld *world, GTimeSpan within, const char *name, const char *where)
{
  return trio_sim_liveness_oblige (&((TrioSimWorld *) world)->liveness, within, name, where);
}

static void
heal (TrioWorld *world, gboolean begins)
{
  trio_sim_tape_heal (((TrioSimWorld *) world)->tape, begins);
}

static void
check (TrioWorld *world, TrioCheckKind kind, gboolean condition, const char *name, const char *where)
{
  TrioSimWorld *self = (TrioSimWorld *) world;

  if (kind == TRIO_CHECK_SOMETIMES)
    note_goal (self, name, condition);
  else if (!condition)
    fail_check (self, kind, name, where);
}

/* --- what is wanted --- */

void
trio_sim_limit_choices (const char *labels)
{
  TrioSimWorld *world = trio_sim_world_get_current ();
  g_auto (GStrv) beginnings = NULL;

  g_return_if_fail (labels != NULL);
  if (world == NULL)
    return;
  beginnings = g_strsplit (labels, " ", -1);
  trio_sim_tape_limit_choices (world->tape, (const char *const *) beginnings);
}

/* --- life --- */

TrioSimWorld *
trio_sim_world_get_current (void)
{
  TrioLoop *loop = trio_loop_get_current ();
  TrioWorld *world = loop == NULL ? NULL : trio_loop_get_world (loop);

  return world != NULL && world->check == check ? (TrioSimWorld *) world : NULL;
}

void
trio_sim_world_init (TrioSimWorld *self, const TrioSimOptions *options, TrioSimStrategy *strategy)
{
  *self = (TrioSimWorld) {
    .world = { .name = "simulator", .wake = wake, .check = check, .oblige = oblige, .heal = heal,
               .append_stack = trio_task_append_stack },
    .lag = { .name = "lag", .before_task_step = let_time_lag, .task_exited = note_exit },
    .verdict = TRIO_SIM_OK,
    .suspicion = TRIO_SIM_OK,
    .message = g_string_new (NULL),
    .evidence = g_string_new (NULL),
    .history_path = options->history_path,
  };
  trio_sim_clock_init (&self->clock);
  trio_sim_watch_init (&self->watch, &self->clock);
  self->watch.stop_before = options->until_step;
  self->watch.break_there = options->break_at_until;
  self->watch.on_step = options->on_step;
  self->watch.on_step_data = options->user_data;
  self->tape = trio_sim_tape_new (strategy, trio_sim_strategy_get_inject (options), &self->watch);
  trio_sim_tape_set_callbacks (self->tape, options->on_decision, options->on_choice, options->user_data);
  if (options->spell_out)
    trio_sim_tape_spell_out (self->tape);
  trio_sim_liveness_init (&self->liveness, &self->clock, self->tape, options);
  self->net = trio_sim_net_new (&self->clock, self->tape, &self->watch);
  self->net->io.poll = poll_io;
  trio_sim_threads_init (&self->threads, &self->clock, self->tape, &self->watch);
  trio_sim_signals_init (&self->signals, self->tape);
  self->world.signals = &self->signals.own.signals;
  trio_sim_disks_init (&self->disks, &self->clock, self->tape, &self->watch);
  self->world.clock = &self->clock.clock;
  self->world.io = &self->net->io;
  self->world.threads = &self->threads.threads;
  self->world.files = &self->disks.files;
  self->world.choice = trio_sim_tape_get_choice (self->tape);
  if (options->judge_misuse)
    trio_sim_misuse_listen (self);
  trio_sim_escaping_init (&self->escaping, options);
}

void
trio_sim_world_clear (TrioSimWorld *self)
{
  trio_sim_misuse_stop_listening (self);
  trio_sim_escaping_clear (&self->escaping);
  trio_sim_threads_clear (&self->threads);
  trio_sim_signals_clear (&self->signals);
  trio_sim_disks_clear (&self->disks);
  trio_sim_liveness_clear (&self->liveness);
  trio_sim_net_free (self->net);
  trio_sim_tape_free (self->tape);
  trio_sim_watch_clear (&self->watch);
  g_clear_pointer (&self->goals, g_hash_table_unref);
  g_clear_pointer (&self->name, g_free);
  g_clear_pointer (&self->place, g_free);
  g_clear_pointer (&self->origins, g_array_unref);
  g_clear_error (&self->error);
  g_string_free (self->message, TRUE);
  g_string_free (self->evidence, TRUE);
  g_free (self->history_page);
}
