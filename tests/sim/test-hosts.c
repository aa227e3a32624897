/* SPDX-License-Identifier: MIT OR Apache-2.0 */

/* Several hosts in one run: who is who, and what is between them. */

#include <string.h>

#include <trio/resolver.h>
#include <trio/thread.h>

#include "tests/sim/hosts-test.h"

/* --- who is who --- */

static gboolean
look_around (gpointer data, GError **error)
{
  HostsPair *pair = data;
  TrioIo *io = trio_current_io ();
  g_autofree TrioAddress *addresses = NULL;
  gsize n;

  g_assert_true (trio_sim_host_get_current () == pair->client_host);
  g_assert_cmpstr (trio_sim_host_get_name (pair->client_host), ==, "web");
  if (!hosts_ask_once ("db", seconds (1), error))
    return FALSE;

  /* Nobody listens here, nor at a name that is nobody's. */
  g_assert_false (hosts_ask_once ("localhost", seconds (1), error));
  g_clear_error (error);
  g_assert_false (hosts_ask_once ("elsewhere", seconds (1), error));
  g_clear_error (error);

  trio_sim_host_add_address (pair->server_host, "192.168.1.7");
  trio_sim_host_add_address (pair->server_host, "fd00::7");
  if (!io->resolve (io, "DB", 7, &addresses, &n, error))
    return FALSE;
  g_assert_cmpuint (n, ==, 3);
  g_assert_cmpint (addresses[0].bytes[0], ==, 10);
  g_assert_cmpint (addresses[1].bytes[0], ==, 192);
  g_assert_cmpint (addresses[2].family, ==, TRIO_ADDRESS_IPV6);
  for (gsize i = 0; i < n; i++)
    {
      g_autofree char *name = trio_look_up_name (&addresses[i], error);

      g_assert_cmpstr (name, ==, "db");
    }
  /* Nobody's. */
  addresses[0].bytes[3] ^= 1;
  g_assert_null (trio_look_up_name (&addresses[0], error));
  g_assert_nonnull (strstr ((*error)->message, "no host at 10."));
  g_clear_error (error);
  return hosts_ask_once ("192.168.1.7", seconds (1), error);
}

static void
test_a_name_is_a_host_and_localhost_is_ones_own (void)
{
  hosts_expect_pair (look_around, "", TRIO_SIM_OK);
}

/* Each is refused at both addresses. */
static gboolean
knock_at_two_doors (gpointer data G_GNUC_UNUSED, GError **error)
{
  TrioSimHost *host = trio_sim_host_new ("db");
  g_autoptr (TrioStream) stream = NULL;
  GError *refusal = NULL;

  trio_sim_host_add_address (host, "192.168.1.7");
  stream = trio_open_tcp_stream ("db", 7, &refusal);
  g_assert_null (stream);
  g_assert_nonnull (refusal);
  if (refusal->domain == TRIO_ERROR)
    {
      g_propagate_error (error, refusal);
      return FALSE;
    }
  g_error_free (refusal);
  return TRUE;
}

static void
test_a_cancellation_anywhere_in_connecting_is_told (void)
{
  for (guint64 seed = 1; seed <= 300; seed++)
    {
      g_autoptr (TrioSimReport) report = sim_run_random (knock_at_two_doors, NULL, seed, TRIO_SIM_INJECT_CANCEL);

      sim_expect (report, TRIO_SIM_OK, NULL);
    }
}

static gboolean
bind_where_one_is (gpointer data, GError **error)
{
  TrioIo *io = trio_current_io ();
  TrioSocket *socket = net_socket (TRIO_ADDRESS_IPV4);
  g_autofree TrioAddress *own = NULL, *others = NULL;
  gsize n;

  (void) data;
  if (!io->resolve (io, "web", 7, &own, &n, error) || !io->resolve (io, "db", 7, &others, &n, error))
    return FALSE;
  g_assert_cmpint (io->bind (io, socket, &others[0]), ==, -EADDRNOTAVAIL);
  g_assert_cmpint (io->bind (io, socket, &own[0]), ==, 0);
  net_close (socket);
  return TRUE;
}

static void
test_one_listens_at_ones_own_addresses_only (void)
{
  hosts_expect_pair (bind_where_one_is, "", TRIO_SIM_OK);
}

