/* SPDX-License-Identifier: MIT OR Apache-2.0 */

/* Setting a world up, and taking it down in the opposite order. */

#include "host/host-run.h"

#include <gio/gio.h>
#include <trio/lowlevel/dump.h>

#include "host/clock.h"
#include "host/files.h"
#include "host/interrupt.h"
#include "host/stack-overflow.h"
#include "host/threads.h"

static gboolean open_trace  (TrioHostRun *self, GError **error);
static void     close_trace (TrioHostRun *self, gboolean ok, const char *outcome);
static void     free_world  (TrioHostRun *self);
static void     take_explaining_options (TrioHostRun *self, const TrioRunOptions *options);

static void
wake_run (TrioWorld *world)
{
  trio_wakeup_signal (&((TrioHostRun *) world)->wakeup);
}

static gboolean
make_world (TrioHostRun *self, const TrioRunOptions *options, GError **error)
{
  self->wakeup.fd = -1;
  if (!trio_wakeup_init (&self->wakeup, error))
    return FALSE;
  trio_host_signals_init (&self->signals, self->wakeup.fd);
  self->epoll = trio_epoll_new (self->wakeup.fd, error);
  if (self->epoll == NULL || !open_trace (self, error))
    return FALSE;

  self->world.name = "host";
  self->world.clock = options->clock != NULL ? options->clock : trio_monotonic_clock ();
  self->world.io = trio_epoll_get_io (self->epoll);
  self->world.threads = trio_host_threads_get ();
  self->world.signals = &self->signals.signals;
  self->uring = trio_uring_new ();
  self->world.files = self->uring != NULL ? trio_uring_get_files (self->uring) : trio_host_files_get ();
  self->world.wake = wake_run;
  self->world.append_stack = trio_task_append_stack;
  return TRUE;
}

static gboolean
make_loop (TrioHostRun *self, TrioFunc main, gpointer data, const TrioRunOptions *options, GError **error)
{
  g_autoptr (GPtrArray) instruments = g_ptr_array_new ();
  TrioLoopOptions loop_options = { .stack_bytes = options->stack_bytes, .interrupt_policy = options->interrupt_policy };

  for (guint i = 0; options->instruments != NULL && options->instruments[i] != NULL; i++)
    g_ptr_array_add (instruments, options->instruments[i]);
  if (self->recorder != NULL)
    g_ptr_array_add (instruments, trio_trace_recorder_get_instrument (self->recorder));
  g_ptr_array_add (instruments, NULL);
  loop_options.instruments = (TrioInstrument *const *) instruments->pdata;

  self->loop = trio_loop_new (&self->world, main, data, &loop_options, error);
  return self->loop != NULL;
}

TrioHostRun *
trio_host_run_new (TrioFunc main, gpointer data, const TrioRunOptions *options, GError **error)
{
  const TrioRunOptions defaults = { 0 };
  TrioHostRun *self = g_new0 (TrioHostRun, 1);

  if (options == NULL)
    options = &defaults;
  if (!make_world (self, options, error) || !make_loop (self, main, data, options, error))
    {
      close_trace (self, FALSE, "the run could not be started");
      free_world (self);
      return NULL;
    }

  trio_stack_overflow_install ();
  self->has_interrupt = trio_interrupt_install (self->wakeup.fd);
  take_explaining_options (self, options);
  return self;
}

/* From the options, else from the environment. */
static void
take_explaining_options (TrioHostRun *self, const TrioRunOptions *options)
{
  const char *wanted_signal = g_getenv ("TRIO_DUMP_SIGNAL");
  const char *wanted_ms = g_getenv ("TRIO_WATCHDOG");
  int dump_signal = options->dump_signal;
  guint64 ms;

  if (dump_signal == 0 && wanted_signal != NULL && wanted_signal[0] != '\0')
    {
      dump_signal = trio_dump_signal_parse (wanted_signal);
      if (dump_signal == 0)
        g_warning ("TRIO_DUMP_SIGNAL=%s: there is no such signal", wanted_signal);
    }
  if (dump_signal != 0)
    self->dump_listener = trio_dump_signal_listen (dump_signal, self->wakeup.fd);

  self->watchdog_span = MAX (options->watchdog_span, 0);
  if (self->watchdog_span == 0 && wanted_ms != NULL && wanted_ms[0] != '\0')
    {
      if (g_ascii_string_to_unsigned (wanted_ms, 10, 1, G_MAXINT32, &ms, NULL))
        self->watchdog_span = (GTimeSpan) ms * G_TIME_SPAN_MILLISECOND;
      else
        g_warning ("TRIO_WATCHDOG=%s: this is no number of milliseconds", wanted_ms);
    }
  self->deadlock = options->deadlock;
}

