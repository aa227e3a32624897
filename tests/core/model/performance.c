/* SPDX-License-Identifier: MIT OR Apache-2.0 */

/* A program performed by real tasks in the mock world. It finds out for itself only what a program could: which scopes are open
 * it knows from having opened them, everything else it asks the runtime. */

#include <string.h>

#include "tests/core/mock-world.h"
#include "tests/core/model/program.h"

typedef struct
{
  const Program       *program;
  GString             *log;
  guint                n_refused;
  TrioCancelScope     *scopes[OPS_MAX];       /* that are open, those of nurseries included */
  TrioNursery         *nurseries[OPS_MAX];
  TrioLock            *locks[N_LOCKS];
  TrioEvent           *events[N_EVENTS];
  TrioSendChannel     *senders[N_CHANNELS][N_ENDS];
  TrioReceiveChannel  *receivers[N_CHANNELS][N_ENDS];
} Stage;

/* A task of the program. */
typedef struct
{
  Stage          *stage;
  int             number;
  TrioTaskStatus *status;                     /* until it says that it has started */
} Actor;

static Stage *stage_of_log;                   /* for the log handler, which may be told of nothing */

static gboolean perform_body (Actor *actor, int op, GError **error) TRIO_CHECKPOINT;

static void
append_error (const GError *error, GString *out)
{
  static const char letters[] = {
    [TRIO_ERROR_CANCELLED] = 'C', [TRIO_ERROR_KEYBOARD_INTERRUPT] = 'K', [TRIO_ERROR_TOO_SLOW] = 'T', [TRIO_ERROR_MISUSE] = 'M',
    [TRIO_ERROR_WOULD_BLOCK] = 'W', [TRIO_ERROR_BROKEN_RESOURCE] = 'B', [TRIO_ERROR_CLOSED_RESOURCE] = 'L',
    [TRIO_ERROR_END_OF_CHANNEL] = 'E',
  };
  const GError *const *members;
  gsize n;

  if (error == NULL)
    g_string_append (out, "ok");
  else if (error->domain != TRIO_ERROR)
    g_string_append (out, error->message);
  else if (error->code == TRIO_ERROR_GROUP)
    {
      members = trio_error_group_get_errors (error, &n);
      for (gsize i = 0; i < n; i++)
        {
          g_string_append_c (out, i == 0 ? '[' : ' ');
          append_error (members[i], out);
        }
      g_string_append_c (out, ']');
    }
  else if (error->code == TRIO_ERROR_FAILED && g_str_has_prefix (error->message, "F"))
    g_string_append (out, error->message);
  else if (error->code == TRIO_ERROR_FAILED && g_str_has_suffix (error->message, "left without close"))
    g_string_append_c (out, 'X');
  else if (error->code == TRIO_ERROR_FAILED && g_str_has_suffix (error->message, "without saying that it had started"))
    g_string_append_c (out, 'Y');
  else if (error->code == TRIO_ERROR_FAILED || (gsize) error->code >= sizeof letters || letters[error->code] == '\0')
    g_string_append (out, error->message);
  else
    g_string_append_c (out, letters[error->code]);
}

static void
note (Actor *actor, int op, gboolean ok, const GError *error, const char *detail)
{
  g_autoptr (GString) text = g_string_new (ok == (error == NULL) ? "" : "the answer and the error disagree: ");

  append_error (error, text);
  log_outcome (actor->stage->log, trio_current_time (), actor->number, op, text->str, detail);
}

static char *
describe_end (TrioCancelScope *scope)
{
  return g_strdup_printf ("called %d caught %d", trio_cancel_scope_cancel_called (scope),
                          trio_cancel_scope_cancelled_caught (scope));
}

TRIO_CHECKPOINT static gboolean
perform_scope (Actor *actor, int number, char **detail, GError **error)
{
  Stage *stage = actor->stage;
  const Op *op = &stage->program->ops[number];
  g_autoptr (TrioCancelScope) scope = NULL;
  gboolean ok;

  if (op->kind == KIND_MOVE_ON)
    scope = op->absolute ? trio_move_on_at (trio_current_time () + op->span, error) : trio_move_on_after (op->span, error);
  else if (op->kind == KIND_FAIL)
    scope = op->absolute ? trio_fail_at (trio_current_time () + op->span, error) : trio_fail_after (op->span, error);
  else
    scope = trio_cancel_scope_open (error);
  trio_cancel_scope_set_shield (scope, op->shielded);
  stage->scopes[number] = scope;

  ok = perform_body (actor, program_enter (stage->program, number), error);
  stage->scopes[number] = NULL;
  if (!ok && op->early)
    return FALSE;
  ok = trio_cancel_scope_close (scope, ok);
  *detail = describe_end (scope);
  return ok;
}

