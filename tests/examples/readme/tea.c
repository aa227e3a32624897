/* SPDX-License-Identifier: MIT OR Apache-2.0 */

#include <trio-sim/sim.h>

#define A_WHILE (20 * G_TIME_SPAN_MILLISECOND)          /* it is a small kettle */

static gboolean
boil (gpointer water_is_hot, GError **error)
{
  if (!trio_sleep (A_WHILE, error))
    return FALSE;                                       /* cancelled: whoever waits for us will know */
  *(gboolean *) water_is_hot = TRUE;
  return TRUE;
}

static gboolean
pour (gpointer water_is_hot, GError **error)
{
  if (!trio_sleep (A_WHILE, error))                     /* that was always long enough */
    return FALSE;
  trio_always (*(gboolean *) water_is_hot, "tea is made with hot water");
  return TRUE;
}

static gboolean
make_tea (gpointer data G_GNUC_UNUSED, GError **error)
{
  gboolean water_is_hot = FALSE;                        /* the tasks may point here: none of them outlives the nursery */
  g_autoptr (TrioCancelScope) patience = trio_fail_after (5 * G_TIME_SPAN_SECOND, error);
  g_autoptr (TrioNursery) kitchen = trio_nursery_open (error);

  trio_nursery_start_soon (kitchen, boil, &water_is_hot);
  trio_nursery_start_soon (kitchen, pour, &water_is_hot);

  return trio_cancel_scope_close (patience, trio_nursery_close (kitchen, TRUE));
}

int
main (int argc, char **argv)
{
  static const TrioScenario scenarios[] = { { "tea", make_tea, NULL, "boil, then pour" }, { 0 } };
  g_autoptr (GError) error = NULL;

  if (argc > 1)
    return trio_sim_main (argc, argv, scenarios);       /* tea explore, tea replay FILE … */
  if (!trio_run (make_tea, NULL, &error))               /* the real world */
    g_error ("no tea today: %s", error->message);
  return 0;
}
