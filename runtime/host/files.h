/* SPDX-License-Identifier: MIT OR Apache-2.0 */

/* The real world's disk: the seam <trio/seam/files.h> over system calls that block, on worker threads. */

#pragma once

#include <trio/seam/files.h>

/* One table for all runs; it has no state. */
TrioFiles *trio_host_files_get (void);
int        trio_host_file_get_fd (TrioFileHandle *handle);
/* Takes the descriptor of a file. */
TrioFileHandle *trio_host_file_adopt (int fd);
