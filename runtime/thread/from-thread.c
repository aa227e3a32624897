/* SPDX-License-Identifier: MIT OR Apache-2.0 */

/* From a thread into a run: a call, which the run does and answers, while the thread waits.
 *
 *     who asks                                    where it is done
 *     a worker, without a token                   in the host's task, which waits for the worker anyway
 *     anybody with a token; and a worker that     what may suspend: in a system task
 *     may be abandoned, since it may have no      what may not: in the run's loop, at once
 *     host any more
 *
 * Every way that a call can go ends in one answer: done; refused, because the run had ended before it came in; or refused, because
 * the run was abandoned meanwhile. So no thread waits for ever. */

#include <trio/thread.h>

#include <trio/error.h>
#include <trio/lowlevel/mutation.h>
#include <trio/lowlevel/task.h>

#include "thread/errand.h"

struct _TrioCall
{
  gatomicrefcount  refs;             /* the caller's, the token's, and that of a task which does it */
  TrioErrand      *errand;           /* that the caller is on, and stays on until the answer. NULL: it is no worker */
  TrioFunc         func;
  gpointer         data;
  gboolean         begun;            /* (run's thread) by the token; so somebody is going to answer */
  GList            link;             /* (run's thread) in TrioRunThreads.calls while a task has it */

  GMutex           lock;
  GCond            done;
  gboolean         answered;         /* (lock) */
  gboolean         ok;               /* (lock) */
  GError          *error;            /* (lock) */
};

static __thread TrioErrand *current_errand;

static TrioToken *find_run         (TrioToken *token, const char *caller, GError **error);
static gboolean   is_on_thread_of_run (TrioToken *token);
static gboolean   has_waiting_host (TrioToken *token);
static gboolean   ask              (TrioToken *token, TrioFunc func, gpointer data, GSourceOnceFunc how, GError **error);

/* How a call is begun, from the run's loop. */
static void give_to_host        (gpointer call);
static void give_to_system_task (gpointer call);
static void do_at_once          (gpointer call);
static void look_at_host        (gpointer call);

gboolean
trio_from_thread_run (TrioToken *token, TrioFunc func, gpointer data, GError **error)
{
  TrioToken *run;

  g_return_val_if_fail (func != NULL, FALSE);
  run = find_run (token, "trio_from_thread_run", error);
  if (run == NULL)
    return FALSE;
  return ask (run, func, data, has_waiting_host (token) ? give_to_host : give_to_system_task, error);
}

gboolean
trio_from_thread_run_sync (TrioToken *token, TrioFunc func, gpointer data, GError **error)
{
  TrioToken *run;

  g_return_val_if_fail (func != NULL, FALSE);
  run = find_run (token, "trio_from_thread_run_sync", error);
  if (run == NULL)
    return FALSE;
  return ask (run, func, data, has_waiting_host (token) ? give_to_host : do_at_once, error);
}

gboolean
trio_from_thread_check_cancelled (GError **error)
{
  if (is_on_thread_of_run (NULL) || current_errand == NULL)
    {
      g_set_error (error, TRIO_ERROR, TRIO_ERROR_MISUSE, "trio_from_thread_check_cancelled was called on %s, not on a run's worker: %s",
                   is_on_thread_of_run (NULL) ? "the thread of a run" : "a thread of the program's own",
                   is_on_thread_of_run (NULL) ? "a task sees a cancellation at its checkpoints" : "no task waits for it that could be cancelled");
      return FALSE;
    }

  /* (A) pairs with abort_wait () in to-thread.c. It hands nothing over; who is late to see it sees it the next time. */
  if (!g_atomic_int_get (&current_errand->cancel_seen))
    return TRUE;
  if (current_errand->may_be_abandoned)
    {
      g_set_error (error, TRIO_ERROR, TRIO_ERROR_CANCELLED, "cancelled: the task that waited for the thread \"%s\" has given it up",
                   current_errand->job.name);
      return FALSE;
    }
  return ask (current_errand->token, NULL, NULL, look_at_host, error);
}

void
trio_errand_set_current (TrioErrand *errand)
{
  current_errand = errand;
}

gboolean
trio_thread_judge (gboolean ok, GError **error, const char *whose)
{
  if (!ok && *error == NULL)
    {
      g_critical ("%s returned FALSE and set no error", whose);
      g_set_error (error, TRIO_ERROR, TRIO_ERROR_FAILED, "%s returned FALSE and set no error", whose);
    }
  else if (ok && *error != NULL)
    g_critical ("%s returned TRUE but set an error: %s", whose, (*error)->message);
  return ok && *error == NULL;
}

/* --- the caller's side --- */

static gboolean
is_on_thread_of_run (TrioToken *token)
{
  return trio_current_task () != NULL || trio_current_threads () != NULL || (token != NULL && trio_token_is_on_own_thread (token));
}

/* Which run a call of this thread goes to. Who lives on the thread of a run must not wait for one. */
static TrioToken *
find_run (TrioToken *token, const char *caller, GError **error)
{
  if (is_on_thread_of_run (token))
    {
      g_set_error (error, TRIO_ERROR, TRIO_ERROR_MISUSE,
                   "%s was called on the thread of a run, which would wait for itself: call the function directly", caller);
      return NULL;
    }
  if (token == NULL && current_errand == NULL)
    {
      g_set_error (error, TRIO_ERROR, TRIO_ERROR_MISUSE,
                   "%s was called on a thread that is not a run's worker: say which run, by a token", caller);
      return NULL;
    }
  return token != NULL ? token : current_errand->token;
}

