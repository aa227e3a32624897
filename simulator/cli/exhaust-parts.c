/* SPDX-License-Identifier: MIT OR Apache-2.0 */

/* The children of an exhaustive search. See exhaust-parts.h. */

#include "simulator/cli/exhaust-parts.h"
#include "simulator/cli/crash.h"
#include "simulator/cli/os.h"
#include "simulator/cli/wire.h"

#include <string.h>

#define TICK_MS        100
#define DECISIONS_MAX  65536
/* How long a child that is told to stop may finish its run. */
#define PATIENCE_US    G_TIME_SPAN_SECOND

enum
{
  TELLS_RESULT,
  TELLS_REFUSAL,
  TELLS_MEMORY,
};

#define RESULT_STRING "(umaymayxttttubtta(ayt)a(ayb)umaymay)"

static const GVariantType *const tells[] = {
  (const GVariantType *) RESULT_STRING, (const GVariantType *) "(ay)", (const GVariantType *) "(b)", NULL,
};

typedef struct
{
  guint64 index;
  guint32 value;
  guint32 bound;
} Decision;

/* Written by its child, read by the parent at any time. */
typedef struct
{
  guint64  schedules;
  gint64   began;             /* monotonic time; 0 between runs */
  guint32  n_decisions;       /* of the run at hand; those beyond the room are counted only */
  Decision decisions[DECISIONS_MAX];
} Slot;

typedef struct
{
  gint32 stop;                /* (atomic) */
  gint32 found_at;            /* (atomic) the fewest decisions of a failure; G_MAXINT32: none */
  Slot   slots[];
} Shared;

typedef struct
{
  const TrioCliExhaustWork *work;
  Shared                   *shared;
  guint                     part;
  guint                     parts;
  GHashTable               *goals;
} Part;

/* ---- In a child ------------------------------------------------------------------------------------------------------------ */

static Slot *
slot_of (Part *self)
{
  return &self->shared->slots[self->part];
}

static gboolean
go_on (const TrioSimExhaust *so_far, gpointer data)
{
  Part *self = data;
  Slot *slot = slot_of (self);

  slot->schedules = so_far->schedules;
  slot->n_decisions = 0;
  slot->began = g_get_monotonic_time ();
  return slot->began <= self->work->stop_at && !__atomic_load_n (&self->shared->stop, __ATOMIC_SEQ_CST)
         && so_far->complete < __atomic_load_n (&self->shared->found_at, __ATOMIC_SEQ_CST) && !trio_cli_orphaned ();
}

static void
note_decision (const TrioScheduleEntry *entry, gpointer data)
{
  Slot *slot = slot_of (data);

  if (slot->n_decisions < DECISIONS_MAX)
    slot->decisions[slot->n_decisions] = (Decision) { entry->index, entry->value, entry->bound };
  slot->n_decisions++;
}

static void
note_goals (const TrioSimReport *report, gpointer data)
{
  Part *self = data;
  g_autoptr (GPtrArray) names = trio_cli_goal_names (report->goals);

  for (guint i = 0; i < names->len; i++)
    {
      gpointer held = g_hash_table_lookup (report->goals, names->pdata[i]);

      if (held || !g_hash_table_contains (self->goals, names->pdata[i]))
        g_hash_table_replace (self->goals, g_strdup (names->pdata[i]), held);
    }
}

static void
tell_result (int outbox, Part *self, const TrioSimExhaust *result)
{
  g_autoptr (GPtrArray) names = trio_cli_goal_names (self->goals);
  const TrioSimReport *failure = result->failure;
  GVariantBuilder held, goals;

  g_variant_builder_init (&held, G_VARIANT_TYPE ("a(ayt)"));
  for (guint i = 0; i < result->held->len; i++)
    {
      const TrioSimHeld *one = result->held->pdata[i];

      g_variant_builder_add (&held, "(^ayt)", one->label, one->asked);
    }
  g_variant_builder_init (&goals, G_VARIANT_TYPE ("a(ayb)"));
  for (guint i = 0; i < names->len; i++)
    g_variant_builder_add (&goals, "(^ayb)", names->pdata[i], g_hash_table_lookup (self->goals, names->pdata[i]) != NULL);

  trio_cli_tell (outbox, TELLS_RESULT,
                 g_variant_new ("(um^aym^ayxttttubtta(ayt)a(ayb)um^aym^ay)", (guint32) result->outcome, result->why,
                                result->irreducible, result->complete, result->runs, result->schedules, result->redundant,
                                result->steps, (guint32) result->reduced, result->memory_seen, result->failed_run, result->failures,
                                &held, &goals, failure != NULL ? (guint32) failure->verdict : 0,
                                failure != NULL ? failure->name : NULL, failure != NULL ? failure->message : NULL));
}

