/* SPDX-License-Identifier: MIT OR Apache-2.0 */

/* In place of uring.c where liburing was not there to build with. */

#include "host/uring.h"

TrioUring *
trio_uring_new (void)
{
  static gint said;

  if (g_strcmp0 (g_getenv ("TRIO_FILES"), "io_uring") == 0 && g_atomic_int_compare_and_exchange (&said, 0, 1))
    g_message ("TRIO_FILES=io_uring: this library was built without liburing; worker threads do it");
  return NULL;
}

TrioFiles *
trio_uring_get_files (TrioUring *self G_GNUC_UNUSED)
{
  g_assert_not_reached ();
}

void
trio_uring_drain (TrioUring *self G_GNUC_UNUSED)
{
}

void
trio_uring_free (TrioUring *self G_GNUC_UNUSED)
{
}
