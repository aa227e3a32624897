/* SPDX-License-Identifier: MIT OR Apache-2.0 */

/* Each call that is controlled in a simulated run, as a program would make it: for test-escape.c. */

#pragma once

#include <glib.h>

typedef struct
{
  const char *name;
  void      (*call) (void);
} EscapeCall;

/* In the order of controlled.def, as many as it has. Names in parentheses are calls that the simulator answers: no test naps. */
extern const EscapeCall escape_calls[];
extern const guint      n_escape_calls;

/* What the last call gave: a time in microseconds, or what random bytes it got. */
extern guint64          escape_seen;

const EscapeCall *escape_call_find (const char *name);
