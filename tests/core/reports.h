/* SPDX-License-Identifier: MIT OR Apache-2.0 */

/* Two worlds report of a run: dumps, and what is said of a deadlock. Their tests share the looking at such texts, and a dinner that always ends in
 * a deadlock. Nothing here needs the mock world. */

#pragma once

#include <trio/trio.h>

/* Fail and show the text, unless words are in it; or if they are. */
void report_assert_has          (const char *text, const char *words);
void report_assert_has_not      (const char *text, const char *words);
/* That a task sleeps, on a stack with these frames below. trio_sleep () ends in a call of sleep_until (), and which of the two is innermost is
 * the compiler's choice. */
void report_assert_sleeps_below (const char *text, const char *frames);
/* Takes a text: the same without the line numbers of file, so that edits of that do not change what is said. */
char *report_without_lines      (char *text, const char *file);

typedef struct
{
  TrioLock *locks[2];
  guint     n_at_table;           /* who has taken a first fork */
  guint     n_cleaned_up;
} Forks;

/* For data a Forks: main/left and main/right each take a fork, and then want the other's, in any order of scheduling. (E. W. Dijkstra's dining
 * philosophers, two of them.) */
gboolean dine (gpointer forks, GError **error) TRIO_CHECKPOINT;
