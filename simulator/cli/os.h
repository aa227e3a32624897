/* SPDX-License-Identifier: MIT OR Apache-2.0 */

/* What the command line needs of the operating system: children, memory shared with them, Ctrl-C, whether somebody looks on.
 *
 * Always true:
 *  1. os.c and os-terminal.c are the only files of this folder that include a system header.
 *  2. A child never returns from its body: it ends with _exit(), so that nothing that the parent has buffered or registered runs
 *     twice.
 *  3. The parent never runs a scenario itself. A child always starts from the memory that main() left.
 *  4. What a child writes to stderr is kept, the last 64 KiB of it; a child that loses its parent is killed (Linux), or ends by itself behind
 *     the run it is at.
 *
 * For this folder only; one thread. */

#pragma once

#include <glib.h>

G_BEGIN_DECLS

typedef enum
{
  TRIO_CLI_END_RUNNING,
  TRIO_CLI_END_EXITED,       /* code is the exit code */
  TRIO_CLI_END_SIGNALLED,    /* code is the signal */
} TrioCliEnd;

typedef struct
{
  int         pid;
  int         inbox_fd;      /* what it tells us; -1 after its end */
  int         errors_fd;     /* what it prints */
  int         outbox_fd;     /* of the child: where it tells us things */
  gboolean    echo;          /* pass on what it prints, too */
  GByteArray *inbox;
  GString    *errors;
  TrioCliEnd  end;
  int         code;
} TrioCliChild;

/* The exit code of a child whose scenario called exit(). */
#define TRIO_CLI_EXIT_CALLED 99

/* The child's body. Tells the parent things with trio_cli_tell(). */
typedef void (*TrioCliChildBody) (int outbox, gpointer data);

/* A child with @body. If @echo is FALSE its stdout is silent and its stderr only kept. NULL: fork failed. */
TrioCliChild *trio_cli_child_new          (TrioCliChildBody body, gpointer data, gboolean echo, GError **error);
/* Kills it if it still runs. */
void          trio_cli_child_free         (TrioCliChild *child);
void          trio_cli_child_kill         (TrioCliChild *child);
/* Waits until one of them (NULLs are skipped) said something or ended, or @patience_ms passed. */
void          trio_cli_children_wait      (TrioCliChild *const *children, guint n_children, int patience_ms);
/* Forgets what it printed so far. */
void          trio_cli_child_forget       (TrioCliChild *child);
/* The next message, as it was told; NULL if none is complete. @types: by kind, then NULL. With @error if something else than
 * trio_cli_tell() wrote there: no message of that child can be told from then on. */
GVariant     *trio_cli_child_hear         (TrioCliChild *child, const GVariantType *const *types, guint32 *kind, GError **error);

/* In a child: calls @hook when the program dies of a fault or an assertion, and dies of it after that, three seconds later at
 * the latest. Where somebody else has a handler, such as a sanitizer, nothing is done. */
void          trio_cli_on_fault           (void (*hook) (int number));

/* In a child: one message to the parent. Takes a floating @message. */
void          trio_cli_tell               (int outbox, guint32 kind, GVariant *message);
/* In a child: whether the parent is gone. */
gboolean      trio_cli_orphaned           (void);

/* Memory that parent and children see; zeroes. Pages that nobody touches cost nothing. */
gpointer      trio_cli_share              (gsize n_bytes);
void          trio_cli_unshare            (gpointer memory, gsize n_bytes);

/* A pipe from us to one of several copies of a child; all of them have it. */
typedef struct
{
  int fds[2];
} TrioCliPipe;

#define TRIO_CLI_PIPE_NONE ((TrioCliPipe) { { -1, -1 } })

gboolean      trio_cli_pipe_open          (TrioCliPipe *pipe, GError **error);
void          trio_cli_pipe_close         (TrioCliPipe *pipe);
/* In a child: so that it sees when we are gone. */
void          trio_cli_pipe_keep_reading_end (TrioCliPipe *pipe);
/* Waits for @size bytes. FALSE: there will be none any more. */
gboolean      trio_cli_pipe_read          (TrioCliPipe *pipe, gpointer data, gsize size);
/* A few bytes, all or none. */
void          trio_cli_pipe_write         (TrioCliPipe *pipe, gconstpointer data, gsize size);

/* In a child, in the middle of a run: two of us go on from here. 0 in the copy, its process in the other; -1: there is no copy. */
int           trio_cli_fork               (void);
int           trio_cli_own_process        (void);
/* Where the variables of the program lie, not those of its libraries. Both NULL if that cannot be known. */
void          trio_cli_find_program_data  (const char **from, const char **to);
/* In a child: how its own children end is nobody's business. */
void          trio_cli_forget_children    (void);
/* In a child: the end of it, without a word. */
void          trio_cli_leave              (void) G_GNUC_NORETURN;
/* In a child: stops until a debugger lets it go on. */
void          trio_cli_stop_for_debugger  (void);
gboolean      trio_cli_process_lives      (int process);
/* Kills it and waits until it is gone. */
void          trio_cli_process_end        (int process);

/* Ctrl-C is for somebody else, for a while. */
void          trio_cli_ignore_interrupt   (gboolean ignored);
/* A line of stdin without its end; NULL at its end. Reads no byte more, so that others can read on. */
char         *trio_cli_read_line          (void);
gboolean      trio_cli_stdin_is_terminal  (void);

/* From now on the first Ctrl-C (or SIGTERM, or SIGHUP) only sets a flag; the second ends the program. If who reads stdout leaves, that is
 * one, too. */
void          trio_cli_catch_interrupt    (void);
gboolean      trio_cli_interrupted        (void);

/* What is closed among stdin, stdout and stderr becomes /dev/null: or the next pipe would take its place. */
void          trio_cli_open_streams       (void);
/* Writes and flushes; all that this program says goes through these. A reader who left is no trouble of ours. */
void          trio_cli_put                (const char *text);
void          trio_cli_put_error          (const char *text);
/* Something of the results could not be written. */
void          trio_cli_lose_output        (const char *why);
/* Why the first of it is lost; NULL if nothing is. */
const char   *trio_cli_get_lost_output    (void);
gboolean      trio_cli_stdout_is_terminal (void);
gboolean      trio_cli_stderr_is_terminal (void);
/* Whether a file could be made there, as far as that can be known without making one; @directory itself need not exist. */
gboolean      trio_cli_may_write_into     (const char *directory, GError **error);
/* "SIGSEGV (Segmentation fault)". */
char         *trio_cli_signal_name        (int number, gboolean with_words);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (TrioCliChild, trio_cli_child_free)

G_END_DECLS
