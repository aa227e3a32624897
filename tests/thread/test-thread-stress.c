/* SPDX-License-Identifier: MIT OR Apache-2.0 */

/* Many tasks, many threads, both directions, cancellations in the middle, several runs at once: for ThreadSanitizer, and for races
 * that only luck finds. What each errand does is decided by its number, not by chance. */

#include <trio/lowlevel/token.h>
#include <trio/trio.h>

#define N_TASKS 24
#define N_ERRANDS 12
#define N_RUNS 3

typedef struct
{
  TrioToken *token;
  guint      n_calls;       /* (run's thread) */
  guint      n_alive;       /* (run's thread) */
} Office;

typedef struct
{
  gint    refs;
  Office *office;
  guint   number;
  guint64 sum;              /* written by the thread, read by the task */
} Errand;

static void
errand_unref (gpointer data)
{
  Errand *errand = data;

  if (g_atomic_int_dec_and_test (&errand->refs))
    g_free (errand);
}

G_DEFINE_AUTOPTR_CLEANUP_FUNC (Errand, errand_unref)

static gboolean
count_call (gpointer data, GError **error G_GNUC_UNUSED)
{
  ((Office *) data)->n_calls++;
  return TRUE;
}

static gboolean
count_call_and_wait (gpointer data, GError **error)
{
  ((Office *) data)->n_calls++;
  return trio_sleep (100, error);
}

static void
compute (Errand *errand)
{
  for (guint i = 0; i < 2000; i++)
    errand->sum += i ^ errand->number;
}

static gboolean
work (gpointer data, GError **error)
{
  Errand *errand = data;
  Office *office = errand->office;

  compute (errand);
  switch (errand->number % 6)
    {
    case 0:
      return TRUE;
    case 1:
      return trio_from_thread_run_sync (NULL, count_call, office, error);
    case 2:
      return trio_from_thread_run (NULL, count_call_and_wait, office, error);
    case 3:
      return trio_from_thread_run (office->token, count_call_and_wait, office, error);
    case 4:
      for (guint i = 0; i < 20; i++)
        {
          compute (errand);
          if (!trio_from_thread_check_cancelled (error))
            return FALSE;
        }
      return TRUE;
    default:
      g_set_error (error, TRIO_ERROR, TRIO_ERROR_FAILED, "errand %u", errand->number);
      return FALSE;
    }
}

/* However slow the machine: some are cancelled before they begin, and some never, which call the run back. */
static GTimeSpan
patience (guint number)
{
  if (number % 12 == 1)
    return G_MAXINT64;
  return number % 5 == 0 ? 0 : (GTimeSpan) (number % 7) * 200;
}

static gboolean
send (Office *office, guint number, GError **error)
{
  Errand *errand = g_new0 (Errand, 1);
  g_autoptr (Errand) ours = errand;
  TrioToThreadOptions options = { .abandon_on_cancel = number % 2 == 0, .destroy = errand_unref };
  g_autoptr (TrioCancelScope) scope = trio_move_on_after (patience (number), error);
  g_autoptr (GError) failure = NULL;
  gboolean ok;

  *errand = (Errand) { .refs = 2, .office = office, .number = number };
  ok = trio_to_thread_run_sync_full (work, errand, &options, &failure);
  if (ok || g_error_matches (failure, TRIO_ERROR, TRIO_ERROR_FAILED))
    g_assert_cmpuint (ours->sum, >, 0);
  else
    g_assert_error (failure, TRIO_ERROR, TRIO_ERROR_CANCELLED);
  if (g_error_matches (failure, TRIO_ERROR, TRIO_ERROR_CANCELLED))
    {
      g_propagate_error (error, g_steal_pointer (&failure));
      return trio_cancel_scope_close (scope, FALSE);
    }
  return trio_cancel_scope_close (scope, TRUE);
}

static gboolean
send_many (gpointer data, GError **error)
{
  Office *office = data;
  guint first = office->n_alive++;

  for (guint i = 0; i < N_ERRANDS; i++)
    if (!send (office, first * N_ERRANDS + i, error))
      return FALSE;
  return TRUE;
}

