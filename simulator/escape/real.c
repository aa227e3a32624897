/* SPDX-License-Identifier: MIT OR Apache-2.0 */

/* The real functions, behind ours. */

#include "simulator/escape/escape.h"

#include <dlfcn.h>

/* Somebody must name them, or a linker leaves them in the archive. */
static const char *const fronts[] = { &trio_sim_front_glib, &trio_sim_front_random, &trio_sim_front_system, &trio_sim_front_time };

gboolean
trio_sim_escapes_are_seen (void)
{
  return *(const char *const volatile *) fronts != NULL;
}

/* Any thread may be the first, and all find the same. */
gpointer
trio_sim_escape_find_real (gpointer *known, gpointer interceptor, const char *name)
{
  gpointer real = __atomic_load_n (known, __ATOMIC_RELAXED);

  if (G_LIKELY (real != NULL))
    return real;
  real = interceptor != NULL ? interceptor : dlsym (RTLD_NEXT, name);
  if (real == NULL)
    g_error ("%s: the C library has none", name);
  __atomic_store_n (known, real, __ATOMIC_RELAXED);
  return real;
}
