/* SPDX-License-Identifier: MIT OR Apache-2.0 */

#include "tests/supervise/supervise-test.h"

GString *worker_log;

void
worker_log_clear (void)
{
  if (worker_log == NULL)
    worker_log = g_string_new (NULL);
  g_string_truncate (worker_log, 0);
}

static void
say (Worker *self, char what)
{
  if (worker_log == NULL)
    worker_log_clear ();
  g_string_append_printf (worker_log, "%s%s%c", worker_log->len > 0 ? " " : "", self->name, what);
}

void
worker_log_expect (const char *expected)
{
  g_assert_cmpstr (worker_log->str, ==, expected);
  worker_log_clear ();
}

guint
worker_log_find (const char *what)
{
  const char *found = strstr (worker_log->str, what);

  g_assert_nonnull (found);
  return found - worker_log->str;
}

static gboolean
live (Worker *self, GError **error)
{
  g_autoptr (TrioCancelScope) listening = NULL;

  if (!self->listens)
    return trio_sleep (self->life, error);
  listening = trio_move_on_when_soft_cancelled (error);
  return trio_cancel_scope_close (listening, trio_sleep (self->life, error));
}

static gboolean
clean_up (Worker *self, GError **error)
{
  g_autoptr (TrioCancelScope) shield G_GNUC_UNUSED = trio_shield_for (self->clean_up + 60 * SECOND, NULL);

  self->n_cancelled++;
  g_assert_true (trio_sleep (self->clean_up, NULL));
  if (self->fails_in_clean_up)
    {
      g_clear_error (error);
      g_set_error (error, TRIO_ERROR, TRIO_ERROR_FAILED, "%s cannot clean up", self->name);
    }
  return FALSE;
}

gboolean
worker_run (gpointer worker, GError **error)
{
  Worker *self = worker;
  gboolean ok;

  g_assert_cmpuint (self->n_ends, ==, self->n_starts);      /* never two of it at the same time */
  if (self->n_starts < G_N_ELEMENTS (self->started_at))
    self->started_at[self->n_starts] = trio_current_time ();
  self->n_starts++;
  say (self, '+');
  ok = live (self, error);
  if (!ok)
    ok = clean_up (self, error);
  else if (self->fails > 0 && !trio_current_soft_cancelled ())
    {
      self->fails--;
      say (self, '!');
      self->n_ends++;
      g_set_error (error, TRIO_ERROR, TRIO_ERROR_FAILED, "%s failed in life %u", self->name, self->n_starts);
      return FALSE;
    }
  say (self, '-');
  self->n_ends++;
  return ok;
}

gboolean
wait_until_many (const guint *n, guint many, GError **error)
{
  while (*n < many)
    if (!trio_sleep (SECOND / 100, error))
      return FALSE;
  return TRUE;
}

void
expect_at_most (GTimeSpan span, GTimeSpan most)
{
  if (!sync_test_is_simulated ())
    g_assert_cmpint (span, <=, most);
}

void
worker_freed (gpointer worker)
{
  ((Worker *) worker)->n_freed++;
}

guint64
worker_add_with_grace (TrioSupervisor *supervisor, Worker *worker, TrioSupervisorRestart restart, GTimeSpan grace)
{
  const TrioSupervisorChildOptions options = { .restart = restart, .grace = grace };

  return trio_supervisor_start_child_full (supervisor, worker_run, worker, worker_freed, worker->name, &options);
}

guint64
worker_add (TrioSupervisor *supervisor, Worker *worker, TrioSupervisorRestart restart)
{
  return worker_add_with_grace (supervisor, worker, restart, 0);
}

void
reports_take (const TrioSupervisorIncident *incident, gpointer reports)
{
  Reports *self = reports;

  g_assert_nonnull (incident->child_name);
  g_assert_cmpuint (incident->child, >, 0);
  self->n_incidents++;
  self->n_restarts += incident->restarts;
  self->last_delay = incident->delay;
}
