/* SPDX-License-Identifier: MIT OR Apache-2.0 */

#include "tests/core/core-test.h"

#include <setjmp.h>
#include <signal.h>
#include <unistd.h>

#include <trio-sim/sim.h>

#include "simulator/schedule.h"
#include "simulator/virtual-clock.h"

enum { N_SCHEDULES = 1000, N_SCHEDULES_VALGRIND = 3, TWICE_EVERY = 100 };

/* One injection: in the run-th run that the test function makes, and how. */
typedef struct
{
  guint         run;
  TrioSchedule *schedule;
} Occasion;

/* The call of a test function that is under way. */
static struct
{
  const char     *strategy;
  guint64         seed;
  guint           n_runs;
  guint64         hash;           /* of all its runs */
  GPtrArray      *occasions;      /* to be filled with those of each run, or NULL */
  const Occasion *occasion;       /* to be injected, or NULL */
  gboolean        is_disturbed;
  gboolean       *fails;          /* which runs fail undisturbed */
  sigjmp_buf      done;           /* where to go when the disturbed run has ended */
  char            told[300];      /* for a crash: which call this is */
} call;

/* ---- A crash says where --------------------------------------------------------------------------------------------------- */

static void
tell (int number)
{
  if (write (STDERR_FILENO, call.told, strlen (call.told)) < 0)
    _exit (99);
  signal (number, SIG_DFL);
  raise (number);
}

static void
announce (const char *test, guint64 number, const char *what)
{
  g_snprintf (call.told, sizeof call.told, "# in %s: %s\n# this alone:  CORE_TEST_ONLY=%" G_GUINT64_FORMAT " %s -p %s\n", test, what,
              number, g_get_prgname (), test);
  signal (SIGABRT, tell);
  signal (SIGTRAP, tell);
}

/* ---- One run --------------------------------------------------------------------------------------------------------------- */

static void
note_occasion (const TrioScheduleEntry *entry, gpointer data G_GNUC_UNUSED)
{
  gboolean is_injection = g_str_equal (entry->label, TRIO_CHOICE_CANCEL) || g_str_equal (entry->label, TRIO_CHOICE_INTERRUPT);

  if (!is_injection)
    return;
  for (guint32 value = 1; value < entry->bound; value++)
    {
      Occasion *occasion = g_new (Occasion, 1);
      TrioScheduleEntry injection = *entry;

      injection.value = value;
      injection.words = NULL;
      *occasion = (Occasion) { call.n_runs, trio_schedule_new () };
      trio_schedule_append (occasion->schedule, &injection);
      g_ptr_array_add (call.occasions, occasion);
    }
}

static void
free_occasion (gpointer data)
{
  Occasion *occasion = data;

  trio_schedule_free (occasion->schedule);
  g_free (occasion);
}

/* Nothing else than the scenario's own error may come out of a run. Its mistakes are mistakes on purpose. */
static void
judge (const TrioSimReport *report, gboolean may_fail)
{
  if (report->verdict == TRIO_SIM_OK || ((report->verdict == TRIO_SIM_ERROR || report->verdict == TRIO_SIM_MISUSE) && may_fail))
    return;
  g_error ("run %u: %s: %s\n%s", call.n_runs + 1, trio_sim_verdict_to_string (report->verdict), report->name,
           report->message != NULL ? report->message : "");
}

static void
note_disturbance (const TrioScheduleEntry *entry G_GNUC_UNUSED, gpointer data G_GNUC_UNUSED)
{
  call.is_disturbed = TRUE;
}

