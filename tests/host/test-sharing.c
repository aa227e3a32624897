/* SPDX-License-Identifier: MIT OR Apache-2.0 */

/* A busy run shares: with io, with the other sources of its context, and with nobody while a task iterates the context itself. */

#include <errno.h>

#include <trio/lowlevel/task.h>
#include <trio/lowlevel/token.h>
#include <trio/seam/io.h>
#include <trio/seam/world.h>

#include "host/loop-source.h"
#include "tests/host/host-test.h"

static guint64
turns_taken (TrioLoop *loop)
{
  TrioLoopStatistics statistics;

  trio_loop_get_statistics (loop, &statistics);
  return statistics.turns;
}

/* A source of low priority, which is always ready. */
typedef struct
{
  TrioLoop *loop;
  guint64   last_turn;
  guint64   longest_wait;    /* in turns */
  guint     n_dispatches;
} Neighbour;

static gboolean
neighbour_dispatched (gpointer data)
{
  Neighbour *self = data;
  guint64 turn = turns_taken (self->loop);

  if (self->n_dispatches > 0)
    self->longest_wait = MAX (self->longest_wait, turn - self->last_turn);
  self->last_turn = turn;
  self->n_dispatches++;
  return G_SOURCE_CONTINUE;
}

static gboolean
be_busy_beside (Neighbour *neighbour, gint64 turn_us, guint n_dispatches, GError **error)
{
  guint source;

  neighbour->loop = trio_loop_get_current ();
  source = g_idle_add_full (G_PRIORITY_LOW, neighbour_dispatched, neighbour, NULL);
  while (neighbour->n_dispatches < n_dispatches)
    {
      g_assert_cmpuint (turns_taken (neighbour->loop), <, 100 * TRIO_TURNS_PER_ROUND_MAX);
      if (turn_us > 0)
        compute (turn_us);
      if (!trio_checkpoint (error))
        return FALSE;
    }
  g_source_remove (source);
  return TRUE;
}

static gboolean
quick_turns_beside_a_neighbour (gpointer data G_GNUC_UNUSED, GError **error)
{
  Neighbour neighbour = { 0 };

  if (!be_busy_beside (&neighbour, 0, 10, error))
    return FALSE;
  g_assert_cmpuint (neighbour.longest_wait, <=, TRIO_TURNS_PER_ROUND_MAX);
  /* And it is not called at every turn, which would cost more than the turns. */
  g_assert_cmpuint (neighbour.longest_wait, >, 1);
  return TRUE;
}

static void
test_other_sources_wait_for_so_many_turns_at_most (void)
{
  run_ok (quick_turns_beside_a_neighbour, NULL);
}

static gboolean
slow_turns_beside_a_neighbour (gpointer data G_GNUC_UNUSED, GError **error)
{
  const gint64 turn_us = TRIO_ROUND_US_MAX / 4;
  Neighbour neighbour = { 0 };

  if (!be_busy_beside (&neighbour, turn_us, 4, error))
    return FALSE;
  g_assert_cmpuint (neighbour.longest_wait, <=, TRIO_ROUND_US_MAX / turn_us + 1);
  return TRUE;
}

static void
test_other_sources_wait_for_so_long_at_most (void)
{
  run_ok (slow_turns_beside_a_neighbour, NULL);
}

/* Two ends of a connection, by the verbs: no task waits, so what receive() says is what the last look at the system said. Unix
 * sockets, since what one sends there has arrived when send() returns. */
typedef struct
{
  TrioIo     *io;
  TrioSocket *listening;
  TrioSocket *sender;
  TrioSocket *receiver;
} Link;

static void
link_open (Link *link)
{
  TrioAddress address = { .family = TRIO_ADDRESS_UNIX };
  TrioIo *io = trio_current_io ();
  char byte;

  g_snprintf (address.path + 1, sizeof address.path - 1, "trio-test-sharing-%u", g_random_int ());
  link->io = io;
  g_assert_cmpint (io->socket (io, TRIO_ADDRESS_UNIX, TRIO_SOCKET_STREAM, &link->listening), ==, 0);
  g_assert_cmpint (io->socket (io, TRIO_ADDRESS_UNIX, TRIO_SOCKET_STREAM, &link->sender), ==, 0);
  g_assert_cmpint (io->bind (io, link->listening, &address), ==, 0);
  g_assert_cmpint (io->listen (io, link->listening, 1), ==, 0);
  g_assert_cmpint (io->connect (io, link->sender, &address), ==, 0);
  g_assert_cmpint (io->accept (io, link->listening, &link->receiver), ==, 0);

  g_assert_cmpint (io->receive (io, link->receiver, &byte, 1), ==, -EAGAIN);
  g_assert_false (io->arm (io, link->receiver, TRIO_IO_READ));
}

static void
link_close (Link *link)
{
  link->io->close (link->io, link->sender);
  link->io->close (link->io, link->receiver);
  link->io->close (link->io, link->listening);
}

/* How many turns it takes until a byte that has arrived is noticed. */
static gboolean
count_turns_to_notice (Link *link, gint64 turn_us, guint64 *n_turns, GError **error)
{
  guint64 began = turns_taken (trio_loop_get_current ());
  char byte = 'x';

  g_assert_cmpint (link->io->send (link->io, link->sender, &byte, 1), ==, 1);
  while (link->io->receive (link->io, link->receiver, &byte, 1) == -EAGAIN)
    {
      g_assert_cmpuint (turns_taken (trio_loop_get_current ()) - began, <, 100 * TRIO_TURNS_PER_LOOK_MAX);
      if (turn_us > 0)
        compute (turn_us);
      if (!trio_checkpoint (error))
        return FALSE;
    }
  /* Read until it says EAGAIN: an edge comes only after that. */
  g_assert_cmpint (link->io->receive (link->io, link->receiver, &byte, 1), ==, -EAGAIN);
  *n_turns = turns_taken (trio_loop_get_current ()) - began;
  return TRUE;
}

