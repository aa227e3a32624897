/* SPDX-License-Identifier: MIT OR Apache-2.0 */

/* Files by io_uring, where the kernel refuses, is short of something, is not done yet, or there are two processes. This program has functions of
 * liburing's names, which the library finds first, and which say what they are told to say.
 *
 * A FIFO stands for a disk that takes its time: a read of it is under way until somebody writes. */

#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <gio/gio.h>
#include <glib/gstdio.h>
#include <liburing.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/host/host-test.h"

/* ThreadSanitizer's rule. */
#if defined(__SANITIZE_THREAD__)
#define CHILD_MAY_NOT_START_THREADS TRUE
#elif defined(__has_feature)
#if __has_feature (thread_sanitizer)
#define CHILD_MAY_NOT_START_THREADS TRUE
#endif
#endif
#ifndef CHILD_MAY_NOT_START_THREADS
#define CHILD_MAY_NOT_START_THREADS FALSE
#endif

static int   init_answer;           /* 0: the kernel's */
static int   submit_answer;
static guint submits_before;        /* so many go to the kernel before submit_answer does not */
static guint submits_after;         /* and so many are answered by it */
static guint n_inits, n_submits;

int
io_uring_queue_init (unsigned entries, struct io_uring *ring, unsigned flags)
{
  int (*real) (unsigned, struct io_uring *, unsigned) = dlsym (RTLD_NEXT, "io_uring_queue_init");

  n_inits++;
  return init_answer != 0 ? init_answer : real (entries, ring, flags);
}

int
io_uring_submit (struct io_uring *ring)
{
  int (*real) (struct io_uring *) = dlsym (RTLD_NEXT, "io_uring_submit");
  guint n = n_submits++;

  return n >= submits_before && n < submits_before + submits_after ? submit_answer : real (ring);
}

static void
tell_kernel (int init, int submit, guint before, guint after)
{
  init_answer = init;
  submit_answer = submit;
  submits_before = before;
  submits_after = after;
  n_inits = n_submits = 0;
}

/* --- what a run does with a file --- */

static gboolean
use_a_file (gpointer unused G_GNUC_UNUSED, GError **error)
{
  g_autofree char *path = NULL;
  g_autoptr (TrioFile) file = trio_file_open_temporary (NULL, &path, error);
  char buffer[12];

  if (file == NULL || !trio_path_remove (path, error) || !trio_file_write (file, "some", 4, error)
      || !trio_file_write (file, "thing new", 9, error) || !trio_file_sync (file, error) || !trio_file_sync_data (file, error))
    return FALSE;
  g_assert_cmpint (trio_file_read_at (file, 2, buffer, sizeof buffer, error), ==, 11);
  g_assert_cmpmem (buffer, 11, "mething new", 11);
  return trio_file_close (file, error);
}

/* --- refusals --- */

static void
test_where_the_kernel_refuses_threads_do_it (void)
{
  static const int refusals[] = { -ENOSYS, -EPERM, -ENOMEM, -EMFILE };

  /* Said once in a process. */
  g_test_expect_message ("Trio", G_LOG_LEVEL_MESSAGE, "TRIO_FILES=io_uring: the kernel does not let us*worker threads do it");
  for (guint i = 0; i < G_N_ELEMENTS (refusals); i++)
    {
      tell_kernel (refusals[i], 0, 0, 0);
      run_ok (use_a_file, NULL);
      g_assert_cmpuint (n_inits, ==, 1);
      g_assert_cmpuint (n_submits, ==, 0);
    }
  g_test_assert_expected_messages ();
}

/* Whether the kernel of this machine has one for us. */
static gboolean
skip_without_ring (void)
{
  struct io_uring ring;
  int result;

  tell_kernel (0, 0, 0, 0);
  result = io_uring_queue_init (1, &ring, 0);
  if (result < 0)
    g_test_skip ("the kernel has no io_uring for us");
  else
    io_uring_queue_exit (&ring);
  return result < 0;
}

