/* SPDX-License-Identifier: MIT OR Apache-2.0 */

/* The real world's threads: the seam <trio/seam/threads.h> over the process's pool and the run's token. */

#pragma once

#include <trio/seam/threads.h>

/* One table for all runs; it lives as long as the process, and so do workers that a run has left behind. */
TrioThreads *trio_host_threads_get (void);
