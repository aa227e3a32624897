/* SPDX-License-Identifier: MIT OR Apache-2.0 */

/* Real sockets, where they are not like any other world's: edges and short reads, names, descriptors that run out. */

#include <errno.h>
#include <gio/gio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include <glib/gstdio.h>

#include <trio/seam/clock.h>
#include <trio/seam/world.h>

#include "tests/host/host-test.h"

/* A listener, and a peer that is no Trio's, connected to it. */
typedef struct
{
  TrioListener *listener;
  TrioStream   *stream;
  GSocket      *peer;
} Visit;

static gboolean
visit_open (Visit *visit, GError **error)
{
  g_autoptr (GInetAddress) loopback = g_inet_address_new_loopback (G_SOCKET_FAMILY_IPV4);
  g_autoptr (GSocketAddress) address = NULL;

  visit->listener = trio_open_tcp_listener ("127.0.0.1", 0, error);
  if (visit->listener == NULL)
    return FALSE;
  address = g_inet_socket_address_new (loopback, trio_listener_get_port (visit->listener));
  visit->peer = g_socket_new (G_SOCKET_FAMILY_IPV4, G_SOCKET_TYPE_STREAM, G_SOCKET_PROTOCOL_TCP, error);
  if (visit->peer == NULL || !g_socket_connect (visit->peer, address, NULL, error))
    return FALSE;
  visit->stream = trio_listener_accept (visit->listener, error);
  return visit->stream != NULL;
}

static void
visit_clear (Visit *visit)
{
  g_clear_object (&visit->peer);
  trio_stream_free (visit->stream);
  trio_listener_free (visit->listener);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Visit, visit_clear)

static void
peer_sends (Visit *visit, const char *text, int flags)
{
  g_assert_cmpint (send (g_socket_get_fd (visit->peer), text, strlen (text), flags), ==, strlen (text));
}

typedef struct
{
  Visit   *visit;
  GString *received;
} Reader;

static gboolean
read_to_the_end (gpointer data, GError **error)
{
  Reader *reader = data;
  char buffer[100];
  gssize n;

  while ((n = trio_stream_receive_some (reader->visit->stream, buffer, sizeof buffer, error)) > 0)
    g_string_append_len (reader->received, buffer, n);
  return n == 0;
}

/* The bytes and the end arrive together, or one after the other, and each time with fewer bytes than there is room for. */
static gboolean
end_right_after_short_reads (gpointer data, GError **error)
{
  gboolean apart = GPOINTER_TO_INT (data);
  g_auto (Visit) visit = { 0 };
  g_autoptr (GString) received = g_string_new (NULL);
  Reader reader = { &visit, received };
  g_autoptr (TrioNursery) nursery = NULL;

  if (!visit_open (&visit, error))
    return FALSE;
  nursery = trio_nursery_open (error);
  trio_nursery_start_soon (nursery, read_to_the_end, &reader);
  for (guint i = 0; i < 3; i++)
    {
      if (!trio_sleep (500, error))
        return FALSE;
      peer_sends (&visit, "abc", 0);
    }
  if (apart && !trio_sleep (500, error))
    return FALSE;
  g_clear_object (&visit.peer);
  if (!trio_nursery_close (nursery, TRUE))
    return FALSE;
  g_assert_cmpstr (received->str, ==, "abcabcabc");
  return TRUE;
}

static void
test_the_end_is_seen_after_a_short_read (void)
{
  run_ok (end_right_after_short_reads, GINT_TO_POINTER (FALSE));
  run_ok (end_right_after_short_reads, GINT_TO_POINTER (TRUE));
}

/* The system's read stops at urgent data, with more behind it. */
static gboolean
read_past_urgent_data (gpointer data G_GNUC_UNUSED, GError **error)
{
  g_auto (Visit) visit = { 0 };
  g_autoptr (GString) received = g_string_new (NULL);
  Reader reader = { &visit, received };
  g_autoptr (TrioNursery) nursery = NULL;

  if (!visit_open (&visit, error))
    return FALSE;
  nursery = trio_nursery_open (error);
  trio_nursery_start_soon (nursery, read_to_the_end, &reader);
  if (!trio_sleep (500, error))
    return FALSE;
  peer_sends (&visit, "ab", 0);
  peer_sends (&visit, "!", MSG_OOB);
  peer_sends (&visit, "cd", 0);
  while (received->len < 4)
    if (!trio_sleep (500, error))
      return FALSE;
  g_assert_cmpstr (received->str, ==, "abcd");
  trio_nursery_cancel (nursery);
  return trio_nursery_close (nursery, TRUE);
}

static void
test_urgent_data_does_not_stop_a_reader (void)
{
  run_ok (read_past_urgent_data, NULL);
}

