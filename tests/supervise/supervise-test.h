/* SPDX-License-Identifier: MIT OR Apache-2.0 */

/* What the tests of supervisors share: a worker that does what it is told, and writes down what happens to it. */

#pragma once

#include "tests/sync/sync-test.h"

#define SECOND      G_TIME_SPAN_SECOND
#define MILLISECOND G_TIME_SPAN_MILLISECOND

/* Lives for `life`, then fails as often as it is to fail and succeeds from then on. When it is cancelled it cleans up for `clean_up`. */
typedef struct
{
  const char *name;
  GTimeSpan   life;             /* G_MAXINT64: until it is cancelled */
  guint       fails;            /* so many times more */
  GTimeSpan   clean_up;
  gboolean    listens;          /* ends when it is asked softly */
  gboolean    fails_in_clean_up;

  guint       n_starts;
  guint       n_ends;           /* however */
  guint       n_cancelled;
  guint       n_freed;
  gint64      started_at[64];
} Worker;

gboolean worker_run   (gpointer worker, GError **error);
void     worker_freed (gpointer worker);

/* Adds it under its name. */
guint64  worker_add   (TrioSupervisor *supervisor, Worker *worker, TrioSupervisorRestart restart);
guint64  worker_add_with_grace (TrioSupervisor *supervisor, Worker *worker, TrioSupervisorRestart restart, GTimeSpan grace);

/* Sleeps until it is that many. */
gboolean wait_until_many (const guint *n, guint many, GError **error);

/* That it did not take longer: in the mock world, where time is exact. In the simulator the machine may be busy elsewhere for a while. */
void     expect_at_most  (GTimeSpan span, GTimeSpan most);

/* What supervisors have reported, for their options. */
typedef struct
{
  guint     n_incidents;
  guint     n_restarts;
  GTimeSpan last_delay;
} Reports;

void     reports_take (const TrioSupervisorIncident *incident, gpointer reports);

/* The log of all workers, "a+ b+ b! a-": starts, failures, ends. In the simulator the order is the schedule's. */
extern GString *worker_log;
void     worker_log_clear  (void);
void     worker_log_expect (const char *expected);
/* Where in the log that is; it must be there. */
guint    worker_log_find   (const char *what);