static gboolean
run_in_simulator (TrioFunc main, gpointer data, GError **error)
{
  gboolean is_it = call.occasion != NULL && call.occasion->run == call.n_runs;
  TrioSimOptions options = {
    .strategy = is_it ? "replay" : call.strategy,
    .seed = call.seed,
    .schedule = is_it ? call.occasion->schedule : NULL,
    .inject = is_it || call.occasions != NULL ? TRIO_SIM_INJECT_CANCEL | TRIO_SIM_INJECT_INTERRUPT : TRIO_SIM_INJECT_NONE,
    /* A test of the kernel may bring a real thread along, to see what it makes of it. */
    .escapes = TRIO_SIM_ESCAPES_ALLOW,
    .on_decision = is_it ? note_disturbance : NULL,
    .on_choice = call.occasions != NULL ? note_occasion : NULL,
  };
  g_autoptr (TrioSimReport) report = NULL;
  GError *failure = NULL;
  gboolean ok = trio_sim_run (main, data, &options, &report, &failure);

  g_assert_nonnull (report);
  if (is_it)
    {
      judge (report, call.fails[call.n_runs]);
      g_assert_cmpuint (report->unmatched, ==, 0);
      g_clear_error (&failure);
      g_clear_pointer (&report, trio_sim_report_free);
      siglongjmp (call.done, 1);
    }
  judge (report, TRUE);
  if (call.occasions != NULL)
    {
      call.fails = g_renew (gboolean, call.fails, call.n_runs + 1);
      call.fails[call.n_runs] = !ok;
    }
  call.n_runs++;
  call.hash = call.hash * 31 + report->hash;
  if (failure != NULL)
    g_propagate_error (error, failure);
  return ok;
}

static void
advance_in_simulator (GTimeSpan span)
{
  TrioSimClock *clock = (TrioSimClock *) trio_loop_get_world (trio_loop_get_current ())->clock;

  trio_sim_clock_advance_to (clock, clock->now + span);
}

/* ---- One call of a test function ------------------------------------------------------------------------------------------- */

static gboolean
is_disturbed (void)
{
  return call.is_disturbed;
}

static const MockElsewhere simulator = { run_in_simulator, advance_in_simulator, is_disturbed };

static void
call_test (CoreTestFunc test)
{
  call.n_runs = 0;
  call.hash = 0;
  call.is_disturbed = FALSE;
  mock_elsewhere = &simulator;
  if (sigsetjmp (call.done, 0) == 0)
    test ();
  mock_elsewhere = NULL;
  mock_forget ();
  if (call.n_runs == 0 && call.occasion == NULL)
    g_error ("%s makes no run: it is for g_test_add_func ()", g_test_get_path ());
}

/* A disturbed test function ends half-way, and what it held then is lost: nobody's leak. */
#ifdef __has_feature
#if __has_feature (address_sanitizer)
#define HAS_ASAN
#endif
#elif defined (__SANITIZE_ADDRESS__)
#define HAS_ASAN
#endif

#ifdef HAS_ASAN
#include <sanitizer/lsan_interface.h>
#define LOOK_AWAY() (__lsan_disable ())
#define LOOK_AGAIN() (__lsan_enable ())
#else
#define LOOK_AWAY() ((void) 0)
#define LOOK_AGAIN() ((void) 0)
#endif

/* ---- All calls -------------------------------------------------------------------------------------------------------------- */

static guint64
number_from (const char *variable, guint64 otherwise)
{
  const char *value = g_getenv (variable);

  return value != NULL ? g_ascii_strtoull (value, NULL, 10) : otherwise;
}

static gboolean
is_valgrind (void)
{
  return g_getenv ("TRIO_TEST_VALGRIND") != NULL;
}

static void
run_random (gconstpointer data)
{
  CoreTestFunc test = *(const CoreTestFunc *) data;
  guint64 only = number_from ("CORE_TEST_ONLY", 0);
  guint64 n = is_valgrind () ? N_SCHEDULES_VALGRIND : number_from ("CORE_TEST_SCHEDULES", N_SCHEDULES);

  call.strategy = "random";
  for (guint64 seed = MAX (only, 1); seed <= (only != 0 ? only : n); seed++)
    {
      g_autofree char *what = g_strdup_printf ("random, seed %" G_GUINT64_FORMAT, seed);
      guint64 hash;

      announce (g_test_get_path (), seed, what);
      call.seed = seed;
      call_test (test);
      hash = call.hash;
      if (seed % TWICE_EVERY != 0)
        continue;
      call_test (test);
      g_assert_cmpuint (call.hash, ==, hash);
    }
}

