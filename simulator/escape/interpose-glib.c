/* SPDX-License-Identifier: MIT OR Apache-2.0 */

/* GLib's ways out that are best seen at its own door: main contexts, which nobody iterates in a simulated run; and threads, before GLib
 * has taken a lock for them. */

#include "simulator/escape/interpose.h"

#include <glib-unix.h>

const char trio_sim_front_glib = 1;

/* --- main contexts --- */

REPORTED (guint, g_timeout_add, (guint interval, GSourceFunc func, gpointer data), (interval, func, data))
REPORTED (guint, g_timeout_add_full, (int priority, guint interval, GSourceFunc func, gpointer data, GDestroyNotify destroy),
          (priority, interval, func, data, destroy))
REPORTED (guint, g_timeout_add_once, (guint interval, GSourceOnceFunc func, gpointer data), (interval, func, data))
REPORTED (guint, g_timeout_add_seconds, (guint interval, GSourceFunc func, gpointer data), (interval, func, data))
REPORTED (guint, g_timeout_add_seconds_full, (int priority, guint interval, GSourceFunc func, gpointer data, GDestroyNotify destroy),
          (priority, interval, func, data, destroy))
REPORTED (guint, g_idle_add, (GSourceFunc func, gpointer data), (func, data))
REPORTED (guint, g_idle_add_full, (int priority, GSourceFunc func, gpointer data, GDestroyNotify destroy),
          (priority, func, data, destroy))
REPORTED (guint, g_idle_add_once, (GSourceOnceFunc func, gpointer data), (func, data))
REPORTED (guint, g_io_add_watch, (GIOChannel *channel, GIOCondition condition, GIOFunc func, gpointer data),
          (channel, condition, func, data))
REPORTED (guint, g_child_watch_add, (GPid pid, GChildWatchFunc func, gpointer data), (pid, func, data))
REPORTED (guint, g_unix_fd_add, (int fd, GIOCondition condition, GUnixFDSourceFunc func, gpointer data), (fd, condition, func, data))
REPORTED (guint, g_unix_signal_add, (int number, GSourceFunc func, gpointer data), (number, func, data))

IN_FRONT_OF (g_main_loop_run);
IN_FRONT void
g_main_loop_run (GMainLoop *loop)
{
  trio_sim_escape_report (TRIO_SIM_CALL_g_main_loop_run);
  REAL (g_main_loop_run) (loop);
}

/* --- threads --- */

REPORTED (GThread *, g_thread_new, (const char *name, GThreadFunc func, gpointer data), (name, func, data))
REPORTED (GThread *, g_thread_try_new, (const char *name, GThreadFunc func, gpointer data, GError **error), (name, func, data, error))
REPORTED (GThreadPool *, g_thread_pool_new, (GFunc func, gpointer data, int max_threads, gboolean exclusive, GError **error),
          (func, data, max_threads, exclusive, error))
REPORTED (gboolean, g_thread_pool_push, (GThreadPool *pool, gpointer data, GError **error), (pool, data, error))
