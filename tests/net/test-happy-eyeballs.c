/* SPDX-License-Identifier: MIT OR Apache-2.0 */

/* Several addresses, some of which answer late, or never, or with a refusal: scenarios in virtual time, to the millisecond. */

#include <errno.h>

#include <gio/gio.h>

#include "tests/core/mock-world.h"
#include "tests/net/script-io.h"

#include <trio/lowlevel/timer.h>

#define NEVER G_MAXINT64
#define seconds(s) ((GTimeSpan) ((s) * G_TIME_SPAN_SECOND))

/* What an attempt at an address comes to: its last byte is the index. */
typedef struct
{
  GTimeSpan takes;
  int       result;         /* 0, or a negative errno */
} Answer;

typedef struct
{
  TrioTimer     timer;
  TrioSocket   *socket;
  const Answer *answer;     /* NULL: no attempt yet */
  gint64        began;
  gboolean      decided;
  gboolean      bound;
} Dial;

typedef struct
{
  ScriptIo       script;
  const Answer  *answers;
  gint64         began[4];  /* by index; -1: no attempt */
  Dial           dials[8];
  guint          n_dials;
  TrioAddress    connected; /* the last address that was connected to */
} Network;

static Network *network;

static Dial *
dial_of (TrioSocket *socket)
{
  for (guint i = 0; i < network->n_dials; i++)
    if (network->dials[i].socket == socket)
      return &network->dials[i];
  return NULL;
}

static void
decide (TrioTimer *timer)
{
  Dial *dial = (Dial *) timer;

  dial->decided = TRUE;
  trio_socket_wake (dial->socket, TRIO_IO_WRITE);
}

static int
network_connect (TrioIo *io G_GNUC_UNUSED, TrioSocket *socket, const TrioAddress *address)
{
  Dial *dial = &network->dials[network->n_dials++];
  guint index = address->bytes[address->family == TRIO_ADDRESS_IPV4 ? 3 : 15];

  *dial = (Dial) { .socket = socket, .answer = &network->answers[index] };
  network->began[index] = trio_current_time ();
  trio_timer_init (&dial->timer, decide);
  if (dial->answer->takes == 0)
    return dial->answer->result;
  if (dial->answer->takes != NEVER)
    trio_timer_arm (&dial->timer, trio_current_time () + dial->answer->takes);
  return -EINPROGRESS;
}

static int
network_connect_result (TrioIo *io G_GNUC_UNUSED, TrioSocket *socket)
{
  Dial *dial = dial_of (socket);

  return dial->decided ? dial->answer->result : -EINPROGRESS;
}

static void
network_close (TrioIo *io, TrioSocket *socket)
{
  Dial *dial = dial_of (socket);

  if (dial != NULL)
    {
      trio_timer_disarm (&dial->timer);
      dial->socket = NULL;
    }
  network->script.n_closed++;
  (void) io;
  g_free (socket);
}

static TrioAddress
address_of (TrioAddressFamily family, guint8 index)
{
  TrioAddress address = { .family = family };

  address.bytes[0] = family == TRIO_ADDRESS_IPV4 ? 10 : 0xfd;
  address.bytes[family == TRIO_ADDRESS_IPV4 ? 3 : 15] = index;
  return address;
}

/* families: one letter an address, '4' or '6'. */
static void
network_init (Network *self, const char *families, const Answer *answers)
{
  *self = (Network) { .answers = answers, .began = { -1, -1, -1, -1 } };
  script_io_init (&self->script);
  self->script.io.connect = network_connect;
  self->script.io.connect_result = network_connect_result;
  self->script.io.close = network_close;
  self->script.n_addresses = (guint) strlen (families);
  for (guint i = 0; families[i] != '\0'; i++)
    self->script.addresses[i] = address_of (families[i] == '6' ? TRIO_ADDRESS_IPV6 : TRIO_ADDRESS_IPV4, (guint8) i);
  network = self;
}

/* How many sockets are open, and that the stream, if there is one, has the only one. */
static void
expect_open (guint n)
{
  g_assert_cmpuint (network->script.n_opened - network->script.n_closed, ==, n);
}

static void
expect_begun (gint64 start, const double *at, guint n)
{
  for (guint i = 0; i < n; i++)
    if (at[i] < 0)
      g_assert_cmpint (network->began[i], ==, -1);
    else
      g_assert_cmpint (network->began[i] - start, ==, seconds (at[i]));
}

