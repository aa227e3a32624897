/* SPDX-License-Identifier: MIT OR Apache-2.0 */

/* A family of kernels that gets harder as it grows: SCTBench's CS.reorder_N_bad (https://github.com/mc-imperial/sctbench).
 *
 * The bug: setters write a and then b; a checker must see both as they were or both as they are. It sees half if some setter has
 * written its a and none has written its b: every one that began must be stopped just there. Chance alone hardly ever does that to
 * many.
 *
 * The repair: a mutex around each pair. */

#pragma once

#include "tests/bugs/bug.h"

G_BEGIN_DECLS

gboolean reorder_run (guint n_setters, guint n_checkers, gboolean repaired, GError **error);

G_END_DECLS
