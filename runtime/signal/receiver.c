/* SPDX-License-Identifier: MIT OR Apache-2.0 */

/* Receivers: which of them a signal is for, and where it goes when that one is closed.
 *
 *     receivers of the run, the latest first      B { TERM }      A { TERM, HUP }
 *     TERM arrives                                -> B
 *     HUP arrives                                                 -> A
 *     B is closed with a TERM in hand                             -> A
 *     A is closed with a TERM and a HUP in hand                        -> the world, each as what it was before A
 *
 * Always true:
 *  1. A number is taken from the world exactly while some receiver has it.
 *  2. A number stands in a receiver's `pending` at most once, where it stood first.
 *  3. A task waits in a receiver only while nothing is pending there. What it is given is its own from that moment, even if the
 *     receiver is closed before it runs. */

#include "signal/receiver.h"

#include <trio/checkpoint.h>
#include <trio/error.h>
#include <trio/lowlevel/access.h>
#include <trio/lowlevel/mutation.h>
#include <trio/lowlevel/run-local.h>
#include <trio/lowlevel/select.h>
#include <trio/seam/signals.h>

/* All of one process: of a run, but in a world that has several. */
typedef struct _Home Home;

struct _Home
{
  Home        *next;         /* another one of the run */
  TrioSignals *signals;
  GQueue       receivers;    /* the latest first */
};

struct _TrioSignalReceiver
{
  GList           link;      /* in home->receivers; data is the receiver */
  Home           *home;      /* NULL: closed */
  int            *numbers;   /* each once; ends with 0 */
  GArray         *pending;   /* of int, in order of arrival */
  GQueue          waiters;   /* of cells, one at most, whose value becomes the number that it is given */
  guint64         chosen_at; /* by a select */
  TrioSignalFunc  func;      /* or NULL */
  gpointer        data;
};

static char home_key;

/* ---- whose is it ---- */

static gboolean
has (const int *numbers, int number)
{
  while (*numbers != 0 && *numbers != number)
    numbers++;
  return *numbers != 0;
}

/* NULL: nobody's. */
static TrioSignalReceiver *
find_receiver (Home *home, int number)
{
  for (GList *link = home->receivers.head; link != NULL; link = link->next)
    if (has (((TrioSignalReceiver *) link->data)->numbers, number))
      return link->data;
  return NULL;
}

static void
add_pending (TrioSignalReceiver *self, int number)
{
  for (guint i = 0; i < self->pending->len; i++)
    if (g_array_index (self->pending, int, i) == number && !TRIO_MUTATION (signals_not_coalesced))
      return;
  g_array_append_val (self->pending, number);
}

static int
take_pending (TrioSignalReceiver *self)
{
  int number = g_array_index (self->pending, int, 0);

  g_array_remove_index (self->pending, 0);
  return number;
}

static void
give (TrioSignalReceiver *self, int number)
{
  TrioWaiter *waiter = trio_waiters_first (&self->waiters);

  trio_note_access (self, TRIO_ACCESS_WRITE);
  if (self->func != NULL)
    self->func (number, self->data);
  else if (waiter != NULL)
    {
      waiter->value = GINT_TO_POINTER (number);
      trio_waiter_wake (waiter, NULL);
    }
  else
    add_pending (self, number);
}

static Home *
find_home (const TrioSignals *signals)
{
  Home *home = trio_run_local_get (&home_key);

  while (home != NULL && home->signals != signals)
    home = home->next;
  return home;
}

void
trio_signals_arrived (TrioSignals *signals, int number)
{
  Home *home = find_home (signals);
  TrioSignalReceiver *receiver = home != NULL ? find_receiver (home, number) : NULL;

  if (receiver != NULL)
    give (receiver, number);
}

/* ---- closing ---- */

/* Numbers that nobody else here has go back to the world, and what it had not told of them is told. */
static void
give_back (TrioSignalReceiver *self, Home *home)
{
  for (const int *number = self->numbers; *number != 0; number++)
    if (find_receiver (home, *number) == NULL && !TRIO_MUTATION (signal_not_given_back) && home->signals->give_back (home->signals, *number)
        && !TRIO_MUTATION (untold_signal_lost))
      add_pending (self, *number);
}

static void
raise_pending (TrioSignalReceiver *self, Home *home)
{
  while (self->pending->len > 0)
    {
      int number = take_pending (self);
      TrioSignalReceiver *other = find_receiver (home, number);

      if (other != NULL)
        give (other, number);
      else if (!TRIO_MUTATION (left_signal_lost))
        home->signals->raise (home->signals, number);
    }
}

