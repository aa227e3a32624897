/* SPDX-License-Identifier: MIT OR Apache-2.0 */

/* Each host is a process: signals arrive at one, and what its tasks wait in goes with it. */

#include <string.h>

#include "tests/sim/hosts-test.h"

#define INT  2
#define TERM 15

static const int term[] = { TERM, 0 };

/* A host that serves, and stops when it is told to. */
typedef struct
{
  TrioSimHost *host;
  guint        n_boots;
  guint        n_heard;
  guint        n_unwound;
  gboolean     deaf;
} Server;

static void
note_unwinding (Server **server)
{
  (*server)->n_unwound++;
}

#define WATCHED(server) __attribute__ ((cleanup (note_unwinding))) Server *watched G_GNUC_UNUSED = (server)

static gboolean
serve_until_told (gpointer data, GError **error)
{
  Server *self = data;
  WATCHED (self);
  g_autoptr (TrioSignalReceiver) receiver = NULL;
  int number;

  self->n_boots++;
  if (self->deaf)
    return trio_sleep_forever (error);
  receiver = trio_open_signal_receiver (term, error);
  /* A step before which the tape may be asked. */
  if (receiver == NULL || !trio_checkpoint (error) || !trio_signal_receiver_receive (receiver, &number, error))
    return FALSE;
  self->n_heard++;
  return TRUE;
}

static void
start (Server *self, const char *name, TrioNursery *nursery)
{
  self->host = trio_sim_host_new (name);
  trio_sim_host_start (self->host, nursery, serve_until_told, self);
}

static gboolean
tell_one_of_two (gpointer data G_GNUC_UNUSED, GError **error)
{
  Server first = { 0 }, second = { 0 };
  g_autoptr (TrioNursery) nursery = trio_nursery_open (error);

  start (&first, "first", nursery);
  start (&second, "second", nursery);
  if (!trio_sleep (ms (1), error))
    return FALSE;
  trio_sim_host_raise (first.host, TERM);
  if (!trio_sleep (ms (1), error))
    return FALSE;
  g_assert_cmpuint (first.n_heard, ==, 1);
  g_assert_cmpuint (second.n_heard, ==, 0);

  /* Nothing runs there any more. */
  trio_sim_host_raise (first.host, TERM);
  trio_sim_host_raise (second.host, TERM);
  if (!trio_nursery_close (nursery, TRUE))
    return FALSE;
  g_assert_cmpuint (second.n_heard, ==, 1);
  return TRUE;
}

static void
test_a_signal_arrives_at_one_host (void)
{
  g_autoptr (TrioSimReport) report = sim_run_fifo (tell_one_of_two, NULL);

  sim_expect (report, TRIO_SIM_OK, NULL);
}

/* Who waits for one at a host that crashes is gone, and who comes up in its place is told. */
static gboolean
crash_who_waits (gpointer data G_GNUC_UNUSED, GError **error)
{
  Server server = { 0 };
  g_autoptr (TrioNursery) nursery = trio_nursery_open (error);

  start (&server, "server", nursery);
  for (guint i = 0; i < 3; i++)
    {
      if (!trio_sleep (ms (3), error))
        return FALSE;
      trio_sim_host_crash (server.host, ms (1));
      trio_sim_host_raise (server.host, TERM);
    }
  if (!trio_sleep (ms (2), error))
    return FALSE;
  g_assert_cmpuint (server.n_heard, ==, 0);
  g_assert_cmpuint (server.n_unwound, ==, 0);
  trio_sim_host_raise (server.host, TERM);
  if (!trio_nursery_close (nursery, TRUE))
    return FALSE;
  g_assert_cmpuint (server.n_boots, ==, 4);
  g_assert_cmpuint (server.n_heard, ==, 1);
  g_assert_cmpuint (server.n_unwound, ==, 1);
  return TRUE;
}

static void
test_receivers_go_with_their_host (void)
{
  g_autoptr (TrioSimReport) report = sim_run_fifo (crash_who_waits, NULL);

  sim_expect (report, TRIO_SIM_OK, NULL);
}

