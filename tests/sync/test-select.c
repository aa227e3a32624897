/* SPDX-License-Identifier: MIT OR Apache-2.0 */

/* Select: one case is chosen and has its effect, the others leave no trace; statements 17, 20, 38, 90, 107 for it. */

#include "tests/sync/sync-test.h"

typedef struct
{
  TrioSendChannel    *send;
  TrioReceiveChannel *receive;
} Pair;

static void
open_pair (Pair *pair, gsize buffer)
{
  trio_open_memory_channel (buffer, NULL, &pair->send, &pair->receive);
}

static void
close_pair (Pair *pair)
{
  trio_send_channel_free (pair->send);
  trio_receive_channel_free (pair->receive);
}

static gsize
count_senders (Pair *pair)
{
  TrioChannelStatistics statistics;

  trio_send_channel_get_statistics (pair->send, &statistics);
  return statistics.tasks_waiting_send;
}

static gsize
count_receivers (Pair *pair)
{
  TrioChannelStatistics statistics;

  trio_send_channel_get_statistics (pair->send, &statistics);
  return statistics.tasks_waiting_receive;
}

static gsize
count_waiting (TrioEvent *event)
{
  TrioEventStatistics statistics;

  trio_event_get_statistics (event, &statistics);
  return statistics.tasks_waiting;
}

static gsize
count_waiting_for (TrioFuture *future)
{
  TrioFutureStatistics statistics;

  trio_future_get_statistics (future, &statistics);
  return statistics.tasks_waiting;
}

static void
give (Pair *pair, const char *value)
{
  GError *error = NULL;

  if (!trio_send_channel_send_nowait (pair->send, (gpointer) value, &error))
    g_error ("%s", error->message);
}

static const char *
get (Pair *pair)
{
  gpointer value;
  GError *error = NULL;

  if (!trio_receive_channel_receive_nowait (pair->receive, &value, &error))
    g_error ("%s", error->message);
  return value;
}

/* A task in a select over two channels, an event, a future, a send and a far time. */
enum { FROM_A, FROM_B, EVENT, FUTURE, TO_C, TIME, N_CASES };

typedef struct
{
  Pair        a, b, c;
  TrioEvent  *event;
  TrioFuture *future;
  gint64      due;
  gpointer    from_a, from_b, result;
  gsize       chosen;
  GError     *error;            /* of the case; cancellations go on */
} Chooser;

static void
chooser_init (Chooser *self)
{
  *self = (Chooser) { .event = trio_event_new (), .future = trio_future_new (NULL), .due = G_MAXINT64, .chosen = 77 };
  open_pair (&self->a, 0);
  open_pair (&self->b, 0);
  open_pair (&self->c, 0);
}

static void
assert_no_trace (Chooser *self)
{
  g_assert_cmpuint (count_receivers (&self->a), ==, 0);
  g_assert_cmpuint (count_receivers (&self->b), ==, 0);
  g_assert_cmpuint (count_senders (&self->c), ==, 0);
  g_assert_cmpuint (count_waiting (self->event), ==, 0);
  g_assert_cmpuint (count_waiting_for (self->future), ==, 0);
}

static void
assert_waits (Chooser *self)
{
  g_assert_cmpuint (count_receivers (&self->a), ==, 1);
  g_assert_cmpuint (count_receivers (&self->b), ==, 1);
  g_assert_cmpuint (count_senders (&self->c), ==, 1);
  g_assert_cmpuint (count_waiting (self->event), ==, 1);
  g_assert_cmpuint (count_waiting_for (self->future), ==, 1);
}

static void
chooser_clear (Chooser *self)
{
  assert_no_trace (self);
  close_pair (&self->a);
  close_pair (&self->b);
  close_pair (&self->c);
  trio_event_free (self->event);
  trio_future_unref (self->future);
  g_clear_error (&self->error);
}

static gboolean
choose (gpointer data, GError **error)
{
  Chooser *self = data;
  const TrioSelectCase cases[N_CASES] = {
    [FROM_A] = trio_case_receive (self->a.receive, &self->from_a),
    [FROM_B] = trio_case_receive (self->b.receive, &self->from_b),
    [EVENT] = trio_case_event (self->event),
    [FUTURE] = trio_case_future (self->future, &self->result),
    [TO_C] = trio_case_send (self->c.send, (gpointer) "to c"),
    [TIME] = trio_case_at (self->due),
  };

  if (trio_select (cases, N_CASES, &self->chosen, &self->error))
    return TRUE;
  if (self->chosen != G_MAXSIZE)
    return TRUE;
  g_propagate_error (error, g_steal_pointer (&self->error));
  return FALSE;
}

