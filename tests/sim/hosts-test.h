/* SPDX-License-Identifier: MIT OR Apache-2.0 */

/* What the tests of simulated hosts share: "db" serves letters at port 7, "web" runs a client, which comes 0.1 s later and ends it all. */

#pragma once

#include <trio-sim/hosts.h>

#include "tests/sim/net-test.h"

#define seconds(n) ((n) * G_TIME_SPAN_SECOND)

typedef struct
{
  TrioFunc     client;           /* gets this */
  TrioNursery *nursery;
  TrioSimHost *server_host;
  TrioSimHost *client_host;
} HostsPair;

/* client, a TrioFunc cast to a pointer, is what "web" runs. */
gboolean hosts_run_pair     (gpointer client, GError **error);
/* Replays lines on that, each of which must find its question. */
void     hosts_expect_pair  (TrioFunc client, const char *lines, TrioSimVerdict verdict);

/* Sends a letter, and has it back. */
gboolean hosts_exchange     (TrioStream *stream, GError **error) TRIO_CHECKPOINT;
/* On a connection of its own. */
gboolean hosts_ask_once     (const char *name, GTimeSpan patience, GError **error);
/* Clients: one that asks once, with half a second's patience; and one that tries again, forty times. */
gboolean hosts_ask_and_hope (gpointer data, GError **error);
gboolean hosts_ask_again    (gpointer data, GError **error);