/* --- nobody receives it --- */

static gboolean
listen_deaf (gpointer data, GError **error)
{
  Server *self = data;
  WATCHED (self);
  g_autoptr (TrioListener) listener = trio_open_tcp_listener (NULL, 7, error);
  g_autoptr (TrioStream) stream = NULL;
  g_autoptr (TrioFile) file = NULL;

  self->n_boots++;
  if (listener == NULL)
    return FALSE;
  file = trio_file_open ("/log", TRIO_FILE_WRITE | TRIO_FILE_CREATE, error);
  if (file == NULL || !trio_file_write (file, "x", 1, error))
    return FALSE;
  stream = trio_listener_accept (listener, error);
  return stream != NULL && trio_sleep_forever (error);
}

static gboolean
see_who_was_killed (gpointer data, GError **error)
{
  int number = GPOINTER_TO_INT (data);
  Server polite = { 0 }, deaf = { 0 };
  g_autoptr (TrioNursery) nursery = trio_nursery_open (error);
  g_autoptr (TrioStream) stream = NULL;
  char letter;

  start (&polite, "polite", nursery);
  deaf.host = trio_sim_host_new ("deaf");
  trio_sim_host_start (deaf.host, nursery, listen_deaf, &deaf);
  if (!trio_sleep (ms (1), error))
    return FALSE;
  stream = trio_open_tcp_stream ("deaf", 7, error);
  if (stream == NULL)
    return FALSE;
  trio_sim_host_raise (deaf.host, number);

  /* The machine is up: its kernel says that the connection has ended, and that nobody listens. */
  g_assert_cmpint (trio_stream_receive_some (stream, &letter, 1, error), ==, 0);
  g_assert_false (hosts_ask_once ("deaf", seconds (1), error));
  g_clear_error (error);
  g_assert_true (trio_sim_host_is_up (deaf.host));
  g_assert_cmpuint (deaf.n_unwound, ==, 0);
  g_assert_cmpuint (deaf.n_boots, ==, 1);
  trio_sim_host_raise (polite.host, TERM);
  return trio_nursery_close (nursery, TRUE) && trio_stream_close (stream, error);
}

static void
test_a_signal_that_nobody_receives_ends_that_host_s_process (void)
{
  g_autoptr (TrioSimReport) report = sim_run_fifo (see_who_was_killed, GINT_TO_POINTER (TERM));

  sim_expect (report, TRIO_SIM_OK, NULL);
}

/* Nobody can have meant it. */
static void
test_one_that_was_never_received_fails_the_run (void)
{
  g_autoptr (TrioSimReport) report = sim_run_fifo (see_who_was_killed, GINT_TO_POINTER (INT));

  sim_expect (report, TRIO_SIM_ERROR, "deaf killed by signal 2");
}

static gboolean
kill_oneself (gpointer data, GError **error)
{
  guint *n = data;
  g_autoptr (TrioSignalReceiver) receiver = trio_open_signal_receiver (term, error);

  if (receiver == NULL)
    return FALSE;
  trio_signal_receiver_close (receiver);
  ++*n;
  trio_sim_raise (TERM);
  ++*n;
  return TRUE;
}

static gboolean
watch_a_suicide (gpointer data G_GNUC_UNUSED, GError **error)
{
  guint n = 0;
  g_autoptr (TrioNursery) nursery = trio_nursery_open (error);

  trio_sim_host_start (trio_sim_host_new ("lemming"), nursery, kill_oneself, &n);
  if (!trio_nursery_close (nursery, TRUE))
    return FALSE;
  g_assert_cmpuint (n, ==, 1);
  return TRUE;
}

static void
test_who_ends_its_own_process_does_not_go_on (void)
{
  g_autoptr (TrioSimReport) report = sim_run_fifo (watch_a_suicide, NULL);

  sim_expect (report, TRIO_SIM_OK, NULL);
}