static gboolean
serve_at_any_address (gpointer data, GError **error)
{
  (void) data;
  for (guint i = 0; i < 2; i++)
    {
      g_autoptr (TrioListener) listener = trio_open_tcp_listener (NULL, 7, error);
      g_autoptr (TrioStream) stream = listener != NULL ? trio_listener_accept (listener, error) : NULL;

      if (stream == NULL)
        return FALSE;
    }
  return TRUE;
}

static gboolean
find_it_at_each_address (gpointer data, GError **error)
{
  TrioSimHost *host = trio_sim_host_new ("both");
  g_autoptr (TrioNursery) nursery = trio_nursery_open (error);
  static const char *const names[] = { "10.7.7.7", "fd00::9" };

  (void) data;
  for (guint i = 0; i < G_N_ELEMENTS (names); i++)
    trio_sim_host_add_address (host, names[i]);
  trio_sim_host_start (host, nursery, serve_at_any_address, NULL);
  for (guint i = 0; i < G_N_ELEMENTS (names); i++)
    {
      g_autoptr (TrioStream) stream = NULL;

      if (!trio_sleep (seconds (1), error))
        return FALSE;
      stream = trio_open_tcp_stream (names[i], 7, error);
      if (stream == NULL)
        return FALSE;
    }
  return trio_nursery_close (nursery, TRUE);
}

static void
test_any_address_is_that_of_each_family (void)
{
  hosts_expect_pair (find_it_at_each_address, "", TRIO_SIM_OK);
}

static gboolean
ask_for_nonsense (gpointer data, GError **error)
{
  HostsPair *pair = data;

  (void) error;
  g_test_expect_message (G_LOG_DOMAIN, G_LOG_LEVEL_CRITICAL, "trio_sim_host_new: *localhost*");
  g_assert_null (trio_sim_host_new ("localhost"));
  for (guint i = 0; i < 2; i++)
    g_test_expect_message (G_LOG_DOMAIN, G_LOG_LEVEL_CRITICAL, "trio_sim_partition_one_way: *span >= 0*");
  trio_sim_partition (pair->client_host, pair->server_host, -1);
  g_test_expect_message (G_LOG_DOMAIN, G_LOG_LEVEL_CRITICAL, "trio_sim_clog: *span >= 0*");
  trio_sim_clog (pair->client_host, pair->server_host, -1);
  g_test_assert_expected_messages ();
  return TRUE;
}

static void
test_nonsense_is_refused (void)
{
  hosts_expect_pair (ask_for_nonsense, "", TRIO_SIM_OK);
}

/* --- what is between them --- */

static gboolean
go_through_a_partition (gpointer data, GError **error)
{
  HostsPair *pair = data;
  g_autoptr (TrioStream) stream = trio_open_tcp_stream ("db", 7, error);
  gint64 start = trio_current_time ();

  if (stream == NULL)
    return FALSE;
  trio_sim_partition (pair->client_host, pair->server_host, seconds (10));
  if (!hosts_exchange (stream, error))
    return FALSE;
  /* Sent again after 0.2, 0.6, 1.4, 3, 6.2 and 12.6 s. */
  g_assert_cmpint ((trio_current_time () - start) / ms (100), ==, 126);
  return trio_stream_close (stream, error);
}

static void
test_what_is_sent_into_a_partition_arrives_when_it_is_over (void)
{
  hosts_expect_pair (go_through_a_partition, "", TRIO_SIM_OK);
}

static gboolean
be_parted_for_ever (gpointer data, GError **error)
{
  HostsPair *pair = data;
  g_autoptr (TrioStream) stream = trio_open_tcp_stream ("db", 7, error);
  gint64 start = trio_current_time ();

  if (stream == NULL)
    return FALSE;
  trio_sim_partition_off (pair->server_host, G_MAXINT64);
  g_assert_false (hosts_exchange (stream, error));
  g_assert_error (*error, TRIO_ERROR, TRIO_ERROR_BROKEN_RESOURCE);
  g_clear_error (error);
  g_assert_cmpint ((trio_current_time () - start) / seconds (1), ==, 924);

  start = trio_current_time ();
  g_assert_false (hosts_ask_once ("db", G_MAXINT64, error));
  g_clear_error (error);
  g_assert_cmpint ((trio_current_time () - start) / seconds (1), ==, 127);

  trio_sim_partition_heal_all ();
  return hosts_ask_once ("db", seconds (1), error) && trio_stream_close (stream, error);
}

static void
test_a_partition_that_stays_times_out (void)
{
  hosts_expect_pair (be_parted_for_ever, "", TRIO_SIM_OK);
}

