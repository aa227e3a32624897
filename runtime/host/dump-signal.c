/* SPDX-License-Identifier: MIT OR Apache-2.0 */

/* The dump signal; see dump-signal.h. */

#include "host/dump-signal.h"

#include <sched.h>
#include <signal.h>

#include "host/wakeup.h"

#define LISTENERS_MAX 64

struct _TrioDumpListener
{
  int number;        /* (atomic) of the signal; 0: free */
  int fd;            /* (atomic) */
  int asked;         /* (atomic) */
};

static TrioDumpListener listeners[LISTENERS_MAX];
static int              inside;         /* (atomic) handlers that may be about to write */
static GMutex           lock;           /* who listens, and the dispositions */

static void
on_signal (int number)
{
  __atomic_add_fetch (&inside, 1, __ATOMIC_SEQ_CST);
  for (guint i = 0; i < LISTENERS_MAX; i++)
    if (__atomic_load_n (&listeners[i].number, __ATOMIC_SEQ_CST) == number)
      {
        __atomic_store_n (&listeners[i].asked, 1, __ATOMIC_SEQ_CST);
        trio_wakeup_write (__atomic_load_n (&listeners[i].fd, __ATOMIC_SEQ_CST));
      }
  __atomic_sub_fetch (&inside, 1, __ATOMIC_SEQ_CST);
}

/* (lock) */
static gboolean
take_over (int number)
{
  struct sigaction ours = { .sa_handler = on_signal, .sa_flags = SA_RESTART | SA_ONSTACK };
  struct sigaction present;

  if (sigaction (number, NULL, &present) != 0)
    return FALSE;
  if (!(present.sa_flags & SA_SIGINFO) && present.sa_handler == on_signal)
    return TRUE;
  if ((present.sa_flags & SA_SIGINFO) || present.sa_handler != SIG_DFL)
    return FALSE;
  sigemptyset (&ours.sa_mask);
  return sigaction (number, &ours, NULL) == 0;
}

/* (lock) */
static TrioDumpListener *
find_free (void)
{
  for (guint i = 0; i < LISTENERS_MAX; i++)
    if (listeners[i].number == 0)
      return &listeners[i];
  return NULL;
}

TrioDumpListener *
trio_dump_signal_listen (int number, int wakeup_fd)
{
  TrioDumpListener *listener = NULL;

  g_mutex_lock (&lock);
  if (take_over (number))
    listener = find_free ();
  if (listener != NULL)
    {
      __atomic_store_n (&listener->asked, 0, __ATOMIC_SEQ_CST);
      __atomic_store_n (&listener->fd, wakeup_fd, __ATOMIC_SEQ_CST);
      __atomic_store_n (&listener->number, number, __ATOMIC_SEQ_CST);
    }
  g_mutex_unlock (&lock);

  if (listener == NULL)
    g_warning ("signal %d will not print dumps: it is no signal that can be caught, or has a handler already", number);
  return listener;
}

void
trio_dump_signal_stop (TrioDumpListener *listener)
{
  g_mutex_lock (&lock);
  __atomic_store_n (&listener->number, 0, __ATOMIC_SEQ_CST);
  /* A handler on another thread may have seen the number just before. */
  while (__atomic_load_n (&inside, __ATOMIC_SEQ_CST) > 0)
    sched_yield ();
  g_mutex_unlock (&lock);
}

gboolean
trio_dump_signal_take (TrioDumpListener *listener)
{
  return trio_dump_signal_is_pending (listener) && __atomic_exchange_n (&listener->asked, 0, __ATOMIC_SEQ_CST) != 0;
}

gboolean
trio_dump_signal_is_pending (TrioDumpListener *listener)
{
  return __atomic_load_n (&listener->asked, __ATOMIC_SEQ_CST) != 0;
}

static const struct { const char *name; int number; } names[] = {
  { "HUP", SIGHUP }, { "QUIT", SIGQUIT }, { "USR1", SIGUSR1 }, { "USR2", SIGUSR2 }, { "ALRM", SIGALRM }, { "TERM", SIGTERM },
  { "CONT", SIGCONT }, { "TSTP", SIGTSTP }, { "URG", SIGURG }, { "WINCH", SIGWINCH }, { "IO", SIGIO }, { "VTALRM", SIGVTALRM },
  { "PROF", SIGPROF },
};

int
trio_dump_signal_parse (const char *text)
{
  guint64 number;

  if (g_ascii_string_to_unsigned (text, 10, 1, (guint64) SIGRTMAX, &number, NULL))
    return (int) number;
  if (g_ascii_strncasecmp (text, "SIG", 3) == 0)
    text += 3;
  for (guint i = 0; i < G_N_ELEMENTS (names); i++)
    if (g_ascii_strcasecmp (text, names[i].name) == 0)
      return names[i].number;
  return 0;
}
