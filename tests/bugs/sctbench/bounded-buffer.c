/* SPDX-License-Identifier: MIT OR Apache-2.0 */

/* What happened: Tom Cargill's challenge, which has been the example of many tools (Coyote's BoundedBuffer, Shuttle's demo,
 * https://wiki.c2.com/?ExtremeProgrammingChallengeFourteen; a lost wake-up).
 *
 * The bug: those who put and those who take wait for one condition, and each change wakes one of them. If it wakes one of the same
 * kind, that one sleeps on, and the one who could go on is not woken.
 *
 * The repair: wake all. */

#include "tests/bugs/primitives.h"

#define CAPACITY  1
#define N_READERS 2
#define N_EACH    2

typedef struct
{
  gboolean repaired;
  Mutex    mutex;
  Cond     changed;
  int      n;
} Buffer;

static void TRIO_CHECKPOINT
change (Buffer *buffer, int limit, int by)
{
  mutex_lock (&buffer->mutex);
  while (buffer->n == limit)
    cond_wait (&buffer->changed, &buffer->mutex);
  buffer->n += by;
  if (buffer->repaired)
    cond_broadcast (&buffer->changed);
  else
    cond_signal (&buffer->changed);
  mutex_unlock (&buffer->mutex);
}

static gboolean
writer (gpointer data, GError **error G_GNUC_UNUSED)
{
  for (guint i = 0; i < N_READERS * N_EACH; i++)
    change (data, CAPACITY, 1);
  return TRUE;
}

static gboolean
reader (gpointer data, GError **error G_GNUC_UNUSED)
{
  for (guint i = 0; i < N_EACH; i++)
    change (data, 0, -1);
  return TRUE;
}

static gboolean
run (gboolean repaired, GError **error)
{
  Buffer buffer = { .repaired = repaired, .mutex = MUTEX ("buffer"), .changed = COND ("changed") };
  g_autoptr (TrioNursery) nursery = trio_nursery_open (error);

  trio_nursery_start_soon (nursery, writer, &buffer);
  for (guint i = 0; i < N_READERS; i++)
    trio_nursery_start_soon (nursery, reader, &buffer);
  return trio_nursery_close (nursery, TRUE);
}

const Bug bug_bounded_buffer = {
  "bounded-buffer", run, "deadlock", NULL, "a change wakes one who cannot use it, and not the one who could",
};
