/* SPDX-License-Identifier: MIT OR Apache-2.0 */

/* Histories: what is linearizable and what is not, by hand, against brute force on thousands of small ones, and in a run of either
 * world. */

#include <string.h>

#include <glib/gstdio.h>
#include <trio-sim/history.h>

#include "tests/sim/sim-test.h"

/* --- histories written down --- */

static guint
call (TrioHistory *history, const char *client, const char *verb, const char *key, int argument)
{
  return trio_history_call (history, client, verb, key, argument < 0 ? NULL : g_variant_new_int64 (argument));
}

static void
give (TrioHistory *history, guint id, int result)
{
  trio_history_return (history, id, result < 0 ? NULL : g_variant_new_int64 (result));
}

/* One operation that overlaps none. */
static void
all_at_once (TrioHistory *history, const char *verb, const char *key, int argument, int result)
{
  give (history, call (history, "alone", verb, key, argument), result);
}

static TrioLinearization *
check (TrioHistory *history, const TrioModel *model)
{
  g_autoptr (GError) error = NULL;
  TrioLinearization *linearization = trio_history_check (history, model, 0, &error);

  g_assert_no_error (error);
  return linearization;
}

static void
expect (TrioHistory *history, const TrioModel *model, TrioLinearizability verdict)
{
  g_autoptr (TrioLinearization) linearization = check (history, model);

  if (linearization->verdict != verdict)
    g_error ("%s\n%s", linearization->message, trio_history_to_text (history));
}

static void
test_an_empty_history_is_linearizable (void)
{
  g_autoptr (TrioHistory) history = trio_history_new ();
  g_autoptr (TrioLinearization) linearization = check (history, trio_model_queue ());

  g_assert_cmpint (linearization->verdict, ==, TRIO_LINEARIZABLE);
  g_assert_cmpuint (linearization->n_order, ==, 0);
  g_assert_cmpstr (linearization->message, ==, "linearizable: it is a queue");
}

static void
test_a_read_may_see_a_write_that_overlaps_it_or_not (void)
{
  for (int seen = -1; seen <= 1; seen++)
    {
      g_autoptr (TrioHistory) history = trio_history_new ();
      guint write = call (history, "a", "write", NULL, 1);
      guint read = call (history, "b", "read", NULL, -1);

      give (history, read, seen);
      give (history, write, -1);
      expect (history, trio_model_register (), seen == 0 ? TRIO_NOT_LINEARIZABLE : TRIO_LINEARIZABLE);
    }
}

/* Two readers one after the other see new, then old, while the write is under way: each alone is right. */
static void
test_a_stale_read_is_found_and_explained (void)
{
  g_autoptr (TrioHistory) history = trio_history_new ();
  guint write, read;

  all_at_once (history, "write", "x", 1, -1);
  write = call (history, "a", "write", "x", 2);
  give (history, call (history, "b", "read", "x", -1), 2);
  read = call (history, "c", "read", "x", -1);
  give (history, read, 1);
  give (history, write, -1);

  g_autoptr (TrioLinearization) linearization = check (history, trio_model_register ());
  const guint order[] = { 0, 1, 2 };

  g_assert_cmpint (linearization->verdict, ==, TRIO_NOT_LINEARIZABLE);
  g_assert_cmpstr (linearization->key, ==, "x");
  g_assert_cmpint (linearization->stuck, ==, (int) read);
  g_assert_cmpmem (linearization->order, linearization->n_order * sizeof (guint), order, sizeof order);
  g_assert_cmpstr (linearization->message, ==,
                   "not linearizable: “x” is no register. No order gets past the return of read [x] -> 1 of c. "
                   "The most that can have happened before:\n"
                   "  1. write [x] 1 -> nothing of alone, after which it is: 1\n"
                   "  2. write [x] 2 -> nothing of a, after which it is: 2\n"
                   "  3. read [x] -> 2 of b, after which it is: 2");
}

