/* SPDX-License-Identifier: MIT OR Apache-2.0 */

/* Simulated threads; see sim-threads.h. */

#include "simulator/sim-threads.h"

#include <trio/lowlevel/task.h>
#include <trio/seam/strand.h>
#include <trio/seam/world.h>

typedef enum
{
  STARTING,      /* its event will begin it */
  RUNNING,
  BLOCKED,       /* there is no event */
  RESUMING,      /* its event will let it go on; also while it sleeps */
  FINISHING,     /* its event will make its end known */
} State;

struct _TrioSimThread
{
  TrioSimEvent     event;          /* at most one is planned */
  TrioSimThreads  *threads;
  TrioThreadJob   *job;
  TrioStrand      *strand;
  GList            link;           /* in threads->living */
  const TrioSimHost *host; /* that it is on */
  const char      *sender;         /* path of the task that sent it */
  guint64          sender_hash;
  guint64          serial;
  gint64           finish_us;      /* from its end until that is known; chosen at its start, while its sender certainly lives */
  State            state;
  guint64          stream;         /* of its random numbers */
  gboolean         gone;           /* its host crashed: it runs no more, and seems to end at its next event */
};

/* --- choices --- */

/* Nothing takes no time at all, or a thread that asks the run again and again would stop the clock. */
static const gint64 delays[] = { 50, 1000, 10 * 1000, 100 * 1000, 1000 * 1000 };
static const guint32 delay_weights[] = { 24, 6, 3, 2, 1 };

static void
describe_delay (const TrioChoicePoint *point, guint32 value, GString *out)
{
  const TrioSimThread *thread = point->data;
  const char *words = g_str_equal (point->label, "thread.start")    ? "began"
                      : g_str_equal (point->label, "thread.resume") ? "went on"
                                                                    : "ended";

  g_string_append_printf (out, "the thread \"%s\" of %s %s %" G_GINT64_FORMAT " ms late", thread->job->name, thread->sender, words,
                          delays[value] / 1000);
}

static gint64
choose_delay (TrioSimThread *thread, const char *label)
{
  const TrioChoicePoint point = {
    .label = label,
    .bound = G_N_ELEMENTS (delays),
    .weights = delay_weights,
    .what = "trio_to_thread_run_sync",
    .describe = describe_delay,
    .data = thread,
  };

  return delays[trio_choose (&point)];
}

static void
describe_fault (const TrioChoicePoint *point, guint32 value G_GNUC_UNUSED, GString *out)
{
  const TrioSimThread *thread = point->data;

  g_string_append_printf (out, "%s found no thread for \"%s\"", thread->sender, thread->job->name);
}

static gboolean
choose_fault (TrioSimThread *thread)
{
  static const guint32 weights[] = { 20, 1 };
  const TrioChoicePoint point = {
    .label = "fault.thread",
    .bound = 2,
    .weights = weights,
    .what = "trio_to_thread_run_sync",
    .describe = describe_fault,
    .data = thread,
  };

  return trio_sim_tape_allows (thread->threads->tape, TRIO_SIM_INJECT_FAULT) && trio_choose (&point) != 0;
}

/* --- a thread's life --- */

static void
plan (TrioSimThread *thread, State state, gint64 delay)
{
  thread->state = state;
  trio_sim_events_plan (&thread->threads->events, &thread->event, trio_sim_time_after (thread->threads->clock->now, delay));
}

static void
thread_free (TrioSimThread *thread)
{
  trio_strand_free (thread->strand);
  g_queue_unlink (&thread->threads->living, &thread->link);
  g_free (thread);
}

static void
run_job (gpointer data)
{
  TrioThreadJob *job = ((TrioSimThread *) data)->job;

  job->work (job);
}

static void
let_run (TrioSimThread *thread)
{
  TrioSimThreads *self = thread->threads;
  gboolean ended;

  trio_sim_watch_note (self->watch, TRIO_SIM_EVENT_THREAD, thread->sender_hash, thread->serial);
  thread->state = RUNNING;
  self->running = thread;
  ended = trio_strand_resume (thread->strand);
  self->running = NULL;
  if (ended)
    plan (thread, FINISHING, thread->finish_us);
  else if (thread->state == RUNNING)
    thread->state = BLOCKED;
}

static void
let_finish (TrioSimThread *thread)
{
  TrioThreadJob *job = thread->job;
  gboolean orphan = thread->threads->run_is_over;

  thread_free (thread);
  if (orphan)
    job->orphaned (job);
  else
    job->finished (job);
}

static void
happen (TrioSimEvent *event)
{
  TrioSimThread *thread = (TrioSimThread *) event;

  if (thread->gone || thread->state == FINISHING)
    let_finish (thread);
  else
    let_run (thread);
}

/* The events do not own the threads. */
static void
discard (TrioSimEvent *event G_GNUC_UNUSED)
{
}

/* GLib's code, without the thread. */
#define THREAD_ERROR       g_quark_from_static_string ("g_thread_error")
#define THREAD_ERROR_AGAIN 0

/* --- the seam --- */

