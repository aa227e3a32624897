/* SPDX-License-Identifier: MIT OR Apache-2.0 */

/* What each strategy promises, counted over many seeds. Seeds are fixed and so are the counts: nothing here is a matter of luck. */

#include <string.h>

#include <trio/lowlevel/access.h>

#include "simulator/strategy.h"
#include "tests/sim/meeting.h"

#define STEPS 8

/* --- a bug of a known depth --- */

/* Two tasks of STEPS steps. The bug: a's step 3, then b's step 3, then a's step 4, then b's step 4 …, with nothing of the pair in between;
 * `depth` is how many of these orders must hold. Each holds only if it is decided at one step and no other. */
typedef struct
{
  guint depth;
  guint stage;       /* of the bug so far */
} Bug;

typedef struct
{
  Bug   *bug;
  guint  parity;     /* whose stages are even, whose odd */
} Half;

static gboolean
take_steps (gpointer data, GError **error)
{
  Half *half = data;
  Bug *bug = half->bug;

  for (guint i = 0; i < STEPS; i++)
    {
      if (i >= 3 && bug->stage == 2 * (i - 3) + half->parity)
        bug->stage++;
      trio_always (bug->stage <= bug->depth, "the bug");
      if (!trio_checkpoint (error))
        return FALSE;
    }
  return TRUE;
}

static gboolean
two_halves (gpointer data, GError **error)
{
  Bug *bug = data;
  Half halves[] = { { bug, 0 }, { bug, 1 } };
  g_autoptr (TrioNursery) nursery = trio_nursery_open (error);

  bug->stage = 0;
  /* b is first in line, so that the ordinary run does not have the bug. */
  trio_nursery_start_soon_full (nursery, take_steps, &halves[1], NULL, "b");
  trio_nursery_start_soon_full (nursery, take_steps, &halves[0], NULL, "a");
  return trio_nursery_close (nursery, TRUE);
}

static guint
count_failures (TrioFunc func, gpointer data, const char *strategy, guint n_seeds)
{
  g_autoptr (TrioSimMeasure) measure = sim_measure (func, data, TRIO_SIM_INJECT_NONE);
  guint n = 0;

  for (guint64 seed = 1; seed <= n_seeds; seed++)
    {
      g_autoptr (TrioSimReport) report = sim_run_measured (func, data, strategy, seed, measure, TRIO_SIM_INJECT_NONE);

      n += report->verdict != TRIO_SIM_OK;
    }
  return n;
}

/* A promise is about the mean. What is drawn with that mean stays within three times its root below it. */
static guint
least_of (guint64 mean)
{
  guint root = 0;

  while ((guint64) root * root < mean)
    root++;
  return (guint) mean > 3 * root ? (guint) mean - 3 * root : 1;
}

static void
test_pct_keeps_its_promise (void)
{
  for (guint depth = 1; depth <= 4; depth++)
    {
      const guint n_seeds = 4000, n_tasks = 2, k = 2 * STEPS;
      g_autofree char *text = g_strdup_printf ("pct:%u,k=%u", depth, k);
      guint64 chances = n_tasks;       /* one in so many, at least */
      Bug bug = { .depth = depth };
      guint n = count_failures (two_halves, &bug, text, n_seeds);

      for (guint i = 1; i < depth; i++)
        chances *= k;
      g_test_message ("%s finds a bug of depth %u in %u of %u runs; promised: %u", text, depth, n, n_seeds, (guint) (n_seeds / chances));
      g_assert_cmpuint (n, >=, least_of (n_seeds / chances));
    }
}

/* Priorities that never change cannot do what needs a change. */
static void
test_pct_of_too_little_depth_finds_nothing (void)
{
  Bug bug = { .depth = 2 };

  g_assert_cmpuint (count_failures (two_halves, &bug, "pct:1", 500), ==, 0);
}

/* --- orders --- */

/* Who takes how many steps, and in which order they were taken. */
typedef struct
{
  guint    n_steps[3];
  GString *order;
} Plan;

typedef struct
{
  Plan *plan;
  guint which;
} Walker;

