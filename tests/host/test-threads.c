/* SPDX-License-Identifier: MIT OR Apache-2.0 */

/* Several threads, each with a run; and one thread that wakes another's. */

#include <trio/lowlevel/token.h>

#include "tests/host/host-test.h"

/* One server, one client, a few messages. */
static gboolean
answer (TrioStream *stream, gpointer data G_GNUC_UNUSED, GError **error)
{
  char byte;
  gssize n;

  while ((n = trio_stream_receive_some (stream, &byte, 1, error)) > 0)
    {
      byte++;
      if (!trio_stream_send_all (stream, &byte, 1, error))
        return FALSE;
    }
  return n == 0;
}

static gboolean
serve (gpointer listener, GError **error)
{
  return trio_serve_listener (listener, answer, NULL, error);
}

static gboolean
ask (guint16 port, GError **error)
{
  g_autoptr (TrioStream) stream = trio_open_tcp_stream ("127.0.0.1", port, error);

  if (stream == NULL)
    return FALSE;
  for (char question = 'a'; question < 'k'; question++)
    {
      char reply = 0;

      if (!trio_stream_send_all (stream, &question, 1, error))
        return FALSE;
      if (trio_stream_receive_some (stream, &reply, 1, error) < 0)
        return FALSE;
      g_assert_cmpint (reply, ==, question + 1);
    }
  return TRUE;
}

static gboolean
ask_and_answer (gpointer data G_GNUC_UNUSED, GError **error)
{
  g_autoptr (TrioListener) listener = trio_open_tcp_listener ("127.0.0.1", 0, error);
  g_autoptr (TrioNursery) nursery = NULL;

  if (listener == NULL)
    return FALSE;
  nursery = trio_nursery_open (error);
  trio_nursery_start_soon (nursery, serve, listener);
  if (!ask (trio_listener_get_port (listener), error))
    return FALSE;
  trio_nursery_cancel (nursery);
  return trio_nursery_close (nursery, TRUE);
}

static gpointer
run_in_thread (gpointer data G_GNUC_UNUSED)
{
  run_ok (ask_and_answer, NULL);
  /* The context that it had is gone again. */
  g_assert_null (g_main_context_get_thread_default ());
  return NULL;
}

static void
test_each_thread_has_its_own_run (void)
{
  GThread *threads[4];

  for (guint i = 0; i < G_N_ELEMENTS (threads); i++)
    threads[i] = g_thread_new ("runner", run_in_thread, NULL);
  run_ok (ask_and_answer, NULL);
  for (guint i = 0; i < G_N_ELEMENTS (threads); i++)
    g_thread_join (threads[i]);
}

typedef struct
{
  TrioToken *token;
  TrioEvent *event;
} Caller;

static void
set_event (gpointer data)
{
  trio_event_set (data);
}

static gpointer
run_and_tell (gpointer data)
{
  Caller *caller = data;

  run_ok (ask_and_answer, NULL);
  g_assert_true (trio_token_run_sync_soon (caller->token, set_event, caller->event, NULL));
  return NULL;
}

/* The main thread's run owns the default context all the while, so the other's has its own; and it wakes ours, which sleeps. */
static gboolean
wait_for_another_run (gpointer data G_GNUC_UNUSED, GError **error)
{
  g_autoptr (TrioToken) token = trio_current_token ();
  g_autoptr (TrioEvent) event = trio_event_new ();
  Caller caller = { token, event };
  GThread *thread = g_thread_new ("runner", run_and_tell, &caller);
  gboolean ok = trio_event_wait (event, error);

  g_thread_join (thread);
  return ok;
}

static void
test_a_thread_wakes_a_run_that_sleeps (void)
{
  run_ok (wait_for_another_run, NULL);
}

#define N_CALLS 1000

typedef struct
{
  TrioToken *token;
  TrioEvent *event;
  guint      n_calls;
} Crowd;

static void
count_call (gpointer data)
{
  Crowd *crowd = data;

  if (++crowd->n_calls == 2 * N_CALLS)
    trio_event_set (crowd->event);
}

static gpointer
call_often (gpointer data)
{
  Crowd *crowd = data;

  for (guint i = 0; i < N_CALLS; i++)
    g_assert_true (trio_token_run_sync_soon (crowd->token, count_call, crowd, NULL));
  return NULL;
}

/* Statement 125. */
static gboolean
wait_for_all_calls (gpointer data G_GNUC_UNUSED, GError **error)
{
  g_autoptr (TrioToken) token = trio_current_token ();
  g_autoptr (TrioEvent) event = trio_event_new ();
  Crowd crowd = { token, event, 0 };
  GThread *first = g_thread_new ("caller", call_often, &crowd);
  GThread *second = g_thread_new ("caller", call_often, &crowd);
  gboolean ok = trio_event_wait (event, error);

  g_thread_join (first);
  g_thread_join (second);
  return ok;
}

static void
test_no_wake_up_is_lost (void)
{
  run_ok (wait_for_all_calls, NULL);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/threads/each-has-its-own-run", test_each_thread_has_its_own_run);
  g_test_add_func ("/threads/one-wakes-the-run-of-another", test_a_thread_wakes_a_run_that_sleeps);
  g_test_add_func ("/threads/no-wake-up-is-lost", test_no_wake_up_is_lost);
  return g_test_run ();
}
