/* SPDX-License-Identifier: MIT OR Apache-2.0 */

/* Ten setters and ten checkers: see reorder.h. */

#include "tests/bugs/sctbench/reorder.h"

static gboolean
run (gboolean repaired, GError **error)
{
  return reorder_run (10, 10, repaired, error);
}

const Bug bug_reorder_20 = {
  "reorder-20", run, "always", NULL, "a pair is read while all of 10 setters have written at most its first half",
};
