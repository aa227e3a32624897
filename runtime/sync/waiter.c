/* SPDX-License-Identifier: MIT OR Apache-2.0 */

#include <trio/error.h>
#include <trio/lowlevel/access.h>
#include <trio/lowlevel/mutation.h>
#include <trio/lowlevel/waiter.h>

static void
join (TrioWaiter *self, TrioTask *task, GQueue *line)
{
  self->task = task;
  self->line = line;
  self->link.data = self;
  if (TRIO_MUTATION (last_waiter_first))
    g_queue_push_head_link (line, &self->link);
  else
    g_queue_push_tail_link (line, &self->link);
}

void
trio_waiter_join (TrioWaiter *self, GQueue *line)
{
  join (self, trio_current_task (), line);
}

void
trio_waiter_leave (TrioWaiter *self)
{
  if (self->line == NULL)
    return;
  trio_note_access (self->line, TRIO_ACCESS_WRITE);
  g_queue_unlink (self->line, &self->link);
  self->line = NULL;
}

void
trio_waiter_wake (TrioWaiter *self, GError *outcome)
{
  TrioChooser *chooser = self->chooser;

  if (chooser != NULL)
    {
      g_assert (chooser->winner == NULL);
      chooser->winner = self;
      *self->chosen_at = trio_choosing_moment ();
      chooser->withdraw (chooser);
    }
  else
    trio_waiter_leave (self);
  trio_reschedule (self->task, outcome);
}

TrioAbort
trio_waiter_abort (TrioTask *task G_GNUC_UNUSED, gpointer waiter)
{
  if (!TRIO_MUTATION (cancelled_stays_in_line))
    trio_waiter_leave (waiter);
  return TRIO_ABORT_SUCCEEDED;
}

gboolean
trio_waiter_wait (TrioWaiter *self, GQueue *line, const TrioWaitClass *klass, GError **error)
{
  TrioTask *task = trio_current_task ();

  /* Outside a task trio_wait() complains, and no cell is left behind. */
  if (task != NULL)
    join (self, task, line);
  return trio_wait (klass, self, error);
}

/* The next cell in line that waking `waiter` leaves there: not one of the same chooser. */
static TrioWaiter *
next_of_another (TrioWaiter *waiter)
{
  GList *link = waiter->link.next;

  while (link != NULL && waiter->chooser != NULL && ((TrioWaiter *) link->data)->chooser == waiter->chooser)
    link = link->next;
  return link != NULL ? link->data : NULL;
}

void
trio_waiters_wake_all (GQueue *line, gpointer end, const GError *outcome)
{
  TrioWaiter *next;

  for (TrioWaiter *waiter = trio_waiters_first (line); waiter != NULL; waiter = next)
    {
      if (end != NULL && waiter->end != end)
        {
          next = waiter->link.next != NULL ? waiter->link.next->data : NULL;
          continue;
        }
      next = next_of_another (waiter);
      trio_waiter_wake (waiter, outcome != NULL ? g_error_copy (outcome) : NULL);
    }
}

void
trio_waiters_clear (GQueue *line, const char *what)
{
  g_autoptr (GError) error = NULL;

  if (line->length == 0)
    return;
  g_critical ("something is freed while %u %s for it in %s()", line->length, line->length == 1 ? "task waits" : "tasks wait", what);
  error = g_error_new (TRIO_ERROR, TRIO_ERROR_BROKEN_RESOURCE, "what %s() waited for was freed", what);
  /* After the run they are gone themselves. Inside it also a callback of the loop, which is no task, may do this. */
  if (trio_in_run ())
    trio_waiters_wake_all (line, NULL, error);
}

guint64
trio_choosing_moment (void)
{
  /* Only compared with others of the same objects, so that it may go on counting from run to run. */
  static __thread guint64 moment;

  trio_note_access (&moment, TRIO_ACCESS_WRITE);
  return ++moment;
}