static gboolean
io_beside_busy_tasks (gpointer data, GError **error)
{
  gint64 turn_us = *(const gint64 *) data;
  guint64 at_most = turn_us > 0 ? (guint64) (TRIO_LOOK_US_MAX / turn_us + 2) : TRIO_TURNS_PER_LOOK_MAX + 1;
  Link link;

  link_open (&link);
  for (guint i = 0; i < 10; i++)
    {
      guint64 n_turns;

      /* So that the clock is read at each turn already when the byte arrives. */
      for (guint j = 0; turn_us > 0 && j < 3; j++)
        {
          compute (turn_us);
          if (!trio_checkpoint (error))
            return FALSE;
        }
      if (!count_turns_to_notice (&link, turn_us, &n_turns, error))
        return FALSE;
      g_assert_cmpuint (n_turns, <=, at_most);
    }
  link_close (&link);
  return TRUE;
}

/* Statement 4, by D1. */
static void
test_io_waits_for_so_many_turns_at_most (void)
{
  gint64 turn_us = 0;

  run_ok (io_beside_busy_tasks, &turn_us);
}

/* Statement 4, by D1. */
static void
test_io_waits_for_so_long_at_most (void)
{
  gint64 turn_us = TRIO_LOOK_US_MAX / 2;

  run_ok (io_beside_busy_tasks, &turn_us);
}

static gboolean
count_steps (gpointer data, GError **error)
{
  guint *n_steps = data;

  while (*n_steps < 1000000)
    {
      (*n_steps)++;
      if (!trio_checkpoint (error))
        return FALSE;
    }
  return TRUE;
}

static gboolean
note_timeout (gpointer data)
{
  *(gboolean *) data = TRUE;
  return G_SOURCE_REMOVE;
}

static void
note_call (gpointer data)
{
  *(gboolean *) data = TRUE;
}

static gboolean
iterate_within_a_task (gpointer data G_GNUC_UNUSED, GError **error)
{
  g_autoptr (TrioNursery) nursery = trio_nursery_open (error);
  g_autoptr (TrioToken) token = trio_current_token ();
  g_autoptr (GError) refusal = NULL;
  gboolean timed_out = FALSE;
  gboolean called = FALSE;
  guint n_steps = 0;
  guint n_iterations = 0;
  guint n_steps_before;

  trio_nursery_start_soon (nursery, count_steps, &n_steps);
  if (!trio_checkpoint (error) || !trio_checkpoint (error))
    return FALSE;
  n_steps_before = n_steps;
  g_assert_cmpuint (n_steps_before, >, 0);

  /* Something to do: a runnable task, and a wake-up that makes the descriptor readable. */
  g_assert_true (trio_token_run_sync_soon (token, note_call, &called, NULL));
  g_timeout_add (3, note_timeout, &timed_out);
  while (!timed_out)
    {
      g_main_context_iteration (NULL, TRUE);
      n_iterations++;
    }
  g_assert_cmpuint (n_steps, ==, n_steps_before);
  g_assert_false (called);
  g_assert_cmpuint (n_iterations, <, 10);

  /* Nor may one start a run there. */
  g_assert_false (trio_run (iterate_within_a_task, NULL, &refusal));
  g_assert_error (refusal, TRIO_ERROR, TRIO_ERROR_MISUSE);

  /* And then life goes on. */
  while (n_steps < n_steps_before + 1000)
    if (!trio_checkpoint (error))
      return FALSE;
  g_assert_true (called);
  trio_nursery_cancel (nursery);
  return trio_nursery_close (nursery, TRUE);
}

static void
test_a_nested_iteration_neither_runs_tasks_nor_spins (void)
{
  run_ok (iterate_within_a_task, NULL);
}

static gboolean
sleep_a_little (gpointer data, GError **error)
{
  gint64 began = trio_current_time ();
  guint64 turns_began = turns_taken (trio_loop_get_current ());

  if (!trio_sleep (2500, error))
    return FALSE;
  *(gint64 *) data = trio_current_time () - began;
  /* The last millisecond is slept, too, and not spent looking at the clock. */
  g_assert_cmpuint (turns_taken (trio_loop_get_current ()) - turns_began, <, 5);
  return TRUE;
}

/* Statement 117. */
static void
test_nobody_is_woken_too_early (void)
{
  gint64 slept = 0;

  run_ok (sleep_a_little, &slept);
  g_assert_cmpint (slept, >=, 2500);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/sharing/other-sources-wait-for-so-many-turns-at-most", test_other_sources_wait_for_so_many_turns_at_most);
  g_test_add_func ("/sharing/other-sources-wait-for-so-long-at-most", test_other_sources_wait_for_so_long_at_most);
  g_test_add_func ("/sharing/io-waits-for-so-many-turns-at-most", test_io_waits_for_so_many_turns_at_most);
  g_test_add_func ("/sharing/io-waits-for-so-long-at-most", test_io_waits_for_so_long_at_most);
  g_test_add_func ("/sharing/a-nested-iteration-neither-runs-tasks-nor-spins",
                   test_a_nested_iteration_neither_runs_tasks_nor_spins);
  g_test_add_func ("/sharing/nobody-is-woken-too-early", test_nobody_is_woken_too_early);
  return g_test_run ();
}
