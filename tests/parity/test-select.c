/* SPDX-License-Identifier: MIT OR Apache-2.0 */

/* Connections and sockets in a select, in both worlds: who loses has accepted nobody and received nothing. */

#include <gio/gio.h>
#include <trio/lowlevel/socket.h>

#include "tests/parity/parity.h"

#define MILLISECOND G_TIME_SPAN_MILLISECOND

typedef struct
{
  TrioListener *listener;
  TrioEvent    *event;
  GTimeSpan     pause;
  GError       *failure;
  gsize         chosen;
} Meeting;

static void
meeting_clear (Meeting *self)
{
  g_clear_pointer (&self->listener, trio_listener_free);
  g_clear_pointer (&self->event, trio_event_free);
  g_clear_error (&self->failure);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Meeting, meeting_clear)

static gboolean
meeting_make (Meeting *self, GError **error)
{
  self->event = trio_event_new ();
  self->listener = parity_listen (error);
  return self->listener != NULL;
}

/* Connects and says "hello", and is answered. */
static gboolean
call (gpointer data, GError **error)
{
  Meeting *self = data;
  g_autoptr (TrioStream) stream = NULL;
  char buffer[2];

  if (!trio_sleep (self->pause, error))
    return FALSE;
  stream = trio_open_tcp_stream ("127.0.0.1", trio_listener_get_port (self->listener), error);
  return stream != NULL && trio_stream_send_all (stream, "hello", 5, error) && parity_receive_exactly (stream, buffer, 2, error);
}

static gboolean
answer (TrioStream *stream, GError **error)
{
  char buffer[5];

  return parity_receive_exactly (stream, buffer, 5, error) && trio_stream_send_all (stream, "hi", 2, error);
}

static gboolean
set_event (gpointer data, GError **error)
{
  Meeting *self = data;

  if (!trio_sleep (self->pause, error))
    return FALSE;
  trio_event_set (self->event);
  return TRUE;
}

/* --- a connection --- */

static gboolean
take_who_comes (GTimeSpan pause, GTimeSpan before, GError **error)
{
  g_auto (Meeting) it = { .pause = pause };
  g_autoptr (TrioStream) stream = NULL;
  g_autoptr (TrioNursery) nursery = NULL;
  gsize chosen;

  if (!meeting_make (&it, error))
    return FALSE;
  nursery = trio_nursery_open (error);
  trio_nursery_start_soon (nursery, call, &it);
  if (!trio_sleep (before, error)
      || !trio_select ((TrioSelectCase[]) { trio_case_event (it.event), trio_case_accept (it.listener, &stream),
                                            trio_case_accept (NULL, &stream) },
                       3, &chosen, error))
    return FALSE;
  g_assert_cmpuint (chosen, ==, 1);
  return answer (stream, error) && trio_nursery_close (nursery, TRUE);
}

static gboolean
test_a_select_accepts_who_comes (gpointer data G_GNUC_UNUSED, GError **error)
{
  return take_who_comes (2 * MILLISECOND, 0, error);
}

static gboolean
test_a_select_accepts_who_is_there (gpointer data G_GNUC_UNUSED, GError **error)
{
  return take_who_comes (0, 5 * MILLISECOND, error);
}

/* Without waiting. */
static gboolean
test_a_select_that_does_not_wait_accepts (gpointer data G_GNUC_UNUSED, GError **error)
{
  g_auto (Meeting) it = { .pause = 0 };
  g_autoptr (TrioStream) stream = NULL;
  g_autoptr (TrioNursery) nursery = NULL;
  GError *failure = NULL;
  TrioSelectCase one;
  gsize chosen;

  if (!meeting_make (&it, error))
    return FALSE;
  one = trio_case_accept (it.listener, &stream);
  g_assert_false (trio_select_nowait (&one, 1, &chosen, &failure));
  parity_expect_error (failure, TRIO_ERROR, TRIO_ERROR_WOULD_BLOCK);
  g_assert_cmpuint (chosen, ==, G_MAXSIZE);
  nursery = trio_nursery_open (error);
  trio_nursery_start_soon (nursery, call, &it);
  while (!trio_select_nowait (&one, 1, &chosen, &failure))
    {
      parity_expect_error (failure, TRIO_ERROR, TRIO_ERROR_WOULD_BLOCK);
      if (!trio_sleep (MILLISECOND, error))
        return FALSE;
    }
  return answer (stream, error) && trio_nursery_close (nursery, TRUE);
}

