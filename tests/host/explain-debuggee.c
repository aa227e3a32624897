/* SPDX-License-Identifier: MIT OR Apache-2.0 */

/* A program for debuggers: two tasks that wait in different ways, and a third that comes to stop_here(); with the argument "loop" a
 * callback of the main context comes there, while no task runs; with "crash" the third one dies there. */

#include <stdlib.h>

#include <trio/trio.h>

static int mark = 42;

extern void stop_here (void);
__attribute__ ((noinline)) void
stop_here (void)
{
  mark++;
}

static gboolean __attribute__ ((noinline))
wait_deep_down (TrioEvent *event, int depth, GError **error)
{
  gboolean ok = depth == 0 ? trio_event_wait (event, error) : wait_deep_down (event, depth - 1, error);

  mark++;
  return ok;
}

static gboolean
waiter (gpointer data, GError **error)
{
  return wait_deep_down (data, 2, error);
}

static gboolean
sleeper (gpointer data G_GNUC_UNUSED, GError **error)
{
  g_autoptr (TrioCancelScope) scope = trio_move_on_after (G_TIME_SPAN_HOUR, error);

  return trio_cancel_scope_close (scope, trio_sleep (G_TIME_SPAN_DAY, error));
}

static gboolean
stop_in_callback (gpointer event)
{
  stop_here ();
  trio_event_set (event);
  return G_SOURCE_REMOVE;
}

static gboolean
main_func (gpointer data, GError **error)
{
  g_autoptr (TrioNursery) nursery = trio_nursery_open (error);
  g_autoptr (TrioEvent) event = trio_event_new ();
  gboolean ok = TRUE;

  trio_nursery_start_soon (nursery, waiter, event);
  trio_nursery_start_soon (nursery, sleeper, NULL);
  if (g_strcmp0 (data, "loop") == 0)
    {
      g_idle_add (stop_in_callback, event);
      ok = trio_event_wait (event, error);
    }
  else
    {
      for (guint i = 0; ok && i < 3; i++)
        ok = trio_checkpoint (error);
      if (g_strcmp0 (data, "crash") == 0)
        abort ();
      stop_here ();
      trio_event_set (event);
    }
  trio_nursery_cancel (nursery);
  return trio_nursery_close (nursery, ok);
}

int
main (int argc, char **argv)
{
  g_autoptr (GError) error = NULL;

  if (!trio_run (main_func, argc > 1 ? argv[1] : NULL, &error))
    g_error ("%s", error->message);
  return mark == 0;
}