static void
test_what_was_lost_may_have_happened_or_not (void)
{
  const int seen[] = { 1, 2, 3 };

  for (guint i = 0; i < G_N_ELEMENTS (seen); i++)
    {
      g_autoptr (TrioHistory) history = trio_history_new ();
      guint lost;

      all_at_once (history, "write", NULL, 1, -1);
      lost = call (history, "a", "write", NULL, 2);
      if (i == 0)
        trio_history_lose (history, lost);
      all_at_once (history, "read", NULL, -1, 1);
      all_at_once (history, "read", NULL, -1, seen[i]);
      expect (history, trio_model_register (), seen[i] == 3 ? TRIO_NOT_LINEARIZABLE : TRIO_LINEARIZABLE);
      /* Once seen it stays. */
      all_at_once (history, "read", NULL, -1, 1);
      expect (history, trio_model_register (), seen[i] == 1 ? TRIO_LINEARIZABLE : TRIO_NOT_LINEARIZABLE);
    }
}

static void
test_what_failed_did_not_happen (void)
{
  g_autoptr (TrioHistory) history = trio_history_new ();
  guint failed = call (history, "a", "write", NULL, 2);

  trio_history_fail (history, failed);
  all_at_once (history, "read", NULL, -1, -1);
  expect (history, trio_model_register (), TRIO_LINEARIZABLE);
  all_at_once (history, "read", NULL, -1, 2);
  expect (history, trio_model_register (), TRIO_NOT_LINEARIZABLE);
}

static void
test_each_key_is_an_object_of_its_own (void)
{
  g_autoptr (TrioHistory) history = trio_history_new ();

  all_at_once (history, "write", "x", 1, -1);
  all_at_once (history, "write", "", 3, -1);
  all_at_once (history, "write", NULL, 4, -1);
  all_at_once (history, "read", "y", -1, -1);
  all_at_once (history, "read", "x", -1, 1);
  all_at_once (history, "read", "", -1, 3);
  all_at_once (history, "read", NULL, -1, 4);
  expect (history, trio_model_register (), TRIO_LINEARIZABLE);

  all_at_once (history, "read", "y", -1, 1);
  g_autoptr (TrioLinearization) linearization = check (history, trio_model_register ());
  g_assert_cmpint (linearization->verdict, ==, TRIO_NOT_LINEARIZABLE);
  g_assert_cmpstr (linearization->key, ==, "y");
}

static void
test_the_models_know_their_objects (void)
{
  g_autoptr (TrioHistory) counter = trio_history_new ();
  g_autoptr (TrioHistory) queue = trio_history_new ();
  g_autoptr (TrioHistory) map = trio_history_new ();
  g_autoptr (TrioHistory) swaps = trio_history_new ();

  all_at_once (counter, "add", NULL, 3, -1);
  all_at_once (counter, "add", NULL, 4, 7);
  all_at_once (counter, "read", NULL, -1, 7);
  expect (counter, trio_model_counter (), TRIO_LINEARIZABLE);
  all_at_once (counter, "add", NULL, 1, 7);
  expect (counter, trio_model_counter (), TRIO_NOT_LINEARIZABLE);

  all_at_once (queue, "dequeue", NULL, -1, -1);
  all_at_once (queue, "enqueue", NULL, 1, -1);
  all_at_once (queue, "enqueue", NULL, 2, -1);
  all_at_once (queue, "dequeue", NULL, -1, 1);
  expect (queue, trio_model_queue (), TRIO_LINEARIZABLE);
  all_at_once (queue, "dequeue", NULL, -1, -1);
  expect (queue, trio_model_queue (), TRIO_NOT_LINEARIZABLE);

  all_at_once (map, "get", "k", -1, -1);
  all_at_once (map, "put", "k", 1, -1);
  all_at_once (map, "get", "k", -1, 1);
  trio_history_return (map, call (map, "a", "remove", "k", -1), g_variant_new_boolean (TRUE));
  trio_history_return (map, call (map, "a", "remove", "k", -1), g_variant_new_boolean (FALSE));
  expect (map, trio_model_map (), TRIO_LINEARIZABLE);
  all_at_once (map, "get", "k", -1, 1);
  expect (map, trio_model_map (), TRIO_NOT_LINEARIZABLE);

  all_at_once (swaps, "write", NULL, 1, -1);
  trio_history_return (swaps, trio_history_call (swaps, "a", "swap", NULL, g_variant_new ("(xx)", (gint64) 1, (gint64) 2)),
                       g_variant_new_boolean (TRUE));
  trio_history_return (swaps, trio_history_call (swaps, "a", "swap", NULL, g_variant_new ("(xx)", (gint64) 1, (gint64) 3)),
                       g_variant_new_boolean (FALSE));
  all_at_once (swaps, "read", NULL, -1, 2);
  expect (swaps, trio_model_register (), TRIO_LINEARIZABLE);
  all_at_once (swaps, "read", NULL, -1, 3);
  expect (swaps, trio_model_register (), TRIO_NOT_LINEARIZABLE);
}