void
trio_signal_receiver_close (TrioSignalReceiver *self)
{
  Home *home;

  g_return_if_fail (self != NULL);

  home = g_steal_pointer (&self->home);
  if (home == NULL)
    return;
  trio_note_access (self, TRIO_ACCESS_WRITE);
  g_queue_unlink (&home->receivers, &self->link);
  if (!g_queue_is_empty (&self->waiters) && !TRIO_MUTATION (closed_receiver_wakes_nobody))
    trio_waiter_wake (trio_waiters_first (&self->waiters),
                      g_error_new_literal (TRIO_ERROR, TRIO_ERROR_CLOSED_RESOURCE, "this signal receiver was closed"));
  give_back (self, home);
  raise_pending (self, home);
}

void
trio_signal_receiver_free (TrioSignalReceiver *self)
{
  if (self == NULL)
    return;
  trio_signal_receiver_close (self);
  g_array_unref (self->pending);
  g_free (self->numbers);
  g_free (self);
}

/* After the run's last task. Receivers that are still open lie in frames that are lost, or are leaked: the process gets its signals
 * back all the same. */
static void
home_free (Home *home)
{
  GList *link;

  while ((link = home->receivers.head) != NULL)
    {
      TrioSignalReceiver *receiver = link->data;

      g_queue_init (&receiver->waiters);
      receiver->home = NULL;
      g_queue_unlink (&home->receivers, link);
      give_back (receiver, home);
      raise_pending (receiver, home);
    }
  g_free (home);
}

static void
homes_free (gpointer data)
{
  for (Home *home = data, *next; home != NULL; home = next)
    {
      next = home->next;
      home_free (home);
    }
}

/* ---- opening ---- */

static Home *
get_home (TrioSignals *signals)
{
  Home *home = find_home (signals), *first = trio_run_local_get (&home_key);

  if (home != NULL)
    return home;
  home = g_new0 (Home, 1);
  home->signals = signals;
  g_queue_init (&home->receivers);
  if (first == NULL)
    trio_run_local_set (&home_key, home, homes_free);
  else
    {
      home->next = first->next;
      first->next = home;
    }
  return home;
}

static int *
copy_without_repetitions (const int *signals)
{
  gsize n = 0, n_kept = 0;
  int *kept;

  while (signals[n] != 0)
    n++;
  kept = g_new0 (int, n + 1);
  for (gsize i = 0; i < n; i++)
    if (!has (kept, signals[i]))
      kept[n_kept++] = signals[i];
  return kept;
}

/* All or none. */
static gboolean
take_all (Home *home, const int *numbers, const char *caller, GError **error)
{
  for (const int *number = numbers; *number != 0; number++)
    {
      if (find_receiver (home, *number) != NULL || home->signals->take (home->signals, *number, error))
        continue;
      g_prefix_error (error, "%s: ", caller);
      while (number-- > numbers)
        if (find_receiver (home, *number) == NULL && home->signals->give_back (home->signals, *number))
          home->signals->raise (home->signals, *number);
      return FALSE;
    }
  return TRUE;
}

TrioSignalReceiver *
trio_signal_receiver_new (const char *caller, const int *signals, TrioSignalFunc func, gpointer data, GError **error)
{
  TrioSignals *world = trio_current_task () != NULL ? trio_current_signals () : NULL;
  g_autofree int *numbers = NULL;
  TrioSignalReceiver *self;
  Home *home;

  g_return_val_if_fail (signals != NULL, NULL);

  if (world == NULL || signals[0] == 0)
    {
      g_set_error (error, TRIO_ERROR, TRIO_ERROR_MISUSE, "%s: %s", caller,
                   signals[0] == 0              ? "the list of signals is empty"
                   : trio_current_task () == NULL ? "only a task can receive signals"
                                                : "the world of this run has no signals");
      return NULL;
    }
  home = get_home (world);
  numbers = copy_without_repetitions (signals);
  if (!take_all (home, numbers, caller, error))
    return NULL;

  self = g_new0 (TrioSignalReceiver, 1);
  self->link.data = self;
  self->home = home;
  self->numbers = g_steal_pointer (&numbers);
  self->pending = g_array_new (FALSE, FALSE, sizeof (int));
  self->func = func;
  self->data = data;
  g_queue_push_head_link (&home->receivers, &self->link);
  trio_note_access (self, TRIO_ACCESS_CREATE);
  return self;
}

TrioSignalReceiver *
trio_open_signal_receiver (const int *signals, GError **error)
{
  return trio_signal_receiver_new ("trio_open_signal_receiver", signals, NULL, NULL, error);
}

