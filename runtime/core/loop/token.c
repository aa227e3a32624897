/* SPDX-License-Identifier: MIT OR Apache-2.0 */

/* Tokens: calls into a run from other threads.
 *
 * Always true:
 *  1. token->loop is not NULL exactly while calls are accepted; it changes under the lock, and the world is woken under the lock, so a
 *     caller never touches a run that has gone.
 *  2. Accepted calls run in order, and all of them before the run ends.
 *  3. A pass over the queue takes what was there when it began: a call that queues itself again cannot starve the tasks.
 */

#include <trio/lowlevel/access.h>

#include "core/kernel.h"

typedef struct
{
  GSourceOnceFunc func;
  gpointer        data;
  GDestroyNotify  destroy;
} Call;

struct _TrioToken
{
  gatomicrefcount  refs;
  GMutex           lock;
  TrioLoop        *loop;       /* (lock) */
  GThread         *thread;     /* of the run; only compared */
  GQueue           calls;      /* (lock) */
  int              n_calls;    /* (atomic) a look without the lock: is there anything at all? */
};

/* ThreadSanitizer does not see through GLib's mutexes, whose code is not instrumented: it has to be told. */
#ifdef TRIO_WITH_TSAN
#define TELL_LOCKED(token)    (__tsan_acquire (&(token)->lock))
#define TELL_UNLOCKING(token) (__tsan_release (&(token)->lock))
#else
#define TELL_LOCKED(token)    ((void) 0)
#define TELL_UNLOCKING(token) ((void) 0)
#endif

static void
lock (TrioToken *token)
{
  g_mutex_lock (&token->lock);
  TELL_LOCKED (token);
}

static void
unlock (TrioToken *token)
{
  TELL_UNLOCKING (token);
  g_mutex_unlock (&token->lock);
}

TrioToken *
trio_token_new (TrioLoop *loop)
{
  TrioToken *token = g_new0 (TrioToken, 1);

  g_atomic_ref_count_init (&token->refs);
  g_mutex_init (&token->lock);
  g_queue_init (&token->calls);
  token->loop = loop;
  token->thread = g_thread_self ();
  return token;
}

TrioToken *
trio_current_token (void)
{
  g_return_val_if_fail (trio_loop_of_thread != NULL, NULL);
  return trio_token_ref (trio_loop_of_thread->token);
}

TrioToken *
trio_token_ref (TrioToken *token)
{
  g_atomic_ref_count_inc (&token->refs);
  return token;
}

void
trio_token_unref (TrioToken *token)
{
  if (!g_atomic_ref_count_dec (&token->refs))
    return;
  g_assert (g_queue_is_empty (&token->calls));
  g_mutex_clear (&token->lock);
  g_free (token);
}

gboolean
trio_token_is_on_own_thread (TrioToken *token)
{
  gboolean living;

  lock (token);
  living = token->loop != NULL;
  unlock (token);
  /* Once the run has ended, its thread may have ended too, and another may look like it. */
  return living && token->thread == g_thread_self () && trio_strand_get_loop () == NULL;
}

gboolean
trio_token_run_sync_soon (TrioToken *token, GSourceOnceFunc func, gpointer data, GDestroyNotify destroy)
{
  Call *call;

  g_return_val_if_fail (token != NULL && func != NULL, FALSE);

  trio_note_access (token, TRIO_ACCESS_UNKNOWN);
  call = g_new (Call, 1);
  *call = (Call) { func, data, destroy };
  lock (token);
  if (token->loop == NULL)
    {
      unlock (token);
      g_free (call);
      if (destroy != NULL && !TRIO_MUTATION (refused_call_not_destroyed))
        destroy (data);
      return FALSE;
    }
  if (TRIO_MUTATION (calls_backwards))
    g_queue_push_head (&token->calls, call);
  else
    g_queue_push_tail (&token->calls, call);
  g_atomic_int_inc (&token->n_calls);
  if (token->loop->world->wake != NULL)
    token->loop->world->wake (token->loop->world);
  unlock (token);
  return TRUE;
}

void
trio_token_run_pending (TrioToken *token)
{
  int n = g_atomic_int_get (&token->n_calls);

  while (n-- > 0)
    {
      Call *call;

      lock (token);
      call = g_queue_pop_head (&token->calls);
      g_atomic_int_add (&token->n_calls, -1);
      unlock (token);

      call->func (call->data);
      if (call->destroy != NULL)
        call->destroy (call->data);
      g_free (call);
    }
}

const int *
trio_token_get_n_calls (TrioToken *token)
{
  return &token->n_calls;
}

void
trio_token_call_fail (GError *error)
{
  TrioLoop *loop = trio_loop_of_thread;

  g_return_if_fail (loop != NULL && error != NULL);

  if (loop->main != NULL)
    trio_cancel_scope_mark (&loop->main->nursery->scope, CAUSE_EXPLICIT, g_strdup_printf ("a call from outside failed: %s", error->message));
  loop->failed_calls = trio_error_merge (loop->failed_calls, error);
}

/* At the end of the run: nothing is accepted any more. TRUE if no call is waiting; else those that are take another turn. To wait for a
 * moment without calls instead would let a thread that calls all the time keep the run alive. */
gboolean
trio_token_refuse (TrioToken *token)
{
  gboolean idle;

  lock (token);
  token->loop = NULL;
  idle = g_queue_is_empty (&token->calls);
  unlock (token);
  return idle;
}

/* Whether nobody but the run itself has a reference, so that no other thread can call. It may become so at any moment; as long as the run is
 * not asked for one, it does not cease. */
gboolean
trio_token_is_private (TrioToken *token)
{
  return g_atomic_ref_count_compare (&token->refs, 1) && g_atomic_int_get (&token->n_calls) == 0;
}

/* For a run that is abandoned: calls that were accepted are dropped. */
void
trio_token_close (TrioToken *token)
{
  Call *call;

  lock (token);
  token->loop = NULL;
  while ((call = g_queue_pop_head (&token->calls)) != NULL)
    {
      if (call->destroy != NULL)
        call->destroy (call->data);
      g_free (call);
    }
  g_atomic_int_set (&token->n_calls, 0);
  unlock (token);
}
