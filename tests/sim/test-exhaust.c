/* SPDX-License-Identifier: MIT OR Apache-2.0 */

/* Exhaustive search where mathematics knows the number of schedules. */

#include <string.h>

#include "simulator/exhaust.h"
#include "tests/sim/sim-test.h"

#include <trio/lowlevel/access.h>
#include <trio/lowlevel/token.h>

static TrioSimExhaust *
exhaust_with (TrioFunc func, gpointer data, const TrioSimExhaustOptions *how)
{
  TrioSimExhaustOptions options = *how;
  g_autoptr (GError) error = NULL;
  TrioSimExhaust *result;

  options.func = func;
  options.data = data;
  result = trio_sim_exhaust (&options, &error);
  g_assert_no_error (error);
  return result;
}

static TrioSimExhaust *
exhaust (TrioFunc func, gpointer data, TrioSimReduce reduce)
{
  return exhaust_with (func, data, &(TrioSimExhaustOptions) { .deviations = -1, .reduce = reduce });
}

static void
expect (TrioSimExhaust *result, TrioSimExhaustOutcome outcome, guint64 schedules)
{
  g_autoptr (TrioSimExhaust) owned = result;

  if (owned->failure != NULL)
    g_error ("%s: %s", owned->failure->name, owned->failure->message);
  g_assert_cmpint (owned->outcome, ==, outcome);
  g_assert_cmpuint (owned->schedules, ==, schedules);
  g_assert_cmpuint (owned->runs, ==, owned->schedules + owned->redundant);
}

static void
expect_failure (TrioSimExhaust *result, TrioSimVerdict verdict, const char *name)
{
  g_autoptr (TrioSimExhaust) owned = result;

  g_assert_cmpint (owned->outcome, ==, TRIO_SIM_STOPPED);
  g_assert_nonnull (owned->failure);
  sim_expect (owned->failure, verdict, name);
}

/* --- tasks that have nothing to do with each other --- */

typedef struct
{
  guint n_tasks;
  guint n_checkpoints;
} Shape;

static gboolean
walk (gpointer data, GError **error)
{
  const Shape *shape = data;

  for (guint i = 0; i < shape->n_checkpoints; i++)
    if (!trio_checkpoint (error))
      return FALSE;
  return TRUE;
}

static gboolean
walk_together (gpointer data, GError **error)
{
  const Shape *shape = data;
  g_autoptr (TrioNursery) nursery = trio_nursery_open (error);

  for (guint i = 0; i < shape->n_tasks; i++)
    trio_nursery_start_soon (nursery, walk, data);
  return trio_nursery_close (nursery, TRUE);
}

/* (n k)! / k!^n */
static guint64
multinomial (guint n, guint k)
{
  guint64 count = 1;

  for (guint i = 1; i <= n; i++)
    for (guint j = 1; j <= k; j++)
      count = count * ((i - 1) * k + j) / j;
  return count;
}

static const Shape shapes[] = { { 1, 3 }, { 2, 0 }, { 2, 1 }, { 2, 3 }, { 3, 1 }, { 3, 2 }, { 4, 0 }, { 4, 1 }, { 5, 0 } };

static void
test_independent_tasks_have_as_many_schedules_as_the_multinomial_says (void)
{
  for (guint i = 0; i < G_N_ELEMENTS (shapes); i++)
    expect (exhaust (walk_together, (gpointer) &shapes[i], TRIO_SIM_REDUCE_NONE), TRIO_SIM_EXHAUSTED,
            multinomial (shapes[i].n_tasks, shapes[i].n_checkpoints + 1));
}

static void
test_independent_tasks_have_one_schedule_when_it_is_reduced (void)
{
  for (guint i = 0; i < G_N_ELEMENTS (shapes); i++)
    expect (exhaust (walk_together, (gpointer) &shapes[i], TRIO_SIM_REDUCE_OBJECTS), TRIO_SIM_EXHAUSTED, 1);
}

/* --- tasks that touch one thing --- */

static int thing;

typedef struct
{
  guint      n_tasks;
  TrioAccess access;
} Touching;

static gboolean
touch_once (gpointer data, GError **error)
{
  trio_note_access (&thing, ((const Touching *) data)->access);
  return trio_checkpoint (error);
}

static gboolean
touch_together (gpointer data, GError **error)
{
  const Touching *touching = data;
  g_autoptr (TrioNursery) nursery = trio_nursery_open (error);

  for (guint i = 0; i < touching->n_tasks; i++)
    trio_nursery_start_soon (nursery, touch_once, data);
  return trio_nursery_close (nursery, TRUE);
}

