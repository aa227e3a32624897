/* SPDX-License-Identifier: MIT OR Apache-2.0 */

/* A disk that is as bad as it may be: it keeps what was synced, and nothing else. */

#include "disk.h"

#define SYNC_US (2 * G_TIME_SPAN_MILLISECOND)

static void
copy_image (Image *to, const Image *from)
{
  to->term = from->term;
  to->vote = from->vote;
  g_array_set_size (to->log, 0);
  g_array_append_vals (to->log, from->log->data, from->log->len);
}

void
disk_init (Disk *disk)
{
  disk->written = (Image) { .vote = -1, .log = g_array_new (FALSE, FALSE, sizeof (Entry)) };
  disk->synced = (Image) { .vote = -1, .log = g_array_new (FALSE, FALSE, sizeof (Entry)) };
}

void
disk_clear (Disk *disk)
{
  g_array_unref (disk->written.log);
  g_array_unref (disk->synced.log);
}

void
disk_recover (Disk *disk)
{
  copy_image (&disk->written, &disk->synced);
}

gboolean
disk_sync (Disk *disk, GError **error)
{
  Image image = { .log = g_array_new (FALSE, FALSE, sizeof (Entry)) };
  gboolean ok;

  copy_image (&image, &disk->written);
  ok = trio_sleep (SYNC_US, error);
  if (ok)
    copy_image (&disk->synced, &image);
  g_array_unref (image.log);
  return ok;
}
