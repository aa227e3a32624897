/* SPDX-License-Identifier: MIT OR Apache-2.0 */

/* The manager: the task that starts the children, hears of their ends, and decides.
 *
 *     for ever:
 *       cancelled, or asked to stop?       end all, last first
 *       start who is new
 *       deal with who has ended            restart, with whom the strategy says; or take out; or give up
 *       the body is over and nobody left?  done
 *       wait for news
 *
 * Whoever has news sets a flag and wakes the manager; it looks at everything each time, so that no order of news can be missed.
 *
 * Its waits can be cancelled, until it ends the children for good: then there is nothing it could do better than wait, as a nursery's join. */

#include <trio/checkpoint.h>
#include <trio/error.h>
#include <trio/graceful.h>
#include <trio/lowlevel/dump.h>
#include <trio/lowlevel/instrument.h>

#include "supervise/supervisor-private.h"

static void     start_new         (TrioSupervisor *self);
static gboolean deal_with_all     (TrioSupervisor *self, GError **rest, GError **error);
static gboolean deal_with         (TrioSupervisor *self, Child *child, GError **rest, GError **error);
static gboolean restart           (TrioSupervisor *self, Child *child, GError *why, GError **error);
static gboolean stop_behind       (TrioSupervisor *self, guint first, GError **error);
static void     end_all           (TrioSupervisor *self, GError **rest);
static gboolean wait_for_news     (TrioSupervisor *self, const TrioWaitClass *klass, GError **error);
static TrioAbort abort_wait       (TrioTask *task, gpointer data);
static TrioAbort keep_waiting     (TrioTask *task, gpointer data);
static void     describe_children (gpointer data, GString *out);

static const TrioWaitClass news_class = { "trio_supervisor_close", abort_wait, describe_children };
static const TrioWaitClass end_class = { "trio_supervisor_close", keep_waiting, describe_children };

gboolean
trio_supervisor_manage (gpointer data, GError **error)
{
  TrioSupervisor *self = data;
  GError *failure = NULL, *rest = NULL;

  for (;;)
    {
      if (!trio_checkpoint_if_cancelled_in ("trio_supervisor_close", &failure))
        break;
      if (self->stop_asked)
        {
          (void) !stop_behind (self, 0, &failure);
          break;
        }
      start_new (self);
      if (!deal_with_all (self, &rest, &failure))
        break;
      if (self->stop_asked)
        continue;
      if (self->closing && self->children->len == 0)
        break;
      if (!wait_for_news (self, &news_class, &failure))
        break;
    }

  self->ending = TRUE;
  end_all (self, &rest);
  failure = trio_error_merge (failure, rest);
  if (failure == NULL)
    return TRUE;
  g_propagate_error (error, failure);
  return FALSE;
}

static void
remove_child (TrioSupervisor *self, Child *child)
{
  g_assert (!trio_supervisor_child_has_task (child));
  g_queue_remove (&self->ended, child);
  g_ptr_array_remove (self->children, child);
}

static void
start_new (TrioSupervisor *self)
{
  for (guint i = 0; i < self->children->len;)
    {
      Child *child = g_ptr_array_index (self->children, i);

      if (child->state == CHILD_NEW && child->unwanted)
        remove_child (self, child);
      else
        {
          if (child->state == CHILD_NEW)
            trio_supervisor_child_start (child, 0);
          i++;
        }
    }
}

static void
report (TrioSupervisor *self, Child *child, const GError *why, gboolean restarts, GTimeSpan delay)
{
  TrioSupervisorIncident incident = { child->name, child->id, why, restarts, delay, self->restarts.length };
  const char *what = why != NULL ? why->message : "it has succeeded, but is permanent";

  trio_annotate ("%s %s: %s", restarts ? "restarts" : "does not restart", child->name, what);
  if (self->options.report != NULL)
    self->options.report (&incident, self->options.data);
  else if (restarts)
    g_message ("%s: child \"%s\" is restarted after %s: %s", self->options.name, child->name, trio_span_in_seconds (delay).text, what);
  else
    g_message ("%s: child \"%s\" is not restarted: %s", self->options.name, child->name, what);
}

