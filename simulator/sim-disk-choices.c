/* SPDX-License-Identifier: MIT OR Apache-2.0 */

/* What a simulated disk leaves to chance; the words are for schedules and traces. */

#include "simulator/sim-disk.h"

#include <trio/lowlevel/task.h>

static char *
path_of (const TrioChoicePoint *point)
{
  return point->task == NULL ? g_strdup ("the world") : trio_task_dup_path (point->task);
}

static const char *
file_of (const TrioFileOp *op)
{
  return op->path != NULL ? op->path : op->handle != NULL ? op->handle->path : "the place for temporary files";
}

/* --- time --- */

static const gint64 latencies[] = { 50, 1000, 10 * 1000, 100 * 1000, 1000 * 1000 };
static const guint32 latency_weights[] = { 24, 6, 3, 2, 1 };

static void
describe_latency (const TrioChoicePoint *point, guint32 value, GString *out)
{
  g_autofree char *path = path_of (point);
  const TrioFileOp *op = point->data;

  g_string_append_printf (out, "the disk %s %s on %s of %s %" G_GINT64_FORMAT " ms late",
                          g_str_equal (point->label, "disk.latency")  ? "did"
                          : g_str_equal (point->label, "disk.answer") ? "answered"
                                                                      : "told watchers of", point->what, file_of (op), path,
                          latencies[value] / 1000);
}

static gint64
choose_latency (const TrioFileOp *op, const char *label)
{
  const TrioChoicePoint point = {
    .label = label,
    .bound = G_N_ELEMENTS (latencies),
    .weights = latency_weights,
    .what = op->what,
    .describe = describe_latency,
    .data = (gpointer) op,
  };

  return latencies[trio_choose (&point)];
}

static void
describe_part (const TrioChoicePoint *point, guint32 value, GString *out)
{
  g_autofree char *path = path_of (point);

  g_string_append_printf (out, "%s read %s of what it asked %s for", path, value == 1 ? "one byte" : "half", file_of (point->data));
}

static gsize
choose_part (const TrioFileOp *op)
{
  static const guint32 weights[] = { 16, 1, 1 };
  const TrioChoicePoint point = {
    .label = "disk.read",
    .bound = 3,
    .weights = weights,
    .what = op->what,
    .describe = describe_part,
    .data = (gpointer) op,
  };
  guint32 value = op->size < 2 ? 0 : trio_choose (&point);

  return value == 0 ? op->size : value == 1 ? 1 : op->size / 2;
}

/* --- faults --- */

/* What a person is told for a label, before the name of the file. */
static const struct
{
  const char *label;
  const char *words;
} faults[] = {
  { "fault.disk.read", "could not read" },
  { "fault.disk.write", "could not write" },
  { "fault.disk.full", "found no room for" },
  { "fault.disk.sync", "could not sync, and lost what was written to," },
  { "fault.disk.lie", "was told of a sync that there was not, of" },
  { "fault.disk.corrupt", "read a damaged sector of" },
  { "fault.disk.notices", "did something of which the notices were lost, with" },
  { "fault.disk.misdirect", "had a sector written to another place than it belongs, of" },
};

static void
describe_fault (const TrioChoicePoint *point, guint32 value G_GNUC_UNUSED, GString *out)
{
  g_autofree char *path = path_of (point);

  for (guint i = 0; i < G_N_ELEMENTS (faults); i++)
    if (g_str_equal (faults[i].label, point->label))
      g_string_append_printf (out, "%s %s %s (%s)", path, faults[i].words, file_of (point->data), point->what);
}

static guint32
choose_fault (TrioSimDisk *disk, const TrioFileOp *op, const char *label, guint32 bound)
{
  static const guint32 weights[] = { 80, 1, 1, 1, 1, 1, 1, 1, 1 };
  const TrioChoicePoint point = {
    .label = label,
    .bound = MIN (bound, G_N_ELEMENTS (weights)),
    .weights = weights,
    .what = op->what,
    .describe = describe_fault,
    .data = (gpointer) op,
  };

  return trio_sim_tape_allows (disk->disks->tape, TRIO_SIM_INJECT_FAULT) ? trio_choose (&point) : 0;
}

static gsize
count_sectors (gsize size)
{
  return (size + TRIO_SIM_SECTOR - 1) / TRIO_SIM_SECTOR;
}

static void
choose_reading (TrioSimDisk *disk, const TrioFileOp *op, TrioSimFate *fate)
{
  gsize size = op->handle->inode->is_directory ? 0 : op->handle->inode->cache->len;
  gsize left = op->offset < (gint64) size ? MIN (op->size, size - (gsize) op->offset) : 0;

  fate->part = choose_part (op);
  fate->fails = choose_fault (disk, op, "fault.disk.read", 2) != 0;
  if (left > 0 && trio_sim_atlas_allows (disk, op->handle->path))
    fate->corrupt = choose_fault (disk, op, "fault.disk.corrupt", 1 + (guint32) MIN (count_sectors (left), 8));
}

static void
choose_syncing (TrioSimDisk *disk, const TrioFileOp *op, TrioSimFate *fate)
{
  gboolean is_file = op->handle != NULL && !op->handle->inode->is_directory;

  fate->fails = choose_fault (disk, op, "fault.disk.sync", 2) != 0;
  if (!trio_sim_atlas_allows (disk, file_of (op)))
    return;
  fate->lies = choose_fault (disk, op, "fault.disk.lie", 2) != 0;
  if (is_file)
    fate->misdirected = choose_fault (disk, op, "fault.disk.misdirect",
                                      2 + (guint32) MIN (count_sectors (op->handle->inode->medium->len), 4));
}

