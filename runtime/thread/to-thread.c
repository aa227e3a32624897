/* SPDX-License-Identifier: MIT OR Apache-2.0 */

/* From a task to a worker thread: send an errand, wait for it, and do meanwhile what the worker asks for.
 *
 *                    +------ a call from the worker: done here, in the host's own task ------+
 *                    v                                                                       |
 *     acquire -> start -> wait -------------------------------- woken ----------------------+---> finished: the result
 *        |        |         |
 *        |        |         '- cancelled: may be abandoned -> CANCELLED at once; the rest happens without a host
 *        |        |                       else             -> noted for the worker, the wait goes on
 *        |        '- no thread: the token goes back
 *        '- cancelled, refused: no thread was used
 *
 * The limiter's token is borrowed in the errand's name and given back when the world says that it has finished, abandoned or
 * not. */

#include <trio/thread.h>

#include <trio/capacity-limiter.h>
#include <trio/checkpoint.h>
#include <trio/error.h>
#include <trio/lowlevel/mutation.h>
#include <trio/lowlevel/task.h>

#include "thread/errand.h"

static TrioErrand *errand_new     (TrioFunc func, gpointer data, const TrioToThreadOptions *options);
static void        errand_unref   (TrioErrand *errand);
static gboolean    errand_acquire (TrioErrand *errand, GError **error);
static gboolean    errand_release (TrioErrand *errand, GError **error);
static gboolean    start          (TrioErrand *errand, GError **error);
static gboolean    wait_for       (TrioErrand *errand, GError **error);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (TrioErrand, errand_unref)

gboolean
trio_to_thread_run_sync (TrioFunc func, gpointer data, GError **error)
{
  return trio_to_thread_run_sync_full (func, data, NULL, error);
}

gboolean
trio_to_thread_run_sync_full (TrioFunc func, gpointer data, const TrioToThreadOptions *options, GError **error)
{
  static const TrioToThreadOptions defaults;
  g_autoptr (TrioErrand) errand = NULL;

  g_return_val_if_fail (func != NULL, FALSE);

  if (options == NULL)
    options = &defaults;
  if (trio_current_task () == NULL || trio_current_threads () == NULL)
    {
      if (options->destroy != NULL)
        options->destroy (data);
      g_set_error_literal (error, TRIO_ERROR, TRIO_ERROR_MISUSE,
                           trio_current_task () == NULL ? "trio_to_thread_run_sync was called outside a task"
                                                        : "this run's world has no threads");
      return FALSE;
    }

  errand = errand_new (func, data, options);
  if (!trio_checkpoint_if_cancelled_in ("trio_to_thread_run_sync", error) || !errand_acquire (errand, error))
    return FALSE;
  if (!start (errand, error) || !wait_for (errand, error))
    return FALSE;
  if (errand->error != NULL)
    g_propagate_error (error, g_steal_pointer (&errand->error));
  return errand->ok;
}

/* --- an errand's life --- */

static TrioErrand *
errand_new (TrioFunc func, gpointer data, const TrioToThreadOptions *options)
{
  TrioErrand *errand = g_new0 (TrioErrand, 1);

  g_atomic_ref_count_init (&errand->refs);
  errand->job.name = g_strdup (options->name != NULL ? options->name : trio_task_get_name (trio_current_task ()));
  errand->threads = trio_current_threads ();
  errand->process = trio_process_threads_ref (trio_process_threads_get ());
  errand->token = trio_current_token ();
  errand->func = func;
  errand->data = data;
  errand->destroy = options->destroy;
  errand->may_be_abandoned = options->abandon_on_cancel;
  errand->limit = options->limit;
  if (errand->limit == NULL)
    errand->limiter = trio_capacity_limiter_ref (options->limiter != NULL ? options->limiter
                                                                          : trio_current_default_thread_limiter ());
  return errand;
}

static void
free_data (TrioErrand *errand)
{
  GDestroyNotify destroy = g_steal_pointer (&errand->destroy);

  if (destroy != NULL)
    destroy (errand->data);
}

static void
errand_unref (TrioErrand *errand)
{
  if (!g_atomic_ref_count_dec (&errand->refs))
    return;
  free_data (errand);
  g_clear_error (&errand->error);
  g_clear_pointer (&errand->limiter, trio_capacity_limiter_free);
  trio_process_threads_unref (errand->process);
  trio_token_unref (errand->token);
  g_free ((char *) errand->job.name);
  g_free (errand);
}

