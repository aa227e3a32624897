/* SPDX-License-Identifier: MIT OR Apache-2.0 */

/* Ctrl-C.
 *
 * Always true:
 *  1. It is taken over only by a run on the process's main thread, and only from the default disposition: a program that has a
 *     handler of its own, or ignores SIGINT, keeps that. So at most one run has it.
 *  2. It is given back only if it is still ours.
 *  3. The handler does two things that are safe in one: it sets a flag and writes to the run's eventfd. The loop does the rest.
 *
 * The thread of the run calls these. */

#pragma once

#include <glib.h>

/* Returns whether SIGINT is ours now. */
gboolean trio_interrupt_install   (int wakeup_fd);
/* After this the handler does not touch the descriptor any more. */
void     trio_interrupt_uninstall (void);
/* Whether Ctrl-C was pressed since the last time this was asked; also after uninstalling. */
gboolean trio_interrupt_take      (void);
/* The same without taking it. */
gboolean trio_interrupt_is_pending (void);