static gboolean
hear_nothing (gpointer data, GError **error)
{
  HostsPair *pair = data;
  g_autoptr (TrioStream) stream = trio_open_tcp_stream ("db", 7, error);
  g_autoptr (TrioCancelScope) scope = NULL;
  char letter = 'a';

  if (stream == NULL)
    return FALSE;
  trio_sim_partition_one_way (pair->server_host, pair->client_host, G_MAXINT64);
  if (!trio_stream_send_all (stream, &letter, 1, error))
    return FALSE;
  scope = trio_move_on_after (seconds (5), error);
  if (!trio_cancel_scope_close (scope, trio_stream_receive_some (stream, &letter, 1, error) == 1))
    return FALSE;
  g_assert_true (trio_cancel_scope_cancelled_caught (scope));

  /* The other direction is open: what the server answered is on its way since. */
  trio_sim_partition_heal (pair->server_host, pair->client_host);
  return trio_stream_receive_some (stream, &letter, 1, error) == 1 && trio_stream_close (stream, error);
}

static void
test_a_partition_may_be_one_way (void)
{
  hosts_expect_pair (hear_nothing, "", TRIO_SIM_OK);
}

static gboolean
measure_the_way (gpointer data, GError **error)
{
  HostsPair *pair = data;
  g_autoptr (TrioStream) stream = trio_open_tcp_stream ("db", 7, error);
  gint64 start = trio_current_time ();

  if (stream == NULL)
    return FALSE;
  trio_sim_set_link (pair->client_host, pair->server_host, ms (30), 10);
  if (!hosts_exchange (stream, error))
    return FALSE;
  /* 0.1 ms are the network's own; a byte keeps the way busy for 100 ms. */
  g_assert_cmpint (trio_current_time () - start, ==, ms (100) + ms (30) + 2 * 100);

  start = trio_current_time ();
  trio_sim_clog (pair->server_host, pair->client_host, seconds (2));
  if (!hosts_exchange (stream, error))
    return FALSE;
  g_assert_cmpint (trio_current_time () - start, ==, seconds (2));
  return trio_stream_close (stream, error);
}

static void
test_a_way_may_be_long_and_narrow_and_clogged (void)
{
  hosts_expect_pair (measure_the_way, "", TRIO_SIM_OK);
}

/* --- limits --- */

static gboolean
run_out (gpointer data, GError **error)
{
  HostsPair *pair = data;
  TrioIo *io = trio_current_io ();
  TrioSocket *sockets[3], *one_more;
  g_autofree TrioAddress *address = NULL;
  gsize n;

  if (!io->resolve (io, "db", 7, &address, &n, error))
    return FALSE;
  trio_sim_host_set_limits (pair->client_host, 3, 2);
  for (guint i = 0; i < 3; i++)
    sockets[i] = net_socket (TRIO_ADDRESS_IPV4);
  g_assert_cmpint (io->socket (io, TRIO_ADDRESS_IPV4, TRIO_SOCKET_STREAM, &one_more), ==, -EMFILE);

  g_assert_cmpint (net_connect (sockets[0], address), ==, 0);
  g_assert_cmpint (net_connect (sockets[1], address), ==, 0);
  g_assert_cmpint (net_connect (sockets[2], address), ==, -EADDRNOTAVAIL);
  for (guint i = 0; i < 3; i++)
    net_close (sockets[i]);
  return hosts_ask_once ("db", seconds (1), error);
}

static void
test_descriptors_and_ports_may_run_out (void)
{
  hosts_expect_pair (run_out, "", TRIO_SIM_OK);
}

/* --- what the tape may do, to a program that hopes and to one that is prepared --- */

static void
test_what_the_tape_does_to_the_network_is_survived_by_who_tries_again (void)
{
  static const char *const lines[] = {
    /* The client's first question is its connect, the second what it sends. */
    "main/web/main fault.net.partition 1 = 1/8",
    "main/web/main fault.net.partition 1 = 2/8",
    "main/web/main fault.net.partition 2 = 3/8",
    "main/web/main fault.net.partition 2 = 4/8",
    "main/web/main fault.net.partition 1 = 5/8",
    "main/web/main fault.net.partition 1 = 6/8",
    "main/web/main fault.net.partition 2 = 7/8",
    "main/web/main fault.net.clog 1 = 2/4",
    "main/web/main fault.net.clog 2 = 3/4",
    "main/web/main fault.net.loss 1 = 2/4",
    "main/web/main fault.net.loss 1 = 3/4",
  };

  for (guint i = 0; i < G_N_ELEMENTS (lines); i++)
    {
      hosts_expect_pair (hosts_ask_and_hope, lines[i], TRIO_SIM_ERROR);
      hosts_expect_pair (hosts_ask_again, lines[i], TRIO_SIM_OK);
    }
}

