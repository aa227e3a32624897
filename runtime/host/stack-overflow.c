/* SPDX-License-Identifier: MIT OR Apache-2.0 */

/* Who hit the guard? The kernel of the operating system answers an overflow with SIGSEGV (or SIGBUS), at an address in the guard.
 * The handler here, on a stack of its own because the task's has no room left, says which task it was.
 *
 * Always true:
 *  1. The handler only adds a sentence. Whatever the fault was, it restores the default disposition and returns, so that the
 *     faulting instruction runs again and the process dies of it there: debuggers and core files show the real place, the
 *     exit status tells SIGSEGV.
 *  2. It is installed only where the disposition was the default one; a program that handles SIGSEGV itself keeps doing so.
 *     Who installs a handler later replaces ours, and may chain to it.
 *  3. It calls nothing that is not async-signal-safe.
 *  4. Every thread that asks has an alternate signal stack: the one it had, or one of ours, which goes when the thread does.
 *
 * AddressSanitizer and ThreadSanitizer have handlers of their own, which report an overflow with a stack trace: there,
 * no handler is installed.
 */

#include "host/stack-overflow.h"

#include <trio/lowlevel/task.h>

#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define SOMEBODY_ELSE_REPORTS TRUE
#elif defined(__has_feature)
#if __has_feature (address_sanitizer) || __has_feature (thread_sanitizer)
#define SOMEBODY_ELSE_REPORTS TRUE
#endif
#endif
#ifndef SOMEBODY_ELSE_REPORTS
#define SOMEBODY_ELSE_REPORTS FALSE
#endif

/* Room for the handler and for the registers that the system saves there, which are many on new processors. */
#define SIGNAL_STACK_BYTES (64 * 1024)

static void on_fault              (int signal_number, siginfo_t *info, void *context);
static void say_overflow          (const char *name, guint64 serial, gsize stack_bytes, gsize below);
static void install_handler       (int signal_number);
static void give_thread_a_stack   (void);
static void take_stack_of_thread  (gpointer stack);

static GPrivate signal_stack = G_PRIVATE_INIT (take_stack_of_thread);

void
trio_stack_overflow_install (void)
{
  static gsize installed;

  /* In any case: the sanitizers' handlers need one as well, and ThreadSanitizer gives one to the main thread only. */
  give_thread_a_stack ();
  if (SOMEBODY_ELSE_REPORTS)
    return;

  if (g_once_init_enter (&installed))
    {
      install_handler (SIGSEGV);
      install_handler (SIGBUS);
      g_once_init_leave (&installed, 1);
    }
}

static void
on_fault (int signal_number, siginfo_t *info, void *context)
{
  struct sigaction by_default = { .sa_handler = SIG_DFL };
  const char *name;
  guint64 serial;
  gsize stack_bytes, below;

  (void) context;
  /* si_code > 0: by a fault, so that there is an address. Else somebody sent it. */
  if (info->si_code > 0 && trio_task_find_overflow (info->si_addr, &name, &serial, &stack_bytes, &below))
    say_overflow (name, serial, stack_bytes, below);

  sigemptyset (&by_default.sa_mask);
  sigaction (signal_number, &by_default, NULL);
  /* A fault happens again by itself. A signal that was sent does not; this one waits until the handler returns. */
  if (info->si_code <= 0)
    raise (signal_number);
}

/* A line of text, put together without stdio. What does not fit is cut off. */
typedef struct
{
  char  text[512];
  gsize length;
} Line;

static void
add (Line *line, const char *text)
{
  for (; *text != '\0' && line->length < sizeof line->text - 1; text++)
    line->text[line->length++] = *text;
}

static void
add_number (Line *line, guint64 number)
{
  char digits[21];
  char *digit = digits + sizeof digits - 1;

  *digit = '\0';
  do
    *--digit = (char) ('0' + number % 10);
  while ((number /= 10) > 0);
  add (line, digit);
}

static void
say_overflow (const char *name, guint64 serial, gsize stack_bytes, gsize below)
{
  Line line = { .length = 0 };
  gsize written = 0;

  add (&line, "trio: stack overflow in task \"");
  add (&line, name);
  add (&line, "\" (task ");
  add_number (&line, serial);
  add (&line, "): the guard was hit ");
  add_number (&line, below);
  add (&line, " bytes below its stack of ");
  add_number (&line, stack_bytes / 1024);
  add (&line, " KiB; give it more with TrioRunOptions.stack_bytes");
  line.text[line.length++] = '\n';

  while (written < line.length)
    {
      gssize n = write (STDERR_FILENO, line.text + written, line.length - written);

      if (n <= 0)
        break;
      written += (gsize) n;
    }
}

static void
install_handler (int signal_number)
{
  struct sigaction ours = { .sa_sigaction = on_fault, .sa_flags = SA_SIGINFO | SA_ONSTACK };
  struct sigaction present;

  if (sigaction (signal_number, NULL, &present) != 0)
    return;
  if ((present.sa_flags & SA_SIGINFO) != 0 || present.sa_handler != SIG_DFL)
    return;
  sigemptyset (&ours.sa_mask);
  sigaction (signal_number, &ours, NULL);
}

static void
give_thread_a_stack (void)
{
  stack_t present, ours;
  void *memory;

  if (sigaltstack (NULL, &present) != 0 || (present.ss_flags & SS_DISABLE) == 0)
    return;

  memory = mmap (NULL, SIGNAL_STACK_BYTES, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (memory == MAP_FAILED)
    return;
  ours = (stack_t) { .ss_sp = memory, .ss_size = SIGNAL_STACK_BYTES };
  if (sigaltstack (&ours, NULL) != 0)
    {
      munmap (memory, SIGNAL_STACK_BYTES);
      return;
    }
  g_private_replace (&signal_stack, memory);
}

/* When the thread ends. Somebody may have put another one in its place meanwhile; ours is unused in either case. */
static void
take_stack_of_thread (gpointer stack)
{
  stack_t present;
  stack_t none = { .ss_flags = SS_DISABLE };

  if (sigaltstack (NULL, &present) == 0 && present.ss_sp == stack)
    sigaltstack (&none, NULL);
  munmap (stack, SIGNAL_STACK_BYTES);
}
