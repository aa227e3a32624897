/* SPDX-License-Identifier: MIT OR Apache-2.0 */

/* The smallest world: a clock that stands still while a task is runnable and jumps to the next deadline when none is. No main
 * context, no randomness, and an io that hands out nothing and only tells when it was asked. Tests of the kernel and of sync run
 * their tasks in it, so nothing ever sleeps for real.
 *
 * It waits for other threads only while the loop is held (trio_loop_hold()); otherwise "nothing runnable" is a deadlock. */

#pragma once

#include <pthread.h>
#include <string.h>

#include <trio/trio.h>
#include <trio/lowlevel/instrument.h>
#include <trio/lowlevel/parking-lot.h>
#include <trio/lowlevel/task.h>
#include <trio/lowlevel/token.h>
#include <trio/seam/choice.h>
#include <trio/seam/clock.h>
#include <trio/seam/io.h>
#include <trio/seam/world.h>

typedef struct _MockWorld MockWorld;

struct _MockWorld
{
  TrioWorld  world;
  TrioClock  clock;
  TrioIo     io;
  gint64     now;
  guint64    turns_max;       /* a run that takes more hangs: the test fails */

  TrioChoice any_order;       /* its choice seam, if mock_seed is not 0 */
  GRand     *rand;

  void     (*on_poll) (MockWorld *self);    /* when io is asked, or NULL */
  /* When nothing is runnable, from outside any turn; TRUE if it did something, so that another turn is due. NULL: nothing. */
  gboolean (*on_idle) (MockWorld *self, TrioLoop *loop);
  gpointer   data;            /* for those two */

  pthread_mutex_t lock;       /* not GLib's, which ThreadSanitizer does not see through */
  pthread_cond_t  woken;
  guint      n_wakes;         /* (lock) */
};

/* 0: first in, first out, as in production. Else the worlds that are made meanwhile take any runnable task next, by this seed. */
extern guint32 mock_seed;

MockWorld *mock_world_new  (void);
void       mock_world_free (MockWorld *world);

/* Where mock_run() and mock_advance() go instead of the mock world, if it is not NULL (tests/core/core-test.h). */
typedef struct
{
  gboolean (*run)          (TrioFunc main, gpointer data, GError **error);
  void     (*advance)      (GTimeSpan span);
  gboolean (*is_disturbed) (void);
} MockElsewhere;

extern const MockElsewhere *mock_elsewhere;

/* Runs main to its end in a mock world of its own. */
gboolean   mock_run        (TrioFunc main, gpointer data, GError **error);
/* The same in a given world. When nothing can ever wake a task it is abandoned, and FALSE with DEADLOCK. */
gboolean   mock_run_in     (MockWorld *world, TrioFunc main, gpointer data, const TrioLoopOptions *options, GError **error);
/* The world of the run that the calling task belongs to. */
MockWorld *mock_world_current (void);
/* Moves its clock, as if the task had computed for that long. */
void       mock_advance    (GTimeSpan span);

/* Whether this is the order of production: the mock world, without a seed. */
gboolean   mock_is_ordered (void);
/* Lets the others run: once round in the order of production; elsewhere, where they may be passed over, until each of them waits. */
gboolean   mock_yield       (GError **error) TRIO_CHECKPOINT;
/* Whether in this run somebody has been cancelled or interrupted from outside, so that all that may be said is what always holds. */
gboolean   mock_is_disturbed (void);
/* That it is this time; or later, where the machine may be busy elsewhere for a while. */
void       mock_assert_time (gint64 time);

/* Whether AddressSanitizer, ThreadSanitizer or Valgrind looks on, so that memory is dear and time too. */
gboolean   mock_is_checked (void);

/* Runs a body that must succeed. */
#define mock_run_ok(func, data)                        \
  G_STMT_START                                         \
    {                                                  \
      GError *run_error_ = NULL;                       \
      gboolean run_ok_ = mock_run ((func), (data), &run_error_); \
      g_assert_no_error (run_error_);                  \
      g_assert_true (run_ok_);                         \
    }                                                  \
  G_STMT_END

/* A choice seam that follows simple orders; who goes next is as in any mock world.
 * Questions about cancelling and interrupting are counted from 1 over the whole run. */
typedef struct
{
  TrioChoice choice;
  MockWorld *world;
  gboolean   last_goes_first;    /* of the runnable tasks always the last in line goes next */
  guint64    cancel_at;          /* this question about cancelling is answered with cancel_value; 0: none is */
  guint32    cancel_value;       /* 0 counts as 1: the innermost scope */
  char      *cancelled_task;     /* the name of the task that was asked that question */
  guint64    interrupt_at;
  guint64    n_cancel;           /* so many were asked */
  guint64    n_interrupt;
  guint64    n_schedule;
  GString   *asked;              /* "cancel/3 interrupt/2": what was asked and its bound, unless it is NULL */
} MockChoice;

MockChoice *mock_choice_new  (MockWorld *world);
void        mock_choice_free (MockChoice *choice);

/* Bodies of tasks. */
gboolean    mock_fail           (gpointer message, GError **error);     /* fails at once with FAILED and that message */
gboolean    mock_sleep_forever  (gpointer unused, GError **error);
gboolean    mock_sleep          (gpointer span, GError **error);        /* GINT_TO_POINTER: microseconds */
gboolean    mock_check_in       (gpointer unused, GError **error);      /* one checkpoint */
gboolean    mock_return         (gpointer unused, GError **error);      /* succeeds at once */

/* The error is there, is that one, and is no more. */
#define mock_assert_error(error, code)                  \
  G_STMT_START                                          \
    {                                                   \
      g_assert_error ((error), TRIO_ERROR, (code));     \
      g_clear_error (&(error));                         \
    }                                                   \
  G_STMT_END

/* That part of the message is there. */
#define mock_assert_says(text, part)                                                               \
  G_STMT_START                                                                                     \
    {                                                                                              \
      const char *text_ = (text);                                                                  \
      if (text_ == NULL || strstr (text_, (part)) == NULL)                                         \
        {                                                                                          \
          g_autofree char *complaint_ = g_strdup_printf ("\"%s\" does not say \"%s\"", text_, (part)); \
          g_assertion_message (G_LOG_DOMAIN, __FILE__, __LINE__, G_STRFUNC, complaint_);           \
        }                                                                                          \
    }                                                                                              \
  G_STMT_END

/* The next critical says so; g_test_assert_expected_messages() afterwards. */
#define mock_expect_critical(pattern) (g_test_expect_message ("Trio", G_LOG_LEVEL_CRITICAL, "*" pattern "*"))

/* A call that the public edge refuses: one critical, and nothing else. */
#define mock_assert_refused(statement)           \
  G_STMT_START                                   \
    {                                            \
      mock_expect_critical ("assertion*failed"); \
      statement;                                 \
      g_test_assert_expected_messages ();        \
    }                                            \
  G_STMT_END
#define mock_assert_refused_as(value, call) mock_assert_refused (g_assert_true ((call) == (value)))

/* A log that tasks write to and a test compares at the end: "a b c". */
extern GString *mock_log;
void mock_say       (const char *format, ...) G_GNUC_PRINTF (1, 2);
void mock_expect    (const char *expected);
/* In this order in that of production, in any order elsewhere. */
void mock_expect_in_any_order (const char *expected);
void mock_forget    (void);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (MockWorld, mock_world_free)
G_DEFINE_AUTOPTR_CLEANUP_FUNC (MockChoice, mock_choice_free)
