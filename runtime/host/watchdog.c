/* SPDX-License-Identifier: MIT OR Apache-2.0 */

/* The watchdog; see watchdog.h. Locks are the system's and not GLib's, because ThreadSanitizer sees through those. */

#include "host/watchdog.h"

#include <errno.h>
#include <pthread.h>
#include <semaphore.h>
#include <signal.h>
#include <string.h>
#include <time.h>

#include "host/backtrace.h"

/* So long a thread may take to answer a signal; one that does not is stopped, or blocks it. */
#define ANSWER_US_MAX G_TIME_SPAN_SECOND
#define NAME_BYTES    128
#define LOOKS_PER_SPAN 4

typedef enum
{
  ANSWER_NONE,         /* the thread did not answer */
  ANSWER_OVER,         /* the step has ended meanwhile */
  ANSWER_GIVEN,
} Answer;

struct _TrioWatchdog
{
  TrioLoop         *loop;
  GTimeSpan         span;
  TrioDumpListener *listener;     /* or NULL */
  pthread_t         runner;       /* the thread of the run */
  pthread_t         thread;       /* our own */

  pthread_mutex_t   lock;
  pthread_cond_t    stopping;
  gboolean          stopped;      /* (lock) */

  /* The answer. Written by the handler before it posts, read after that was waited for. */
  sem_t             posted;
  guint64           step;         /* that is asked about */
  Answer            answer;
  guint64           serial;
  char              name[NAME_BYTES];
  TrioFrames        frames;
};

/* Who asks the thread that gets the signal. (A) A release store by the watchdog's thread pairs with the handler's exchange, which
 * acquires: what was written into the watchdog before the signal is seen by the handler. One asks at a time. */
static TrioWatchdog    *request;                                     /* (atomic) */
static pthread_mutex_t  asking = PTHREAD_MUTEX_INITIALIZER;
static gint             n_watchdogs;                                 /* (atomic) */
static gboolean         has_signal;                                  /* (asking) */

static void *watch (void *data);

/* --- on the thread of the run --- */

static void
give_answer (TrioWatchdog *self)
{
  TrioTask *task;
  guint64 step = trio_loop_peek (self->loop, &task);

  if (task == NULL || step != self->step)
    {
      self->answer = ANSWER_OVER;
      return;
    }
  self->serial = trio_task_get_serial (task);
  strncpy (self->name, trio_task_get_name (task), NAME_BYTES - 1);
  trio_frames_of_task (task, &self->frames);
  self->answer = ANSWER_GIVEN;
}

static void
on_signal (int number G_GNUC_UNUSED)
{
  int saved = errno;
  TrioWatchdog *self = __atomic_load_n (&request, __ATOMIC_ACQUIRE);

  /* It may come to any thread, and from anybody: it is also what tells of urgent data. The watchdog stays as long as it is in
   * request, and until it is answered. */
  if (self != NULL && pthread_equal (self->runner, pthread_self ())
      && __atomic_compare_exchange_n (&request, &self, NULL, FALSE, __ATOMIC_ACQUIRE, __ATOMIC_RELAXED))
    {
      give_answer (self);
      sem_post (&self->posted);
    }
  errno = saved;
}

/* (asking) */
static gboolean
take_signal (void)
{
  struct sigaction ours = { .sa_handler = on_signal, .sa_flags = SA_RESTART | SA_ONSTACK };
  struct sigaction present;

  if (sigaction (SIGURG, NULL, &present) != 0)
    return FALSE;
  if (!(present.sa_flags & SA_SIGINFO) && present.sa_handler == on_signal)
    return TRUE;
  if ((present.sa_flags & SA_SIGINFO) || (present.sa_handler != SIG_DFL && present.sa_handler != SIG_IGN))
    return FALSE;
  sigemptyset (&ours.sa_mask);
  return sigaction (SIGURG, &ours, NULL) == 0;
}

TrioWatchdog *
trio_watchdog_new (TrioLoop *loop, GTimeSpan span, TrioDumpListener *listener)
{
  TrioWatchdog *self = g_new0 (TrioWatchdog, 1);
  pthread_condattr_t monotonic;
  sigset_t all, before;
  int failure;

  self->loop = loop;
  self->span = span;
  self->listener = listener;
  self->runner = pthread_self ();
  pthread_mutex_init (&self->lock, NULL);
  pthread_condattr_init (&monotonic);
  pthread_condattr_setclock (&monotonic, CLOCK_MONOTONIC);
  pthread_cond_init (&self->stopping, &monotonic);
  pthread_condattr_destroy (&monotonic);
  sem_init (&self->posted, 0, 0);

  trio_frames_prepare ();
  pthread_mutex_lock (&asking);
  has_signal = take_signal ();
  pthread_mutex_unlock (&asking);

  /* The program's signals are for the program's threads. */
  sigfillset (&all);
  pthread_sigmask (SIG_SETMASK, &all, &before);
  failure = pthread_create (&self->thread, NULL, watch, self);
  pthread_sigmask (SIG_SETMASK, &before, NULL);
  if (failure != 0)
    {
      g_warning ("no watchdog: there is no thread to be had: %s", g_strerror (failure));
      pthread_mutex_destroy (&self->lock);
      pthread_cond_destroy (&self->stopping);
      sem_destroy (&self->posted);
      g_free (self);
      return NULL;
    }
  g_atomic_int_inc (&n_watchdogs);
  return self;
}

