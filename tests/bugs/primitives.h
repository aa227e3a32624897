/* SPDX-License-Identifier: MIT OR Apache-2.0 */

/* What Go and POSIX threads have, and Trio on purpose has not: a mutex that anybody may unlock and nobody minds to lose, a
 * read-write mutex that prefers writers, a wait-group, and channels with a single end. The kernels were written with these, and
 * some of their bugs are impossible with Trio's own (which notice an owner who dies, or who locks twice).
 *
 * Always true:
 *  1. Each operation that may block is one point where others may run, before it has its effect.
 *  2. None can be cancelled: a Go program, or a thread, cannot. So none fails.
 *  3. A mutex is free between its unlocking and the next who takes it: who comes just then may be faster than who waited (Go's
 *     "normal mode", and what POSIX leaves open). Those who wait are woken in line.
 *  4. Names are for the report of a deadlock only: "waits in mutex_lock: raft lock, held by ticker". */

#pragma once

#include "tests/bugs/bug.h"

G_BEGIN_DECLS

/* Those who wait, first come first served. Lives in their own stacks. */
typedef struct _Waiting Waiting;
typedef struct
{
  Waiting *first;
  Waiting *last;
} Line;

/* ---- Locks ---- */

typedef struct
{
  const char *name;
  /*< private >*/
  gboolean    locked;
  char        holder[24];
  Line        waiters;
} Mutex;

#define MUTEX(words) ((Mutex) { .name = (words) })

void     mutex_lock   (Mutex *mutex) TRIO_CHECKPOINT;
/* Anybody may. Never suspends. */
void     mutex_unlock (Mutex *mutex);

/* Many readers or one writer. A writer who waits keeps new readers out; a writer who unlocks lets all readers in who waited. A task
 * that reads twice at the same time is let in twice, if no writer waits. */
typedef struct
{
  const char *name;
  /*< private >*/
  gboolean    writing;
  guint       n_reading;
  guint       n_writers_waiting;
  char        writer[24];
  Line        readers;
  Line        writers;
} RWMutex;

#define RW_MUTEX(words) ((RWMutex) { .name = (words) })

void     rw_mutex_lock_read    (RWMutex *mutex) TRIO_CHECKPOINT;
void     rw_mutex_unlock_read  (RWMutex *mutex);
void     rw_mutex_lock_write   (RWMutex *mutex) TRIO_CHECKPOINT;
void     rw_mutex_unlock_write (RWMutex *mutex);

/* ---- A condition, as POSIX has it ---- */

typedef struct
{
  const char *name;
  /*< private >*/
  Line        waiters;
} Cond;

#define COND(words) ((Cond) { .name = (words) })

/* Unlocks, waits to be told, and locks again. Who waited longest is told first; another may be faster at the mutex. */
void     cond_wait      (Cond *condition, Mutex *mutex) TRIO_CHECKPOINT;
void     cond_signal    (Cond *condition);
void     cond_broadcast (Cond *condition);

/* ---- A wait-group: waits until as many are done as were added ---- */

typedef struct
{
  const char *name;
  /*< private >*/
  int         n;
  Line        waiters;
} WaitGroup;

#define WAIT_GROUP(words) ((WaitGroup) { .name = (words) })

/* A sum below zero is a failure: "a wait-group does not go below zero". Never suspend. */
void     wait_group_add  (WaitGroup *group, int n);
void     wait_group_done (WaitGroup *group);
void     wait_group_wait (WaitGroup *group) TRIO_CHECKPOINT;

/* ---- A channel: a memory channel of Trio with both its ends in one hand ---- */

typedef struct
{
  TrioSendChannel    *send;         /* for trio_case_send () */
  TrioReceiveChannel *receive;      /* for trio_case_receive () */
} Channel;

Channel *channel_new     (gsize capacity) G_GNUC_WARN_UNUSED_RESULT;
void     channel_free    (Channel *channel);
/* To a closed channel it is a failure: "nobody sends to a closed channel". */
void     channel_send    (Channel *channel, gpointer value) TRIO_CHECKPOINT;
/* FALSE: the channel is closed, and empty. value may be NULL. */
gboolean channel_receive (Channel *channel, gpointer *value) TRIO_CHECKPOINT;
/* Twice it is a failure: "a channel is closed once". Never suspends. */
void     channel_close   (Channel *channel);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (Channel, channel_free)

/* trio_select () without errors: which case it was. A channel that is closed is ready to receive, and its value is left alone;
 * sending to one is a failure as above. */
#define choose_from(...) (choose_from_cases ((const TrioSelectCase[]) { __VA_ARGS__ }, N_CASES (__VA_ARGS__)))
/* The same without blocking ("default:" in Go): NOTHING_READY if no case is ready. */
#define choose_from_nowait(...) (choose_from_cases_nowait ((const TrioSelectCase[]) { __VA_ARGS__ }, N_CASES (__VA_ARGS__)))
#define N_CASES(...) (sizeof ((const TrioSelectCase[]) { __VA_ARGS__ }) / sizeof (TrioSelectCase))

enum { NOTHING_READY = -1 };

int      choose_from_cases        (const TrioSelectCase *cases, gsize n_cases) TRIO_CHECKPOINT;
int      choose_from_cases_nowait (const TrioSelectCase *cases, gsize n_cases) TRIO_CHECKPOINT;

/* ---- Events, and joining ---- */

/* trio_event_wait () that cannot be cancelled. */
void     wait_for        (TrioEvent *event) TRIO_CHECKPOINT;
/* A timer: lets at least so much time go by, which in the simulator may be at once. */
void     sleep_for       (GTimeSpan span) TRIO_CHECKPOINT;

G_END_DECLS
