/* SPDX-License-Identifier: MIT OR Apache-2.0 */

/* Tokens: calls into a run from other threads.
 *
 * Always true:
 *  1. token->loop is not NULL exactly while calls are accepted; it changes under the lock, and the world is woken under the lock, so a
 *     caller never touches a run that has gone.
 *  2. Accepted calls run in order, and all of them before the run ends.
 *  3. A pass over the queue takes what was there when it began: a call that queues itself again cannot starve the tasks.
 *  4. Calls that were made ready before (TrioTokenCall) take neither the lock nor memory, so that a signal handler may ask for one. They are
 *     put in while n_asking counts them, and the end of the run waits until nobody is there any more.
 */

#include <trio/lowlevel/access.h>

#include "core/kernel.h"

typedef struct
{
  GSourceOnceFunc func;
  gpointer        data;
  GDestroyNotify  destroy;
} Call;

struct _TrioTokenCall
{
  gatomicrefcount  refs;       /* the program's, and the run's as long as it is asked for */
  TrioToken       *token;
  Call             call;
  int              asked_for;  /* (atomic) */
  TrioTokenCall   *next;       /* below it on the stack; belongs to who has set asked_for, then to the run */
};

struct _TrioToken
{
  gatomicrefcount  refs;
  GMutex           lock;
  TrioLoop        *loop;       /* (lock to change; atomic) */
  GThread         *thread;     /* of the run; only compared */
  GQueue           calls;      /* (lock) */
  TrioTokenCall   *asked_for;  /* (atomic) a stack, the last on top */
  int              n_asking;   /* (atomic) who is about to put something on it */
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
  TrioLoop *loop = trio_loop_of_caller ();

  g_return_val_if_fail (loop != NULL, NULL);
  return trio_token_ref (loop->token);
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

  g_return_val_if_fail (token != NULL, FALSE);

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

/* --- calls that are made ready before --- */

TrioTokenCall *
trio_token_call_new (TrioToken *token, GSourceOnceFunc func, gpointer data, GDestroyNotify destroy)
{
  TrioTokenCall *self;

  g_return_val_if_fail (token != NULL && func != NULL, NULL);

  self = g_new0 (TrioTokenCall, 1);
  g_atomic_ref_count_init (&self->refs);
  self->token = trio_token_ref (token);
  self->call = (Call) { func, data, destroy };
  return self;
}

void
trio_token_call_free (TrioTokenCall *self)
{
  if (self == NULL || !g_atomic_ref_count_dec (&self->refs))
    return;
  if (self->call.destroy != NULL)
    self->call.destroy (self->call.data);
  trio_token_unref (self->token);
  g_free (self);
}

/* May interrupt anything, also itself: nothing here waits for anybody. */
gboolean
trio_token_call_soon (TrioTokenCall *self)
{
  TrioToken *token;
  TrioLoop *loop;

  g_return_val_if_fail (self != NULL, FALSE);

  token = self->token;
  trio_note_access (token, TRIO_ACCESS_UNKNOWN);
  __atomic_add_fetch (&token->n_asking, 1, __ATOMIC_SEQ_CST);
  loop = __atomic_load_n (&token->loop, __ATOMIC_SEQ_CST);
  if (loop != NULL && __atomic_exchange_n (&self->asked_for, 1, __ATOMIC_SEQ_CST) == 0)
    {
      g_atomic_ref_count_inc (&self->refs);
      g_atomic_int_inc (&token->n_calls);
      self->next = __atomic_load_n (&token->asked_for, __ATOMIC_RELAXED);
      while (!__atomic_compare_exchange_n (&token->asked_for, &self->next, self, FALSE, __ATOMIC_RELEASE, __ATOMIC_RELAXED))
        ;
      if (loop->world->wake != NULL)
        loop->world->wake (loop->world);
    }
  __atomic_sub_fetch (&token->n_asking, 1, __ATOMIC_SEQ_CST);
  return loop != NULL;
}

/* Takes all that were asked for. Returns: the first of them. */
static TrioTokenCall *
take_asked_for (TrioToken *token)
{
  TrioTokenCall *top = __atomic_exchange_n (&token->asked_for, NULL, __ATOMIC_ACQUIRE), *first = NULL;

  while (top != NULL)
    {
      TrioTokenCall *below = top->next;

      g_atomic_int_add (&token->n_calls, -1);
      top->next = first;
      first = top;
      top = below;
    }
  return first;
}

/* Nothing is accepted any more. A signal handler on this thread has ended before this goes on, and one on another is quick. */
static void
refuse_calls (TrioToken *token)
{
  __atomic_store_n (&token->loop, NULL, __ATOMIC_SEQ_CST);
  while (__atomic_load_n (&token->n_asking, __ATOMIC_SEQ_CST) > 0)
    g_thread_yield ();
}

/* --- the run's side --- */

void
trio_token_run_pending (TrioToken *token)
{
  TrioTokenCall *ready = take_asked_for (token);
  guint n;

  lock (token);
  n = g_queue_get_length (&token->calls);
  unlock (token);

  while (ready != NULL)
    {
      TrioTokenCall *next = ready->next;

      /* From now on it can be asked for again, also by itself. */
      __atomic_store_n (&ready->asked_for, 0, __ATOMIC_SEQ_CST);
      ready->call.func (ready->call.data);
      trio_token_call_free (ready);
      ready = next;
    }

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
  refuse_calls (token);
  idle = g_queue_is_empty (&token->calls) && __atomic_load_n (&token->asked_for, __ATOMIC_RELAXED) == NULL;
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
  TrioTokenCall *ready;
  Call *call;

  lock (token);
  refuse_calls (token);
  for (ready = take_asked_for (token); ready != NULL;)
    {
      TrioTokenCall *next = ready->next;

      trio_token_call_free (ready);
      ready = next;
    }
  while ((call = g_queue_pop_head (&token->calls)) != NULL)
    {
      if (call->destroy != NULL)
        call->destroy (call->data);
      g_free (call);
    }
  g_atomic_int_set (&token->n_calls, 0);
  unlock (token);
}
