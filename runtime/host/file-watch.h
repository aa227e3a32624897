/* SPDX-License-Identifier: MIT OR Apache-2.0 */

/* A watch of the real world: an inotify descriptor, and a GSource in the context that the run lives in.
 *
 * Always true:
 *  1. What the system has is taken out of its queue at once, and kept here until somebody takes it: the descriptor is polled for level.
 *  2. While it is open the run is held: what happens on a disk may wake a task at any time.
 *
 * One descriptor and one source for each watch: a program has few. Thread of the run, but for trio_host_watch_begin (). */

#pragma once

#include <trio/seam/files.h>

typedef struct _TrioHostWatch TrioHostWatch;

/* On a worker: 0, or a negative errno. */
int      trio_host_watch_begin (const char *path, TrioHostWatch **watch);
/* In a task of the run: from now on the listener is told. */
void     trio_host_watch_attach (TrioHostWatch *watch, TrioFileListener *listener);
gboolean trio_host_watch_take  (TrioHostWatch *watch, TrioFileEvent *event);
void     trio_host_watch_free  (TrioHostWatch *watch);
