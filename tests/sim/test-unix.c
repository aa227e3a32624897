/* SPDX-License-Identifier: MIT OR Apache-2.0 */

/* What is special about unix sockets and descriptors in the simulated world; what is the same is in tests/parity. */

#include <string.h>

#include <gio/gio.h>

#include <trio/lowlevel/descriptor.h>
#include <trio/lowlevel/passing.h>
#include <trio/lowlevel/socket.h>

#include <trio-sim/hosts.h>

#include "tests/sim/net-test.h"

static gboolean
ask_for_descriptors (gpointer data G_GNUC_UNUSED, GError **error)
{
  TrioSocketHandle *ends[2];
  g_autoptr (GError) refusal = NULL;

  g_assert_false (trio_wait_readable (0, &refusal));
  g_assert_error (refusal, G_IO_ERROR, G_IO_ERROR_NOT_SUPPORTED);
  g_clear_error (&refusal);
  g_assert_null (trio_socket_adopt (0, &refusal));
  g_assert_error (refusal, G_IO_ERROR, G_IO_ERROR_NOT_SUPPORTED);
  g_clear_error (&refusal);
  if (!trio_socket_pair (TRIO_SOCKET_STREAM, ends, error))
    return FALSE;
  g_assert_cmpint (trio_socket_get_descriptor (ends[0], &refusal), ==, -1);
  g_assert_error (refusal, G_IO_ERROR, G_IO_ERROR_NOT_SUPPORTED);
  trio_socket_handle_unref (ends[0]);
  trio_socket_handle_unref (ends[1]);
  return TRUE;
}

static void
test_a_simulated_run_has_no_descriptors_and_says_so (void)
{
  net_expect_well (ask_for_descriptors, "");
}

/* --- a socket that is under way --- */

static TrioUdpEndpoint *
say_hello_to (TrioSocketHandle *socket, GError **error)
{
  g_autoptr (TrioUdpEndpoint) client = NULL;
  TrioAddress address;

  g_assert_true (trio_socket_get_address (socket, FALSE, &address));
  client = trio_open_udp_connection ("127.0.0.1", address.port, error);
  return client != NULL && trio_udp_endpoint_send (client, "hello", 5, error) ? g_steal_pointer (&client) : NULL;
}

/* It goes on receiving while nobody has it. */
static gboolean
receive_under_way (gpointer data G_GNUC_UNUSED, GError **error)
{
  const TrioAddress here = net_ipv4 (127, 0, 0, 1, 7);
  g_autoptr (TrioSocketHandle) mail = trio_socket_open (TRIO_ADDRESS_IPV4, TRIO_SOCKET_DATAGRAM, NULL, error);
  g_autoptr (TrioUdpEndpoint) client = NULL;
  TrioSocketHandle *ends[2], *received[TRIO_SOCKET_PASSED_MAX];
  char buffer[5];
  guint n;
  gboolean ok;

  if (mail == NULL || !trio_socket_bind (mail, &here, NULL, error) || !trio_socket_pair (TRIO_SOCKET_DATAGRAM, ends, error))
    return FALSE;
  client = say_hello_to (mail, error);
  if (client == NULL || trio_socket_send_sockets (ends[0], "m", 1, &mail, 1, error) != 1)
    return FALSE;
  net_nap (ms (10));
  g_assert_cmpint (trio_socket_receive_sockets (ends[1], buffer, 1, received, &n, error), ==, 1);
  g_assert_cmpuint (n, ==, 1);
  ok = trio_socket_receive (received[0], buffer, sizeof buffer, error) == 5;
  trio_socket_handle_unref (received[0]);
  trio_socket_handle_unref (ends[0]);
  trio_socket_handle_unref (ends[1]);
  return ok;
}

static void
test_a_socket_under_way_goes_on_receiving (void)
{
  net_expect_well (receive_under_way, "");
}

/* Nobody takes it: it goes with the socket whose mail it is in. */
static gboolean
send_into_the_void (gpointer data G_GNUC_UNUSED, GError **error)
{
  TrioSocketHandle *way[2], *ends[2];
  gboolean ok;
  char byte;

  if (!trio_socket_pair (TRIO_SOCKET_STREAM, way, error) || !trio_socket_pair (TRIO_SOCKET_STREAM, ends, error))
    return FALSE;
  ok = trio_socket_send_sockets (way[0], "s", 1, &ends[0], 1, error) == 1;
  trio_socket_handle_unref (way[1]);
  ok = ok && trio_socket_receive (ends[1], &byte, 1, error) == 0;
  trio_socket_handle_unref (way[0]);
  trio_socket_handle_unref (ends[0]);
  trio_socket_handle_unref (ends[1]);
  return ok;
}