TRIO_CHECKPOINT static gboolean
perform_nursery (Actor *actor, int number, char **detail, GError **error)
{
  Stage *stage = actor->stage;
  const Op *op = &stage->program->ops[number];
  TrioNursery *nursery = trio_nursery_open (error);
  gboolean ok;

  stage->nurseries[number] = nursery;
  stage->scopes[number] = trio_nursery_get_cancel_scope (nursery);
  trio_cancel_scope_set_shield (stage->scopes[number], op->shielded);

  ok = perform_body (actor, program_enter (stage->program, number), error);
  /* It is open, for others too, until its children are gone. */
  if (ok || !op->early)
    {
      ok = trio_nursery_close (nursery, ok);
      *detail = describe_end (stage->scopes[number]);
    }
  trio_nursery_free (nursery);
  stage->nurseries[number] = NULL;
  stage->scopes[number] = NULL;
  return ok;
}

TRIO_CHECKPOINT static gboolean
act (gpointer data, GError **error)
{
  Actor *actor = data;

  return perform_body (actor, program_enter (actor->stage->program, actor->number), error);
}

TRIO_CHECKPOINT static gboolean
act_when_started (gpointer data, TrioTaskStatus *status, GError **error)
{
  Actor *actor = data;

  actor->status = status;
  return act (actor, error);
}

TRIO_CHECKPOINT static gboolean
perform_spawn (Actor *actor, int number, char **detail, GError **error)
{
  Stage *stage = actor->stage;
  const Op *op = &stage->program->ops[number];
  TrioNursery *target = stage->nurseries[op->target];
  Actor *child;
  char name[16];
  guint n_refused = stage->n_refused;

  if (target == NULL)
    {
      *detail = g_strdup ("it is not open");
      return TRUE;
    }
  child = g_new (Actor, 1);
  *child = (Actor) { .stage = stage, .number = number };
  g_snprintf (name, sizeof name, "%d", number);
  if (op->type == OP_START)
    return trio_nursery_start_full (target, act_when_started, child, g_free, name, NULL, error);
  trio_nursery_start_soon_full (target, act, child, g_free, name);
  if (stage->n_refused != n_refused)
    *detail = g_strdup ("refused");
  return TRUE;
}

static void
perform_on_scope (Actor *actor, const Op *op, char **detail)
{
  TrioCancelScope *scope = actor->stage->scopes[op->target];

  if (scope == NULL)
    {
      *detail = g_strdup ("it is not open");
      return;
    }
  switch (op->type)
    {
    case OP_CANCEL:
      trio_cancel_scope_cancel (scope);
      break;

    case OP_SHIELD:
    case OP_UNSHIELD:
      trio_cancel_scope_set_shield (scope, op->type == OP_SHIELD);
      break;

    case OP_SET_DEADLINE:
      trio_cancel_scope_set_deadline (scope, op->span < 0 ? G_MAXINT64 : trio_current_time () + op->span);
      break;

    default:
      *detail = g_strdup (trio_cancel_scope_cancel_called (scope) ? "yes" : "no");
    }
}

static void
look (char **detail)
{
  gint64 due = trio_current_effective_deadline ();

  if (due == G_MININT64)
    *detail = g_strdup ("now");
  else if (due == G_MAXINT64)
    *detail = g_strdup ("never");
  else
    *detail = g_strdup_printf ("at %d", (int) (due - EPOCH));
}

static void
release (TrioLock *lock, char **detail)
{
  TrioLockStatistics statistics;

  trio_lock_get_statistics (lock, &statistics);
  if (statistics.owner == trio_current_task ())
    trio_lock_release (lock);
  else
    *detail = g_strdup ("not held");
}

TRIO_CHECKPOINT static gboolean
receive (TrioReceiveChannel *receiver, gboolean wait, char **detail, GError **error)
{
  gpointer value = NULL;
  gboolean ok = wait ? trio_receive_channel_receive (receiver, &value, error)
                     : trio_receive_channel_receive_nowait (receiver, &value, error);

  if (ok)
    *detail = g_strdup_printf ("from %d", GPOINTER_TO_INT (value));
  return ok;
}

