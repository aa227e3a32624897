/* SPDX-License-Identifier: MIT OR Apache-2.0 */

/* Running a body in both worlds, and what bodies share. */

#include "tests/parity/parity.h"

#ifdef HAVE_TRIO_SIM
#include <trio-sim/sim.h>

/* Valgrind and the sanitizers take their time. */
static guint64
n_seeds (void)
{
  return g_getenv ("TRIO_TEST_VALGRIND") != NULL ? 3 : 60;
}

static void
run_simulated (TrioFunc body, const char *strategy, guint64 seed)
{
  TrioSimOptions options = { .strategy = strategy, .seed = seed };
  g_autoptr (TrioSimReport) report = NULL;
  g_autoptr (GError) error = NULL;

  if (!trio_sim_run (body, NULL, &options, &report, &error))
    g_error ("strategy \"%s\", seed %" G_GUINT64_FORMAT ": %s\n%s", strategy, seed, error != NULL ? error->message : "no error",
             report != NULL && report->message != NULL ? report->message : "");
}

static void
run_in_simulator (gconstpointer data)
{
  TrioFunc body = *(const TrioFunc *) data;

  run_simulated (body, "fifo", 0);
  for (guint64 seed = 1; seed <= n_seeds (); seed++)
    run_simulated (body, "random", seed);
}
#endif

static void
run_in_host (gconstpointer data)
{
  TrioFunc body = *(const TrioFunc *) data;
  g_autoptr (GError) error = NULL;
  gboolean ok = trio_run (body, NULL, &error);

  g_assert_no_error (error);
  g_assert_true (ok);
}

void
parity_add (const char *path, TrioFunc body)
{
  /* GLib frees the data of those tests only that are run. */
  static TrioFunc bodies[128];
  static guint n_bodies;
  g_autofree char *host_path = g_strconcat ("/host", path, NULL);
  const TrioFunc *boxed = &bodies[n_bodies];

  g_assert_cmpuint (n_bodies, <, G_N_ELEMENTS (bodies));
  bodies[n_bodies++] = body;
  g_test_add_data_func (host_path, boxed, run_in_host);
#ifdef HAVE_TRIO_SIM
  {
    g_autofree char *sim_path = g_strconcat ("/sim", path, NULL);

    g_test_add_data_func (sim_path, boxed, run_in_simulator);
  }
#endif
}

TrioListener *
parity_listen (GError **error)
{
  return trio_open_tcp_listener ("127.0.0.1", 0, error);
}

gboolean
parity_connect (TrioListener *listener, TrioStream **client, TrioStream **server, GError **error)
{
  *client = trio_open_tcp_stream ("127.0.0.1", trio_listener_get_port (listener), error);
  if (*client == NULL)
    return FALSE;
  *server = trio_listener_accept (listener, error);
  return *server != NULL;
}

gboolean
parity_receive_exactly (TrioStream *stream, gpointer buffer, gsize size, GError **error)
{
  guint8 *bytes = buffer;

  while (size > 0)
    {
      gssize n = trio_stream_receive_some (stream, bytes, size, error);

      if (n < 0)
        return FALSE;
      if (n == 0)
        {
          g_set_error (error, TRIO_ERROR, TRIO_ERROR_FAILED, "the stream ended %" G_GSIZE_FORMAT " bytes too early", size);
          return FALSE;
        }
      g_assert_cmpuint ((gsize) n, <=, size);
      bytes += n;
      size -= (gsize) n;
    }
  return TRUE;
}

typedef struct
{
  TrioListener      *listener;
  TrioStreamHandler  handler;
  gpointer           data;
} Server;

static guint16 server_port;

static gboolean
serve (gpointer data, GError **error)
{
  Server *server = data;

  return trio_serve_listener_full (server->listener, server->handler, server->data, "handler", error);
}

gboolean
parity_with_server (TrioStreamHandler handler, gpointer handler_data, TrioFunc client, gpointer client_data, GError **error)
{
  g_autoptr (TrioListener) listener = parity_listen (error);
  g_autoptr (TrioNursery) nursery = NULL;
  Server server = { listener, handler, handler_data };

  if (listener == NULL)
    return FALSE;
  server_port = trio_listener_get_port (listener);
  nursery = trio_nursery_open (error);
  trio_nursery_start_soon (nursery, serve, &server);
  if (!client (client_data, error))
    return FALSE;
  trio_nursery_cancel (nursery);
  return trio_nursery_close (nursery, TRUE);
}

TrioStream *
parity_dial (GError **error)
{
  return trio_open_tcp_stream ("127.0.0.1", server_port, error);
}