static void
search_part (int outbox, gpointer data)
{
  Part *self = data;
  TrioSimExhaustOptions options = *self->work->options;
  g_autoptr (TrioSimExhaust) result = NULL;
  g_autoptr (GError) error = NULL;

  self->goals = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  options.func = self->work->target->func;
  options.data = self->work->target->data;
  options.program = self->work->target->program;
  options.part = self->work->shard - 1 + self->part * self->work->shards;
  options.parts = self->parts * self->work->shards;
  options.max_runs = (options.max_runs + options.parts - 1) / options.parts;
  options.go_on = go_on;
  options.on_decision = note_decision;
  options.on_run = note_goals;
  options.user_data = self;
  result = trio_sim_exhaust (&options, &error);
  slot_of (self)->began = 0;
  if (result == NULL)
    trio_cli_tell (outbox, TELLS_REFUSAL, g_variant_new ("(^ay)", error->message));
  else
    tell_result (outbox, self, result);
}

static void
look_for_memory (int outbox, gpointer data)
{
  Part *self = data;
  const TrioSimExhaustOptions *options = self->work->options;

  trio_cli_tell (outbox, TELLS_MEMORY,
                 g_variant_new ("(b)", trio_sim_exhaust_sees_memory (self->work->target->func, self->work->target->data,
                                                                      options->inject)));
}

/* ---- In the parent --------------------------------------------------------------------------------------------------------- */

typedef struct
{
  TrioCliChild *child;        /* NULL: it is done */
  Part          part;
  gint64        kill_at;      /* G_MAXINT64: not told to stop */
  gboolean      timed_out;
  gboolean      has_result;
} Worker;

typedef struct
{
  const TrioCliExhaustWork *work;
  TrioCliExhausted         *done;
  Shared                   *shared;
  Worker                   *workers;
  guint                     n_workers;
  GError                   *refusal;
} Pool;

static TrioSchedule *
decisions_of (const Slot *slot)
{
  TrioSchedule *schedule = trio_schedule_new ();

  for (guint32 i = 0; i < MIN (slot->n_decisions, DECISIONS_MAX); i++)
    {
      TrioScheduleEntry entry = {
        .path = (char *) "", .label = (char *) "", .index = slot->decisions[i].index, .value = slot->decisions[i].value,
        .bound = slot->decisions[i].bound,
      };

      trio_schedule_append (schedule, &entry);
    }
  return schedule;
}

/* Fewer decisions, then earlier ones, then smaller answers. */
static int
compare_decisions (const TrioSchedule *a, const TrioSchedule *b)
{
  guint n = trio_schedule_get_length (a), m = trio_schedule_get_length (b);

  if (n != m)
    return n < m ? -1 : 1;
  for (guint i = 0; i < n; i++)
    {
      const TrioScheduleEntry *x = trio_schedule_get_entry (a, i), *y = trio_schedule_get_entry (b, i);

      if (x->index != y->index)
        return x->index < y->index ? -1 : 1;
      if (x->value != y->value)
        return x->value < y->value ? -1 : 1;
    }
  return 0;
}

/* Takes name and message. */
static void
add_finding (Pool *pool, const Slot *slot, TrioSimVerdict verdict, char *name, char *message, guint64 run)
{
  TrioCliExhausted *done = pool->done;
  TrioSchedule *decisions = decisions_of (slot);
  gint32 n = (gint32) trio_schedule_get_length (decisions);

  if (n < pool->shared->found_at)
    __atomic_store_n (&pool->shared->found_at, n, __ATOMIC_SEQ_CST);
  if (done->found && compare_decisions (done->decisions, decisions) <= 0)
    {
      trio_schedule_free (decisions);
      g_free (name);
      g_free (message);
      return;
    }
  g_clear_pointer (&done->decisions, trio_schedule_free);
  g_free (done->name);
  g_free (done->message);
  done->found = TRUE;
  done->verdict = verdict;
  done->name = name;
  done->message = message;
  done->run = run;
  done->decisions = decisions;
}

static void
add_sum (TrioCliExhausted *done, TrioSimExhaust *result)
{
  if (done->sum == NULL)
    done->sum = result;
  else
    {
      trio_sim_exhaust_add (done->sum, result);
      trio_sim_exhaust_free (result);
    }
}

