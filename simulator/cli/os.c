/* SPDX-License-Identifier: MIT OR Apache-2.0 */

/* Children and shared memory, by POSIX. See os.h for what is always true; os-terminal.c has the rest of it. */

#include "simulator/cli/os.h"

#include <errno.h>
#include <fcntl.h>
#if __has_include (<link.h>)
#include <link.h>
#endif
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "simulator/escape/escape.h"
#if __has_include (<sys/prctl.h>)
#include <sys/prctl.h>
#endif

#define ERRORS_BYTES_MAX (64 * 1024)
#define MESSAGE_BYTES_MAX (1u << 30)
#define MESSAGE_MARK      0x7472696f

static pid_t parent_pid;

/* ---- In the child ---------------------------------------------------------------------------------------------------------- */

static void
redirect (int fd, int target)
{
  while (dup2 (fd, target) < 0 && errno == EINTR)
    ;
}

/* A scenario called exit(). What others have registered for the end of the program (a leak checker, say) is for the parent. */
static void
end_at_once (void)
{
  fflush (NULL);
  _exit (TRIO_CLI_EXIT_CALLED);
}

gboolean
trio_cli_orphaned (void)
{
  return getppid () != parent_pid;
}

static void
become_child (int errors_fd, gboolean echo)
{
  struct rlimit none = { 0, 0 };
  int null_fd = open ("/dev/null", O_RDWR);

  /* Whoever kills the parent does not want us to go on: a run may never come to the place where it looks. */
#ifdef PR_SET_PDEATHSIG
  prctl (PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
#endif
  if (trio_cli_orphaned ())
    _exit (0);
  /* Ctrl-C is the parent's business: it stops us in order. */
  signal (SIGINT, SIG_IGN);
  signal (SIGTERM, SIG_DFL);
  signal (SIGHUP, SIG_DFL);
  signal (SIGPIPE, SIG_IGN);
  setrlimit (RLIMIT_CORE, &none);
  atexit (end_at_once);

  if (null_fd >= 0)
    {
      redirect (null_fd, STDIN_FILENO);
      if (!echo)
        redirect (null_fd, STDOUT_FILENO);
    }
  redirect (errors_fd, STDERR_FILENO);

  /* What the program complains about in a simulated run is a finding. */
  g_log_set_always_fatal (G_LOG_LEVEL_CRITICAL | G_LOG_LEVEL_ERROR);
}

static void
write_all (int fd, gconstpointer data, gsize size)
{
  const char *bytes = data;

  while (size > 0)
    {
      gssize n = write (fd, bytes, size);

      if (n < 0 && errno == EINTR)
        continue;
      if (n < 0)
        _exit (0);          /* the parent is gone: nobody is left to tell anything */
      bytes += n;
      size -= n;
    }
}

typedef struct
{
  guint32 mark;            /* MESSAGE_MARK */
  guint32 kind;
  guint32 size;
} MessageHead;

/* A message is its head, then its bytes. Short ones arrive whole, long ones in pieces. */
void
trio_cli_tell (int outbox, guint32 kind, GVariant *message)
{
  g_autoptr (GVariant) held = g_variant_ref_sink (message);
  MessageHead head = { MESSAGE_MARK, kind, (guint32) g_variant_get_size (held) };
  g_autoptr (GByteArray) bytes = g_byte_array_sized_new (sizeof head + head.size);

  g_byte_array_append (bytes, (const guint8 *) &head, sizeof head);
  if (head.size > 0)
    g_byte_array_append (bytes, g_variant_get_data (held), head.size);
  write_all (outbox, bytes->data, bytes->len);
}

static void (*fault_hook) (int number);

/* Whatever the hook asks for may be just what was broken: a second fault, or the alarm, ends it. */
static void
on_fault (int number)
{
  trio_sim_escape_pause ();
  signal (number, SIG_DFL);
  signal (SIGALRM, SIG_DFL);
  alarm (3);
  fault_hook (number);
  raise (number);
}

void
trio_cli_on_fault (void (*hook) (int number))
{
  static char stack_memory[256 * 1024];
  static const int faults[] = { SIGSEGV, SIGBUS, SIGILL, SIGFPE, SIGABRT, SIGTRAP };
  const stack_t stack = { .ss_sp = stack_memory, .ss_size = sizeof stack_memory };
  struct sigaction ours = { .sa_handler = on_fault, .sa_flags = (int) (SA_ONSTACK | SA_RESETHAND) };

  fault_hook = hook;
  sigemptyset (&ours.sa_mask);
  for (guint i = 0; i < G_N_ELEMENTS (faults); i++)
    {
      struct sigaction present;

      if (sigaction (faults[i], NULL, &present) != 0 || (present.sa_flags & SA_SIGINFO) != 0 || present.sa_handler != SIG_DFL)
        return;
    }
  if (sigaltstack (&stack, NULL) != 0)
    return;
  for (guint i = 0; i < G_N_ELEMENTS (faults); i++)
    sigaction (faults[i], &ours, NULL);
}

/* ---- In the parent --------------------------------------------------------------------------------------------------------- */

static gboolean
open_pipe (int fds[2], GError **error)
{
  if (pipe2 (fds, O_CLOEXEC) == 0)
    return TRUE;

  g_set_error (error, G_FILE_ERROR, g_file_error_from_errno (errno), "cannot open a pipe to a child: %s", g_strerror (errno));
  return FALSE;
}

static void
close_fd (int *fd)
{
  if (*fd >= 0)
    close (*fd);
  *fd = -1;
}

static TrioCliChild *
child_of (pid_t pid, int inbox_fd, int outbox_fd, int errors_fd, gboolean echo)
{
  TrioCliChild *child = g_new0 (TrioCliChild, 1);

  fcntl (inbox_fd, F_SETFL, O_NONBLOCK);
  fcntl (errors_fd, F_SETFL, O_NONBLOCK);
  child->pid = pid;
  child->inbox_fd = inbox_fd;
  child->outbox_fd = outbox_fd;
  child->errors_fd = errors_fd;
  child->echo = echo;
  child->inbox = g_byte_array_new ();
  child->errors = g_string_new (NULL);
  return child;
}

TrioCliChild *
trio_cli_child_new (TrioCliChildBody body, gpointer data, gboolean echo, GError **error)
{
  int inbox[2], errors[2];
  pid_t pid;

  if (!open_pipe (inbox, error))
    return NULL;
  if (!open_pipe (errors, error))
    {
      close (inbox[0]);
      close (inbox[1]);
      return NULL;
    }

  signal (SIGCHLD, SIG_DFL);    /* ignored, it would hide how children end */
  fflush (NULL);                /* or the child would have our unwritten text a second time */
  parent_pid = getpid ();
  pid = fork ();
  if (pid == 0)
    {
      close (inbox[0]);
      close (errors[0]);
      become_child (errors[1], echo);
      body (inbox[1], data);
      if (echo)
        fflush (NULL);
      _exit (0);
    }

  close (inbox[1]);
  close (errors[1]);
  if (pid < 0)
    {
      g_set_error (error, G_FILE_ERROR, g_file_error_from_errno (errno), "cannot start a child: %s", g_strerror (errno));
      close (inbox[0]);
      close (errors[0]);
      return NULL;
    }
  return child_of (pid, inbox[0], inbox[1], errors[0], echo);
}

/* Reads what is there. FALSE at the end. */
static gboolean
drain_inbox (TrioCliChild *child)
{
  guint8 buffer[16384];
  gssize n;

  while ((n = read (child->inbox_fd, buffer, sizeof buffer)) > 0)
    g_byte_array_append (child->inbox, buffer, n);
  return n < 0;
}

static gboolean
drain_errors (TrioCliChild *child)
{
  char buffer[16384];
  gssize n;

  while ((n = read (child->errors_fd, buffer, sizeof buffer)) > 0)
    {
      if (child->echo)
        fwrite (buffer, 1, n, stderr);
      g_string_append_len (child->errors, buffer, n);
      if (child->errors->len > 2 * ERRORS_BYTES_MAX)
        g_string_erase (child->errors, 0, child->errors->len - ERRORS_BYTES_MAX);
    }
  return n < 0;
}

static void
note_end (TrioCliChild *child, int status)
{
  /* Its last words may still lie in the pipes. */
  drain_inbox (child);
  drain_errors (child);
  close_fd (&child->inbox_fd);
  close_fd (&child->errors_fd);

  child->end = WIFSIGNALED (status) ? TRIO_CLI_END_SIGNALLED : TRIO_CLI_END_EXITED;
  child->code = WIFSIGNALED (status) ? WTERMSIG (status) : WEXITSTATUS (status);
}

static gboolean
reap (TrioCliChild *child)
{
  int status;
  pid_t pid;

  do
    pid = waitpid (child->pid, &status, WNOHANG);
  while (pid < 0 && errno == EINTR);
  if (pid == 0)
    return FALSE;

  /* If somebody else has waited for it, how it ended is not known. */
  note_end (child, pid == child->pid ? status : 0);
  return TRUE;
}

/* The end of a pipe is the end of a child, unless a scenario of it left processes behind that hold the pipe: so waitpid() is
 * asked, too, each time and after at most a quarter of a second. */
void
trio_cli_children_wait (TrioCliChild *const *children, guint n_children, int patience_ms)
{
  g_autofree struct pollfd *fds = g_new0 (struct pollfd, 2 * n_children + 1);
  guint n_fds = 0;

  for (guint i = 0; i < n_children; i++)
    {
      if (!children[i] || children[i]->end != TRIO_CLI_END_RUNNING)
        continue;
      fds[n_fds++] = (struct pollfd) { .fd = children[i]->inbox_fd, .events = POLLIN };
      fds[n_fds++] = (struct pollfd) { .fd = children[i]->errors_fd, .events = POLLIN };
    }
  if (n_fds == 0)
    return;
  poll (fds, n_fds, MIN (patience_ms, 250));

  for (guint i = 0; i < n_children; i++)
    {
      gboolean talks;

      if (!children[i] || children[i]->end != TRIO_CLI_END_RUNNING)
        continue;
      talks = drain_inbox (children[i]);
      talks = drain_errors (children[i]) || talks;
      if (!reap (children[i]) && !talks)
        poll (NULL, 0, 1);          /* on its way out: no need to spin */
    }
}

void
trio_cli_child_kill (TrioCliChild *child)
{
  if (child->end == TRIO_CLI_END_RUNNING)
    kill (child->pid, SIGKILL);
}

void
trio_cli_child_forget (TrioCliChild *child)
{
  g_string_truncate (child->errors, 0);
}

GVariant *
trio_cli_child_hear (TrioCliChild *child, const GVariantType *const *types, guint32 *kind, GError **error)
{
  guint n_types = 0;
  MessageHead head;
  g_autoptr (GVariant) message = NULL;
  g_autoptr (GBytes) bytes = NULL;

  if (child->inbox->len < sizeof head)
    return NULL;
  memcpy (&head, child->inbox->data, sizeof head);
  while (types[n_types] != NULL)
    n_types++;
  if (head.mark == MESSAGE_MARK && head.kind < n_types && head.size < MESSAGE_BYTES_MAX)
    {
      if (child->inbox->len < sizeof head + head.size)
        return NULL;
      bytes = g_bytes_new (child->inbox->data + sizeof head, head.size);
      message = g_variant_ref_sink (g_variant_new_from_bytes (types[head.kind], bytes, FALSE));
    }
  if (message == NULL || !g_variant_is_normal_form (message))
    {
      g_set_error (error, G_FILE_ERROR, G_FILE_ERROR_INVAL, "the program wrote bytes of its own into file descriptor %d, over which a run tells "
                   "its result to the process that started it: it must write only into what it has opened", child->outbox_fd);
      return NULL;
    }
  g_byte_array_remove_range (child->inbox, 0, sizeof head + head.size);
  *kind = head.kind;
  return g_steal_pointer (&message);
}

void
trio_cli_child_free (TrioCliChild *child)
{
  if (!child)
    return;

  if (child->end == TRIO_CLI_END_RUNNING)
    {
      trio_cli_child_kill (child);
      while (!reap (child))
        poll (NULL, 0, 1);
    }
  close_fd (&child->inbox_fd);
  close_fd (&child->errors_fd);
  g_byte_array_unref (child->inbox);
  g_string_free (child->errors, TRUE);
  g_free (child);
}

gpointer
trio_cli_share (gsize n_bytes)
{
  gpointer memory = mmap (NULL, n_bytes, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

  if (memory == MAP_FAILED)
    g_error ("cannot share %" G_GSIZE_FORMAT " bytes with the workers: %s", n_bytes, g_strerror (errno));
  return memory;
}

void
trio_cli_unshare (gpointer memory, gsize n_bytes)
{
  munmap (memory, n_bytes);
}

/* ---- Copies of a run ------------------------------------------------------------------------------------------------------- */

gboolean
trio_cli_pipe_open (TrioCliPipe *pipe, GError **error)
{
  *pipe = TRIO_CLI_PIPE_NONE;
  /* Whether its reader lives, is found out otherwise. */
  signal (SIGPIPE, SIG_IGN);
  return open_pipe (pipe->fds, error);
}

void
trio_cli_pipe_close (TrioCliPipe *pipe)
{
  close_fd (&pipe->fds[0]);
  close_fd (&pipe->fds[1]);
}

void
trio_cli_pipe_keep_reading_end (TrioCliPipe *pipe)
{
  close_fd (&pipe->fds[1]);
}

gboolean
trio_cli_pipe_read (TrioCliPipe *pipe, gpointer data, gsize size)
{
  for (gsize done = 0; done < size;)
    {
      gssize n = read (pipe->fds[0], (char *) data + done, size - done);

      if (n == 0 || (n < 0 && errno != EINTR))
        return FALSE;
      done += MAX (n, 0);
    }
  return TRUE;
}

void
trio_cli_pipe_write (TrioCliPipe *pipe, gconstpointer data, gsize size)
{
  while (write (pipe->fds[1], data, size) < 0 && errno == EINTR)
    ;
}

int
trio_cli_fork (void)
{
  fflush (NULL);
  return fork ();
}

#if __has_include (<link.h>)
/* The program comes first. */
static int
take_first_object (struct dl_phdr_info *info, size_t size G_GNUC_UNUSED, void *data)
{
  const char **range = data;

  for (guint i = 0; i < info->dlpi_phnum; i++)
    {
      const ElfW (Phdr) *part = &info->dlpi_phdr[i];
      const char *from = (const char *) (gpointer) (info->dlpi_addr + part->p_vaddr);

      if (part->p_type != PT_LOAD || !(part->p_flags & PF_W))
        continue;
      if (range[0] == NULL || from < range[0])
        range[0] = from;
      range[1] = MAX (range[1], from + part->p_memsz);
    }
  return 1;
}

void
trio_cli_find_program_data (const char **from, const char **to)
{
  const char *range[2] = { NULL, NULL };

  dl_iterate_phdr (take_first_object, range);
  *from = range[0];
  *to = range[1];
}
#else
void
trio_cli_find_program_data (const char **from, const char **to)
{
  *from = *to = NULL;
}
#endif

int
trio_cli_own_process (void)
{
  return getpid ();
}

void
trio_cli_forget_children (void)
{
  signal (SIGCHLD, SIG_IGN);
}

void
trio_cli_leave (void)
{
  _exit (0);
}

/* Where the system lets only parents debug, anybody may debug this one. */
void
trio_cli_stop_for_debugger (void)
{
#ifdef PR_SET_PTRACER
  prctl (PR_SET_PTRACER, PR_SET_PTRACER_ANY, 0, 0, 0);
#endif
  raise (SIGSTOP);
}

gboolean
trio_cli_process_lives (int process)
{
  return process > 0 && kill (process, 0) == 0;
}

void
trio_cli_process_end (int process)
{
  while (process > 0 && kill (process, SIGKILL) == 0)
    poll (NULL, 0, 1);
}

char *
trio_cli_signal_name (int number, gboolean with_words)
{
  static const struct { int number; const char *name; } known[] = {
    { SIGSEGV, "SIGSEGV" }, { SIGABRT, "SIGABRT" }, { SIGBUS, "SIGBUS" }, { SIGILL, "SIGILL" }, { SIGFPE, "SIGFPE" },
    { SIGTRAP, "SIGTRAP" }, { SIGKILL, "SIGKILL" }, { SIGTERM, "SIGTERM" }, { SIGPIPE, "SIGPIPE" }, { SIGALRM, "SIGALRM" },
    { SIGSYS, "SIGSYS" }, { SIGXCPU, "SIGXCPU" }, { SIGXFSZ, "SIGXFSZ" },
  };

  for (guint i = 0; i < G_N_ELEMENTS (known); i++)
    {
      if (known[i].number == number)
        return with_words ? g_strdup_printf ("%s (%s)", known[i].name, g_strsignal (number)) : g_strdup (known[i].name);
    }
  return g_strdup_printf ("signal %d", number);
}
