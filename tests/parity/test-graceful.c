/* SPDX-License-Identifier: MIT OR Apache-2.0 */

/* A server that is asked to end: who is being served is served, nobody else is. */

#include <gio/gio.h>

#include "tests/parity/parity.h"

#define MILLISECOND G_TIME_SPAN_MILLISECOND

typedef struct
{
  TrioListener *listener;
  TrioEvent    *begun;          /* a customer is being served */
  TrioEvent    *go_on;          /* …and may now be served on */
  gboolean      served;         /* to the end */
  gboolean      over;           /* the server has ended */
  gboolean      ok;             /* …and said so */
} Shop;

static gboolean
sell (TrioStream *stream, gpointer data, GError **error)
{
  Shop *shop = data;

  trio_event_set (shop->begun);
  if (!trio_event_wait (shop->go_on, error) || !trio_stream_send_all (stream, "here you are", 12, error))
    return FALSE;
  shop->served = TRUE;
  return TRUE;
}

static gboolean
keep_shop (gpointer data, GError **error)
{
  Shop *shop = data;

  shop->ok = trio_serve_listener (shop->listener, sell, shop, error);
  shop->over = TRUE;
  return shop->ok;
}

/* Whether a connection is refused: at once, or by an end without a word if it came just before the listener was closed. */
TRIO_CHECKPOINT static gboolean
is_turned_away (Shop *shop)
{
  GError *why = NULL;
  g_autoptr (TrioStream) stream = trio_open_tcp_stream ("127.0.0.1", trio_listener_get_port (shop->listener), &why);
  char byte;

  if (stream != NULL)
    {
      gssize n = trio_stream_receive_some (stream, &byte, 1, &why);

      g_clear_error (&why);
      return n <= 0;
    }
  g_clear_error (&why);
  return TRUE;
}

static gboolean
with_a_shop (gboolean (*day) (Shop *shop, TrioNursery *nursery, TrioStream *customer, GError **error), GError **error)
{
  g_autoptr (TrioEvent) begun = trio_event_new ();
  g_autoptr (TrioEvent) go_on = trio_event_new ();
  g_autoptr (TrioListener) listener = parity_listen (error);
  Shop shop = { .listener = listener, .begun = begun, .go_on = go_on };
  g_autoptr (TrioNursery) nursery = NULL;
  g_autoptr (TrioStream) customer = NULL;

  if (listener == NULL)
    return FALSE;
  nursery = trio_nursery_open (error);
  trio_nursery_start_soon (nursery, keep_shop, &shop);
  customer = trio_open_tcp_stream ("127.0.0.1", trio_listener_get_port (listener), error);
  if (customer == NULL || !trio_event_wait (begun, error))
    return FALSE;
  if (!trio_nursery_close (nursery, day (&shop, nursery, customer, error)))
    return FALSE;
  g_assert_true (shop.over);
  return TRUE;
}

static gboolean
ask_and_be_served (Shop *shop, TrioNursery *nursery, TrioStream *customer, GError **error)
{
  char answer[12];

  trio_cancel_scope_cancel_gracefully (trio_nursery_get_cancel_scope (nursery), G_TIME_SPAN_HOUR);
  g_assert_true (is_turned_away (shop));
  g_assert_false (shop->over);
  trio_event_set (shop->go_on);
  if (!parity_receive_exactly (customer, answer, sizeof answer, error))
    return FALSE;
  g_assert_cmpmem (answer, sizeof answer, "here you are", 12);
  /* The server closes the stream after the handler has returned. */
  return trio_stream_receive_some (customer, answer, sizeof answer, error) == 0;
}

static gboolean
test_a_server_that_is_asked_to_end_finishes_its_work (gpointer data G_GNUC_UNUSED, GError **error)
{
  return with_a_shop (ask_and_be_served, error);
}

static gboolean
ask_and_lose_patience (Shop *shop, TrioNursery *nursery, TrioStream *customer, GError **error)
{
  gint64 asked = trio_current_time ();
  GError *why = NULL;
  char byte;

  trio_cancel_scope_cancel_gracefully (trio_nursery_get_cancel_scope (nursery), 20 * MILLISECOND);
  {
    g_autoptr (TrioCancelScope) shield = trio_shield_for (G_TIME_SPAN_HOUR, error);

    g_assert_cmpint (trio_stream_receive_some (customer, &byte, 1, &why), <=, 0);
    g_clear_error (&why);
    g_assert_true (trio_cancel_scope_close (shield, TRUE));
  }
  g_assert_cmpint (trio_current_time () - asked, >=, 20 * MILLISECOND);
  g_assert_false (shop->served);
  return TRUE;
}

