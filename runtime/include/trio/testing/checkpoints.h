/* SPDX-License-Identifier: MIT OR Apache-2.0 */

/* Waiting until everybody waits, and finding out whether something was a checkpoint. */

#pragma once

#include <trio/types.h>

G_BEGIN_DECLS

/**
 * trio_testing_wait_all_tasks_blocked:
 * @cushion: microseconds of real time; 0 is the usual one
 * @error: where a cancellation comes out
 *
 * Waits until no other task can run, and nothing else has happened in the run for @cushion: "now the other one surely waits". The clock
 * that counts is the real one, also with a mock clock, which does not jump meanwhile; in the simulator it is the virtual one. Anything
 * that happens, a deadline or a call from outside too, makes @cushion begin anew. If several tasks wait, those with the shortest cushion
 * wake first. Checkpoint.
 *
 * Bytes on their way between two machines are nothing that this one sees: use a cushion, or better an event.
 *
 * Source: Trio's `trio.testing.wait_all_tasks_blocked`.
 *
 * Returns: %FALSE if the task was cancelled
 */
TRIO_API gboolean trio_testing_wait_all_tasks_blocked (GTimeSpan cushion, GError **error) G_GNUC_WARN_UNUSED_RESULT TRIO_CHECKPOINT;

/* A moment in the life of a task. */
typedef struct
{
  /*< private >*/
  TrioTask *task;
  guint     cancel_points;
  guint     schedule_points;
} TrioTestingMark;

/**
 * trio_testing_mark:
 *
 * Marks this moment, for the assertions below:
 *
 *   TrioTestingMark mark = trio_testing_mark ();
 *
 *   if (!trio_stream_send_all (stream, "", 0, error))
 *     return FALSE;
 *   trio_testing_assert_checkpoints (&mark);
 *
 * Only in a task. What failed need not have been a checkpoint.
 *
 * Source: Trio's `trio.testing.assert_checkpoints`.
 *
 * Returns: the mark; for the calling task only
 */
TRIO_API TrioTestingMark trio_testing_mark (void);

/**
 * trio_testing_look_since:
 * @mark: a mark of the calling task
 * @could_be_cancelled: (out) (optional): whether a cancellation could have reached the task since
 * @let_others_run: (out) (optional): whether others have had the chance to run since
 *
 * What the assertions look at.
 */
TRIO_API void trio_testing_look_since (const TrioTestingMark *mark, gboolean *could_be_cancelled, gboolean *let_others_run);

/* Fails the test (g_assertion_message()) unless both, or unless neither, has been the case since the mark. */
#define trio_testing_assert_checkpoints(mark) \
  (trio_testing_assert_since ((mark), TRUE, G_LOG_DOMAIN, __FILE__, __LINE__, G_STRFUNC))
#define trio_testing_assert_no_checkpoints(mark) \
  (trio_testing_assert_since ((mark), FALSE, G_LOG_DOMAIN, __FILE__, __LINE__, G_STRFUNC))

TRIO_API void trio_testing_assert_since (const TrioTestingMark *mark, gboolean checkpoints, const char *domain, const char *file, int line,
                                         const char *function);

G_END_DECLS
