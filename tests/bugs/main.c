/* SPDX-License-Identifier: MIT OR Apache-2.0 */

/* The command line of a group: each kernel is two scenarios, the bug and its repaired twin. What `list` says of a bug begins with
 * the verdict that is to be found, and what must be injected for that: "deadlock: …", "always, inject cancel: …". */

#include <trio-sim/sim.h>

#include "tests/bugs/bug.h"

typedef struct
{
  const Bug *bug;
  gboolean   repaired;
} Twin;

static gboolean
run_twin (gpointer data, GError **error)
{
  const Twin *twin = data;

  return twin->bug->func (twin->repaired, error);
}

static TrioScenario
scenario_of (const Bug *bug, gboolean repaired)
{
  Twin *twin = g_new (Twin, 1);

  *twin = (Twin) { bug, repaired };
  return (TrioScenario) {
    .name = g_strconcat (bug->name, repaired ? "-repaired" : NULL, NULL),
    .func = run_twin,
    .data = twin,
    .about = g_strconcat (repaired ? "repaired" : bug->verdict, bug->inject ? ", inject " : "", bug->inject ? bug->inject : "",
                          ": ", bug->about, NULL),
  };
}

int
main (int argc, char **argv)
{
  GArray *scenarios = g_array_new (TRUE, FALSE, sizeof (TrioScenario));

  for (const Bug *const *bug = bugs_of_group; *bug != NULL; bug++)
    {
      TrioScenario both[] = { scenario_of (*bug, FALSE), scenario_of (*bug, TRUE) };

      g_array_append_vals (scenarios, both, G_N_ELEMENTS (both));
    }
  return trio_sim_main (argc, argv, (const TrioScenario *) (gpointer) scenarios->data);
}
