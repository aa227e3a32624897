/* SPDX-License-Identifier: MIT OR Apache-2.0 */

/* What a node keeps when it loses its power: its term, its vote, its log. What was written and not synced is lost then; so is what was
 * written while a sync was under way. Survives its node: the scenario owns it. */

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
  guint   term;
  int     vote;      /* for whom in that term; -1 for nobody */
  GArray *log;       /* of Entry; the first has the index 1 */
} Image;

typedef struct
{
  Image written;
  Image synced;
} Disk;

void     disk_init    (Disk *disk);
void     disk_clear   (Disk *disk);
/* After a loss of power, and at the beginning. */
void     disk_recover (Disk *disk);
/* Checkpoint. What was written before the call is safe when it has returned. */
gboolean disk_sync    (Disk *disk, GError **error);
