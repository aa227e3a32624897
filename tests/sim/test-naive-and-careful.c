/* SPDX-License-Identifier: MIT OR Apache-2.0 */

/* What a network may be like without anything being broken, or by what a scenario commands; and memory that is not there. For each a program that is as most
 * are written at first, which does not survive it, and one that does. */

#include "tests/sim/hosts-test.h"

/* --- late --- */

static void
test_who_has_little_patience_and_one_attempt_fails_when_something_is_late (void)
{
  /* Its first question is the look-up of the name, then its attempt to connect, then what it sends. */
  static const char *const lines[] = {
    "main/web/main net.latency 1 = 4/5",
    "main/web/main net.latency 2 = 4/5",
    "main/web/main net.latency 3 = 4/5",
  };

  for (guint i = 0; i < G_N_ELEMENTS (lines); i++)
    {
      hosts_expect_pair (hosts_ask_and_hope, lines[i], TRIO_SIM_ERROR);
      hosts_expect_pair (hosts_ask_again, lines[i], TRIO_SIM_OK);
    }
}

/* --- narrow --- */

static gboolean
exchange_ten (HostsPair *pair, GTimeSpan for_all, GTimeSpan for_each, GError **error)
{
  g_autoptr (TrioCancelScope) patience = NULL;
  g_autoptr (TrioStream) stream = trio_open_tcp_stream ("db", 7, error);

  /* A letter takes 0.2 s. */
  trio_sim_set_link (pair->client_host, pair->server_host, 0, 5);
  if (stream == NULL)
    return FALSE;
  patience = trio_fail_after (for_all, error);
  for (guint i = 0; i < 10; i++)
    {
      g_autoptr (TrioCancelScope) scope = trio_fail_after (for_each, error);

      if (!trio_cancel_scope_close (scope, hosts_exchange (stream, error)))
        return FALSE;
    }
  return trio_cancel_scope_close (patience, trio_stream_close (stream, error));
}

static gboolean
have_patience_for_all_of_it (gpointer data, GError **error)
{
  return exchange_ten (data, seconds (1), seconds (1000), error);
}

static gboolean
have_patience_as_long_as_it_goes_on (gpointer data, GError **error)
{
  return exchange_ten (data, seconds (1000), seconds (1), error);
}

static void
test_on_a_narrow_way_patience_is_for_each_step_and_not_for_all (void)
{
  hosts_expect_pair (have_patience_for_all_of_it, "", TRIO_SIM_ERROR);
  hosts_expect_pair (have_patience_as_long_as_it_goes_on, "", TRIO_SIM_OK);
}

/* --- half open --- */

static gboolean
wait_for_news (TrioStream *stream, GTimeSpan patience, gboolean *came, GError **error)
{
  g_autoptr (TrioCancelScope) scope = trio_move_on_after (patience, error);
  char letter;

  *came = trio_stream_receive_some (stream, &letter, 1, error) > 0;
  return trio_cancel_scope_close (scope, *came);
}

/* The server loses its power, and comes up again without knowing of the connection; the client is told nothing. */
static gboolean
be_forgotten (HostsPair *pair, GTimeSpan patience, GError **error)
{
  g_autoptr (TrioStream) stream = trio_open_tcp_stream ("db", 7, error);
  g_autoptr (GError) failure = NULL;
  gboolean came;

  if (stream == NULL || !hosts_exchange (stream, error))
    return FALSE;
  trio_sim_host_crash (pair->server_host, seconds (1));
  if (!wait_for_news (stream, patience, &came, error))
    return FALSE;
  g_assert_false (came);
  /* Who asks is told. */
  g_assert_false (hosts_exchange (stream, &failure));
  return hosts_ask_once ("db", seconds (1), error);
}

static gboolean
wait_for_ever (gpointer data, GError **error)
{
  return be_forgotten (data, G_MAXINT64, error);
}

static gboolean
ask_now_and_then (gpointer data, GError **error)
{
  return be_forgotten (data, seconds (5), error);
}

static void
test_who_only_waits_is_not_told_that_the_other_end_is_gone (void)
{
  hosts_expect_pair (wait_for_ever, "", TRIO_SIM_DEADLOCK);
  hosts_expect_pair (ask_now_and_then, "", TRIO_SIM_OK);
}