static gboolean
walk_and_tell (gpointer data, GError **error)
{
  Walker *walker = data;
  guint n = walker->plan->n_steps[walker->which];

  for (guint i = 1; i <= n; i++)
    {
      g_string_append_c (walker->plan->order, (char) ('a' + walker->which));
      if (i < n && !trio_checkpoint (error))
        return FALSE;
    }
  return TRUE;
}

static gboolean
walkers (gpointer data, GError **error)
{
  static const char *const names[] = { "a", "b", "c" };
  Plan *plan = data;
  Walker all[G_N_ELEMENTS (names)];
  g_autoptr (TrioNursery) nursery = trio_nursery_open (error);

  g_string_truncate (plan->order, 0);
  for (guint i = 0; i < G_N_ELEMENTS (names); i++)
    if (plan->n_steps[i] > 0)
      {
        all[i] = (Walker) { plan, i };
        trio_nursery_start_soon_full (nursery, walk_and_tell, &all[i], NULL, names[i]);
      }
  return trio_nursery_close (nursery, TRUE);
}

/* The sum of the squares of what each of n_orders is off its mean, divided by the mean: Pearson's chi-squared, in whole numbers. */
static guint
chi_squared_of (Plan *plan, const char *strategy, guint n_runs, guint n_orders, guint *n_seen)
{
  g_autoptr (GHashTable) counts = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  g_autoptr (TrioSimMeasure) measure = sim_measure (walkers, plan, TRIO_SIM_INJECT_NONE);
  gint64 mean = n_runs / n_orders, sum = 0;
  GHashTableIter iter;
  gpointer count;

  for (guint64 seed = 1; seed <= n_runs; seed++)
    {
      g_autoptr (TrioSimReport) report = sim_run_measured (walkers, plan, strategy, seed, measure, TRIO_SIM_INJECT_NONE);

      sim_expect (report, TRIO_SIM_OK, NULL);
      count = g_hash_table_lookup (counts, plan->order->str);
      g_hash_table_insert (counts, g_strdup (plan->order->str), GUINT_TO_POINTER (GPOINTER_TO_UINT (count) + 1));
    }
  *n_seen = g_hash_table_size (counts);
  g_hash_table_iter_init (&iter, counts);
  while (g_hash_table_iter_next (&iter, NULL, &count))
    sum += ((gint64) GPOINTER_TO_UINT (count) - mean) * ((gint64) GPOINTER_TO_UINT (count) - mean);
  sum += (gint64) (n_orders - *n_seen) * mean * mean;
  return (guint) (sum / mean);
}

/* 21 orders of 2 and 5 steps, 60 of 1, 2 and 3. With 20 (59) degrees of freedom chi-squared is above 45 (99) in one of a thousand even
 * samples. A walk that is even over steps is far beyond: it takes "aab…" in one run of four, and not of 21. */
static void
test_urw_takes_each_order_alike (void)
{
  g_autoptr (GString) order = g_string_new (NULL);
  Plan two = { { 2, 5, 0 }, order };
  Plan three = { { 1, 2, 3 }, order };
  guint n_seen, chi_squared = chi_squared_of (&two, "urw", 21 * 100, 21, &n_seen);

  g_test_message ("2 and 5 steps: %u of 21 orders, chi-squared %u", n_seen, chi_squared);
  g_assert_cmpuint (n_seen, ==, 21);
  g_assert_cmpuint (chi_squared, <, 45);

  chi_squared = chi_squared_of (&three, "urw", 60 * 100, 60, &n_seen);
  g_test_message ("1, 2 and 3 steps: %u of 60 orders, chi-squared %u", n_seen, chi_squared);
  g_assert_cmpuint (n_seen, ==, 60);
  g_assert_cmpuint (chi_squared, <, 99);

  g_assert_cmpuint (chi_squared_of (&two, "random", 21 * 100, 21, &n_seen), >, 450);
}

/* An even walk turns the two touches round in one run of 2048. Where the object is selected it is one of two; which it is in one of six: half
 * of the runs select an object, and the nursery and its scope are objects, too. */
