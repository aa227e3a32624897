/* SPDX-License-Identifier: MIT OR Apache-2.0 */

/* trio_run(): iterate a context until the run has ended. trio_attach(): let somebody else do so. */

#include <trio/run.h>

#include "host/deadlock.h"
#include "host/loop-source.h"

static gboolean run_in (GMainContext *context, TrioFunc main, gpointer data, const TrioRunOptions *options, GError **error);

static void
note_done (TrioHostRun *run G_GNUC_UNUSED, gpointer data)
{
  gboolean *done = data;

  *done = TRUE;
}

/* The context of the options, else the thread's. Owned by this thread when it returns; a new one if another thread owns that. */
static GMainContext *
acquire_context (GMainContext *wanted)
{
  GMainContext *context = wanted != NULL ? g_main_context_ref (wanted) : g_main_context_ref_thread_default ();

  if (g_main_context_acquire (context))
    return context;
  g_main_context_unref (context);
  context = g_main_context_new ();
  g_main_context_acquire (context);
  return context;
}

gboolean
trio_run_with (TrioFunc main, gpointer data, const TrioRunOptions *options, GError **error)
{
  GMainContext *context;
  g_autoptr (GMainContext) before = NULL;
  gboolean ok;

  g_return_val_if_fail (main != NULL, FALSE);

  context = acquire_context (options != NULL ? options->context : NULL);
  before = g_main_context_ref_thread_default ();
  /* So that what tasks start with GIO answers in the context that is iterated. */
  if (context != before)
    g_main_context_push_thread_default (context);

  ok = run_in (context, main, data, options, error);

  if (context != before)
    g_main_context_pop_thread_default (context);
  g_main_context_release (context);
  g_main_context_unref (context);
  return ok;
}

static gboolean
run_in (GMainContext *context, TrioFunc main, gpointer data, const TrioRunOptions *options, GError **error)
{
  TrioHostRun *run = trio_host_run_new (main, data, options, error);
  gboolean done = FALSE;
  GSource *source;

  if (run == NULL)
    return FALSE;
  source = trio_loop_source_new (run, note_done, &done, NULL);
  g_source_attach (source, context);
  while (!done)
    if (G_LIKELY (!trio_loop_source_seems_stuck (source)))
      g_main_context_iteration (context, TRUE);
    else
      trio_host_run_iterate_stuck (run, context);
  g_source_unref (source);
  return trio_host_run_finish (run, error);
}

gboolean
trio_run (TrioFunc main, gpointer data, GError **error)
{
  return trio_run_with (main, data, NULL, error);
}

typedef struct
{
  TrioAttachDone  done;
  gpointer        data;
} Attached;

static void
attached_done (TrioHostRun *run, gpointer data)
{
  const Attached *attached = data;
  g_autoptr (GError) error = NULL;
  gboolean ok = trio_host_run_finish (run, &error);

  if (attached->done != NULL)
    attached->done (ok, error, attached->data);
  else if (!ok)
    g_critical ("an attached run failed, and nobody was to be told: %s", error->message);
}

gboolean
trio_attach (TrioFunc main, gpointer data, const TrioRunOptions *options, TrioAttachDone done, gpointer done_data, GError **error)
{
  TrioHostRun *run;
  Attached *attached;
  GSource *source;
  g_autoptr (GMainContext) context = NULL;

  g_return_val_if_fail (main != NULL, FALSE);

  run = trio_host_run_new (main, data, options, error);
  if (run == NULL)
    return FALSE;

  attached = g_new (Attached, 1);
  *attached = (Attached) { done, done_data };
  if (options != NULL && options->context != NULL)
    context = g_main_context_ref (options->context);
  else
    context = g_main_context_ref_thread_default ();
  source = trio_loop_source_new (run, attached_done, attached, g_free);
  g_source_attach (source, context);
  g_source_unref (source);
  /* The run's own first task gets ready for main, and for system tasks; main has its turn in the next one. */
  trio_loop_turn (run->loop);
  return TRUE;
}