/* --- an end, a reset, silence --- */

typedef enum
{
  GOES_ON,
  ENDS,
  RESETS,
  FALLS_SILENT,
} Manner;

typedef struct
{
  Manner   manner;               /* how the first one is served */
  gboolean careful;
  guint    n_served;
} Story;

/* Four letters, or two and then: what the manner says. */
static gboolean
tell_story (TrioStream *stream, gpointer data, GError **error)
{
  Story *story = data;
  Manner manner = story->n_served++ == 0 ? story->manner : GOES_ON;
  char question[2];

  /* A close with unread bytes is a reset. */
  if (trio_stream_receive_some (stream, question, manner == RESETS ? 1 : 2, error) < 0 || !trio_stream_send_all (stream, "ab", 2, error)
      || !trio_sleep (ms (50), error))
    return FALSE;
  if (manner == FALLS_SILENT)
    return trio_sleep_forever (error);
  if (manner == GOES_ON && !trio_stream_send_all (stream, "cd", 2, error))
    return FALSE;
  return trio_stream_close (stream, error);
}

static gboolean
serve_story (gpointer data, GError **error)
{
  return trio_serve_tcp (tell_story, data, NULL, 7, error);
}

/* Up to the end, whatever that means. */
static gboolean
hear_story (gsize *n_heard, GError **error)
{
  g_autoptr (TrioStream) stream = trio_open_tcp_stream ("bard", 7, error);
  char letters[8];
  gssize n;

  *n_heard = 0;
  if (stream == NULL || !trio_stream_send_all (stream, "?!", 2, error))
    return FALSE;
  while ((n = trio_stream_receive_some (stream, letters, sizeof letters, error)) > 0)
    *n_heard += (gsize) n;
  return n == 0 && trio_stream_close (stream, error);
}

/* It knows how long a story is, and has patience for one. */
static gboolean
hear_story_again_and_again (gsize *n_heard, GError **error)
{
  *n_heard = 0;
  for (guint attempt = 0; attempt < 3 && *n_heard < 4; attempt++)
    {
      g_autoptr (GError) failure = NULL;
      g_autoptr (TrioCancelScope) patience = trio_fail_after (seconds (1), &failure);

      if (!trio_cancel_scope_close (patience, hear_story (n_heard, &failure)) && !trio_checkpoint_if_cancelled (error))
        return FALSE;
    }
  return TRUE;
}

static gboolean
tell_and_hear (gpointer data, GError **error)
{
  Story *story = data;
  g_autoptr (TrioNursery) nursery = trio_nursery_open (error);
  gsize n_heard;

  trio_sim_host_start (trio_sim_host_new ("bard"), nursery, serve_story, story);
  if (!trio_sleep (ms (1), error) || !(story->careful ? hear_story_again_and_again : hear_story) (&n_heard, error))
    return FALSE;
  trio_always (n_heard == 4, "it was the whole story");
  trio_nursery_cancel (nursery);
  return trio_nursery_close (nursery, TRUE);
}

static void
expect_story (Manner manner, gboolean careful, TrioSimVerdict verdict)
{
  Story story = { .manner = manner, .careful = careful };
  g_autoptr (TrioSimReport) report = sim_run_fifo (tell_and_hear, &story);

  if (report->verdict != verdict)
    g_error ("%s, and not %s: %s", trio_sim_verdict_to_string (report->verdict), trio_sim_verdict_to_string (verdict), report->message);
}

static void
test_an_end_is_not_a_reset_and_a_reset_is_not_silence (void)
{
  expect_story (GOES_ON, FALSE, TRIO_SIM_OK);
  expect_story (ENDS, FALSE, TRIO_SIM_ALWAYS);
  expect_story (RESETS, FALSE, TRIO_SIM_ERROR);
  expect_story (FALLS_SILENT, FALSE, TRIO_SIM_DEADLOCK);
}

static void
test_who_knows_how_much_there_is_to_hear_survives_each_of_them (void)
{
  for (Manner manner = GOES_ON; manner <= FALLS_SILENT; manner++)
    expect_story (manner, TRUE, TRIO_SIM_OK);
}

/* --- little room --- */

#define N_LETTERS 64

