/* SPDX-License-Identifier: MIT OR Apache-2.0 */

/* graceful-sim: closing time at the bakery, in the simulator. This file, and only this one, knows that there is one. */

#include "bakery.h"

#include <trio-sim/sim.h>

#define N_CUSTOMERS 3

typedef struct
{
  Bakery      bakery;
  TrioNursery *street;          /* where the customers are */
  guint       n_promised;       /* were told that it is in the oven */
  guint       n_eaten;
} Day;

/* Reads a line; the end of the stream is a failure here. */
static gboolean
read_line (TrioBufferedReader *reader, char **line, GError **error)
{
  if (!trio_buffered_reader_read_line (reader, 100, line, NULL, error))
    return FALSE;
  if (*line == NULL)
    g_set_error_literal (error, TRIO_ERROR, TRIO_ERROR_FAILED, "sent away");
  return *line != NULL;
}

/* Orders once, goes home without complaint if the shop is closed, and stays hungry if the fire was put out. */
static gboolean
shop (Day *day, GError **error)
{
  g_autoptr (TrioStream) stream = trio_open_tcp_stream (BAKERY_HOST, day->bakery.port, error);
  g_autoptr (TrioBufferedReader) reader = stream != NULL ? trio_buffered_reader_new (stream) : NULL;
  g_autofree char *promise = NULL;
  g_autofree char *bread = NULL;

  if (stream == NULL || !trio_stream_send_all (stream, "rye\n", 4, error) || !read_line (reader, &promise, error))
    return FALSE;
  trio_always (g_str_equal (promise, "baking"), "the first answer is that it is baking");
  day->n_promised++;
  if (!read_line (reader, &bread, error))
    return FALSE;
  trio_always (g_str_equal (bread, "rye"), "the bread is the one that was ordered");
  day->n_eaten++;
  return TRUE;
}

/* Nobody waits for ever. */
static gboolean
shop_for_a_while (Day *day, GError **error)
{
  g_autoptr (TrioCancelScope) patience = trio_move_on_after (G_TIME_SPAN_HOUR, error);

  return trio_cancel_scope_close (patience, shop (day, error));
}

static gboolean
customer (gpointer data, GError **error)
{
  GError *why = NULL;

  if (shop_for_a_while (data, &why))
    return TRUE;
  if (trio_error_contains (why, TRIO_ERROR, TRIO_ERROR_CANCELLED))
    {
      g_propagate_error (error, why);
      return FALSE;
    }
  g_clear_error (&why);
  return TRUE;
}

/* They come one after the other; the last ones while the first bread is in the oven, and then it is closing time. */
static gboolean
be_visited (gpointer data, GError **error)
{
  Day *day = data;

  for (guint i = 0; i < N_CUSTOMERS; i++)
    {
      trio_nursery_start_soon (day->street, customer, day);
      if (!trio_sleep (day->bakery.baking_us / 2, error))
        return FALSE;
    }
  return TRUE;
}

static gboolean
spend_a_day (gpointer data, GError **error)
{
  const GTimeSpan *grace = data;
  Day day = { .bakery = { .baking_us = 2 * G_TIME_SPAN_SECOND, .grace_us = *grace } };
  g_autoptr (TrioNursery) street = trio_nursery_open (error);
  gboolean ok;

  day.street = street;
  ok = bakery_run (&day.bakery, 0, be_visited, &day, error);
  /* On the street they go on until they have read what there is to read. */
  ok = trio_nursery_close (street, ok);

  trio_always (day.bakery.n_ordered == day.bakery.n_baked + day.bakery.n_wasted, "every order comes to an end");
  trio_always (day.n_eaten <= day.bakery.n_baked + day.bakery.n_wasted, "nobody eats what was not baked");
  if (day.bakery.n_wasted == 0)
    trio_sometimes (day.bakery.n_baked > 0, "all bread came out of the oven");
  else
    trio_sometimes (TRUE, "the fire was put out");
  return ok;
}

static const GTimeSpan patient = 60 * G_TIME_SPAN_SECOND, hurried = G_TIME_SPAN_SECOND / 2;

int
main (int argc, char **argv)
{
  const TrioScenario scenarios[] = {
    { "patient", spend_a_day, (gpointer) &patient, "closing time, and what is in the oven comes out" },
    { "hurried", spend_a_day, (gpointer) &hurried, "closing time, and the fire is put out soon" },
    { NULL, NULL, NULL, NULL },
  };

  return trio_sim_main (argc, argv, scenarios);
}