static void
run_mock_in_any_order (gconstpointer data)
{
  CoreTestFunc test = *(const CoreTestFunc *) data;
  guint64 only = number_from ("CORE_TEST_ONLY", 0);
  guint64 n = is_valgrind () ? N_SCHEDULES_VALGRIND : number_from ("CORE_TEST_SCHEDULES", N_SCHEDULES);

  for (guint64 seed = MAX (only, 1); seed <= (only != 0 ? only : n); seed++)
    {
      g_autofree char *what = g_strdup_printf ("mock world, seed %" G_GUINT64_FORMAT, seed);

      announce (g_test_get_path (), seed, what);
      mock_seed = (guint32) seed;
      test ();
      mock_seed = 0;
      mock_forget ();
    }
}

static void
inject (CoreTestFunc test, GPtrArray *occasions, guint i)
{
  const Occasion *occasion = occasions->pdata[i];
  g_autofree char *words = trio_schedule_entry_to_words (trio_schedule_get_entry (occasion->schedule, 0));
  g_autofree char *what = g_strdup_printf ("run %u: %s", occasion->run + 1, words);

  announce (g_test_get_path (), i + 1, what);
  call.occasion = occasion;
  call_test (test);
  call.occasion = NULL;
}

static void
run_sweep (gconstpointer data)
{
  CoreTestFunc test = *(const CoreTestFunc *) data;
  guint64 only = number_from ("CORE_TEST_ONLY", 0);
  g_autoptr (GPtrArray) occasions = g_ptr_array_new_with_free_func (free_occasion);
  guint n;

  if (is_valgrind ())
    {
      g_test_skip ("a test function that ends half-way keeps what it holds, and Valgrind cannot be told so");
      return;
    }
  LOOK_AWAY ();
  announce (g_test_get_path (), 0, "first come, first served");
  call.strategy = "fifo";
  call.occasions = occasions;
  call_test (test);
  call.occasions = NULL;
  n = occasions->len;
  for (guint i = 0; i < n; i++)
    if (only == 0 || only == i + 1)
      inject (test, occasions, i);
  g_test_message ("%u occasions", n);
  g_clear_pointer (&call.fails, g_free);
  LOOK_AGAIN ();
}

/* ---- Registering ------------------------------------------------------------------------------------------------------------ */

typedef struct
{
  CoreTestFunc  test;
  const char   *why;
} Mock;

static void
run_mock (gconstpointer data)
{
  const Mock *mock = data;

  if (mock->why != NULL)
    g_test_message ("%s", mock->why);
  mock->test ();
}

static void
add_mock (const char *path, CoreTestFunc test, const char *world, const char *why)
{
  Mock *mock = g_new0 (Mock, 1);

  if (why != NULL)
    {
      g_autofree char *text = g_strconcat (world, why, NULL);

      why = g_intern_string (text);
    }
  *mock = (Mock) { test, why };
  g_test_add_data_func_full (path, mock, run_mock, g_free);
}

static void
add (const char *mode, const char *path, CoreTestFunc test, void (*run) (gconstpointer))
{
  g_autofree char *whole = g_strconcat (mode, path, NULL);
  CoreTestFunc *boxed;

  /* The mock world's driver is what is varied there. */
  if (g_getenv ("MOCK_TURNS_AT_ONCE") != NULL)
    return;
  boxed = g_new (CoreTestFunc, 1);
  *boxed = test;
  g_test_add_data_func_full (whole, boxed, run, g_free);
}

void
core_test_add (const char *path, CoreTestFunc test)
{
  add_mock (path, test, NULL, NULL);
  add ("/random", path, test, run_random);
  add ("/sweep", path, test, run_sweep);
}

void
core_test_add_undisturbed (const char *path, CoreTestFunc test, const char *why)
{
  add_mock (path, test, "not in the sweep: ", why);
  add ("/random", path, test, run_random);
}

void
core_test_add_mock (const char *path, CoreTestFunc test, const char *why)
{
  add_mock (path, test, "in no simulator: ", why);
  add ("/random", path, test, run_mock_in_any_order);
}

void
core_test_add_ordered (const char *path, CoreTestFunc test, const char *why)
{
  add_mock (path, test, "in the mock world only: ", why);
}