/* --- the tape --- */

static gboolean
run_two_servers (gpointer data G_GNUC_UNUSED, GError **error)
{
  Server first = { 0 }, second = { 0 };
  g_autoptr (TrioNursery) nursery = trio_nursery_open (error);

  start (&first, "first", nursery);
  start (&second, "second", nursery);
  if (!trio_sleep (ms (1), error))
    return FALSE;
  trio_always (first.n_heard == 0, "the first is not told");
  trio_always (second.n_heard == 0, "the second is not told");
  trio_sim_host_raise (first.host, TERM);
  trio_sim_host_raise (second.host, TERM);
  return trio_nursery_close (nursery, TRUE);
}

/* The tape is asked of each task about its own process. */
static void
test_a_schedule_says_at_which_host_a_signal_arrives (void)
{
  static const char *const verdicts[] = { "the first is not told", "the second is not told" };
  static const char *const lines[] = { "main/first/main interrupt.signal 1 = 1/2", "main/second/main interrupt.signal 1 = 1/2" };

  for (guint i = 0; i < 2; i++)
    {
      g_autoptr (TrioSimReport) report = sim_run_lines (run_two_servers, NULL, lines[i]);

      sim_expect (report, TRIO_SIM_ALWAYS, verdicts[i]);
    }
}

/* --- pipes --- */

typedef struct
{
  guint n_boots;
  guint n_unwound;
  guint what;
} Plumber;

static void
note_plumber (Plumber **plumber)
{
  (*plumber)->n_unwound++;
}

static gboolean
wait_at_a_pipe (gpointer data, GError **error)
{
  Plumber *self = data;
  __attribute__ ((cleanup (note_plumber))) Plumber *watched G_GNUC_UNUSED = self;
  TrioIo *io = trio_current_io ();
  TrioSocket *ends[2];
  char bytes[1024] = { 0 };

  if (++self->n_boots == 2)
    return TRUE;
  g_assert_cmpint (io->pipe (io, ends), ==, 0);
  if (self->what == 0)
    (void) net_receive (ends[0], bytes, 1);
  else
    for (;;)
      if (io->send (io, ends[1], bytes, sizeof bytes) == -EAGAIN)
        net_await (ends[1], TRIO_IO_WRITE);
  (void) error;
  return FALSE;
}

/* One waits for bytes, the other for room. */
static gboolean
crash_at_a_pipe (gpointer what, GError **error)
{
  Plumber plumber = { .what = GPOINTER_TO_UINT (what) };
  g_autoptr (TrioNursery) nursery = trio_nursery_open (error);
  TrioSimHost *host = trio_sim_host_new ("plumber");

  trio_sim_host_start (host, nursery, wait_at_a_pipe, &plumber);
  if (!trio_sleep (ms (5), error))
    return FALSE;
  trio_sim_host_crash (host, ms (5));
  if (!trio_nursery_close (nursery, TRUE))
    return FALSE;
  g_assert_cmpuint (plumber.n_boots, ==, 2);
  g_assert_cmpuint (plumber.n_unwound, ==, 1);
  return TRUE;
}

static void
test_pipes_go_with_their_host (void)
{
  for (guint what = 0; what < 2; what++)
    {
      g_autoptr (TrioSimReport) report = sim_run_fifo (crash_at_a_pipe, GUINT_TO_POINTER (what));

      sim_expect (report, TRIO_SIM_OK, NULL);
    }
}

#define ADD(name) g_test_add_func ("/sim/host-signals/" #name, test_##name)

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  ADD (a_signal_arrives_at_one_host);
  ADD (receivers_go_with_their_host);
  ADD (a_signal_that_nobody_receives_ends_that_host_s_process);
  ADD (one_that_was_never_received_fails_the_run);
  ADD (who_ends_its_own_process_does_not_go_on);
  ADD (a_schedule_says_at_which_host_a_signal_arrives);
  ADD (pipes_go_with_their_host);
  return g_test_run ();
}
