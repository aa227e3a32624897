/* SPDX-License-Identifier: MIT OR Apache-2.0 */

/* A machine for drawn programs; see random-program.h. */

#include "tests/sim/random-program.h"

#include "simulator/watch.h"

#include <trio/lowlevel/access.h>

typedef struct
{
  const RandomProgram      *program;
  TrioLock           *locks[2];
  TrioSemaphore      *semaphore;
  TrioEvent          *events[2];
  TrioSendChannel    *send;
  TrioReceiveChannel *receive;
  TrioFuture         *future;
  TrioRWLock         *rw_lock;
  TrioCapacityLimiter *limiter;
  TrioBarrier        *barrier;
  TrioBroadcast      *broadcast;
  TrioBroadcastReceiver *receivers[TASKS_MAX];
  TrioCondition      *condition;
  TrioNursery        *nursery;
  TrioCancelScope    *scopes[TASKS_MAX];
  guint               cells[N_CELLS];
  guint64             seen[TASKS_MAX];     /* a hash of all that each task saw */
} Machine;

typedef struct
{
  Machine *machine;
  guint    nth;
} Runner;

/* The machine of the latest run; its end is read after the run. */
static Machine machine;

static void
see (Runner *self, guint64 what)
{
  machine.seen[self->nth] = trio_sim_mix (machine.seen[self->nth], what + 1);
}

static guint
read_cell (guint which)
{
  trio_note_access (&machine.cells[which], TRIO_ACCESS_READ);
  return machine.cells[which];
}

static void
write_cell (guint which, guint value)
{
  trio_note_access (&machine.cells[which], TRIO_ACCESS_WRITE);
  machine.cells[which] = value;
}

static gboolean
grandchild (gpointer data, GError **error)
{
  Runner *self = data;

  write_cell (0, 10 + self->nth);
  return trio_checkpoint (error);
}

/* WOULD_BLOCK and the like are what a task saw. */
static gboolean
survive (Runner *self, gboolean ok, GError *failure)
{
  see (self, ok ? 0 : (guint64) failure->code + 7);
  g_clear_error (&failure);
  return TRUE;
}

static gboolean
send (Runner *self, gboolean waits, guint value, GError **error)
{
  GError *failure = NULL;
  gboolean ok = waits ? trio_send_channel_send (machine.send, GUINT_TO_POINTER (value), &failure)
                      : trio_send_channel_send_nowait (machine.send, GUINT_TO_POINTER (value), &failure);

  if (!ok && g_error_matches (failure, TRIO_ERROR, TRIO_ERROR_CANCELLED))
    {
      g_propagate_error (error, failure);
      return FALSE;
    }
  return survive (self, ok, failure);
}

static gboolean
receive (Runner *self, gboolean waits, GError **error)
{
  gpointer value = NULL;
  GError *failure = NULL;
  gboolean ok = waits ? trio_receive_channel_receive (machine.receive, &value, &failure)
                      : trio_receive_channel_receive_nowait (machine.receive, &value, &failure);

  if (!ok && g_error_matches (failure, TRIO_ERROR, TRIO_ERROR_CANCELLED))
    {
      g_propagate_error (error, failure);
      return FALSE;
    }
  see (self, GPOINTER_TO_UINT (value));
  return survive (self, ok, failure);
}

static void
release_held (TrioLock *lock)
{
  TrioLockStatistics statistics;

  trio_lock_get_statistics (lock, &statistics);
  if (statistics.owner == trio_current_task ())
    trio_lock_release (lock);
}

static gboolean
acquire (Runner *self, TrioLock *lock, GError **error)
{
  GError *failure = NULL;
  gboolean ok = trio_lock_acquire (lock, &failure);

  if (ok || !g_error_matches (failure, TRIO_ERROR, TRIO_ERROR_CANCELLED))
    return survive (self, ok, failure);
  g_propagate_error (error, failure);
  return FALSE;
}