static void
test_what_a_model_does_not_understand_is_refused (void)
{
  g_autoptr (TrioHistory) history = trio_history_new ();
  g_autoptr (GError) error = NULL;

  all_at_once (history, "pop", NULL, -1, 1);
  g_assert_null (trio_history_check (history, trio_model_queue (), 0, &error));
  g_assert_error (error, TRIO_ERROR, TRIO_ERROR_MISUSE);
  g_assert_cmpstr (error->message, ==, "the model “queue” does not understand “pop -> 1” of alone: no such verb; "
                                       "see <trio-sim/history.h> for what it has");
  g_clear_error (&error);

  g_autoptr (TrioHistory) typed = trio_history_new ();
  trio_history_call (typed, "a", "add", NULL, g_variant_new_string ("one"));
  g_assert_null (trio_history_check (typed, trio_model_counter (), 0, &error));
  g_assert_nonnull (strstr (error->message, "its argument has another type"));
}

static void
test_wrong_use_of_the_recorder_is_told (void)
{
  g_autoptr (TrioHistory) history = trio_history_new ();
  guint id = call (history, "a", "read", NULL, -1);

  give (history, id, 1);
  g_test_expect_message (G_LOG_DOMAIN, G_LOG_LEVEL_CRITICAL, "*operation 0 has ended already");
  trio_history_lose (history, id);
  g_test_expect_message (G_LOG_DOMAIN, G_LOG_LEVEL_CRITICAL, "*operation 7 was never called");
  give (history, 7, 1);
  g_test_expect_message (G_LOG_DOMAIN, G_LOG_LEVEL_CRITICAL, "*must say who the client is");
  call (history, NULL, "read", NULL, -1);
  g_test_assert_expected_messages ();
}

/* Twenty writers at once, and a reader who saw nothing of it at the end: each order has to be tried. */
static void
test_a_budget_that_is_used_up_is_said (void)
{
  g_autoptr (TrioHistory) history = trio_history_new ();
  g_autoptr (GError) error = NULL;
  guint writes[20];

  for (guint i = 0; i < G_N_ELEMENTS (writes); i++)
    writes[i] = call (history, "a", "write", NULL, (int) i);
  for (guint i = 0; i < G_N_ELEMENTS (writes); i++)
    give (history, writes[i], -1);
  all_at_once (history, "read", NULL, -1, 99);

  g_autoptr (TrioLinearization) linearization = trio_history_check (history, trio_model_register (), 1000, &error);
  g_assert_no_error (error);
  g_assert_cmpint (linearization->verdict, ==, TRIO_LINEARIZABLE_UNKNOWN);
  g_assert_cmpuint (linearization->steps, ==, 1000);
  g_assert_nonnull (strstr (linearization->message, "undecided"));
}

/* --- against brute force --- */

/* The definition itself: some operation that no other had ended before comes first, and so on, until all that had returned by `last`
 * have happened. */