static void
test_writers_of_one_thing_have_as_many_schedules_as_orders (void)
{
  static const Touching writers[] = { { 2, TRIO_ACCESS_WRITE }, { 3, TRIO_ACCESS_WRITE }, { 4, TRIO_ACCESS_WRITE } };
  static const guint64 orders[] = { 2, 6, 24 };

  for (guint i = 0; i < G_N_ELEMENTS (writers); i++)
    expect (exhaust (touch_together, (gpointer) &writers[i], TRIO_SIM_REDUCE_OBJECTS), TRIO_SIM_EXHAUSTED, orders[i]);
}

static void
test_readers_and_adders_of_one_thing_have_one (void)
{
  static const Touching touchings[] = { { 4, TRIO_ACCESS_READ }, { 4, TRIO_ACCESS_ADD } };

  for (guint i = 0; i < G_N_ELEMENTS (touchings); i++)
    expect (exhaust (touch_together, (gpointer) &touchings[i], TRIO_SIM_REDUCE_OBJECTS), TRIO_SIM_EXHAUSTED, 1);
}

/* One writes, the others read before or after it: 2^n classes. */
static gboolean
write_once (gpointer data G_GNUC_UNUSED, GError **error)
{
  trio_note_access (&thing, TRIO_ACCESS_WRITE);
  return trio_checkpoint (error);
}

static gboolean
one_writer (gpointer data, GError **error)
{
  static const Touching reads = { 0, TRIO_ACCESS_READ };
  g_autoptr (TrioNursery) nursery = trio_nursery_open (error);

  trio_nursery_start_soon (nursery, write_once, NULL);
  for (guint i = 0; i < GPOINTER_TO_UINT (data); i++)
    trio_nursery_start_soon (nursery, touch_once, (gpointer) &reads);
  return trio_nursery_close (nursery, TRUE);
}

static void
test_each_reader_is_before_or_after_the_writer (void)
{
  for (guint n = 1; n <= 5; n++)
    expect (exhaust (one_writer, GUINT_TO_POINTER (n), TRIO_SIM_REDUCE_OBJECTS), TRIO_SIM_EXHAUSTED, (guint64) 1 << n);
}

/* --- values --- */

static gboolean
choose_thrice (gpointer data G_GNUC_UNUSED, GError **error G_GNUC_UNUSED)
{
  const TrioChoicePoint point = { .label = "dice", .bound = 3 };
  guint sum = 0;

  for (guint i = 0; i < 3; i++)
    sum += trio_choose (&point);
  trio_sometimes (sum == 6, "three times two");
  return TRUE;
}

static void
test_all_values_are_tried (void)
{
  expect (exhaust (choose_thrice, NULL, TRIO_SIM_REDUCE_NONE), TRIO_SIM_EXHAUSTED, 27);
  expect (exhaust (choose_thrice, NULL, TRIO_SIM_REDUCE_OBJECTS), TRIO_SIM_EXHAUSTED, 27);
}

static void
test_a_bound_leaves_the_rest_dull (void)
{
  static const guint64 at_most[] = { 1, 1 + 6, 1 + 6 + 12, 27 };

  for (guint d = 0; d < G_N_ELEMENTS (at_most); d++)
    expect (exhaust_with (choose_thrice, NULL, &(TrioSimExhaustOptions) { .deviations = d }),
            d < 3 ? TRIO_SIM_BOUNDED : TRIO_SIM_EXHAUSTED, at_most[d]);
}

static void
test_what_is_held_is_told (void)
{
  static const char *const held[] = { "dice", NULL };
  TrioSimExhaustOptions options = { .deviations = -1, .reduce = TRIO_SIM_REDUCE_NONE, .held = held };
  g_autoptr (TrioSimExhaust) result = exhaust_with (choose_thrice, NULL, &options);
  g_autoptr (GString) claim = g_string_new (NULL);

  g_assert_cmpuint (result->schedules, ==, 1);
  g_assert_cmpuint (result->held->len, ==, 1);
  trio_sim_exhaust_describe (result, &options, claim);
  g_assert_nonnull (strstr (claim->str, "exhausted: all 1 schedule\n"));
  g_assert_nonnull (strstr (claim->str, "not varied: dice (asked 3 times)"));
}

static void
test_parts_together_do_what_the_whole_does (void)
{
  const Shape shape = { 3, 1 };
  guint64 schedules = 0;

  for (guint part = 0; part < 3; part++)
    {
      g_autoptr (TrioSimExhaust) result = exhaust_with (walk_together, (gpointer) &shape, &(TrioSimExhaustOptions) {
        .deviations = -1, .reduce = TRIO_SIM_REDUCE_NONE, .part = part, .parts = 3 });

      g_assert_cmpint (result->outcome, ==, TRIO_SIM_EXHAUSTED);
      g_assert_cmpuint (result->schedules, >, 0);
      schedules += result->schedules;
    }
  g_assert_cmpuint (schedules, ==, 90);
}