static gboolean
open_by_name (gpointer data G_GNUC_UNUSED, GError **error)
{
  g_autoptr (TrioListener) listener = trio_open_tcp_listener ("localhost", 0, error);
  g_autoptr (TrioStream) by_name = NULL;
  g_autoptr (TrioStream) by_number = NULL;
  g_autoptr (TrioStream) accepted = NULL;

  if (listener == NULL)
    return FALSE;
  by_name = trio_open_tcp_stream ("localhost", trio_listener_get_port (listener), error);
  if (by_name == NULL)
    return FALSE;
  by_number = trio_open_tcp_stream ("127.0.0.1", trio_listener_get_port (listener), error);
  if (by_number == NULL)
    return FALSE;
  accepted = trio_listener_accept (listener, error);
  g_assert_cmpuint (trio_loop_get_holds (trio_loop_get_current ()), ==, 0);
  return accepted != NULL;
}

static void
test_localhost_is_looked_up (void)
{
  run_ok (open_by_name, NULL);
}

static gboolean
open_anywhere (gpointer data G_GNUC_UNUSED, GError **error)
{
  g_autoptr (TrioListener) listener = trio_open_tcp_listener (NULL, 0, error);
  g_autoptr (TrioStream) stream = NULL;

  if (listener == NULL)
    return FALSE;
  stream = trio_open_tcp_stream ("127.0.0.1", trio_listener_get_port (listener), error);
  return stream != NULL;
}

static void
test_no_host_means_all_addresses (void)
{
  run_ok (open_anywhere, NULL);
}

static gboolean
open_nonsense (gpointer data G_GNUC_UNUSED, GError **error G_GNUC_UNUSED)
{
  g_autofree char *label = g_strnfill (70, 'x');
  g_autoptr (GError) failure = NULL;

  /* No label of a name may be that long, so nobody is asked. */
  g_assert_null (trio_open_tcp_stream (label, 80, &failure));
  g_assert_nonnull (failure);
  g_assert_true (failure->domain == G_RESOLVER_ERROR);
  g_assert_nonnull (strstr (failure->message, label));
  g_assert_cmpuint (trio_loop_get_holds (trio_loop_get_current ()), ==, 0);
  return TRUE;
}

static void
test_no_such_host_is_a_resolver_error (void)
{
  run_ok (open_nonsense, NULL);
}

static gboolean
give_up_looking (gpointer data G_GNUC_UNUSED, GError **error)
{
  /* The run may end before the thread does: the answer then finds nobody. */
  for (guint i = 0; i < 20; i++)
    {
      g_autoptr (TrioCancelScope) patience = trio_move_on_after (1 + 10 * (gint64) i, error);
      g_autoptr (TrioListener) listener = trio_open_tcp_listener ("localhost", 0, error);

      if (!trio_cancel_scope_close (patience, listener != NULL))
        return FALSE;
    }
  g_assert_cmpuint (trio_loop_get_holds (trio_loop_get_current ()), ==, 0);
  return TRUE;
}

static void
test_a_look_up_can_be_given_up (void)
{
  run_ok (give_up_looking, NULL);
}

/* A clock that the test may put forward. */
typedef struct
{
  TrioClock clock;
  gint64    ahead;
} Forward;

static Forward *the_clock;
static guint    n_messages;

static gint64
forward_now (TrioClock *clock)
{
  return g_get_monotonic_time () + ((Forward *) clock)->ahead;
}

/* The server says that it will wait 0.1 s: they have passed already. */
static void
pass_the_time (const char *domain G_GNUC_UNUSED, GLogLevelFlags level G_GNUC_UNUSED, const char *message,
               gpointer data G_GNUC_UNUSED)
{
  g_assert_nonnull (strstr (message, "Too many open files"));
  the_clock->ahead += G_TIME_SPAN_SECOND;
  n_messages++;
}

static gboolean
greet (TrioStream *stream, gpointer data G_GNUC_UNUSED, GError **error)
{
  return trio_stream_send_all (stream, "x", 1, error);
}

static gboolean
serve_greetings (gpointer listener, GError **error)
{
  return trio_serve_listener (listener, greet, NULL, error);
}

static void
set_descriptor_limit (rlim_t limit)
{
  struct rlimit now;

  g_assert_cmpint (getrlimit (RLIMIT_NOFILE, &now), ==, 0);
  now.rlim_cur = limit;
  g_assert_cmpint (setrlimit (RLIMIT_NOFILE, &now), ==, 0);
}