/* Everything but a cancellation is something that a task saw. */
static gboolean
judge (Runner *self, gboolean ok, GError *failure, GError **error)
{
  if (ok || !trio_error_contains (failure, TRIO_ERROR, TRIO_ERROR_CANCELLED))
    return survive (self, ok, failure);
  g_propagate_error (error, failure);
  return FALSE;
}

static gboolean
use_rw_lock (Runner *self, gboolean writes, guint which, GError **error)
{
  GError *failure = NULL;
  gboolean ok = writes ? trio_rw_lock_acquire_write (machine.rw_lock, &failure) : trio_rw_lock_acquire_read (machine.rw_lock, &failure);

  if (ok && writes)
    write_cell (which % N_CELLS, 20 + self->nth);
  else if (ok)
    see (self, read_cell (which % N_CELLS));
  if (ok)
    trio_rw_lock_release (machine.rw_lock);
  return judge (self, ok, failure, error);
}

static gboolean
use_limiter (Runner *self, GError **error)
{
  GError *failure = NULL;
  gboolean ok = trio_capacity_limiter_acquire (machine.limiter, &failure);

  if (ok)
    {
      see (self, trio_capacity_limiter_get_borrowed_tokens (machine.limiter));
      trio_cancel_shielded_checkpoint ();
      trio_capacity_limiter_release (machine.limiter);
    }
  return judge (self, ok, failure, error);
}

static gboolean
meet (Runner *self, GError **error)
{
  GError *failure = NULL;
  gboolean last = FALSE;
  gboolean ok = trio_barrier_wait (machine.barrier, &last, &failure);

  see (self, (guint64) last);
  return judge (self, ok, failure, error);
}

static gboolean
hear (Runner *self, GError **error)
{
  GError *failure = NULL;
  gpointer value = NULL;
  gboolean ok = trio_broadcast_receiver_receive (machine.receivers[self->nth], &value, NULL, &failure);

  see (self, GPOINTER_TO_UINT (value));
  return judge (self, ok, failure, error);
}

static gboolean
use_condition (Runner *self, gboolean waits, GError **error)
{
  GError *failure = NULL;
  gboolean ok;

  if (!trio_condition_acquire (machine.condition, &failure))
    return judge (self, FALSE, failure, error);
  if (!waits)
    trio_condition_notify (machine.condition, 1);
  ok = !waits || trio_condition_wait (machine.condition, &failure);
  trio_condition_release (machine.condition);
  return judge (self, ok, failure, error);
}

static gboolean
choose_among (Runner *self, gboolean waits, guint which, GError **error)
{
  gpointer value = NULL;
  const TrioSelectCase cases[] = {
    trio_case_event (machine.events[which % 2]), trio_case_receive (machine.receive, &value),
    trio_case_broadcast (machine.receivers[self->nth], &value, NULL), trio_case_after (1000),
  };
  gsize n = which % 4 < 2 ? 3 : 4;
  gsize chosen = 0;
  GError *failure = NULL;
  gboolean ok = waits ? trio_select (cases, n, &chosen, &failure) : trio_select_nowait (cases, n, &chosen, &failure);

  see (self, chosen * 64 + GPOINTER_TO_UINT (value));
  return judge (self, ok, failure, error);
}

static void
look_around (Runner *self)
{
  TrioChannelStatistics channel;
  TrioEventStatistics event;
  TrioBroadcastStatistics broadcast;
  TrioConditionStatistics condition;
  TrioRWLockStatistics rw_lock;

  trio_send_channel_get_statistics (machine.send, &channel);
  trio_event_get_statistics (machine.events[0], &event);
  trio_broadcast_get_statistics (machine.broadcast, &broadcast);
  trio_condition_get_statistics (machine.condition, &condition);
  trio_rw_lock_get_statistics (machine.rw_lock, &rw_lock);
  see (self, channel.current_buffer_used + 8 * channel.tasks_waiting_receive + 64 * channel.tasks_waiting_send + 512 * event.tasks_waiting
       + 4096 * broadcast.sent + 32768 * condition.tasks_waiting + 262144 * rw_lock.tasks_waiting
       + 2097152 * (guint64) trio_semaphore_get_value (machine.semaphore));
}

