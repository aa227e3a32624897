/* SPDX-License-Identifier: MIT OR Apache-2.0 */

/* fifo — the ordinary run: first in line goes first, nothing is late, nothing fails. */

#include "simulator/strategy.h"

static guint32
answer (TrioSimStrategy *self G_GNUC_UNUSED, const TrioSimQuestion *question G_GNUC_UNUSED)
{
  return 0;
}

static void
free_nothing (TrioSimStrategy *self G_GNUC_UNUSED)
{
}

TrioSimStrategy *
trio_sim_strategy_new_fifo (void)
{
  static TrioSimStrategy fifo = { .answer = answer, .free = free_nothing };

  return &fifo;
}