static gboolean
receive_letters (gpointer stream, GError **error)
{
  char letters[N_LETTERS];
  gssize n = 0;

  for (gsize done = 0; done < N_LETTERS; done += (gsize) n)
    if ((n = trio_stream_receive_some (stream, letters, N_LETTERS - done, error)) <= 0)
      return FALSE;
  return TRUE;
}

/* What comes back has no room as long as nobody receives; and then nobody takes what is sent. */
static gboolean
send_and_then_receive (gpointer data G_GNUC_UNUSED, GError **error)
{
  static const char letters[N_LETTERS];
  g_autoptr (TrioStream) stream = trio_open_tcp_stream ("db", 7, error);

  return stream != NULL && trio_stream_send_all (stream, letters, N_LETTERS, error) && receive_letters (stream, error)
         && trio_stream_close (stream, error);
}

static gboolean
receive_while_sending (gpointer data G_GNUC_UNUSED, GError **error)
{
  static const char letters[N_LETTERS];
  g_autoptr (TrioStream) stream = trio_open_tcp_stream ("db", 7, error);
  g_autoptr (TrioNursery) nursery = trio_nursery_open (error);

  if (stream == NULL)
    return FALSE;
  trio_nursery_start_soon (nursery, receive_letters, stream);
  return trio_nursery_close (nursery, trio_stream_send_all (stream, letters, N_LETTERS, error)) && trio_stream_close (stream, error);
}

static void
test_who_sends_all_before_receiving_hangs_where_there_is_little_room (void)
{
  static const char line[] = "main/web/main net.window 1 = 2/3";

  hosts_expect_pair (send_and_then_receive, "", TRIO_SIM_OK);
  hosts_expect_pair (send_and_then_receive, line, TRIO_SIM_DEADLOCK);
  hosts_expect_pair (receive_while_sending, line, TRIO_SIM_OK);
}

/* --- no ports, no descriptors --- */

static gboolean
occupy_one (gpointer data G_GNUC_UNUSED, GError **error)
{
  g_autoptr (TrioStream) stream = trio_open_tcp_stream ("db", 7, error);

  return stream != NULL && trio_sleep (seconds (1), error) && trio_stream_close (stream, error);
}

static gboolean
ask_beside_another (TrioFunc ask, guint descriptors, guint ports, HostsPair *pair, GError **error)
{
  g_autoptr (TrioNursery) nursery = NULL;

  trio_sim_host_set_limits (pair->client_host, descriptors, ports);
  nursery = trio_nursery_open (error);
  trio_nursery_start_soon (nursery, occupy_one, NULL);
  return trio_nursery_close (nursery, trio_sleep (ms (10), error) && ask (NULL, error));
}

static gboolean
hope_for_a_port (gpointer data, GError **error)
{
  return ask_beside_another (hosts_ask_and_hope, 0, 1, data, error);
}

static gboolean
wait_for_a_port (gpointer data, GError **error)
{
  return ask_beside_another (hosts_ask_again, 0, 1, data, error);
}

static gboolean
hope_for_a_descriptor (gpointer data, GError **error)
{
  return ask_beside_another (hosts_ask_and_hope, 1, 0, data, error);
}

static gboolean
wait_for_a_descriptor (gpointer data, GError **error)
{
  return ask_beside_another (hosts_ask_again, 1, 0, data, error);
}

static void
test_ports_and_descriptors_that_are_all_in_use_are_so_for_a_while (void)
{
  hosts_expect_pair (hope_for_a_port, "", TRIO_SIM_ERROR);
  hosts_expect_pair (wait_for_a_port, "", TRIO_SIM_OK);
  hosts_expect_pair (hope_for_a_descriptor, "", TRIO_SIM_ERROR);
  hosts_expect_pair (wait_for_a_descriptor, "", TRIO_SIM_OK);
}

/* --- no memory for a task --- */

#define N_ORDERS 3

typedef struct
{
  guint n_waiting;
  guint n_delivered;
} Orders;

static gboolean
deliver (gpointer data, GError **error)
{
  if (!trio_sleep (ms (1), error))
    return FALSE;
  ((Orders *) data)->n_delivered++;
  return TRUE;
}