static gboolean
has_waiting_host (TrioToken *token)
{
  return token == NULL && !current_errand->may_be_abandoned;
}

static TrioCall *
call_new (TrioFunc func, gpointer data)
{
  TrioCall *call = g_new0 (TrioCall, 1);

  g_atomic_ref_count_init (&call->refs);
  call->errand = current_errand;
  call->func = func;
  call->data = data;
  call->link.data = call;
  g_mutex_init (&call->lock);
  g_cond_init (&call->done);
  return call;
}

static TrioCall *
call_ref (TrioCall *call)
{
  g_atomic_ref_count_inc (&call->refs);
  return call;
}

static void
call_unref (TrioCall *call)
{
  if (!g_atomic_ref_count_dec (&call->refs))
    return;
  g_clear_error (&call->error);
  g_mutex_clear (&call->lock);
  g_cond_clear (&call->done);
  g_free (call);
}

static void
wait_for_answer (TrioCall *call)
{
  TrioErrand *errand = call->errand;
  gboolean for_real = errand == NULL || errand->threads->block == NULL;

  g_mutex_lock (&call->lock);
  while (!call->answered)
    if (for_real)
      g_cond_wait (&call->done, &call->lock);
    else
      {
        g_mutex_unlock (&call->lock);
        current_errand = NULL;
        errand->threads->block (errand->threads, &errand->job);
        current_errand = errand;
        g_mutex_lock (&call->lock);
      }
  g_mutex_unlock (&call->lock);
}

static void let_go (gpointer call);

static gboolean
ask (TrioToken *token, TrioFunc func, gpointer data, GSourceOnceFunc how, GError **error)
{
  TrioCall *call = call_new (func, data);
  gboolean ok;

  trio_token_run_sync_soon (token, how, call_ref (call), let_go);
  wait_for_answer (call);

  ok = call->ok;
  if (call->error != NULL)
    g_propagate_error (error, g_steal_pointer (&call->error));
  call_unref (call);
  return ok;
}

/* --- the run's side --- */

/* Takes error. Whoever waits goes on at once: the errand, and the caller's stack, are gone. */
static void
answer (TrioCall *call, gboolean ok, GError *error)
{
  TrioErrand *errand = call->errand;
  TrioThreads *threads = errand != NULL && errand->threads->unblock != NULL ? errand->threads : NULL;

  g_mutex_lock (&call->lock);
  g_assert (!call->answered);
  call->ok = ok;
  call->error = error;
  call->answered = TRUE;
  g_cond_signal (&call->done);
  g_mutex_unlock (&call->lock);
  if (threads != NULL)
    threads->unblock (threads, &errand->job);
}

static void
refuse (TrioCall *call)
{
  answer (call, FALSE, g_error_new_literal (TRIO_ERROR, TRIO_ERROR_RUN_FINISHED, "the run has ended"));
}

/* The token's part is over. A call that was not even begun came too late. */
static void
let_go (gpointer data)
{
  TrioCall *call = data;

  if (!call->begun)
    refuse (call);
  call_unref (call);
}

static void
do_and_answer (TrioCall *call)
{
  GError *error = NULL;
  gboolean ok = call->func (call->data, &error);

  ok = trio_thread_judge (ok, &error, "a function called from a thread");
  if (TRIO_MUTATION (answer_without_error))
    g_clear_error (&error);
  answer (call, ok, error);
}

static void
do_at_once (gpointer data)
{
  TrioCall *call = data;

  call->begun = TRUE;
  do_and_answer (call);
}

/* A task is going to do it; if it cannot, because the run is abandoned, the list remembers who waits. */
static TrioCall *
give_to_task (TrioCall *call)
{
  call->begun = TRUE;
  g_queue_push_tail_link (trio_run_calls_get (), &call->link);
  return call_ref (call);
}

void
trio_call_perform (TrioCall *call)
{
  do_and_answer (call);
  g_queue_unlink (trio_run_calls_get (), &call->link);
  call_unref (call);
}

void
trio_call_refuse (TrioCall *call)
{
  refuse (call);
  call_unref (call);
}

static void
give_to_host (gpointer data)
{
  TrioCall *call = data;
  TrioErrand *errand = call->errand;

  g_assert (errand->host != NULL && errand->call == NULL);
  errand->call = give_to_task (call);
  trio_reschedule (errand->host, NULL);
}

static gboolean
perform_in_task (gpointer data, GError **error G_GNUC_UNUSED)
{
  trio_call_perform (data);
  return TRUE;
}

static void
give_to_system_task (gpointer data)
{
  TrioCall *call = data;
  GError *error = NULL;

  if (trio_spawn_system_task (perform_in_task, call, NULL, "from-thread", &error))
    give_to_task (call);
  else
    {
      call->begun = TRUE;
      answer (call, FALSE, error);
    }
}

/* Not a message to the host: it need not be woken for that. */
static void
look_at_host (gpointer data)
{
  TrioCall *call = data;
  TrioTask *host = call->errand->host;
  GError *error = NULL;

  g_assert (host != NULL);
  call->begun = TRUE;
  if (trio_task_has_cancel_pending (host))
    error = trio_task_raise_cancel (host);
  answer (call, error == NULL, error);
}
