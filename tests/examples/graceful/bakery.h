/* SPDX-License-Identifier: MIT OR Apache-2.0 */

/* A bakery that closes in good order.
 *
 * A customer sends a line, its order; the bakery answers "baking", takes its time, and answers with the bread; then the customer may
 * order again. At closing time
 *
 *   nobody new is let in                      trio_serve_listener() does that
 *   who has not ordered is sent home          the wait for an order listens
 *   what is in the oven comes out             nothing else listens
 *   after a while the fire is put out         the grace period is over
 *
 * Closing time is when `while_open` returns, or at the first Ctrl-C. A second Ctrl-C does not wait.
 *
 * From tasks of one run. */

#pragma once

#include <trio/trio.h>

#define BAKERY_HOST "127.0.0.1"

typedef struct
{
  GTimeSpan     baking_us;      /* how long a bread takes */
  GTimeSpan     grace_us;       /* how long it may still take at closing time */
  void        (*on_closing) (gpointer data);    /* nullable: at closing time */
  gpointer      data;

  TrioListener *listener;       /* while open */
  guint16       port;           /* once open: who comes too late finds the door shut there */
  guint         n_ordered;
  guint         n_baked;
  guint         n_wasted;       /* were in the oven when the fire was put out */
} Bakery;

/* Opens, runs while_open in the calling task, and closes. Checkpoint. */
gboolean bakery_run (Bakery *bakery, guint16 port, TrioFunc while_open, gpointer data, GError **error) G_GNUC_WARN_UNUSED_RESULT;