static gboolean
run_an_office (gpointer data G_GNUC_UNUSED, GError **error)
{
  g_autoptr (TrioToken) token = trio_current_token ();
  Office office = { .token = token };
  g_autoptr (TrioNursery) nursery = trio_nursery_open (error);

  trio_capacity_limiter_set_total_tokens (trio_current_default_thread_limiter (), 8);
  for (guint i = 0; i < N_TASKS; i++)
    trio_nursery_start_soon (nursery, send_many, &office);
  if (!trio_nursery_close (nursery, TRUE) || !trio_wait_all_threads_completed (error))
    return FALSE;
  g_assert_cmpuint (trio_capacity_limiter_get_borrowed_tokens (trio_current_default_thread_limiter ()), ==, 0);
  g_assert_cmpuint (office.n_calls, >, 0);
  return TRUE;
}

static gpointer
run_in_thread (gpointer data G_GNUC_UNUSED)
{
  g_autoptr (GError) error = NULL;
  gboolean ok = trio_run (run_an_office, NULL, &error);

  g_assert_no_error (error);
  g_assert_true (ok);
  return NULL;
}

/* Statements 126-128, 130, 132, 138. */
static void
test_nothing_is_lost_when_many_threads_come_and_go (void)
{
  GThread *threads[N_RUNS - 1];

  for (guint i = 0; i < G_N_ELEMENTS (threads); i++)
    threads[i] = g_thread_new ("office", run_in_thread, NULL);
  run_in_thread (NULL);
  for (guint i = 0; i < G_N_ELEMENTS (threads); i++)
    g_thread_join (threads[i]);
}

/* --- runs that end while their threads are at work --- */

static gint n_errands_left;

static void
count_down (gpointer data)
{
  g_atomic_int_add (&n_errands_left, -1);
  errand_unref (data);
}

static gboolean
call_until_refused (gpointer data G_GNUC_UNUSED, GError **error)
{
  Office dummy = { 0 };

  while (trio_from_thread_check_cancelled (NULL) && trio_from_thread_run_sync (NULL, count_call, &dummy, NULL))
    ;
  return trio_from_thread_run (NULL, count_call_and_wait, &dummy, error);
}

static gboolean
abandon_one (gpointer data G_GNUC_UNUSED, GError **error)
{
  Errand *errand = g_new0 (Errand, 1);
  TrioToThreadOptions options = { .abandon_on_cancel = TRUE, .destroy = count_down };
  g_autoptr (TrioCancelScope) scope = NULL;

  errand->refs = 1;
  g_atomic_int_inc (&n_errands_left);
  scope = trio_move_on_after (200, error);
  if (trio_to_thread_run_sync_full (call_until_refused, errand, &options, error))
    return trio_cancel_scope_close (scope, TRUE);
  return trio_cancel_scope_close (scope, FALSE);
}

static gboolean
abandon_some (gpointer data G_GNUC_UNUSED, GError **error)
{
  g_autoptr (TrioNursery) nursery = trio_nursery_open (error);

  for (guint i = 0; i < 4; i++)
    trio_nursery_start_soon (nursery, abandon_one, NULL);
  return trio_nursery_close (nursery, TRUE);
}

/* Statement 134. */
static void
test_runs_may_end_before_their_threads (void)
{
  for (guint i = 0; i < 20; i++)
    {
      g_autoptr (GError) error = NULL;

      g_assert_true (trio_run (abandon_some, NULL, &error));
      g_assert_no_error (error);
    }
  while (g_atomic_int_get (&n_errands_left) > 0)
    g_thread_yield ();
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/thread-stress/nothing-is-lost-when-many-come-and-go", test_nothing_is_lost_when_many_threads_come_and_go);
  g_test_add_func ("/thread-stress/runs-may-end-before-their-threads", test_runs_may_end_before_their_threads);
  return g_test_run ();
}
