/* SPDX-License-Identifier: MIT OR Apache-2.0 */

/* What file operations cost: by worker threads, or, with TRIO_FILES=io_uring in the environment, by io_uring; and by hand.
 *
 *     measure-files [DIRECTORY]
 *
 * 16 tasks, or one, read 4 KiB at places of a file that the page cache holds, and one thread does by pread(2); one task writes 4 KiB and
 * syncs. "NAME VALUE" a line: wall and CPU time, in microseconds each. */

#include <fcntl.h>
#include <stdio.h>
#include <time.h>
#include <unistd.h>

#include <trio/trio.h>

#define PIECE   4096
#define PIECES  4096
#define READS   20000
#define SYNCS   200

typedef struct
{
  TrioFile *file;
  guint     n;
} Reader;

static double
cpu_us (void)
{
  struct timespec now;

  clock_gettime (CLOCK_PROCESS_CPUTIME_ID, &now);
  return now.tv_sec * 1e6 + now.tv_nsec / 1e3;
}

static gboolean
read_pieces (gpointer data, GError **error)
{
  Reader *reader = data;
  char buffer[PIECE];

  for (guint i = 0; i < reader->n; i++)
    if (trio_file_read_at (reader->file, (gint64) (i * 2654435761u % PIECES) * PIECE, buffer, PIECE, error) != PIECE)
      return FALSE;
  return TRUE;
}

static gboolean
measure_reads (TrioFile *file, guint n_tasks, GError **error)
{
  Reader reader = { file, READS / n_tasks };
  gint64 began = trio_current_time ();
  double cpu_began = cpu_us ();
  g_autoptr (TrioNursery) nursery = trio_nursery_open (error);

  for (guint i = 0; i < n_tasks; i++)
    trio_nursery_start_soon (nursery, read_pieces, &reader);
  if (!trio_nursery_close (nursery, TRUE))
    return FALSE;
  printf ("read_4k_by_%u_wall_us %.2f\nread_4k_by_%u_cpu_us %.2f\n", n_tasks, (double) (trio_current_time () - began) / READS, n_tasks,
          (cpu_us () - cpu_began) / READS);
  return TRUE;
}

static void
measure_preads (const char *path)
{
  int fd = open (path, O_RDONLY | O_CLOEXEC);
  gint64 began = trio_current_time ();
  double cpu_began = cpu_us ();
  char buffer[PIECE];

  for (guint i = 0; i < READS; i++)
    g_assert_cmpint (pread (fd, buffer, PIECE, (off_t) (i * 2654435761u % PIECES) * PIECE), ==, PIECE);
  printf ("pread_4k_wall_us %.2f\npread_4k_cpu_us %.2f\n", (double) (trio_current_time () - began) / READS, (cpu_us () - cpu_began) / READS);
  close (fd);
}

static gboolean
measure_syncs (TrioFile *file, const char *piece, GError **error)
{
  gint64 began = trio_current_time ();
  double cpu_began = cpu_us ();

  for (guint i = 0; i < SYNCS; i++)
    if (!trio_file_write_at (file, (gint64) i * PIECE, piece, PIECE, error) || !trio_file_sync_data (file, error))
      return FALSE;
  printf ("write_4k_and_sync_wall_us %.2f\nwrite_4k_and_sync_cpu_us %.2f\n", (double) (trio_current_time () - began) / SYNCS,
          (cpu_us () - cpu_began) / SYNCS);
  return TRUE;
}

static gboolean
measure (gpointer directory, GError **error)
{
  g_autofree char *path = NULL;
  g_autofree char *piece = g_strnfill (PIECE, 'x');
  g_autoptr (TrioFile) file = trio_file_open_temporary (directory, &path, error);

  if (file == NULL)
    return FALSE;
  for (guint i = 0; i < PIECES; i++)
    if (!trio_file_write (file, piece, PIECE, error))
      return FALSE;
  measure_preads (path);
  return trio_path_remove (path, error) && trio_file_sync (file, error) && measure_reads (file, 1, error) && measure_reads (file, 16, error)
         && measure_syncs (file, piece, error) && trio_file_close (file, error);
}

int
main (int argc, char **argv)
{
  g_autoptr (GError) error = NULL;

  if (!trio_run (measure, argc > 1 ? argv[1] : NULL, &error))
    g_error ("%s", error->message);
  return 0;
}
