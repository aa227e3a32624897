/* SPDX-License-Identifier: MIT OR Apache-2.0 */

/* Signals that the program receives; see signals.h. */

#include "host/signals.h"

#include <errno.h>
#include <sched.h>
#include <signal.h>
#include <sys/types.h>
#include <trio/error.h>
#include <trio/lowlevel/token.h>
#include <unistd.h>

#include "host/wakeup.h"

static TrioHostSignals  *owners[NSIG];      /* (atomic) NULL: not ours */
static guint64           arrived[NSIG];     /* (atomic) a ticket; 0: not since it was told */
static guint64           n_tickets;         /* (atomic) */
static int               inside;            /* (atomic) handlers that may be about to touch their run */
static struct sigaction  before[NSIG];      /* (main thread) while it has an owner */

static void
on_signal (int number)
{
  guint64 none = 0;
  guint64 ticket;
  TrioHostSignals *owner;

  /* (A) pairs with (B): whoever takes the owner away waits for us, or we find none. */
  __atomic_add_fetch (&inside, 1, __ATOMIC_SEQ_CST);
  ticket = __atomic_add_fetch (&n_tickets, 1, __ATOMIC_SEQ_CST);
  __atomic_compare_exchange_n (&arrived[number], &none, ticket, FALSE, __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST);
  owner = __atomic_load_n (&owners[number], __ATOMIC_SEQ_CST);
  if (owner != NULL)
    {
      __atomic_store_n (&owner->pending, 1, __ATOMIC_SEQ_CST);
      trio_wakeup_write (owner->wakeup_fd);
    }
  __atomic_sub_fetch (&inside, 1, __ATOMIC_SEQ_CST);
}

static gboolean
is_ours (const struct sigaction *action)
{
  return !(action->sa_flags & SA_SIGINFO) && action->sa_handler == on_signal;
}

/* Why it cannot be received, or NULL. A handler of the last four that returns comes back to the instruction that failed. */
static const char *
objection_to (int number)
{
  if (getpid () != gettid ())
    return "signals belong to the process, and are received only by a run on its main thread";
  if (number <= 0 || number >= NSIG)
    return "there is no such signal";
  if (number == SIGKILL || number == SIGSTOP)
    return "this signal cannot be caught";
  if (number == SIGSEGV || number == SIGBUS || number == SIGFPE || number == SIGILL)
    return "this signal tells of a fault of the program, which does not go away by being told";
  return NULL;
}

static gboolean
take_signal (TrioSignals *signals, int number, GError **error)
{
  TrioHostSignals *self = (TrioHostSignals *) signals;
  struct sigaction ours = { .sa_handler = on_signal, .sa_flags = SA_RESTART | SA_ONSTACK };
  const char *objection = objection_to (number);

  if (objection != NULL)
    {
      g_set_error (error, TRIO_ERROR, TRIO_ERROR_MISUSE, "signal %d: %s", number, objection);
      return FALSE;
    }
  if (owners[number] != NULL)
    {
      g_set_error (error, TRIO_ERROR, TRIO_ERROR_BUSY_RESOURCE, "signal %d (%s): another run on this thread receives it", number,
                   g_strsignal (number));
      return FALSE;
    }

  __atomic_store_n (&arrived[number], 0, __ATOMIC_SEQ_CST);
  __atomic_store_n (&owners[number], self, __ATOMIC_SEQ_CST);
  sigemptyset (&ours.sa_mask);
  if (sigaction (number, &ours, &before[number]) != 0)
    {
      int errnum = errno;

      __atomic_store_n (&owners[number], NULL, __ATOMIC_SEQ_CST);
      g_set_error (error, TRIO_ERROR, TRIO_ERROR_MISUSE, "signal %d: it cannot be received: %s", number, g_strerror (errnum));
      return FALSE;
    }
  if (self->n_taken++ == 0)
    self->token = trio_current_token ();
  return TRUE;
}

static gboolean
give_back_signal (TrioSignals *signals, int number)
{
  TrioHostSignals *self = (TrioHostSignals *) signals;
  struct sigaction present;

  if (sigaction (number, NULL, &present) == 0 && is_ours (&present))
    sigaction (number, &before[number], NULL);
  __atomic_store_n (&owners[number], NULL, __ATOMIC_SEQ_CST);
  /* (B) pairs with (A). No handler of ours begins any more, unless somebody has kept it for himself; those that have begun on other
   * threads come to their end. */
  while (__atomic_load_n (&inside, __ATOMIC_SEQ_CST) > 0)
    sched_yield ();
  if (--self->n_taken == 0)
    g_clear_pointer (&self->token, trio_token_unref);
  return __atomic_exchange_n (&arrived[number], 0, __ATOMIC_SEQ_CST) != 0;
}

static void
raise_signal (TrioSignals *signals G_GNUC_UNUSED, int number)
{
  raise (number);
}

/* The one that arrived first; 0: none. */
static int
find_first (TrioHostSignals *self)
{
  guint64 first_ticket = G_MAXUINT64;
  int first = 0;

  for (int number = 1; number < NSIG; number++)
    {
      guint64 ticket = owners[number] == self ? __atomic_load_n (&arrived[number], __ATOMIC_SEQ_CST) : 0;

      if (ticket != 0 && ticket < first_ticket)
        {
          first = number;
          first_ticket = ticket;
        }
    }
  return first;
}

/* In the loop's turn. A task that runs before this may have closed a receiver, and has then been told by give_back(). */
static void
tell (gpointer data)
{
  TrioHostSignals *self = data;
  int number;

  while ((number = find_first (self)) != 0)
    {
      __atomic_store_n (&arrived[number], 0, __ATOMIC_SEQ_CST);
      trio_signals_arrived (&self->signals, number);
    }
}

void
trio_host_signals_take (TrioHostSignals *self)
{
  /* Taken before the tickets are looked for, so that one which comes meanwhile is looked for again. */
  __atomic_store_n (&self->pending, 0, __ATOMIC_SEQ_CST);
  if (self->token != NULL)
    trio_token_run_sync_soon (self->token, tell, self, NULL);
}

gboolean
trio_host_signals_is_pending (TrioHostSignals *self)
{
  return __atomic_load_n (&self->pending, __ATOMIC_SEQ_CST) != 0;
}

void
trio_host_signals_init (TrioHostSignals *self, int wakeup_fd)
{
  *self = (TrioHostSignals) {
    .signals = { .name = "signals", .take = take_signal, .give_back = give_back_signal, .raise = raise_signal },
    .wakeup_fd = wakeup_fd,
  };
}

void
trio_host_signals_clear (TrioHostSignals *self)
{
  /* The run has given back what its receivers had, at the latest when it was freed. */
  g_assert (self->n_taken == 0 && self->token == NULL);
}
