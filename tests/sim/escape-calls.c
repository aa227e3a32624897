/* SPDX-License-Identifier: MIT OR Apache-2.0 */

/* Each controlled call, made by a function of its own whose name a report must tell. A row of controlled.def without one does not compile. */

/* Each symbol under its own name, not that for large files. */
#undef _FILE_OFFSET_BITS
#undef _TIME_BITS

#include "escape-calls.h"

#include <fcntl.h>
#include <glib-unix.h>
#include <netdb.h>
#include <poll.h>
#include <pthread.h>
#include <semaphore.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/random.h>
#include <sys/select.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/timerfd.h>
#include <sys/times.h>
#include <sys/wait.h>
#include <threads.h>
#include <time.h>
#include <unistd.h>
#include <linux/futex.h>

guint64 escape_seen;

/* The frame stays until the call has returned. */
#define BODY(name, ...) \
  static G_NO_INLINE void \
  call_##name (void) \
  { \
    __VA_ARGS__; \
    __asm__ volatile ("" ::: "memory"); \
  }

#define SEE(value)   (escape_seen = (guint64) (value))
#define MICROS(sec, usec) ((guint64) (sec) * G_USEC_PER_SEC + (guint64) (usec))
#define IGNORE(call) do { if (call) { } } while (0)

/* --- clocks, in microseconds --- */

BODY (clock_gettime, struct timespec now; clock_gettime (CLOCK_MONOTONIC, &now); SEE (MICROS (now.tv_sec, now.tv_nsec / 1000)))
BODY (gettimeofday, struct timeval now; gettimeofday (&now, NULL); SEE (MICROS (now.tv_sec, now.tv_usec)))
BODY (time, SEE (MICROS (time (NULL), 0)))
BODY (timespec_get, struct timespec now; timespec_get (&now, TIME_UTC); SEE (MICROS (now.tv_sec, now.tv_nsec / 1000)))
BODY (clock, SEE (clock ()))
BODY (times, struct tms now; SEE (MICROS (times (&now), 0) / (guint64) sysconf (_SC_CLK_TCK)))

BODY (g_get_monotonic_time, SEE (g_get_monotonic_time ()))
BODY (g_get_real_time, SEE (g_get_real_time ()))

/* --- random numbers --- */

/* Of libraries that are not as new as that. */
extern guint32 arc4random (void);
extern void    arc4random_buf (void *bytes, size_t size);
extern guint32 arc4random_uniform (guint32 bound);

static void
see_text (char *text)
{
  SEE (g_str_hash (text));
  g_free (text);
}

static void
see_generator (GRand *generator)
{
  SEE (g_rand_int (generator));
  g_rand_free (generator);
}

BODY (getrandom, guint64 word; IGNORE (getrandom (&word, sizeof word, 0) != sizeof word); SEE (word))
BODY (getentropy, guint64 word; IGNORE (getentropy (&word, sizeof word)); SEE (word))
BODY (arc4random, SEE (arc4random ()))
BODY (arc4random_buf, guint64 word; arc4random_buf (&word, sizeof word); SEE (word))
BODY (arc4random_uniform, SEE (arc4random_uniform (1 << 30)))
BODY (rand, SEE (rand ()))
BODY (srand, srand (7); SEE (rand ()))
BODY (random, SEE (random ()))
BODY (srandom, srandom (7); SEE (random ()))
BODY (drand48, SEE (drand48 () * 1e9))
BODY (lrand48, SEE (lrand48 ()))
BODY (mrand48, SEE (mrand48 ()))
BODY (srand48, srand48 (7); SEE (lrand48 ()))
BODY (g_random_int, SEE (g_random_int ()))
BODY (g_random_int_range, SEE (g_random_int_range (0, 1 << 30)))
BODY (g_random_double, SEE (g_random_double () * 1e9))
BODY (g_random_double_range, SEE (g_random_double_range (0, 1e9)))
BODY (g_random_set_seed, g_random_set_seed (7); SEE (g_random_int ()))
BODY (g_rand_new, see_generator (g_rand_new ()))
BODY (g_uuid_string_random, see_text (g_uuid_string_random ()))

/* --- random devices --- */