/* Whatever becomes ready first, once: it is chosen, and nothing else has happened. */
static gboolean
wake_through (gsize which, GError **error)
{
  Chooser chooser;
  SyncTask task;
  g_autoptr (TrioNursery) nursery = trio_nursery_open (error);

  chooser_init (&chooser);
  if (which == TIME)
    chooser.due = trio_current_time () + G_TIME_SPAN_HOUR;
  sync_task_start (&task, nursery, choose, &chooser, "chooser");
  sync_test_settle ();
  assert_waits (&chooser);

  switch (which)
    {
    case FROM_A: give (&chooser.a, "from a"); break;
    case FROM_B: give (&chooser.b, "from b"); break;
    case EVENT:  trio_event_set (chooser.event); break;
    case FUTURE: trio_future_set_value (chooser.future, (gpointer) "future"); break;
    case TO_C:   g_assert_cmpstr (get (&chooser.c), ==, "to c"); break;
    case TIME:   g_assert_true (trio_sleep (2 * G_TIME_SPAN_HOUR, error)); break;
    }
  /* In the same step it stands nowhere any more. */
  assert_no_trace (&chooser);
  if (!trio_nursery_close (nursery, TRUE))
    return FALSE;
  g_assert_true (task.ok);
  g_assert_cmpuint (chooser.chosen, ==, which);
  g_assert_cmpstr (chooser.from_a, ==, which == FROM_A ? "from a" : NULL);
  g_assert_cmpstr (chooser.from_b, ==, which == FROM_B ? "from b" : NULL);
  g_assert_cmpstr (chooser.result, ==, which == FUTURE ? "future" : NULL);
  chooser_clear (&chooser);
  return TRUE;
}

static gboolean
test_whatever_comes_first_is_chosen (gpointer unused G_GNUC_UNUSED, GError **error)
{
  for (gsize which = 0; which < N_CASES; which++)
    if (!wake_through (which, error))
      return FALSE;
  return TRUE;
}

/* What is ready when it is asked is done at once, and that is a checkpoint too: statement 17. */
static gboolean
test_what_is_ready_is_done_at_once (gpointer unused G_GNUC_UNUSED, GError **error)
{
  for (gsize which = 0; which < N_CASES; which++)
    {
      Chooser chooser;
      SyncTask other;
      g_autoptr (TrioNursery) nursery = trio_nursery_open (error);

      chooser_init (&chooser);
      switch (which)
        {
        case FROM_A: close_pair (&chooser.a); open_pair (&chooser.a, 1); give (&chooser.a, "from a"); break;
        case FROM_B: close_pair (&chooser.b); open_pair (&chooser.b, 1); give (&chooser.b, "from b"); break;
        case EVENT:  trio_event_set (chooser.event); break;
        case FUTURE: trio_future_set_value (chooser.future, (gpointer) "future"); break;
        case TO_C:   close_pair (&chooser.c); open_pair (&chooser.c, 1); break;
        case TIME:   chooser.due = trio_current_time (); break;
        }
      sync_task_start (&other, nursery, mock_return, NULL, "other");
      g_assert_true (choose (&chooser, error));
      if (!sync_test_is_simulated ())
        g_assert_true (other.ended);
      g_assert_cmpuint (chooser.chosen, ==, which);
      g_assert_cmpstr (chooser.from_a, ==, which == FROM_A ? "from a" : NULL);
      g_assert_cmpstr (chooser.result, ==, which == FUTURE ? "future" : NULL);
      if (which == TO_C)
        g_assert_cmpstr (get (&chooser.c), ==, "to c");
      assert_no_trace (&chooser);
      if (!trio_nursery_close (nursery, TRUE))
        return FALSE;
      chooser_clear (&chooser);
    }
  return TRUE;
}

