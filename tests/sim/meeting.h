/* SPDX-License-Identifier: MIT OR Apache-2.0 */

/* Two tasks touch one word: one in its last step of twelve, the other in its first. An even walk turns the two touches round in one run of 2048.
 * In a header, since it is compiled twice: with its accesses to memory told to the run (test-plain-memory.c), and with the object told by
 * trio_note_access() (test-strategies.c). */

#pragma once

#include <trio/lowlevel/access.h>

#include "tests/sim/sim-test.h"

typedef struct
{
  int      object;
  gboolean is_told;         /* of each touch the run is told as that of an object */
  gboolean touched;
  gboolean was_late;
} Meeting;

static void
touch (Meeting *meeting)
{
  if (meeting->is_told)
    trio_note_access (&meeting->object, TRIO_ACCESS_WRITE);
}

static gboolean
touch_at_last (gpointer data, GError **error)
{
  Meeting *meeting = data;

  for (guint i = 1; i < 12; i++)
    if (!trio_checkpoint (error))
      return FALSE;
  touch (meeting);
  meeting->touched = TRUE;
  return TRUE;
}

static gboolean
touch_at_once (gpointer data, GError **error)
{
  Meeting *meeting = data;

  touch (meeting);
  meeting->was_late = meeting->touched;
  return trio_checkpoint (error);
}

static gboolean
meet (gpointer data, GError **error)
{
  Meeting *meeting = data;
  g_autoptr (TrioNursery) nursery = trio_nursery_open (error);

  meeting->touched = FALSE;
  trio_nursery_start_soon_full (nursery, touch_at_once, meeting, NULL, "early");
  trio_nursery_start_soon_full (nursery, touch_at_last, meeting, NULL, "late");
  return trio_nursery_close (nursery, TRUE);
}

/* In how many of 1000 runs SURW turns them round. */
static guint
count_late_meetings (gboolean is_told)
{
  Meeting meeting = { .is_told = is_told };
  g_autoptr (TrioSimMeasure) measure = sim_measure (meet, &meeting, TRIO_SIM_INJECT_NONE);
  guint n = 0;

  for (guint64 seed = 1; seed <= 1000; seed++)
    {
      g_autoptr (TrioSimReport) report = sim_run_measured (meet, &meeting, "surw", seed, measure, TRIO_SIM_INJECT_NONE);

      sim_expect (report, TRIO_SIM_OK, NULL);
      n += meeting.was_late;
    }
  g_test_message ("turned round in %u of 1000 runs", n);
  return n;
}
