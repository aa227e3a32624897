/* SPDX-License-Identifier: MIT OR Apache-2.0 */

/* A task that used more stack than it has dies with a sentence that names it. */

#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* From now on an overflow of a task's stack on the calling thread says so on stderr before the process dies of SIGSEGV. May be
 * called again and again, from any thread; each thread on which tasks run has to. Installs no handler where somebody else handles
 * SIGSEGV already. */
void trio_stack_overflow_install (void);

G_END_DECLS
