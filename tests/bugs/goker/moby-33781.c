/* SPDX-License-Identifier: MIT OR Apache-2.0 */

/* What happened: Docker's health checks (https://github.com/moby/moby/pull/33781; GoKer moby/33781; a channel that nobody reads,
 * and timers). The loop is bounded here.
 *
 * The bug: a monitor that is stopped while a probe runs leaves, and the probe reports its result for ever. The stop must come
 * between the two timers.
 *
 * The repair: the channel has room for the result. */

#include "tests/bugs/primitives.h"

#define N_ROUNDS 4
#define INTERVAL G_TIME_SPAN_MILLISECOND

typedef struct
{
  gboolean   repaired;
  Channel   *stop;
  GPtrArray *results;       /* Channel, for freeing them */
} Health;

static gboolean
probe (gpointer data, GError **error G_GNUC_UNUSED)
{
  Channel *result = data;

  channel_send (result, NULL);
  return TRUE;
}

/* FALSE: it was stopped meanwhile. */
static gboolean TRIO_CHECKPOINT
probe_once (Health *health, TrioNursery *nursery)
{
  Channel *result = channel_new (health->repaired ? 1 : 0);
  gpointer item;

  g_ptr_array_add (health->results, result);
  trio_nursery_start_soon (nursery, probe, result);
  switch (choose_from (trio_case_receive (health->stop->receive, &item), trio_case_receive (result->receive, &item),
                       trio_case_after (INTERVAL)))
    {
    case 0:
      return FALSE;
    case 1:
      return TRUE;
    default:
      channel_receive (result, NULL);       /* it took too long, and is awaited all the same */
      return TRUE;
    }
}

static gboolean
monitor (gpointer data, GError **error)
{
  Health *health = data;
  g_autoptr (TrioNursery) nursery = trio_nursery_open (error);
  gboolean goes_on = TRUE;
  gpointer item;

  for (guint i = 0; i < N_ROUNDS && goes_on; i++)
    {
      goes_on = choose_from (trio_case_receive (health->stop->receive, &item), trio_case_after (INTERVAL)) == 1;
      goes_on = goes_on && probe_once (health, nursery);
    }
  if (goes_on)
    channel_receive (health->stop, NULL);
  return trio_nursery_close (nursery, TRUE);
}

static gboolean
stop (gpointer data, GError **error G_GNUC_UNUSED)
{
  Health *health = data;

  channel_send (health->stop, NULL);
  return TRUE;
}

static gboolean
run (gboolean repaired, GError **error)
{
  g_autoptr (Channel) stopping = channel_new (0);
  g_autoptr (GPtrArray) results = g_ptr_array_new_with_free_func ((GDestroyNotify) channel_free);
  Health health = { repaired, stopping, results };
  g_autoptr (TrioNursery) nursery = trio_nursery_open (error);

  trio_nursery_start_soon (nursery, monitor, &health);
  trio_nursery_start_soon (nursery, stop, &health);
  return trio_nursery_close (nursery, TRUE);
}

const Bug bug_moby_33781 = {
  "moby-33781", run, "deadlock", NULL, "a monitor is stopped during a probe, and the probe reports to nobody",
};
