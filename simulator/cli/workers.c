/* SPDX-License-Identifier: MIT OR Apache-2.0 */

/* The pool of workers. See workers.h.
 *
 *     worker j of J does runs  first + stride * j,  first + stride * (j + J),  …
 *
 *     shared memory:  one slot a worker (what it did, what it is at),  `stop_before`,  a bitmap of the schedules seen
 *                     and what all runs went through (seen.h)
 *     its pipe:       a failure, a goal that is new to it, a refusal
 *
 * Counters are shared since they change with every run; the parent only reads them. Everything rare goes through the pipe. */

#include "simulator/cli/workers.h"
#include "simulator/cli/crash.h"
#include "simulator/cli/os.h"
#include "simulator/cli/wire.h"
#include "simulator/strategy.h"

#define SEEN_BITS       ((guint64) 1 << 22)
#define SEEN_WORDS      (SEEN_BITS / 32)
#define TICK_MS         100
/* What depends on addresses may be the same twice by luck. */
#define CHECKED_FIRST   4

enum
{
  TELLS_FAILURE,        /* run, verdict, name, message */
  TELLS_GOAL,           /* name, held */
  TELLS_REFUSAL,        /* why */
};

static const GVariantType *const tells[] = {
  (const GVariantType *) "(tumaymay)", (const GVariantType *) "(ayb)", (const GVariantType *) "(ay)", NULL,
};

/* Written by its worker, read by the parent at any time: each is one aligned word. */
typedef struct
{
  guint64 at;              /* the index of the run it is at, or will do next */
  guint64 runs;
  guint64 steps;
  guint64 choices;
  guint64 unmatched;
  gint64  began;           /* monotonic time; 0 between runs */
} Slot;

typedef struct
{
  guint64 stop_before;     /* (atomic) runs of this number and above need not be done any more */
  guint64 seen_ones;       /* (atomic) bits set below */
  guint32 seen[SEEN_WORDS];
  Slot    slots[];
} Shared;

typedef struct
{
  const TrioCliWork *work;
  TrioCliTally      *tally;
  Shared            *shared;
  TrioCliSeen       *seen;
  gsize              shared_bytes;
  gint64             started;
  TrioCliChild     **children;    /* NULL where one is done */
  gboolean          *failed;      /* it told of a failure, and so will end */
  gboolean          *timed_out;   /* we stopped it */
  guint              n_living;
  GError            *refusal;
} Pool;

typedef struct
{
  Pool           *pool;
  guint           nth;
  GHashTable     *goals;          /* what the parent was told */
  TrioSimMeasure *measure;        /* NULL until a run needs it */
  TrioCliFollow  *follow;
} Worker;

static guint64
run_at (const TrioCliWork *work, guint64 index)
{
  return work->first + work->stride * index;
}

/* ---- In a worker ----------------------------------------------------------------------------------------------------------- */

static void
tell_new_goals (int outbox, Worker *self, const TrioSimReport *report)
{
  g_autoptr (GPtrArray) names = trio_cli_goal_names (report->goals);

  for (guint i = 0; i < names->len; i++)
    {
      const char *name = names->pdata[i];
      gboolean held = GPOINTER_TO_INT (g_hash_table_lookup (report->goals, name)) != 0;
      gpointer told;

      if (g_hash_table_lookup_extended (self->goals, name, NULL, &told) && GPOINTER_TO_INT (told) >= held)
        continue;
      g_hash_table_insert (self->goals, g_strdup (name), GINT_TO_POINTER (held));
      trio_cli_tell (outbox, TELLS_GOAL, g_variant_new ("(^ayb)", name, held));
    }
}

static void
note_schedule (Shared *shared, guint64 hash)
{
  guint64 bit = (hash ^ (hash >> 29)) % SEEN_BITS;
  guint32 mask = 1u << (bit % 32);

  if (!(__atomic_fetch_or (&shared->seen[bit / 32], mask, __ATOMIC_SEQ_CST) & mask))
    __atomic_fetch_add (&shared->seen_ones, 1, __ATOMIC_SEQ_CST);
}

/* All runs of a campaign inject the same, so one measure is good for them all. If it kills the worker it does so in every run, also where
 * that run is repeated. */
static void
take_measure (Worker *self, TrioSimOptions *options)
{
  const TrioCliTarget *target = self->pool->work->target;

  if (options->measure || !trio_sim_strategy_needs_measure (options))
    return;
  /* Without one the run tries by itself, and says why it cannot. */
  if (!self->measure)
    self->measure = trio_sim_measure (target->func, target->data, options, NULL);
  options->measure = self->measure;
}

