/* SPDX-License-Identifier: MIT OR Apache-2.0 */

/* What a run or a search leaves behind: pages of histories, lists of events, JUnit's XML, inputs of fuzzers. (Schedules: trio_schedule_save().) */

#pragma once

#include <trio-sim/sim.h>

G_BEGIN_DECLS

/* The file there is replaced whole, so that no reader ever sees a part of it. What is no regular file (a device, a pipe) stays what it is,
 * and is written into: a new file would take its place, where one has the right to that. */
TRIO_API gboolean  trio_sim_write_file (const char *path, gconstpointer contents, gsize length, GError **error);

G_END_DECLS