static void
hear_result (Pool *pool, Worker *worker, GVariant *message)
{
  TrioSimExhaust *result = trio_sim_exhaust_result_new ();
  g_autoptr (GVariantIter) held = NULL, goals = NULL;
  g_autofree char *why = NULL, *irreducible = NULL;
  char *name, *text, *label;
  guint32 outcome, reduced, verdict;
  guint64 asked;
  gboolean held_once;

  g_variant_get (message, "(um^aym^ayxttttubtta(ayt)a(ayb)um^aym^ay)", &outcome, &why, &irreducible, &result->complete, &result->runs,
                 &result->schedules, &result->redundant, &result->steps, &reduced, &result->memory_seen, &result->failed_run,
                 &result->failures, &held, &goals, &verdict, &name, &text);
  result->outcome = (TrioSimExhaustOutcome) outcome;
  result->reduced = (TrioSimReduce) reduced;
  result->why = g_intern_string (why);
  result->irreducible = g_intern_string (irreducible);
  while (g_variant_iter_next (held, "(^ayt)", &label, &asked))
    trio_sim_exhaust_count_held (result, label, asked), g_free (label);
  while (g_variant_iter_next (goals, "(^ayb)", &label, &held_once))
    {
      if (held_once || !g_hash_table_contains (pool->done->goals, label))
        g_hash_table_replace (pool->done->goals, label, GINT_TO_POINTER (held_once));
      else
        g_free (label);
    }
  if (result->failures > 0)
    add_finding (pool, &pool->shared->slots[worker->part.part], (TrioSimVerdict) verdict, name, text, result->failed_run);
  worker->has_result = TRUE;
  add_sum (pool->done, result);
}

static void
hear_all (Pool *pool, Worker *worker)
{
  g_autoptr (GError) error = NULL;
  GVariant *message;
  guint32 kind;

  while ((message = trio_cli_child_hear (worker->child, tells, &kind, &error)))
    {
      if (kind == TELLS_RESULT)
        hear_result (pool, worker, message);
      else if (kind == TELLS_REFUSAL && pool->refusal == NULL)
        {
          g_autofree char *text = NULL;

          g_variant_get (message, "(^ay)", &text);
          g_set_error_literal (&pool->refusal, TRIO_ERROR, TRIO_ERROR_MISUSE, text);
          worker->has_result = TRUE;
        }
      g_variant_unref (message);
    }
  if (error != NULL)
    {
      trio_cli_child_kill (worker->child);
      worker->has_result = TRUE;
      if (pool->refusal == NULL)
        pool->refusal = g_steal_pointer (&error);
    }
}

/* One that ended without a result died of the run it was at, unless we stopped it. */
static void
bury (Pool *pool, Worker *worker)
{
  const Slot *slot = &pool->shared->slots[worker->part.part];

  if (!worker->has_result)
    {
      TrioSimExhaust *result = trio_sim_exhaust_result_new ();
      gboolean died = worker->timed_out || !pool->done->interrupted;
      char *name = g_strdup (TRIO_CLI_NO_END), *message = NULL;

      if (died && !worker->timed_out)
        {
          g_free (name);
          trio_cli_name_crash (worker->child->end, worker->child->code, worker->child->errors->str, &name, &message);
        }
      result->runs = result->schedules = slot->schedules + died;
      trio_sim_exhaust_stop (result, died ? "a failure was found" : "it was told to stop");
      if (died)
        {
          result->failures = 1;
          add_finding (pool, slot, worker->timed_out ? TRIO_SIM_LIVELOCK : TRIO_SIM_CRASH, name, message, result->runs);
        }
      else
        g_free (name);
      add_sum (pool->done, result);
    }
  g_clear_pointer (&worker->child, trio_cli_child_free);
}

static void
look_at_the_clock (Pool *pool, Worker *worker)
{
  gint64 now = g_get_monotonic_time ();
  gint64 began = pool->shared->slots[worker->part.part].began;
  gint64 patience = pool->work->target->timeout_s * G_TIME_SPAN_SECOND;

  if (pool->done->interrupted && worker->kill_at == G_MAXINT64)
    worker->kill_at = now + PATIENCE_US;
  if (patience > 0 && began > 0 && now - began > patience)
    worker->timed_out = TRUE;
  if (worker->timed_out || now > worker->kill_at)
    trio_cli_child_kill (worker->child);
}

