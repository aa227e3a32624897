/* SPDX-License-Identifier: MIT OR Apache-2.0 */

/* Whose turn it is in the portfolio: a fair share for each, of every part of a campaign. */

#include <string.h>

#include "simulator/strategy.h"
#include "tests/sim/sim-test.h"

#define ROUND 29      /* of simulator/strategy-portfolio.c */

/* How often a strategy has its turn in `n` of them: from `first` on, every `stride`-th. */
static guint
count_turns (const char *text, guint64 first, guint64 stride, guint n)
{
  guint count = 0;

  for (guint i = 0; i < n; i++)
    count += g_str_equal (trio_sim_portfolio_pick (first + i * stride), text);
  return count;
}

static void
assert_shares (guint64 first, guint64 stride)
{
  for (guint i = 0; i < ROUND; i++)
    {
      const char *text = trio_sim_portfolio_pick (i);

      g_assert_cmpuint (count_turns (text, first, stride, ROUND), ==, count_turns (text, 0, 1, ROUND));
    }
}

static void
test_in_each_round_everybody_has_the_same_share (void)
{
  for (guint64 first = 0; first < 2 * ROUND; first++)
    assert_shares (first, 1);
  assert_shares (G_MAXUINT64 / 2, 1);
}

/* Shard I of N has every N-th run. */
static void
test_in_each_shard_everybody_has_the_same_share (void)
{
  static const guint64 shards[] = { 2, 3, 4, 8, 16, 28, 30, 60, 64, 100, 1000 };

  for (guint i = 0; i < G_N_ELEMENTS (shards); i++)
    for (guint64 shard = 0; shard < 3; shard++)
      assert_shares (shard, shards[i]);
}

/* However small the budget. */
static void
test_shares_are_spread_evenly (void)
{
  for (guint i = 0; i < ROUND; i++)
    {
      const char *text = trio_sim_portfolio_pick (i);
      int share = (int) count_turns (text, 0, 1, ROUND);

      for (int n = 1; n <= 3 * ROUND; n++)
        {
          int off = (int) count_turns (text, 0, 1, (guint) n) * ROUND - n * share;

          g_assert_cmpint (ABS (off), <, 2 * ROUND);
        }
    }
}

static gboolean
go_once (gpointer data G_GNUC_UNUSED, GError **error)
{
  return trio_checkpoint (error);
}

static gboolean
two_tasks (gpointer data G_GNUC_UNUSED, GError **error)
{
  g_autoptr (TrioNursery) nursery = trio_nursery_open (error);

  trio_nursery_start_soon (nursery, go_once, NULL);
  return trio_nursery_close (nursery, TRUE);
}

/* Who makes runs of its own and counts seeds up gets the same rounds, and is told who it was. */
static void
test_seeds_that_are_counted_up_take_turns (void)
{
  for (guint64 seed = 0; seed < 2 * ROUND; seed++)
    {
      g_autoptr (TrioSimReport) report = sim_run (two_tasks, NULL, &(TrioSimOptions) { .strategy = "portfolio", .seed = seed });

      g_assert_true (g_str_has_prefix (trio_schedule_get_header (report->schedule)->strategy, trio_sim_portfolio_pick (seed)));
    }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
#define ADD(name) g_test_add_func ("/sim/portfolio/" #name, test_ ## name)
  ADD (in_each_round_everybody_has_the_same_share);
  ADD (in_each_shard_everybody_has_the_same_share);
  ADD (shares_are_spread_evenly);
  ADD (seeds_that_are_counted_up_take_turns);
#undef ADD
  return g_test_run ();
}
