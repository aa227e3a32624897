/* SPDX-License-Identifier: MIT OR Apache-2.0 */

/* Small random programs, as data: a tree of operations that is performed twice, by real tasks (performance.c) and by a model
 * that knows only the rules (reference.c). Both write what can be observed into a log of one form; the logs must be the same.
 *
 * Always true:
 *  1. A program is a function of its seed.
 *  2. No operation is performed twice, since there are no loops: an operation's number is also the name of the scope, nursery or
 *     task that it makes. Task 0 is main, and its body is operation 0, a nursery.
 *  3. Nothing a program does is a mistake that the runtime may answer with a critical, but for spawning into a closed nursery:
 *     an operation on a scope that is not open, or on a lock that the task does not hold, does nothing.
 *  4. Every program ends: when nobody can be woken any more, all open scopes lose their shields and are cancelled ("rescue"). */

#pragma once

#include <glib.h>

enum { OPS_MAX = 64, N_LOCKS = 2, N_EVENTS = 2, N_CHANNELS = 2, N_ENDS = 2 };

/* The world's time when a run begins. */
enum { EPOCH = 1000 };

#define OP_TYPES(X) \
  X (OP_SCOPE, "scope") \
  X (OP_NURSERY, "nursery") \
  X (OP_SPAWN, "spawn into") \
  X (OP_START, "start into") \
  X (OP_STARTED, "started") \
  X (OP_FAIL, "fail") \
  X (OP_CHECKPOINT, "checkpoint") \
  X (OP_IF_CANCELLED, "checkpoint if cancelled") \
  X (OP_SHIELDED, "shielded checkpoint") \
  X (OP_SLEEP, "sleep") \
  X (OP_SLEEP_FOREVER, "sleep forever") \
  X (OP_COMPUTE, "compute") \
  X (OP_CANCEL, "cancel") \
  X (OP_SHIELD, "shield") \
  X (OP_UNSHIELD, "unshield") \
  X (OP_SET_DEADLINE, "set deadline of") \
  X (OP_CANCEL_CALLED, "cancel called of") \
  X (OP_LOOK, "effective deadline") \
  X (OP_ACQUIRE, "acquire lock") \
  X (OP_TRY_ACQUIRE, "try to acquire lock") \
  X (OP_RELEASE, "release lock") \
  X (OP_WAIT, "wait for event") \
  X (OP_SET, "set event") \
  X (OP_SEND, "send to channel") \
  X (OP_TRY_SEND, "try to send to channel") \
  X (OP_RECEIVE, "receive from channel") \
  X (OP_TRY_RECEIVE, "try to receive from channel") \
  X (OP_CLOSE_SEND, "close sender of channel") \
  X (OP_CLOSE_RECEIVE, "close receiver of channel")

#define AS_ENUM(name, text) name,
typedef enum { OP_TYPES (AS_ENUM) N_OP_TYPES } OpType;
#undef AS_ENUM

typedef enum { KIND_PLAIN, KIND_MOVE_ON, KIND_FAIL } ScopeKind;

typedef struct
{
  OpType    type;
  int       body;         /* the first operation inside; -1: none */
  int       next;         /* in the same body; -1: it is the last */
  int       target;       /* a scope, a nursery, a lock, an event, a channel */
  int       end;          /* which clone of the channel's sender or receiver */
  int       span;         /* microseconds; of OP_SET_DEADLINE -1: no deadline */
  ScopeKind kind;
  gboolean  absolute;     /* its time is given as a time of the clock */
  gboolean  shielded;     /* the scope is, from its opening on */
  gboolean  swallow;      /* its failure is forgotten and the body goes on */
  gboolean  early;        /* its body's failure leaves it without close */
  gboolean  removed;      /* by shrinking; with all that is inside */
} Op;

typedef struct
{
  guint64 seed;
  int     n_ops;
  int     capacity[N_CHANNELS];
  Op      ops[OPS_MAX];
} Program;

void     program_generate (Program *program, guint64 seed);
void     program_append   (const Program *program, GString *out);
/* The next operation in the same body, or the first inside, that was not removed; -1: there is none. */
int      program_next     (const Program *program, int op);
int      program_enter    (const Program *program, int op);
gboolean op_makes_scope   (const Op *op);

/* One line: the operation ended so. */
void     log_outcome      (GString *log, gint64 now, int task, int op, const char *error, const char *detail);

/* What can be observed of a run. To be freed. */
char    *perform_for_real     (const Program *program);
char    *perform_by_rules     (const Program *program);
/* By real tasks, in an order and with cancellations and interrupts that chance decides: a function of the program and seed. */
char    *perform_under_chance (const Program *program, guint64 seed);