/* It was chosen, not the connection that came at the same time or later: that waits for the next. */
static gboolean
test_who_loses_has_accepted_nobody (gpointer data G_GNUC_UNUSED, GError **error)
{
  g_auto (Meeting) it = { .pause = 2 * MILLISECOND };
  g_autoptr (TrioNursery) nursery = NULL;
  g_autoptr (TrioStream) stream = NULL;
  gsize chosen;

  if (!meeting_make (&it, error))
    return FALSE;
  nursery = trio_nursery_open (error);
  trio_nursery_start_soon (nursery, set_event, &it);
  trio_nursery_start_soon (nursery, call, &it);
  if (!trio_select ((TrioSelectCase[]) { trio_case_event (it.event), trio_case_accept (it.listener, &stream) }, 2, &chosen, error))
    return FALSE;
  g_assert_true ((chosen == 1) == (stream != NULL));
  if (stream == NULL)
    stream = trio_listener_accept (it.listener, error);
  return stream != NULL && answer (stream, error) && trio_nursery_close (nursery, TRUE);
}

static gboolean
test_a_cancelled_select_has_accepted_nobody (gpointer data G_GNUC_UNUSED, GError **error)
{
  g_auto (Meeting) it = { .pause = 0 };
  g_autoptr (TrioNursery) nursery = NULL;
  g_autoptr (TrioCancelScope) patience = NULL;
  g_autoptr (TrioStream) stream = NULL;
  TrioSelectCase one;
  gsize chosen;

  if (!meeting_make (&it, error))
    return FALSE;
  one = trio_case_accept (it.listener, &stream);
  patience = trio_move_on_after (2 * MILLISECOND, error);
  if (!trio_cancel_scope_close (patience, trio_select (&one, 1, &chosen, error)))
    return FALSE;
  g_assert_cmpuint (chosen, ==, G_MAXSIZE);
  g_assert_null (stream);
  nursery = trio_nursery_open (error);
  trio_nursery_start_soon (nursery, call, &it);
  stream = trio_listener_accept (it.listener, error);
  return stream != NULL && answer (stream, error) && trio_nursery_close (nursery, TRUE);
}

static gboolean
select_and_fail (gpointer data, GError **error G_GNUC_UNUSED)
{
  Meeting *self = data;
  TrioStream *stream = NULL;
  const TrioSelectCase cases[] = { trio_case_event (self->event), trio_case_accept (self->listener, &stream) };

  g_assert_false (trio_select (cases, 2, &self->chosen, &self->failure));
  g_assert_null (stream);
  return TRUE;
}

static gboolean
test_closing_the_listener_ends_the_select (gpointer data G_GNUC_UNUSED, GError **error)
{
  g_auto (Meeting) it = { .pause = 0 };
  g_autoptr (TrioNursery) nursery = NULL;

  if (!meeting_make (&it, error))
    return FALSE;
  nursery = trio_nursery_open (error);
  trio_nursery_start_soon (nursery, select_and_fail, &it);
  if (!trio_sleep (2 * MILLISECOND, error))
    return FALSE;
  trio_listener_close (it.listener);
  if (!trio_nursery_close (nursery, TRUE))
    return FALSE;
  g_assert_cmpuint (it.chosen, ==, 1);
  parity_expect_error (it.failure, TRIO_ERROR, TRIO_ERROR_CLOSED_RESOURCE);
  /* And one that is closed already is ready to say so. */
  return select_and_fail (&it, error);
}

static gboolean
test_a_select_is_one_who_accepts (gpointer data G_GNUC_UNUSED, GError **error)
{
  g_auto (Meeting) it = { .pause = 4 * MILLISECOND };
  g_autoptr (TrioNursery) nursery = NULL;
  g_autoptr (TrioStream) stream = NULL;
  gsize chosen;

  if (!meeting_make (&it, error))
    return FALSE;
  nursery = trio_nursery_open (error);
  trio_nursery_start_soon (nursery, set_event, &it);
  trio_nursery_start_soon (nursery, select_and_fail, &it);
  if (!trio_select ((TrioSelectCase[]) { trio_case_event (it.event), trio_case_accept (it.listener, &stream) }, 2, &chosen, error)
      || !trio_nursery_close (nursery, TRUE))
    return FALSE;
  g_assert_cmpuint (chosen, ==, 0);
  g_assert_cmpuint (it.chosen, ==, 1);
  parity_expect_error (it.failure, TRIO_ERROR, TRIO_ERROR_BUSY_RESOURCE);
  return TRUE;
}

/* Whichever of the two it is. */
static gboolean
test_a_listener_may_be_in_a_select_twice (gpointer data G_GNUC_UNUSED, GError **error)
{
  g_auto (Meeting) it = { .pause = 2 * MILLISECOND };
  g_autoptr (TrioNursery) nursery = NULL;
  g_autoptr (TrioStream) one = NULL;
  g_autoptr (TrioStream) other = NULL;
  gsize chosen;

  if (!meeting_make (&it, error))
    return FALSE;
  nursery = trio_nursery_open (error);
  trio_nursery_start_soon (nursery, call, &it);
  if (!trio_select ((TrioSelectCase[]) { trio_case_accept (it.listener, &one), trio_case_accept (it.listener, &other) }, 2, &chosen, error))
    return FALSE;
  g_assert_true ((one == NULL) != (other == NULL));
  return answer (one != NULL ? one : other, error) && trio_nursery_close (nursery, TRUE);
}