static void
test_surw_takes_each_order_of_touches_alike (void)
{
  g_assert_cmpuint (count_late_meetings (TRUE), >, 50);
}

/* --- delays --- */

/* How often one who could have gone on was interrupted: another letter, and this one comes again. */
static guint
count_interruptions (const char *order)
{
  guint n = 0;

  for (guint i = 1; order[i] != '\0'; i++)
    n += order[i] != order[i - 1] && strchr (order + i, order[i - 1]) != NULL;
  return n;
}

static void
test_delay_deviates_no_more_often_than_it_may (void)
{
  g_autoptr (GString) order = g_string_new (NULL);
  Plan plan = { { 4, 4, 4 }, order };

  for (guint delays = 1; delays <= 4; delays++)
    {
      g_autofree char *fifo = g_strdup_printf ("delay:%u,base=fifo", delays);
      g_autofree char *block = g_strdup_printf ("delay:%u,base=block", delays);
      guint most[2] = { 0, 0 };

      for (guint64 seed = 1; seed <= 300; seed++)
        {
          g_autoptr (TrioSimReport) one = sim_run_measured (walkers, &plan, fifo, seed, NULL, TRIO_SIM_INJECT_NONE);
          guint n_interruptions;

          most[0] = MAX (most[0], trio_schedule_get_length (one->schedule));
          {
            g_autoptr (TrioSimReport) other = sim_run_measured (walkers, &plan, block, seed, NULL, TRIO_SIM_INJECT_NONE);

            sim_expect (other, TRIO_SIM_OK, NULL);
            n_interruptions = count_interruptions (order->str);
          }
          most[1] = MAX (most[1], n_interruptions);
        }
      g_assert_cmpuint (most[0], ==, delays);
      g_assert_cmpuint (most[1], ==, delays);
    }
}

/* --- spinning --- */

typedef struct
{
  gboolean ready;
} Flag;

static gboolean
spin (gpointer data, GError **error)
{
  Flag *flag = data;

  while (!flag->ready)
    if (!trio_checkpoint (error))
      return FALSE;
  return TRUE;
}

static gboolean
get_ready (gpointer data, GError **error)
{
  Flag *flag = data;

  for (guint i = 0; i < 5; i++)
    if (!trio_checkpoint (error))
      return FALSE;
  flag->ready = TRUE;
  return TRUE;
}

static gboolean
spinners (gpointer data, GError **error)
{
  Flag *flag = data;
  g_autoptr (TrioNursery) nursery = trio_nursery_open (error);

  flag->ready = FALSE;
  for (guint i = 0; i < 3; i++)
    trio_nursery_start_soon (nursery, spin, flag);
  trio_nursery_start_soon (nursery, get_ready, flag);
  return trio_nursery_close (nursery, TRUE);
}

static gboolean
spin_for_ever (gpointer data G_GNUC_UNUSED, GError **error)
{
  Flag never = { FALSE };
  g_autoptr (TrioNursery) nursery = trio_nursery_open (error);

  for (guint i = 0; i < 3; i++)
    trio_nursery_start_soon (nursery, spin, &never);
  return trio_nursery_close (nursery, TRUE);
}

static const char *const searching[] = { "random", "pct:1", "pct:3", "pct:10", "pos", "urw", "surw", "delay:1,base=fifo", "delay:3,base=block", "portfolio" };

static void
test_who_spins_keeps_nobody_from_coming (void)
{
  for (guint i = 0; i < G_N_ELEMENTS (searching); i++)
    {
      guint64 longest = 0;

      for (guint64 seed = 1; seed <= 200; seed++)
        {
          Flag flag;
          g_autoptr (TrioSimReport) report = sim_run_measured (spinners, &flag, searching[i], seed, NULL, TRIO_SIM_INJECT_NONE);

          sim_expect (report, TRIO_SIM_OK, NULL);
          longest = MAX (longest, report->steps);
        }
      g_test_message ("%s: at most %u steps", searching[i], (guint) longest);
      g_assert_cmpuint (longest, <, 1000);
    }
}

