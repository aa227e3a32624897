/* SPDX-License-Identifier: MIT OR Apache-2.0 */

/* Stacks: where a task is, as code addresses, and those in words.
 *
 * The unwinder is the compiler's own (_Unwind_Backtrace), which goes by the call frame information that every program has, so that
 * no frame pointers are needed, not even in the program's own functions. It can only begin where it is called; how it nevertheless
 * comes to the frames of a task that is suspended is told at trio_task_look() and in core/fiber. */

#pragma once

#include <trio/lowlevel/dump.h>

#define TRIO_FRAMES_MAX 64

typedef struct
{
  guint     n;
  guintptr  pc[TRIO_FRAMES_MAX];     /* innermost first; each within the call that it is about to return from */
} TrioFrames;

/* Empty if they cannot be had. Takes no lock and allocates nothing: may be called from a signal handler, if trio_frames_prepare()
 * was called before, about the task that it interrupts. */
void trio_frames_of_task (TrioTask *task, TrioFrames *frames);
/* The first use may load things; later ones do not. */
void trio_frames_prepare (void);

/* "trio_lock_acquire < eat < dine". What is further in than `what`, the public function in which the task waits (nullable), is left
 * out. Not from a signal handler. */
void trio_frames_append  (const TrioFrames *frames, const char *what, TrioDumpFlags flags, GString *out);
