/* SPDX-License-Identifier: MIT OR Apache-2.0 */

/* The reference's locks, events and channels. There are no queues: who is served next is the one among all tasks that has waited
 * longest. */

#include "tests/core/model/reference.h"

void
model_sync_init (Model *m)
{
  for (int i = 0; i < N_LOCKS; i++)
    m->locks[i].owner = -1;
}

/* A cancelled wait: there are no queues to take it out of, and its state says that it waits no more. */
void
model_sync_forget (Model *m, int task)
{
  m->tasks[task].value = -1;
}

/* Rules 89, 95, 104: who has waited longest; -1: nobody. */
static int
find_waiter (Model *m, Wait wait, int object)
{
  int found = -1;

  for (int task = 0; task < OPS_MAX; task++)
    if (m->tasks[task].state == BLOCKED && m->tasks[task].wait == wait && m->tasks[task].object == object
        && (found < 0 || m->tasks[task].wait_serial < m->tasks[found].wait_serial))
      found = task;
  return found;
}

static void
wake_all (Model *m, Wait wait, int object, FailureKind kind)
{
  for (int task; (task = find_waiter (m, wait, object)) >= 0;)
    model_wake (m, task, kind != 0 ? failure_new (m, kind, 0) : NULL);
}

static Verdict
finish (Task *t, Failure *failure)
{
  t->result = failure;
  return FINISHED;
}

/* Phases 0 and 1 of what looks at cancellation first (14, 15, 17). TRUE: the operation itself is due. */
static gboolean
pass_gate (Model *m, int task, Verdict *verdict)
{
  Task *t = &m->tasks[task];

  if (t->phase == 0 && model_is_cancelled (m, task))
    {
      t->phase = 1;
      model_push_runnable (m, task);
      *verdict = SUSPENDED;
      return FALSE;
    }
  if (t->phase == 1 && model_is_cancelled (m, task))
    {
      *verdict = finish (t, failure_new (m, CANCELLED, 0));
      return FALSE;
    }
  return TRUE;
}

/* Rule 21: what had an effect yields and does not fail. */
static Verdict
succeed_later (Model *m, int task)
{
  m->tasks[task].phase = 3;
  m->tasks[task].outcome = NULL;
  model_push_runnable (m, task);
  return SUSPENDED;
}

static Verdict
wait_for (Model *m, int task, Wait wait, int object)
{
  m->tasks[task].phase = 2;
  model_block (m, task, wait, object);
  return SUSPENDED;
}

/* ---- locks ---- */

static void
own (Model *m, int lock, int task)
{
  m->locks[lock].owner = task;
  m->locks[lock].since = ++m->serial;
}

/* Rule 93, difference 9; the one taken last breaks first. */
void
model_sync_break_locks (Model *m, int task)
{
  for (;;)
    {
      int last = -1;

      for (int lock = 0; lock < N_LOCKS; lock++)
        if (m->locks[lock].owner == task && !m->locks[lock].broken && (last < 0 || m->locks[lock].since > m->locks[last].since))
          last = lock;
      if (last < 0)
        return;
      m->locks[last].broken = TRUE;
      wake_all (m, WAIT_LOCK, last, BROKEN);
    }
}

static Verdict
step_acquire (Model *m, int task, int number, gboolean wait)
{
  Task *t = &m->tasks[task];
  Lock *lock = &m->locks[number];
  Verdict verdict;

  if (t->phase >= 2)
    return finish (t, t->outcome);
  if (wait && !pass_gate (m, task, &verdict))
    return verdict;
  if (lock->broken)
    return finish (t, failure_new (m, BROKEN, 0));
  if (lock->owner == task)
    return finish (t, failure_new (m, MISUSE, 0));
  if (lock->owner >= 0)
    return wait ? wait_for (m, task, WAIT_LOCK, number) : finish (t, failure_new (m, WOULD_BLOCK, 0));
  own (m, number, task);
  return wait ? succeed_later (m, task) : finish (t, NULL);
}

/* Rule 95: to whoever waits, never free in between. */
static Verdict
step_release (Model *m, int task, int number)
{
  Task *t = &m->tasks[task];
  Lock *lock = &m->locks[number];
  int next = find_waiter (m, WAIT_LOCK, number);

  if (lock->owner != task || lock->broken)
    t->detail = g_strdup ("not held");
  else if (next < 0)
    lock->owner = -1;
  else
    {
      model_wake (m, next, NULL);
      own (m, number, next);
    }
  return finish (t, NULL);
}

/* ---- channels ---- */

static gboolean
all_closed (const gboolean *closed)
{
  for (int i = 0; i < N_ENDS; i++)
    if (!closed[i])
      return FALSE;
  return TRUE;
}

/* Those who wait at all clones of one side. */
static int
find_at_ends (Model *m, Wait wait, int channel)
{
  int found = -1;

  for (int end = 0; end < N_ENDS; end++)
    {
      int task = find_waiter (m, wait, channel * N_ENDS + end);

      if (task >= 0 && (found < 0 || m->tasks[task].wait_serial < m->tasks[found].wait_serial))
        found = task;
    }
  return found;
}

