/* SPDX-License-Identifier: MIT OR Apache-2.0 */

/* Which mutation is on; see <trio/lowlevel/mutation.h>. It lies here because nobody else may ask the environment. */

#include <trio/lowlevel/mutation.h>

#ifdef TRIO_MUTATIONS
const char *trio_mutation;

__attribute__ ((constructor)) static void
choose_mutation (void)
{
  trio_mutation = g_getenv ("TRIO_MUTATION");
}
#endif