static void
test_what_nobody_takes_goes_with_the_mail (void)
{
  net_expect_well (send_into_the_void, "");
}

static gboolean
leave_it_open (gpointer data G_GNUC_UNUSED, GError **error)
{
  TrioSocketHandle *ends[2];

  if (!trio_socket_pair (TRIO_SOCKET_STREAM, ends, error) || trio_socket_send_sockets (ends[0], "s", 1, &ends[1], 1, error) != 1)
    return FALSE;
  return TRUE;
}

/* One end lies in its own mail, which is the other's leak. */
static void
test_a_leak_that_holds_itself_is_found (void)
{
  g_autoptr (TrioSimReport) report = sim_run_fifo (leave_it_open, NULL);

  sim_expect (report, TRIO_SIM_LEAK, "socket of main");
}

/* --- files and pipes under way --- */

static TrioPassed
file_to_pass (TrioFile *file)
{
  return (TrioPassed) { .kind = TRIO_PASSED_FILE, .file = file };
}

static gboolean
leave_a_file_in_the_mail (gpointer data G_GNUC_UNUSED, GError **error)
{
  g_autoptr (TrioFile) file = trio_file_open ("/tmp/x", TRIO_FILE_WRITE | TRIO_FILE_CREATE, error);
  TrioSocketHandle *ends[2];
  TrioPassed passed = file_to_pass (file);

  return file != NULL && trio_socket_pair (TRIO_SOCKET_STREAM, ends, error)
         && trio_socket_send_passed (ends[0], "f", 1, &passed, 1, error) == 1;
}

/* It is no leak of its own. */
static void
test_a_file_in_the_mail_of_a_leak_goes_with_it (void)
{
  g_autoptr (TrioSimReport) report = sim_run_fifo (leave_a_file_in_the_mail, NULL);

  sim_expect (report, TRIO_SIM_LEAK, "socket of main");
  g_assert_null (strstr (report->message, "file"));
}

static gboolean
keep_what_was_received (gpointer data G_GNUC_UNUSED, GError **error)
{
  g_autoptr (TrioFile) file = trio_file_open ("/tmp/x", TRIO_FILE_WRITE | TRIO_FILE_CREATE, error);
  TrioPassed received[TRIO_SOCKET_PASSED_MAX];
  TrioSocketHandle *ends[2];
  TrioPassed passed = file_to_pass (file);
  gboolean ok;
  guint n;
  char byte;

  if (file == NULL || !trio_socket_pair (TRIO_SOCKET_STREAM, ends, error))
    return FALSE;
  ok = trio_socket_send_passed (ends[0], "f", 1, &passed, 1, error) == 1
       && trio_socket_receive_passed (ends[1], &byte, 1, received, &n, error) == 1;
  trio_socket_handle_unref (ends[0]);
  trio_socket_handle_unref (ends[1]);
  return ok;
}

static void
test_a_file_that_was_received_and_kept_open_is_a_leak (void)
{
  g_autoptr (TrioSimReport) report = sim_run_fifo (keep_what_was_received, NULL);

  sim_expect (report, TRIO_SIM_LEAK, "file of main");
}

typedef struct
{
  TrioSocketHandle *way[2];
  TrioStream       *send;
  TrioStream       *receive;
} Pipe;

/* A careful receiver hears that there was no descriptor, and that what came is closed, and goes on with the next. */
static gboolean
receive_without_descriptors (gpointer data, GError **error)
{
  Pipe *self = data;
  TrioPassed received[TRIO_SOCKET_PASSED_MAX];
  TrioPassed passed = { .kind = TRIO_PASSED_STREAM, .stream = self->receive };
  g_autoptr (GError) refusal = NULL;
  char byte;
  guint n;

  if (trio_socket_send_passed (self->way[0], "p", 1, &passed, 1, error) != 1)
    return FALSE;
  g_assert_cmpint (trio_socket_receive_passed (self->way[1], &byte, 1, received, &n, &refusal), ==, -1);
  g_assert_error (refusal, G_IO_ERROR, G_IO_ERROR_TOO_MANY_OPEN_FILES);
  g_clear_error (&refusal);
  g_assert_false (trio_stream_send_all (self->send, "x", 1, &refusal));
  g_assert_error (refusal, TRIO_ERROR, TRIO_ERROR_BROKEN_RESOURCE);
  passed.stream = self->send;
  return trio_socket_send_passed (self->way[0], "q", 1, &passed, 1, error) == 1
         && trio_socket_receive_passed (self->way[1], &byte, 1, received, &n, error) == 1
         && (trio_passed_clear (&received[0]), TRUE);
}

