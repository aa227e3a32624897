/* SPDX-License-Identifier: MIT OR Apache-2.0 */

/* Select: one task, a cell in each of several lines.
 *
 *     look at all cases -> some are ready: choose one, do it, let others run
 *                       -> none is: a cell into each line, and a timer for the earliest time
 *                            woken through one cell: the waker took all the others out
 *                            the timer:              it takes all out
 *                            cancelled:              all out
 *
 * What was handed over is in the winning cell by then, and no object is looked at again: it may be gone. Unless the winner was only told
 * that it may be ready: then all begins again, and meanwhile nothing has happened to any of them. */

#include <trio/checkpoint.h>
#include <trio/error.h>
#include <trio/lowlevel/dump.h>
#include <trio/lowlevel/instrument.h>     /* brings trio_choose() along */
#include <trio/lowlevel/mutation.h>
#include <trio/lowlevel/timer.h>
#include <trio/run.h>

#include "sync/select-private.h"

/* So many cells fit in the frame; more are allocated. */
enum { N_CELLS_INLINE = 8 };

typedef struct
{
  TrioChooser           chooser;        /* first, so that it is found from it */
  const TrioSelectCase *cases;
  gsize                 n_cases;
  TrioWaiter           *cells;          /* one for each case */
  TrioTimer             timer;
  TrioTask             *task;
  gsize                 timed;          /* the case that the timer is for; n_cases: none */
  gboolean              timed_out;
} Select;

static const TrioSelectable *
selectable_of (const TrioSelectCase *self)
{
  switch (self->kind)
    {
    case TRIO_SELECT_TIME:      break;
    case TRIO_SELECT_EVENT:     return &trio_event_selectable;
    case TRIO_SELECT_FUTURE:    return &trio_future_selectable;
    case TRIO_SELECT_SEND:      return &trio_send_selectable;
    case TRIO_SELECT_RECEIVE:   return &trio_receive_selectable;
    case TRIO_SELECT_BROADCAST: return &trio_broadcast_selectable;
    case TRIO_SELECT_OTHER:     return self->selectable;
    }
  return NULL;
}

/* ---- the cases ---- */

TrioSelectCase
trio_case_receive (TrioReceiveChannel *receive, gpointer *value)
{
  g_return_val_if_fail (value != NULL, (TrioSelectCase) { .kind = TRIO_SELECT_RECEIVE });
  return (TrioSelectCase) { .kind = TRIO_SELECT_RECEIVE, .object = receive, .result = value };
}

TrioSelectCase
trio_case_send (TrioSendChannel *send, gpointer value)
{
  return (TrioSelectCase) { .kind = TRIO_SELECT_SEND, .object = send, .value = value };
}

TrioSelectCase
trio_case_event (TrioEvent *event)
{
  return (TrioSelectCase) { .kind = TRIO_SELECT_EVENT, .object = event };
}

TrioSelectCase
trio_case_future (TrioFuture *future, gpointer *value)
{
  return (TrioSelectCase) { .kind = TRIO_SELECT_FUTURE, .object = future, .result = value };
}

TrioSelectCase
trio_case_broadcast (TrioBroadcastReceiver *receiver, gpointer *value, guint64 *missed)
{
  g_return_val_if_fail (value != NULL, (TrioSelectCase) { .kind = TRIO_SELECT_BROADCAST });
  return (TrioSelectCase) { .kind = TRIO_SELECT_BROADCAST, .object = receiver, .result = value, .missed = missed };
}

TrioSelectCase
trio_case_at (gint64 due)
{
  return (TrioSelectCase) { .kind = TRIO_SELECT_TIME, .due = due };
}

TrioSelectCase
trio_case_after (GTimeSpan span)
{
  gint64 now = trio_current_time ();

  return trio_case_at (span < G_MAXINT64 - now ? now + span : G_MAXINT64);
}

/* ---- what is ready ---- */

static gboolean
is_ready (const TrioSelectCase *self)
{
  if (self->kind == TRIO_SELECT_TIME)
    /* The clock is not asked about a time that never comes. */
    return self->due != G_MAXINT64 && self->due <= trio_current_time ();
  return self->object != NULL && selectable_of (self)->is_ready (self);
}

/* Whether one that is ready is before the other, wherever they stand in the array: a time that has passed before everything else, also
 * before what was never chosen. */
static gboolean
goes_first (const TrioSelectCase *self, const TrioSelectCase *other)
{
  if (self->kind == TRIO_SELECT_TIME || other->kind == TRIO_SELECT_TIME)
    return other->kind != TRIO_SELECT_TIME;
  return *selectable_of (self)->chosen_at (self) < *selectable_of (other)->chosen_at (other);
}