static gboolean
start_job (TrioThreads *threads, TrioThreadJob *job, GError **error)
{
  TrioSimThreads *self = (TrioSimThreads *) threads;
  TrioTask *sender = trio_current_task ();
  TrioSimThread *thread = g_new0 (TrioSimThread, 1);

  thread->event.happen = happen;
  thread->event.discard = discard;
  thread->threads = self;
  thread->job = job;
  thread->link.data = thread;
  thread->host = trio_task_local_get (&trio_sim_host_of_task);
  thread->sender = trio_sim_tape_get_path (self->tape, sender);
  thread->sender_hash = trio_task_get_path_hash (sender);
  if (!choose_fault (thread))
    thread->strand = trio_strand_new (trio_loop_get_current (), run_job, thread, job->name);
  if (thread->strand == NULL)
    {
      g_set_error (error, THREAD_ERROR, THREAD_ERROR_AGAIN, "no thread for \"%s\": Error creating thread", job->name);
      g_free (thread);
      return FALSE;
    }

  thread->serial = ++self->n_started;
  g_queue_push_tail_link (&self->living, &thread->link);
  thread->finish_us = choose_delay (thread, "thread.finish");
  job->world_data = thread;
  plan (thread, STARTING, choose_delay (thread, "thread.start"));
  return TRUE;
}

static void
block (TrioThreads *threads, TrioThreadJob *job)
{
  g_assert (((TrioSimThreads *) threads)->running == job->world_data);
  trio_strand_pause ();
}

static void
unblock (TrioThreads *threads, TrioThreadJob *job)
{
  TrioSimThreads *self = (TrioSimThreads *) threads;
  TrioSimThread *thread = job->world_data;

  /* A run that was abandoned has dropped its threads already. */
  if (!self->run_is_over && thread->state == BLOCKED)
    plan (thread, RESUMING, choose_delay (thread, "thread.resume"));
}

/* --- the world's side --- */

void
trio_sim_threads_init (TrioSimThreads *self, TrioSimClock *clock, TrioSimTape *tape, TrioSimWatch *watch)
{
  *self = (TrioSimThreads) {
    .threads = { .name = "simulated", .start = start_job, .block = block, .unblock = unblock },
    .clock = clock,
    .tape = tape,
    .watch = watch,
  };
  trio_sim_events_init (&self->events);
  g_queue_init (&self->living);
}

void
trio_sim_threads_stop (TrioSimThreads *self)
{
  self->run_is_over = TRUE;
  for (GList *link = self->living.head; link != NULL; link = link->next)
    g_clear_pointer (&((TrioSimThread *) link->data)->strand, trio_strand_free);
}

void
trio_sim_threads_clear (TrioSimThreads *self)
{
  trio_sim_events_clear (&self->events);
  while (!g_queue_is_empty (&self->living))
    thread_free (g_queue_peek_head (&self->living));
}

void
trio_sim_threads_vanish (TrioSimThreads *self, const TrioSimHost *host)
{
  for (GList *link = self->living.head; link != NULL; link = link->next)
    {
      TrioSimThread *thread = link->data;

      thread->gone |= thread->host == host;
    }
}

void
trio_sim_threads_run (TrioSimThreads *self)
{
  trio_sim_events_run (&self->events, self->clock->now);
}

gint64
trio_sim_threads_get_next (const TrioSimThreads *self)
{
  return trio_sim_events_get_next (&self->events);
}

void
trio_sim_threads_drain (TrioSimThreads *self)
{
  gint64 next;

  self->run_is_over = TRUE;
  while ((next = trio_sim_events_get_next (&self->events)) != G_MAXINT64)
    {
      if (next > self->clock->now)
        trio_sim_clock_advance_to (self->clock, next);
      trio_sim_events_run (&self->events, self->clock->now);
    }
}

static void
append_thread (GString *out, const TrioSimThread *thread)
{
  g_string_append_printf (out, "the thread \"%s\" of %s", thread->job->name, thread->sender);
}

void
trio_sim_threads_append (const TrioSimThreads *self, GString *out)
{
  for (const GList *link = self->living.head; link != NULL; link = link->next)
    {
      const TrioSimThread *thread = link->data;

      g_string_append (out, "\n  ");
      append_thread (out, thread);
      g_string_append (out, thread->state == BLOCKED ? " waits for the run" : " is at work");
    }
}

void
trio_sim_threads_add_leaks (const TrioSimThreads *self, GPtrArray *leaks)
{
  for (const GList *link = self->living.head; link != NULL; link = link->next)
    {
      const TrioSimThread *thread = link->data;

      if (!thread->gone)
        g_ptr_array_add (leaks, g_strdup_printf ("thread %s of %s", thread->job->name, thread->sender));
    }
}

const TrioSimHost *
trio_sim_threads_get_host (const TrioSimThreads *self)
{
  return self->running == NULL ? NULL : self->running->host;
}

char *
trio_sim_threads_describe_running (const TrioSimThreads *self)
{
  GString *out;

  if (self->running == NULL)
    return NULL;
  out = g_string_new (NULL);
  append_thread (out, self->running);
  return g_string_free (out, FALSE);
}

/* --- what the running thread calls past the seams --- */

void
trio_sim_threads_sleep (TrioSimThreads *self, GTimeSpan span)
{
  plan (self->running, RESUMING, MAX (span, delays[0]));
  trio_strand_pause ();
}

gint64
trio_sim_threads_get_time (const TrioSimThreads *self)
{
  const TrioSimHost *host = self->running == NULL ? NULL : self->running->host;

  return host == NULL ? self->clock->now : trio_sim_host_get_time (host, self->clock->now);
}

guint64 *
trio_sim_threads_get_stream (TrioSimThreads *self, guint64 *owner)
{
  *owner = trio_sim_mix (self->running->sender_hash, self->running->serial);
  return &self->running->stream;
}
