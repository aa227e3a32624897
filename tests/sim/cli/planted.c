/* SPDX-License-Identifier: MIT OR Apache-2.0 */

/* A program with planted bugs, for the tests of the command line. Each scenario passes on the ordinary run, first come,
 * first served, but for those whose `about` says otherwise. */

#include <trio/seam/choice.h>
#include <trio/trio.h>
#include <trio-sim/history.h>
#include <trio-sim/sim.h>

#include <stdio.h>
#include <stdlib.h>

static gboolean
checkpoints (guint n, GError **error)
{
  for (guint i = 0; i < n; i++)
    {
      if (!trio_checkpoint (error))
        return FALSE;
    }
  return TRUE;
}

/* Runs two tasks to their end. */
static gboolean
run_two (TrioFunc first, TrioFunc second, gpointer data, GError **error)
{
  g_autoptr (TrioNursery) nursery = trio_nursery_open (error);

  trio_nursery_start_soon_full (nursery, first, data, NULL, "first");
  trio_nursery_start_soon_full (nursery, second, data, NULL, "second");
  return trio_nursery_close (nursery, TRUE);
}

/* ---- A read and a write with a checkpoint between them ---- */

static gboolean
add_one (int *counter, guint wait, GError **error)
{
  int seen;

  if (!checkpoints (wait, error))
    return FALSE;
  seen = *counter;
  if (!trio_checkpoint (error))
    return FALSE;
  *counter = seen + 1;
  return TRUE;
}

static gboolean
add_at_once (gpointer data, GError **error)
{
  return add_one (data, 0, error);
}

static gboolean
add_later (gpointer data, GError **error)
{
  return add_one (data, 2, error);
}

static gboolean
lost_update (gpointer data, GError **error)
{
  int counter = 0;

  (void) data;
  if (!run_two (add_at_once, add_later, &counter, error))
    return FALSE;
  trio_always (counter == 2, "no addition is lost");
  return TRUE;
}

/* ---- A transfer that a cancellation cuts in half ---- */

typedef struct
{
  int from;
  int to;
} Accounts;

static gboolean
transfer (gpointer data, GError **error)
{
  Accounts *accounts = data;

  if (!trio_checkpoint (error))
    return FALSE;
  accounts->from -= 30;
  if (!trio_checkpoint (error))
    return FALSE;
  accounts->to += 30;
  return trio_checkpoint (error);
}

static gboolean
half_transfer (gpointer data, GError **error)
{
  Accounts accounts = { 100, 0 };
  gboolean ok = run_two (transfer, transfer, &accounts, error);

  (void) data;
  trio_always (accounts.from + accounts.to == 100, "no money is lost");
  return ok;
}

/* ---- Two locks, taken in two orders ---- */

typedef struct
{
  TrioLock *a;
  TrioLock *b;
} Locks;

static gboolean
take_both (TrioLock *first, TrioLock *second, GError **error)
{
  gboolean ok;

  if (!trio_lock_acquire (first, error))
    return FALSE;
  ok = trio_lock_acquire (second, error);
  if (ok)
    trio_lock_release (second);
  trio_lock_release (first);
  return ok;
}

static gboolean
take_a_then_b (gpointer data, GError **error)
{
  Locks *locks = data;

  return take_both (locks->a, locks->b, error);
}

static gboolean
take_b_then_a (gpointer data, GError **error)
{
  Locks *locks = data;

  return checkpoints (2, error) && take_both (locks->b, locks->a, error);
}

static gboolean
abba (gpointer data, GError **error)
{
  g_autoptr (TrioLock) a = trio_lock_new ();
  g_autoptr (TrioLock) b = trio_lock_new ();
  Locks locks = { a, b };

  (void) data;
  return run_two (take_a_then_b, take_b_then_a, &locks, error);
}

/* ---- Something used before it is there ---- */

static gboolean
provide (gpointer data, GError **error)
{
  static int thing = 7;
  int **slot = data;

  if (!checkpoints (2, error))
    return FALSE;
  *slot = &thing;
  return TRUE;
}

static gboolean
use (gpointer data, GError **error)
{
  int *volatile *slot = data;

  if (!checkpoints (4, error))
    return FALSE;
  printf ("it is %d\n", **slot);
  return TRUE;
}

static gboolean
null_pointer (gpointer data, GError **error)
{
  int *thing = NULL;

  (void) data;
  return run_two (provide, use, &thing, error);
}

static gboolean
insist (gpointer data, GError **error)
{
  int **slot = data;

  if (!checkpoints (4, error))
    return FALSE;
  g_assert_nonnull (*slot);
  return TRUE;
}