/* --- something to receive --- */

static gboolean
send_later (gpointer data, GError **error)
{
  return trio_sleep (2 * MILLISECOND, error) && trio_socket_send_all (data, "x", 1, error);
}

static gboolean
test_a_select_sees_what_can_be_received (gpointer data G_GNUC_UNUSED, GError **error)
{
  TrioSocketHandle *ends[2];
  g_autoptr (TrioSocketHandle) here = NULL;
  g_autoptr (TrioSocketHandle) there = NULL;
  g_autoptr (TrioNursery) nursery = NULL;
  GError *failure = NULL;
  gsize chosen;
  char byte;

  if (!trio_socket_pair (TRIO_SOCKET_STREAM, ends, error))
    return FALSE;
  here = ends[0];
  there = ends[1];

  /* Time passes, and nothing comes. */
  if (!trio_select ((TrioSelectCase[]) { trio_case_readable (here), trio_case_after (MILLISECOND), trio_case_readable (NULL) }, 3, &chosen,
                    error))
    return FALSE;
  g_assert_cmpuint (chosen, ==, 1);

  nursery = trio_nursery_open (error);
  trio_nursery_start_soon (nursery, send_later, there);
  for (guint i = 0; i < 2; i++)
    {
      const TrioSelectCase one = trio_case_readable (here);

      /* It stays there. */
      if (!trio_select (&one, 1, &chosen, error))
        return FALSE;
    }
  g_assert_cmpint (trio_socket_receive (here, &byte, 1, error), ==, 1);
  if (!trio_nursery_close (nursery, TRUE))
    return FALSE;

  /* The end is something to receive, too; and what is closed can only fail. */
  trio_socket_close (there);
  if (!trio_select ((TrioSelectCase[]) { trio_case_readable (here) }, 1, &chosen, error))
    return FALSE;
  trio_socket_close (here);
  g_assert_false (trio_select ((TrioSelectCase[]) { trio_case_readable (here) }, 1, &chosen, &failure));
  parity_expect_error (failure, TRIO_ERROR, TRIO_ERROR_CLOSED_RESOURCE);
  g_assert_cmpuint (chosen, ==, 0);
  return TRUE;
}

/* Of a stream it is its socket that is looked at. */
static gboolean
test_two_streams_are_read_as_they_come (gpointer data G_GNUC_UNUSED, GError **error)
{
  TrioStream *send[2], *receive[2];
  guint n_received[2] = { 0 };

  for (guint i = 0; i < 2; i++)
    if (!trio_open_pipe (&send[i], &receive[i], error))
      return FALSE;
  for (guint i = 0; i < 6; i++)
    {
      gsize chosen, which = i % 3 == 0;
      char byte;

      if (!trio_stream_send_all (send[which], "x", 1, error)
          || !trio_select ((TrioSelectCase[]) { trio_case_readable (trio_stream_get_socket (receive[0])),
                                                trio_case_readable (trio_stream_get_socket (receive[1])) },
                           2, &chosen, error))
        return FALSE;
      g_assert_cmpuint (chosen, ==, which);
      g_assert_cmpint (trio_stream_receive_some (receive[chosen], &byte, 1, error), ==, 1);
      n_received[chosen]++;
    }
  g_assert_cmpuint (n_received[0], ==, 4);
  g_assert_cmpuint (n_received[1], ==, 2);
  for (guint i = 0; i < 2; i++)
    {
      trio_stream_free (send[i]);
      trio_stream_free (receive[i]);
    }
  return TRUE;
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  PARITY_TEST ("/select/a-select-accepts-who-comes", test_a_select_accepts_who_comes);
  PARITY_TEST ("/select/a-select-accepts-who-is-there", test_a_select_accepts_who_is_there);
  PARITY_TEST ("/select/a-select-that-does-not-wait-accepts", test_a_select_that_does_not_wait_accepts);
  PARITY_TEST ("/select/who-loses-has-accepted-nobody", test_who_loses_has_accepted_nobody);
  PARITY_TEST ("/select/a-cancelled-select-has-accepted-nobody", test_a_cancelled_select_has_accepted_nobody);
  PARITY_TEST ("/select/closing-the-listener-ends-the-select", test_closing_the_listener_ends_the_select);
  PARITY_TEST ("/select/a-select-is-one-who-accepts", test_a_select_is_one_who_accepts);
  PARITY_TEST ("/select/a-listener-may-be-in-a-select-twice", test_a_listener_may_be_in_a_select_twice);
  PARITY_TEST ("/select/a-select-sees-what-can-be-received", test_a_select_sees_what_can_be_received);
  PARITY_TEST ("/select/two-streams-are-read-as-they-come", test_two_streams_are_read_as_they_come);
  return g_test_run ();
}
