/* SPDX-License-Identifier: MIT OR Apache-2.0 */

/* SIGINT -> a flag and a wake-up. */

#include "host/interrupt.h"

#include <sched.h>
#include <signal.h>
#include <sys/types.h>
#include <unistd.h>

#include "host/wakeup.h"

/* The system may run the handler on any thread of the process; all three are atomic. */
static int wakeup_fd_of_handler = -1;
static int pressed;
static int inside;                     /* handlers that may be about to write */

static void
on_sigint (int number G_GNUC_UNUSED)
{
  int fd;

  __atomic_add_fetch (&inside, 1, __ATOMIC_SEQ_CST);
  __atomic_store_n (&pressed, 1, __ATOMIC_SEQ_CST);
  fd = __atomic_load_n (&wakeup_fd_of_handler, __ATOMIC_SEQ_CST);
  if (fd >= 0)
    trio_wakeup_write (fd);
  __atomic_sub_fetch (&inside, 1, __ATOMIC_SEQ_CST);
}

static gboolean
is_disposition (void (*handler) (int))
{
  struct sigaction now;

  return sigaction (SIGINT, NULL, &now) == 0 && !(now.sa_flags & SA_SIGINFO) && now.sa_handler == handler;
}

static void
set_disposition (void (*handler) (int))
{
  /* Other code's system calls should not fail because of us; the poll of the loop is interrupted all the same. */
  struct sigaction action = { .sa_handler = handler, .sa_flags = SA_RESTART };

  sigemptyset (&action.sa_mask);
  sigaction (SIGINT, &action, NULL);
}

gboolean
trio_interrupt_install (int wakeup_fd)
{
  if (getpid () != gettid () || !is_disposition (SIG_DFL))
    return FALSE;

  __atomic_store_n (&pressed, 0, __ATOMIC_SEQ_CST);
  __atomic_store_n (&wakeup_fd_of_handler, wakeup_fd, __ATOMIC_SEQ_CST);
  set_disposition (on_sigint);
  return TRUE;
}

void
trio_interrupt_uninstall (void)
{
  if (is_disposition (on_sigint))
    set_disposition (SIG_DFL);
  __atomic_store_n (&wakeup_fd_of_handler, -1, __ATOMIC_SEQ_CST);

  /* A handler on another thread may have read the descriptor just before. */
  while (__atomic_load_n (&inside, __ATOMIC_SEQ_CST) > 0)
    sched_yield ();
}

gboolean
trio_interrupt_take (void)
{
  return trio_interrupt_is_pending () && __atomic_exchange_n (&pressed, 0, __ATOMIC_SEQ_CST) != 0;
}

gboolean
trio_interrupt_is_pending (void)
{
  return __atomic_load_n (&pressed, __ATOMIC_SEQ_CST) != 0;
}
