/* SPDX-License-Identifier: MIT OR Apache-2.0 */

/* The simulated disk, for scenarios: crash it, and see what is left.
 *
 *     programs ---- verbs ---->  cache  ---- sync ---->  medium
 *                                  |                        |
 *                      what they see until the crash     what they find after it
 *
 * A disk holds each file twice: as programs see it, and as it is on the medium. Writes change the cache; trio_file_sync() brings a file's
 * bytes and size to the medium, trio_directory_sync() a directory's names. What is not synced may reach the medium by itself, in any order; so
 * each is asked about at a crash:
 *
 *     disk.survive         of each write since the file was synced, and of each truncation: 0, it is lost; 1, it was on the medium; others, a
 *                          part of it was, torn between two sectors of 512 bytes. In any order: later ones may survive earlier ones
 *     disk.survive.names   how many of the changes of names since the last sync of a directory were on the medium: 0, none. They are in
 *                          a journal, so that the first so many survive, and a rename wholly or not at all
 *
 * A name that survives without what was written leads to a file that is empty, or partly zeros. trio_directory_sync() writes the journal as
 * far as the directory's last change, as journalling file systems do; a sync of a file does not bring its name to the medium. Files have one
 * name each; there are no links, no owners, and permissions are kept but bind nobody.
 *
 * The faults, under "fault.disk.": read, write, full, sync, notices, lie, corrupt, misdirect; simulator/README.md says what each does. The last
 * three damage what is on the medium and tell nobody. A program that keeps copies can be held to surviving that only if some copy is left alone:
 * that is what trio_sim_disk_declare_copy() is for.
 *
 * Each host has a disk of its own, and so has the world for what belongs to no host: empty at first but for /tmp.
 * From tasks of a simulated run; elsewhere there is no disk, and nothing happens. */

#pragma once

#include <trio-sim/hosts.h>

G_BEGIN_DECLS

typedef struct _TrioSimDisk TrioSimDisk;

/**
 * trio_sim_disk_get_current:
 *
 * The disk that the calling task's files are on: its host's, or the world's. Never suspends.
 *
 * Returns: (transfer none) (nullable): the disk; it belongs to the run; %NULL in the real world
 */
TRIO_API TrioSimDisk *trio_sim_disk_get_current  (void);

/**
 * trio_sim_disk_of_host:
 * @host: a host
 *
 * Its disk, whether it runs or not. Only inside a simulated run. Never suspends.
 *
 * Returns: (transfer none): the disk; it belongs to @host
 */
TRIO_API TrioSimDisk *trio_sim_disk_of_host      (TrioSimHost *host);

/**
 * trio_sim_disk_crash:
 * @disk: whose power fails
 *
 * All at once: verbs under way fail with %EIO, whether they have happened or not; what is in the cache is gone but for what
 * survives; and every file that is open now answers with %EIO for ever, and can only be closed. What is opened afterwards is what a program
 * finds that starts again. Tasks are not touched: let those end first that the crash is to end; trio_sim_host_crash() takes a host's tasks away and
 * crashes its disk in one. Never suspends.
 */
TRIO_API void         trio_sim_disk_crash        (TrioSimDisk *disk);

/**
 * trio_sim_crash_disk:
 *
 * trio_sim_disk_crash() of the calling task's disk; in the real world it does nothing. Never suspends.
 */
TRIO_API void         trio_sim_crash_disk        (void);

/**
 * trio_sim_disk_set_capacity:
 * @disk: a disk
 * @bytes: how much fits; 0 for no limit, as at first
 *
 * How large it is. Files take whole sectors, holes included; names and directories take nothing. What does not fit is not written: a write ends early,
 * and one of which nothing fits fails with %G_IO_ERROR_NO_SPACE. Room is free again when a file is cut, or is removed and nobody has it open.
 */
TRIO_API void         trio_sim_disk_set_capacity (TrioSimDisk *disk, guint64 bytes);

/**
 * trio_sim_disk_declare_copy:
 * @disk: where it is
 * @path: a file, or a directory for all that is in it
 * @group: a name for what it is a copy of
 * @max_damaged: of how many copies of @group may be damaged; the last one to say it is right
 *
 * Says that what is in @path is one of several copies, on this disk or on others, so that damage that tells nobody (lie, corrupt, misdirect)
 * befalls at most @max_damaged of them: those where it happened first. What was not declared may be damaged at any time; of
 * declarations one inside the other the inner one counts.
 *
 * Source: the fault atlas of TigerBeetle's simulator.
 */
TRIO_API void         trio_sim_disk_declare_copy (TrioSimDisk *disk, const char *path, const char *group, guint max_damaged);

G_END_DECLS