/* Those that use something that tasks share. */
TRIO_CHECKPOINT static gboolean
perform_shared (Actor *actor, int number, char **detail, GError **error)
{
  Stage *stage = actor->stage;
  const Op *op = &stage->program->ops[number];
  TrioSendChannel *sender = stage->senders[op->target % N_CHANNELS][op->end];
  TrioReceiveChannel *receiver = stage->receivers[op->target % N_CHANNELS][op->end];

  switch (op->type)
    {
    case OP_ACQUIRE:
      return trio_lock_acquire (stage->locks[op->target], error);
    case OP_TRY_ACQUIRE:
      return trio_lock_acquire_nowait (stage->locks[op->target], error);
    case OP_RELEASE:
      release (stage->locks[op->target], detail);
      return TRUE;
    case OP_WAIT:
      return trio_event_wait (stage->events[op->target], error);
    case OP_SET:
      trio_event_set (stage->events[op->target]);
      return TRUE;
    case OP_SEND:
      return trio_send_channel_send (sender, GINT_TO_POINTER (number), error);
    case OP_TRY_SEND:
      return trio_send_channel_send_nowait (sender, GINT_TO_POINTER (number), error);
    case OP_RECEIVE:
    case OP_TRY_RECEIVE:
      return receive (receiver, op->type == OP_RECEIVE, detail, error);
    case OP_CLOSE_SEND:
      trio_send_channel_close (sender);
      return TRUE;
    case OP_CLOSE_RECEIVE:
      trio_receive_channel_close (receiver);
      return TRUE;
    default:
      perform_on_scope (actor, op, detail);
      return TRUE;
    }
}

static void
say_started (Actor *actor, char **detail)
{
  TrioTaskStatus *status = g_steal_pointer (&actor->status);

  if (status != NULL)
    trio_task_status_started (status, NULL);
  else
    *detail = g_strdup ("nobody asked");
}

TRIO_CHECKPOINT static gboolean
perform (Actor *actor, int number, char **detail, GError **error)
{
  const Op *op = &actor->stage->program->ops[number];

  switch (op->type)
    {
    case OP_SCOPE:
      return perform_scope (actor, number, detail, error);
    case OP_NURSERY:
      return perform_nursery (actor, number, detail, error);
    case OP_SPAWN:
    case OP_START:
      return perform_spawn (actor, number, detail, error);
    case OP_STARTED:
      say_started (actor, detail);
      return TRUE;
    case OP_FAIL:
      g_set_error (error, TRIO_ERROR, TRIO_ERROR_FAILED, "F%d", number);
      return FALSE;
    case OP_CHECKPOINT:
      return trio_checkpoint (error);
    case OP_IF_CANCELLED:
      return trio_checkpoint_if_cancelled (error);
    case OP_SHIELDED:
      trio_cancel_shielded_checkpoint ();
      return TRUE;
    case OP_SLEEP:
      return op->absolute ? trio_sleep_until (trio_current_time () + op->span, error) : trio_sleep (op->span, error);
    case OP_SLEEP_FOREVER:
      return trio_sleep_forever (error);
    case OP_COMPUTE:
      mock_advance (op->span);
      return TRUE;
    case OP_LOOK:
      look (detail);
      return TRUE;
    default:
      return perform_shared (actor, number, detail, error);
    }
}

static gboolean
perform_body (Actor *actor, int op, GError **error)
{
  for (; op >= 0; op = program_next (actor->stage->program, op))
    {
      char *detail = NULL;
      gboolean ok = perform (actor, op, &detail, error);

      note (actor, op, ok, *error, detail != NULL ? detail : "");
      g_free (detail);
      if (!ok && !actor->stage->program->ops[op].swallow)
        return FALSE;
      g_clear_error (error);
    }
  return TRUE;
}

TRIO_CHECKPOINT static gboolean
perform_main (gpointer stage, GError **error)
{
  Actor actor = { .stage = stage };

  return perform_body (&actor, 0, error);
}