static void
test_what_fails_once_is_survived_by_who_tries_again (void)
{
  static const char *const lines[] = {
    "main/web/main fault.refuse 1 = 1/2", "main/web/main fault.vanish 1 = 1/2", "main/web/main fault.vanish 2 = 1/2",
    "main/web/main fault.reset 1 = 1/2",  "main/web/main fault.emfile 1 = 1/2", "main/web/main fault.resolve 1 = 1/2",
  };

  for (guint i = 0; i < G_N_ELEMENTS (lines); i++)
    {
      hosts_expect_pair (hosts_ask_and_hope, lines[i], TRIO_SIM_ERROR);
      hosts_expect_pair (hosts_ask_again, lines[i], TRIO_SIM_OK);
    }
}

/* A resolver of the client's own: every name is the server's. */
typedef struct
{
  TrioResolver resolver;
  TrioAddress  address;
  guint        n_asked;
} Phonebook;

static gboolean
find_in_phonebook (TrioResolver *resolver, const char *host G_GNUC_UNUSED, guint16 port, TrioAddress **addresses, gsize *n_addresses, GError **error)
{
  Phonebook *book = (Phonebook *) resolver;

  book->n_asked++;
  if (!trio_checkpoint (error))
    return FALSE;
  *addresses = g_memdup2 (&book->address, sizeof book->address);
  (*addresses)->port = port;
  *n_addresses = 1;
  return TRUE;
}

static char *
find_name_in_phonebook (TrioResolver *resolver, const TrioAddress *address, GError **error)
{
  Phonebook *book = (Phonebook *) resolver;

  book->n_asked++;
  if (!trio_checkpoint (error))
    return NULL;
  return g_strdup (memcmp (address->bytes, book->address.bytes, 4) == 0 ? "shop.example" : "somebody.else");
}

static void
free_phonebook (TrioResolver *resolver)
{
  g_free (resolver);
}

/* Its first look-up is the world's. */
static Phonebook *
use_phonebook (GError **error)
{
  Phonebook *book = g_new0 (Phonebook, 1);
  g_autofree TrioAddress *addresses = NULL;
  gsize n;

  book->resolver = (TrioResolver) { find_in_phonebook, free_phonebook, find_name_in_phonebook };
  if (!trio_resolve ("db", 7, &addresses, &n, error))
    g_error ("there is no db");
  book->address = addresses[0];
  trio_set_resolver (&book->resolver);
  return book;
}

/* Another host has none. */
static gboolean
look_elsewhere (gpointer data, GError **error)
{
  g_autofree char *name = trio_look_up_name (&((Phonebook *) data)->address, error);

  g_assert_cmpstr (name, ==, "db");
  return TRUE;
}

static gboolean
look_into_phonebook (gpointer data G_GNUC_UNUSED, GError **error)
{
  Phonebook *book = use_phonebook (error);
  g_autofree char *name = trio_look_up_name (&book->address, error);

  g_assert_cmpstr (name, ==, "shop.example");
  if (!hosts_ask_once ("whoever", seconds (1), error))
    return FALSE;
  g_assert_cmpuint (book->n_asked, ==, 2);
  {
    g_autoptr (TrioNursery) nursery = trio_nursery_open (error);

    trio_sim_host_start (trio_sim_host_new ("stranger"), nursery, look_elsewhere, book);
    if (!trio_nursery_close (nursery, TRUE))
      return FALSE;
  }
  g_assert_cmpuint (book->n_asked, ==, 2);
  return TRUE;
}

static gboolean
hope_in_phonebook (gpointer data, GError **error)
{
  return use_phonebook (error) != NULL && hosts_ask_and_hope (data, error);
}

static gboolean
look_again_into_phonebook (gpointer data, GError **error)
{
  return use_phonebook (error) != NULL && hosts_ask_again (data, error);
}

static gboolean
name_it (gpointer data G_GNUC_UNUSED, GError **error)
{
  Phonebook *book = use_phonebook (error);
  g_autofree char *name = trio_look_up_name (&book->address, error);

  return name != NULL;
}

