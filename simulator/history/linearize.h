/* SPDX-License-Identifier: MIT OR Apache-2.0 */

/* The search within one object; check.c does it for each and puts the result in words. */

#pragma once

#include "simulator/history/history.h"

G_BEGIN_DECLS

typedef struct
{
  GArray  *order;       /* of guint: numbers in the history */
  int      stuck;       /* number of the operation that no order gets past, or -1 */
  guint64  steps;
} TrioLinearizeResult;

/* ids: of guint: the operations of this object, none of which failed, in the order of their calls. budget: 0 for the default. The order
 * belongs to the caller. */
TrioLinearizability trio_linearize (const TrioHistory *history, const TrioModel *model, const GArray *ids, guint64 budget,
                                    TrioLinearizeResult *result);

G_END_DECLS