/* Each of them, one after the other, and all of them. */
static void
test_what_does_not_go_into_the_ring_is_done_by_a_thread (void)
{
  static const int answers[] = { -EBUSY, -EAGAIN, 0 };
  guint n_in_all;

  if (skip_without_ring ())
    return;
  tell_kernel (0, 0, 0, 0);
  run_ok (use_a_file, NULL);
  n_in_all = n_submits;
  g_assert_cmpuint (n_in_all, >=, 5);
  for (guint i = 0; i < G_N_ELEMENTS (answers); i++)
    {
      for (guint n = 0; n < n_in_all; n++)
        {
          tell_kernel (0, answers[i], n, 1);
          run_ok (use_a_file, NULL);
          g_assert_cmpuint (n_submits, ==, n_in_all);
        }
      tell_kernel (0, answers[i], 0, G_MAXUINT);
      run_ok (use_a_file, NULL);
    }
}

static gboolean
read_the_same (gpointer data, GError **error)
{
  char buffer[4];

  for (guint i = 0; i < 20; i++)
    {
      g_assert_cmpint (trio_file_read_at (data, 0, buffer, sizeof buffer, error), ==, 4);
      g_assert_cmpmem (buffer, 4, "same", 4);
    }
  return TRUE;
}

/* More tasks than the ring has places, none of which is answered at first: from some time on all places are taken. */
static gboolean
use_more_than_there_is (gpointer unused G_GNUC_UNUSED, GError **error)
{
  g_autofree char *path = NULL;
  g_autoptr (TrioFile) file = trio_file_open_temporary (NULL, &path, error);
  g_autoptr (TrioNursery) nursery = NULL;

  trio_capacity_limiter_set_total_tokens (trio_current_default_file_limiter (), 400);
  if (file == NULL || !trio_path_remove (path, error) || !trio_file_write (file, "same", 4, error))
    return FALSE;
  tell_kernel (0, -EBUSY, 0, 300);
  nursery = trio_nursery_open (error);
  for (guint i = 0; i < 200; i++)
    trio_nursery_start_soon (nursery, read_the_same, file);
  return trio_nursery_close (nursery, TRUE) && trio_file_close (file, error);
}

static void
test_a_full_ring_is_no_error (void)
{
  if (skip_without_ring ())
    return;
  run_ok (use_more_than_there_is, NULL);
}

/* --- what is under way --- */

typedef struct
{
  char       *path;
  int         fd;            /* of the FIFO; in the hands of the test */
  char        byte;
  gboolean    was_cancelled;
} Slow;

static gboolean
slow_init (Slow *self)
{
  char *directory = g_dir_make_tmp ("trio-uring-XXXXXX", NULL);

  self->path = g_build_filename (directory, "fifo", NULL);
  g_free (directory);
  if (mkfifo (self->path, 0600) < 0)
    return FALSE;
  self->fd = open (self->path, O_RDWR | O_NONBLOCK | O_CLOEXEC);
  return self->fd >= 0;
}

static void
slow_clear (Slow *self)
{
  g_autofree char *directory = g_path_get_dirname (self->path);

  close (self->fd);
  g_unlink (self->path);
  g_rmdir (directory);
  g_free (self->path);
}

static gboolean
read_slowly (gpointer data, GError **error)
{
  Slow *self = data;
  g_autoptr (TrioFile) file = trio_file_open (self->path, TRIO_FILE_READ | TRIO_FILE_WRITE, error);
  gssize n;

  if (file == NULL)
    return FALSE;
  n = trio_file_read (file, &self->byte, 1, error);
  if (n != 1 || !trio_checkpoint (error))
    {
      self->was_cancelled = n == 1;
      trio_file_close (file, NULL);
      return FALSE;
    }
  return trio_file_close (file, error);
}

static gboolean
cancel_and_let_go (gpointer data, GError **error)
{
  Slow *self = data;
  g_autoptr (TrioNursery) nursery = trio_nursery_open (error);

  trio_nursery_start_soon (nursery, read_slowly, self);
  while (n_submits == 0)
    if (!trio_checkpoint (error))
      return FALSE;
  trio_nursery_cancel (nursery);
  for (guint i = 0; i < 20; i++)
    trio_cancel_shielded_checkpoint ();
  /* It is not given up: the kernel still has its address. */
  g_assert_cmpint (self->byte, ==, 0);
  g_assert_cmpint (write (self->fd, "x", 1), ==, 1);
  return trio_nursery_close (nursery, TRUE);
}