/* statements 20, 90: a select that is cancelled has chosen nothing, and nobody notices that it was there. */
static gboolean
test_a_cancelled_select_leaves_no_trace (gpointer unused G_GNUC_UNUSED, GError **error)
{
  Chooser chooser;
  SyncTask task;
  g_autoptr (TrioNursery) nursery = trio_nursery_open (error);
  GError *failure = NULL;

  chooser_init (&chooser);
  chooser.due = trio_current_time () + G_TIME_SPAN_DAY;
  sync_task_start (&task, nursery, choose, &chooser, "chooser");
  sync_test_settle ();
  assert_waits (&chooser);
  sync_task_cancel (&task);
  assert_no_trace (&chooser);
  g_assert_false (trio_send_channel_send_nowait (chooser.a.send, &chooser, &failure));
  mock_assert_error (failure, TRIO_ERROR_WOULD_BLOCK);
  if (!trio_nursery_close (nursery, TRUE))
    return FALSE;
  g_assert_true (task.cancelled);
  g_assert_cmpuint (chooser.chosen, ==, G_MAXSIZE);
  chooser_clear (&chooser);
  return TRUE;
}

/* statement 38: what was handed over is kept; the cancellation comes too late for this select. */
static gboolean
test_what_was_handed_over_is_kept (gpointer unused G_GNUC_UNUSED, GError **error)
{
  Chooser chooser;
  SyncTask task;
  g_autoptr (TrioNursery) nursery = trio_nursery_open (error);

  chooser_init (&chooser);
  sync_task_start (&task, nursery, choose, &chooser, "chooser");
  sync_test_settle ();
  give (&chooser.b, "from b");
  sync_task_cancel (&task);
  if (!trio_nursery_close (nursery, TRUE))
    return FALSE;
  g_assert_true (task.ok);
  g_assert_cmpuint (chooser.chosen, ==, FROM_B);
  g_assert_cmpstr (chooser.from_b, ==, "from b");
  chooser_clear (&chooser);
  return TRUE;
}

/* In a cancelled scope it does nothing, although something is ready. */
static gboolean
test_in_a_cancelled_scope_nothing_is_chosen (gpointer unused G_GNUC_UNUSED, GError **error)
{
  Pair pair;
  gpointer value = NULL;
  gsize chosen = 5;
  TrioSelectCase cases[1];
  g_autoptr (TrioCancelScope) scope = trio_cancel_scope_open (error);
  gboolean ok;

  open_pair (&pair, 1);
  give (&pair, "still there");
  trio_cancel_scope_cancel (scope);
  cases[0] = trio_case_receive (pair.receive, &value);
  ok = trio_select (cases, 1, &chosen, error);
  g_assert_false (ok);
  g_assert_cmpuint (chosen, ==, G_MAXSIZE);
  g_assert_true (trio_cancel_scope_close (scope, ok));
  g_assert_cmpstr (get (&pair), ==, "still there");
  close_pair (&pair);
  return TRUE;
}

/* The case that was chosen can fail; then it is told which, and the others have lost as usual. */
static gboolean
test_the_chosen_case_can_fail (gpointer unused G_GNUC_UNUSED, GError **error)
{
  static const struct
  {
    gsize which;
    int   code;
  } ways[] = {
    { FROM_A, TRIO_ERROR_CLOSED_RESOURCE },
    { FROM_B, TRIO_ERROR_END_OF_CHANNEL },
    { TO_C, TRIO_ERROR_BROKEN_RESOURCE },
    { FUTURE, TRIO_ERROR_FAILED },
  };

  for (gsize i = 0; i < 2 * G_N_ELEMENTS (ways); i++)
    {
      gsize which = ways[i / 2].which;
      gboolean before = i % 2;          /* it is so when the select begins, or while it waits */
      Chooser chooser;
      SyncTask task;
      g_autoptr (TrioNursery) nursery = trio_nursery_open (error);

      chooser_init (&chooser);
      if (!before)
        {
          sync_task_start (&task, nursery, choose, &chooser, "chooser");
          sync_test_settle ();
        }
      switch (which)
        {
        case FROM_A: trio_receive_channel_close (chooser.a.receive); break;
        case FROM_B: trio_send_channel_close (chooser.b.send); break;
        case TO_C:   trio_receive_channel_close (chooser.c.receive); break;
        case FUTURE: trio_future_set_error (chooser.future, g_error_new (TRIO_ERROR, TRIO_ERROR_FAILED, "no result")); break;
        }
      if (before)
        g_assert_true (choose (&chooser, error));
      assert_no_trace (&chooser);
      if (!trio_nursery_close (nursery, TRUE))
        return FALSE;
      g_assert_cmpuint (chooser.chosen, ==, which);
      g_assert_error (chooser.error, TRIO_ERROR, ways[i / 2].code);
      chooser_clear (&chooser);
    }
  return TRUE;
}