static void
describe_choice (const TrioChoicePoint *point, guint32 value, GString *out)
{
  const gsize *ready = point->data;
  g_autofree char *path = trio_task_dup_path (point->task);

  g_string_append_printf (out, "%s's select chose case %" G_GSIZE_FORMAT " before case %" G_GSIZE_FORMAT, path, ready[value],
                          ready[0]);
}

/* Which of the ready cases; n_cases if there is none. */
static gsize
choose (const TrioSelectCase *cases, gsize n_cases)
{
  g_autofree gsize *allocated = n_cases > N_CELLS_INLINE ? g_new (gsize, n_cases) : NULL;
  gsize fixed[N_CELLS_INLINE];
  gsize *ready = allocated != NULL ? allocated : fixed;
  gsize n_ready = 0;
  TrioChoicePoint point = { .label = "select", .what = "trio_select", .describe = describe_choice };

  for (gsize i = 0; i < n_cases; i++)
    if (is_ready (&cases[i]))
      {
        gsize place = n_ready++;

        /* In the order of when they were last chosen. */
        while (place > 0 && goes_first (&cases[i], &cases[ready[place - 1]]))
          {
            ready[place] = ready[place - 1];
            place--;
          }
        ready[place] = i;
      }
  if (n_ready == 0)
    return n_cases;
  point.bound = (guint32) MIN (n_ready, G_MAXUINT32);
  point.data = ready;
  return ready[trio_choose (&point)];
}

/* Does a case that is ready. */
static gboolean
take (const TrioSelectCase *self, GError **error)
{
  const TrioSelectable *kind = selectable_of (self);

  if (kind == NULL)
    return TRUE;
  *kind->chosen_at (self) = trio_choosing_moment ();
  return kind->take (self, error);
}

/* ---- waiting ---- */

static void
withdraw (TrioChooser *chooser)
{
  Select *self = (Select *) chooser;

  for (gsize i = 0; i < self->n_cases; i++)
    {
      const TrioSelectable *kind = selectable_of (&self->cases[i]);

      trio_waiter_leave (&self->cells[i]);
      if (kind != NULL && kind->leave != NULL && self->cases[i].object != NULL)
        kind->leave (&self->cases[i]);
    }
  trio_timer_disarm (&self->timer);
}

static void
time_is_up (TrioTimer *timer)
{
  Select *self = (Select *) (gpointer) ((char *) timer - G_STRUCT_OFFSET (Select, timer));

  self->timed_out = TRUE;
  withdraw (&self->chooser);
  trio_reschedule (self->task, NULL);
}

static TrioAbort
abort_select (TrioTask *task G_GNUC_UNUSED, gpointer data)
{
  withdraw (data);
  return TRIO_ABORT_SUCCEEDED;
}

static void
describe_select (gpointer data, GString *out)
{
  Select *self = data;
  const char *separator = "for ";

  for (gsize i = 0; i < self->n_cases; i++)
    {
      const TrioSelectCase *one = &self->cases[i];
      const TrioSelectable *kind = selectable_of (one);

      if (kind != NULL ? one->object == NULL : one->due == G_MAXINT64)
        continue;
      g_string_append (out, separator);
      separator = " or ";
      if (kind != NULL)
        g_string_append (out, kind->what);
      else
        g_string_append_printf (out, "%s to pass", trio_span_in_seconds (one->due - trio_current_time ()).text);
    }
  if (*separator == 'f')
    g_string_append (out, "for nothing");
}

static const TrioWaitClass select_class = { "trio_select", abort_select, describe_select };

/* No case is ready. */
static void
join_all (Select *self)
{
  gint64 earliest = G_MAXINT64;

  self->timed = self->n_cases;
  for (gsize i = 0; i < self->n_cases; i++)
    {
      const TrioSelectCase *one = &self->cases[i];
      const TrioSelectable *kind = selectable_of (one);
      TrioWaiter *cell = &self->cells[i];

      if (kind == NULL && one->due < earliest)
        {
          earliest = one->due;
          self->timed = i;
        }
      else if (kind != NULL && one->object != NULL)
        {
          cell->chooser = &self->chooser;
          cell->chosen_at = kind->chosen_at (one);
          kind->join (one, cell);
        }
    }
  if (self->timed < self->n_cases)
    trio_timer_arm (&self->timer, earliest);
}

