/* SPDX-License-Identifier: MIT OR Apache-2.0 */

/* What a person reads when a task needs more stack than it has. Each case is a process of its own, which dies. */

#include <trio/trio.h>
#include <trio/lowlevel/task.h>

#include <signal.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define SANITIZED 1
#elif defined(__has_feature)
#if __has_feature (address_sanitizer) || __has_feature (thread_sanitizer)
#define SANITIZED 1
#endif
#endif

static const char *self;

/* The programs that die. */

static G_GNUC_NO_INLINE int
dig (int depth)
{
  volatile char spoil[512];

  memset ((char *) spoil, depth, sizeof spoil);
  return depth <= 0 ? 0 : dig (depth - 1) + spoil[depth % 512];
}

static gboolean
digger (gpointer data, GError **error)
{
  (void) error;
  return dig (GPOINTER_TO_INT (data)) != 1;
}

static gboolean
parent_of_digger (gpointer data, GError **error)
{
  g_autoptr (TrioNursery) nursery = trio_nursery_open (error);

  trio_nursery_start_soon (nursery, digger, data);
  return trio_nursery_close (nursery, TRUE);
}

static gboolean
dereference_null (gpointer data, GError **error)
{
  volatile int *nothing = data;

  (void) error;
  return *nothing == 0;
}

static gboolean
send_the_signal (gpointer data, GError **error)
{
  (void) data;
  (void) error;
  kill (getpid (), SIGSEGV);
  return TRUE;
}

static void
handler_of_the_program (int number)
{
  (void) number;
  _exit (42);
}

static gpointer
run_in_a_thread (gpointer data)
{
  (void) data;
  return GINT_TO_POINTER (trio_run (digger, GINT_TO_POINTER (1000000), NULL));
}

static int
die (const char *how)
{
  const struct rlimit no_core = { 0, 0 };
  TrioRunOptions small = { .stack_bytes = 64 * 1024 };
  g_autoptr (GError) error = NULL;
  gboolean ok = FALSE;

  setrlimit (RLIMIT_CORE, &no_core);
  if (g_str_equal (how, "enough"))
    ok = trio_run (digger, GINT_TO_POINTER (200), &error);
  else if (g_str_equal (how, "main"))
    ok = trio_run (digger, GINT_TO_POINTER (1000000), &error);
  else if (g_str_equal (how, "child"))
    ok = trio_run_with (parent_of_digger, GINT_TO_POINTER (1000000), &small, &error);
  else if (g_str_equal (how, "thread"))
    g_thread_join (g_thread_new ("digger", run_in_a_thread, NULL));
  else if (g_str_equal (how, "null"))
    ok = trio_run (dereference_null, NULL, &error);
  else if (g_str_equal (how, "sent"))
    ok = trio_run (send_the_signal, NULL, &error);
  else if (g_str_equal (how, "handled"))
    {
      stack_t mine = { .ss_sp = g_malloc (1 << 16), .ss_size = 1 << 16 };
      struct sigaction action = { .sa_handler = handler_of_the_program, .sa_flags = SA_ONSTACK };

      sigaltstack (&mine, NULL);
      sigaction (SIGSEGV, &action, NULL);
      sigaction (SIGBUS, &action, NULL);
      ok = trio_run (digger, GINT_TO_POINTER (1000000), &error);
    }
  return ok ? 0 : 1;
}

/* Those who look on. */

static int
watch (const char *how, char **text)
{
  const char *argv[] = { self, "--die", how, NULL };
  g_autoptr (GError) error = NULL;
  int status;

  g_spawn_sync (NULL, (char **) argv, NULL, G_SPAWN_STDOUT_TO_DEV_NULL, NULL, NULL, NULL, text, &status, &error);
  g_assert_no_error (error);
  g_test_message ("%s: status %x, \"%s\"", how, status, *text);
  return status;
}