BODY (open, close (open ("/dev/urandom", O_RDONLY)))
BODY (open64, close (open64 ("/dev/random", O_RDONLY)))
BODY (openat, close (openat (AT_FDCWD, "/dev/urandom", O_RDONLY)))
BODY (openat64, close (openat64 (AT_FDCWD, "/dev/urandom", O_RDONLY)))
BODY (fopen, fclose (fopen ("/dev/urandom", "r")))
BODY (fopen64, fclose (fopen64 ("/dev/urandom", "r")))

/* --- sleeping, 3 s --- */

static const struct timespec three_seconds = { .tv_sec = 3 };

BODY (sleep, (sleep) (3))
BODY (usleep, (usleep) (3 * G_USEC_PER_SEC))
BODY (nanosleep, (nanosleep) (&three_seconds, NULL))
BODY (clock_nanosleep, clock_nanosleep (CLOCK_MONOTONIC, 0, &three_seconds, NULL))
BODY (thrd_sleep, thrd_sleep (&three_seconds, NULL))

/* --- waiting --- */

static sigset_t no_signals;

static int word_to_wait_for;

BODY (poll, poll (NULL, 0, -1))
BODY (ppoll, ppoll (NULL, 0, &three_seconds, NULL))
BODY (select, select (0, NULL, NULL, NULL, NULL))
BODY (pselect, pselect (0, NULL, NULL, NULL, NULL, NULL))
BODY (epoll_wait, struct epoll_event event; epoll_wait (-1, &event, 1, -1))
BODY (epoll_pwait, struct epoll_event event; epoll_pwait (-1, &event, 1, -1, NULL))
BODY (pause, pause ())
BODY (sigwait, int number; sigwait (&no_signals, &number))
BODY (sigwaitinfo, sigwaitinfo (&no_signals, NULL))
BODY (sigtimedwait, sigtimedwait (&no_signals, NULL, &three_seconds))
BODY (wait, wait (NULL))
BODY (waitpid, waitpid (-1, NULL, 0))
BODY (sem_wait, sem_t none; sem_init (&none, 0, 0); sem_wait (&none))
BODY (sem_timedwait, sem_t none; sem_init (&none, 0, 0); sem_timedwait (&none, &three_seconds))
BODY (pthread_join, pthread_join (pthread_self (), NULL))
BODY (syscall, syscall (SYS_futex, &word_to_wait_for, FUTEX_WAIT, 0, NULL, NULL, 0))

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t  condition = PTHREAD_COND_INITIALIZER;

BODY (pthread_cond_wait, pthread_cond_wait (&condition, &mutex))
BODY (pthread_cond_timedwait, pthread_cond_timedwait (&condition, &mutex, &three_seconds))

/* --- main contexts --- */

static gboolean
never (gpointer data G_GNUC_UNUSED)
{
  return G_SOURCE_REMOVE;
}

static void
never_once (gpointer data G_GNUC_UNUSED)
{
}

static void
never_child (GPid pid G_GNUC_UNUSED, int status G_GNUC_UNUSED, gpointer data G_GNUC_UNUSED)
{
}

static gboolean
never_fd (int fd G_GNUC_UNUSED, GIOCondition events G_GNUC_UNUSED, gpointer data G_GNUC_UNUSED)
{
  return G_SOURCE_REMOVE;
}

static gboolean
never_channel (GIOChannel *channel G_GNUC_UNUSED, GIOCondition events G_GNUC_UNUSED, gpointer data G_GNUC_UNUSED)
{
  return G_SOURCE_REMOVE;
}

#define ADDED(call) SEE (g_source_remove (call))

BODY (g_timeout_add, ADDED (g_timeout_add (1, never, NULL)))
BODY (g_timeout_add_full, ADDED (g_timeout_add_full (0, 1, never, NULL, NULL)))
BODY (g_timeout_add_once, ADDED (g_timeout_add_once (1, never_once, NULL)))
BODY (g_timeout_add_seconds, ADDED (g_timeout_add_seconds (1, never, NULL)))
BODY (g_timeout_add_seconds_full, ADDED (g_timeout_add_seconds_full (0, 1, never, NULL, NULL)))
BODY (g_idle_add, ADDED (g_idle_add (never, NULL)))
BODY (g_idle_add_full, ADDED (g_idle_add_full (0, never, NULL, NULL)))
BODY (g_idle_add_once, ADDED (g_idle_add_once (never_once, NULL)))
BODY (g_io_add_watch, g_autoptr (GIOChannel) channel = g_io_channel_unix_new (0); ADDED (g_io_add_watch (channel, G_IO_IN, never_channel, NULL)))
BODY (g_child_watch_add, ADDED (g_child_watch_add (getpid (), never_child, NULL)))
BODY (g_unix_fd_add, ADDED (g_unix_fd_add (0, G_IO_IN, never_fd, NULL)))
BODY (g_unix_signal_add, ADDED (g_unix_signal_add (SIGHUP, never, NULL)))
BODY (g_main_loop_run, g_autoptr (GMainLoop) loop = g_main_loop_new (NULL, FALSE); g_main_loop_run (loop))