/* statement 107: closing another clone is none of its business. */
static gboolean
test_closing_another_clone_does_not_wake_it (gpointer unused G_GNUC_UNUSED, GError **error)
{
  Chooser chooser;
  SyncTask task;
  g_autoptr (TrioReceiveChannel) clone = NULL;
  g_autoptr (TrioNursery) nursery = trio_nursery_open (error);

  chooser_init (&chooser);
  clone = trio_receive_channel_clone (chooser.a.receive);
  sync_task_start (&task, nursery, choose, &chooser, "chooser");
  sync_test_settle ();
  trio_receive_channel_close (clone);
  sync_test_settle ();
  assert_waits (&chooser);
  give (&chooser.a, "from a");
  if (!trio_nursery_close (nursery, TRUE))
    return FALSE;
  g_assert_cmpuint (chooser.chosen, ==, FROM_A);
  chooser_clear (&chooser);
  return TRUE;
}

/* A select that waits stands in line with everybody else: first in, first out. */
static gboolean
receive_into (gpointer data, GError **error)
{
  Chooser *self = data;

  return trio_receive_channel_receive (self->a.receive, &self->result, error);
}

static gboolean
test_it_stands_in_line_with_plain_receivers (gpointer unused G_GNUC_UNUSED, GError **error)
{
  Chooser chooser;
  SyncTask before, task, after;
  gpointer first = NULL;
  g_autoptr (TrioNursery) nursery = trio_nursery_open (error);

  chooser_init (&chooser);
  sync_task_start (&before, nursery, receive_into, &chooser, "before");
  sync_test_settle ();
  sync_task_start (&task, nursery, choose, &chooser, "chooser");
  sync_test_settle ();
  give (&chooser.a, "1");
  give (&chooser.a, "2");
  sync_test_settle ();
  first = chooser.result;
  sync_task_start (&after, nursery, receive_into, &chooser, "after");
  sync_test_settle ();
  give (&chooser.a, "3");
  if (!trio_nursery_close (nursery, TRUE))
    return FALSE;
  g_assert_cmpstr (first, ==, "1");
  g_assert_cmpstr (chooser.from_a, ==, "2");
  g_assert_cmpstr (chooser.result, ==, "3");
  chooser_clear (&chooser);
  return TRUE;
}

typedef struct
{
  Pair     pair;
  gsize    chosen[2];
  gpointer got[2];
} Meeting;

static gboolean
send_or_receive (Meeting *meeting, int who, GError **error)
{
  const TrioSelectCase cases[] = {
    trio_case_send (meeting->pair.send, GINT_TO_POINTER (who + 1)),
    trio_case_receive (meeting->pair.receive, &meeting->got[who]),
  };

  return trio_select (cases, 2, &meeting->chosen[who], error);
}

static gboolean
first_of_them (gpointer meeting, GError **error)
{
  return send_or_receive (meeting, 0, error);
}

static gboolean
second_of_them (gpointer meeting, GError **error)
{
  return send_or_receive (meeting, 1, error);
}

/* At both ends of one channel a select does not meet itself, but another of the same kind. */
static gboolean
test_two_selects_meet_and_none_meets_itself (gpointer unused G_GNUC_UNUSED, GError **error)
{
  Meeting meeting = { 0 };
  g_autoptr (TrioNursery) nursery = trio_nursery_open (error);
  int receiver;

  open_pair (&meeting.pair, 0);
  trio_nursery_start_soon (nursery, first_of_them, &meeting);
  sync_test_settle ();
  g_assert_cmpuint (count_senders (&meeting.pair), ==, 1);
  g_assert_cmpuint (count_receivers (&meeting.pair), ==, 1);
  trio_nursery_start_soon (nursery, second_of_them, &meeting);
  if (!trio_nursery_close (nursery, TRUE))
    return FALSE;
  g_assert_cmpuint (count_senders (&meeting.pair) + count_receivers (&meeting.pair), ==, 0);
  g_assert_cmpuint (meeting.chosen[0] + meeting.chosen[1], ==, 1);
  receiver = meeting.chosen[0] == 1 ? 0 : 1;
  g_assert_cmpint (GPOINTER_TO_INT (meeting.got[receiver]), ==, 2 - receiver);
  g_assert_null (meeting.got[1 - receiver]);
  close_pair (&meeting.pair);
  return TRUE;
}

