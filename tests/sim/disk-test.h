/* SPDX-License-Identifier: MIT OR Apache-2.0 */

/* What the tests of simulated disks share: files in one line, runs with one fault, and programs that change a file. */

#pragma once

#include <trio-sim/disk.h>

#include "tests/sim/sim-test.h"

#define FILE_NAME "/settings"

/* For scenarios. */
char          *disk_load_text       (const char *path, GError **error);
gboolean       disk_put             (const char *path, TrioFileFlags flags, const char *text, gboolean sync, GError **error);
/* text: NULL for "cannot be read". */
gboolean       disk_is_text         (const char *path, const char *text) TRIO_CHECKPOINT;
/* (transfer full): longer than two sectors, of one letter. */
char          *disk_settings        (char letter);
/* Put settings of the letter n in the place of others: naively, and with care. */
gboolean       disk_overwrite              (gpointer unused, GError **error);
gboolean       disk_replace_by_the_library (gpointer unused, GError **error);

/* Replays such lines, all of which must be met. */
TrioSimReport *disk_run_lines       (TrioFunc func, gpointer data, TrioSimInject inject, const char *lines);
/* The same with faults, and with how it must end. */
void           disk_expect_with     (TrioFunc func, const char *lines, TrioSimVerdict verdict, const char *name);
/* Schedules, and faults if they may be injected, are drawn: some break that check, or none breaks anything. */
void           disk_expect_to_break (TrioFunc func, gpointer data, TrioSimInject inject, const char *name);
void           disk_expect_to_hold  (TrioFunc func, gpointer data, TrioSimInject inject);