static void
test_who_spins_for_ever_is_a_livelock_under_each (void)
{
  for (guint i = 0; i < G_N_ELEMENTS (searching); i++)
    {
      g_autoptr (TrioSimReport) report = sim_run (spin_for_ever, NULL, &(TrioSimOptions) {
        .strategy = searching[i], .seed = 3, .max_idle_steps = 5000,
      });

      g_assert_cmpint (report->verdict, ==, TRIO_SIM_LIVELOCK);
    }
}

/* --- tasks that start tasks --- */

static gboolean
generation (gpointer data, GError **error)
{
  guint depth = GPOINTER_TO_UINT (data);
  g_autoptr (TrioNursery) nursery = trio_nursery_open (error);

  for (guint i = 0; i < depth; i++)
    {
      if (!trio_checkpoint (error))
        return FALSE;
      trio_nursery_start_soon (nursery, generation, GUINT_TO_POINTER (depth - 1));
    }
  return trio_nursery_close (nursery, TRUE);
}

static void
test_tasks_may_be_born_at_any_step (void)
{
  for (guint i = 0; i < G_N_ELEMENTS (searching); i++)
    for (guint64 seed = 1; seed <= 100; seed++)
      {
        g_autoptr (TrioSimReport) report = sim_run_measured (generation, GUINT_TO_POINTER (3), searching[i], seed, NULL, TRIO_SIM_INJECT_NONE);

        sim_expect (report, TRIO_SIM_OK, NULL);
      }
}

/* --- what determines a run --- */

static void
assert_same_run (const TrioSimReport *a, const TrioSimReport *b)
{
  g_assert_cmphex (a->hash, ==, b->hash);
  g_assert_cmphex (a->interleaving, ==, b->interleaving);
  g_assert_cmpuint (a->steps, ==, b->steps);
}

static void
test_it_does_not_matter_who_measures_and_when (void)
{
  static const char *const strategies[] = { "pct:2", "pct:5", "pos", "urw", "surw", "delay:3", "portfolio" };
  Bug bug = { .depth = 4 };
  g_autoptr (TrioSimMeasure) measure = sim_measure (two_halves, &bug, TRIO_SIM_INJECT_CANCEL);

  for (guint i = 0; i < G_N_ELEMENTS (strategies); i++)
    for (guint64 seed = 1; seed <= 20; seed++)
      {
        g_autoptr (TrioSimReport) with = sim_run_measured (two_halves, &bug, strategies[i], seed, measure, TRIO_SIM_INJECT_CANCEL);
        g_autoptr (TrioSimReport) without = sim_run_measured (two_halves, &bug, strategies[i], seed, NULL, TRIO_SIM_INJECT_CANCEL);

        assert_same_run (with, without);
      }
}

/* The header of the schedule says what to type to have the run again, without the portfolio and without measuring. */
static void
test_the_member_that_ran_is_named_and_repeats_the_run (void)
{
  g_autoptr (GHashTable) names = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  Bug bug = { .depth = 4 };

  for (guint64 seed = 1; seed <= 100; seed++)
    {
      g_autoptr (TrioSimReport) report = sim_run_measured (two_halves, &bug, "portfolio", seed, NULL, TRIO_SIM_INJECT_NONE);
      const char *name = trio_schedule_get_header (report->schedule)->strategy;
      g_autoptr (TrioSimReport) again = sim_run_measured (two_halves, &bug, name, seed, NULL, TRIO_SIM_INJECT_NONE);

      assert_same_run (report, again);
      g_assert_true (g_str_has_prefix (name, trio_sim_portfolio_pick (seed)));
      g_hash_table_add (names, g_strdup (name));
    }
  g_assert_cmpuint (g_hash_table_size (names), >=, 5);
}

/* --- injections --- */

#define PLACES 12

static gboolean
walk (gpointer data, GError **error)
{
  guint *reached = data;
  g_autoptr (TrioCancelScope) scope = trio_cancel_scope_open (error);
  gboolean ok = TRUE;

  *reached = 0;
  for (guint i = 0; i < PLACES && ok; i++)
    {
      ok = trio_checkpoint (error);
      *reached += ok;
    }
  return trio_cancel_scope_close (scope, ok);
}