static void
supervise (Pool *pool)
{
  g_autofree TrioCliChild **children = g_new0 (TrioCliChild *, pool->n_workers);
  guint n_living = pool->n_workers;

  while (n_living > 0)
    {
      guint64 schedules = 0;

      for (guint i = 0; i < pool->n_workers; i++)
        children[i] = pool->workers[i].child;
      trio_cli_children_wait (children, pool->n_workers, TICK_MS);
      if (trio_cli_interrupted () && !pool->done->interrupted)
        {
          pool->done->interrupted = TRUE;
          __atomic_store_n (&pool->shared->stop, 1, __ATOMIC_SEQ_CST);
        }
      n_living = 0;
      for (guint i = 0; i < pool->n_workers; i++)
        {
          Worker *worker = &pool->workers[i];

          schedules += pool->shared->slots[i].schedules;
          if (worker->child == NULL)
            continue;
          hear_all (pool, worker);
          if (worker->child->end != TRIO_CLI_END_RUNNING)
            bury (pool, worker);
          else
            look_at_the_clock (pool, worker);
          n_living += worker->child != NULL;
        }
      if (pool->work->tick != NULL)
        pool->work->tick (schedules, pool->work->tick_data);
    }
}

/* Whether the scenario's memory is seen: a child must run it to know. One that dies of it will be met again. */
static gboolean
ask_for_memory (const TrioCliExhaustWork *work)
{
  Part part = { .work = work };
  g_autoptr (TrioCliChild) child = trio_cli_child_new (look_for_memory, &part, FALSE, NULL);
  gint64 due = g_get_monotonic_time () + MAX (work->target->timeout_s, 1) * G_TIME_SPAN_SECOND;
  g_autoptr (GVariant) message = NULL;
  gboolean seen = FALSE;
  guint32 kind;

  while (child != NULL && child->end == TRIO_CLI_END_RUNNING && g_get_monotonic_time () < due && !trio_cli_interrupted ())
    trio_cli_children_wait (&child, 1, TICK_MS);
  message = child != NULL ? trio_cli_child_hear (child, tells, &kind, NULL) : NULL;
  if (message != NULL)
    g_variant_get (message, "(b)", &seen);
  return seen;
}

TrioCliExhausted *
trio_cli_exhaust_work (const TrioCliExhaustWork *work, GError **error)
{
  g_autoptr (TrioCliExhausted) done = g_new0 (TrioCliExhausted, 1);
  TrioSimExhaustOptions options = *work->options;
  TrioCliExhaustWork with_reduction = *work;
  Pool pool = { .work = &with_reduction, .done = done };
  gsize shared_bytes;

  with_reduction.options = &options;
  if (options.deviations < 0 && options.reduce == TRIO_SIM_REDUCE_AUTO)
    options.reduce = work->shards == 1 && options.heal_after == 0 && ask_for_memory (work) ? TRIO_SIM_REDUCE_MEMORY : TRIO_SIM_REDUCE_NONE;
  pool.n_workers = options.deviations >= 0 || options.reduce == TRIO_SIM_REDUCE_NONE ? work->jobs : 1;
  shared_bytes = sizeof (Shared) + pool.n_workers * sizeof (Slot);
  pool.shared = trio_cli_share (shared_bytes);
  pool.shared->found_at = G_MAXINT32;
  pool.workers = g_new0 (Worker, pool.n_workers);
  done->goals = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  for (guint i = 0; i < pool.n_workers && pool.refusal == NULL; i++)
    {
      Worker *worker = &pool.workers[i];

      worker->kill_at = G_MAXINT64;
      worker->part = (Part) { &with_reduction, pool.shared, i, pool.n_workers, NULL };
      worker->child = trio_cli_child_new (search_part, &worker->part, FALSE, &pool.refusal);
    }
  supervise (&pool);
  g_free (pool.workers);
  trio_cli_unshare (pool.shared, shared_bytes);
  if (pool.refusal == NULL)
    return g_steal_pointer (&done);
  g_propagate_error (error, pool.refusal);
  return NULL;
}

void
trio_cli_exhausted_free (TrioCliExhausted *self)
{
  if (self == NULL)
    return;
  trio_sim_exhaust_free (self->sum);
  g_clear_pointer (&self->goals, g_hash_table_unref);
  g_free (self->name);
  g_free (self->message);
  g_clear_pointer (&self->decisions, trio_schedule_free);
  g_free (self);
}
