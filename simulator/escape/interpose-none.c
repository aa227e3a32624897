/* SPDX-License-Identifier: MIT OR Apache-2.0 */

/* Where functions cannot be put in front of the C library's as on Linux: nothing is seen of what a program calls. The comparison of two runs
 * (check_determinism) still finds what comes of it. */

#include "simulator/escape/escape.h"

gboolean
trio_sim_escape_is_in_glib (gconstpointer address G_GNUC_UNUSED)
{
  return FALSE;
}

gboolean
trio_sim_escapes_are_seen (void)
{
  return FALSE;
}
