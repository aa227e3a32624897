/* SPDX-License-Identifier: MIT OR Apache-2.0 */

/* A watchdog: a thread that notices that a task does not come back to the loop, and tells which, and where it is.
 *
 *     watchdog's thread                          thread of the run
 *     every now and then:
 *     same step as before, and a task runs?      step 41: worker computes …
 *       … longer than the span?
 *     request = this;  signal  ---------------->   handler: name, serial, frames (no lock, no memory)
 *     reports them     <------------------------   posted
 *                                                … step 41 goes on
 *
 * Always true:
 *  1. A step is reported once, and once more if a dump was asked for which it holds up; and never before it has lasted longer than
 *     the span. It may last a quarter of the span longer before it is noticed.
 *  2. A run that sleeps, or computes in sources that are not its own, is left in peace: nothing wakes it.
 *  3. Nothing of a run but two numbers is read on another thread than its own.
 *  4. The signal is SIGURG, which by default does nothing, and is taken over only from that; without it reports have no stack. A
 *     system call that cannot be restarted (sleep, poll) ends early with EINTR in the step that is reported, as by any signal.
 *
 * Reports are log messages of level "message": not fatal in tests, shown by default. */

#pragma once

#include <trio/types.h>

#include "host/dump-signal.h"

typedef struct _TrioWatchdog TrioWatchdog;

/* From the thread of the run, which this one watches until it is freed. `listener`, nullable, is the run's. NULL, with a warning,
 * if no thread can be had. */
TrioWatchdog *trio_watchdog_new   (TrioLoop *loop, GTimeSpan span, TrioDumpListener *listener) G_GNUC_WARN_UNUSED_RESULT;
/* Before the loop and the listener go. */
void          trio_watchdog_free  (TrioWatchdog *watchdog);

/* How many there are in the process: threads that never wake anybody. */
guint         trio_watchdog_count (void);