static gboolean
with_a_pipe (TrioFunc body, GError **error)
{
  Pipe it;
  gboolean ok;

  if (!trio_socket_pair (TRIO_SOCKET_STREAM, it.way, error) || !trio_open_pipe (&it.send, &it.receive, error))
    return FALSE;
  ok = body (&it, error);
  for (guint i = 0; i < 2; i++)
    trio_socket_handle_unref (it.way[i]);
  trio_stream_free (it.send);
  trio_stream_free (it.receive);
  return ok;
}

static gboolean
lack_descriptors (gpointer data G_GNUC_UNUSED, GError **error)
{
  return with_a_pipe (receive_without_descriptors, error);
}

static void
test_there_may_be_no_descriptor_for_what_was_passed (void)
{
  net_expect_well (lack_descriptors, "main fault.emfile 3 = 1/2");
}

/* What is under way takes none; so another may have taken its place before it arrives. */
static gboolean
fill_the_host (gpointer data, GError **error)
{
  Pipe *self = data;
  TrioPassed received[TRIO_SOCKET_PASSED_MAX];
  TrioPassed passed = { .kind = TRIO_PASSED_STREAM, .stream = self->receive };
  g_autoptr (TrioSocketHandle) last = NULL;
  g_autoptr (GError) refusal = NULL;
  char byte;
  guint n;

  trio_sim_host_set_limits (trio_sim_host_get_current (), 4, 0);
  last = trio_socket_open (TRIO_ADDRESS_IPV4, TRIO_SOCKET_STREAM, NULL, &refusal);
  g_assert_error (refusal, G_IO_ERROR, G_IO_ERROR_TOO_MANY_OPEN_FILES);
  g_clear_error (&refusal);
  if (trio_socket_send_passed (self->way[0], "p", 1, &passed, 1, error) != 1)
    return FALSE;
  last = trio_socket_open (TRIO_ADDRESS_IPV4, TRIO_SOCKET_STREAM, NULL, error);
  if (last == NULL)
    return FALSE;
  g_assert_cmpint (trio_socket_receive_passed (self->way[1], &byte, 1, received, &n, &refusal), ==, -1);
  g_assert_error (refusal, G_IO_ERROR, G_IO_ERROR_TOO_MANY_OPEN_FILES);
  return TRUE;
}

static gboolean
fill_it (gpointer data G_GNUC_UNUSED, GError **error)
{
  return with_a_pipe (fill_the_host, error);
}

static gboolean
run_a_host_that_is_full (gpointer data G_GNUC_UNUSED, GError **error)
{
  g_autoptr (TrioNursery) nursery = trio_nursery_open (error);

  trio_sim_host_start (trio_sim_host_new ("db"), nursery, fill_it, NULL);
  return trio_nursery_close (nursery, TRUE);
}

static void
test_another_may_have_taken_its_descriptor (void)
{
  net_expect_well (run_a_host_that_is_full, "");
}

static gboolean
crash_with_things_under_way (gpointer data G_GNUC_UNUSED, GError **error)
{
  g_autoptr (TrioFile) file = trio_file_open ("/tmp/x", TRIO_FILE_WRITE | TRIO_FILE_CREATE, error);
  TrioSocketHandle *ends[2];
  TrioStream *send, *receive;

  if (file == NULL || !trio_socket_pair (TRIO_SOCKET_STREAM, ends, error) || !trio_open_pipe (&send, &receive, error))
    return FALSE;
  if (trio_socket_send_passed (ends[0], "f", 1,
                               (TrioPassed[]) { file_to_pass (file), { .kind = TRIO_PASSED_STREAM, .stream = receive } }, 2, error) != 1)
    return FALSE;
  trio_sim_host_crash (trio_sim_host_get_current (), G_MAXINT64);
  return trio_sleep_forever (error);
}