/* Statement 173, with real descriptors: there is one left, and the client takes it. */
static gboolean
serve_without_descriptors (gpointer data, GError **error)
{
  rlim_t limit = *(const rlim_t *) data;
  g_autoptr (TrioListener) listener = trio_open_tcp_listener ("127.0.0.1", 0, error);
  g_autoptr (TrioStream) client = NULL;
  g_autoptr (TrioNursery) nursery = NULL;
  int lowest_free = dup (0);
  char byte;

  if (listener == NULL)
    return FALSE;
  close (lowest_free);
  set_descriptor_limit ((rlim_t) lowest_free + 1);
  client = trio_open_tcp_stream ("127.0.0.1", trio_listener_get_port (listener), error);
  if (client == NULL)
    return FALSE;

  nursery = trio_nursery_open (error);
  trio_nursery_start_soon (nursery, serve_greetings, listener);
  while (n_messages == 0)
    if (!trio_checkpoint (error))
      return FALSE;
  set_descriptor_limit (limit);
  g_assert_cmpint (trio_stream_receive_some (client, &byte, 1, error), ==, 1);
  trio_nursery_cancel (nursery);
  return trio_nursery_close (nursery, TRUE);
}

static void
test_a_server_without_descriptors_tries_again (void)
{
  Forward forward = { { .now = forward_now }, 0 };
  TrioRunOptions options = { .clock = &forward.clock };
  GLogFunc before;
  g_autoptr (GError) error = NULL;
  struct rlimit now;
  gboolean ok;

  if (g_getenv ("TRIO_TEST_VALGRIND") != NULL)
    {
      g_test_skip ("Valgrind plays the limit itself: it accepts the client and hangs up");
      return;
    }
  g_assert_cmpint (getrlimit (RLIMIT_NOFILE, &now), ==, 0);
  the_clock = &forward;
  n_messages = 0;
  before = g_log_set_default_handler (pass_the_time, NULL);
  ok = trio_run_with (serve_without_descriptors, &now.rlim_cur, &options, &error);
  g_log_set_default_handler (before, NULL);
  g_assert_no_error (error);
  g_assert_true (ok);
  g_assert_cmpuint (n_messages, ==, 1);
}

static gboolean
fail_to_close (gpointer data, GError **error)
{
  *(TrioListener **) data = trio_open_tcp_listener ("127.0.0.1", 0, error);
  return *(TrioListener **) data != NULL;
}

static void
test_a_socket_that_outlives_its_run_is_reported (void)
{
  g_autoptr (TrioListener) listener = NULL;

  g_test_expect_message ("Trio", G_LOG_LEVEL_WARNING, "*socket still open at port *");
  run_ok (fail_to_close, &listener);
  g_test_assert_expected_messages ();
  /* Freeing it late is harmless. */
}

static gboolean
do_little (gpointer data G_GNUC_UNUSED, GError **error)
{
  return trio_checkpoint (error);
}

static void
test_the_environment_may_ask_for_a_trace (void)
{
  g_autofree char *folder = g_dir_make_tmp ("trio-test-XXXXXX", NULL);
  g_autofree char *path = g_build_filename (folder, "run.trace", NULL);
  g_autofree char *second = g_strconcat (path, ".2", NULL);
  g_autoptr (GError) error = NULL;

  g_setenv ("TRIO_TRACE", path, TRUE);
  run_ok (do_little, NULL);
  run_ok (do_little, NULL);
  g_assert_cmpint (g_remove (path), ==, 0);
  g_assert_cmpint (g_remove (second), ==, 0);
  g_rmdir (folder);

  /* A trace that cannot be written is an error before anything runs. */
  g_assert_false (trio_run (do_little, NULL, &error));
  g_assert_nonnull (error);
  g_unsetenv ("TRIO_TRACE");
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/socket/the-end-is-seen-after-a-short-read", test_the_end_is_seen_after_a_short_read);
  g_test_add_func ("/socket/urgent-data-does-not-stop-a-reader", test_urgent_data_does_not_stop_a_reader);
  g_test_add_func ("/name/localhost-is-looked-up", test_localhost_is_looked_up);
  g_test_add_func ("/name/no-host-means-all-addresses", test_no_host_means_all_addresses);
  g_test_add_func ("/name/no-such-host-is-a-resolver-error", test_no_such_host_is_a_resolver_error);
  g_test_add_func ("/name/a-look-up-can-be-given-up", test_a_look_up_can_be_given_up);
  g_test_add_func ("/server/without-descriptors-it-tries-again", test_a_server_without_descriptors_tries_again);
  g_test_add_func ("/run/a-socket-that-outlives-it-is-reported", test_a_socket_that_outlives_its_run_is_reported);
  g_test_add_func ("/run/the-environment-may-ask-for-a-trace", test_the_environment_may_ask_for_a_trace);
  return g_test_run ();
}