static gboolean
start_grandchild (gpointer data, TrioTaskStatus *status, GError **error)
{
  Runner *self = data;

  if (!trio_checkpoint (error))
    return FALSE;
  trio_task_status_started (status, NULL);
  write_cell (1, 30 + self->nth);
  return trio_checkpoint (error);
}

static gboolean
start (Runner *self, GError **error)
{
  GError *failure = NULL;
  gboolean ok = trio_nursery_start (machine.nursery, start_grandchild, self, NULL, &failure);

  return judge (self, ok, failure, error);
}

static gboolean
do_one (Runner *self, const Instruction *instruction, GError **error)
{
  static const TrioChoicePoint coin = { .label = "coin", .bound = 2 };
  guint which = instruction->which;
  TrioCancelScope *scope;
  gpointer pointer = NULL;
  guint value;

  switch (instruction->operation)
    {
    case STEP_ASIDE:
    case IN_SCOPE:
    case IN_TIME:
    case SHIELDED:
      return trio_checkpoint (error);
    case ACQUIRE:
      return acquire (self, machine.locks[which % 2], error);
    case RELEASE:
      release_held (machine.locks[which % 2]);
      return TRUE;
    case ACQUIRE_SEMAPHORE:
      return trio_semaphore_acquire (machine.semaphore, error);
    case RELEASE_SEMAPHORE:
      trio_semaphore_release (machine.semaphore);
      return TRUE;
    case SET:
      trio_event_set (machine.events[which % 2]);
      return TRUE;
    case WAIT:
      return trio_event_wait (machine.events[which % 2], error);
    case SEND:
    case SEND_NOWAIT:
      return send (self, instruction->operation == SEND, 1 + self->nth * 4 + which % 4, error);
    case RECEIVE:
    case RECEIVE_NOWAIT:
      return receive (self, instruction->operation == RECEIVE, error);
    case CLOSE:
      trio_send_channel_close (machine.send);
      return TRUE;
    case READ_CELL:
      see (self, read_cell (which % N_CELLS));
      return TRUE;
    case WRITE_CELL:
      write_cell (which % N_CELLS, which % 4);
      return TRUE;
    case ADD_CELL:
      value = read_cell (which % N_CELLS);
      if (!trio_checkpoint (error))
        return FALSE;
      write_cell (which % N_CELLS, value + 1);
      return TRUE;
    case CANCEL:
      trio_nursery_cancel (machine.nursery);
      return TRUE;
    case CANCEL_SCOPE:
      trio_note_access (&machine.scopes, TRIO_ACCESS_READ);
      scope = machine.scopes[which % machine.program->n_tasks];
      if (scope != NULL)
        trio_cancel_scope_cancel (scope);
      return TRUE;
    case SPAWN:
      trio_nursery_start_soon (machine.nursery, grandchild, self);
      return TRUE;
    case CHOOSE:
      see (self, trio_choose (&coin));
      return TRUE;
    case FAIL:
      g_set_error (error, TRIO_ERROR, TRIO_ERROR_FAILED, "as it was told");
      return FALSE;
    case CHECK:
      trio_always (read_cell (0) != 3, "cell 0 is not 3");
      return TRUE;
    case SLEEP:
      return trio_sleep (1000 * (1 + which % 2), error);
    case SET_FUTURE:
      if (!trio_future_is_set (machine.future))
        trio_future_set_value (machine.future, GUINT_TO_POINTER (self->nth + 1));
      return TRUE;
    case WAIT_FUTURE:
      if (!trio_future_wait (machine.future, &pointer, error))
        return FALSE;
      see (self, GPOINTER_TO_UINT (pointer));
      return TRUE;
    case READ_LOCKED:
    case WRITE_LOCKED:
      return use_rw_lock (self, instruction->operation == WRITE_LOCKED, which, error);
    case LIMITED:
      return use_limiter (self, error);
    case MEET:
      return meet (self, error);
    case BROADCAST:
      trio_broadcast_send (machine.broadcast, GUINT_TO_POINTER (1 + self->nth));
      return TRUE;
    case HEAR:
      return hear (self, error);
    case NOTIFY:
    case AWAIT:
      return use_condition (self, instruction->operation == AWAIT, error);
    case SELECT:
    case SELECT_NOWAIT:
      return choose_among (self, instruction->operation == SELECT, which, error);
    case GRACEFULLY:
      trio_cancel_scope_cancel_gracefully (trio_nursery_get_cancel_scope (machine.nursery), 1000);
      return TRUE;
    case LOOK_AT_CANCEL:
      see (self, trio_cancel_scope_cancel_called (trio_nursery_get_cancel_scope (machine.nursery))
           + 2 * (guint64) trio_current_soft_cancelled ());
      return TRUE;
    case LOOK_AROUND:
      look_around (self);
      return TRUE;
    case START:
      return start (self, error);
    case N_OPERATIONS:
      break;
    }
  g_assert_not_reached ();
}

