/* SPDX-License-Identifier: MIT OR Apache-2.0 */

#include "bakery.h"

#include <string.h>

#define ORDER_BYTES_MAX 100

static gboolean serve      (gpointer data, GError **error);
static gboolean attend     (TrioStream *stream, gpointer data, GError **error);
static gboolean serve_one  (Bakery *bakery, TrioStream *stream, TrioBufferedReader *reader, GError **error);
static gboolean take_order (TrioBufferedReader *reader, char **order, GError **error);
static gboolean bake       (Bakery *bakery, TrioStream *stream, const char *order, GError **error);

gboolean
bakery_run (Bakery *bakery, guint16 port, TrioFunc while_open, gpointer data, GError **error)
{
  g_autoptr (TrioListener) listener = trio_open_tcp_listener (BAKERY_HOST, port, error);
  g_autoptr (TrioNursery) nursery = NULL;
  GError *why = NULL;

  if (listener == NULL)
    return FALSE;

  bakery->listener = listener;
  bakery->port = trio_listener_get_port (listener);
  nursery = trio_nursery_open (error);
  trio_nursery_start_soon (nursery, serve, bakery);

  /* The first Ctrl-C means "enough for today". */
  if (!while_open (data, &why) && !g_error_matches (why, TRIO_ERROR, TRIO_ERROR_KEYBOARD_INTERRUPT))
    {
      g_propagate_error (error, why);
      return trio_nursery_close (nursery, FALSE);
    }
  g_clear_error (&why);

  if (bakery->on_closing != NULL)
    bakery->on_closing (bakery->data);
  trio_cancel_scope_cancel_gracefully_with_reason (trio_nursery_get_cancel_scope (nursery), bakery->grace_us, "closing time");
  return trio_nursery_close (nursery, TRUE);      /* the second Ctrl-C arrives here, and cancels those who still bake */
}

static gboolean
serve (gpointer data, GError **error)
{
  Bakery *bakery = data;

  return trio_serve_listener (bakery->listener, attend, bakery, error);
}

/* One customer. What is wrong with that one is no reason to close; only a cancellation is passed on. */
static gboolean
attend (TrioStream *stream, gpointer data, GError **error)
{
  Bakery *bakery = data;
  g_autoptr (TrioBufferedReader) reader = trio_buffered_reader_new (stream);
  GError *why = NULL;

  while (!trio_current_soft_cancelled () && serve_one (bakery, stream, reader, &why))
    ;
  if (trio_error_contains (why, TRIO_ERROR, TRIO_ERROR_CANCELLED))
    {
      g_propagate_error (error, why);
      return FALSE;
    }
  g_clear_error (&why);
  return TRUE;
}

/* FALSE: this customer is done, with or without an error. */
static gboolean
serve_one (Bakery *bakery, TrioStream *stream, TrioBufferedReader *reader, GError **error)
{
  g_autofree char *order = NULL;
  gboolean ok;

  if (!take_order (reader, &order, error) || order == NULL)
    return FALSE;

  bakery->n_ordered++;
  ok = bake (bakery, stream, order, error);
  if (ok)
    bakery->n_baked++;
  else
    bakery->n_wasted++;
  return ok;
}

/* Listens to a soft cancellation: a customer who has not ordered at closing time may as well go. NULL: nothing was, or will be, ordered. */
static gboolean
take_order (TrioBufferedReader *reader, char **order, GError **error)
{
  g_autoptr (TrioCancelScope) waiting = trio_move_on_when_soft_cancelled (error);
  gboolean ok = trio_buffered_reader_read_line (reader, ORDER_BYTES_MAX, order, NULL, error);

  return trio_cancel_scope_close (waiting, ok);
}

/* Listens to nothing: what was begun is brought to its end, as long as there is time. */
static gboolean
bake (Bakery *bakery, TrioStream *stream, const char *order, GError **error)
{
  g_autofree char *bread = g_strconcat (order, "\n", NULL);

  return trio_stream_send_all (stream, "baking\n", strlen ("baking\n"), error)
         && trio_sleep (bakery->baking_us, error)
         && trio_stream_send_all (stream, bread, strlen (bread), error);
}