/* The order counts as taken, and whoever was to deliver it is never born. */
static gboolean
take_and_deliver (Orders *orders, GError **error)
{
  g_autoptr (TrioNursery) nursery = trio_nursery_open (error);

  while (orders->n_waiting > 0)
    {
      orders->n_waiting--;
      trio_nursery_start_soon (nursery, deliver, orders);
    }
  return trio_nursery_close (nursery, TRUE);
}

/* It is taken when it is delivered. */
static gboolean
deliver_one (gpointer data, GError **error)
{
  Orders *orders = data;

  if (orders->n_waiting == 0)
    return TRUE;
  orders->n_waiting--;
  if (deliver (data, error))
    return TRUE;
  orders->n_waiting++;
  return FALSE;
}

static gboolean
deliver_and_take (Orders *orders, GError **error)
{
  g_autoptr (TrioNursery) nursery = trio_nursery_open (error);

  for (guint i = orders->n_waiting; i > 0; i--)
    trio_nursery_start_soon (nursery, deliver_one, orders);
  return trio_nursery_close (nursery, TRUE);
}

static gboolean
run_naive_shop (gpointer data G_GNUC_UNUSED, GError **error)
{
  Orders orders = { .n_waiting = N_ORDERS };
  g_autoptr (GError) failure = NULL;

  /* Told to somebody, who goes on with the next ones. */
  if (!take_and_deliver (&orders, &failure) && !take_and_deliver (&orders, error))
    return FALSE;
  trio_always (orders.n_delivered + orders.n_waiting == N_ORDERS, "no order is lost");
  return TRUE;
}

/* What nobody could be found for it does itself. */
static gboolean
run_careful_shop (gpointer data G_GNUC_UNUSED, GError **error)
{
  Orders orders = { .n_waiting = N_ORDERS };
  g_autoptr (GError) failure = NULL;

  if (!deliver_and_take (&orders, &failure))
    while (orders.n_waiting > 0)
      if (!deliver_one (&orders, error))
        return FALSE;
  trio_always (orders.n_delivered == N_ORDERS, "all is delivered");
  return TRUE;
}

static void
test_an_order_that_counts_as_taken_is_lost_with_the_task_that_had_no_memory (void)
{
  g_autoptr (TrioSimReport) plain = sim_run_fifo (run_naive_shop, NULL);

  sim_expect (plain, TRIO_SIM_OK, NULL);
  for (guint i = 1; i <= N_ORDERS; i++)
    {
      g_autofree char *line = g_strdup_printf ("main fault.memory %u = 1/2", i);
      g_autoptr (TrioSimReport) report = sim_run_lines (run_naive_shop, NULL, line);

      sim_expect (report, TRIO_SIM_ALWAYS, "no order is lost");
    }
}

static void
test_an_order_that_is_taken_when_it_is_delivered_waits_for_somebody_else (void)
{
  for (guint i = 1; i <= N_ORDERS; i++)
    {
      g_autofree char *once = g_strdup_printf ("main fault.memory %u = 1/2", i);
      g_autofree char *onwards = g_strdup_printf ("main fault.memory %u = 1/2 onwards", i);
      g_autoptr (TrioSimReport) report = sim_run_lines (run_careful_shop, NULL, once);
      g_autoptr (TrioSimReport) each_time = sim_run_lines (run_careful_shop, NULL, onwards);

      sim_expect (report, TRIO_SIM_OK, NULL);
      g_assert_cmpuint (report->unmatched, ==, 0);
      sim_expect (each_time, TRIO_SIM_OK, NULL);
    }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
#define ADD(name) g_test_add_func ("/sim/naive-and-careful/" #name, test_##name)
  ADD (who_has_little_patience_and_one_attempt_fails_when_something_is_late);
  ADD (on_a_narrow_way_patience_is_for_each_step_and_not_for_all);
  ADD (who_only_waits_is_not_told_that_the_other_end_is_gone);
  ADD (an_end_is_not_a_reset_and_a_reset_is_not_silence);
  ADD (who_knows_how_much_there_is_to_hear_survives_each_of_them);
  ADD (who_sends_all_before_receiving_hangs_where_there_is_little_room);
  ADD (ports_and_descriptors_that_are_all_in_use_are_so_for_a_while);
  ADD (an_order_that_counts_as_taken_is_lost_with_the_task_that_had_no_memory);
  ADD (an_order_that_is_taken_when_it_is_delivered_waits_for_somebody_else);
  return g_test_run ();
}
