/* SPDX-License-Identifier: MIT OR Apache-2.0 */

/* The reference: an interpreter that knows the rules and nothing else. Plain arrays; no stack of its own for a task, but a list
 * of what it is inside of; each time it goes on, an operation is entered again with the next phase. Slow and plain on purpose. A
 * rule's number is that of the promise in tests/README.md. Cancellation and nurseries are in reference-scopes.c, errors in
 * reference-errors.c, the waiting for locks, events and channels in reference-sync.c. */

#include "tests/core/model/reference.h"

/* ---- the operations ---- */

static Verdict
finish (Task *t, Failure *failure)
{
  t->result = failure;
  return FINISHED;
}

static Verdict
enter_body (Model *m, Task *t, int op)
{
  t->inside[t->n_inside++] = op;
  t->op = program_enter (m->program, op);
  t->phase = 0;
  return ENTERED;
}

static Verdict
step_scope (Model *m, int task, int op)
{
  Task *t = &m->tasks[task];
  const Op *o = &m->program->ops[op];
  Scope *s = &m->scopes[op];
  gboolean early = t->failure != NULL && o->early;
  gboolean absorbing;

  if (t->phase == 0)
    {
      model_open_scope (m, task, op);
      s->kind = o->kind;
      /* Rule 48. */
      if (o->kind != KIND_PLAIN && o->span == 0)
        s->cause = BY_DEADLINE;
      else if (o->kind != KIND_PLAIN)
        model_set_deadline (m, op, m->now + o->span);
      s->shield = o->shielded;
      return enter_body (m, t, op);
    }
  absorbing = model_absorbs (m, op);
  model_close_scope (m, op);
  if (t->failure != NULL)
    t->failure = model_judge (m, op, absorbing, t->failure, !early);
  if (!early)
    t->detail = g_strdup_printf ("called %d caught %d", s->cause != NOT_CANCELLED, s->caught);
  return finish (t, t->failure);
}

static Verdict
step_nursery (Model *m, int task, int op)
{
  Task *t = &m->tasks[task];
  const Op *o = &m->program->ops[op];
  Scope *s = &m->scopes[op];

  if (t->phase == 0)
    {
      model_open_scope (m, task, op);
      s->shield = o->shielded;
      return enter_body (m, t, op);
    }
  if (t->phase == LEAVING)
    {
      s->early = t->failure != NULL && o->early;
      if (t->failure != NULL)
        model_keep_failure (m, op, t->failure);
    }
  t->phase = LEAVING + 1;
  if (!model_join (m, task, op))
    return SUSPENDED;
  t->failure = model_leave_nursery (m, op, !s->early);
  if (!s->early)
    t->detail = g_strdup_printf ("called %d caught %d", s->cause != NOT_CANCELLED, s->caught);
  return finish (t, t->failure);
}

static Verdict
step_start (Model *m, int task, int op)
{
  Task *t = &m->tasks[task];
  int target = m->program->ops[op].target;
  Failure *failure;

  if (t->phase == 0)
    {
      if (!m->scopes[target].open)
        {
          t->detail = g_strdup ("it is not open");
          return finish (t, NULL);
        }
      /* Rule 74; difference 5. */
      if (m->scopes[target].closed)
        return finish (t, failure_new (m, MISUSE, 0));
      if (model_is_effective (m, target))
        return finish (t, failure_new (m, CANCELLED, 0));
      m->scopes[target].n_starting++;
      /* The child lives in a nursery around the caller that nobody else knows. */
      model_open_scope (m, task, op);
      model_spawn (m, op, op, TRUE);
    }
  t->phase = 1;
  if (!model_join (m, task, op))
    return SUSPENDED;
  failure = model_leave_nursery (m, op, TRUE);
  m->scopes[target].n_starting--;
  model_check_joined (m, target);
  /* Rule 68. */
  if (failure == NULL && !m->tasks[op].has_started)
    failure = failure_new (m, NEVER_STARTED, 0);
  return finish (t, failure);
}

static Verdict
step_spawn (Model *m, Task *t, int op)
{
  int target = m->program->ops[op].target;

  if (!m->scopes[target].open)
    t->detail = g_strdup ("it is not open");
  else if (m->scopes[target].closed)
    {
      t->detail = g_strdup ("refused");
      m->n_refused++;
    }
  else
    model_spawn (m, target, op, FALSE);
  return finish (t, NULL);
}