static void
note_coverage (Worker *self, guint64 nth)
{
  gsize n_facts;
  const guint64 *facts = trio_cli_follow_get_facts (self->follow, &n_facts);

  trio_cli_seen_note (self->pool->seen, nth, facts, n_facts);
}

/* FALSE: the worker ends here. */
static gboolean
do_run (int outbox, Worker *self, guint64 run)
{
  const TrioCliWork *work = self->pool->work;
  Slot *slot = &self->pool->shared->slots[self->nth];
  g_autoptr (TrioSimReport) report = NULL;
  g_autoptr (GError) error = NULL;
  TrioSimOptions options = { 0 };
  gboolean ok, follows;

  work->prepare (run, &options, work->prepare_data);
  trio_cli_target_apply (work->target, &options);
  /* What is noted of a thousand runs would be told by nobody. */
  if (options.escapes == TRIO_SIM_ESCAPES_NOTE)
    options.escapes = TRIO_SIM_ESCAPES_ALLOW;
  take_measure (self, &options);
  follows = options.instrument == NULL;
  if (follows)
    options.instrument = trio_cli_follow_begin (self->follow);
  options.check_determinism = work->check_every > 0 && (run <= CHECKED_FIRST || run % work->check_every == 0);
  ok = trio_sim_run (work->target->func, work->target->data, &options, &report, &error);
  if (!report)
    {
      trio_cli_tell (outbox, TELLS_REFUSAL, g_variant_new ("(^ay)", ok ? "a run gave no report" : error->message));
      return FALSE;
    }

  slot->runs++;
  slot->steps += report->steps;
  slot->choices += report->choices;
  slot->unmatched += report->unmatched;
  note_schedule (self->pool->shared, report->interleaving);
  if (follows)
    note_coverage (self, slot->at);
  tell_new_goals (outbox, self, report);
  if (work->done)
    work->done (run, report, self->follow, work->done_data);
  if (report->verdict == TRIO_SIM_OK)
    return TRUE;

  trio_cli_tell (outbox, TELLS_FAILURE,
                 g_variant_new ("(tum^aym^ay)", run, (guint32) report->verdict, report->name, report->message));
  return FALSE;
}

static void
work_body (int outbox, gpointer data)
{
  Worker *self = data;
  const TrioCliWork *work = self->pool->work;
  Slot *slot = &self->pool->shared->slots[self->nth];

  self->goals = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  self->follow = trio_cli_follow_new ();
  for (;; slot->at += work->jobs)
    {
      guint64 run = run_at (work, slot->at);
      gboolean goes_on;

      if (run > work->last || run >= __atomic_load_n (&self->pool->shared->stop_before, __ATOMIC_SEQ_CST))
        return;
      if (trio_cli_orphaned ())
        return;
      slot->began = g_get_monotonic_time ();
      if (slot->began > work->stop_at)
        return;
      goes_on = do_run (outbox, self, run);
      slot->began = 0;
      if (!goes_on)
        return;
    }
}

/* ---- In the parent --------------------------------------------------------------------------------------------------------- */

static gboolean
spawn (Pool *pool, guint nth)
{
  Worker worker = { .pool = pool, .nth = nth };

  pool->shared->slots[nth].began = 0;
  pool->failed[nth] = pool->timed_out[nth] = FALSE;
  pool->children[nth] = trio_cli_child_new (work_body, &worker, FALSE, &pool->refusal);
  if (!pool->children[nth])
    return FALSE;
  pool->n_living++;
  return TRUE;
}

static void
stop_before (Pool *pool, guint64 run)
{
  if (run < pool->shared->stop_before)
    __atomic_store_n (&pool->shared->stop_before, run, __ATOMIC_SEQ_CST);
}

static void
add_finding (Pool *pool, guint64 run, TrioSimVerdict verdict, char *name, char *message)
{
  TrioCliFinding *finding = g_new (TrioCliFinding, 1);

  *finding = (TrioCliFinding) { run, verdict, name, message };
  g_ptr_array_add (pool->tally->findings, finding);
  if (!pool->work->keep_going)
    stop_before (pool, run);
}

/* TRUE if it was a failure. */
static gboolean
hear_one (Pool *pool, GVariant *message, guint32 kind)
{
  g_autofree char *name = NULL, *text = NULL;
  guint64 run;
  guint32 verdict;
  gboolean held;

  switch (kind)
    {
    case TELLS_FAILURE:
      g_variant_get (message, "(tum^aym^ay)", &run, &verdict, &name, &text);
      add_finding (pool, run, verdict, g_steal_pointer (&name), g_steal_pointer (&text));
      return TRUE;

    case TELLS_GOAL:
      g_variant_get (message, "(^ayb)", &name, &held);
      if (held || !g_hash_table_contains (pool->tally->goals, name))
        g_hash_table_insert (pool->tally->goals, g_steal_pointer (&name), GINT_TO_POINTER (held));
      return FALSE;

    default:
      g_variant_get (message, "(^ay)", &text);
      if (!pool->refusal)
        g_set_error_literal (&pool->refusal, TRIO_ERROR, TRIO_ERROR_MISUSE, text);
      stop_before (pool, 0);
      return FALSE;
    }
}