/* FALSE: the supervisor cannot go on. What nobody deals with goes to rest. */
static gboolean
deal_with_all (TrioSupervisor *self, GError **rest, GError **error)
{
  Child *child;

  while ((child = g_queue_pop_head (&self->ended)) != NULL)
    if (!deal_with (self, child, rest, error))
      return FALSE;
  return TRUE;
}

/* Why a child that has ended did not succeed, or NULL. Of being stopped on purpose only what went wrong meanwhile is a failure. */
static GError *
steal_failure (Child *child)
{
  GError *why = g_steal_pointer (&child->error);

  if (child->stopping)
    return trio_error_remove (why, TRIO_ERROR, TRIO_ERROR_CANCELLED, NULL);
  if (why == NULL && child->cancelled)
    why = g_error_new (TRIO_ERROR, TRIO_ERROR_FAILED, "child \"%s\" was cancelled, but not by its supervisor", child->name);
  return why;
}

/* A child that is out of `ended`. */
static gboolean
deal_with (TrioSupervisor *self, Child *child, GError **rest, GError **error)
{
  GError *why = steal_failure (child);
  TrioSupervisorRestart kind = child->options.restart;

  /* A Ctrl-C is for the whole program. */
  if (trio_error_contains (why, TRIO_ERROR, TRIO_ERROR_KEYBOARD_INTERRUPT))
    {
      remove_child (self, child);
      g_propagate_error (error, why);
      return FALSE;
    }
  if (!child->stopping && !child->unwanted && !self->stop_asked && !trio_current_soft_cancelled ()
      && (kind == TRIO_SUPERVISOR_PERMANENT || (kind == TRIO_SUPERVISOR_TRANSIENT && why != NULL)))
    return restart (self, child, why, error);

  if (why != NULL)
    {
      report (self, child, why, FALSE, 0);
      if (kind == TRIO_SUPERVISOR_TEMPORARY)
        g_error_free (why);
      else
        *rest = trio_error_merge (*rest, why);
    }
  remove_child (self, child);
  return TRUE;
}

static guint
index_of (TrioSupervisor *self, Child *child)
{
  guint index = 0;
  gboolean found = g_ptr_array_find (self->children, child, &index);

  g_assert (found);
  return index;
}

/* One of a group that is restarted has ended before it: what it ended with counts with the cause. FALSE if it is not to come back. */
static gboolean
comes_back (TrioSupervisor *self, Child *child)
{
  TrioSupervisorRestart kind = child->options.restart;
  GError *why = steal_failure (child);

  if (why != NULL)
    {
      Restart *last = g_queue_peek_tail (&self->restarts);

      report (self, child, why, kind != TRIO_SUPERVISOR_TEMPORARY && !child->unwanted, 0);
      if (kind == TRIO_SUPERVISOR_TEMPORARY || last == NULL)
        g_error_free (why);
      else
        last->error = trio_error_merge (last->error, why);
    }
  return !child->unwanted && (kind == TRIO_SUPERVISOR_PERMANENT || (kind == TRIO_SUPERVISOR_TRANSIENT && !child->succeeded));
}

