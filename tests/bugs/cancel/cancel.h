/* SPDX-License-Identifier: MIT OR Apache-2.0 */

/* What the kernels of cancellation are written with: an event for one task, with the rule of cancellation their originals lived
 * under, and a task that somebody else cancels.
 *
 * The rule. In Trio a task that was rescheduled has succeeded: a cancellation that comes before it has run shows at its next
 * checkpoint, and what it was given is its own. In asyncio, AnyIO, tokio and Go it is cancelled all the same, and what it was given
 * is lost unless its clean-up gives it back:
 *
 *     event_set ()  --->  runnable  --->  runs            a cancellation here -----v
 *                         ^^^^^^^^                        wakes a task that was given something, with a failure
 *
 * That second window is what most of these bugs live in. So event_wait () looks for a cancellation once more after it was woken.
 *
 * Two ways. Most kernels are here twice: with a task that cancels the victim, and, as NAME-injected, without: there `explore
 * --inject cancel` does it, at a checkpoint of its choice. Only the victim has a cancel scope of its own; a cancellation that hits
 * another task is one of the whole kernel, which then just ends. */

#pragma once

#include "tests/bugs/bug.h"

G_BEGIN_DECLS

/* ---- An event: happens once, and wakes the one task that waits for it ---- */

typedef struct
{
  gboolean  set;
  gboolean  cancelled;         /* while its task was parked; it may not have run since */
  void    (*describe) (gpointer of, GString *out);   /* nullable; what a report adds: "the lock is free" */
  gpointer  of;                /* for that: the lock */
  /*< private >*/
  TrioTask *parked;            /* the task, while it is */
  GQueue   *queue;             /* it stands in; nullable */
  GList     link;
} Event;

/**
 * event_wait:
 * @event: an event, `{ 0 }` at first but for what describes it
 * @what: static; what the task is doing, for reports: "lock_acquire"
 * @error: where a cancellation comes out
 *
 * Waits until @event is set; a set one is no wait. Checkpoint.
 *
 * Returns: %FALSE if the task was cancelled, before the event was set or before it has run since
 */
gboolean event_wait (Event *event, const char *what, GError **error) G_GNUC_WARN_UNUSED_RESULT TRIO_CHECKPOINT;
/* The same for who cannot be cancelled. */
void     event_wait_shielded (Event *event, const char *what) TRIO_CHECKPOINT;
/* Setting it twice, or when its task was cancelled, wakes nobody. Never suspends. */
void     event_set (Event *event);

static inline gboolean
event_is_done (const Event *event)
{
  return event->set || event->cancelled;
}

/* Standing in line. The event stays where it is in memory until it has left. */
void     event_join  (Event *event, GQueue *queue);
void     event_leave (Event *event);                /* nothing if it stands nowhere */
/* The first in line that is neither set nor cancelled; pop_waiter () also drops it, and those before it. NULL if there is none. */
Event   *first_waiter (const GQueue *queue);
Event   *pop_waiter   (GQueue *queue);

/* ---- A victim: a task with a scope around it, through which it is cancelled; the kernel does not mind ---- */

typedef struct
{
  TrioFunc         func;
  gpointer         data;
  TrioCancelScope *scope;             /* while it runs */
  /*< private >*/
  const char      *where;             /* it was started */
  gboolean         asked;             /* to be cancelled */
  Event            ended;
} Victim;

/* All three name their task, for the reports; which also say where a victim was started. */
#define  start_victim(...) (start_victim_located (G_STRLOC, __VA_ARGS__))
void     start_task      (TrioNursery *nursery, const char *name, TrioFunc func, gpointer data);
void     start_victim_located (const char *where, TrioNursery *nursery, const char *name, Victim *victim, TrioFunc func,
                               gpointer data);
/* A task that only does victim_cancel (). */
void     start_canceller (TrioNursery *nursery, Victim *victim);
/* Also before it has begun, and after it has ended. Never suspends. */
void     victim_cancel   (Victim *victim);
/* Waits until it has ended. By one task. */
gboolean victim_join     (Victim *victim, GError **error) G_GNUC_WARN_UNUSED_RESULT TRIO_CHECKPOINT;

/* ---- asyncio's cancellation, which comes once ----
 *
 * Trio's is a state: in a cancelled scope every checkpoint fails, so one that was swallowed comes back. asyncio's is an exception
 * that is raised in one wait; who catches it there has made it undone. Kernels in which it is swallowed wait with these. */

typedef struct
{
  guint            raised;            /* how often */
  /*< private >*/
  TrioCancelScope *wait;              /* around its present one */
  gboolean         pending;           /* it came while there was none */
} Once;

#define ONCE_CANCELLED (once_cancelled_quark ())
GQuark   once_cancelled_quark (void);

/* As event_wait (), and fails with ONCE_CANCELLED for each once_cancel (). */
#define  event_wait_once(...) (event_wait_once_located (G_STRLOC, __VA_ARGS__))
gboolean event_wait_once_located (const char *where, Event *event, const char *what, Once *self, GError **error)
  G_GNUC_WARN_UNUSED_RESULT TRIO_CHECKPOINT;
void     once_cancel     (Once *once);

/* ---- Two ways ---- */

/* Exports bug_ID, which calls run_ (repaired, TRUE, error), with a task that cancels, and bug_ID_injected, which calls
 * run_ (repaired, FALSE, error), without. */
#define BUG_IN_TWO_WAYS(id_, name_, run_, verdict_, injected_verdict_, about_)                                                  \
  static gboolean run_cancelled (gboolean repaired, GError **error) { return run_ (repaired, TRUE, error); }                    \
  static gboolean run_injected (gboolean repaired, GError **error) { return run_ (repaired, FALSE, error); }                    \
  const Bug bug_##id_ = { name_, run_cancelled, verdict_, NULL, about_ };                                                       \
  const Bug bug_##id_##_injected = { name_ "-injected", run_injected, injected_verdict_, "cancel", about_ }

G_END_DECLS