static gboolean
wants_room (const TrioFileOp *op)
{
  return op->verb == TRIO_FILE_VERB_OPEN_TEMPORARY || op->verb == TRIO_FILE_VERB_MAKE_DIRECTORY
         || op->verb == TRIO_FILE_VERB_MAKE_TEMPORARY_DIRECTORY
         || (op->verb == TRIO_FILE_VERB_OPEN && (op->flags & TRIO_FILE_CREATE) != 0);
}

static gboolean
is_noticed (const TrioFileOp *op)
{
  return wants_room (op) || op->verb == TRIO_FILE_VERB_WRITE || op->verb == TRIO_FILE_VERB_TRUNCATE || op->verb == TRIO_FILE_VERB_RENAME
         || op->verb == TRIO_FILE_VERB_REMOVE || op->verb == TRIO_FILE_VERB_REMOVE_DIRECTORY
         || (op->verb == TRIO_FILE_VERB_OPEN && (op->flags & TRIO_FILE_TRUNCATE) != 0);
}

TrioSimFate
trio_sim_disk_choose_fate (TrioSimDisk *disk, const TrioFileOp *op)
{
  TrioSimFate fate = { .latency_us = choose_latency (op, "disk.latency"), .answer_us = choose_latency (op, "disk.answer") };

  if (op->handle != NULL && trio_sim_handle_is_stale (op->handle))
    return fate;
  if (disk->n_watches > 0 && is_noticed (op))
    {
      fate.notice_us = choose_latency (op, "disk.notice");
      fate.notices_lost = choose_fault (disk, op, "fault.disk.notices", 2) != 0;
    }
  if (op->verb == TRIO_FILE_VERB_READ)
    choose_reading (disk, op, &fate);
  else if (op->verb == TRIO_FILE_VERB_WRITE)
    {
      fate.full = choose_fault (disk, op, "fault.disk.full", 3);
      fate.fails = choose_fault (disk, op, "fault.disk.write", 2) != 0;
    }
  else if (op->verb == TRIO_FILE_VERB_TRUNCATE)
    fate.fails = choose_fault (disk, op, "fault.disk.write", 2) != 0;
  else if (op->verb == TRIO_FILE_VERB_SYNC || op->verb == TRIO_FILE_VERB_SYNC_DATA || op->verb == TRIO_FILE_VERB_SYNC_DIRECTORY)
    choose_syncing (disk, op, &fate);
  else if (wants_room (op))
    fate.full = choose_fault (disk, op, "fault.disk.full", 2);
  return fate;
}

/* --- a crash --- */

/* At most so many places where it may be torn. */
#define CUTS_MAX 4

typedef struct
{
  const TrioSimUnsynced *unsynced;
  gsize                  n;
  guint32                n_cuts;
} Survival;

/* 0: none; 1: all; then those before the first cut, the second …; then those behind the first, the second … */
static void
survivors_of (const Survival *survival, guint32 value, gsize *first, gsize *count)
{
  guint32 cut = value < 2 ? 0 : (value - 2) % survival->n_cuts + 1;
  gsize place = cut * survival->n / (survival->n_cuts + 1);

  *first = 0;
  *count = value == 0 ? 0 : survival->n;
  if (value < 2)
    return;
  place = MAX (place, 1);
  if (value - 2 < survival->n_cuts)
    *count = place;
  else
    {
      *first = place;
      *count = survival->n - place;
    }
}

static void
describe_survival (const TrioChoicePoint *point, guint32 value, GString *out)
{
  const Survival *survival = point->data;
  const TrioSimUnsynced *unsynced = survival->unsynced;
  gsize first, count;

  survivors_of (survival, value, &first, &count);
  if (unsynced->sectors == NULL)
    g_string_append_printf (out, "file %" G_GUINT64_FORMAT " was cut to %" G_GSIZE_FORMAT " bytes on the medium, though not synced",
                            unsynced->inode->number, unsynced->offset);
  else
    g_string_append_printf (out, "%" G_GSIZE_FORMAT " of %" G_GSIZE_FORMAT " sectors, from byte %" G_GSIZE_FORMAT " of file %" G_GUINT64_FORMAT
                            " on, were on the medium, though not synced", count, survival->n,
                            unsynced->offset + first * TRIO_SIM_SECTOR, unsynced->inode->number);
}

void
trio_sim_disk_choose_survivors (const TrioSimUnsynced *unsynced, gsize n, gsize *first, gsize *count)
{
  static const guint32 weights[] = { 4, 4, 1, 1, 1, 1, 1, 1, 1, 1 };
  Survival survival = { .unsynced = unsynced, .n = n, .n_cuts = (guint32) MIN (n - MIN (n, 1), CUTS_MAX) };
  const TrioChoicePoint point = {
    .label = "disk.survive",
    .bound = 2 + 2 * survival.n_cuts,
    .weights = weights,
    .what = "trio_sim_disk_crash",
    .describe = describe_survival,
    .data = &survival,
  };

  G_STATIC_ASSERT (G_N_ELEMENTS (weights) == 2 + 2 * CUTS_MAX);
  survivors_of (&survival, trio_choose (&point), first, count);
}

static void
describe_names (const TrioChoicePoint *point, guint32 value, GString *out)
{
  const TrioSimDisk *disk = point->data;
  const TrioSimChange *last = g_ptr_array_index (disk->journal, value - 1);

  g_string_append_printf (out, "%u changes of names, up to that of \"%s\", were on the medium, though not synced", value, last->part[0].name);
}

gsize
trio_sim_disk_choose_names (const TrioSimDisk *disk)
{
  const TrioChoicePoint point = {
    .label = "disk.survive.names",
    .bound = disk->journal->len + 1,
    .what = "trio_sim_disk_crash",
    .describe = describe_names,
    .data = (gpointer) disk,
  };

  return trio_choose (&point);
}