/* Gives back what only the other one has taken. */
static gboolean
give_back (gpointer data, GError **error)
{
  if (!checkpoints (4, error))
    return FALSE;
  if (trio_lock_locked (data))
    trio_lock_release (data);
  return TRUE;
}

static gboolean
take_and_keep (gpointer data, GError **error)
{
  if (!checkpoints (2, error) || !trio_lock_acquire (data, error))
    return FALSE;
  trio_lock_release (data);
  return TRUE;
}

static gboolean
not_its_own (gpointer data, GError **error)
{
  g_autoptr (TrioLock) lock = trio_lock_new ();

  (void) data;
  return run_two (take_and_keep, give_back, lock, error);
}

typedef struct
{
  TrioHistory *history;
  gint64       sum;
} Tally;

static gboolean
count (Tally *tally, GError **error)
{
  guint id = trio_history_call (tally->history, NULL, "add", NULL, g_variant_new_int64 (1));
  gint64 sum = tally->sum;

  if (!trio_checkpoint (error))
    return FALSE;
  tally->sum = sum + 1;
  trio_history_return (tally->history, id, g_variant_new_int64 (sum + 1));
  return TRUE;
}

static gboolean
count_at_once (gpointer data, GError **error)
{
  return count (data, error);
}

static gboolean
count_later (gpointer data, GError **error)
{
  return checkpoints (3, error) && count (data, error);
}

static gboolean
no_counter (gpointer data, GError **error)
{
  g_autoptr (TrioHistory) history = trio_history_new ();
  Tally tally = { history, 0 };

  (void) data;
  if (!run_two (count_at_once, count_later, &tally, error))
    return FALSE;
  trio_always_linearizable (history, trio_model_counter (), "the counter counts");
  return TRUE;
}

static gboolean
assertion (gpointer data, GError **error)
{
  int *thing = NULL;

  (void) data;
  return run_two (provide, insist, &thing, error);
}

static gboolean
leave (gpointer data, GError **error)
{
  int **slot = data;

  if (!checkpoints (4, error))
    return FALSE;
  if (!*slot)
    exit (0);
  return TRUE;
}

static gboolean
early_exit (gpointer data, GError **error)
{
  int *thing = NULL;

  (void) data;
  return run_two (provide, leave, &thing, error);
}

static gboolean
report_missing (gpointer data, GError **error)
{
  int **slot = data;

  if (!checkpoints (4, error))
    return FALSE;
  if (*slot)
    return TRUE;
  g_set_error_literal (error, G_FILE_ERROR, G_FILE_ERROR_NOENT, "there is no \"thing\" yet");
  return FALSE;
}

static gboolean
missing (gpointer data, GError **error)
{
  int *thing = NULL;

  (void) data;
  return run_two (provide, report_missing, &thing, error);
}

/* ---- Two failures, one on the way to the other ---- */

typedef struct
{
  guint    steps;        /* of the second task, until the first is done */
  gboolean done;
} Race;

static gboolean
finish_race (gpointer data, GError **error)
{
  Race *race = data;

  if (!trio_checkpoint (error))
    return FALSE;
  race->done = TRUE;
  return TRUE;
}

static gboolean
count_race (gpointer data, GError **error)
{
  Race *race = data;

  for (guint i = 0; i < 5; i++)
    {
      if (!trio_checkpoint (error))
        return FALSE;
      race->steps += !race->done;
    }
  return TRUE;
}

static gboolean
two_failures (gpointer data, GError **error)
{
  Race race = { 0, FALSE };

  (void) data;
  if (!run_two (finish_race, count_race, &race, error))
    return FALSE;
  trio_always (race.steps < 2, "never two steps behind");
  trio_always (race.steps < 1, "never one step behind");
  return TRUE;
}

/* ---- What only two cancellations break ---- */

static gboolean
attempt (gboolean *cancelled, GError **error)
{
  g_autoptr (TrioCancelScope) scope = trio_cancel_scope_open (error);
  gboolean ok = trio_checkpoint (error);

  if (!trio_cancel_scope_close (scope, ok))
    return FALSE;
  *cancelled = trio_cancel_scope_cancelled_caught (scope);
  return TRUE;
}

static gboolean
two_attempts (gpointer data, GError **error)
{
  gboolean cancelled = FALSE;

  (void) data;
  if (!attempt (&cancelled, error))
    return FALSE;
  if (cancelled && !attempt (&cancelled, error))
    return FALSE;
  trio_always (!cancelled, "the second attempt succeeds");
  return TRUE;
}