static gboolean
send_one (gpointer pair, GError **error)
{
  return trio_send_channel_send (((Pair *) pair)->send, (gpointer) "sent", error);
}

/* One thing in several cases, cases that are left out, and more cases than have room in the frame. */
static gboolean
test_many_cases_and_the_same_thing_twice (gpointer unused G_GNUC_UNUSED, GError **error)
{
  enum { MANY = 40 };
  Pair pair;
  gpointer values[MANY] = { NULL };
  TrioSelectCase cases[MANY];
  g_autoptr (TrioEvent) event = trio_event_new ();
  g_autoptr (TrioNursery) nursery = trio_nursery_open (error);
  gsize chosen;

  open_pair (&pair, 0);
  for (int i = 0; i < MANY; i++)
    cases[i] = i % 4 == 0 ? trio_case_receive (NULL, &values[i])
             : i % 4 == 1 ? trio_case_event (NULL)
             : i % 4 == 2 ? trio_case_receive (pair.receive, &values[i])
                          : trio_case_event (event);
  trio_nursery_start_soon (nursery, send_one, &pair);
  if (!trio_select (cases, MANY, &chosen, error))
    return FALSE;
  g_assert_cmpuint (chosen % 4, ==, 2);
  g_assert_cmpstr (values[chosen], ==, "sent");
  values[chosen] = NULL;
  for (int i = 0; i < MANY; i++)
    g_assert_null (values[i]);
  g_assert_cmpuint (count_receivers (&pair), ==, 0);
  g_assert_cmpuint (count_waiting (event), ==, 0);

  trio_event_set (event);
  if (!trio_select (cases, MANY, &chosen, error))
    return FALSE;
  g_assert_cmpuint (chosen % 4, ==, 3);
  close_pair (&pair);
  return trio_nursery_close (nursery, TRUE);
}

/* Closing what several cases of one select wait for wakes it once. */
static gboolean
test_closing_what_is_waited_for_twice_wakes_once (gpointer unused G_GNUC_UNUSED, GError **error)
{
  for (int way = 0; way < 2; way++)
    {
      Meeting meeting = { 0 };
      SyncTask task;
      GError *failure = NULL;
      g_autoptr (TrioNursery) nursery = trio_nursery_open (&failure);

      open_pair (&meeting.pair, 0);
      sync_task_start (&task, nursery, first_of_them, &meeting, "both ends");
      sync_test_settle ();
      if (way == 0)
        trio_send_channel_close (meeting.pair.send);
      else
        trio_receive_channel_close (meeting.pair.receive);
      g_assert_cmpuint (count_senders (&meeting.pair) + count_receivers (&meeting.pair), ==, 0);
      g_assert_false (trio_nursery_close (nursery, TRUE));
      /* Its own end was closed: that comes before what the other end makes of it. */
      mock_assert_error (failure, TRIO_ERROR_CLOSED_RESOURCE);
      g_assert_cmpuint (meeting.chosen[0], ==, way);
      close_pair (&meeting.pair);
    }
  return trio_checkpoint (error);
}

typedef struct
{
  Pair       pair;
  TrioEvent *event;
  gsize      chosen;
} Twice;

static gboolean
wait_for_everything_twice (gpointer data, GError **error)
{
  Twice *twice = data;
  gpointer value;
  const TrioSelectCase cases[] = {
    trio_case_event (twice->event),
    trio_case_event (twice->event),
    trio_case_receive (twice->pair.receive, &value),
    trio_case_receive (twice->pair.receive, &value),
  };

  return trio_select (cases, 4, &twice->chosen, error);
}

