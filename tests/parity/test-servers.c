/* SPDX-License-Identifier: MIT OR Apache-2.0 */

/* Connecting, listening, serving. */

#include <gio/gio.h>
#include <string.h>

#include <trio/lowlevel/task.h>

#include "tests/parity/parity.h"

static gboolean
echo (TrioStream *stream, gpointer data G_GNUC_UNUSED, GError **error)
{
  guint8 buffer[100];
  gssize n;

  while ((n = trio_stream_receive_some (stream, buffer, sizeof buffer, error)) > 0)
    if (!trio_stream_send_all (stream, buffer, (gsize) n, error))
      return FALSE;
  return n == 0;
}

/* A client: a few messages, each answered. */
static gboolean
talk (gpointer data, GError **error)
{
  g_autoptr (TrioStream) stream = parity_dial (error);
  guint number = GPOINTER_TO_UINT (data);

  if (stream == NULL)
    return FALSE;
  for (guint i = 0; i < 5; i++)
    {
      g_autofree char *question = g_strdup_printf ("client %u, message %u", number, i);
      gsize size = strlen (question);
      char answer[64];

      if (!trio_stream_send_all (stream, question, size, error) || !parity_receive_exactly (stream, answer, size, error))
        return FALSE;
      g_assert_cmpmem (answer, size, question, size);
    }
  return TRUE;
}

static gboolean
many_talk (gpointer data, GError **error)
{
  g_autoptr (TrioNursery) nursery = trio_nursery_open (error);

  for (guint i = 0; i < GPOINTER_TO_UINT (data); i++)
    trio_nursery_start_soon (nursery, talk, GUINT_TO_POINTER (i));
  return trio_nursery_close (nursery, TRUE);
}

static gboolean
test_many_clients_are_served (gpointer data G_GNUC_UNUSED, GError **error)
{
  return parity_with_server (echo, NULL, many_talk, GUINT_TO_POINTER (40), error);
}

/* Nobody gets an answer before all have come. */
#define N_GUESTS 6

typedef struct
{
  guint      n_guests;
  TrioEvent *all_are_here;
} Party;

static gboolean
welcome (TrioStream *stream, gpointer data, GError **error)
{
  Party *party = data;

  g_assert_cmpstr (trio_task_get_name (trio_current_task ()), ==, "handler");
  if (++party->n_guests == N_GUESTS)
    trio_event_set (party->all_are_here);
  return trio_event_wait (party->all_are_here, error) && trio_stream_send_all (stream, "hello", 5, error);
}

static gboolean
visit (gpointer data G_GNUC_UNUSED, GError **error)
{
  g_autoptr (TrioStream) stream = parity_dial (error);
  char greeting[8];

  if (stream == NULL || !parity_receive_exactly (stream, greeting, 5, error))
    return FALSE;
  /* The server closes the stream after the handler has returned. */
  g_assert_cmpint (trio_stream_receive_some (stream, greeting, sizeof greeting, error), ==, 0);
  return TRUE;
}

static gboolean
all_visit (gpointer data G_GNUC_UNUSED, GError **error)
{
  g_autoptr (TrioNursery) nursery = trio_nursery_open (error);

  for (guint i = 0; i < N_GUESTS; i++)
    trio_nursery_start_soon (nursery, visit, NULL);
  return trio_nursery_close (nursery, TRUE);
}

static gboolean
test_handlers_run_at_the_same_time (gpointer data G_GNUC_UNUSED, GError **error)
{
  g_autoptr (TrioEvent) all_are_here = trio_event_new ();
  Party party = { 0, all_are_here };

  return parity_with_server (welcome, &party, all_visit, NULL, error);
}

static gboolean
brood (TrioStream *stream G_GNUC_UNUSED, gpointer data, GError **error)
{
  trio_event_set (data);
  return trio_sleep_forever (error);
}

typedef struct
{
  TrioEvent  *brooding;
  TrioStream *stream;
} Abandoned;

static gboolean
dial_and_stay (gpointer data, GError **error)
{
  Abandoned *abandoned = data;

  abandoned->stream = parity_dial (error);
  return abandoned->stream != NULL && trio_event_wait (abandoned->brooding, error);
}

static gboolean
test_a_cancelled_handler_leaves_its_stream_closed (gpointer data G_GNUC_UNUSED, GError **error)
{
  g_autoptr (TrioEvent) brooding = trio_event_new ();
  Abandoned abandoned = { brooding, NULL };
  g_autoptr (TrioStream) stream = NULL;
  gboolean ok = parity_with_server (brood, brooding, dial_and_stay, &abandoned, error);
  char byte;

  stream = abandoned.stream;
  if (!ok)
    return FALSE;
  g_assert_cmpint (trio_stream_receive_some (stream, &byte, 1, error), ==, 0);
  return TRUE;
}

static gboolean
refuse_to_work (TrioStream *stream G_GNUC_UNUSED, gpointer data G_GNUC_UNUSED, GError **error)
{
  g_set_error_literal (error, TRIO_ERROR, TRIO_ERROR_FAILED, "I would prefer not to");
  return FALSE;
}

static gboolean
dial_and_wait (gpointer data G_GNUC_UNUSED, GError **error)
{
  g_autoptr (TrioStream) stream = parity_dial (error);

  return stream != NULL && trio_sleep_forever (error);
}

