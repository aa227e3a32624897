/* SPDX-License-Identifier: MIT OR Apache-2.0 */

/* Simulated disks: what they are made of. <trio-sim/disk.h> says how they behave.
 *
 *     disks (one for each world: the seam)
 *       '-- disk -- root -- inodes, each with what programs see and what is on the medium
 *             |-- unsynced   writes and truncations, in order; each knows the sectors as they were after it
 *             |-- journal    changes of names, in order
 *             |-- handles    open files
 *             |-- lost       those whose host crashed
 *             '-- requests   verbs under way, each with one event planned
 *
 *     request:  asked for --- disk.latency ---> it happens --- disk.answer ---> the task goes on
 *
 * Always true:
 *  1. medium + unsynced, applied in order, is what programs see, and so it is with the names and the journal; unless a sync
 *     failed or lied, or there was other damage.
 *  2. All choices about a verb are made by the task that asks for it, when it asks; those about a crash by whoever crashes.
 *  3. A request whose op is NULL was forgotten: its task is gone, and nothing of it happens any more.
 *
 * Thread of the run. */

#pragma once

#include <trio-sim/disk.h>
#include <trio/seam/files.h>

#include "simulator/sim-events.h"
#include "simulator/tape.h"
#include "simulator/virtual-clock.h"
#include "simulator/watch.h"

G_BEGIN_DECLS

#define TRIO_SIM_SECTOR 512

typedef struct _TrioSimInode TrioSimInode;

typedef struct
{
  char         *name;
  TrioSimInode *inode;           /* a reference */
} TrioSimEntry;

struct _TrioSimInode
{
  guint       n_refs;
  guint64     number;
  gboolean    is_directory;
  guint       mode;
  gint64      modified;
  guint64     counted;           /* in which count of the disk's files it was last met */
  GByteArray *cache;             /* of a file; else NULL */
  GByteArray *medium;
  GPtrArray  *names;             /* of TrioSimEntry, sorted; of a directory, else NULL */
  GPtrArray  *medium_names;
};

/* A write, or a truncation. */
typedef struct
{
  TrioSimInode *inode;           /* a reference */
  GBytes       *sectors;         /* as they were after it; NULL: a truncation */
  gsize         offset;          /* a multiple of the sector's size; of a truncation: the file's new size */
} TrioSimUnsynced;

/* Up to two names that change in one moment. */
typedef struct
{
  struct
  {
    TrioSimInode *directory;     /* a reference; NULL: not used */
    char         *name;
    TrioSimInode *inode;         /* a reference; NULL: the name is gone */
  } part[2];
} TrioSimChange;

typedef struct _TrioSimDisks TrioSimDisks;

struct _TrioSimDisk
{
  TrioSimDisks *disks;
  const TrioSimHost *host;       /* NULL: it is of no host */
  guint64       n_inodes;
  guint64       capacity;        /* 0: no limit */
  guint64       n_counts;        /* how often its files were counted */
  guint         n_temporary;     /* names given */
  guint         n_crashes;
  TrioSimInode *root;
  GPtrArray    *unsynced;        /* of TrioSimUnsynced */
  GPtrArray    *journal;         /* of TrioSimChange */
  GQueue        handles;
  GQueue        lost;            /* of handles: those whose host crashed */
  guint         n_watches;       /* of the handles */
  guint64       n_watched;       /* watches there ever were */
  GQueue        requests;
};

struct _TrioFileHandle
{
  TrioSimDisk   *disk;
  TrioSimInode  *inode;          /* a reference */
  TrioFileFlags  flags;
  guint          n_crashes;      /* the disk's when it was opened: another number now, and it is of no use */
  char          *path;
  const char    *owner;          /* path of the task that opened it */
  GList          link;
  gboolean       is_lost;        /* it is in disk->lost */
  gboolean       travels;        /* passed through a unix socket, and not yet received */