static void
hear_all (Pool *pool, guint nth)
{
  g_autoptr (GError) error = NULL;
  GVariant *message;
  guint32 kind;

  while ((message = trio_cli_child_hear (pool->children[nth], tells, &kind, &error)))
    {
      if (hear_one (pool, message, kind))
        pool->failed[nth] = TRUE;
      g_variant_unref (message);
    }
  if (error != NULL)
    {
      trio_cli_child_kill (pool->children[nth]);
      pool->failed[nth] = TRUE;
      stop_before (pool, 0);
      if (!pool->refusal)
        pool->refusal = g_steal_pointer (&error);
    }
}

/* A worker that ended in the middle of a run died of it, unless it had told of a failure or we stopped it. */
static void
bury (Pool *pool, guint nth)
{
  TrioCliChild *child = pool->children[nth];
  Slot *slot = &pool->shared->slots[nth];
  guint64 run = run_at (pool->work, slot->at);
  gboolean failed = pool->failed[nth];
  gboolean was_killed = pool->timed_out[nth];
  gboolean died = slot->began != 0 && slot->began <= pool->work->stop_at && !failed;
  char *name, *message;

  if (died && was_killed)
    add_finding (pool, run, TRIO_SIM_LIVELOCK, g_strdup (TRIO_CLI_NO_END), NULL);
  else if (died && !pool->tally->interrupted)
    {
      trio_cli_name_crash (child->end, child->code, child->errors->str, &name, &message);
      add_finding (pool, run, TRIO_SIM_CRASH, name, message);
    }
  if (died && !pool->tally->interrupted)
    slot->runs++;

  g_clear_pointer (&pool->children[nth], trio_cli_child_free);
  pool->n_living--;

  /* Stopped for its slowness just when the run had ended after all: only the worker is lost. */
  if (!died && !failed && !was_killed)
    return;
  if (!pool->refusal)
    {
      slot->at += died || failed ? pool->work->jobs : 0;
      run = run_at (pool->work, slot->at);
      if (run <= pool->work->last && run < pool->shared->stop_before)
        spawn (pool, nth);
    }
}

static void
look_at_the_clock (Pool *pool)
{
  gint64 now = g_get_monotonic_time ();
  gint64 patience = pool->work->target->timeout_s * G_TIME_SPAN_SECOND;

  for (guint i = 0; i < pool->work->jobs; i++)
    {
      gint64 began = pool->shared->slots[i].began;

      if (pool->children[i] && patience > 0 && began > 0 && now - began > patience && !pool->timed_out[i])
        {
          pool->timed_out[i] = TRUE;
          trio_cli_child_kill (pool->children[i]);
        }
    }
}

static void
interrupt_all (Pool *pool)
{
  pool->tally->interrupted = TRUE;
  stop_before (pool, 0);
  for (guint i = 0; i < pool->work->jobs; i++)
    {
      if (pool->children[i])
        trio_cli_child_kill (pool->children[i]);
    }
}

/* Linear counting (Whang, Vander-Zanden and Taylor, 1990): m bits of which the part x is set stand for -m ln (1 - x) different
 * hashes. The series of the logarithm does, since x stays well below 1. */
static guint64
estimate_schedules (const Shared *shared)
{
  double x = (double) MIN (shared->seen_ones, SEEN_BITS - 1) / SEEN_BITS;
  double power = 1, sum = 0;

  for (int k = 1; k <= 64; k++)
    {
      power *= x;
      sum += power / k;
    }
  return (guint64) (SEEN_BITS * sum + 0.5);
}

/* Enough for the line that shows the search is alive. */
static void
peek (Pool *pool)
{
  TrioCliSaturation *seen = &pool->tally->seen;

  seen->n_runs = pool->tally->runs;
  for (guint k = 0; k < TRIO_CLI_FACT_KINDS; k++)
    {
      guint64 last_new;

      trio_cli_seen_peek (pool->seen, k, &seen->kinds[k].n, &last_new);
      seen->kinds[k].n_since = seen->n_runs > last_new ? seen->n_runs - 1 - last_new : 0;
    }
}