static Verdict
step_send (Model *m, int task, int op, gboolean wait)
{
  Task *t = &m->tasks[task];
  const Op *o = &m->program->ops[op];
  Channel *channel = &m->channels[o->target];
  int receiver = find_at_ends (m, WAIT_RECEIVE, o->target);
  Verdict verdict;

  if (t->phase >= 2)
    return finish (t, t->outcome);
  if (wait && !pass_gate (m, task, &verdict))
    return verdict;
  if (channel->send_closed[o->end])
    return finish (t, failure_new (m, CLOSED, 0));
  if (all_closed (channel->receive_closed))
    return finish (t, failure_new (m, BROKEN, 0));
  if (receiver >= 0)
    {
      m->tasks[receiver].value = op;
      model_wake (m, receiver, NULL);
    }
  else if (channel->n_values < m->program->capacity[o->target])
    channel->values[channel->n_values++] = op;
  else if (!wait)
    return finish (t, failure_new (m, WOULD_BLOCK, 0));
  else
    {
      t->value = op;
      return wait_for (m, task, WAIT_SEND, o->target * N_ENDS + o->end);
    }
  return wait ? succeed_later (m, task) : finish (t, NULL);
}

static Verdict
hand_out (Task *t)
{
  if (t->outcome == NULL)
    t->detail = g_strdup_printf ("from %d", t->value);
  return finish (t, t->outcome);
}

static Verdict
step_receive (Model *m, int task, int op, gboolean wait)
{
  Task *t = &m->tasks[task];
  const Op *o = &m->program->ops[op];
  Channel *channel = &m->channels[o->target];
  int sender = find_at_ends (m, WAIT_SEND, o->target);
  Verdict verdict;

  if (t->phase >= 2)
    return hand_out (t);
  if (wait && !pass_gate (m, task, &verdict))
    return verdict;
  if (channel->receive_closed[o->end])
    return finish (t, failure_new (m, CLOSED, 0));
  if (sender >= 0)
    {
      channel->values[channel->n_values++] = m->tasks[sender].value;
      model_wake (m, sender, NULL);
    }
  /* Rule 105. */
  if (channel->n_values > 0)
    {
      t->value = channel->values[0];
      memmove (channel->values, channel->values + 1, (gsize) --channel->n_values * sizeof channel->values[0]);
    }
  else if (all_closed (channel->send_closed))
    return finish (t, failure_new (m, END_OF_CHANNEL, 0));
  else
    return wait ? wait_for (m, task, WAIT_RECEIVE, o->target * N_ENDS + o->end) : finish (t, failure_new (m, WOULD_BLOCK, 0));
  if (wait)
    return succeed_later (m, task);
  t->outcome = NULL;
  return hand_out (t);
}

/* Rule 107, then those of the other side when it was the last. */
static void
close_sender (Model *m, int number, int end)
{
  Channel *channel = &m->channels[number];

  if (channel->send_closed[end])
    return;
  channel->send_closed[end] = TRUE;
  wake_all (m, WAIT_SEND, number * N_ENDS + end, CLOSED);
  if (all_closed (channel->send_closed))
    for (int task; (task = find_at_ends (m, WAIT_RECEIVE, number)) >= 0;)
      model_wake (m, task, failure_new (m, END_OF_CHANNEL, 0));
}

/* Rule 106. */
static void
close_receiver (Model *m, int number, int end)
{
  Channel *channel = &m->channels[number];

  if (channel->receive_closed[end])
    return;
  channel->receive_closed[end] = TRUE;
  wake_all (m, WAIT_RECEIVE, number * N_ENDS + end, CLOSED);
  if (!all_closed (channel->receive_closed))
    return;
  for (int task; (task = find_at_ends (m, WAIT_SEND, number)) >= 0;)
    model_wake (m, task, failure_new (m, BROKEN, 0));
  channel->n_values = 0;
}

Verdict
model_sync_step (Model *m, int task, int op)
{
  Task *t = &m->tasks[task];
  const Op *o = &m->program->ops[op];

  switch (o->type)
    {
    case OP_ACQUIRE:
    case OP_TRY_ACQUIRE:
      return step_acquire (m, task, o->target, o->type == OP_ACQUIRE);

    case OP_RELEASE:
      return step_release (m, task, o->target);

    case OP_WAIT:
      if (t->phase == 0 && !m->events[o->target])
        return wait_for (m, task, WAIT_EVENT, o->target);
      return t->phase == 2 ? finish (t, t->outcome) : model_checkpoint (m, task);

    case OP_SET:
      m->events[o->target] = TRUE;
      wake_all (m, WAIT_EVENT, o->target, 0);
      return finish (t, NULL);

    case OP_SEND:
    case OP_TRY_SEND:
      return step_send (m, task, op, o->type == OP_SEND);

    case OP_RECEIVE:
    case OP_TRY_RECEIVE:
      return step_receive (m, task, op, o->type == OP_RECEIVE);

    case OP_CLOSE_SEND:
      close_sender (m, o->target, o->end);
      return finish (t, NULL);

    case OP_CLOSE_RECEIVE:
      close_receiver (m, o->target, o->end);
      return finish (t, NULL);

    default:
      g_assert_not_reached ();
    }
}