  /* Of a watch. */
  guint64        watch;          /* its number; 0: it is none */
  TrioFileListener *listener;
  GQueue         events;         /* of TrioFileEvent, not taken yet */
  gint64         told_until;     /* when the last notice under way arrives */
};

/* What the task's choices say about a verb. */
typedef struct
{
  gint64   latency_us;
  gint64   answer_us;
  gint64   notice_us;            /* until those who watch are told */
  gboolean notices_lost;
  gsize    part;                 /* of a read */
  guint32  full;                 /* 1: nothing fits; 2: half of it does */
  gboolean fails;                /* EIO */
  gboolean lies;
  guint32  corrupt;              /* the how-manieth sector of what is read, from 1; or 0 */
  guint32  misdirected;          /* 1: out of the file; n: to its sector n - 2; or 0 */
} TrioSimFate;

struct _TrioSimDisks
{
  TrioFiles      files;
  TrioSimClock  *clock;
  TrioSimTape   *tape;
  TrioSimWatch  *watch;
  TrioSimEvents  events;
  GPtrArray     *all;            /* of TrioSimDisk, in order of first use. NULL: nobody has asked for a disk */
  GPtrArray     *copies;         /* sim-atlas.c */
};

/* --- sim-disk.c --- */

void          trio_sim_disks_init         (TrioSimDisks *self, TrioSimClock *clock, TrioSimTape *tape, TrioSimWatch *watch);
void          trio_sim_disks_clear        (TrioSimDisks *self);
/* Everything that is due happens. Inside a turn. */
void          trio_sim_disks_run          (TrioSimDisks *self);
gint64        trio_sim_disks_get_next     (const TrioSimDisks *self);
/* Files that are open: appends what each is to leaks and a line for each to lines. */
void          trio_sim_disks_add_leaks    (const TrioSimDisks *self, GPtrArray *leaks, GString *lines);

/* Of a host whose process ended: what its tasks had open or under way is nobody's; what was written stays. */
void          trio_sim_disks_forget       (TrioSimDisks *self, const TrioSimHost *host);
/* Of a host that crashes, whose tasks are gone or never go on: its disk crashes, if it has one, and what they had open or under way is nobody's. */
void          trio_sim_disks_lose_power   (TrioSimDisks *self, const TrioSimHost *host);
/* What is under way will answer with EIO, if it has not happened yet. */
void          trio_sim_disk_fail_requests (TrioSimDisk *disk);
void          trio_sim_handle_free        (TrioFileHandle *handle);
/* It is nobody's any more, and so no leak; it goes with the disk. */
void          trio_sim_handle_lose        (TrioFileHandle *handle);
static inline gboolean
trio_sim_handle_is_stale (const TrioFileHandle *handle)
{
  return handle->n_crashes != handle->disk->n_crashes;
}

/* It is in a letter, or somebody has taken it out, who has that path. */
void          trio_sim_handle_send_off    (TrioFileHandle *handle);
void          trio_sim_handle_change_hands (TrioFileHandle *handle, const char *owner);

/* --- sim-disk-watch.c --- */

/* Something has happened in the directory, or to the inode: those who watch hear of it as the fate says. */
void          trio_sim_disk_tell          (TrioSimDisk *disk, const TrioSimFate *fate, TrioFileEventKind kind, TrioSimInode *directory,
                                           const char *name);
void          trio_sim_disk_tell_changed  (TrioSimDisk *disk, const TrioSimFate *fate, TrioSimInode *inode);
void          trio_sim_disk_tell_gone     (TrioSimDisk *disk, const TrioSimFate *fate, TrioSimInode *inode);
/* The disk itself, for all its watches, at once. */
void          trio_sim_disk_tell_crash    (TrioSimDisk *disk);
gboolean      trio_sim_handle_take        (TrioFileHandle *handle, TrioFileEvent *event);
void          trio_sim_handle_clear_events (TrioFileHandle *handle);

/* --- sim-disk-verbs.c --- */

