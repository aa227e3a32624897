/* SPDX-License-Identifier: MIT OR Apache-2.0 */

/* What happened: a semaphore for Go (https://github.com/marusama/semaphore/pull/2); a semaphore, a lost broadcast.
 *
 * The bug: a release frees a place, puts a new channel in the place of the one that is waited on, and closes the old one. Who
 * has seen the semaphore full, and only then reads which channel to wait on, gets the new one, which is for the release after
 * this.
 *
 * The repair: read the channel first, then look whether the semaphore is full.
 *
 * Threads are tasks here, with a switch where they can be interrupted. */

#include "tests/bugs/cancel/cancel.h"

#define LIMIT    1
#define N_ROUNDS 4

typedef struct
{
  gboolean repaired;
  int      count;
  int      round;
  Event    channels[N_ROUNDS];          /* one for each release */
} Semaphore;

static void
describe_semaphore (gpointer data, GString *out)
{
  Semaphore *semaphore = data;

  g_string_append_printf (out, "%d of %d places are taken, and it has broadcast %d times", semaphore->count, LIMIT, semaphore->round);
}

static gboolean
acquire (gpointer data, GError **error G_GNUC_UNUSED)
{
  Semaphore *semaphore = data;

  for (;;)
    {
      int round = semaphore->round;

      bug_switch ();
      if (semaphore->count < LIMIT)
        {
          semaphore->count++;
          return TRUE;
        }
      bug_switch ();
      if (!semaphore->repaired)
        round = semaphore->round;
      event_wait_shielded (&semaphore->channels[round], "wait_for_broadcast");
    }
}

static gboolean
release (gpointer data, GError **error G_GNUC_UNUSED)
{
  Semaphore *semaphore = data;
  int old;

  semaphore->count--;
  bug_switch ();
  old = semaphore->round++;
  bug_switch ();
  event_set (&semaphore->channels[old]);
  return TRUE;
}

static gboolean
run (gboolean repaired, GError **error)
{
  Semaphore semaphore = { .repaired = repaired, .count = LIMIT };
  g_autoptr (TrioNursery) nursery = trio_nursery_open (error);

  for (int i = 0; i < N_ROUNDS; i++)
    semaphore.channels[i] = (Event) { .describe = describe_semaphore, .of = &semaphore };
  start_task (nursery, "acquirer", acquire, &semaphore);
  start_task (nursery, "releaser", release, &semaphore);
  return trio_nursery_close (nursery, TRUE);
}

const Bug bug_marusama_2 = {
  "marusama-2", run, "deadlock", NULL, "who has seen a full semaphore waits for the broadcast after the one that was for him",
};