static void
test_a_budget_says_what_was_complete (void)
{
  TrioSimExhaustOptions options = { .deviations = -1, .reduce = TRIO_SIM_REDUCE_NONE, .max_runs = 10 };
  g_autoptr (TrioSimExhaust) result = exhaust_with (choose_thrice, NULL, &options);
  g_autoptr (GString) claim = g_string_new (NULL);

  g_assert_cmpint (result->outcome, ==, TRIO_SIM_STOPPED);
  trio_sim_exhaust_describe (result, &options, claim);
  g_assert_nonnull (strstr (claim->str, "stopped after 10 schedules: the runs were used up; all with at most 1 deviation were run"));
}

/* --- bugs, and their repaired twins --- */

typedef struct
{
  TrioLock *lock;       /* NULL: none */
  guint     balance;
} Account;

static gboolean
deposit (gpointer data, GError **error)
{
  Account *account = data;
  guint seen;

  if (account->lock != NULL && !trio_lock_acquire (account->lock, error))
    return FALSE;
  trio_note_access (&account->balance, TRIO_ACCESS_READ);
  seen = account->balance;
  if (!trio_checkpoint (error))
    return FALSE;
  trio_note_access (&account->balance, TRIO_ACCESS_WRITE);
  account->balance = seen + 1;
  if (account->lock != NULL)
    trio_lock_release (account->lock);
  return TRUE;
}

static gboolean
two_deposits (gpointer data, GError **error)
{
  g_autoptr (TrioLock) lock = data != NULL ? trio_lock_new () : NULL;
  Account account = { .lock = lock };
  g_autoptr (TrioNursery) nursery = trio_nursery_open (error);

  trio_nursery_start_soon (nursery, deposit, &account);
  trio_nursery_start_soon (nursery, deposit, &account);
  if (!trio_nursery_close (nursery, TRUE))
    return FALSE;
  trio_always (account.balance == 2, "no deposit is lost");
  return TRUE;
}

static void
test_the_lost_update_is_found_and_the_repaired_one_is_exhausted (void)
{
  expect_failure (exhaust (two_deposits, NULL, TRIO_SIM_REDUCE_NONE), TRIO_SIM_ALWAYS, "no deposit is lost");
  expect_failure (exhaust (two_deposits, NULL, TRIO_SIM_REDUCE_OBJECTS), TRIO_SIM_ALWAYS, "no deposit is lost");
  /* Either is first, and the other comes while the lock is held, or after it was released. */
  expect (exhaust (two_deposits, &thing, TRIO_SIM_REDUCE_OBJECTS), TRIO_SIM_EXHAUSTED, 4);
}

typedef struct
{
  TrioLock *first;
  TrioLock *second;
} Seat;

static gboolean
eat (gpointer data, GError **error)
{
  const Seat *seat = data;

  if (!trio_lock_acquire (seat->first, error) || !trio_lock_acquire (seat->second, error))
    return FALSE;
  trio_lock_release (seat->second);
  trio_lock_release (seat->first);
  return TRUE;
}

/* The last of them takes the right fork first, if they are wise. */
static gboolean
dine (guint n, gboolean wise, GError **error)
{
  g_autoptr (GPtrArray) forks = g_ptr_array_new_with_free_func ((GDestroyNotify) trio_lock_free);
  g_autofree Seat *seats = g_new (Seat, n);
  g_autoptr (TrioNursery) nursery = trio_nursery_open (error);

  for (guint i = 0; i < n; i++)
    g_ptr_array_add (forks, trio_lock_new ());
  for (guint i = 0; i < n; i++)
    {
      TrioLock *left = forks->pdata[i], *right = forks->pdata[(i + 1) % n];

      seats[i] = wise && i == n - 1 ? (Seat) { right, left } : (Seat) { left, right };
      trio_nursery_start_soon (nursery, eat, &seats[i]);
    }
  return trio_nursery_close (nursery, TRUE);
}

static gboolean
dine_unwisely (gpointer data, GError **error)
{
  return dine (GPOINTER_TO_UINT (data), FALSE, error);
}

static gboolean
dine_wisely (gpointer data, GError **error)
{
  return dine (GPOINTER_TO_UINT (data), TRUE, error);
}