static gboolean
run_a_host_that_crashes (gpointer data G_GNUC_UNUSED, GError **error)
{
  g_autoptr (TrioNursery) nursery = trio_nursery_open (error);
  TrioSimHost *host = trio_sim_host_new ("db");

  trio_sim_host_start (host, nursery, crash_with_things_under_way, NULL);
  if (!trio_sleep (G_TIME_SPAN_SECOND, error))
    return FALSE;
  trio_nursery_cancel (nursery);
  return trio_nursery_close (nursery, TRUE);
}

static void
test_a_crash_takes_what_is_under_way (void)
{
  net_expect_well (run_a_host_that_crashes, "");
}

/* --- faults and choices --- */

static gboolean
find_no_descriptors (gpointer data G_GNUC_UNUSED, GError **error G_GNUC_UNUSED)
{
  TrioStream *one, *other;
  g_autoptr (GError) refusal = NULL;

  g_assert_false (trio_unix_stream_pair (&one, &other, &refusal));
  g_assert_error (refusal, G_IO_ERROR, G_IO_ERROR_TOO_MANY_OPEN_FILES);
  return TRUE;
}

static void
test_descriptors_may_run_out (void)
{
  net_expect_well (find_no_descriptors, "main fault.emfile 1 = 1/2");
}

/* A naive program takes what is received for what was sent. */
static gboolean
trust_one_receive (gpointer data G_GNUC_UNUSED, GError **error)
{
  g_autoptr (TrioStream) one = NULL;
  g_autoptr (TrioStream) other = NULL;
  char buffer[5];

  if (!trio_unix_stream_pair (&one, &other, error) || !trio_stream_send_all (one, "hello", 5, error))
    return FALSE;
  trio_always (trio_stream_receive_some (other, buffer, 5, error) == 5, "all at once");
  return TRUE;
}

static gboolean
receive_all (gpointer data G_GNUC_UNUSED, GError **error)
{
  g_autoptr (TrioStream) one = NULL;
  g_autoptr (TrioStream) other = NULL;
  gsize received = 0;
  char buffer[5];

  if (!trio_unix_stream_pair (&one, &other, error) || !trio_stream_send_all (one, "hello", 5, error))
    return FALSE;
  while (received < 5)
    {
      gssize n = trio_stream_receive_some (other, buffer + received, 5 - received, error);

      if (n <= 0)
        return FALSE;
      received += (gsize) n;
    }
  return TRUE;
}

static void
test_bytes_may_come_in_parts (void)
{
  g_autoptr (TrioSimReport) naive = sim_run_lines (trust_one_receive, NULL, "main net.receive 1 = 1/3");

  sim_expect (naive, TRIO_SIM_ALWAYS, "all at once");
  net_expect_well (receive_all, "main net.receive 1 = 1/3");
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/unix/a-simulated-run-has-no-descriptors-and-says-so", test_a_simulated_run_has_no_descriptors_and_says_so);
  g_test_add_func ("/unix/a-socket-under-way-goes-on-receiving", test_a_socket_under_way_goes_on_receiving);
  g_test_add_func ("/unix/what-nobody-takes-goes-with-the-mail", test_what_nobody_takes_goes_with_the_mail);
  g_test_add_func ("/unix/a-leak-that-holds-itself-is-found", test_a_leak_that_holds_itself_is_found);
  g_test_add_func ("/unix/a-file-in-the-mail-of-a-leak-goes-with-it", test_a_file_in_the_mail_of_a_leak_goes_with_it);
  g_test_add_func ("/unix/a-file-that-was-received-and-kept-open-is-a-leak", test_a_file_that_was_received_and_kept_open_is_a_leak);
  g_test_add_func ("/unix/there-may-be-no-descriptor-for-what-was-passed", test_there_may_be_no_descriptor_for_what_was_passed);
  g_test_add_func ("/unix/another-may-have-taken-its-descriptor", test_another_may_have_taken_its_descriptor);
  g_test_add_func ("/unix/a-crash-takes-what-is-under-way", test_a_crash_takes_what_is_under_way);
  g_test_add_func ("/unix/descriptors-may-run-out", test_descriptors_may_run_out);
  g_test_add_func ("/unix/bytes-may-come-in-parts", test_bytes_may_come_in_parts);
  return g_test_run ();
}
