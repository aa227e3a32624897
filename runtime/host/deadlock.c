/* SPDX-License-Identifier: MIT OR Apache-2.0 */

/* Deadlocks in the real world; see deadlock.h. */

#include "host/deadlock.h"

#include <dirent.h>
#include <trio/lowlevel/dump.h>

#include "host/thread-pool.h"
#include "host/watchdog.h"

/* Ours, and the one that wakes the context. */
#define OUR_DESCRIPTORS 2

/* When to look again; after the last one, not any more. */
static const int look_again_ms[] = { 10, 100, 1000 };

gboolean
trio_host_run_seems_stuck (TrioHostRun *run, gint64 due)
{
  return due == G_MAXINT64 && run->deadlock != TRIO_DEADLOCK_IGNORE && trio_loop_get_holds (run->loop) == 0
         && trio_loop_get_cushion (run->loop) == G_MAXINT64 && !trio_epoll_has_waiter (run->epoll);
}

/* How many threads the process has; 0 if that cannot be known. */
static guint
count_threads (void)
{
  DIR *tasks = opendir ("/proc/self/task");
  guint n = 0;

  if (tasks == NULL)
    return 0;
  for (struct dirent *entry; (entry = readdir (tasks)) != NULL;)
    n += entry->d_name[0] != '.';
  closedir (tasks);
  return n;
}

/* Threads that wait for work, and watchdogs, wake nobody. */
static gboolean
is_alone (TrioHostRun *run)
{
  return run->deadlock == TRIO_DEADLOCK_FAIL_AMONG_THREADS
         || count_threads () == 1 + trio_watchdog_count () + trio_thread_pool_count_idle (trio_thread_pool_get_default ());
}

static void
look_for_sleeper (TrioTask *task, guint depth G_GNUC_UNUSED, gpointer data)
{
  gboolean *found = data;

  *found = *found || g_strcmp0 (trio_task_get_wait (task), "trio_sleep_forever") == 0;
}

static gboolean
waits_for_ctrl_c (TrioHostRun *run)
{
  gboolean found = FALSE;

  if (run->has_interrupt)
    trio_loop_foreach (run->loop, look_for_sleeper, &found);
  return found;
}

/* Milliseconds until it is to be looked at again; -1: when something happens. */
static int
next_look (TrioHostRun *run)
{
  TrioTask *task;
  guint64 step = trio_loop_peek (run->loop, &task);

  if (step != run->stuck_step)
    {
      run->stuck_step = step;
      run->n_stuck_looks = 0;
    }
  return run->n_stuck_looks < G_N_ELEMENTS (look_again_ms) ? look_again_ms[run->n_stuck_looks++] : -1;
}

static void
report (TrioHostRun *run)
{
  GString *text = g_string_new ("deadlock: ");

  trio_loop_append_deadlock (run->loop, text);
  g_message ("%s", text->str);
  g_string_free (text, TRUE);
}

static void
act (TrioHostRun *run)
{
  if (run->deadlock == TRIO_DEADLOCK_REPORT)
    {
      next_look (run);
      run->stuck_told = TRUE;
      report (run);
    }
  else
    trio_loop_break_deadlock (run->loop);
}

/* It was reported, and is not to be again before something happens. */
static gboolean
is_told (TrioHostRun *run)
{
  TrioTask *task;

  return run->stuck_told && trio_loop_peek (run->loop, &task) == run->stuck_step;
}

/* Prepare, poll, check, dispatch, as in g_main_context_iteration(); but between the first two one can see what the context would
 * wait for. */
void
trio_host_run_iterate_stuck (TrioHostRun *run, GMainContext *context)
{
  g_autoptr (GArray) fds = g_array_new (FALSE, FALSE, sizeof (GPollFD));
  int priority, timeout_ms, n_fds;
  gboolean ready = g_main_context_prepare (context, &priority);
  gboolean certain = FALSE;

  do
    {
      g_array_set_size (fds, fds->len + OUR_DESCRIPTORS);
      n_fds = g_main_context_query (context, ready ? priority : G_MAXINT, &timeout_ms, (GPollFD *) (gpointer) fds->data,
                                    (int) fds->len);
    }
  while (n_fds > (int) fds->len);

  if (!ready && timeout_ms < 0 && n_fds <= OUR_DESCRIPTORS && !is_told (run) && !waits_for_ctrl_c (run))
    {
      certain = !trio_loop_can_be_called (run->loop) && is_alone (run);
      timeout_ms = certain ? 0 : next_look (run);
    }

  g_main_context_get_poll_func (context) ((GPollFD *) (gpointer) fds->data, (guint) n_fds, timeout_ms);
  ready = g_main_context_check (context, ready ? priority : G_MAXINT, (GPollFD *) (gpointer) fds->data, n_fds);
  if (ready)
    g_main_context_dispatch (context);
  else if (certain)
    act (run);
}