static gboolean
test_a_failing_handler_stops_the_server (gpointer data G_GNUC_UNUSED, GError **error G_GNUC_UNUSED)
{
  g_autoptr (GError) failure = NULL;

  g_assert_false (parity_with_server (refuse_to_work, NULL, dial_and_wait, NULL, &failure));
  g_assert_error (failure, TRIO_ERROR, TRIO_ERROR_FAILED);
  g_assert_cmpstr (failure->message, ==, "I would prefer not to");
  return TRUE;
}

static gboolean
test_nobody_listens_is_a_refusal_that_names_the_address (gpointer data G_GNUC_UNUSED, GError **error)
{
  g_autoptr (TrioListener) listener = parity_listen (error);
  g_autoptr (TrioStream) stream = NULL;
  g_autoptr (GError) failure = NULL;
  g_autofree char *expected = NULL;
  guint16 port;

  if (listener == NULL)
    return FALSE;
  port = trio_listener_get_port (listener);
  trio_listener_free (g_steal_pointer (&listener));

  stream = trio_open_tcp_stream ("127.0.0.1", port, &failure);
  g_assert_null (stream);
  g_assert_error (failure, G_IO_ERROR, G_IO_ERROR_CONNECTION_REFUSED);
  expected = g_strdup_printf ("could not connect to 127.0.0.1:%u: Connection refused", port);
  g_assert_cmpstr (failure->message, ==, expected);
  return TRUE;
}

static gboolean
test_a_port_in_use_is_an_error_that_names_it (gpointer data G_GNUC_UNUSED, GError **error)
{
  g_autoptr (TrioListener) listener = parity_listen (error);
  g_autoptr (TrioListener) second = NULL;
  g_autoptr (GError) failure = NULL;
  g_autofree char *expected = NULL;

  if (listener == NULL)
    return FALSE;
  second = trio_open_tcp_listener ("127.0.0.1", trio_listener_get_port (listener), &failure);
  g_assert_null (second);
  g_assert_error (failure, G_IO_ERROR, G_IO_ERROR_ADDRESS_IN_USE);
  expected = g_strdup_printf ("could not listen at 127.0.0.1:%u: Address already in use", trio_listener_get_port (listener));
  g_assert_cmpstr (failure->message, ==, expected);
  return TRUE;
}

typedef struct
{
  TrioListener *listener;
  TrioEvent    *begun;
} Acceptor;

/* Whoever waits for `begun` runs only when this task has stopped: in accept. */
static gboolean
accept_until_closed (gpointer data, GError **error G_GNUC_UNUSED)
{
  Acceptor *acceptor = data;
  g_autoptr (GError) failure = NULL;

  trio_event_set (acceptor->begun);
  g_assert_null (trio_listener_accept (acceptor->listener, &failure));
  g_assert_error (failure, TRIO_ERROR, TRIO_ERROR_CLOSED_RESOURCE);
  return TRUE;
}

static gboolean
end_the_listener_under_accept (void (*end) (TrioListener *), TrioListener *listener, GError **error)
{
  g_autoptr (TrioEvent) begun = trio_event_new ();
  Acceptor acceptor = { listener, begun };
  g_autoptr (TrioNursery) nursery = trio_nursery_open (error);

  trio_nursery_start_soon (nursery, accept_until_closed, &acceptor);
  if (!trio_event_wait (begun, error))
    return FALSE;
  end (listener);
  return trio_nursery_close (nursery, TRUE);
}

/* Statement 158. */
static gboolean
test_closing_a_listener_wakes_accept (gpointer data G_GNUC_UNUSED, GError **error)
{
  g_autoptr (TrioListener) listener = parity_listen (error);

  return listener != NULL && end_the_listener_under_accept (trio_listener_close, listener, error);
}

/* It may even be freed under the task that accepts. */
static gboolean
test_freeing_a_listener_wakes_accept (gpointer data G_GNUC_UNUSED, GError **error)
{
  TrioListener *listener = parity_listen (error);

  return listener != NULL && end_the_listener_under_accept (trio_listener_free, listener, error);
}

/* Statement 162. */
static gboolean
test_a_cancelled_open_leaves_nothing_open (gpointer data G_GNUC_UNUSED, GError **error)
{
  g_autoptr (TrioListener) listener = parity_listen (error);
  g_autoptr (TrioCancelScope) scope = NULL;

  if (listener == NULL)
    return FALSE;
  scope = trio_cancel_scope_open (error);
  trio_cancel_scope_cancel (scope);
  g_assert_null (trio_open_tcp_stream ("127.0.0.1", trio_listener_get_port (listener), error));
  return trio_cancel_scope_close (scope, FALSE);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  PARITY_TEST ("/server/many-clients-are-served", test_many_clients_are_served);
  PARITY_TEST ("/server/handlers-run-at-the-same-time", test_handlers_run_at_the_same_time);
  PARITY_TEST ("/server/a-cancelled-handler-leaves-its-stream-closed", test_a_cancelled_handler_leaves_its_stream_closed);
  PARITY_TEST ("/server/a-failing-handler-stops-the-server", test_a_failing_handler_stops_the_server);
  PARITY_TEST ("/client/nobody-listens-is-a-refusal-that-names-the-address",
               test_nobody_listens_is_a_refusal_that_names_the_address);
  PARITY_TEST ("/client/a-cancelled-open-leaves-nothing-open", test_a_cancelled_open_leaves_nothing_open);
  PARITY_TEST ("/listener/a-port-in-use-is-an-error-that-names-it", test_a_port_in_use_is_an_error_that_names_it);
  PARITY_TEST ("/listener/closing-wakes-accept", test_closing_a_listener_wakes_accept);
  PARITY_TEST ("/listener/freeing-wakes-accept", test_freeing_a_listener_wakes_accept);
  return g_test_run ();
}
