/* SPDX-License-Identifier: MIT OR Apache-2.0 */

/* Making programs, and showing them. First the tree grows, then operations get their targets, which may be anywhere in it. */

#include "tests/core/model/program.h"

enum { DEPTH_MAX = 6 };

#define AS_TEXT(name, text) text,
static const char *const op_texts[] = { OP_TYPES (AS_TEXT) };
#undef AS_TEXT

/* How often, among all. */
static const guint8 weights[N_OP_TYPES] = {
  [OP_SCOPE] = 16, [OP_NURSERY] = 9, [OP_SPAWN] = 24, [OP_START] = 5, [OP_STARTED] = 3, [OP_FAIL] = 3, [OP_CHECKPOINT] = 6,
  [OP_IF_CANCELLED] = 3, [OP_SHIELDED] = 3, [OP_SLEEP] = 14, [OP_SLEEP_FOREVER] = 3, [OP_COMPUTE] = 3, [OP_CANCEL] = 8,
  [OP_SHIELD] = 4, [OP_UNSHIELD] = 4, [OP_SET_DEADLINE] = 5, [OP_CANCEL_CALLED] = 2, [OP_LOOK] = 2, [OP_ACQUIRE] = 5,
  [OP_TRY_ACQUIRE] = 2, [OP_RELEASE] = 5, [OP_WAIT] = 4, [OP_SET] = 3, [OP_SEND] = 5, [OP_TRY_SEND] = 1, [OP_RECEIVE] = 5,
  [OP_TRY_RECEIVE] = 1, [OP_CLOSE_SEND] = 4, [OP_CLOSE_RECEIVE] = 3,
};

typedef struct
{
  Program *program;
  guint64  state;
  int      budget;
  guint8   weights[N_OP_TYPES];
  int      parents[OPS_MAX];
} Gardener;

/* A counter in steps of an odd constant, stirred (Steele, Lea, Flood: SplitMix). */
static guint64
draw (Gardener *self)
{
  guint64 z = self->state += G_GUINT64_CONSTANT (0x9e3779b97f4a7c15);

  z = (z ^ (z >> 30)) * G_GUINT64_CONSTANT (0xbf58476d1ce4e5b9);
  z = (z ^ (z >> 27)) * G_GUINT64_CONSTANT (0x94d049bb133111eb);
  return z ^ (z >> 31);
}

static int
below (Gardener *self, int bound)
{
  return (int) (draw (self) % (guint64) bound);
}

static gboolean
percent (Gardener *self, int chance)
{
  return below (self, 100) < chance;
}

static gboolean
has_body (OpType type)
{
  return type == OP_SCOPE || type == OP_NURSERY || type == OP_SPAWN || type == OP_START;
}

gboolean
op_makes_scope (const Op *op)
{
  return op->type == OP_SCOPE || op->type == OP_NURSERY;
}

/* What runs in a task that somebody waits for says now and then that it has started. */
static gboolean
may_say_started (Gardener *self, int parent)
{
  for (; parent >= 0; parent = self->parents[parent])
    if (self->program->ops[parent].type == OP_SPAWN || self->program->ops[parent].type == OP_START)
      return self->program->ops[parent].type == OP_START;
  return FALSE;
}

static OpType
choose_type (Gardener *self, int parent, int depth)
{
  int total = 0, pick;

  if (may_say_started (self, parent) && percent (self, 20))
    return OP_STARTED;
  for (int type = 0; type < N_OP_TYPES; type++)
    total += self->weights[type];
  for (;;)
    {
      int type = 0;

      for (pick = below (self, total); pick >= self->weights[type]; type++)
        pick -= self->weights[type];
      if (!has_body ((OpType) type) || depth < DEPTH_MAX)
        return (OpType) type;
    }
}

static int grow_body (Gardener *self, int parent, int depth, int n);

static int
grow (Gardener *self, OpType type, int parent, int depth)
{
  int number = self->program->n_ops++;
  Op *op = &self->program->ops[number];

  self->parents[number] = parent;
  *op = (Op) { .type = type, .body = -1, .next = -1 };
  op->kind = (ScopeKind) below (self, 3);
  op->span = below (self, 5);
  op->end = below (self, N_ENDS);
  op->absolute = percent (self, 30);
  op->shielded = percent (self, 20);
  op->swallow = number > 0 && percent (self, parent == 0 ? 70 : 35);
  op->early = percent (self, 35);
  if (has_body (type))
    op->body = grow_body (self, number, depth + 1, number == 0 ? 4 + below (self, 8) : 2 + below (self, 4));
  return number;
}

static int
grow_body (Gardener *self, int parent, int depth, int n)
{
  int first = -1, last = -1;

  for (int i = 0; i < n && self->program->n_ops < self->budget; i++)
    {
      int number = grow (self, choose_type (self, parent, depth), parent, depth);

      if (first < 0)
        first = number;
      else
        self->program->ops[last].next = number;
      last = number;
    }
  return first;
}

static gboolean
suits (const Op *op, gboolean only_nurseries)
{
  return op->type == OP_NURSERY || (op->type == OP_SCOPE && !only_nurseries);
}

/* Mostly one around the operation, sometimes one of somebody else; for a start that is more often the point. */
static int
choose_scope (Gardener *self, int number, gboolean only_nurseries)
{
  const Op *ops = self->program->ops;

  if (percent (self, ops[number].type == OP_START ? 40 : 75))
    {
      int found = 0;

      for (int op = self->parents[number]; op >= 0; op = self->parents[op])
        if (suits (&ops[op], only_nurseries))
          {
            found = op;
            if (percent (self, 50))
              break;
          }
      return found;
    }
  for (;;)
    {
      int op = below (self, self->program->n_ops);

      if (suits (&ops[op], only_nurseries))
        return op;
    }
}

