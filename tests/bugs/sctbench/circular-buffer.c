/* SPDX-License-Identifier: MIT OR Apache-2.0 */

/* What happened: a producer and a consumer who tell each other by flags whose turn it is (SCTBench's CS.circular_buffer_bad,
 * https://github.com/mc-imperial/sctbench; missed turns. Seven rounds there, four here).
 *
 * The bug: who finds that it is not its turn goes on to its next round all the same. Number and value drift apart.
 *
 * The repair: wait for the turn. */

#include "tests/bugs/primitives.h"

#define N_ROUNDS 4

typedef struct
{
  gboolean repaired;
  Mutex    mutex;
  Cond     turn;
  gboolean may_send;
  gboolean may_receive;
  int      values[N_ROUNDS];
  guint    n_sent;
  guint    n_received;
} Buffer;

/* Whether it is; with the mutex held. */
static gboolean TRIO_CHECKPOINT
is_turn (Buffer *buffer, const gboolean *may)
{
  bug_switch ();
  while (buffer->repaired && !*may)
    cond_wait (&buffer->turn, &buffer->mutex);
  return *may;
}

static void
give_turn (Buffer *buffer, gboolean *from, gboolean *to)
{
  *from = FALSE;
  *to = TRUE;
  cond_broadcast (&buffer->turn);
}

static gboolean
produce (gpointer data, GError **error G_GNUC_UNUSED)
{
  Buffer *buffer = data;

  for (int i = 0; i < N_ROUNDS; i++)
    {
      mutex_lock (&buffer->mutex);
      if (is_turn (buffer, &buffer->may_send))
        {
          buffer->values[buffer->n_sent++] = i;
          give_turn (buffer, &buffer->may_send, &buffer->may_receive);
        }
      mutex_unlock (&buffer->mutex);
    }
  return TRUE;
}

static gboolean
consume (gpointer data, GError **error G_GNUC_UNUSED)
{
  Buffer *buffer = data;

  for (int i = 0; i < N_ROUNDS; i++)
    {
      mutex_lock (&buffer->mutex);
      if (is_turn (buffer, &buffer->may_receive))
        {
          trio_always (buffer->values[buffer->n_received++] == i, "the n-th value is n");
          give_turn (buffer, &buffer->may_receive, &buffer->may_send);
        }
      mutex_unlock (&buffer->mutex);
    }
  return TRUE;
}

static gboolean
run (gboolean repaired, GError **error)
{
  Buffer buffer = { .repaired = repaired, .mutex = MUTEX ("buffer"), .turn = COND ("turn"), .may_send = TRUE };
  g_autoptr (TrioNursery) nursery = trio_nursery_open (error);

  trio_nursery_start_soon (nursery, produce, &buffer);
  bug_switch ();
  trio_nursery_start_soon (nursery, consume, &buffer);
  return trio_nursery_close (nursery, TRUE);
}

const Bug bug_circular_buffer = {
  "circular-buffer", run, "always", NULL, "who finds that it is not its turn uses up a round",
};
