/* SPDX-License-Identifier: MIT OR Apache-2.0 */

/* The reference's scopes and nurseries: who is cancelled, who is told, what comes out at the end. Nothing is stored that can be
 * found by looking: whether a scope is effectively cancelled is walked up to each time, who is to be told is searched for among
 * all tasks. The rules are cited where they stand. */

#include "tests/core/model/reference.h"

/* ---- who is cancelled ---- */

/* Rule 29: own cancellation, or not shielded and the one around it is. */
gboolean
model_is_effective (Model *m, int scope)
{
  for (; scope >= 0; scope = m->scopes[scope].parent)
    {
      if (m->scopes[scope].cause != NOT_CANCELLED)
        return TRUE;
      if (m->scopes[scope].shield)
        return FALSE;
    }
  return FALSE;
}

gboolean
model_is_cancelled (Model *m, int task)
{
  return model_is_effective (m, m->tasks[task].scope);
}

/* Rule 40. */
gboolean
model_absorbs (Model *m, int scope)
{
  return model_is_effective (m, scope) && (m->scopes[scope].shield || !model_is_effective (m, m->scopes[scope].parent));
}

/* ---- running and waiting ---- */

void
model_push_runnable (Model *m, int task)
{
  m->tasks[task].state = RUNNABLE;
  m->line[m->n_line++] = task;
}

void
model_wake (Model *m, int task, Failure *outcome)
{
  g_assert (m->tasks[task].state == BLOCKED);
  m->tasks[task].wait = NO_WAIT;
  m->tasks[task].due = NEVER;
  m->tasks[task].outcome = outcome;
  model_push_runnable (m, task);
}

/* Rules 78 to 80, 20: a cancelled wait leaves no trace. Leaving a nursery is not interrupted (61). */
static void
deliver (Model *m, int task)
{
  Task *t = &m->tasks[task];

  if (t->state != BLOCKED || t->wait == WAIT_CHILDREN || !model_is_cancelled (m, task))
    return;
  model_sync_forget (m, task);
  model_wake (m, task, failure_new (m, CANCELLED, 0));
}

void
model_block (Model *m, int task, Wait wait, int object)
{
  Task *t = &m->tasks[task];

  t->state = BLOCKED;
  t->wait = wait;
  t->object = object;
  t->outcome = NULL;
  t->wait_serial = ++m->serial;
  deliver (m, task);
}

static void
deliver_directly_within (Model *m, int scope)
{
  guint64 last = 0;

  /* In the order in which they came to it (difference 15). */
  for (;;)
    {
      int first = -1;

      for (int task = 0; task < OPS_MAX; task++)
        if (m->tasks[task].state != NOT_BORN && m->tasks[task].state != ENDED && m->tasks[task].scope == scope
            && m->tasks[task].since > last
            && (first < 0 || m->tasks[task].since < m->tasks[first].since))
          first = task;
      if (first < 0)
        return;
      last = m->tasks[first].since;
      deliver (m, first);
    }
}

/* Rules 27, 28, 46: all within who are cancelled now and did not know it, the outer ones first, then in the order of opening. */
static void
tell (Model *m, int scope)
{
  guint64 last = 0;

  deliver_directly_within (m, scope);
  for (;;)
    {
      int first = -1;

      for (int inner = 0; inner < OPS_MAX; inner++)
        if (m->scopes[inner].open && m->scopes[inner].parent == scope && m->scopes[inner].place > last
            && (first < 0 || m->scopes[inner].place < m->scopes[first].place))
          first = inner;
      if (first < 0)
        return;
      last = m->scopes[first].place;
      tell (m, first);
    }
}

/* Rule 36: the first cause stays. */
void
model_cancel (Model *m, int scope, Cause cause)
{
  Scope *s = &m->scopes[scope];

  if (!s->open || s->cause != NOT_CANCELLED)
    return;
  s->cause = cause;
  tell (m, scope);
}

void
model_set_shield (Model *m, int scope, gboolean shield)
{
  m->scopes[scope].shield = shield;
  tell (m, scope);
}

/* ---- scopes ---- */

static void
put_into (Model *m, int task, int scope)
{
  m->tasks[task].scope = scope;
  m->tasks[task].since = ++m->serial;
}

void
model_open_scope (Model *m, int task, int scope)
{
  m->scopes[scope] = (Scope) { .open = TRUE, .parent = m->tasks[task].scope, .opener = task, .due = NEVER, .place = ++m->serial };
  put_into (m, task, scope);
}

void
model_close_scope (Model *m, int scope)
{
  m->scopes[scope].open = FALSE;
  put_into (m, m->scopes[scope].opener, m->scopes[scope].parent);
}

