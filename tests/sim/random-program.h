/* SPDX-License-Identifier: MIT OR Apache-2.0 */

/* Small programs drawn by chance: a few tasks, each with a few instructions, over one of each primitive of the runtime, two cells of
 * memory, cancellation and time. What a program comes to is a line of text. */

#pragma once

#include <trio/trio.h>

enum
{
  TASKS_MAX = 4,
  CODE_MAX = 4,
  N_CELLS = 2,
};

typedef enum
{
  STEP_ASIDE,          /* a checkpoint */
  ACQUIRE,
  RELEASE,             /* if it is held */
  SET,
  WAIT,
  SEND,
  SEND_NOWAIT,
  RECEIVE,
  RECEIVE_NOWAIT,
  CLOSE,               /* the sending end */
  READ_CELL,
  WRITE_CELL,
  ADD_CELL,            /* read, step aside, write */
  CANCEL,              /* the nursery */
  CANCEL_SCOPE,        /* another task's scope */
  IN_SCOPE,            /* the next instruction is in a scope of its own, which others can cancel */
  SPAWN,               /* a grandchild that writes a cell */
  CHOOSE,
  FAIL,                /* with an error */
  CHECK,               /* cell 0 is not 3: trio_always */
  SLEEP,
  ACQUIRE_SEMAPHORE,
  RELEASE_SEMAPHORE,
  SET_FUTURE,
  WAIT_FUTURE,
  READ_LOCKED,         /* a cell, under the read-write lock */
  WRITE_LOCKED,
  LIMITED,             /* a step aside with a token of the limiter */
  MEET,                /* at a barrier of two */
  BROADCAST,
  HEAR,
  NOTIFY,
  AWAIT,               /* a notification */
  SELECT,              /* of an event, a value, a time */
  SELECT_NOWAIT,
  IN_TIME,             /* the next instruction, within a time */
  SHIELDED,            /* the next instruction, whatever is cancelled */
  GRACEFULLY,          /* the nursery is asked to end */
  LOOK_AT_CANCEL,
  LOOK_AROUND,         /* at all statistics */
  START,               /* a grandchild that says when it has started */
  N_OPERATIONS,
} Operation;

typedef struct
{
  Operation operation;
  guint     which;
} Instruction;

typedef struct
{
  guint       n_tasks;
  guint       length[TASKS_MAX];
  Instruction code[TASKS_MAX][CODE_MAX];
  gsize       buffer;
} RandomProgram;

/* The same seed, the same program. */
void     random_program_draw       (RandomProgram *program, guint64 seed);
void     random_program_append     (const RandomProgram *program, GString *out);
/* A TrioFunc; data is the program. */
gboolean random_program_run        (gpointer data, GError **error);
/* After a run: what was in the cells, and a hash of all that the tasks saw. */
void     random_program_append_end (GString *out);
