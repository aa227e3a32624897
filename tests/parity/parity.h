/* SPDX-License-Identifier: MIT OR Apache-2.0 */

/* One body, both worlds: a test is a main task, run once in the real world and with many schedules in the simulator.
 *
 * Bodies do not know where they are. They talk over loopback and port 0, and where they wait for time they wait for milliseconds,
 * since in one of the worlds these are real. */

#pragma once

#include <trio/trio.h>

/* Adds /host/PATH and, where there is a simulator, /sim/PATH. */
void parity_add (const char *path, TrioFunc body);

#define PARITY_TEST(path, body) (parity_add ((path), (body)))

/* The error is that one; clears it. */
#define parity_expect_error(error, domain, code) \
  G_STMT_START                                   \
    {                                            \
      g_assert_error ((error), (domain), (code)); \
      g_clear_error (&(error));                  \
    }                                            \
  G_STMT_END

/* A listener at a free port of 127.0.0.1. */
TrioListener *parity_listen  (GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* Both ends of a connection to listener. */
gboolean      parity_connect (TrioListener *listener, TrioStream **client, TrioStream **server, GError **error)
  G_GNUC_WARN_UNUSED_RESULT;

/* Receives exactly size bytes, or fails (also at the end of the stream). */
gboolean      parity_receive_exactly (TrioStream *stream, gpointer buffer, gsize size, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* Runs client while handler serves at listener's port, then cancels the server. */
gboolean      parity_with_server (TrioStreamHandler handler, gpointer handler_data, TrioFunc client, gpointer client_data,
                                  GError **error) G_GNUC_WARN_UNUSED_RESULT;
/* For that client: where the server is. */
TrioStream   *parity_dial (GError **error) G_GNUC_WARN_UNUSED_RESULT;
