/* SPDX-License-Identifier: MIT OR Apache-2.0 */

/* Four setters and a checker: see reorder.h. */

#include "tests/bugs/sctbench/reorder.h"

static gboolean
run (gboolean repaired, GError **error)
{
  return reorder_run (4, 1, repaired, error);
}

const Bug bug_reorder_5 = {
  "reorder-5", run, "always", NULL, "a pair is read while all of 4 setters have written at most its first half",
};
