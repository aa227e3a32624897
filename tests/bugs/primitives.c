/* SPDX-License-Identifier: MIT OR Apache-2.0 */

/* See primitives.h. */

#include <trio/lowlevel/task.h>

#include "tests/bugs/primitives.h"

struct _Waiting
{
  Waiting  *next;
  TrioTask *task;
};

/* ---- Standing in line ---- */

static TrioAbort
cannot_be_cancelled (TrioTask *task, gpointer data)
{
  (void) task, (void) data;
  return TRIO_ABORT_FAILED;
}

static void TRIO_CHECKPOINT
wait_in_line (Line *line, const TrioWaitClass *klass, gpointer data)
{
  g_autoptr (GError) error = NULL;
  Waiting self = { NULL, trio_current_task () };

  if (line->first == NULL)
    line->first = &self;
  else
    line->last->next = &self;
  line->last = &self;
  if (!trio_wait (klass, data, &error))
    g_error ("a wait that cannot be cancelled failed: %s", error->message);
}

/* Whether there was one. */
static gboolean
wake_first (Line *line)
{
  Waiting *first = line->first;

  if (first == NULL)
    return FALSE;
  line->first = first->next;
  trio_reschedule (first->task, NULL);
  return TRUE;
}

static void
take_name (char *name, gsize size)
{
  g_strlcpy (name, trio_task_get_name (trio_current_task ()), size);
}

/* ---- Mutex ---- */

static void
describe_mutex (gpointer data, GString *out)
{
  Mutex *mutex = data;

  g_string_append_printf (out, "%s, %s%s", mutex->name, mutex->locked ? "locked by " : "free", mutex->locked ? mutex->holder : "");
}

void
mutex_lock (Mutex *mutex)
{
  static const TrioWaitClass klass = { "mutex_lock", cannot_be_cancelled, describe_mutex };

  bug_switch ();
  while (mutex->locked)
    wait_in_line (&mutex->waiters, &klass, mutex);
  mutex->locked = TRUE;
  take_name (mutex->holder, sizeof mutex->holder);
}

void
mutex_unlock (Mutex *mutex)
{
  trio_always (mutex->locked, "only a locked mutex is unlocked");
  mutex->locked = FALSE;
  wake_first (&mutex->waiters);
}

/* ---- RWMutex ---- */

static void
describe_rw_mutex (gpointer data, GString *out)
{
  RWMutex *mutex = data;

  g_string_append (out, mutex->name);
  if (mutex->writing)
    g_string_append_printf (out, ", being written by %s", mutex->writer);
  if (mutex->n_reading > 0)
    g_string_append_printf (out, ", read-locked %u time%s", mutex->n_reading, mutex->n_reading == 1 ? "" : "s");
  if (mutex->n_writers_waiting > 0)
    g_string_append_printf (out, ", a writer waiting");
}

void
rw_mutex_lock_read (RWMutex *mutex)
{
  static const TrioWaitClass klass = { "rw_mutex_lock_read", cannot_be_cancelled, describe_rw_mutex };

  bug_switch ();
  if (mutex->writing || mutex->n_writers_waiting > 0)
    wait_in_line (&mutex->readers, &klass, mutex);        /* who wakes it has counted it */
  else
    mutex->n_reading++;
}

void
rw_mutex_unlock_read (RWMutex *mutex)
{
  trio_always (mutex->n_reading > 0, "only a locked mutex is unlocked");
  if (--mutex->n_reading == 0)
    wake_first (&mutex->writers);
}

void
rw_mutex_lock_write (RWMutex *mutex)
{
  static const TrioWaitClass klass = { "rw_mutex_lock_write", cannot_be_cancelled, describe_rw_mutex };

  bug_switch ();
  mutex->n_writers_waiting++;
  while (mutex->writing || mutex->n_reading > 0)
    wait_in_line (&mutex->writers, &klass, mutex);
  mutex->n_writers_waiting--;
  mutex->writing = TRUE;
  take_name (mutex->writer, sizeof mutex->writer);
}

void
rw_mutex_unlock_write (RWMutex *mutex)
{
  trio_always (mutex->writing, "only a locked mutex is unlocked");
  mutex->writing = FALSE;
  while (wake_first (&mutex->readers))
    mutex->n_reading++;
  if (mutex->n_reading == 0)
    wake_first (&mutex->writers);
}

/* ---- Cond ---- */

static void
describe_cond (gpointer data, GString *out)
{
  g_string_append (out, ((Cond *) data)->name);
}

void
cond_wait (Cond *condition, Mutex *mutex)
{
  static const TrioWaitClass klass = { "cond_wait", cannot_be_cancelled, describe_cond };

  mutex_unlock (mutex);
  wait_in_line (&condition->waiters, &klass, condition);
  mutex_lock (mutex);
}

void
cond_signal (Cond *condition)
{
  wake_first (&condition->waiters);
}

