/* SPDX-License-Identifier: MIT OR Apache-2.0 */

/* Which words of the program's own memory tasks contend for in the measured run: strategy-memory.c. Part of strategy-measure.c. */

#pragma once

#include "simulator/strategy-measure.h"

G_BEGIN_DECLS

typedef struct _TrioSimWords TrioSimWords;

TrioSimWords *trio_sim_words_new       (const TrioSimMeasure *measure);
/* Those who live, in any order; index is the measure's. */
void          trio_sim_words_add_task  (TrioSimWords *words, TrioTask *task, guint index);
void          trio_sim_words_drop_task (TrioSimWords *words, TrioTask *task);
/* A step of a task, both as the measure numbers them. */
void          trio_sim_words_touch     (TrioSimWords *words, guint task, guint step, gconstpointer address, gsize size, gboolean writes);
/* Adds the contended ones to touches as objects from n_objects on; gives how many objects there are then. Frees words. */
guint32       trio_sim_words_settle    (TrioSimWords *words, GArray *touches, guint32 n_objects);

G_END_DECLS
