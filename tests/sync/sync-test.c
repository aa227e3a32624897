/* SPDX-License-Identifier: MIT OR Apache-2.0 */

#include "tests/sync/sync-test.h"

#include <trio-sim/sim.h>
#include <trio/lowlevel/idle.h>

enum { N_SCHEDULES = 1000, N_SCHEDULES_VALGRIND = 3, CHECK_DETERMINISM_EVERY = 100 };

static void
run_simulated (TrioFunc body, const char *strategy, guint64 seed)
{
  TrioSimOptions options = { .strategy = strategy, .seed = seed, .check_determinism = seed % CHECK_DETERMINISM_EVERY == 0 };
  g_autoptr (TrioSimReport) report = NULL;
  g_autoptr (GError) error = NULL;

  if (!trio_sim_run (body, NULL, &options, &report, &error))
    g_error ("strategy \"%s\", seed %" G_GUINT64_FORMAT ": %s\n%s", strategy, seed, error != NULL ? error->message : "no error",
             report != NULL && report->message != NULL ? report->message : "");
}

static void
run_in_simulator (gconstpointer data)
{
  TrioFunc body = *(const TrioFunc *) data;
  guint64 n = g_getenv ("TRIO_TEST_VALGRIND") != NULL ? N_SCHEDULES_VALGRIND : N_SCHEDULES;

  run_simulated (body, "fifo", 0);
  for (guint64 seed = 1; seed <= n; seed++)
    run_simulated (body, "random", seed);
}

static void
run_in_mock_world (gconstpointer data)
{
  TrioFunc body = *(const TrioFunc *) data;

  mock_run_ok (body, NULL);
}

static void
add (const char *world, const char *path, TrioFunc body, void (*run) (gconstpointer))
{
  g_autofree char *whole = g_strconcat (world, path, NULL);
  TrioFunc *boxed = g_new (TrioFunc, 1);

  *boxed = body;
  g_test_add_data_func_full (whole, boxed, run, g_free);
}

void
sync_test_add (const char *path, TrioFunc body)
{
  add ("/mock", path, body, run_in_mock_world);
  add ("/sim", path, body, run_in_simulator);
}

gboolean
sync_test_is_simulated (void)
{
  return strcmp (trio_loop_get_world (trio_loop_get_current ())->name, "mock") != 0;
}

void
sync_test_settle (void)
{
  GError *error = NULL;

  if (!trio_wait_idle (0, &error))
    g_error ("%s", error->message);
}

static gboolean
run_task (gpointer data, GError **error)
{
  SyncTask *self = data;
  g_autoptr (TrioCancelScope) scope = trio_cancel_scope_open (error);
  gboolean ok;

  self->scope = scope;
  self->ok = self->func (self->data, error);
  ok = trio_cancel_scope_close (scope, self->ok);
  self->scope = NULL;
  self->cancelled = trio_cancel_scope_cancelled_caught (scope);
  self->ended = TRUE;
  return ok;
}

void
sync_task_start (SyncTask *self, TrioNursery *nursery, TrioFunc func, gpointer data, const char *name)
{
  *self = (SyncTask) { .func = func, .data = data };
  trio_nursery_start_soon_full (nursery, run_task, self, NULL, name);
}

void
sync_task_cancel (SyncTask *self)
{
  g_assert_nonnull (self->scope);
  trio_cancel_scope_cancel (self->scope);
}