static gboolean
dial (gpointer data G_GNUC_UNUSED, GError **error)
{
  g_autoptr (TrioStream) stream = trio_open_tcp_stream ("shop", 80, error);

  expect_open (stream != NULL ? 1 : 0);
  return stream != NULL;
}

/* statements 174, 176 */
static gboolean
fall_through (gpointer data G_GNUC_UNUSED, GError **error)
{
  gint64 start = trio_current_time ();

  if (!dial (NULL, error))
    return FALSE;
  g_assert_cmpint (trio_current_time () - start, ==, seconds (0.7));
  expect_begun (start, (double[]) { 0, 0.25, 0.5 }, 3);
  return TRUE;
}

static void
test_attempts_begin_a_quarter_of_a_second_apart_and_the_first_answer_wins (void)
{
  static const Answer answers[] = { { NEVER, 0 }, { seconds (1), 0 }, { seconds (0.2), 0 } };
  Network self;

  network_init (&self, "444", answers);
  script_run (&self.script, fall_through);
}

/* statement 175 */
static gboolean
hurry (gpointer data G_GNUC_UNUSED, GError **error)
{
  gint64 start = trio_current_time ();

  if (!dial (NULL, error))
    return FALSE;
  expect_begun (start, (double[]) { 0, 0.1, 0.1 }, 3);
  g_assert_cmpint (trio_current_time () - start, ==, seconds (0.3));
  return TRUE;
}

static void
test_an_attempt_that_fails_starts_the_next_at_once (void)
{
  static const Answer answers[] = { { seconds (0.1), -ECONNREFUSED }, { 0, -ENETUNREACH }, { seconds (0.2), 0 } };
  Network self;

  network_init (&self, "444", answers);
  script_run (&self.script, hurry);
}

static gboolean
quick (gpointer data G_GNUC_UNUSED, GError **error)
{
  gint64 start = trio_current_time ();

  if (!dial (NULL, error))
    return FALSE;
  expect_begun (start, (double[]) { 0, -1, -1 }, 3);
  return TRUE;
}

static void
test_an_answer_in_time_leaves_the_others_alone (void)
{
  static const Answer answers[] = { { seconds (0.2), 0 }, { 0, 0 }, { 0, 0 } };
  Network self;

  network_init (&self, "444", answers);
  script_run (&self.script, quick);
}

/* An early attempt may still win when later ones are under way; RFC 8305, section 5. */
static gboolean
late_winner (gpointer data G_GNUC_UNUSED, GError **error)
{
  gint64 start = trio_current_time ();

  if (!dial (NULL, error))
    return FALSE;
  g_assert_cmpint (trio_current_time () - start, ==, seconds (0.6));
  return TRUE;
}

static void
test_the_first_attempt_may_win_last (void)
{
  static const Answer answers[] = { { seconds (0.6), 0 }, { NEVER, 0 }, { NEVER, 0 } };
  Network self;

  network_init (&self, "444", answers);
  script_run (&self.script, late_winner);
}

/* statement 176 */
static gboolean
fail_all (gpointer data G_GNUC_UNUSED, GError **error)
{
  g_autoptr (GError) failure = NULL;
  gint64 start = trio_current_time ();

  (void) error;
  g_assert_false (dial (NULL, &failure));
  g_assert_error (failure, G_IO_ERROR, G_IO_ERROR_CONNECTION_REFUSED);
  mock_assert_says (failure->message, "could not connect to shop:80");
  mock_assert_says (failure->message, "10.0.0.0:80: No route to host");
  mock_assert_says (failure->message, "10.0.0.1:80: Network is unreachable");
  mock_assert_says (failure->message, "10.0.0.2:80: Connection refused");
  g_assert_cmpint (trio_current_time () - start, ==, seconds (0.9));
  return TRUE;
}

static void
test_if_none_answers_all_are_told_and_none_stays_open (void)
{
  static const Answer answers[] = { { seconds (0.9), -EHOSTUNREACH }, { seconds (0.3), -ENETUNREACH }, { seconds (0.1), -ECONNREFUSED } };
  Network self;

  network_init (&self, "444", answers);
  script_run (&self.script, fail_all);
}

/* statements 162, 176 */
static gboolean
give_up (gpointer data G_GNUC_UNUSED, GError **error)
{
  g_autoptr (TrioCancelScope) patience = trio_move_on_after (seconds (0.6), error);
  gboolean ok = dial (NULL, error);

  expect_open (0);
  g_assert_cmpuint (network->n_dials, ==, 3);
  if (!trio_cancel_scope_close (patience, ok))
    return FALSE;
  g_assert_true (trio_cancel_scope_cancelled_caught (patience));
  return TRUE;
}

