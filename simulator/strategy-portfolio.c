/* SPDX-License-Identifier: MIT OR Apache-2.0 */

/* portfolio — the others take turns.
 *
 * No strategy is best for all bugs: a random walk meets shallow ones at once, and hardly ever an order in which one task is late for the
 * whole run; priorities find just that, and miss what needs many changes between two tasks; and so on (see the comparisons of SCTBench,
 * Thomson, Donaldson, Betts, TOPC 2016, and of Zhao et al., ASPLOS 2025). A budget split over several costs at most a small factor
 * against the best of them for a bug, and saves all of it where that one is blind.
 *
 * Each run is one member from beginning to end, under the seed of the run: the member's text and the seed repeat it without the
 * portfolio.
 *
 * Whose turn it is depends on the number of the run alone, and neither on a seed nor on who else runs. It is a smooth weighted round robin:
 * at each turn everybody gets its share as credit, and who has most goes and pays for all. So, always true:
 *
 *  1. In any ROUND turns in a row each member has exactly its share.
 *  2. The turns of one are spread evenly: whatever the budget, each had its share of it, give or take a turn or two.
 *  3. ROUND is a prime: also of every second turn, or every 64th, as a shard has them, each member gets its share. */

#include "simulator/strategy.h"

#define ROUND 29

typedef struct
{
  const char *text;
  int         share;
} Member;

/* The first ones of an order are the first to go where credits are equal. */
static const Member members[] = {
  { "surw", 5 },
  { "urw", 4 },
  { "random", 3 },
  { "pct:10", 3 },
  { "pos", 3 },
  { "delay:5", 3 },
  { "pct:5", 3 },
  { "pct:3", 2 },
  { "delay:2", 2 },
  { "pct:2", 1 },
};

static guint
take_turn (int *credits)
{
  guint next = 0;

  for (guint i = 0; i < G_N_ELEMENTS (members); i++)
    {
      credits[i] += members[i].share;
      if (credits[i] > credits[next])
        next = i;
    }
  credits[next] -= ROUND;
  return next;
}

static void
make_turns (guint8 *turns)
{
  int credits[G_N_ELEMENTS (members)] = { 0 };

  for (guint i = 0; i < ROUND; i++)
    turns[i] = (guint8) take_turn (credits);
  for (guint i = 0; i < G_N_ELEMENTS (members); i++)
    g_assert (credits[i] == 0);
}

const char *
trio_sim_portfolio_pick (guint64 turn)
{
  static guint8 turns[ROUND];
  static gsize made;

  if (g_once_init_enter (&made))
    {
      make_turns (turns);
      g_once_init_leave (&made, 1);
    }
  return members[turns[turn % ROUND]].text;
}