void
cond_broadcast (Cond *condition)
{
  while (wake_first (&condition->waiters))
    continue;
}

/* ---- WaitGroup ---- */

static void
describe_wait_group (gpointer data, GString *out)
{
  WaitGroup *group = data;

  g_string_append_printf (out, "%s, for %d more", group->name, group->n);
}

void
wait_group_add (WaitGroup *group, int n)
{
  group->n += n;
  trio_always (group->n >= 0, "a wait-group does not go below zero");
  if (group->n > 0)
    return;
  while (wake_first (&group->waiters))
    continue;
}

void
wait_group_done (WaitGroup *group)
{
  wait_group_add (group, -1);
}

void
wait_group_wait (WaitGroup *group)
{
  static const TrioWaitClass klass = { "wait_group_wait", cannot_be_cancelled, describe_wait_group };

  bug_switch ();
  if (group->n > 0)
    wait_in_line (&group->waiters, &klass, group);
}

/* ---- What Trio has, without cancellation ---- */

static TrioCancelScope *
open_shield (GError **error)
{
  TrioCancelScope *scope = trio_cancel_scope_open (error);

  trio_cancel_scope_set_shield (scope, TRUE);
  return scope;
}

/* Says FALSE for the one error that may be, an end of channel. */
static gboolean
close_shield (TrioCancelScope *shield, gboolean ok, GError **error)
{
  if (trio_cancel_scope_close (shield, ok))
    return TRUE;
  if (g_error_matches (*error, TRIO_ERROR, TRIO_ERROR_END_OF_CHANNEL))
    return FALSE;
  trio_always (!g_error_matches (*error, TRIO_ERROR, TRIO_ERROR_CLOSED_RESOURCE), "nobody sends to a closed channel");
  g_error ("what cannot be cancelled failed: %s", (*error)->message);
}

Channel *
channel_new (gsize capacity)
{
  Channel *channel = g_new0 (Channel, 1);

  trio_open_memory_channel (capacity, NULL, &channel->send, &channel->receive);
  return channel;
}

void
channel_free (Channel *channel)
{
  if (channel == NULL)
    return;
  trio_send_channel_free (channel->send);
  trio_receive_channel_free (channel->receive);
  g_free (channel);
}

void
channel_send (Channel *channel, gpointer value)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (TrioCancelScope) shield = open_shield (&error);
  gboolean ok;

  bug_switch ();
  ok = trio_send_channel_send_nowait (channel->send, value, &error);
  if (!ok && g_error_matches (error, TRIO_ERROR, TRIO_ERROR_WOULD_BLOCK))
    {
      g_clear_error (&error);
      ok = trio_send_channel_send (channel->send, value, &error);
    }
  close_shield (shield, ok, &error);
}

gboolean
channel_receive (Channel *channel, gpointer *value)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (TrioCancelScope) shield = open_shield (&error);
  gpointer ignored;
  gboolean ok;

  bug_switch ();
  value = value != NULL ? value : &ignored;
  ok = trio_receive_channel_receive_nowait (channel->receive, value, &error);
  if (!ok && g_error_matches (error, TRIO_ERROR, TRIO_ERROR_WOULD_BLOCK))
    {
      g_clear_error (&error);
      ok = trio_receive_channel_receive (channel->receive, value, &error);
    }
  return close_shield (shield, ok, &error);
}

void
channel_close (Channel *channel)
{
  TrioChannelStatistics statistics;

  trio_receive_channel_get_statistics (channel->receive, &statistics);
  trio_always (statistics.open_send_channels > 0, "a channel is closed once");
  trio_send_channel_close (channel->send);
}

static int TRIO_CHECKPOINT
choose (const TrioSelectCase *cases, gsize n_cases, gboolean may_block)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (TrioCancelScope) shield = open_shield (&error);
  gsize chosen = 0;
  gboolean ok;

  bug_switch ();
  ok = trio_select_nowait (cases, n_cases, &chosen, &error);
  if (!ok && g_error_matches (error, TRIO_ERROR, TRIO_ERROR_WOULD_BLOCK))
    {
      g_clear_error (&error);
      chosen = G_MAXSIZE;
      ok = may_block ? trio_select (cases, n_cases, &chosen, &error) : TRUE;
    }
  close_shield (shield, ok, &error);
  return chosen == G_MAXSIZE ? NOTHING_READY : (int) chosen;
}

int
choose_from_cases (const TrioSelectCase *cases, gsize n_cases)
{
  return choose (cases, n_cases, TRUE);
}

int
choose_from_cases_nowait (const TrioSelectCase *cases, gsize n_cases)
{
  return choose (cases, n_cases, FALSE);
}

void
wait_for (TrioEvent *event)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (TrioCancelScope) shield = open_shield (&error);

  close_shield (shield, trio_event_wait (event, &error), &error);
}

void
sleep_for (GTimeSpan span)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (TrioCancelScope) shield = open_shield (&error);

  close_shield (shield, trio_sleep (span, &error), &error);
}
