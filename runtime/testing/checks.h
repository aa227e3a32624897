/* SPDX-License-Identifier: MIT OR Apache-2.0 */

/* How a suite of checks on streams is made: a table of small functions, each of which gets a new connection, and the stream operations as
 * checks use them: one that succeeds must have been a checkpoint.
 *
 * Always true: a check that finds something says so with FAILED. A cancellation or Ctrl-C that comes from outside is never taken for a
 * finding; it goes out as it is. */

#pragma once

#include <trio/error.h>
#include <trio/nursery.h>
#include <trio/testing/check-stream.h>
#include <trio/testing/checkpoints.h>

/* Besides trio_stream_send_all(). */
typedef enum
{
  TRIO_STREAM_CHECK_GATHERS,
  TRIO_STREAM_CHECK_SENDS_FILES,
  TRIO_STREAM_CHECK_N_WAYS,
} TrioStreamCheckWay;

typedef struct
{
  TrioStreamPairMaker  make;
  gpointer             data;
  gsize                clog_bytes;
  gboolean             backwards;      /* the second stream sends, and the first receives */
  TrioStreamCheckWay   way;            /* for check-ways.c */
} TrioStreamCheck;

/* The bytes go from `from` to `to`. */
typedef gboolean (*TrioStreamCheckFunc) (const TrioStreamCheck *check, TrioStream *from, TrioStream *to, GError **error);

typedef struct
{
  const char          *name;
  TrioStreamCheckFunc  func;
  gboolean             clogs;          /* only for streams on which sending may wait */
} TrioStreamCheckItem;

/* The items end with { NULL }. */
gboolean trio_stream_checks_run (const TrioStreamCheck *check, const TrioStreamCheckItem *items, GError **error);

extern const TrioStreamCheckItem trio_one_way_checks[];
extern const TrioStreamCheckItem trio_ways_checks[];
extern const TrioStreamCheckItem trio_two_way_checks[];
extern const TrioStreamCheckItem trio_half_close_checks[];

/* Says that a promise was broken; always FALSE. */
gboolean trio_check_fail         (GError **error, const char *format, ...) G_GNUC_PRINTF (2, 3);
/* Takes *actual (nullable), which must be that TRIO_ERROR. @what: "sending on a closed stream". */
gboolean trio_check_expect_error (GError **actual, TrioError code, const char *what, GError **error);

/* Came from outside: the check itself was stopped. */
gboolean trio_check_is_foreign   (const GError *failure);
gboolean trio_check_was_checkpoint (const TrioTestingMark *mark, const char *what, GError **error);

/* The operations. */
gssize   trio_check_receive      (TrioStream *stream, gpointer buffer, gsize size, GError **error);
gboolean trio_check_send         (TrioStream *stream, gconstpointer data, gsize size, GError **error);
gboolean trio_check_send_eof     (TrioStream *stream, GError **error);
gboolean trio_check_close        (TrioStream *stream, GError **error);
/* All of it, and not less. */
gboolean trio_check_receive_all  (TrioStream *stream, gpointer buffer, gsize size, GError **error);
/* The end, and the end again. */
gboolean trio_check_expect_end   (TrioStream *stream, GError **error);

/* An operation that fails must fail so. */
gboolean trio_check_receive_fails (TrioStream *stream, TrioError code, const char *what, GError **error);
gboolean trio_check_send_fails    (TrioStream *stream, TrioError code, const char *what, GError **error);

/* One operation in a task of its own, and what came of it. */
typedef struct
{
  TrioStream    *stream;
  gconstpointer  data;           /* to send; NULL: receive */
  gsize          size;
  guint8         received[64];   /* at most so many are received */
  gssize         n;              /* -1: failed, with `failure` */
  GError        *failure;
  gboolean       done;
} TrioCheckTask;

void     trio_check_task_start   (TrioCheckTask *task, TrioNursery *nursery);
void     trio_check_task_clear   (TrioCheckTask *task);

/* Closes the nursery. No check cancels one; if that absorbs a cancellation all the same, which a simulator may have injected, the check has
 * seen nothing, and fails with the reason. */
gboolean trio_check_join         (TrioNursery *nursery, GError **error);

/* Bytes that tell where they belong. (transfer full) */
guint8  *trio_check_pattern      (gsize size);

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (TrioCheckTask, trio_check_task_clear)
