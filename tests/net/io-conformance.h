/* SPDX-License-Identifier: MIT OR Apache-2.0 */

/* What every io table must do: the contract of <trio/seam/io.h> as bodies that any world can run.
 *
 * Whoever writes a backend (kqueue, a completion port, io_uring) runs each body as the main task of a run that has the new table:
 *
 *     for (const IoConformance *check = io_conformance; check->name != NULL; check++)
 *       g_test_add_data_func (check->name, check, run_it);          // trio_run (check->body, NULL, &error) must succeed
 *
 * A body asserts; it leaves nothing open. It uses loopback and free ports, waits with short sleeps or with trio_socket_wait_readable(),
 * and demands nothing that only Linux promises: where systems differ in their errno, both are good. tests/parity/test-io.c runs all of
 * them over epoll and over the simulated network. */

#pragma once

#include <trio/trio.h>

typedef struct
{
  const char *name;
  TrioFunc    body;
} IoConformance;

/* Ends with a NULL name. */
extern const IoConformance io_conformance[];

/* Where the bodies may make socket files: a directory that exists, or anything in a world without a file system. */
void io_conformance_set_directory (const char *directory);
