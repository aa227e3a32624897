/* SPDX-License-Identifier: MIT OR Apache-2.0 */

/* What happened: four threads that pass a number on (SCTBench's CS.token_ring_bad, https://github.com/mc-imperial/sctbench; order).
 *
 * The bug: each of three copies its neighbour's number, in whatever order they come; the fourth asserts that all have the same.
 *
 * The repair: each waits for the one it copies from. */

#include "tests/bugs/primitives.h"

typedef struct
{
  gboolean   repaired;
  int        x1, x2, x3;
  gboolean   done1, done2, done3;
  TrioEvent *first_done;
  TrioEvent *second_done;
} Ring;

static gboolean
first (gpointer data, GError **error G_GNUC_UNUSED)
{
  Ring *ring = data;

  bug_switch ();
  ring->x1 = (ring->x3 + 1) % 4;
  ring->done1 = TRUE;
  trio_event_set (ring->first_done);
  return TRUE;
}

static void TRIO_CHECKPOINT
copy (const int *from, int *to, gboolean *done)
{
  int x;

  bug_switch ();
  x = *from;
  bug_switch ();
  *to = x;
  bug_switch ();
  *done = TRUE;
}

static gboolean
second (gpointer data, GError **error G_GNUC_UNUSED)
{
  Ring *ring = data;

  if (ring->repaired)
    wait_for (ring->first_done);
  copy (&ring->x1, &ring->x2, &ring->done2);
  trio_event_set (ring->second_done);
  return TRUE;
}

static gboolean
third (gpointer data, GError **error G_GNUC_UNUSED)
{
  Ring *ring = data;

  if (ring->repaired)
    wait_for (ring->second_done);
  copy (&ring->x2, &ring->x3, &ring->done3);
  return TRUE;
}

static gboolean
check (gpointer data, GError **error G_GNUC_UNUSED)
{
  Ring *ring = data;

  bug_switch ();
  if (ring->done1 && ring->done2 && ring->done3)
    trio_always (ring->x1 == ring->x2 && ring->x2 == ring->x3, "all have the same number in the end");
  return TRUE;
}

static gboolean
run (gboolean repaired, GError **error)
{
  g_autoptr (TrioEvent) first_done = trio_event_new ();
  g_autoptr (TrioEvent) second_done = trio_event_new ();
  Ring ring = { .repaired = repaired, .x1 = 1, .x2 = 2, .x3 = 1, .first_done = first_done, .second_done = second_done };
  g_autoptr (TrioNursery) nursery = trio_nursery_open (error);

  trio_nursery_start_soon (nursery, first, &ring);
  bug_switch ();
  trio_nursery_start_soon (nursery, second, &ring);
  bug_switch ();
  trio_nursery_start_soon (nursery, third, &ring);
  bug_switch ();
  trio_nursery_start_soon (nursery, check, &ring);
  return trio_nursery_close (nursery, TRUE);
}

const Bug bug_token_ring = {
  "token-ring", run, "always", NULL, "numbers are copied around a ring in the wrong order",
};