/* ---- The rest ---- */

static gboolean
static_counter (gpointer data, GError **error)
{
  static guint runs;

  (void) data;
  return checkpoints (runs++ % 7, error);
}

static gboolean
spin (gpointer data, GError **error)
{
  volatile gboolean forever = TRUE;

  (void) data;
  while (forever)
    ;
  return trio_checkpoint (error);
}

static gboolean
always_fails (gpointer data, GError **error)
{
  (void) data;
  if (!trio_checkpoint (error))
    return FALSE;
  trio_unreachable ("this line");
  return TRUE;
}

static gboolean
unreached_goal (gpointer data, GError **error)
{
  int counter = 0;

  (void) data;
  if (!run_two (add_at_once, add_later, &counter, error))
    return FALSE;
  trio_sometimes (counter == 3, "three are counted");
  trio_sometimes (counter == 2, "two are counted");
  return TRUE;
}

static gboolean
add_both (gpointer data, GError **error)
{
  int *counter = data;

  *counter += 1;
  return checkpoints (5, error);
}

static gboolean
clean (gpointer data, GError **error)
{
  int counter = 0;

  (void) data;
  printf ("this is printed on stdout\n");
  fprintf (stderr, "this is printed on stderr\n");
  if (!run_two (add_both, add_both, &counter, error))
    return FALSE;
  trio_always (counter == 2, "no addition is lost");
  trio_sometimes (counter == 2, "two are counted");
  return TRUE;
}

/* ---- Two that meet trouble, and come back from it soon, or not so soon ---- */

static gboolean
come_back (GTimeSpan pause, GError **error)
{
  static const TrioChoicePoint point = { .label = "fault.busy", .bound = 2 };
  TrioObligation *obligation = trio_oblige (30 * G_TIME_SPAN_SECOND, "it is served");

  while (trio_choose (&point))
    {
      if (!trio_sleep (pause, error))
        return FALSE;
    }
  trio_obligation_meet (obligation);
  return TRUE;
}

static gboolean
soon_back (gpointer data, GError **error)
{
  (void) data;
  return come_back (2 * G_TIME_SPAN_SECOND, error);
}

/* It keeps what it owes before the pause: what is late is the end. */
static gboolean
late_back (gpointer data, GError **error)
{
  (void) data;
  return soon_back (NULL, error) && come_back (20 * G_TIME_SPAN_SECOND, error);
}

/* ---- Words that XML, YAML and shells take for something else ---- */

static gboolean
odd_letters (gpointer data, GError **error)
{
  (void) data;
  if (!trio_checkpoint (error))
    return FALSE;
  g_set_error (error, G_FILE_ERROR, G_FILE_ERROR_FAILED, "\"quotes\" & <tags> ]]> # \001 \033[31mred\033[0m\ttab\n...\n  ---\n\303\251 \357\277\277 \377");
  return FALSE;
}

int
main (int argc, char **argv)
{
  static const TrioScenario scenarios[] = {
    { "lost-update", lost_update, NULL, "a read and a write with a checkpoint between them" },
    { "half-transfer", half_transfer, NULL, "a transfer that a cancellation cuts in half" },
    { "abba", abba, NULL, "two locks, taken in two orders" },
    { "null-pointer", null_pointer, NULL, "used before it is there: dies of SIGSEGV" },
    { "not-its-own", not_its_own, NULL, "a lock that is released by one who does not hold it" },
    { "no-counter", no_counter, NULL, "two that count at once, and a history of it" },
    { "assertion", assertion, NULL, "used before it is there: dies of an assertion" },
    { "early-exit", early_exit, NULL, "used before it is there: calls exit()" },
    { "missing", missing, NULL, "used before it is there: says so" },
    { "two-failures", two_failures, NULL, "one failure on the way to another" },
    { "two-attempts", two_attempts, NULL, "only two cancellations break it" },
    { "static-counter", static_counter, NULL, "not the same in every run" },
    { "spin", spin, NULL, "never ends, in any run" },
    { "always-fails", always_fails, NULL, "fails in every run" },
    { "unreached-goal", unreached_goal, NULL, "a goal that is never reached" },
    { "clean", clean, NULL, "nothing wrong with it" },
    { "soon-back", soon_back, NULL, "tries again after two seconds when it meets trouble" },
    { "<odd> & 'x' #1", odd_letters, NULL, "fails with words that need care" },
    { "late-back", late_back, NULL, "tries again after twenty seconds when it meets trouble" },
    { 0 },
  };

  return trio_sim_main (argc, argv, scenarios);
}
