/* SPDX-License-Identifier: MIT OR Apache-2.0 */

/* The real world's disk over io_uring: reads, writes and syncs are put into a ring that the kernel shares, and no thread of ours waits for
 * them. All other verbs go to the worker threads (host/files.c), as everything does where the kernel has no io_uring or does not let us.
 *
 * So does sending a file: io_uring has no sendfile. Its splice needs a pipe of its own for each sender and two submissions for each piece,
 * of which the second may find the socket full and leave the bytes in the pipe; and the kernel does every splice on a worker thread, too. One
 * thread of ours with sendfile(2) is less of everything, and a cancellation still knows how many bytes went.
 *
 * Always true:
 *  1. What the kernel was asked for is waited for, also when the run is abandoned: until then it writes into the caller's memory.
 *  2. Whoever waits is woken in the run's loop; what is done at once, as reads of what is in the page cache are, is not waited for.
 *
 * Thread of the run. */

#pragma once

#include <trio/seam/files.h>

typedef struct _TrioUring TrioUring;

/* NULL if it was not wanted (TRIO_FILES=io_uring asks for it), not built in, or the kernel does not let us; the last is said once. */
TrioUring *trio_uring_new       (void);
TrioFiles *trio_uring_get_files (TrioUring *self);
/* Waits until the kernel has done all that it was asked for. Before the tasks' stacks go. */
void       trio_uring_drain     (TrioUring *self);
void       trio_uring_free      (TrioUring *self);
