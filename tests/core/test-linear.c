/* SPDX-License-Identifier: MIT OR Apache-2.0 */

/* What is done for each of many tasks costs the same, however many there are. Time would tell, on a good day; here it is counted: the runtime
 * under this test is compiled once more, so that it calls __sanitizer_cov_trace_pc() at each branch it comes to. That number is the same on
 * every run. A walk over all tasks for each task would multiply it by thirty; a heap may add its logarithm. */

#include "tests/core/mock-world.h"

enum { FEW = 1000, MANY = 32000 };

void __sanitizer_cov_trace_pc (void);

static guint64 n_branches;

void
__sanitizer_cov_trace_pc (void)
{
  n_branches++;
}

/* ---- what is counted ---- */

typedef struct
{
  guint   n;
  guint64 n_branches;     /* out: for all of them */
} Work;

static gboolean
sleep_long (gpointer unused G_GNUC_UNUSED, GError **error)
{
  return trio_sleep (G_TIME_SPAN_HOUR, error);
}

static gboolean
cancel_sleepers (gpointer data, GError **error)
{
  Work *work = data;
  g_autoptr (TrioNursery) nursery = trio_nursery_open (error);
  guint64 before;
  gboolean ok;

  for (guint i = 0; i < work->n; i++)
    trio_nursery_start_soon (nursery, sleep_long, NULL);
  if (!trio_checkpoint (error))
    return FALSE;
  before = n_branches;
  trio_nursery_cancel (nursery);
  ok = trio_nursery_close (nursery, TRUE);
  work->n_branches = n_branches - before;
  return ok;
}

static gboolean
sleep_its_own_time (gpointer span, GError **error)
{
  return trio_sleep (GPOINTER_TO_INT (span), error);
}

static gboolean
spawn_and_wake_sleepers (gpointer data, GError **error)
{
  Work *work = data;
  g_autoptr (TrioNursery) nursery = trio_nursery_open (error);
  guint64 before = n_branches;
  gboolean ok;

  for (guint i = 0; i < work->n; i++)
    trio_nursery_start_soon (nursery, sleep_its_own_time, GINT_TO_POINTER ((int) (1 + (i * 7919) % work->n)));
  ok = trio_nursery_close (nursery, TRUE);
  work->n_branches = n_branches - before;
  return ok;
}

static gboolean
wait_for_one_event (gpointer event, GError **error)
{
  return trio_event_wait (event, error);
}

static gboolean
wake_all_who_wait (gpointer data, GError **error)
{
  Work *work = data;
  g_autoptr (TrioEvent) event = trio_event_new ();
  g_autoptr (TrioNursery) nursery = trio_nursery_open (error);
  guint64 before;
  gboolean ok;

  for (guint i = 0; i < work->n; i++)
    trio_nursery_start_soon (nursery, wait_for_one_event, event);
  if (!trio_checkpoint (error))
    return FALSE;
  before = n_branches;
  trio_event_set (event);
  ok = trio_nursery_close (nursery, TRUE);
  work->n_branches = n_branches - before;
  return ok;
}

static gboolean
nest_and_cancel_scopes (gpointer data, GError **error)
{
  Work *work = data;
  g_autofree TrioCancelScope **scopes = g_new0 (TrioCancelScope *, work->n);
  guint64 before = n_branches;
  gboolean ok;

  for (guint i = 0; i < work->n; i++)
    scopes[i] = trio_move_on_after (G_TIME_SPAN_HOUR + i, error);
  trio_cancel_scope_cancel (scopes[0]);
  ok = trio_checkpoint (error);
  for (guint i = work->n; i > 0; i--)
    {
      ok = trio_cancel_scope_close (scopes[i - 1], ok);
      trio_cancel_scope_free (scopes[i - 1]);
    }
  work->n_branches = n_branches - before;
  return ok;
}

/* ---- what is expected ---- */

static void
expect_linear (TrioFunc func)
{
  Work few = { .n = FEW }, many = { .n = MANY };

  if (mock_is_checked ())
    {
      g_test_skip ("it counts the same without a checker");
      return;
    }
  mock_run_ok (func, &few);
  mock_run_ok (func, &many);
  g_assert_cmpuint (few.n_branches, >=, FEW);
  g_test_message ("%.1f branches each of %d, %.1f each of %d", (double) few.n_branches / FEW, FEW, (double) many.n_branches / MANY, MANY);
  g_assert_cmpuint (many.n_branches * 2, <, few.n_branches * (MANY / FEW) * 3);
}

static void
test_cancelling_many_sleepers (void)
{
  expect_linear (cancel_sleepers);
}

static void
test_spawning_and_waking_many_sleepers (void)
{
  expect_linear (spawn_and_wake_sleepers);
}

static void
test_waking_all_who_wait (void)
{
  expect_linear (wake_all_who_wait);
}

static void
test_cancelling_many_nested_scopes (void)
{
  expect_linear (nest_and_cancel_scopes);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  /* In the order of production only: what is counted is compared between two runs, which must do the same. And there is no simulator over the
   * copy of the runtime that counts. */
  g_test_add_func ("/linear/cancelling-many-sleepers", test_cancelling_many_sleepers);
  g_test_add_func ("/linear/spawning-and-waking-many-sleepers", test_spawning_and_waking_many_sleepers);
  g_test_add_func ("/linear/waking-all-who-wait", test_waking_all_who_wait);
  g_test_add_func ("/linear/cancelling-many-nested-scopes", test_cancelling_many_nested_scopes);
  return g_test_run ();
}