static gboolean
can_go_on (const TrioHistory *history, const TrioModel *model, guint last, guint happened, gpointer state)
{
  guint n = trio_history_get_length (history);
  gboolean complete = TRUE;

  for (guint i = 0; i < n; i++)
    {
      guint returned = trio_history_get_operation (history, i)->returned;

      complete &= (happened >> i & 1) || returned == 0 || returned > last;
    }
  for (guint i = 0; i < n && !complete; i++)
    {
      const TrioOperation *operation = trio_history_get_operation (history, i);
      gboolean may = !(happened >> i & 1) && operation->called <= last;
      gpointer next;

      for (guint j = 0; j < n; j++)
        {
          guint returned = trio_history_get_operation (history, j)->returned;

          may &= (happened >> j & 1) || returned == 0 || returned > operation->called;
        }
      if (!may)
        continue;
      next = model->copy (state);
      complete = model->step (next, operation) && can_go_on (history, model, last, happened | 1u << i, next);
      model->free (next);
    }
  return complete;
}

static gboolean
is_linearizable (const TrioHistory *history, const TrioModel *model, guint last)
{
  gpointer state = model->init ();
  gboolean linearizable = can_go_on (history, model, last, 0, state);

  model->free (state);
  return linearizable;
}

/* Three clients, up to seven operations, small values; some are lost. */
static TrioHistory *
make_history (GRand *rand, gboolean queue)
{
  TrioHistory *history = trio_history_new ();
  static const char *const names[] = { "a", "b", "c" };
  int open[3] = { -1, -1, -1 };
  gboolean reads[3];
  guint n = 0;

  while (n < 7 || open[0] >= 0 || open[1] >= 0 || open[2] >= 0)
    {
      int client = g_rand_int_range (rand, 0, 3);

      if (open[client] >= 0)
        {
          if (g_rand_int_range (rand, 0, 8) == 0)
            trio_history_lose (history, (guint) open[client]);
          else
            give (history, (guint) open[client], reads[client] ? g_rand_int_range (rand, -1, 3) : -1);
          open[client] = -1;
        }
      else if (n < 7)
        {
          reads[client] = g_rand_boolean (rand);
          open[client] = (int) (reads[client] ? call (history, names[client], queue ? "dequeue" : "read", NULL, -1)
                                              : call (history, names[client], queue ? "enqueue" : "write", NULL,
                                                      g_rand_int_range (rand, 0, 3)));
          n++;
        }
    }
  return history;
}

static void
assert_stuck_there (const TrioHistory *history, const TrioModel *model, const TrioLinearization *linearization)
{
  guint place = trio_history_get_operation (history, (guint) linearization->stuck)->returned;

  g_assert_true (is_linearizable (history, model, place - 1));
  g_assert_false (is_linearizable (history, model, place));
}

static void
test_the_search_agrees_with_brute_force (void)
{
  g_autoptr (GRand) rand = g_rand_new_with_seed (1993);
  guint n_good = 0, n_bad = 0;

  for (int i = 0; i < 3000; i++)
    {
      const TrioModel *model = i % 2 == 0 ? trio_model_register () : trio_model_queue ();
      g_autoptr (TrioHistory) history = make_history (rand, i % 2 != 0);
      g_autoptr (TrioLinearization) linearization = check (history, model);
      gboolean good = is_linearizable (history, model, G_MAXUINT);

      if (good != (linearization->verdict == TRIO_LINEARIZABLE))
        g_error ("%s\n%s", linearization->message, trio_history_to_text (history));
      if (good)
        n_good++;
      else
        {
          n_bad++;
          assert_stuck_there (history, model, linearization);
        }
    }
  g_assert_cmpuint (n_good, >, 200);
  g_assert_cmpuint (n_bad, >, 200);
}

/* --- in a run --- */

typedef struct
{
  TrioHistory *history;
  TrioLock    *lock;         /* NULL: the counter is a broken one */
  gint64       sum;
} Counter;