/* --- timers --- */

BODY (alarm, alarm (0))
BODY (setitimer, struct itimerval none = { 0 }; setitimer (ITIMER_REAL, &none, NULL))
BODY (timer_create, timer_t timer; if (timer_create (CLOCK_MONOTONIC, NULL, &timer) == 0) timer_delete (timer))
BODY (timerfd_create, close (timerfd_create (CLOCK_MONOTONIC, 0)))

/* --- threads --- */

static void *
do_nothing (void *data)
{
  return data;
}

static int
do_nothing_c11 (void *data G_GNUC_UNUSED)
{
  return 0;
}

static void
do_nothing_pooled (gpointer data G_GNUC_UNUSED, gpointer pool_data G_GNUC_UNUSED)
{
}

BODY (pthread_create, pthread_t thread; if (pthread_create (&thread, NULL, do_nothing, NULL) == 0) pthread_join (thread, NULL))
BODY (thrd_create, thrd_t thread; if (thrd_create (&thread, do_nothing_c11, NULL) == thrd_success) thrd_join (thread, NULL))
BODY (g_thread_new, g_thread_join (g_thread_new ("nobody", do_nothing, NULL)))
BODY (g_thread_try_new, g_thread_join (g_thread_try_new ("nobody", do_nothing, NULL, NULL)))
BODY (g_thread_pool_new, g_thread_pool_free (g_thread_pool_new (do_nothing_pooled, NULL, 1, FALSE, NULL), FALSE, TRUE))
BODY (g_thread_pool_push, g_thread_pool_push (NULL, &mutex, NULL))

/* --- processes --- */

static void
see_child (pid_t pid)
{
  if (pid == 0)
    _exit (0);
  SEE (waitpid (pid, NULL, 0) == pid);
}

static char *const nothing[] = { (char *) "true", NULL };

BODY (fork, see_child (fork ()))
BODY (vfork, see_child (vfork ()))
BODY (posix_spawn, pid_t pid; if (posix_spawn (&pid, "/bin/true", NULL, NULL, nothing, nothing + 1) == 0) see_child (pid))
BODY (posix_spawnp, pid_t pid; if (posix_spawnp (&pid, "true", NULL, NULL, nothing, nothing + 1) == 0) see_child (pid))
BODY (system, IGNORE (system ("true")))
BODY (popen, pclose (popen ("true", "r")))

/* --- sockets --- */

static struct sockaddr address;

BODY (socket, close (socket (AF_INET, SOCK_STREAM, 0)))
BODY (socketpair, int pair[2]; if (socketpair (AF_UNIX, SOCK_STREAM, 0, pair) == 0) { close (pair[0]); close (pair[1]); })
BODY (bind, IGNORE (bind (-1, &address, sizeof address)))
BODY (connect, IGNORE (connect (-1, &address, sizeof address)))
BODY (listen, IGNORE (listen (-1, 1)))
BODY (accept, IGNORE (accept (-1, NULL, NULL)))
BODY (accept4, IGNORE (accept4 (-1, NULL, NULL, 0)))
BODY (getaddrinfo, struct addrinfo *list; if (getaddrinfo ("127.0.0.1", NULL, NULL, &list) == 0) freeaddrinfo (list))
BODY (getnameinfo, char name[64]; IGNORE (getnameinfo (&address, sizeof address, name, sizeof name, NULL, 0, 0)))
BODY (gethostbyname, gethostbyname ("127.0.0.1"))

/* --- all of them --- */

const EscapeCall escape_calls[] = {
#define CALL(name, group) { #name, call_##name },
#include "simulator/escape/controlled.def"
};

const guint n_escape_calls = G_N_ELEMENTS (escape_calls);

const EscapeCall *
escape_call_find (const char *name)
{
  for (guint i = 0; i < n_escape_calls; i++)
    if (strcmp (escape_calls[i].name, name) == 0)
      return &escape_calls[i];
  g_error ("%s is not controlled", name);
}
