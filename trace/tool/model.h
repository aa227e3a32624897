/* SPDX-License-Identifier: MIT OR Apache-2.0 */

/* A trace in memory: what every command of trio-trace works on. All events in order with the step they belong to, and what is to
 * know about each task at the end. A file that was cut is loaded up to the cut, and says so in `cut`.
 *
 * Nothing here is trusted to make sense: a task may run without having been born, a scope be closed that was never opened. */

#pragma once

#include "trace/codec.h"

G_BEGIN_DECLS

/* Steps count from 1, as the simulator counts them. */
#define TRACE_NO_STEP 0

typedef struct
{
  TrioTraceRecord record;      /* its strings belong to the trace */
  guint64         step;        /* the step that was running, or TRACE_NO_STEP between two */
} TraceEvent;

typedef struct
{
  guint64         serial;
  guint64         parent;
  const char     *name;
  char           *path;        /* "main/serve/handler#2", as in schedules */
  char           *label;       /* the shortest end of the path that no other task has */
  gint64          born_us;
  gboolean        exited;
  gint64          exited_us;
  guint64         how;         /* TrioTraceExit, once exited */
  const char     *error;
  guint64         steps;
  TrioTraceState  state;       /* where it stands at the end of the trace */
  const char     *wait;
  const char     *detail;
  gint64          since_us;    /* in this state */
} TraceTask;

typedef struct
{
  guint64     serial;
  const char *where;
  gboolean    nursery;
  guint64     task;
} TraceScope;

typedef struct
{
  char         *path;
  const char   *program;
  gboolean      virtual_time;
  GArray       *events;        /* of TraceEvent */
  GPtrArray    *tasks;         /* of TraceTask, in order of birth */
  GHashTable   *task_by_serial;
  GHashTable   *scope_by_serial;
  guint64       n_records;
  guint64       n_unknown;
  guint64       n_steps;
  gint64        end_us;
  GError       *cut;           /* NULL: the file is whole */
  /*< private >*/
  GStringChunk *chunk;
} Trace;

/* NULL if it cannot be read at all: G_FILE_ERROR, or TRIO_TRACE_ERROR with the file's name in front. */
Trace            *trace_load       (const char *path, GError **error);
void              trace_free       (Trace *self);
const TraceEvent *trace_get_event  (const Trace *self, guint i);
/* NULL if there is none of that number. */
TraceTask        *trace_find_task  (const Trace *self, guint64 serial);
TraceScope       *trace_find_scope (const Trace *self, guint64 serial);
/* The run's own first task, parent of main: it is in no path, and nobody wants to look at it. */
gboolean          trace_task_is_init (const TraceTask *task);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (Trace, trace_free)

G_END_DECLS
