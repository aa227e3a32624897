/* SPDX-License-Identifier: MIT OR Apache-2.0 */

/* What a node keeps when it loses its power: its term and its vote, in /vote, and its log, in /log. Here is what they are to be; disk_sync () makes the
 * files so.
 *
 * Always true:
 *  1. /vote is replaced as a whole. /log is records of one size, none across two sectors, so that none is torn. What is behind a conflict is gone from the
 *     medium before anything is written in its place.
 *  2. After an error nothing is known of what is on the medium: `failed`. Whoever sees it starts again from disk_open (), which writes what it found once
 *     more, under a new name. */

#pragma once

#include <trio/trio.h>

#define KEY_MAX 15

typedef enum
{
  ENTRY_NOTHING,     /* the first of a leader's term */
  ENTRY_PUT,
  ENTRY_GET,         /* changes nothing; but where it stands in the log is when it happened */
} EntryKind;

typedef struct
{
  guint     term;
  EntryKind kind;
  char      key[KEY_MAX + 1];
  gint64    value;
} Entry;

typedef struct
{
  guint     term;
  int       vote;           /* for whom in that term; -1 for nobody */
  GArray   *log;            /* of Entry; the first has the index 1 */

  /* disk.c's own. */
  TrioFile *file;
  TrioLock *lock;           /* one at a time writes */
  guint     written_term;
  int       written_vote;
  guint     n_written;      /* so many entries are in the file as they are here */
  guint     n_in_file;
  gboolean  failed;
} Disk;

/* Checkpoint. What is there: nothing at first. `disk` is zeros, or what was left when its host lost its power. */
gboolean disk_open     (Disk *disk, GError **error);
void     disk_clear    (Disk *disk);
/* The entry with that index, and all behind it, are not to be there. */
void     disk_cut      (Disk *disk, guint index);
/* Checkpoint. What term, vote and log were at the call is in the files; and on the medium, if it is to be safe. */
gboolean disk_write    (Disk *disk, gboolean safe, GError **error);
