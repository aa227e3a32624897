/* SPDX-License-Identifier: MIT OR Apache-2.0 */

/* The real functions, behind ours. */

#include "simulator/escape/escape.h"

#include <dlfcn.h>
#include <link.h>

/* Somebody must name them, or a linker leaves them in the archive. */
static const char *const fronts[] = { &trio_sim_front_glib, &trio_sim_front_random, &trio_sim_front_system, &trio_sim_front_time };

gboolean
trio_sim_escapes_are_seen (void)
{
  return *(const char *const volatile *) fronts != NULL;
}

/* --- GLib --- */

typedef struct
{
  guintptr  inside;      /* an address in it */
  guintptr  low, high;
} Object;

static int
measure_object (struct dl_phdr_info *info, size_t size G_GNUC_UNUSED, void *data)
{
  Object *object = data;
  guintptr low = G_MAXSIZE, high = 0;

  for (guint i = 0; i < info->dlpi_phnum; i++)
    if (info->dlpi_phdr[i].p_type == PT_LOAD)
      {
        low = MIN (low, info->dlpi_addr + info->dlpi_phdr[i].p_vaddr);
        high = MAX (high, info->dlpi_addr + info->dlpi_phdr[i].p_vaddr + info->dlpi_phdr[i].p_memsz);
      }
  if (object->inside < low || object->inside >= high)
    return 0;
  object->low = low;
  object->high = high;
  return 1;
}

gboolean
trio_sim_escape_is_in_glib (gconstpointer address)
{
  static Object glib;

  if (G_UNLIKELY (glib.high == 0))
    {
      /* Not by its name here, which may stand for a stub of ours. */
      glib.inside = (guintptr) dlsym (RTLD_NEXT, "g_slice_alloc");
      dl_iterate_phdr (measure_object, &glib);
    }
  return (guintptr) address >= glib.low && (guintptr) address < glib.high;
}

/* --- the functions behind ours --- */

/* Whether ours is the one that a program finds first. Those of a sanitizer in the program, or before us among its libraries, stand in front of ours in
 * a shared library: then it has been through them already, and they lead to us. */
static gboolean
is_first (const char *name)
{
  /* The address of the function is no answer: clang takes that of the one in this library. */
  gpointer first = dlsym (RTLD_DEFAULT, name);
  Dl_info ours, theirs;

  return dladdr ((gpointer) is_first, &ours) == 0 || dladdr (first, &theirs) == 0 || ours.dli_fbase == theirs.dli_fbase;
}

/* Any thread may be the first, and all find the same. */
gpointer
trio_sim_escape_find_real (gpointer *known, gpointer interceptor, const char *name)
{
  gpointer real = __atomic_load_n (known, __ATOMIC_RELAXED);

  if (G_LIKELY (real != NULL))
    return real;
  real = interceptor != NULL && is_first (name) ? interceptor : dlsym (RTLD_NEXT, name);
  if (real == NULL)
    g_error ("%s: the C library has none", name);
  __atomic_store_n (known, real, __ATOMIC_RELAXED);
  return real;
}