/* Rule 52: a cancelled scope has no deadline any more. */
void
model_set_deadline (Model *m, int scope, gint64 due)
{
  Scope *s = &m->scopes[scope];

  if (s->cause != NOT_CANCELLED || s->due == due)
    return;
  s->due = due;
  s->armed = ++m->serial;
}

/* What is left of the body's failure when scope is left; absorbing as of before (40, 42, 43; difference 10; the slot language). */
Failure *
model_judge (Model *m, int scope, gboolean absorbing, Failure *failure, gboolean closing)
{
  Scope *s = &m->scopes[scope];

  s->caught = absorbing && failure_contains (failure, CANCELLED);
  if (absorbing)
    failure = failure_without_cancelled (m, failure);
  if (failure == NULL && s->caught && !closing)
    return failure_new (m, s->cause == BY_DEADLINE ? TOO_SLOW : LEFT_WITHOUT_CLOSE, 0);
  if (failure == NULL && s->caught && s->kind == KIND_FAIL && s->cause == BY_DEADLINE)
    return failure_new (m, TOO_SLOW, 0);
  return failure;
}

/* ---- nurseries ---- */

/* Rule 62. */
void
model_check_joined (Model *m, int nursery)
{
  Scope *s = &m->scopes[nursery];

  if (s->joining && s->n_children == 0 && s->n_starting == 0)
    {
      s->joining = FALSE;
      s->closed = TRUE;
      model_wake (m, s->opener, NULL);
    }
}

/* Rules 57, 58. Of plain cancellations one is kept, and comes last: the others tell nothing new. */
void
model_keep_failure (Model *m, int nursery, Failure *failure)
{
  Scope *s = &m->scopes[nursery];

  if (failure->kind == CANCELLED)
    s->cancelled = failure;
  else
    s->failures[s->n_failures++] = failure;
  model_cancel (m, nursery, EXPLICITLY);
}

void
model_spawn (Model *m, int nursery, int task, gboolean by_start)
{
  m->tasks[task] = (Task) { .nursery = nursery, .op = program_enter (m->program, task), .by_start = by_start, .due = NEVER };
  m->scopes[nursery].n_children++;
  put_into (m, task, nursery);
  model_push_runnable (m, task);
}

void
model_end_task (Model *m, int task, Failure *failure)
{
  Task *t = &m->tasks[task];

  model_sync_break_locks (m, task);
  t->state = ENDED;
  if (task == 0)
    {
      m->result = failure;
      return;
    }
  m->scopes[t->nursery].n_children--;
  if (failure != NULL)
    model_keep_failure (m, t->nursery, failure);
  model_check_joined (m, t->nursery);
}

/* TRUE when all are gone; else the task waits or yields, and asks again (61). */
gboolean
model_join (Model *m, int task, int nursery)
{
  Scope *s = &m->scopes[nursery];

  if (s->closed)
    return TRUE;
  if (s->n_children == 0 && s->n_starting == 0)
    {
      if (s->yielded)
        return s->closed = TRUE;
      s->yielded = TRUE;
      model_push_runnable (m, task);
      return FALSE;
    }
  s->joining = TRUE;
  model_block (m, task, WAIT_CHILDREN, nursery);
  return FALSE;
}

Failure *
model_leave_nursery (Model *m, int nursery, gboolean closing)
{
  Scope *s = &m->scopes[nursery];
  gboolean absorbing = model_absorbs (m, nursery);

  model_close_scope (m, nursery);
  if (s->cancelled != NULL)
    s->failures[s->n_failures++] = s->cancelled;
  return model_judge (m, nursery, absorbing, failure_group (m, s->failures, s->n_failures), closing);
}

/* Rules 65, 71, 72, 76. */
void
model_move_to_target (Model *m, int task)
{
  Task *t = &m->tasks[task];
  int from = t->nursery, to = m->program->ops[task].target;
  guint64 place = m->serial;

  if (model_is_effective (m, from))
    return;
  m->scopes[from].n_children--;
  m->scopes[to].n_children++;
  t->nursery = to;
  if (t->scope == from)
    put_into (m, task, to);
  for (;;)
    {
      int first = -1;

      for (int inner = 0; inner < OPS_MAX; inner++)
        if (m->scopes[inner].open && m->scopes[inner].parent == from && m->scopes[inner].place <= place
            && (first < 0 || m->scopes[inner].place < m->scopes[first].place))
          first = inner;
      if (first < 0)
        break;
      m->scopes[first].parent = to;
      m->scopes[first].place = ++m->serial;
      tell (m, first);
    }
  model_check_joined (m, from);
}
