/* SPDX-License-Identifier: MIT OR Apache-2.0 */

/* The sequencer: one position at a time.
 *
 * Always true:
 *  1. `next` is the position whose turn it is, or will be; all below it are over. If `inside`, a task is at it.
 *  2. Waiters lie in their tasks' frames, in order of position, all of them above `next`: who comes when it is its turn does not wait.
 *  3. Once a waiter was cancelled its position will never come, so the sequence is broken for everybody.
 */

#include <trio/testing/sequencer.h>

#include <trio/checkpoint.h>
#include <trio/error.h>
#include <trio/lowlevel/task.h>

typedef struct _Waiter Waiter;

struct _Waiter
{
  TrioSequencer *sequencer;
  Waiter        *following;      /* the next higher position */
  TrioTask      *task;
  guint          position;
};

struct _TrioSequencer
{
  guint    next;
  gboolean inside;
  gboolean broken;
  Waiter  *waiters;
};

TrioSequencer *
trio_sequencer_new (void)
{
  return g_new0 (TrioSequencer, 1);
}

void
trio_sequencer_free (TrioSequencer *sequencer)
{
  if (sequencer != NULL && sequencer->waiters != NULL)
    g_error ("a sequencer is freed while a task waits for position %u", sequencer->waiters->position);
  g_free (sequencer);
}

/* Where the waiter for position is, or would have to be. */
static Waiter **
find (TrioSequencer *self, guint position)
{
  Waiter **link = &self->waiters;

  while (*link != NULL && (*link)->position < position)
    link = &(*link)->following;
  return link;
}

static void
set_broken_error (GError **error)
{
  g_set_error_literal (error, TRIO_ERROR, TRIO_ERROR_BROKEN_RESOURCE, "the sequence is broken: a task that waited for its position was "
                       "cancelled");
}

static void
break_sequence (TrioSequencer *self)
{
  self->broken = TRUE;
  while (self->waiters != NULL)
    {
      Waiter *waiter = self->waiters;
      GError *outcome = NULL;

      self->waiters = waiter->following;
      set_broken_error (&outcome);
      trio_reschedule (waiter->task, outcome);
    }
}

static TrioAbort
abort_wait (TrioTask *task G_GNUC_UNUSED, gpointer data)
{
  Waiter *waiter = data;

  *find (waiter->sequencer, waiter->position) = waiter->following;
  break_sequence (waiter->sequencer);
  return TRIO_ABORT_SUCCEEDED;
}

static void
describe_wait (gpointer data, GString *out)
{
  const Waiter *waiter = data;

  g_string_append_printf (out, "for position %u; position %u %s", waiter->position, waiter->sequencer->next,
                          waiter->sequencer->inside ? "has not ended" : "has not come");
}

static gboolean
wait_for_turn (TrioSequencer *self, guint position, GError **error)
{
  static const TrioWaitClass klass = { "trio_testing_sequence", abort_wait, describe_wait };
  Waiter waiter = { .sequencer = self, .task = trio_current_task (), .position = position };
  Waiter **link = find (self, position);

  waiter.following = *link;
  *link = &waiter;
  return trio_wait (&klass, &waiter, error);
}

static gboolean
pass (TrioSequencer *self, GError **error)
{
  self->inside = TRUE;
  if (!trio_checkpoint_if_cancelled_in ("trio_testing_sequence", error))
    {
      self->inside = FALSE;
      break_sequence (self);
      return FALSE;
    }
  return trio_finish_checkpoint ();
}

gboolean
trio_sequencer_begin (TrioSequencer *sequencer, guint position, GError **error)
{
  const Waiter *other;

  g_return_val_if_fail (sequencer != NULL, FALSE);

  if (sequencer->broken)
    {
      set_broken_error (error);
      return FALSE;
    }
  other = *find (sequencer, position);
  if (position < sequencer->next || (position == sequencer->next && sequencer->inside) || (other != NULL && other->position == position))
    {
      g_set_error (error, TRIO_ERROR, TRIO_ERROR_MISUSE, "position %u of a sequence was taken twice", position);
      return FALSE;
    }
  return position == sequencer->next ? pass (sequencer, error) : wait_for_turn (sequencer, position, error);
}

void
trio_sequencer_end (TrioSequencer *sequencer)
{
  Waiter *waiter;

  g_return_if_fail (sequencer != NULL);
  g_return_if_fail (sequencer->inside);

  sequencer->next++;
  sequencer->inside = FALSE;
  waiter = sequencer->waiters;
  if (waiter == NULL || waiter->position != sequencer->next)
    return;
  /* Handed over: nobody can come in between. */
  sequencer->waiters = waiter->following;
  sequencer->inside = TRUE;
  trio_reschedule (waiter->task, NULL);
}

gboolean
trio_testing_sequence (TrioSequencer *sequencer, guint position, GError **error)
{
  if (!trio_sequencer_begin (sequencer, position, error))
    return FALSE;
  trio_sequencer_end (sequencer);
  return TRUE;
}
