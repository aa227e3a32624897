/* SPDX-License-Identifier: MIT OR Apache-2.0 */

/* Another heap: so that a second run of the same choices gets other addresses than the first, in another order. What depends on them shows. */

#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* What is returned is given back by trio_sim_heap_settle(), after the run. @seed: each stirs in its own way. */
GPtrArray *trio_sim_heap_stir   (guint64 seed);
void       trio_sim_heap_settle (GPtrArray *held);

G_END_DECLS