static gboolean
do_in_scope (Runner *self, Operation how, const Instruction *instruction, GError **error)
{
  g_autoptr (TrioCancelScope) scope = how == IN_TIME ? trio_move_on_after (1000, error) : trio_cancel_scope_open (error);
  gboolean ok;

  if (how == SHIELDED)
    trio_cancel_scope_set_shield (scope, TRUE);
  trio_note_access (&machine.scopes, TRIO_ACCESS_WRITE);
  machine.scopes[self->nth] = scope;
  ok = do_one (self, instruction, error);
  trio_note_access (&machine.scopes, TRIO_ACCESS_WRITE);
  machine.scopes[self->nth] = NULL;
  return trio_cancel_scope_close (scope, ok);
}

static gboolean
run_code (gpointer data, GError **error)
{
  Runner *self = data;
  const RandomProgram *program = machine.program;
  gboolean ok = TRUE;

  for (guint i = 0; i < program->length[self->nth] && ok; i++)
    {
      const Instruction *instruction = &program->code[self->nth][i];

      if ((instruction->operation == IN_SCOPE || instruction->operation == IN_TIME || instruction->operation == SHIELDED)
          && i + 1 < program->length[self->nth])
        ok = do_in_scope (self, instruction->operation, &program->code[self->nth][++i], error);
      else
        ok = do_one (self, instruction, error);
    }
  release_held (machine.locks[0]);
  release_held (machine.locks[1]);
  return ok;
}

gboolean
random_program_run (gpointer data, GError **error)
{
  Runner runners[TASKS_MAX];
  gboolean ok;

  machine = (Machine) { .program = data };
  machine.locks[0] = trio_lock_new ();
  machine.locks[1] = trio_lock_new ();
  machine.semaphore = trio_semaphore_new (1, -1);
  machine.events[0] = trio_event_new ();
  machine.events[1] = trio_event_new ();
  trio_open_memory_channel (machine.program->buffer, NULL, &machine.send, &machine.receive);
  machine.future = trio_future_new (NULL);
  machine.rw_lock = trio_rw_lock_new ();
  machine.limiter = trio_capacity_limiter_new (1);
  machine.barrier = trio_barrier_new (2);
  machine.broadcast = trio_broadcast_new (1, NULL, NULL);
  for (guint i = 0; i < TASKS_MAX; i++)
    machine.receivers[i] = trio_broadcast_subscribe (machine.broadcast);
  machine.condition = trio_condition_new (NULL);
  {
    g_autoptr (TrioNursery) nursery = trio_nursery_open (error);

    machine.nursery = nursery;
    for (guint i = 0; i < machine.program->n_tasks; i++)
      {
        runners[i] = (Runner) { &machine, i };
        trio_nursery_start_soon (nursery, run_code, &runners[i]);
      }
    ok = trio_nursery_close (nursery, TRUE);
  }
  trio_condition_free (machine.condition);
  for (guint i = 0; i < TASKS_MAX; i++)
    trio_broadcast_receiver_free (machine.receivers[i]);
  trio_broadcast_free (machine.broadcast);
  trio_barrier_free (machine.barrier);
  trio_capacity_limiter_free (machine.limiter);
  trio_rw_lock_free (machine.rw_lock);
  trio_future_unref (machine.future);
  trio_send_channel_free (machine.send);
  trio_receive_channel_free (machine.receive);
  trio_event_free (machine.events[0]);
  trio_event_free (machine.events[1]);
  trio_semaphore_free (machine.semaphore);
  trio_lock_free (machine.locks[0]);
  trio_lock_free (machine.locks[1]);
  return ok;
}