/* Each place is as likely as any other: 2000 seeds, of which five in eight have one cancellation or more. */
static void
test_a_cancellation_comes_at_any_place_alike (void)
{
  guint reached, n[PLACES + 1] = { 0 };
  g_autoptr (TrioSimMeasure) measure = sim_measure (walk, &reached, TRIO_SIM_INJECT_CANCEL);

  for (guint64 seed = 1; seed <= 2000; seed++)
    {
      g_autoptr (TrioSimReport) report = sim_run_measured (walk, &reached, "pos", seed, measure, TRIO_SIM_INJECT_CANCEL);

      sim_expect (report, TRIO_SIM_OK, NULL);
      n[reached]++;
    }
  for (guint i = 0; i < PLACES; i++)
    {
      g_assert_cmpuint (n[i], >, 70);
      g_assert_cmpuint (n[i], <, 210);
    }
  g_assert_cmpuint (n[PLACES], >, 300);
}

/* --- spelling --- */

static void
test_what_is_no_strategy_is_told_with_what_there_is (void)
{
  static const struct
  {
    const char *text;
    const char *says;
  } wrong[] = {
    { "dice", "there is no strategy “dice”; there is: portfolio, fifo, random, pct[:DEPTH], pos, urw, surw, delay[:DELAYS]" },
    { "", "there is no strategy “”" },
    { "pct:0", "takes a number from 1 to 100, as in “pct:3”; it got “0”" },
    { "pct:three", "it got “three”" },
    { "pct:3,k=", "as in “k=41”; it got “k=”" },
    { "pct:3,k=0", "it got “k=0”" },
    { "pct:3,depth=4", "has nothing like “,depth=4”; it has “,k=”" },
    { "pos:2", "takes no number, and got “:2”" },
    { "delay:2,base=lifo", "has base=fifo and base=block, and got “base=lifo”" },
    { "delay:2,k=7,step=3", "it has “,k=” for how many questions to expect, and “,base=” for fifo or block" },
    { "random,k=3", "the strategy “random” has nothing like “,k=3”" },
    { "replay", "needs a schedule" },
  };

  for (guint i = 0; i < G_N_ELEMENTS (wrong); i++)
    {
      g_autoptr (GError) error = NULL;
      Flag flag;

      g_assert_false (trio_sim_run (spinners, &flag, &(TrioSimOptions) { .strategy = wrong[i].text }, NULL, &error));
      g_assert_error (error, TRIO_ERROR, TRIO_ERROR_MISUSE);
      g_test_message ("%s", error->message);
      g_assert_nonnull (strstr (error->message, wrong[i].says));
    }
}

static gboolean
measure_inside (gpointer data G_GNUC_UNUSED, GError **error)
{
  return trio_sim_measure (spinners, NULL, NULL, error) != NULL;
}

static void
test_nothing_is_measured_inside_a_run (void)
{
  g_autoptr (GError) error = NULL;

  g_assert_false (trio_sim_run (measure_inside, NULL, NULL, NULL, &error));
  g_assert_error (error, TRIO_ERROR, TRIO_ERROR_MISUSE);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
#define ADD(name) g_test_add_func ("/sim/strategies/" #name, test_ ## name)
  ADD (pct_keeps_its_promise);
  ADD (pct_of_too_little_depth_finds_nothing);
  ADD (urw_takes_each_order_alike);
  ADD (surw_takes_each_order_of_touches_alike);
  ADD (delay_deviates_no_more_often_than_it_may);
  ADD (who_spins_keeps_nobody_from_coming);
  ADD (who_spins_for_ever_is_a_livelock_under_each);
  ADD (tasks_may_be_born_at_any_step);
  ADD (it_does_not_matter_who_measures_and_when);
  ADD (the_member_that_ran_is_named_and_repeats_the_run);
  ADD (a_cancellation_comes_at_any_place_alike);
  ADD (what_is_no_strategy_is_told_with_what_there_is);
  ADD (nothing_is_measured_inside_a_run);
#undef ADD
  return g_test_run ();
}