static void
test_a_resolver_of_one_s_own_is_a_host_s_and_is_asked_both_ways (void)
{
  hosts_expect_pair (look_into_phonebook, "", TRIO_SIM_OK);
}

/* As the world's names: the first is for its address, the second for the connection. */
static void
test_a_resolver_of_one_s_own_may_fail_or_be_slow_like_the_world_s (void)
{
  static const char *const lines[] = { "main/web/main fault.resolve 2 = 1/2", "main/web/main net.latency 2 = 4/5" };

  for (guint i = 0; i < G_N_ELEMENTS (lines); i++)
    {
      hosts_expect_pair (hope_in_phonebook, lines[i], TRIO_SIM_ERROR);
      hosts_expect_pair (look_again_into_phonebook, lines[i], TRIO_SIM_OK);
    }
  hosts_expect_pair (name_it, lines[0], TRIO_SIM_ERROR);
  hosts_expect_pair (name_it, lines[1], TRIO_SIM_OK);
}

static gboolean
count_one (gpointer data, GError **error G_GNUC_UNUSED)
{
  ++*(guint *) data;
  return TRUE;
}

static gboolean
count_in_a_thread (gpointer data G_GNUC_UNUSED, GError **error)
{
  guint n = 0;

  return trio_to_thread_run_sync (count_one, &n, error);
}

/* What is short enough is done by the task itself, if there is no thread. */
static gboolean
count_somewhere (gpointer data G_GNUC_UNUSED, GError **error)
{
  g_autoptr (GError) failure = NULL;
  guint n = 0;

  if (!trio_to_thread_run_sync (count_one, &n, &failure) && n == 0 && !count_one (&n, error))
    return FALSE;
  g_assert_cmpuint (n, ==, 1);
  return TRUE;
}

static void
test_who_gets_no_thread_may_do_without (void)
{
  static const char line[] = "main fault.thread 1 = 1/2";
  g_autoptr (TrioSimReport) naive = sim_run_lines (count_in_a_thread, NULL, line);
  g_autoptr (TrioSimReport) careful = sim_run_lines (count_somewhere, NULL, line);

  g_assert_cmpint (naive->verdict, ==, TRIO_SIM_ERROR);
  sim_expect (careful, TRIO_SIM_OK, NULL);
  g_assert_cmpuint (careful->unmatched, ==, 0);
}

static void
test_all_of_it_at_random_is_survived_by_who_tries_again (void)
{
  guint n_failed = 0;

  for (guint seed = 1; seed <= 300; seed++)
    {
      g_autoptr (TrioSimReport) naive = sim_run_random (hosts_run_pair, (gpointer) (gsize) hosts_ask_and_hope, seed, TRIO_SIM_INJECT_FAULT);
      g_autoptr (TrioSimReport) careful = sim_run_random (hosts_run_pair, (gpointer) (gsize) hosts_ask_again, seed, TRIO_SIM_INJECT_FAULT);

      n_failed += naive->verdict != TRIO_SIM_OK;
      if (careful->verdict != TRIO_SIM_OK && careful->verdict != TRIO_SIM_ERROR)
        g_error ("seed %u: %s", seed, careful->message);
    }
  g_assert_cmpuint (n_failed, >, 20);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
#define ADD(name) g_test_add_func ("/hosts/" #name, test_##name)
  ADD (a_name_is_a_host_and_localhost_is_ones_own);
  ADD (a_cancellation_anywhere_in_connecting_is_told);
  ADD (one_listens_at_ones_own_addresses_only);
  ADD (any_address_is_that_of_each_family);
  ADD (nonsense_is_refused);
  ADD (what_is_sent_into_a_partition_arrives_when_it_is_over);
  ADD (a_partition_that_stays_times_out);
  ADD (a_partition_may_be_one_way);
  ADD (a_way_may_be_long_and_narrow_and_clogged);
  ADD (descriptors_and_ports_may_run_out);
  ADD (what_the_tape_does_to_the_network_is_survived_by_who_tries_again);
  ADD (what_fails_once_is_survived_by_who_tries_again);
  ADD (a_resolver_of_one_s_own_is_a_host_s_and_is_asked_both_ways);
  ADD (a_resolver_of_one_s_own_may_fail_or_be_slow_like_the_world_s);
  ADD (who_gets_no_thread_may_do_without);
  ADD (all_of_it_at_random_is_survived_by_who_tries_again);
  return g_test_run ();
}
