/* SPDX-License-Identifier: MIT OR Apache-2.0 */

/* What happened: the bounded Queue of Scala's cats-effect (https://github.com/typelevel/cats-effect/commit/07258cca); a queue, a
 * commit that never comes.
 *
 * The bug: who offers takes a taker's latch out of the line, puts the value into it, and waits until the taker says "commit" or
 * "abort". A taker that is cancelled after its latch was taken, and before the value is there, finds neither the one nor the
 * other, and leaves without a word.
 *
 * The repair: a taker whose latch is no longer in line waits for the value, and says "abort". */

#include "tests/bugs/cancel/cancel.h"

typedef enum { NO_ANSWER, COMMIT, ABORT } Answer;

/* One offer and one taker. */
typedef struct
{
  gboolean repaired;
  GQueue   takers;
  Event    latch;                       /* the taker's; set when it holds the value */
  int      value;
  Answer   answer;
  Event    answered;                    /* the offerer's */
  gboolean taker_gone;
  int      buffered;                    /* a value that nobody took */
} Queue;

static void
describe_offer (gpointer data, GString *out)
{
  Queue *queue = data;

  g_string_append_printf (out, "the value is in the latch, the taker %s", queue->taker_gone ? "is gone" : "may answer");
}

static void
say (Queue *queue, Answer answer)
{
  queue->answer = answer;
  event_set (&queue->answered);
}

static gboolean
offer (gpointer data, GError **error G_GNUC_UNUSED)
{
  Queue *queue = data;

  if (!g_queue_is_empty (&queue->takers))
    {
      Event *latch = queue->takers.head->data;

      event_leave (latch);
      bug_switch ();
      queue->value = 1;
      event_set (latch);
      event_wait_shielded (&queue->answered, "wait_for_commit");
    }
  if (queue->answer != COMMIT)
    queue->buffered = 1;
  return TRUE;
}

static gboolean
take (gpointer data, GError **error)
{
  Queue *queue = data;
  gboolean waits;

  if (queue->buffered != 0)
    return TRUE;
  event_join (&queue->latch, &queue->takers);
  if (event_wait (&queue->latch, "take", error))
    {
      say (queue, COMMIT);
      return TRUE;
    }

  waits = !g_queue_is_empty (&queue->takers);
  event_leave (&queue->latch);
  if (queue->repaired && !waits)
    event_wait_shielded (&queue->latch, "wait_for_value");
  if (queue->value != 0)
    say (queue, ABORT);
  queue->taker_gone = TRUE;
  return FALSE;
}

static gboolean
run (gboolean repaired, gboolean with_canceller, GError **error)
{
  Queue queue = { .repaired = repaired, .answered = { .describe = describe_offer, .of = &queue } };
  Victim taker;
  g_autoptr (TrioNursery) nursery = trio_nursery_open (error);

  start_victim (nursery, "taker", &taker, take, &queue);
  start_task (nursery, "offerer", offer, &queue);
  if (with_canceller)
    start_canceller (nursery, &taker);
  return trio_nursery_close (nursery, TRUE);
}

BUG_IN_TWO_WAYS (cats_queue_2pc, "cats-queue-2pc", run, "deadlock", "deadlock",
                 "a taker is cancelled between its latch's being taken and filled, and does not answer");
