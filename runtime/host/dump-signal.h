/* SPDX-License-Identifier: MIT OR Apache-2.0 */

/* A signal that makes runs print what their tasks do.
 *
 *     kill -USR1 … --> handler: notes it for each run that listens, and writes to its eventfd
 *                      the run's loop, between two turns: prints its dump
 *
 * Always true:
 *  1. Several runs may listen to the same signal, or to different ones; each prints its own dump, once per look, on its own thread.
 *  2. A signal is taken over only from the default disposition: a program that has a handler of its own, or ignores it, keeps that.
 *  3. Once taken over it is never given back: its default, between two runs, would end the process of whoever wanted a dump.
 *  4. The handler does only what is safe in one, and touches no descriptor of a run that has stopped listening.
 *
 * A run whose task does not come back to the loop prints nothing; for that there is the watchdog. */

#pragma once

#include <glib.h>

typedef struct _TrioDumpListener TrioDumpListener;

/* From the thread of the run. NULL, with a warning, if the signal is somebody else's, or too many runs listen. */
TrioDumpListener *trio_dump_signal_listen     (int number, int wakeup_fd) G_GNUC_WARN_UNUSED_RESULT;
void              trio_dump_signal_stop       (TrioDumpListener *listener);
/* Whether it came since this was asked last. */
gboolean          trio_dump_signal_take       (TrioDumpListener *listener);
gboolean          trio_dump_signal_is_pending (TrioDumpListener *listener);

/* "USR1", "SIGUSR1", "10" -> 10; 0 if it is none. */
int               trio_dump_signal_parse      (const char *text);