static void
aim (Gardener *self, int number)
{
  Op *op = &self->program->ops[number];

  switch (op->type)
    {
    case OP_SPAWN:
    case OP_START:
      op->target = choose_scope (self, number, TRUE);
      break;

    case OP_SET_DEADLINE:
      op->span = below (self, 6) - 1;
      op->target = choose_scope (self, number, FALSE);
      break;

    case OP_CANCEL:
    case OP_SHIELD:
    case OP_UNSHIELD:
    case OP_CANCEL_CALLED:
      op->target = choose_scope (self, number, FALSE);
      break;

    case OP_ACQUIRE:
    case OP_TRY_ACQUIRE:
    case OP_RELEASE:
      op->target = below (self, N_LOCKS);
      break;

    case OP_WAIT:
    case OP_SET:
      op->target = below (self, N_EVENTS);
      break;

    default:
      op->target = below (self, N_CHANNELS);
    }
}

/* Most programs are of one theme, so that those who use one thing meet. */
static void
choose_weights (Gardener *self)
{
  static const OpType themes[][2] = {
    { OP_ACQUIRE, OP_RELEASE }, { OP_SEND, OP_CLOSE_RECEIVE }, { OP_START, OP_STARTED },
    { OP_CANCEL, OP_LOOK }, { OP_SLEEP, OP_COMPUTE },
  };
  int theme = below (self, (int) G_N_ELEMENTS (themes) + 2);

  for (int type = 0; type < N_OP_TYPES; type++)
    {
      gboolean emphasized = theme < (int) G_N_ELEMENTS (themes) && type >= (int) themes[theme][0] && type <= (int) themes[theme][1];

      self->weights[type] = emphasized ? (guint8) (4 * weights[type]) : weights[type];
    }
}

void
program_generate (Program *program, guint64 seed)
{
  Gardener self = { .program = program, .state = seed };

  program->seed = seed;
  program->n_ops = 0;
  self.budget = 8 + below (&self, OPS_MAX - 8);
  for (int i = 0; i < N_CHANNELS; i++)
    program->capacity[i] = below (&self, 3);
  choose_weights (&self);
  grow (&self, OP_NURSERY, -1, 0);
  for (int number = 0; number < program->n_ops; number++)
    aim (&self, number);
}

static int
skip_removed (const Program *program, int op)
{
  while (op >= 0 && program->ops[op].removed)
    op = program->ops[op].next;
  return op;
}

int
program_next (const Program *program, int op)
{
  return skip_removed (program, program->ops[op].next);
}

int
program_enter (const Program *program, int op)
{
  return skip_removed (program, program->ops[op].body);
}

static void
append_details (const Op *op, GString *out)
{
  static const char *const kinds[] = { "plain", "move on after", "fail after" };

  switch (op->type)
    {
    case OP_SCOPE:
      g_string_append_printf (out, ", %s", kinds[op->kind]);
      if (op->kind != KIND_PLAIN)
        g_string_append_printf (out, " %d", op->span);
      break;

    case OP_SLEEP:
    case OP_COMPUTE:
      g_string_append_printf (out, " %d", op->span);
      break;

    case OP_SET_DEADLINE:
      g_string_append_printf (out, op->span < 0 ? " %d to none" : " %d to now + %d", op->target, op->span);
      break;

    case OP_SEND:
    case OP_TRY_SEND:
    case OP_RECEIVE:
    case OP_TRY_RECEIVE:
    case OP_CLOSE_SEND:
    case OP_CLOSE_RECEIVE:
      g_string_append_printf (out, " %d, clone %d", op->target, op->end);
      break;

    case OP_NURSERY:
    case OP_STARTED:
    case OP_FAIL:
    case OP_CHECKPOINT:
    case OP_IF_CANCELLED:
    case OP_SHIELDED:
    case OP_SLEEP_FOREVER:
    case OP_LOOK:
      break;

    default:
      g_string_append_printf (out, " %d", op->target);
    }
  if (op_makes_scope (op))
    g_string_append_printf (out, "%s%s", op->shielded ? ", shielded" : "", op->early ? ", left early" : "");
  if (op->swallow)
    g_string_append (out, " (or go on)");
}

static void
append_body (const Program *program, int op, int depth, GString *out)
{
  for (; op >= 0; op = program_next (program, op))
    {
      g_string_append_printf (out, "# %3d %*s%s", op, depth * 2, "", op_texts[program->ops[op].type]);
      append_details (&program->ops[op], out);
      g_string_append_c (out, '\n');
      append_body (program, program_enter (program, op), depth + 1, out);
    }
}

void
program_append (const Program *program, GString *out)
{
  for (int i = 0; i < N_CHANNELS; i++)
    g_string_append_printf (out, "# channel %d has room for %d\n", i, program->capacity[i]);
  append_body (program, 0, 0, out);
}

void
log_outcome (GString *log, gint64 now, int task, int op, const char *error, const char *detail)
{
  g_string_append_printf (log, "%" G_GINT64_FORMAT " task %d, %d: %s%s%s\n", now - EPOCH, task, op, error,
                          detail[0] != '\0' ? ", " : "", detail);
}
