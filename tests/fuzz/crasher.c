/* SPDX-License-Identifier: MIT OR Apache-2.0 */

/* A fuzz target that dies of a null pointer if its second child runs before its first: what the driver does when a run takes the whole
 * program with it. */

#include <trio-fuzz/fuzz.h>

static int           number = 1;
static int *volatile pointer;      /* the compiler is not to guess that it is set */

static gboolean
set_pointer (gpointer data G_GNUC_UNUSED, GError **error G_GNUC_UNUSED)
{
  pointer = &number;
  return TRUE;
}

static gboolean
use_pointer (gpointer data G_GNUC_UNUSED, GError **error G_GNUC_UNUSED)
{
  *pointer = 2;
  return TRUE;
}

static gboolean
crasher_main (gpointer data G_GNUC_UNUSED, GError **error)
{
  g_autoptr (TrioNursery) nursery = trio_nursery_open (error);

  pointer = NULL;
  trio_nursery_start_soon (nursery, set_pointer, NULL);
  trio_nursery_start_soon (nursery, use_pointer, NULL);
  return trio_nursery_close (nursery, TRUE);
}

static const TrioScenario scenario = { "crasher", crasher_main, NULL, "a null pointer, in the wrong order" };

TRIO_FUZZ_TARGET (&scenario, TRIO_SIM_INJECT_NONE)
