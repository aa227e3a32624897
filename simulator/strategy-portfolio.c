/* SPDX-License-Identifier: MIT OR Apache-2.0 */

/* portfolio — for each run one of the others, drawn from the seed.
 *
 * No strategy is best for all bugs: a random walk meets shallow ones at once, and hardly ever an order in which one task is late for the
 * whole run; priorities find just that, and miss what needs many changes between two tasks; and so on (see the comparisons of SCTBench,
 * Thomson, Donaldson, Betts, TOPC 2016, and of Zhao et al., ASPLOS 2025). A budget split over several costs at most a small factor
 * against the best of them for a bug, and saves all of it where that one is blind.
 *
 * Each run is one member from beginning to end, under the seed of the run: the member's text and the seed repeat it without the
 * portfolio. */

#include "simulator/strategy-chance.h"
#include "simulator/strategy.h"

static const struct
{
  const char *text;
  guint       share;
} members[] = {
  { "random", 4 },
  { "pos", 3 },
  { "urw", 4 },
  { "surw", 5 },
  { "delay:2", 1 },
  { "delay:5", 1 },
  { "pct:2", 1 },
  { "pct:3", 2 },
  { "pct:5", 4 },
  { "pct:10", 3 },
};

const char *
trio_sim_portfolio_pick (guint64 seed)
{
  guint64 state = ~seed;      /* not what the member itself will draw from */
  guint64 lot = trio_sim_chance_split (&state) >> 32;
  guint total = 0, i = 0;

  for (guint j = 0; j < G_N_ELEMENTS (members); j++)
    total += members[j].share;
  for (lot = lot * total >> 32; lot >= members[i].share; i++)
    lot -= members[i].share;
  return members[i].text;
}