static void
test_a_cancellation_closes_every_attempt (void)
{
  static const Answer answers[] = { { NEVER, 0 }, { NEVER, 0 }, { NEVER, 0 } };
  Network self;

  network_init (&self, "444", answers);
  script_run (&self.script, give_up);
}

/* statement 176 */
static gboolean
tie (gpointer data G_GNUC_UNUSED, GError **error)
{
  gint64 start = trio_current_time ();

  if (!dial (NULL, error))
    return FALSE;
  g_assert_cmpuint (network->n_dials, ==, 2);
  g_assert_cmpint (trio_current_time () - start, ==, seconds (0.5));
  return TRUE;
}

static void
test_of_two_that_answer_in_one_instant_one_is_closed (void)
{
  static const Answer answers[] = { { seconds (0.5), 0 }, { seconds (0.25), 0 } };
  Network self;

  network_init (&self, "44", answers);
  script_run (&self.script, tie);
}

/* RFC 8305, section 4 */
static gboolean
families (gpointer data G_GNUC_UNUSED, GError **error)
{
  gint64 start = trio_current_time ();

  if (!dial (NULL, error))
    return FALSE;
  expect_begun (start, (double[]) { 0, 0.5, 0.75, 0.25 }, 4);
  return TRUE;
}

static void
test_the_families_take_turns (void)
{
  static const Answer answers[] = { { NEVER, 0 }, { NEVER, 0 }, { seconds (0.1), 0 }, { NEVER, 0 } };
  Network self;

  network_init (&self, "6664", answers);
  script_run (&self.script, families);
}

static gboolean
without_descriptors (gpointer data G_GNUC_UNUSED, GError **error)
{
  g_autoptr (GError) failure = NULL;

  (void) error;
  g_assert_false (dial (NULL, &failure));
  g_assert_error (failure, G_IO_ERROR, G_IO_ERROR_TOO_MANY_OPEN_FILES);
  return TRUE;
}

static void
test_no_descriptors_is_a_failed_attempt (void)
{
  static const Answer answers[] = { { 0, -ECONNREFUSED }, { 0, -ECONNREFUSED } };
  Network self;

  network_init (&self, "44", answers);
  script_add (&self.script.socket, -EMFILE);
  script_add (&self.script.socket, -EMFILE);
  script_run (&self.script, without_descriptors);
}

static gboolean
one_by_one (gpointer data G_GNUC_UNUSED, GError **error)
{
  gint64 start = trio_current_time ();
  const TrioTcpOptions options = { .attempt_delay = G_MAXINT64, .local_address = "10.0.0.77" };
  g_autoptr (TrioStream) stream = trio_open_tcp_stream_with ("shop", 80, &options, error);

  if (stream == NULL)
    return FALSE;
  expect_begun (start, (double[]) { 0, -1, 7 }, 3);
  g_assert_cmpuint (network->script.n_bound, ==, 2);
  g_assert_cmpint (network->script.bound[0].bytes[3], ==, 77);
  return TRUE;
}

/* D13. The IPv6 address is not tried: it cannot be reached from that local address. */
static void
test_options_say_how_long_to_wait_and_where_from (void)
{
  static const Answer answers[] = { { seconds (7), -ECONNREFUSED }, { 0, 0 }, { seconds (1), 0 } };
  Network self;

  network_init (&self, "464", answers);
  script_run (&self.script, one_by_one);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
#define TEST(name) g_test_add_func ("/net/happy-eyeballs/" #name, test_##name)
  TEST (attempts_begin_a_quarter_of_a_second_apart_and_the_first_answer_wins);
  TEST (an_attempt_that_fails_starts_the_next_at_once);
  TEST (an_answer_in_time_leaves_the_others_alone);
  TEST (the_first_attempt_may_win_last);
  TEST (if_none_answers_all_are_told_and_none_stays_open);
  TEST (a_cancellation_closes_every_attempt);
  TEST (of_two_that_answer_in_one_instant_one_is_closed);
  TEST (the_families_take_turns);
  TEST (no_descriptors_is_a_failed_attempt);
  TEST (options_say_how_long_to_wait_and_where_from);
  return g_test_run ();
}