static gboolean
test_a_server_that_takes_too_long_is_cancelled (gpointer data G_GNUC_UNUSED, GError **error)
{
  return with_a_shop (ask_and_lose_patience, error);
}

static gboolean
serve_by_name (gpointer data, GError **error)
{
  Shop *shop = data;

  shop->ok = trio_serve_tcp (sell, shop, "127.0.0.1", 0, error);
  return shop->ok;
}

static gboolean
test_a_server_without_customers_ends_at_once (gpointer data G_GNUC_UNUSED, GError **error)
{
  g_autoptr (TrioNursery) nursery = trio_nursery_open (error);
  Shop shop = { 0 };

  trio_cancel_scope_cancel_gracefully (trio_nursery_get_cancel_scope (nursery), G_TIME_SPAN_HOUR);
  trio_nursery_start_soon (nursery, serve_by_name, &shop);
  if (!trio_nursery_close (nursery, TRUE))
    return FALSE;
  g_assert_true (shop.ok);
  return TRUE;
}

/* ---- supervised servers ---- */

static gboolean
break_down (TrioStream *stream G_GNUC_UNUSED, gpointer data, GError **error)
{
  guint *n_breakdowns = data;

  ++*n_breakdowns;
  g_set_error_literal (error, TRIO_ERROR, TRIO_ERROR_BROKEN_RESOURCE, "out of order");
  return FALSE;
}

typedef struct
{
  TrioListener *listener;
  guint         n_breakdowns;
} Machine;

static gboolean
serve_machine (gpointer data, GError **error)
{
  Machine *machine = data;

  return trio_serve_listener (machine->listener, break_down, &machine->n_breakdowns, error);
}

static void
take_report (const TrioSupervisorIncident *incident, gpointer data G_GNUC_UNUSED)
{
  g_assert_error (incident->error, TRIO_ERROR, TRIO_ERROR_BROKEN_RESOURCE);
}

/* The listener stays open over the lives of its server: whoever connects meanwhile is served by the next. */
static gboolean
test_a_server_is_restarted_by_its_supervisor (gpointer data G_GNUC_UNUSED, GError **error)
{
  const TrioSupervisorOptions options = { .back_off = MILLISECOND, .max_restarts = 10, .report = take_report };
  g_autoptr (TrioListener) listener = parity_listen (error);
  Machine machine = { listener, 0 };
  TrioSupervisorStatistics statistics;
  g_autoptr (TrioSupervisor) supervisor = NULL;

  if (listener == NULL)
    return FALSE;
  supervisor = trio_supervisor_open (&options, error);
  trio_supervisor_start_child (supervisor, serve_machine, &machine);
  for (guint i = 0; i < 3; i++)
    {
      g_autoptr (TrioStream) stream = trio_open_tcp_stream ("127.0.0.1", trio_listener_get_port (listener), error);
      GError *why = NULL;
      char byte;

      if (stream == NULL)
        return FALSE;
      g_assert_cmpint (trio_stream_receive_some (stream, &byte, 1, &why), <=, 0);
      g_clear_error (&why);
    }
  /* The last one is to be answered by a restart before anybody asks for the end. */
  while (trio_supervisor_get_statistics (supervisor, &statistics), statistics.restarts < 3)
    if (!trio_sleep (MILLISECOND, error))
      return FALSE;
  g_assert_cmpuint (machine.n_breakdowns, ==, 3);
  trio_cancel_scope_cancel_gracefully (trio_supervisor_get_cancel_scope (supervisor), G_TIME_SPAN_HOUR);
  return trio_supervisor_close (supervisor, TRUE);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);

#define ADD(body) PARITY_TEST ("/graceful/" #body, body)
  ADD (test_a_server_that_is_asked_to_end_finishes_its_work);
  ADD (test_a_server_that_takes_too_long_is_cancelled);
  ADD (test_a_server_without_customers_ends_at_once);
  ADD (test_a_server_is_restarted_by_its_supervisor);
#undef ADD

  return g_test_run ();
}