static void
test_what_is_under_way_is_waited_for_and_the_cancellation_stays (void)
{
  Slow slow = { 0 };

  if (skip_without_ring ())
    return;
  g_assert_true (slow_init (&slow));
  tell_kernel (0, 0, 0, 0);
  run_ok (cancel_and_let_go, &slow);
  g_assert_cmpint (slow.byte, ==, 'x');
  g_assert_true (slow.was_cancelled);
  slow_clear (&slow);
}

/* Until the main thread sleeps in the kernel, as the third word of its line says. */
static gpointer
write_when_main_sleeps (gpointer data)
{
  g_autofree char *path = g_strdup_printf ("/proc/%d/task/%d/stat", (int) getpid (), (int) getpid ());

  for (guint n_seen = 0; n_seen < 50;)
    {
      g_autofree char *line = NULL;

      g_assert_true (g_file_get_contents (path, &line, NULL, NULL));
      n_seen = strrchr (line, ')')[2] == 'S' ? n_seen + 1 : 0;
      g_thread_yield ();
    }
  g_assert_cmpint (write (((Slow *) data)->fd, "x", 1), ==, 1);
  return NULL;
}

static void
note_nothing (gboolean ok G_GNUC_UNUSED, const GError *error G_GNUC_UNUSED, gpointer data G_GNUC_UNUSED)
{
}

/* Nobody runs it any more; but its memory is not given back while the kernel may write there. */
static void
test_a_run_that_is_thrown_away_waits_for_the_kernel (void)
{
  GMainContext *context = g_main_context_new ();
  TrioRunOptions options = { .context = context };
  Slow slow = { 0 };
  GThread *writer;

  if (skip_without_ring ())
    {
      g_main_context_unref (context);
      return;
    }
  g_assert_true (slow_init (&slow));
  tell_kernel (0, 0, 0, 0);
  g_assert_true (trio_attach (read_slowly, &slow, &options, note_nothing, NULL, NULL));
  while (n_submits == 0)
    g_main_context_iteration (context, TRUE);
  writer = g_thread_new ("writer", write_when_main_sleeps, &slow);
  g_test_expect_message ("Trio", G_LOG_LEVEL_WARNING, "*thrown away*");
  g_main_context_unref (context);
  g_test_assert_expected_messages ();
  g_assert_cmpint (slow.byte, ==, 'x');
  g_thread_join (writer);
  slow_clear (&slow);
}

/* --- two processes --- */

static gboolean
fork_in_between (gpointer unused, GError **error)
{
  pid_t child;
  int status;

  if (!use_a_file (unused, error))
    return FALSE;
  child = fork ();
  if (child == 0)
    _exit (7);
  g_assert_cmpint (waitpid (child, &status, 0), ==, child);
  g_assert_true (WIFEXITED (status) && WEXITSTATUS (status) == 7);
  return use_a_file (unused, error);
}

static void
test_a_fork_disturbs_neither_side (void)
{
  pid_t child;
  int status;

  if (skip_without_ring ())
    return;
  run_ok (fork_in_between, NULL);
  if (CHILD_MAY_NOT_START_THREADS)
    return;
  child = fork ();
  if (child == 0)
    {
      g_autoptr (GError) error = NULL;

      _exit (trio_run (use_a_file, NULL, &error) ? 0 : 1);
    }
  run_ok (use_a_file, NULL);
  g_assert_cmpint (waitpid (child, &status, 0), ==, child);
  g_assert_true (WIFEXITED (status) && WEXITSTATUS (status) == 0);
}

int
main (int argc, char **argv)
{
  g_setenv ("TRIO_FILES", "io_uring", TRUE);
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/uring/where-the-kernel-refuses-threads-do-it", test_where_the_kernel_refuses_threads_do_it);
  g_test_add_func ("/uring/what-does-not-go-into-the-ring-is-done-by-a-thread", test_what_does_not_go_into_the_ring_is_done_by_a_thread);
  g_test_add_func ("/uring/a-full-ring-is-no-error", test_a_full_ring_is_no_error);
  g_test_add_func ("/uring/what-is-under-way-is-waited-for-and-the-cancellation-stays",
                   test_what_is_under_way_is_waited_for_and_the_cancellation_stays);
  g_test_add_func ("/uring/a-run-that-is-thrown-away-waits-for-the-kernel", test_a_run_that_is_thrown_away_waits_for_the_kernel);
  g_test_add_func ("/uring/a-fork-disturbs-neither-side", test_a_fork_disturbs_neither_side);
  return g_test_run ();
}
