/* SPDX-License-Identifier: MIT OR Apache-2.0 */

/* How often, and how fast: the limit of restarts within a period, and the delays before them.
 *
 *     period 5 s, at most 3       x    x       x                      one more within the window fails the supervisor
 *     ------------------------------[=============================]--->  now
 *                                   window
 *
 * A restart's error is kept as long as the restart counts. Then it has done no harm, and has been reported. */

#include <trio/error.h>
#include <trio/lowlevel/dump.h>
#include <trio/lowlevel/instrument.h>     /* brings trio_choose() along */
#include <trio/run.h>

#include "supervise/supervisor-private.h"

/* The choice of a jitter: so many eighths of the delay are added, at most. */
enum { JITTER_EIGHTHS = 4 };

static void
restart_free (gpointer restart)
{
  Restart *self = restart;

  g_clear_error (&self->error);
  g_free (self);
}

void
trio_supervisor_clear_restarts (TrioSupervisor *self)
{
  g_queue_clear_full (&self->restarts, restart_free);
}

void
trio_supervisor_forget_restarts (TrioSupervisor *self)
{
  gint64 now = trio_current_time ();
  Restart *oldest;

  while ((oldest = g_queue_peek_head (&self->restarts)) != NULL && now - oldest->at >= self->options.period)
    restart_free (g_queue_pop_head (&self->restarts));
}

gboolean
trio_supervisor_may_restart (TrioSupervisor *self, GError *error)
{
  Restart *restart = g_new (Restart, 1);

  trio_supervisor_forget_restarts (self);
  *restart = (Restart) { trio_current_time (), error };
  g_queue_push_tail (&self->restarts, restart);
  return self->restarts.length <= self->options.max_restarts;
}

GError *
trio_supervisor_give_up (TrioSupervisor *self, const char *child_name)
{
  GError *error = g_error_new (TRIO_ERROR, TRIO_ERROR_FAILED,
                               "%s gave up: child \"%s\" would have to be restarted, but at most %u restarts are allowed within %s",
                               self->options.name, child_name, self->options.max_restarts, trio_span_in_seconds (self->options.period).text);

  for (GList *link = self->restarts.head; link != NULL; link = link->next)
    error = trio_error_merge (error, g_steal_pointer (&((Restart *) link->data)->error));
  return error;
}

static void
describe_jitter (const TrioChoicePoint *point, guint32 value, GString *out)
{
  g_string_append_printf (out, "the delay before %s was restarted was %u/8 longer", (const char *) point->data, value);
}

static GTimeSpan
add_jitter (TrioSupervisor *self, Child *child, GTimeSpan delay)
{
  TrioChoicePoint point = {
    .label = "supervisor.jitter",
    .bound = JITTER_EIGHTHS + 1,
    .what = "back-off",
    .describe = describe_jitter,
    .data = child->name,
  };

  if (self->options.jitter != NULL)
    return MAX (self->options.jitter (delay, self->options.data), 0);
  return delay + delay / 8 * trio_choose (&point);
}

GTimeSpan
trio_supervisor_back_off (TrioSupervisor *self, Child *child)
{
  GTimeSpan delay = self->options.back_off;

  if (trio_current_time () - child->called_at >= self->options.back_off_max)
    child->in_a_row = 0;
  child->in_a_row++;
  if (delay <= 0)
    return 0;
  for (guint i = 1; i < child->in_a_row && delay < self->options.back_off_max; i++)
    delay = delay <= self->options.back_off_max / 2 ? delay * 2 : self->options.back_off_max;
  return add_jitter (self, child, MIN (delay, self->options.back_off_max));
}