void
trio_host_run_dump (TrioHostRun *self)
{
  GString *text = g_string_new (NULL);

  trio_loop_append_dump (self->loop, TRIO_DUMP_STACKS, text);
  g_printerr ("%s", text->str);
  g_string_free (text, TRUE);
}

static void
stop_explaining (TrioHostRun *self)
{
  g_clear_pointer (&self->watchdog, trio_watchdog_free);
  g_clear_pointer (&self->dump_listener, trio_dump_signal_stop);
}

/* A Ctrl-C that came too late for main to see is not lost: the loop makes it an error of the run. */
static void
give_interrupt_back (TrioHostRun *self)
{
  if (!self->has_interrupt)
    return;
  trio_interrupt_uninstall ();
  if (trio_interrupt_take ())
    trio_loop_interrupt (self->loop);
}

gboolean
trio_host_run_finish (TrioHostRun *self, GError **error)
{
  GError *failure = NULL;
  gboolean ok;

  /* Freeing the run gives their signals back; but its Ctrl-C has gone by then. */
  if (self->signals.n_taken > 0)
    g_warning ("a run has ended with a signal receiver open: close it, or free it, before the task ends that opened it");
  give_interrupt_back (self);
  stop_explaining (self);
  ok = trio_loop_finish (g_steal_pointer (&self->loop), &failure);
  close_trace (self, ok, failure != NULL ? failure->message : "main returned TRUE");
  free_world (self);

  if (failure != NULL)
    g_propagate_error (error, failure);
  return ok;
}

void
trio_host_run_abandon (TrioHostRun *self)
{
  if (self->has_interrupt)
    trio_interrupt_uninstall ();
  stop_explaining (self);
  if (self->uring != NULL)
    trio_uring_drain (self->uring);
  trio_loop_abandon (g_steal_pointer (&self->loop));
  close_trace (self, FALSE, "abandoned");
  free_world (self);
}

static void
free_world (TrioHostRun *self)
{
  g_assert (self->loop == NULL);

  trio_host_signals_clear (&self->signals);
  g_clear_pointer (&self->uring, trio_uring_free);
  g_clear_pointer (&self->epoll, trio_epoll_free);
  trio_wakeup_clear (&self->wakeup);
  g_free (self);
}

/* The first run of the process is recorded in the file of that name; later ones, also on other threads, in FILE.2, FILE.3, … */
static char *
next_trace_path (const char *path)
{
  static gint n_traces;
  gint n = g_atomic_int_add (&n_traces, 1) + 1;

  return n == 1 ? g_strdup (path) : g_strdup_printf ("%s.%d", path, n);
}

static gboolean
open_trace (TrioHostRun *self, GError **error)
{
  const char *wanted = g_getenv ("TRIO_TRACE");
  g_autofree char *path = NULL;

  if (wanted == NULL || wanted[0] == '\0')
    return TRUE;
  path = next_trace_path (wanted);
  self->recorder = trio_trace_recorder_new (path, g_get_prgname (), FALSE, error);
  return self->recorder != NULL;
}

static void
close_trace (TrioHostRun *self, gboolean ok, const char *outcome)
{
  g_autoptr (GError) failure = NULL;

  if (self->recorder == NULL)
    return;
  trio_trace_recorder_set_outcome (self->recorder, ok, outcome);
  /* How the program went is not changed by how its trace went. */
  if (!trio_trace_recorder_close (self->recorder, &failure))
    g_warning ("the trace is not complete: %s", failure->message);
  g_clear_pointer (&self->recorder, trio_trace_recorder_free);
}