/* Whoever wakes all who wait in a line finds several cells of one select there, side by side, and others behind them. */
static gboolean
test_waking_all_wakes_each_select_once (gpointer unused G_GNUC_UNUSED, GError **error)
{
  for (int way = 0; way < 2; way++)
    {
      Twice twice[3];
      SyncTask tasks[3];
      g_autoptr (TrioEvent) event = trio_event_new ();
      Pair pair;
      GError *failure = NULL;
      g_autoptr (TrioNursery) nursery = trio_nursery_open (&failure);

      open_pair (&pair, 0);
      for (int i = 0; i < 3; i++)
        {
          twice[i] = (Twice) { pair, event, 77 };
          sync_task_start (&tasks[i], nursery, wait_for_everything_twice, &twice[i], "twice");
        }
      sync_test_settle ();
      g_assert_cmpuint (count_waiting (event), ==, 6);
      if (way == 0)
        trio_event_set (event);
      else
        trio_send_channel_close (pair.send);
      g_assert_cmpuint (count_waiting (event), ==, 0);
      g_assert_cmpint (trio_nursery_close (nursery, TRUE), ==, way == 0);
      g_assert_cmpint (trio_error_contains (failure, TRIO_ERROR, TRIO_ERROR_END_OF_CHANNEL), ==, way == 1);
      g_clear_error (&failure);
      for (int i = 0; i < 3; i++)
        g_assert_cmpuint (twice[i].chosen, ==, way == 0 ? 0 : 2);
      close_pair (&pair);
    }
  return trio_checkpoint (error);
}

static void
describe_if_blocked (TrioTask *task, guint depth G_GNUC_UNUSED, gpointer data)
{
  if (g_strcmp0 (trio_task_get_wait (task), "trio_select") == 0)
    trio_task_describe_wait (task, data);
}

static gboolean
test_it_says_what_it_waits_for (gpointer unused G_GNUC_UNUSED, GError **error)
{
  Chooser chooser;
  SyncTask task;
  g_autoptr (GString) said = g_string_new (NULL);
  g_autoptr (TrioNursery) nursery = trio_nursery_open (error);

  chooser_init (&chooser);
  chooser.due = trio_current_time () + G_TIME_SPAN_DAY;
  sync_task_start (&task, nursery, choose, &chooser, "chooser");
  sync_test_settle ();
  trio_foreach_task (describe_if_blocked, said);
  mock_assert_says (said->str, "trio_select: for a value from a channel or a value from a channel or an event or a future or ");
  mock_assert_says (said->str, "room in a channel or ");
  mock_assert_says (said->str, " s to pass");
  sync_task_cancel (&task);
  sync_test_settle ();
  chooser_clear (&chooser);
  return trio_nursery_close (nursery, TRUE);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  SYNC_TEST ("/select/whatever-comes-first-is-chosen", test_whatever_comes_first_is_chosen);
  SYNC_TEST ("/select/what-is-ready-is-done-at-once", test_what_is_ready_is_done_at_once);
  SYNC_TEST ("/select/a-cancelled-select-leaves-no-trace", test_a_cancelled_select_leaves_no_trace);
  SYNC_TEST ("/select/what-was-handed-over-is-kept", test_what_was_handed_over_is_kept);
  SYNC_TEST ("/select/in-a-cancelled-scope-nothing-is-chosen", test_in_a_cancelled_scope_nothing_is_chosen);
  SYNC_TEST ("/select/the-chosen-case-can-fail", test_the_chosen_case_can_fail);
  SYNC_TEST ("/select/closing-another-clone-does-not-wake-it", test_closing_another_clone_does_not_wake_it);
  SYNC_TEST ("/select/it-stands-in-line-with-plain-receivers", test_it_stands_in_line_with_plain_receivers);
  SYNC_TEST ("/select/two-selects-meet-and-none-meets-itself", test_two_selects_meet_and_none_meets_itself);
  SYNC_TEST ("/select/many-cases-and-the-same-thing-twice", test_many_cases_and_the_same_thing_twice);
  SYNC_TEST ("/select/closing-what-is-waited-for-twice-wakes-once", test_closing_what_is_waited_for_twice_wakes_once);
  SYNC_TEST ("/select/waking-all-wakes-each-select-once", test_waking_all_wakes_each_select_once);
  SYNC_TEST ("/select/it-says-what-it-waits-for", test_it_says_what_it_waits_for);
  return g_test_run ();
}
