/* SPDX-License-Identifier: MIT OR Apache-2.0 */

/* Tests of what tasks wait for each other with: one body, run once in the mock world (first in, first out, as in production) and
 * in the simulator with a thousand random schedules. A body asserts what holds in every order; what holds in production's order
 * alone is a test for the mock world. */

#pragma once

#include "tests/core/mock-world.h"

/* Adds /mock/PATH and /sim/PATH. */
void sync_test_add (const char *path, TrioFunc body);

#define SYNC_TEST(path, body) (sync_test_add ((path), (body)))

/* Whether the body runs in a simulated world, where other orders are tried. */
gboolean sync_test_is_simulated (void);

/* The other tasks run until each waits for something. */
void     sync_test_settle       (void) TRIO_CHECKPOINT;

/* A task in a scope of its own, so that a test can cancel it and go on. */
typedef struct
{
  TrioFunc         func;
  gpointer         data;
  TrioCancelScope *scope;       /* NULL before it runs and after its end */
  gboolean         ended;
  gboolean         ok;          /* func succeeded */
  gboolean         cancelled;   /* …or was cancelled */
} SyncTask;

/* Starts func as a child; self must live until the nursery closes. */
void     sync_task_start  (SyncTask *self, TrioNursery *nursery, TrioFunc func, gpointer data, const char *name);
/* It must be running. */
void     sync_task_cancel (SyncTask *self);