/* Which one it was, with its value handed to the caller if it did not fail. n_cases: look again. */
static gsize
collect (Select *self, gboolean ok)
{
  gsize winner;

  if (self->timed_out)
    return self->timed;
  if (self->chooser.winner == NULL)
    return G_MAXSIZE;     /* cancelled */
  winner = self->chooser.winner - self->cells;
  if (selectable_of (&self->cases[winner])->is_hint && !TRIO_MUTATION (hint_taken_for_result))
    return ok ? self->n_cases : G_MAXSIZE;
  if (ok && selectable_of (&self->cases[winner])->collect != NULL)
    selectable_of (&self->cases[winner])->collect (&self->cases[winner], self->chooser.winner);
  return winner;
}

/* FALSE if it failed. If *chosen is n_cases then, one of them may be ready. */
static gboolean
wait_for_any (const TrioSelectCase *cases, gsize n_cases, gsize *chosen, GError **error)
{
  g_autofree TrioWaiter *allocated = n_cases > N_CELLS_INLINE ? g_new0 (TrioWaiter, n_cases) : NULL;
  TrioWaiter fixed[N_CELLS_INLINE] = { 0 };
  Select self = {
    .chooser = { .withdraw = withdraw },
    .cases = cases,
    .n_cases = n_cases,
    .cells = allocated != NULL ? allocated : fixed,
    .task = trio_current_task (),
  };
  gboolean ok;

  trio_timer_init (&self.timer, time_is_up);
  join_all (&self);
  ok = trio_wait (&select_class, &self, error);
  *chosen = collect (&self, ok);
  return ok;
}

/* Whether one has become ready since it was looked at. */
static gboolean
arm_all (const TrioSelectCase *cases, gsize n_cases)
{
  gboolean ready = FALSE;

  for (gsize i = 0; i < n_cases; i++)
    {
      const TrioSelectable *kind = selectable_of (&cases[i]);

      if (kind != NULL && kind->arm != NULL && cases[i].object != NULL)
        ready |= kind->arm (&cases[i]);
    }
  return ready;
}

/* Whether the case was not ready after all. Takes the failure if so, or gives it to the caller. */
static gboolean
was_mistaken (const TrioSelectCase *self, GError *failure, GError **error)
{
  const TrioSelectable *kind = selectable_of (self);

  if (kind->is_hint && g_error_matches (failure, TRIO_ERROR, TRIO_ERROR_WOULD_BLOCK))
    {
      g_error_free (failure);
      return TRUE;
    }
  g_propagate_error (error, failure);
  return FALSE;
}

gboolean
trio_select_nowait (const TrioSelectCase *cases, gsize n_cases, gsize *chosen, GError **error)
{
  g_return_val_if_fail (cases != NULL || n_cases == 0, FALSE);
  g_return_val_if_fail (chosen != NULL, FALSE);

  while ((*chosen = choose (cases, n_cases)) < n_cases)
    {
      GError *failure = NULL;

      if (take (&cases[*chosen], &failure))
        return TRUE;
      if (!was_mistaken (&cases[*chosen], failure, error))
        return FALSE;
    }
  *chosen = G_MAXSIZE;
  g_set_error_literal (error, TRIO_ERROR, TRIO_ERROR_WOULD_BLOCK, "none of the cases is ready");
  return FALSE;
}

gboolean
trio_select (const TrioSelectCase *cases, gsize n_cases, gsize *chosen, GError **error)
{
  gboolean waited = FALSE;

  g_return_val_if_fail (cases != NULL || n_cases == 0, FALSE);
  g_return_val_if_fail (chosen != NULL, FALSE);

  *chosen = G_MAXSIZE;
  if (!trio_checkpoint_if_cancelled (error))
    return FALSE;
  while (TRUE)
    {
      *chosen = choose (cases, n_cases);
      if (*chosen < n_cases)
        {
          GError *failure = NULL;

          if (take (&cases[*chosen], &failure))
            return waited || trio_finish_checkpoint ();
          if (!was_mistaken (&cases[*chosen], failure, error))
            return FALSE;
        }
      else if (!arm_all (cases, n_cases))
        {
          if (!wait_for_any (cases, n_cases, chosen, error))
            return FALSE;
          if (*chosen < n_cases)
            return TRUE;
          waited = TRUE;
          continue;
        }
      /* Something has changed, or was about to: before it is looked at again others have their turn. */
      *chosen = G_MAXSIZE;
      if (!trio_checkpoint (error))
        return FALSE;
      waited = TRUE;
    }
}