static Verdict
step_started (Model *m, int task)
{
  Task *t = &m->tasks[task];

  if (t->by_start && !t->has_started)
    {
      t->has_started = TRUE;
      model_move_to_target (m, task);
    }
  else
    t->detail = g_strdup ("nobody asked");
  return finish (t, NULL);
}

static Verdict
sleep_for (Model *m, int task, gint64 span)
{
  Task *t = &m->tasks[task];

  if (t->phase == 0)
    {
      t->phase = 1;
      t->due = m->now + span;
      t->armed = ++m->serial;
      model_block (m, task, WAIT_TIME, 0);
      return SUSPENDED;
    }
  return finish (t, t->outcome);
}

/* Rule 12. */
Verdict
model_checkpoint (Model *m, int task)
{
  Task *t = &m->tasks[task];

  if (t->phase == 0)
    {
      t->phase = 1;
      model_push_runnable (m, task);
      return SUSPENDED;
    }
  return finish (t, model_is_cancelled (m, task) ? failure_new (m, CANCELLED, 0) : NULL);
}

/* Rule 54. */
static void
look (Model *m, Task *t)
{
  gint64 earliest = NEVER;

  if (model_is_effective (m, t->scope))
    {
      t->detail = g_strdup ("now");
      return;
    }
  for (int scope = t->scope; scope >= 0; scope = m->scopes[scope].parent)
    {
      earliest = MIN (earliest, m->scopes[scope].due);
      if (m->scopes[scope].shield)
        break;
    }
  t->detail = earliest == NEVER ? g_strdup ("never") : g_strdup_printf ("at %d", (int) (earliest - EPOCH));
}

static Verdict
step_on_scope (Model *m, Task *t, const Op *o)
{
  Scope *s = &m->scopes[o->target];

  if (!s->open)
    {
      t->detail = g_strdup ("it is not open");
      return finish (t, NULL);
    }
  switch (o->type)
    {
    case OP_CANCEL:
      model_cancel (m, o->target, EXPLICITLY);
      break;

    case OP_SHIELD:
    case OP_UNSHIELD:
      model_set_shield (m, o->target, o->type == OP_SHIELD);
      break;

    case OP_SET_DEADLINE:
      model_set_deadline (m, o->target, o->span < 0 ? NEVER : m->now + o->span);
      break;

    default:
      /* Rule 51. */
      if (s->due <= m->now)
        model_cancel (m, o->target, BY_DEADLINE);
      t->detail = g_strdup (s->cause != NOT_CANCELLED ? "yes" : "no");
    }
  return finish (t, NULL);
}

static Verdict
step (Model *m, int task, int op)
{
  Task *t = &m->tasks[task];
  const Op *o = &m->program->ops[op];

  switch (o->type)
    {
    case OP_SCOPE:
      return step_scope (m, task, op);
    case OP_NURSERY:
      return step_nursery (m, task, op);
    case OP_SPAWN:
      return step_spawn (m, t, op);
    case OP_START:
      return step_start (m, task, op);
    case OP_STARTED:
      return step_started (m, task);
    case OP_FAIL:
      return finish (t, failure_new (m, FAILED, op));
    case OP_CHECKPOINT:
      return model_checkpoint (m, task);

    case OP_IF_CANCELLED:
      /* Rules 14, 15. */
      return t->phase == 0 && !model_is_cancelled (m, task) ? finish (t, NULL) : model_checkpoint (m, task);

    case OP_SHIELDED:
      if (t->phase++ > 0)
        return finish (t, NULL);
      model_push_runnable (m, task);
      return SUSPENDED;

    case OP_SLEEP:
      return o->span == 0 ? model_checkpoint (m, task) : sleep_for (m, task, o->span);
    case OP_SLEEP_FOREVER:
      return sleep_for (m, task, NEVER - m->now);

    case OP_COMPUTE:
      m->now += o->span;
      return finish (t, NULL);

    case OP_CANCEL:
    case OP_SHIELD:
    case OP_UNSHIELD:
    case OP_SET_DEADLINE:
    case OP_CANCEL_CALLED:
      return step_on_scope (m, t, o);

    case OP_LOOK:
      look (m, t);
      return finish (t, NULL);

    default:
      return model_sync_step (m, task, op);
    }
}