/* A sanitizer has made an exit code or an abort of it. */
static void
assert_died_of_a_fault (int status)
{
#ifdef SANITIZED
  g_assert_false (WIFEXITED (status) && WEXITSTATUS (status) == 0);
#else
  g_assert_true (WIFSIGNALED (status));
  g_assert_true (WTERMSIG (status) == SIGSEGV || WTERMSIG (status) == SIGBUS);
#endif
}

static void
assert_overflow (const char *how, const char *pattern)
{
  g_autofree char *text = NULL;
  int status = watch (how, &text);

  assert_died_of_a_fault (status);
#ifdef SANITIZED
  /* The sanitizer's own report; ours must not have got in its way. */
  (void) pattern;
  g_assert_nonnull (strstr (text, "Sanitizer: "));
  g_assert_nonnull (strstr (text, "dig"));
  g_assert_null (strstr (text, "trio: stack overflow"));
#else
  g_assert_true (g_pattern_match_simple (pattern, text));
#endif
}

static void
test_an_overflow_names_the_task_and_its_stack (void)
{
  assert_overflow ("main",
                   "trio: stack overflow in task \"main\" (task *): the guard was hit * bytes below its stack of 192 KiB; "
                   "give it more with TrioRunOptions.stack_bytes\n");
}

static void
test_an_overflow_in_a_child_names_the_child (void)
{
  assert_overflow ("child",
                   "trio: stack overflow in task \"digger\" (task *): the guard was hit * bytes below its stack of *8 KiB; "
                   "give it more with TrioRunOptions.stack_bytes\n");
}

static void
test_an_overflow_in_a_threads_run_is_told (void)
{
  assert_overflow ("thread", "trio: stack overflow in task \"main\" (task *): *\n");
}

static void
test_deep_use_within_the_stack_is_no_overflow (void)
{
  g_autofree char *text = NULL;

  g_assert_cmpint (watch ("enough", &text), ==, 0);
  g_assert_cmpstr (text, ==, "");
}

static void
test_another_fault_is_left_alone (void)
{
  g_autofree char *text = NULL;
  int status = watch ("null", &text);

  g_assert_null (strstr (text, "trio: stack overflow"));
  assert_died_of_a_fault (status);
}

static void
test_a_signal_that_was_sent_still_kills (void)
{
  g_autofree char *text = NULL;
  int status = watch ("sent", &text);

  g_assert_null (strstr (text, "trio: stack overflow"));
  assert_died_of_a_fault (status);
}

static void
test_a_programs_own_handler_stays (void)
{
  g_autofree char *text = NULL;
  int status = watch ("handled", &text);

  g_assert_true (WIFEXITED (status));
  g_assert_cmpint (WEXITSTATUS (status), ==, 42);
}

int
main (int argc, char **argv)
{
  self = argv[0];
  if (argc == 3 && g_str_equal (argv[1], "--die"))
    return die (argv[2]);

  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/core/stack_overflow/an_overflow_names_the_task_and_its_stack", test_an_overflow_names_the_task_and_its_stack);
  g_test_add_func ("/core/stack_overflow/an_overflow_in_a_child_names_the_child", test_an_overflow_in_a_child_names_the_child);
  g_test_add_func ("/core/stack_overflow/an_overflow_in_a_threads_run_is_told", test_an_overflow_in_a_threads_run_is_told);
  g_test_add_func ("/core/stack_overflow/deep_use_within_the_stack_is_no_overflow", test_deep_use_within_the_stack_is_no_overflow);
  g_test_add_func ("/core/stack_overflow/another_fault_is_left_alone", test_another_fault_is_left_alone);
  g_test_add_func ("/core/stack_overflow/a_signal_that_was_sent_still_kills", test_a_signal_that_was_sent_still_kills);
  g_test_add_func ("/core/stack_overflow/a_programs_own_handler_stays", test_a_programs_own_handler_stays);
  return g_test_run ();
}