/* Does it, and says what the result is. `owner` is for a handle that is made. */
gint64        trio_sim_disk_do            (TrioSimDisk *disk, TrioFileOp *op, const TrioSimFate *fate, const char *owner);

/* --- sim-disk-send.c --- */

/* The verb SEND; as perform (). */
gboolean      trio_sim_disk_send          (TrioFiles *files, TrioFileOp *op, GError **error) TRIO_CHECKPOINT;

/* --- sim-disk-room.c --- */

/* How much of a write of that size at that offset fits. */
gsize         trio_sim_disk_get_room      (TrioSimDisk *disk, TrioSimInode *inode, gsize offset, gsize size);

/* --- sim-disk-names.c --- */

TrioSimInode *trio_sim_inode_new          (TrioSimDisk *disk, gboolean is_directory, guint mode);
TrioSimInode *trio_sim_inode_ref          (TrioSimInode *inode);
void          trio_sim_inode_unref        (TrioSimInode *inode);
GPtrArray    *trio_sim_names_new          (void);
GPtrArray    *trio_sim_names_copy         (GPtrArray *names);
TrioSimInode *trio_sim_names_get          (GPtrArray *names, const char *name);
/* NULL: it is gone. */
void          trio_sim_names_set          (GPtrArray *names, const char *name, TrioSimInode *inode);
/* "/a/b" of "//a/./c/../b/". */
char         *trio_sim_path_normalize     (const char *path);
/* 0 and the directory that holds the last name, and that name, or NULL for the root; or a negative errno. */
int           trio_sim_disk_find_parent   (TrioSimDisk *disk, const char *path, TrioSimInode **parent, char **name);
/* 0 and who it is; or a negative errno. */
int           trio_sim_disk_find          (TrioSimDisk *disk, const char *path, TrioSimInode **inode);
/* Changes names, as programs see them, and in the journal. The second directory may be NULL. */
void          trio_sim_disk_change_names  (TrioSimDisk *disk, TrioSimInode *directory, const char *name, TrioSimInode *inode,
                                           TrioSimInode *directory2, const char *name2, TrioSimInode *inode2);

/* --- sim-disk-medium.c --- */

void          trio_sim_unsynced_free      (TrioSimUnsynced *unsynced);
void          trio_sim_change_free        (TrioSimChange *change);
/* Programs have changed these bytes, or the size. */
void          trio_sim_disk_note_write    (TrioSimDisk *disk, TrioSimInode *inode, gsize offset, gsize size);
void          trio_sim_disk_note_truncate (TrioSimDisk *disk, TrioSimInode *inode);
/* What was written to the file, or the directory's names, are on the medium. */
void          trio_sim_disk_sync          (TrioSimDisk *disk, TrioSimInode *inode, const TrioSimFate *fate);
/* What was written and not synced stays in the cache, and no sync will bring it to the medium. */
void          trio_sim_disk_forget_writes (TrioSimDisk *disk, TrioSimInode *inode);
/* Both in the cache and on the medium, unless it is not synced. */
void          trio_sim_disk_corrupt       (TrioSimDisk *disk, TrioSimInode *inode, gsize sector);

/* --- sim-disk-choices.c --- */

TrioSimFate   trio_sim_disk_choose_fate   (TrioSimDisk *disk, const TrioFileOp *op);
/* How many sectors of n, from the first or the last, survive. */
void          trio_sim_disk_choose_survivors (const TrioSimUnsynced *unsynced, gsize n, gsize *first, gsize *count);
gsize         trio_sim_disk_choose_names  (const TrioSimDisk *disk);

/* --- sim-atlas.c --- */

void          trio_sim_atlas_init         (TrioSimDisks *disks);
void          trio_sim_atlas_clear        (TrioSimDisks *disks);
gboolean      trio_sim_atlas_allows       (TrioSimDisk *disk, const char *path);
void          trio_sim_atlas_note_damage  (TrioSimDisk *disk, const char *path);

G_END_DECLS
