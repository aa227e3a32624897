/* SPDX-License-Identifier: MIT OR Apache-2.0 */

/* A run is called from signal handlers, which may interrupt it anywhere: (126) in poll (), in a task, in the midst of another call. */

#include <signal.h>

#include <trio/lowlevel/token.h>

#include "tests/host/host-test.h"

#define N_SIGNALS 1000

static struct
{
  TrioTokenCall *call;
  TrioEvent     *all_seen;
  int            n_asked;      /* (atomic) how often the handler has run */
  int            n_made;
  gboolean       raises;       /* the call raises the next signal itself */
} state;

static void
on_signal (int number G_GNUC_UNUSED)
{
  __atomic_add_fetch (&state.n_asked, 1, __ATOMIC_SEQ_CST);
  if (!trio_token_call_soon (state.call))
    __builtin_trap ();
}

/* Whatever came before it began is seen by it, or by a call that follows. */
static void
look (gpointer unused G_GNUC_UNUSED)
{
  state.n_made++;
  if (__atomic_load_n (&state.n_asked, __ATOMIC_SEQ_CST) >= N_SIGNALS)
    trio_event_set (state.all_seen);
  else if (state.raises)
    raise (SIGUSR1);
}

static gboolean
spin (gpointer unused G_GNUC_UNUSED, GError **error)
{
  while (!trio_event_is_set (state.all_seen))
    if (!trio_checkpoint (error))
      return FALSE;
  return TRUE;
}

static gpointer
send_signals (gpointer thread)
{
  for (int i = 0; i < N_SIGNALS; i++)
    {
      int before = __atomic_load_n (&state.n_asked, __ATOMIC_SEQ_CST);

      if (pthread_kill (*(pthread_t *) thread, SIGUSR1) != 0)
        g_error ("no such thread");
      /* A signal that is pending already would be lost. */
      while (__atomic_load_n (&state.n_asked, __ATOMIC_SEQ_CST) == before)
        g_thread_yield ();
    }
  return NULL;
}

static gboolean
be_signalled (gpointer busy, GError **error)
{
  g_autoptr (TrioToken) token = trio_current_token ();
  g_autoptr (TrioEvent) all_seen = trio_event_new ();
  g_autoptr (TrioNursery) nursery = trio_nursery_open (error);
  pthread_t self = pthread_self ();
  struct sigaction before, action = { .sa_handler = on_signal, .sa_flags = SA_RESTART };
  GThread *sender = NULL;
  gboolean ok;

  state.all_seen = all_seen;
  state.n_asked = state.n_made = 0;
  state.call = trio_token_call_new (token, look, NULL, NULL);
  sigaction (SIGUSR1, &action, &before);
  if (busy != NULL)
    trio_nursery_start_soon (nursery, spin, NULL);
  if (state.raises)
    raise (SIGUSR1);
  else
    sender = g_thread_new ("sender", send_signals, &self);
  ok = trio_event_wait (all_seen, error);
  if (sender != NULL)
    g_thread_join (sender);
  sigaction (SIGUSR1, &before, NULL);
  trio_token_call_free (state.call);
  g_assert_cmpint (state.n_asked, ==, N_SIGNALS);
  g_assert_cmpint (state.n_made, <=, N_SIGNALS + 1);
  return trio_nursery_close (nursery, ok);
}

static void
run_it (gpointer busy)
{
  g_autoptr (GError) error = NULL;

  g_assert_true (trio_run (be_signalled, busy, &error));
  g_assert_no_error (error);
}

static void
test_a_signal_handler_wakes_a_run_that_sleeps (void)
{
  state.raises = FALSE;
  run_it (NULL);
}

static void
test_a_signal_handler_may_interrupt_a_run_that_works (void)
{
  state.raises = FALSE;
  run_it ((gpointer) "busy");
}

static void
test_a_signal_handler_may_interrupt_the_very_call_that_it_asks_for (void)
{
  state.raises = TRUE;
  run_it (NULL);
  g_assert_cmpint (state.n_made, ==, N_SIGNALS);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/token-signals/a-signal-handler-wakes-a-run-that-sleeps", test_a_signal_handler_wakes_a_run_that_sleeps);
  g_test_add_func ("/token-signals/a-signal-handler-may-interrupt-a-run-that-works", test_a_signal_handler_may_interrupt_a_run_that_works);
  g_test_add_func ("/token-signals/a-signal-handler-may-interrupt-the-very-call-that-it-asks-for",
                   test_a_signal_handler_may_interrupt_the_very_call_that_it_asks_for);
  return g_test_run ();
}
