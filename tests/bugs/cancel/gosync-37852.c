/* SPDX-License-Identifier: MIT OR Apache-2.0 */

/* What happened: the weighted semaphore of Go's x/sync (https://github.com/golang/go/issues/37852); a semaphore, a line that
 * nobody serves.
 *
 * The bug: waiters are served in order. The first wants more units than are free, and who stands behind it would be content with
 * those; when the first is cancelled it leaves, and nobody looks at the line.
 *
 * The repair: serve the line when a waiter leaves. */

#include "tests/bugs/cancel/cancel.h"

#define UNITS 3

typedef struct
{
  Event granted;                /* first, so that who stands in line is known by it */
  int   n_units;
} Waiter;

typedef struct
{
  gboolean repaired;
  int      n_free;
  GQueue   waiters;
  Event    c_has_run;
} Semaphore;

static void
describe_semaphore (gpointer semaphore, GString *out)
{
  g_string_append_printf (out, "%d of %d units are free", ((Semaphore *) semaphore)->n_free, UNITS);
}

static Waiter *
first_that_fits (Semaphore *semaphore)
{
  Waiter *first = g_queue_peek_head (&semaphore->waiters);

  return first != NULL && first->n_units <= semaphore->n_free ? first : NULL;
}

static void
serve (Semaphore *semaphore)
{
  Waiter *first;

  while ((first = first_that_fits (semaphore)) != NULL)
    {
      semaphore->n_free -= first->n_units;
      event_leave (&first->granted);
      event_set (&first->granted);
    }
}

static void
semaphore_release (Semaphore *semaphore, int n_units)
{
  semaphore->n_free += n_units;
  serve (semaphore);
}

static gboolean
semaphore_acquire (Semaphore *semaphore, int n_units, GError **error)
{
  Waiter self = { .granted = { .describe = describe_semaphore, .of = semaphore }, .n_units = n_units };

  if (g_queue_is_empty (&semaphore->waiters) && semaphore->n_free >= n_units)
    {
      semaphore->n_free -= n_units;
      return TRUE;
    }
  event_join (&self.granted, &semaphore->waiters);
  if (event_wait (&self.granted, "semaphore_acquire", error))
    return TRUE;
  event_leave (&self.granted);
  if (self.granted.set)
    semaphore_release (semaphore, n_units);
  else if (semaphore->repaired)
    serve (semaphore);
  return FALSE;
}

static gboolean
a (gpointer data, GError **error)
{
  Semaphore *semaphore = data;
  gboolean ok;

  if (!semaphore_acquire (semaphore, 2, error))
    return FALSE;
  ok = event_wait (&semaphore->c_has_run, "wait_for_c", error);
  semaphore_release (semaphore, 2);
  return ok;
}

static gboolean
b (gpointer data, GError **error)
{
  if (!semaphore_acquire (data, 2, error))
    return FALSE;
  semaphore_release (data, 2);
  return TRUE;
}

static gboolean
c (gpointer data, GError **error)
{
  Semaphore *semaphore = data;

  if (!semaphore_acquire (semaphore, 1, error))
    return FALSE;
  event_set (&semaphore->c_has_run);
  semaphore_release (semaphore, 1);
  return TRUE;
}

/* Where b may not be cancelled, and c stand behind it, A must not wait for ever. */
static gboolean
look_after_an_hour (gpointer data, GError **error)
{
  Semaphore *semaphore = data;

  if (!trio_sleep (G_TIME_SPAN_HOUR, error))
    return FALSE;
  trio_always (first_that_fits (semaphore) == NULL, "nobody waits for what is free");
  event_set (&semaphore->c_has_run);
  return TRUE;
}

static gboolean
run (gboolean repaired, gboolean with_canceller, GError **error)
{
  Semaphore semaphore = { .repaired = repaired, .n_free = UNITS };
  Victim victim;
  g_autoptr (TrioNursery) nursery = trio_nursery_open (error);

  start_task (nursery, "a", a, &semaphore);
  start_victim (nursery, "b", &victim, b, &semaphore);
  start_task (nursery, "c", c, &semaphore);
  if (with_canceller)
    start_canceller (nursery, &victim);
  else
    start_task (nursery, "observer", look_after_an_hour, &semaphore);
  return trio_nursery_close (nursery, TRUE);
}

BUG_IN_TWO_WAYS (gosync_37852, "gosync-37852", run, "deadlock", "always",
                 "a cancelled waiter that wanted much leaves, and who wants little is not served");