/* Those of the group that the strategy stops are stopped first, the last first; then all start, the first first. */
static gboolean
restart (TrioSupervisor *self, Child *child, GError *why, GError **error)
{
  TrioSupervisorStrategy strategy = self->options.strategy;
  gint64 delay;
  guint first;

  if (!trio_supervisor_may_restart (self, why))
    {
      report (self, child, why, FALSE, 0);
      g_propagate_error (error, trio_supervisor_give_up (self, child->name));
      remove_child (self, child);
      return FALSE;
    }
  delay = trio_supervisor_back_off (self, child);
  report (self, child, why, TRUE, delay);

  if (strategy == TRIO_SUPERVISOR_ONE_FOR_ONE)
    {
      self->n_restarts++;
      trio_supervisor_child_start (child, delay);
      return TRUE;
    }

  first = strategy == TRIO_SUPERVISOR_REST_FOR_ONE ? index_of (self, child) : 0;
  child->stopping = TRUE;       /* the others that are stopped now are told the same */
  if (!stop_behind (self, first, error))
    return FALSE;
  for (guint i = first; i < self->children->len;)
    {
      Child *one = g_ptr_array_index (self->children, i);

      if (one->state != CHILD_ENDED)
        i++;        /* new: it has come meanwhile */
      else if (!comes_back (self, one))
        remove_child (self, one);
      else
        {
          g_queue_remove (&self->ended, one);
          if (!self->stop_asked)
            {
              self->n_restarts++;
              trio_supervisor_child_start (one, delay);
            }
          i++;
        }
    }
  return TRUE;
}

/* Stops the children from the first-th on with their grace, and waits until they have ended: the last first. */
static gboolean
stop_behind (TrioSupervisor *self, guint first, GError **error)
{
  for (guint i = self->children->len; i-- > first;)
    {
      Child *child = g_ptr_array_index (self->children, i);

      if (!trio_supervisor_child_has_task (child))
        continue;
      trio_supervisor_child_stop (child, FALSE);
      while (trio_supervisor_child_has_task (child))
        if (!wait_for_news (self, &news_class, error))
          return FALSE;
    }
  return TRUE;
}

/* Stops all at once and for good, and collects what they ended with. */
static void
end_all (TrioSupervisor *self, GError **rest)
{
  while (self->children->len > 0)
    {
      Child *child = g_ptr_array_index (self->children, self->children->len - 1);
      GError *why;

      if (trio_supervisor_child_has_task (child))
        {
          trio_supervisor_child_stop (child, TRUE);
          while (trio_supervisor_child_has_task (child))
            (void) !wait_for_news (self, &end_class, NULL);
        }
      child->stopping = TRUE;
      why = steal_failure (child);
      if (why != NULL)
        {
          report (self, child, why, FALSE, 0);
          if (child->options.restart == TRIO_SUPERVISOR_TEMPORARY)
            g_clear_error (&why);
        }
      *rest = trio_error_merge (*rest, why);
      remove_child (self, child);
    }
}

/* ---- waiting ---- */

void
trio_supervisor_wake (TrioSupervisor *self)
{
  self->news = TRUE;
  if (self->waiter != NULL)
    trio_reschedule (g_steal_pointer (&self->waiter), NULL);
}

static gboolean
wait_for_news (TrioSupervisor *self, const TrioWaitClass *klass, GError **error)
{
  gboolean ok = TRUE;

  if (!self->news)
    {
      self->waiter = trio_current_task ();
      ok = trio_wait (klass, self, error);
    }
  self->news = FALSE;
  return ok;
}

static TrioAbort
abort_wait (TrioTask *task G_GNUC_UNUSED, gpointer data)
{
  ((TrioSupervisor *) data)->waiter = NULL;
  return TRIO_ABORT_SUCCEEDED;
}

/* A Ctrl-C stays pending, and is kept by the task's next checkpoint or, if it has none, by the run. */
static TrioAbort
keep_waiting (TrioTask *task G_GNUC_UNUSED, gpointer data G_GNUC_UNUSED)
{
  return TRIO_ABORT_FAILED;
}

static void
describe_children (gpointer data, GString *out)
{
  TrioSupervisorStatistics statistics;

  trio_supervisor_get_statistics (data, &statistics);
  g_string_append_printf (out, "%" G_GSIZE_FORMAT " %s, %" G_GSIZE_FORMAT " of them %s", statistics.children,
                          statistics.children == 1 ? "child" : "children", statistics.running, statistics.running == 1 ? "runs" : "run");
}