static gboolean
add_one (gpointer data, GError **error)
{
  Counter *counter = data;
  guint id = trio_history_call (counter->history, NULL, "add", "hits", g_variant_new_int64 (1));
  gint64 sum;

  if (counter->lock != NULL && !trio_lock_acquire (counter->lock, error))
    return FALSE;
  sum = counter->sum;
  if (!trio_checkpoint (error))
    return FALSE;
  counter->sum = sum + 1;
  if (counter->lock != NULL)
    trio_lock_release (counter->lock);
  trio_history_return (counter->history, id, g_variant_new_int64 (sum + 1));
  return TRUE;
}

static gboolean
count_together (gpointer data, GError **error)
{
  g_autoptr (TrioHistory) history = trio_history_new ();
  g_autoptr (TrioLock) lock = trio_lock_new ();
  Counter counter = { history, data == NULL ? lock : NULL, 0 };
  g_autoptr (TrioNursery) nursery = trio_nursery_open (error);

  trio_nursery_start_soon (nursery, add_one, &counter);
  trio_nursery_start_soon (nursery, add_one, &counter);
  if (!trio_nursery_close (nursery, TRUE))
    return FALSE;
  g_assert_cmpuint (trio_history_get_length (history), ==, 2);
  trio_always_linearizable (history, trio_model_counter (), "the counter counts");
  return TRUE;
}

static void
test_a_counter_that_loses_an_update_fails_its_run (void)
{
  g_autofree char *folder = g_dir_make_tmp ("trio-history-XXXXXX", NULL);
  g_autofree char *path = g_build_filename (folder, "a.html", NULL);
  g_autofree char *page = NULL;
  g_autoptr (TrioSimReport) report = sim_run (count_together, "", &(TrioSimOptions) { .history_path = path });

  sim_expect (report, TRIO_SIM_ALWAYS, "the counter counts");
  g_assert_nonnull (strstr (report->message, "test-history.c"));
  g_assert_nonnull (strstr (report->message, "No order gets past the return of add [hits] 1 -> 1 of main/add_one#2"));
  g_assert_true (g_file_get_contents (path, &page, NULL, NULL));
  g_assert_nonnull (strstr (page, "main/add_one#2"));
  g_unlink (path);
  g_rmdir (folder);
}

static void
test_a_counter_with_a_lock_counts_in_both_worlds (void)
{
  g_autoptr (TrioSimReport) report = sim_run_fifo (count_together, NULL);
  g_autoptr (GError) error = NULL;

  sim_expect (report, TRIO_SIM_OK, NULL);
  g_assert_true (g_hash_table_lookup (report->goals, "the counter counts: decided") != NULL);
  g_assert_true (trio_run (count_together, NULL, &error));
  g_assert_no_error (error);
}

static void
test_in_the_real_world_it_aborts_with_the_history (void)
{
  g_autoptr (GError) error = NULL;

  if (g_test_subprocess ())
    {
      g_assert_false (trio_run (count_together, "", &error));
      return;
    }
  g_test_trap_subprocess (NULL, 0, 0);
  g_test_trap_assert_failed ();
  g_test_trap_assert_stderr ("*the counter counts*No order gets past*");
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);

#define ADD(name) g_test_add_func ("/sim/history/" #name, test_##name)
  ADD (an_empty_history_is_linearizable);
  ADD (a_read_may_see_a_write_that_overlaps_it_or_not);
  ADD (a_stale_read_is_found_and_explained);
  ADD (what_was_lost_may_have_happened_or_not);
  ADD (what_failed_did_not_happen);
  ADD (each_key_is_an_object_of_its_own);
  ADD (the_models_know_their_objects);
  ADD (what_a_model_does_not_understand_is_refused);
  ADD (wrong_use_of_the_recorder_is_told);
  ADD (a_budget_that_is_used_up_is_said);
  ADD (the_search_agrees_with_brute_force);
  ADD (a_counter_that_loses_an_update_fails_its_run);
  ADD (a_counter_with_a_lock_counts_in_both_worlds);
  ADD (in_the_real_world_it_aborts_with_the_history);
  return g_test_run ();
}