static gboolean
errand_acquire (TrioErrand *errand, GError **error)
{
  if (errand->limit != NULL)
    return errand->limit->acquire (errand->limit, errand, error);
  return trio_capacity_limiter_acquire_on_behalf_of (errand->limiter, errand, error);
}

static gboolean
errand_release (TrioErrand *errand, GError **error)
{
  if (errand->limit != NULL)
    return errand->limit->release (errand->limit, errand, error);
  trio_capacity_limiter_release_on_behalf_of (errand->limiter, errand);
  return TRUE;
}

/* --- the worker's side --- */

static TrioErrand *
errand_of (TrioThreadJob *job)
{
  return (TrioErrand *) job;
}

static void
work (TrioThreadJob *job)
{
  TrioErrand *errand = errand_of (job);
  gboolean ok;

  trio_errand_set_current (errand);
  ok = errand->func (errand->data, &errand->error);
  trio_errand_set_current (NULL);
  errand->ok = trio_thread_judge (ok, &errand->error, job->name);
}

/* The run has ended without waiting for it. Its limiter belonged to that run. */
static void
orphaned (TrioThreadJob *job)
{
  errand_unref (errand_of (job));
}

/* --- the run's side --- */

/* A process that has ended waits for nobody; who did was abandoned. */
static void
note_end (TrioProcessThreads *process)
{
  if (--process->n_active == 0 && process->limiter != NULL)
    trio_parking_lot_unpark_all (&process->waiting);
}

static void
finished (TrioThreadJob *job)
{
  TrioErrand *errand = errand_of (job);
  TrioTask *host = g_steal_pointer (&errand->host);
  GError *failure = NULL;

  g_assert (errand->call == NULL);

  if (!TRIO_MUTATION (thread_keeps_its_token) && !(host == NULL && TRIO_MUTATION (abandoned_thread_keeps_its_token))
      && !errand_release (errand, &failure))
    errand->ok = FALSE;
  if (host == NULL)
    {
      if (failure != NULL)
        g_critical ("what limits the threads failed to take back the token of \"%s\", which was abandoned: %s", job->name,
                    failure->message);
      g_clear_error (&failure);
    }
  /* Two things went wrong: the caller sees both. */
  errand->error = trio_error_merge (errand->error, failure);
  free_data (errand);
  note_end (errand->process);
  if (host != NULL)
    trio_reschedule (host, NULL);
  errand_unref (errand);
}

static gboolean
start (TrioErrand *errand, GError **error)
{
  GError *failure = NULL, *second = NULL;

  errand->job.work = work;
  errand->job.finished = finished;
  errand->job.orphaned = orphaned;
  g_atomic_ref_count_inc (&errand->refs);
  if (errand->threads->start (errand->threads, &errand->job, &failure))
    {
      errand->process->n_active++;
      return TRUE;
    }

  errand_unref (errand);
  if (!TRIO_MUTATION (no_thread_keeps_the_token))
    (void) errand_release (errand, &second);
  g_propagate_error (error, trio_error_merge (failure, second));
  return FALSE;
}

static TrioAbort
abort_wait (TrioTask *task G_GNUC_UNUSED, gpointer data)
{
  TrioErrand *errand = data;

  /* (A) pairs with the look in trio_from_thread_check_cancelled (): nothing else is handed over by it. */
  g_atomic_int_set (&errand->cancel_seen, !TRIO_MUTATION (thread_not_told_of_cancel));
  if (!errand->may_be_abandoned)
    return TRIO_ABORT_FAILED;
  if (!TRIO_MUTATION (abandoned_thread_wakes_host))
    errand->host = NULL;
  return TRIO_ABORT_SUCCEEDED;
}

static void
describe_wait (gpointer data, GString *out)
{
  g_string_append_printf (out, "for the thread \"%s\"", ((TrioErrand *) data)->job.name);
}

static const TrioWaitClass wait_class = {
  .what = "trio_to_thread_run_sync",
  .abort = abort_wait,
  .describe = describe_wait,
};

/* FALSE if it was abandoned. */
static gboolean
wait_for (TrioErrand *errand, GError **error)
{
  errand->host = trio_current_task ();
  while (trio_wait (&wait_class, errand, error))
    {
      TrioCall *call = g_steal_pointer (&errand->call);

      if (call == NULL)
        return TRUE;
      trio_call_perform (call);
    }
  return FALSE;
}
