/* SPDX-License-Identifier: MIT OR Apache-2.0 */

/* What becomes of hosts: start, crash, restart, standing still. See sim-hosts.h.
 *
 *     keeper (a task of the world's)
 *        '- main task of the host      crash: it and all below it are abandoned; the keeper waits, and starts it again
 *
 * A crash by one of the host's own tasks happens in two steps, since that task is running: the host stands still at once, and that task for
 * ever; before the next task runs the world takes all of them away. */

#include "simulator/sim-hosts.h"

#include <trio/lowlevel/task.h>
#include <trio/seam/world.h>

#include "simulator/sim-threads.h"
#include "simulator/sim-world.h"

/* --- the keeper --- */

static gboolean
run_main (gpointer data, GError **error)
{
  TrioSimHost *host = data;
  gboolean ok;

  trio_task_local_set (&trio_sim_host_of_task, host);
  trio_task_begin_process ();
  host->task = trio_current_task ();
  ok = host->main (host->data, error);
  host->task = NULL;
  return ok;
}

/* Until its main task has ended, or there was a crash. */
static gboolean
run_once (TrioSimHost *host, GError **error)
{
  g_autoptr (TrioNursery) nursery = trio_nursery_open (error);

  host->clock = host->next_clock;
  trio_sim_choose_clock (host);
  trio_sim_ask_for_network_faults_at_start (host);
  host->clock.since = host->net->clock->now;
  trio_nursery_start_soon_full (nursery, run_main, host, NULL, "main");
  return trio_nursery_close (nursery, TRUE);
}

static gboolean
wait_for_restart (TrioSimHost *host, GError **error)
{
  g_autoptr (TrioCancelScope) scope = trio_move_on_at (host->restart_at, error);

  return trio_cancel_scope_close (scope, trio_event_wait (host->restart, error));
}

static gboolean
keep_host (gpointer data, GError **error)
{
  TrioSimHost *host = data;
  gboolean ok;

  for (;;)
    {
      ok = run_once (host, error);
      if (!ok || host->up)
        break;
      ok = wait_for_restart (host, error);
      if (!ok)
        break;
      host->up = TRUE;
      host->boots++;
    }
  host->started = FALSE;
  return ok;
}

void
trio_sim_host_start (TrioSimHost *host, TrioNursery *nursery, TrioFunc main, gpointer data)
{
  g_return_if_fail (host != NULL && nursery != NULL && main != NULL);
  g_return_if_fail (!host->started);

  host->started = TRUE;
  if (!host->up)
    host->boots++;
  host->up = TRUE;
  host->main = main;
  host->data = data;
  trio_nursery_start_soon_full (nursery, keep_host, host, NULL, host->name);
}

/* --- crash --- */

static gboolean
is_own (const TrioSimHost *host)
{
  return trio_task_local_get (&trio_sim_host_of_task) == host;
}

static void
take_away (TrioSimHost *host)
{
  if (host->task != NULL)
    trio_task_abandon (g_steal_pointer (&host->task));
  host->halted = FALSE;
  if (host->ends)
    trio_sim_net_close_all (host);
  else
    trio_sim_net_vanish (host);
  host->ends = FALSE;
  trio_sim_signals_vanish (&trio_sim_world_get_current ()->signals, host);
  trio_sim_threads_vanish (&trio_sim_world_get_current ()->threads, host);
}

static TrioAbort
stay_dead (TrioTask *task G_GNUC_UNUSED, gpointer data G_GNUC_UNUSED)
{
  return TRIO_ABORT_FAILED;
}

/* At once, but for the calling task, which is one of them and never goes on. */
static void TRIO_CHECKPOINT_ON_FAILURE
stop_all (TrioSimHost *host)
{
  static const TrioWaitClass klass = { .what = "trio_sim_host_crash", .abort = stay_dead };

  if (!is_own (host))
    {
      take_away (host);
      return;
    }
  host->dies = TRUE;
  host->net->n_dying++;
  trio_task_halt (host->task);
  (void) !trio_wait (&klass, host, NULL);
  g_assert_not_reached ();
}

void
trio_sim_host_break_down (TrioSimHost *host, GTimeSpan downtime)
{
  host->up = FALSE;
  host->restart_at = trio_sim_time_after (host->net->clock->now, downtime);
  g_clear_pointer (&host->restart, trio_event_free);
  host->restart = trio_event_new ();
  trio_sim_disks_lose_power (&trio_sim_world_get_current ()->disks, host);
  stop_all (host);
}

void
trio_sim_host_end (TrioSimHost *host)
{
  host->ends = TRUE;
  trio_sim_disks_forget (&trio_sim_world_get_current ()->disks, host);
  stop_all (host);
}

void
trio_sim_hosts_settle (TrioSimNet *net)
{
  for (guint i = 1; net->n_dying > 0 && i < net->hosts->len; i++)
    {
      TrioSimHost *host = g_ptr_array_index (net->hosts, i);

      if (!host->dies)
        continue;
      host->dies = FALSE;
      net->n_dying--;
      take_away (host);
    }
}

void
trio_sim_host_crash (TrioSimHost *host, GTimeSpan downtime)
{
  g_return_if_fail (host != NULL && downtime >= 0);
  if (host->up)
    trio_sim_host_break_down (host, downtime);
}

void
trio_sim_host_restart (TrioSimHost *host)
{
  g_return_if_fail (host != NULL);
  if (!host->up && host->restart != NULL)
    trio_event_set (host->restart);
}

gboolean
trio_sim_host_is_up (TrioSimHost *host)
{
  g_return_val_if_fail (host != NULL, FALSE);
  return host->up;
}

/* --- standing still --- */

typedef struct
{
  TrioSimEvent event;
  TrioSimHost *host;
  guint        boots;
} Resumption;

static void
resumption_happens (TrioSimEvent *event)
{
  Resumption *resumption = (Resumption *) event;

  if (resumption->host->boots == resumption->boots)
    trio_sim_host_resume (resumption->host);
  g_free (resumption);
}

static void
discard_resumption (TrioSimEvent *event)
{
  g_free (event);
}

void
trio_sim_host_stand_still (TrioSimHost *host, GTimeSpan span)
{
  gint64 due = trio_sim_time_after (host->net->clock->now, span);

  if (host->task == NULL || host->halted)
    return;
  host->halted = TRUE;
  if (due < G_MAXINT64)
    {
      Resumption *resumption = g_new (Resumption, 1);

      *resumption = (Resumption) {
        .event = { .happen = resumption_happens, .discard = discard_resumption }, .host = host, .boots = host->boots,
      };
      trio_sim_events_plan (&host->net->events, &resumption->event, due);
    }
  trio_task_halt (host->task);
}

void
trio_sim_host_pause (TrioSimHost *host, GTimeSpan span)
{
  g_return_if_fail (host != NULL && span >= 0);
  trio_sim_host_stand_still (host, span);
}

void
trio_sim_host_resume (TrioSimHost *host)
{
  g_return_if_fail (host != NULL);
  if (!host->halted)
    return;
  host->halted = FALSE;
  trio_task_resume (host->task);
}