static void
test_philosophers_starve_unless_one_is_left_handed (void)
{
  for (guint n = 2; n <= 3; n++)
    {
      expect_failure (exhaust (dine_unwisely, GUINT_TO_POINTER (n), TRIO_SIM_REDUCE_NONE), TRIO_SIM_DEADLOCK,
                      "tasks wait in trio_lock_acquire, trio_nursery_close");
      expect_failure (exhaust (dine_unwisely, GUINT_TO_POINTER (n), TRIO_SIM_REDUCE_OBJECTS), TRIO_SIM_DEADLOCK,
                      "tasks wait in trio_lock_acquire, trio_nursery_close");
    }
  {
    g_autoptr (TrioSimExhaust) all = exhaust (dine_wisely, GUINT_TO_POINTER (2), TRIO_SIM_REDUCE_NONE);
    g_autoptr (TrioSimExhaust) two = exhaust (dine_wisely, GUINT_TO_POINTER (2), TRIO_SIM_REDUCE_OBJECTS);
    g_autoptr (TrioSimExhaust) three = exhaust (dine_wisely, GUINT_TO_POINTER (3), TRIO_SIM_REDUCE_OBJECTS);

    g_test_message ("wise philosophers: 2: %" G_GUINT64_FORMAT " schedules, %" G_GUINT64_FORMAT "+%" G_GUINT64_FORMAT " reduced; 3: %"
                    G_GUINT64_FORMAT "+%" G_GUINT64_FORMAT, all->schedules, two->schedules, two->redundant, three->schedules,
                    three->redundant);
    g_assert_cmpint (all->outcome, ==, TRIO_SIM_EXHAUSTED);
    g_assert_cmpint (two->outcome, ==, TRIO_SIM_EXHAUSTED);
    g_assert_cmpint (three->outcome, ==, TRIO_SIM_EXHAUSTED);
    g_assert_cmpuint (two->schedules, <, all->schedules);
  }
}

/* --- where reducing is not right --- */

static void
do_nothing (gpointer data G_GNUC_UNUSED)
{
}

static gboolean
call_in (gpointer data G_GNUC_UNUSED, GError **error)
{
  trio_token_run_sync_soon (trio_current_token (), do_nothing, NULL, NULL);
  return trio_checkpoint (error);
}

static gboolean
two_calls_in (gpointer data, GError **error)
{
  g_autoptr (TrioNursery) nursery = trio_nursery_open (error);

  trio_nursery_start_soon (nursery, call_in, data);
  trio_nursery_start_soon (nursery, call_in, data);
  return trio_nursery_close (nursery, TRUE);
}

static void
test_what_is_not_understood_is_not_reduced (void)
{
  g_autoptr (TrioSimExhaust) result = exhaust (two_calls_in, NULL, TRIO_SIM_REDUCE_OBJECTS);

  g_assert_cmpint (result->outcome, ==, TRIO_SIM_EXHAUSTED);
  g_assert_cmpint (result->reduced, ==, TRIO_SIM_REDUCE_NONE);
  g_assert_nonnull (result->irreducible);
  g_assert_cmpuint (result->schedules, ==, 6);
}

static gboolean
remember (gpointer data G_GNUC_UNUSED, GError **error)
{
  static guint n_runs;
  const TrioChoicePoint point = { .label = ++n_runs % 2 == 0 ? "even" : "odd", .bound = 2 };

  trio_choose (&point);
  return trio_checkpoint (error);
}

static void
test_what_lives_on_from_run_to_run_is_found (void)
{
  expect_failure (exhaust (remember, NULL, TRIO_SIM_REDUCE_NONE), TRIO_SIM_NONDETERMINISM, "the same choices led to other questions");
  expect_failure (exhaust (remember, NULL, TRIO_SIM_REDUCE_OBJECTS), TRIO_SIM_NONDETERMINISM,
                  "the same choices led to other questions");
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);

#define ADD(name) g_test_add_func ("/exhaust/" #name, test_##name)
  ADD (independent_tasks_have_as_many_schedules_as_the_multinomial_says);
  ADD (independent_tasks_have_one_schedule_when_it_is_reduced);
  ADD (writers_of_one_thing_have_as_many_schedules_as_orders);
  ADD (readers_and_adders_of_one_thing_have_one);
  ADD (each_reader_is_before_or_after_the_writer);
  ADD (all_values_are_tried);
  ADD (a_bound_leaves_the_rest_dull);
  ADD (what_is_held_is_told);
  ADD (parts_together_do_what_the_whole_does);
  ADD (a_budget_says_what_was_complete);
  ADD (the_lost_update_is_found_and_the_repaired_one_is_exhausted);
  ADD (philosophers_starve_unless_one_is_left_handed);
  ADD (what_is_not_understood_is_not_reduced);
  ADD (what_lives_on_from_run_to_run_is_found);
#undef ADD
  return g_test_run ();
}