/* ---- receiving ---- */

/* In the frame of the task that waits. */
typedef struct
{
  TrioWaiter          cell;
  TrioSignalReceiver *receiver;
} Waiting;

static TrioAbort
abort_receive (TrioTask *task, gpointer data)
{
  Waiting *self = data;

  trio_note_access (self->receiver, TRIO_ACCESS_WRITE);
  return trio_waiter_abort (task, &self->cell);
}

static void
describe_receive (gpointer data, GString *out)
{
  const TrioSignalReceiver *self = ((Waiting *) data)->receiver;

  for (const int *number = self->numbers; *number != 0; number++)
    g_string_append_printf (out, "%s%d (%s)", number == self->numbers ? "for signal " : ", ", *number, g_strsignal (*number));
}

TRIO_CHECKPOINT static gboolean
wait_for_one (TrioSignalReceiver *self, int *number, GError **error)
{
  static const TrioWaitClass klass = { "trio_signal_receiver_receive", abort_receive, describe_receive };
  Waiting waiting = { .receiver = self };

  trio_waiter_join (&waiting.cell, &self->waiters);
  if (!trio_wait (&klass, &waiting, error))
    return FALSE;
  *number = GPOINTER_TO_INT (waiting.cell.value);
  return TRUE;
}

/* FALSE if another task waits, or if it was closed. */
static gboolean
may_receive (TrioSignalReceiver *self, GError **error)
{
  if (!g_queue_is_empty (&self->waiters) && !TRIO_MUTATION (busy_receiver_not_seen))
    g_set_error_literal (error, TRIO_ERROR, TRIO_ERROR_BUSY_RESOURCE, "another task waits for this receiver's next signal already");
  else if (self->home == NULL)
    g_set_error_literal (error, TRIO_ERROR, TRIO_ERROR_CLOSED_RESOURCE, "this signal receiver was closed");
  else
    return TRUE;
  return FALSE;
}

gboolean
trio_signal_receiver_receive (TrioSignalReceiver *self, int *number, GError **error)
{
  g_return_val_if_fail (self != NULL && number != NULL, FALSE);

  trio_note_access (self, TRIO_ACCESS_WRITE);
  if (!may_receive (self, error))
    return FALSE;
  if (self->pending->len == 0)
    return wait_for_one (self, number, error);
  if (!TRIO_MUTATION (cancelled_receive_takes_signal) && !trio_checkpoint_if_cancelled (error))
    return FALSE;
  *number = take_pending (self);
  return trio_finish_checkpoint ();
}

/* ---- in a select ---- */

static gboolean
is_ready (const TrioSelectCase *self)
{
  TrioSignalReceiver *receiver = self->object;

  trio_note_access (receiver, TRIO_ACCESS_WRITE);
  return receiver->pending->len > 0 || receiver->home == NULL || !g_queue_is_empty (&receiver->waiters);
}

static gboolean
take (const TrioSelectCase *self, GError **error)
{
  if (!may_receive (self->object, error))
    return FALSE;
  *(int *) self->value = take_pending (self->object);
  return TRUE;
}

static void
join (const TrioSelectCase *self, TrioWaiter *waiter)
{
  trio_waiter_join (waiter, &((TrioSignalReceiver *) self->object)->waiters);
}

static void
collect (const TrioSelectCase *self, TrioWaiter *waiter)
{
  *(int *) self->value = GPOINTER_TO_INT (waiter->value);
}

static guint64 *
chosen_at (const TrioSelectCase *self)
{
  return &((TrioSignalReceiver *) self->object)->chosen_at;
}

TrioSelectCase
trio_case_signal (TrioSignalReceiver *receiver, int *number)
{
  static const TrioSelectable selectable = {
    .what = "a signal",
    .is_ready = is_ready,
    .take = take,
    .join = join,
    .collect = collect,
    .chosen_at = chosen_at,
  };
  TrioSelectCase never = { .kind = TRIO_SELECT_OTHER, .selectable = &selectable };

  g_return_val_if_fail (number != NULL, never);
  return (TrioSelectCase) { .kind = TRIO_SELECT_OTHER, .object = receiver, .value = number, .selectable = &selectable };
}

void
trio_signal_receiver_get_statistics (TrioSignalReceiver *self, TrioSignalReceiverStatistics *statistics)
{
  g_return_if_fail (self != NULL && statistics != NULL);
  trio_note_access (self, TRIO_ACCESS_READ);
  *statistics = (TrioSignalReceiverStatistics) { .tasks_waiting = self->waiters.length, .signals_pending = self->pending->len };
}