/* ---- the loop ---- */

/* The body of the innermost thing that the task is inside of has ended, so it is to be left; FALSE: it is inside of nothing. */
static gboolean
leave_body (Model *m, int task, Failure *failure)
{
  Task *t = &m->tasks[task];

  if (t->n_inside == 0)
    {
      model_end_task (m, task, failure);
      return FALSE;
    }
  t->op = t->inside[--t->n_inside];
  t->phase = LEAVING;
  t->failure = failure;
  return TRUE;
}

static void
run_task (Model *m, int task)
{
  Task *t = &m->tasks[task];

  t->state = RUNNING;
  for (;;)
    {
      int op = t->op;

      if (op < 0)
        {
          if (!leave_body (m, task, NULL))
            return;
          continue;
        }
      t->detail = NULL;
      switch (step (m, task, op))
        {
        case SUSPENDED:
          return;

        case ENTERED:
          break;

        case FINISHED:
          {
            g_autofree char *error = failure_to_text (t->result);

            log_outcome (m->log, m->now, task, op, error, t->detail != NULL ? t->detail : "");
            g_free (t->detail);
            t->phase = 0;
            if (t->result == NULL || m->program->ops[op].swallow)
              t->op = program_next (m->program, op);
            else if (!leave_body (m, task, t->result))
              return;
          }
        }
    }
}

/* The earliest by time, then by arming, of those armed before; a scope's number, or OPS_MAX + a sleeper's; -1: none. */
static int
find_earliest (Model *m, guint64 before, gint64 *due)
{
  int found = -1;
  guint64 armed = 0;

  *due = NEVER;
  for (int i = 0; i < OPS_MAX; i++)
    {
      Scope *s = &m->scopes[i];
      Task *t = &m->tasks[i];

      if (s->open && s->cause == NOT_CANCELLED && s->due != NEVER && s->armed <= before
          && (s->due < *due || (s->due == *due && s->armed < armed)))
        found = i, *due = s->due, armed = s->armed;
      if (t->state == BLOCKED && t->wait == WAIT_TIME && t->due != NEVER && t->armed <= before
          && (t->due < *due || (t->due == *due && t->armed < armed)))
        found = OPS_MAX + i, *due = t->due, armed = t->armed;
    }
  return found;
}

/* Rules 1, 9: before the batch. */
static void
expire_deadlines (Model *m)
{
  guint64 before = m->serial;
  gint64 due;

  for (;;)
    {
      int which = find_earliest (m, before, &due);

      if (which < 0 || due > m->now)
        return;
      if (which < OPS_MAX)
        model_cancel (m, which, BY_DEADLINE);
      else
        model_wake (m, which - OPS_MAX, NULL);
    }
}

static void
rescue (Model *m)
{
  g_string_append (m->log, "rescue\n");
  for (int scope = 0; scope < OPS_MAX; scope++)
    if (m->scopes[scope].open && op_makes_scope (&m->program->ops[scope]))
      {
        model_set_shield (m, scope, FALSE);
        model_cancel (m, scope, EXPLICITLY);
      }
}

char *
perform_by_rules (const Program *program)
{
  g_autofree Model *m = g_new0 (Model, 1);
  g_autofree char *error = NULL;

  m->program = program;
  m->log = g_string_new (NULL);
  m->now = EPOCH;
  model_sync_init (m);
  for (int i = 0; i < OPS_MAX; i++)
    m->tasks[i].due = NEVER;
  m->tasks[0] = (Task) { .scope = -1, .nursery = -1, .due = NEVER };
  model_push_runnable (m, 0);

  while (m->tasks[0].state != ENDED)
    {
      int batch;

      if (m->n_line == 0)
        {
          gint64 due;

          if (find_earliest (m, G_MAXUINT64, &due) < 0)
            rescue (m);
          else
            m->now = MAX (m->now, due);
        }
      expire_deadlines (m);
      for (batch = m->n_line; batch > 0; batch--)
        {
          int task = m->line[0];

          memmove (m->line, m->line + 1, (gsize) --m->n_line * sizeof m->line[0]);
          run_task (m, task);
        }
    }
  error = failure_to_text (m->result);
  g_string_append_printf (m->log, "result: %s, %d refused\n", error, m->n_refused);
  failures_free (m);
  return g_string_free (m->log, FALSE);
}