/* When nothing can wake a task any more. */
static gboolean
rescue (MockWorld *world, TrioLoop *loop)
{
  Stage *stage = world->data;
  TrioLoopStatistics statistics;

  trio_loop_get_statistics (loop, &statistics);
  if (statistics.next_deadline != G_MAXINT64)
    return FALSE;
  g_string_append (stage->log, "rescue\n");
  for (int i = 0; i < OPS_MAX; i++)
    if (stage->scopes[i] != NULL)
      {
        trio_cancel_scope_set_shield (stage->scopes[i], FALSE);
        trio_cancel_scope_cancel (stage->scopes[i]);
      }
  return TRUE;
}

static void
hear_critical (const char *domain G_GNUC_UNUSED, GLogLevelFlags level G_GNUC_UNUSED, const char *message,
               gpointer unused G_GNUC_UNUSED)
{
  if (strstr (message, "was not started") != NULL)
    stage_of_log->n_refused++;
  else
    g_string_append_printf (stage_of_log->log, "critical: %s\n", message);
}

static void
set_up (Stage *stage)
{
  for (int i = 0; i < N_LOCKS; i++)
    stage->locks[i] = trio_lock_new ();
  for (int i = 0; i < N_EVENTS; i++)
    stage->events[i] = trio_event_new ();
  for (int i = 0; i < N_CHANNELS; i++)
    {
      trio_open_memory_channel ((gsize) stage->program->capacity[i], NULL, &stage->senders[i][0], &stage->receivers[i][0]);
      for (int end = 1; end < N_ENDS; end++)
        {
          stage->senders[i][end] = trio_send_channel_clone (stage->senders[i][0]);
          stage->receivers[i][end] = trio_receive_channel_clone (stage->receivers[i][0]);
        }
    }
}

static void
tear_down (Stage *stage)
{
  for (int i = 0; i < N_LOCKS; i++)
    trio_lock_free (stage->locks[i]);
  for (int i = 0; i < N_EVENTS; i++)
    trio_event_free (stage->events[i]);
  for (int i = 0; i < N_CHANNELS; i++)
    for (int end = 0; end < N_ENDS; end++)
      {
        trio_send_channel_free (stage->senders[i][end]);
        trio_receive_channel_free (stage->receivers[i][end]);
      }
}

static char *
perform_in (MockWorld *world, const Program *program)
{
  Stage stage = { .program = program, .log = g_string_new (NULL) };
  g_autoptr (GError) error = NULL;
  g_autoptr (GString) result = g_string_new (NULL);
  guint handler;

  world->now = EPOCH;
  world->on_idle = rescue;
  world->data = &stage;
  stage_of_log = &stage;
  handler = g_log_set_handler ("Trio", G_LOG_LEVEL_CRITICAL, hear_critical, NULL);
  set_up (&stage);
  if (!mock_run_in (world, perform_main, &stage, NULL, &error))
    g_assert_nonnull (error);
  tear_down (&stage);
  g_log_remove_handler ("Trio", handler);
  stage_of_log = NULL;

  append_error (error, result);
  g_string_append_printf (stage.log, "result: %s, %u refused\n", result->str, stage.n_refused);
  return g_string_free (stage.log, FALSE);
}

char *
perform_for_real (const Program *program)
{
  g_autoptr (MockWorld) world = mock_world_new ();

  return perform_in (world, program);
}

typedef struct
{
  TrioChoice choice;
  guint64    state;
} Dice;

static guint32
throw_dice (TrioChoice *choice, const TrioChoicePoint *point)
{
  Dice *self = (Dice *) choice;
  guint32 thrown;

  /* Knuth's numbers for 64 bits; the high half is the better one. */
  self->state = self->state * G_GUINT64_CONSTANT (6364136223846793005) + G_GUINT64_CONSTANT (1442695040888963407);
  thrown = (guint32) (self->state >> 33);
  if (g_str_equal (point->label, TRIO_CHOICE_CANCEL) && thrown % 8 != 0)
    return 0;
  if (g_str_equal (point->label, TRIO_CHOICE_INTERRUPT) && thrown % 16 != 0)
    return 0;
  return thrown / 16 % point->bound;
}

char *
perform_under_chance (const Program *program, guint64 seed)
{
  g_autoptr (MockWorld) world = mock_world_new ();
  Dice dice = { .choice = { .choose = throw_dice, .asks_cancel = TRUE, .asks_interrupt = TRUE }, .state = seed };

  world->world.choice = &dice.choice;
  return perform_in (world, program);
}
