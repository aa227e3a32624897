/* SPDX-License-Identifier: MIT OR Apache-2.0 */

/* What happened: Istio's debounce of configuration changes (https://github.com/istio/istio/pull/18454; GoKer istio/18454; a timer
 * misused, and a channel). The number of changes is bounded here.
 *
 * The bug: when the timer is to begin anew and has expired already, its tick is read first; but the loop had read that tick before,
 * and no other will come. Soon the processor waits as well, to tell the loop of the next change.
 *
 * The repair: read the tick only if there is one; and who tells the loop looks whether it has ended. */

#include "tests/bugs/primitives.h"

#define N_CHANGES 5
#define QUIET     G_TIME_SPAN_MILLISECOND

typedef struct
{
  gboolean   repaired;
  Channel   *changes;
  Channel   *reset;
  TrioEvent *stop_timer;
  TrioEvent *stop;
  Mutex      mutex;
  gboolean   started;
} Debounce;

typedef struct
{
  gint64   due;
  gboolean tick_was_read;
} Timer;

/* A timer that can be read once. */
static TrioSelectCase
read_timer (const Timer *timer)
{
  return trio_case_at (timer->tick_was_read ? G_MAXINT64 : timer->due);
}

static void TRIO_CHECKPOINT
restart (Timer *timer, gboolean repaired)
{
  gboolean expired = trio_current_time () >= timer->due;

  if (expired && !(repaired && timer->tick_was_read))
    choose_from (read_timer (timer));
  *timer = (Timer) { .due = trio_current_time () + QUIET };
}

static gboolean
timer_loop (gpointer data, GError **error G_GNUC_UNUSED)
{
  Debounce *debounce = data;
  Timer timer = { .due = trio_current_time () + QUIET };
  gpointer item;

  for (;;)
    {
      switch (choose_from (read_timer (&timer), trio_case_receive (debounce->reset->receive, &item),
                           trio_case_event (debounce->stop_timer)))
        {
        case 0:
          timer.tick_was_read = TRUE;
          break;
        case 1:
          restart (&timer, debounce->repaired);
          break;
        default:
          return TRUE;
        }
    }
}

static void TRIO_CHECKPOINT
on_change (Debounce *debounce, TrioNursery *nursery)
{
  gboolean started;

  mutex_lock (&debounce->mutex);
  started = debounce->started;
  debounce->started = TRUE;
  if (!started)
    trio_nursery_start_soon (nursery, timer_loop, debounce);
  mutex_unlock (&debounce->mutex);

  if (started && debounce->repaired)
    choose_from (trio_case_send (debounce->reset->send, NULL), trio_case_event (debounce->stop_timer));
  else if (started)
    channel_send (debounce->reset, NULL);
}

static gboolean
process (gpointer data, GError **error)
{
  Debounce *debounce = data;
  g_autoptr (TrioNursery) nursery = trio_nursery_open (error);
  gpointer change;

  while (choose_from (trio_case_receive (debounce->changes->receive, &change), trio_case_event (debounce->stop)) == 0)
    on_change (debounce, nursery);
  trio_event_set (debounce->stop_timer);
  return trio_nursery_close (nursery, TRUE);
}

static gboolean
run (gboolean repaired, GError **error)
{
  g_autoptr (Channel) changes = channel_new (N_CHANGES);
  g_autoptr (Channel) reset = channel_new (1);
  g_autoptr (TrioEvent) stop_timer = trio_event_new ();
  g_autoptr (TrioEvent) stop = trio_event_new ();
  Debounce debounce = {
    .repaired = repaired, .changes = changes, .reset = reset, .stop_timer = stop_timer, .stop = stop, .mutex = MUTEX ("debounce"),
  };
  g_autoptr (TrioNursery) nursery = trio_nursery_open (error);

  for (guint i = 0; i < N_CHANGES; i++)
    channel_send (changes, NULL);
  trio_nursery_start_soon (nursery, process, &debounce);
  sleep_for (2 * QUIET);
  trio_event_set (stop);
  return trio_nursery_close (nursery, TRUE);
}

const Bug bug_istio_18454 = {
  "istio-18454", run, "deadlock", NULL, "the tick of an expired timer is awaited although it was read before",
};
