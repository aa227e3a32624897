/* SPDX-License-Identifier: MIT OR Apache-2.0 */

/* What this program and those who started it say to each other: standard streams, and the signals that ask for an end. See os.h. */

#include "simulator/cli/os.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <glib/gstdio.h>

static volatile sig_atomic_t interrupted;
static gboolean catches;
static char *lost;                    /* why not all that was said has arrived; NULL: it has */

/* ---- Signals --------------------------------------------------------------------------------------------------------------- */

void
trio_cli_ignore_interrupt (gboolean ignored)
{
  signal (SIGINT, ignored ? SIG_IGN : SIG_DFL);
}

static void
note_interrupt (int number)
{
  if (interrupted)
    {
      signal (number, SIG_DFL);
      raise (number);
    }
  interrupted = number;
}

void
trio_cli_catch_interrupt (void)
{
  static const int asking[] = { SIGINT, SIGTERM, SIGHUP };
  struct sigaction action = { .sa_handler = note_interrupt };

  catches = TRUE;
  sigemptyset (&action.sa_mask);
  for (guint i = 0; i < G_N_ELEMENTS (asking); i++)
    {
      struct sigaction present;

      /* nohup. (Shells ignore SIGINT for what they start in the background, and yet it is meant if somebody sends it.) */
      if (asking[i] != SIGHUP || (sigaction (SIGHUP, NULL, &present) == 0 && present.sa_handler != SIG_IGN))
        sigaction (asking[i], &action, NULL);
    }
  /* A search whose reader left ends in order, and not in the middle of a file. */
  signal (SIGPIPE, SIG_IGN);
  /* And a file that may not grow any more is a write that fails, like any other. */
  signal (SIGXFSZ, SIG_IGN);
}

gboolean
trio_cli_interrupted (void)
{
  struct pollfd out = { .fd = STDOUT_FILENO };

  /* As if Ctrl-C had come: `… | head` has seen enough. */
  if (catches && !interrupted && poll (&out, 1, 0) == 1 && (out.revents & POLLERR))
    interrupted = SIGPIPE;
  return interrupted != 0;
}

/* ---- Streams --------------------------------------------------------------------------------------------------------------- */

void
trio_cli_open_streams (void)
{
  for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++)
    {
      /* The lowest that is free is the one that is missing. */
      if (fcntl (fd, F_GETFD) < 0 && errno == EBADF && open ("/dev/null", O_RDWR) < 0)
        return;
    }
}

char *
trio_cli_read_line (void)
{
  g_autoptr (GString) line = g_string_new (NULL);
  char c;
  gssize n;

  while ((n = read (STDIN_FILENO, &c, 1)) == 1 && c != '\n')
    g_string_append_c (line, c);
  return n <= 0 && line->len == 0 ? NULL : g_strdup (line->str);
}

void
trio_cli_put (const char *text)
{
  if (fputs (text, stdout) >= 0 && fflush (stdout) == 0)
    return;
  /* A reader who left is no trouble of ours. */
  if (errno != EPIPE)
    trio_cli_lose_output (g_strerror (errno));
}

void
trio_cli_lose_output (const char *why)
{
  if (!lost)
    lost = g_strdup (why);
}

const char *
trio_cli_get_lost_output (void)
{
  return lost;
}

void
trio_cli_put_error (const char *text)
{
  fputs (text, stderr);
  fflush (stderr);
}

gboolean
trio_cli_stdin_is_terminal (void)
{
  return isatty (STDIN_FILENO);
}

gboolean
trio_cli_stdout_is_terminal (void)
{
  return isatty (STDOUT_FILENO);
}

gboolean
trio_cli_stderr_is_terminal (void)
{
  return isatty (STDERR_FILENO);
}

/* ---- Files ---------------------------------------------------------------------------------------------------------------- */

gboolean
trio_cli_may_write_into (const char *directory, GError **error)
{
  g_autofree char *there = g_canonicalize_filename (directory, NULL);

  /* What is not there yet is made in what is. */
  while (!g_file_test (there, G_FILE_TEST_EXISTS) && strcmp (there, "/") != 0)
    {
      char *outer = g_path_get_dirname (there);

      g_free (there);
      there = outer;
    }
  if (!g_file_test (there, G_FILE_TEST_IS_DIR))
    g_set_error (error, G_FILE_ERROR, G_FILE_ERROR_NOTDIR, "\"%s\" is no directory", there);
  else if (g_access (there, W_OK | X_OK) != 0)
    g_set_error (error, G_FILE_ERROR, g_file_error_from_errno (errno), "nothing can be written into \"%s\": %s", there, g_strerror (errno));
  else
    return TRUE;
  return FALSE;
}
