/* SPDX-License-Identifier: MIT OR Apache-2.0 */

/* What the world will do later, in order of time, and in order of planning at the same time. Embed TrioSimEvent as the first member
 * of your own; the queue owns what was planned until it happens. */

#pragma once

#include <glib.h>

G_BEGIN_DECLS

typedef struct _TrioSimEvent TrioSimEvent;

struct _TrioSimEvent
{
  /*< private >*/
  gint64   due;
  guint64  serial;
  /*< public >*/
  void   (*happen)  (TrioSimEvent *event);    /* frees it */
  void   (*discard) (TrioSimEvent *event);    /* frees it without its happening */
};

typedef struct
{
  GPtrArray *heap;
  guint64    n_planned;
} TrioSimEvents;

void   trio_sim_events_init     (TrioSimEvents *events);
/* Discards what has not happened. */
void   trio_sim_events_clear    (TrioSimEvents *events);
/* (transfer full) for event. */
void   trio_sim_events_plan     (TrioSimEvents *events, TrioSimEvent *event, gint64 due);
/* When the next is due; G_MAXINT64 if there is none. */
gint64 trio_sim_events_get_next (const TrioSimEvents *events);
/* Lets happen all that is due at now, also what is planned for now meanwhile. */
void   trio_sim_events_run      (TrioSimEvents *events, gint64 now);

G_END_DECLS