static void
add_up (Pool *pool)
{
  TrioCliTally *tally = pool->tally;

  tally->runs = tally->steps = tally->choices = tally->unmatched = 0;
  for (guint i = 0; i < pool->work->jobs; i++)
    {
      const Slot *slot = &pool->shared->slots[i];

      tally->runs += slot->runs;
      tally->steps += slot->steps;
      tally->choices += slot->choices;
      tally->unmatched += slot->unmatched;
    }
  tally->schedules = estimate_schedules (pool->shared);
  peek (pool);
  tally->elapsed_us = g_get_monotonic_time () - pool->started;
}

static void
supervise (Pool *pool)
{
  while (pool->n_living > 0)
    {
      trio_cli_children_wait (pool->children, pool->work->jobs, TICK_MS);
      for (guint i = 0; i < pool->work->jobs; i++)
        {
          TrioCliChild *child = pool->children[i];

          if (!child)
            continue;
          hear_all (pool, i);
          if (child->end != TRIO_CLI_END_RUNNING)
            bury (pool, i);
        }
      if (trio_cli_interrupted () && !pool->tally->interrupted)
        interrupt_all (pool);
      look_at_the_clock (pool);
      add_up (pool);
      if (pool->work->tick)
        pool->work->tick (pool->tally, pool->work->tick_data);
    }
}

static int
compare_findings (gconstpointer a, gconstpointer b)
{
  const TrioCliFinding *x = *(const TrioCliFinding *const *) a, *y = *(const TrioCliFinding *const *) b;

  return x->run < y->run ? -1 : x->run > y->run;
}

/* What workers did beyond the first failure, since they could not know, depends on how fast they were: it was not asked for. */
static void
forget_beyond (const TrioCliWork *work, TrioCliTally *tally)
{
  if (tally->findings->len == 0)
    return;
  if (!tally->interrupted)
    tally->runs = (((const TrioCliFinding *) tally->findings->pdata[0])->run - work->first) / work->stride + 1;
  g_ptr_array_set_size (tally->findings, 1);
}

/* Of exactly the runs that were asked for. */
static void
count_coverage (Pool *pool)
{
  const TrioCliTally *tally = pool->tally;
  TrioCliSaturation *seen = &pool->tally->seen;
  gboolean cut = !pool->work->keep_going && !tally->interrupted && tally->findings->len > 0;

  trio_cli_seen_count (pool->seen, cut ? tally->runs : G_MAXUINT64, tally->runs, seen);
  for (guint k = 0; k < TRIO_CLI_FACT_KINDS; k++)
    seen->kinds[k].n_since = tally->runs > seen->kinds[k].n_since ? tally->runs - 1 - seen->kinds[k].n_since : 0;
}

gboolean
trio_cli_work (const TrioCliWork *work, TrioCliTally *tally, GError **error)
{
  gsize shared_bytes = sizeof (Shared) + work->jobs * sizeof (Slot);
  Pool pool = {
    .work = work, .tally = tally, .shared = trio_cli_share (shared_bytes), .shared_bytes = shared_bytes,
    .seen = trio_cli_seen_new (),
    .started = g_get_monotonic_time (), .children = g_new0 (TrioCliChild *, work->jobs),
    .failed = g_new0 (gboolean, work->jobs),
    .timed_out = g_new0 (gboolean, work->jobs),
  };

  pool.shared->stop_before = G_MAXUINT64;
  for (guint i = 0; i < work->jobs && !pool.refusal; i++)
    {
      pool.shared->slots[i].at = i;
      if (run_at (work, i) <= work->last)
        spawn (&pool, i);
    }
  supervise (&pool);
  add_up (&pool);
  g_ptr_array_sort (tally->findings, compare_findings);
  if (!work->keep_going)
    forget_beyond (work, tally);
  count_coverage (&pool);

  g_free (pool.children);
  g_free (pool.failed);
  g_free (pool.timed_out);
  trio_cli_unshare (pool.shared, pool.shared_bytes);
  trio_cli_seen_free (pool.seen);
  if (pool.refusal)
    g_propagate_error (error, pool.refusal);
  return pool.refusal == NULL;
}

static void
finding_free (gpointer data)
{
  TrioCliFinding *finding = data;

  g_free (finding->name);
  g_free (finding->message);
  g_free (finding);
}

TrioCliTally *
trio_cli_tally_new (void)
{
  TrioCliTally *tally = g_new0 (TrioCliTally, 1);

  tally->goals = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  tally->findings = g_ptr_array_new_with_free_func (finding_free);
  return tally;
}

void
trio_cli_tally_free (TrioCliTally *tally)
{
  if (!tally)
    return;

  g_hash_table_unref (tally->goals);
  g_ptr_array_unref (tally->findings);
  g_free (tally);
}