/* --- drawing programs --- */

static guint64 state;

/* splitmix64 */
static guint
draw (guint n)
{
  guint64 z = state += G_GUINT64_CONSTANT (0x9e3779b97f4a7c15);

  z = (z ^ (z >> 30)) * G_GUINT64_CONSTANT (0xbf58476d1ce4e5b9);
  z = (z ^ (z >> 27)) * G_GUINT64_CONSTANT (0x94d049bb133111eb);
  return (guint) ((z ^ (z >> 31)) % n);
}

/* Half of the programs are made of few kinds of instructions, so that these meet. */
void
random_program_draw (RandomProgram *program, guint64 seed)
{
  guint kinds[4];
  gboolean few;

  state = seed;
  few = draw (2) == 0;
  for (guint i = 0; i < G_N_ELEMENTS (kinds); i++)
    kinds[i] = draw (N_OPERATIONS);
  *program = (RandomProgram) { .n_tasks = 2 + draw (TASKS_MAX - 1), .buffer = draw (2) };
  for (guint t = 0; t < program->n_tasks; t++)
    {
      program->length[t] = 1 + draw (program->n_tasks == 2 ? CODE_MAX : program->n_tasks == 3 ? 3 : 2);
      for (guint i = 0; i < program->length[t]; i++)
        program->code[t][i] = (Instruction) { few ? kinds[draw (G_N_ELEMENTS (kinds))] : draw (N_OPERATIONS), draw (8) };
    }
}

void
random_program_append (const RandomProgram *program, GString *out)
{
  static const char *const names[] = { "aside", "acquire", "release", "set", "wait", "send", "send_nowait", "receive", "receive_nowait",
                                       "close", "read", "write", "add", "cancel", "cancel_scope", "in_scope", "spawn", "choose", "fail",
                                       "check", "sleep", "down", "up", "set_future", "wait_future", "read_locked", "write_locked",
                                       "limited", "meet", "broadcast", "hear", "notify", "await", "select", "select_nowait", "in_time",
                                       "shielded", "gracefully", "look_at_cancel", "look_around", "start" };

  G_STATIC_ASSERT (G_N_ELEMENTS (names) == N_OPERATIONS);
  g_string_append_printf (out, "buffer %" G_GSIZE_FORMAT, program->buffer);
  for (guint t = 0; t < program->n_tasks; t++)
    {
      g_string_append_printf (out, "\n  task %u:", t);
      for (guint i = 0; i < program->length[t]; i++)
        g_string_append_printf (out, " %s(%u)", names[program->code[t][i].operation], program->code[t][i].which);
    }
}

void
random_program_append_end (GString *out)
{
  guint64 hash = 0;

  for (guint i = 0; i < TASKS_MAX; i++)
    hash = trio_sim_mix (hash, machine.seen[i]);
  g_string_append_printf (out, "cells %u %u; seen %016" G_GINT64_MODIFIER "x", machine.cells[0], machine.cells[1], hash);
}