void
trio_watchdog_free (TrioWatchdog *self)
{
  if (self == NULL)
    return;
  pthread_mutex_lock (&self->lock);
  self->stopped = TRUE;
  pthread_cond_signal (&self->stopping);
  pthread_mutex_unlock (&self->lock);
  pthread_join (self->thread, NULL);
  g_atomic_int_add (&n_watchdogs, -1);

  pthread_mutex_destroy (&self->lock);
  pthread_cond_destroy (&self->stopping);
  sem_destroy (&self->posted);
  g_free (self);
}

guint
trio_watchdog_count (void)
{
  return (guint) g_atomic_int_get (&n_watchdogs);
}

/* --- on the watchdog's thread --- */

static struct timespec
after (clockid_t clock, GTimeSpan span)
{
  struct timespec time;

  clock_gettime (clock, &time);
  span += time.tv_nsec / 1000;
  time.tv_sec += (time_t) (span / G_TIME_SPAN_SECOND);
  time.tv_nsec = (long) (span % G_TIME_SPAN_SECOND) * 1000;
  return time;
}

/* FALSE if it is to stop. */
static gboolean
wait_a_little (TrioWatchdog *self)
{
  struct timespec until = after (CLOCK_MONOTONIC, MAX (self->span / LOOKS_PER_SPAN, G_TIME_SPAN_MILLISECOND));
  gboolean stopped;

  pthread_mutex_lock (&self->lock);
  while (!self->stopped && pthread_cond_timedwait (&self->stopping, &self->lock, &until) == 0)
    ;
  stopped = self->stopped;
  pthread_mutex_unlock (&self->lock);
  return !stopped;
}

static gboolean
wait_for_answer (TrioWatchdog *self)
{
  struct timespec until = after (CLOCK_REALTIME, ANSWER_US_MAX);
  int result;

  do
    result = sem_timedwait (&self->posted, &until);
  while (result != 0 && errno == EINTR);
  return result == 0;
}

static void
ask (TrioWatchdog *self, guint64 step)
{
  TrioWatchdog *mine = self;

  memset (self->name, 0, sizeof self->name);
  self->frames.n = 0;
  self->step = step;
  self->answer = ANSWER_NONE;

  pthread_mutex_lock (&asking);
  if (has_signal)
    {
      __atomic_store_n (&request, self, __ATOMIC_RELEASE);           /* (A) */
      pthread_kill (self->runner, SIGURG);
      if (!wait_for_answer (self)
          && !__atomic_compare_exchange_n (&request, &mine, NULL, FALSE, __ATOMIC_RELAXED, __ATOMIC_RELAXED))
        /* At the last moment the handler has taken it: the answer is under way. */
        while (sem_wait (&self->posted) != 0)
          ;
    }
  pthread_mutex_unlock (&asking);
}

static void
report (TrioWatchdog *self, GTimeSpan lasted, gboolean holds_up_dump)
{
  GString *text = g_string_new (NULL);

  if (self->answer == ANSWER_GIVEN)
    g_string_append_printf (text, "task \"%s\" (%" G_GUINT64_FORMAT ")", self->name, self->serial);
  else
    g_string_append (text, "a task");
  g_string_append (text, " has run for ");
  trio_append_span (text, lasted);
  g_string_append (text, " without a checkpoint, and no other task can run meanwhile");
  if (holds_up_dump)
    g_string_append (text, "; the dump that was asked for comes when it stops");
  if (self->frames.n > 0)
    {
      g_string_append (text, "; stack: ");
      trio_frames_append (&self->frames, NULL, TRIO_DUMP_STACKS, text);
    }
  g_message ("%s", text->str);
  g_string_free (text, TRUE);
}

static void *
watch (void *data)
{
  TrioWatchdog *self = data;
  guint64 seen = 0;
  gint64 since = 0;            /* when that step was seen first */
  gboolean reported = FALSE, told_of_dump = FALSE;

  pthread_setname_np (pthread_self (), "trio-watchdog");
  while (wait_a_little (self))
    {
      TrioTask *task;
      guint64 step = trio_loop_peek (self->loop, &task);
      gint64 now = g_get_monotonic_time ();
      gboolean holds_up_dump = self->listener != NULL && trio_dump_signal_is_pending (self->listener);

      if (task == NULL || step != seen)
        {
          seen = step;
          since = now;
          reported = told_of_dump = FALSE;
        }
      else if ((!reported || (holds_up_dump && !told_of_dump)) && now - since > self->span)
        {
          reported = TRUE;
          told_of_dump = holds_up_dump;
          ask (self, step);
          if (self->answer != ANSWER_OVER)
            report (self, g_get_monotonic_time () - since, holds_up_dump);
        }
    }
  return NULL;
}
