/* SPDX-License-Identifier: MIT OR Apache-2.0 */

/* Each strategy where its numbers end: the first seed and the last, one task and a thousand, no question at all, more changes than there are
 * questions, weights that are all zero. It ends, and gives the same run again. */

#include "simulator/strategy.h"
#include "tests/sim/sim-test.h"

static const char *const strategies[] = {
  "portfolio", "fifo", "random", "pct:1", "pct:3", "pct:100", "pct:100,k=1", "pct:3,k=4294967295", "pos", "urw", "surw",
  "delay:1,base=fifo", "delay:100,base=block", "delay:100,k=1", "delay:100,base=fifo,k=4294967295",
};

static const guint64 seeds[] = { 0, 1, G_MAXUINT64 / 2, G_MAXUINT64 - 1, G_MAXUINT64 };

static const TrioSimInject all = TRIO_SIM_INJECT_CANCEL | TRIO_SIM_INJECT_INTERRUPT | TRIO_SIM_INJECT_FAULT;

/* Twice under each strategy and seed: well, and alike. */
static void
run_under_each (TrioFunc func, gpointer data, TrioSimInject inject)
{
  for (guint i = 0; i < G_N_ELEMENTS (strategies); i++)
    for (guint k = 0; k < G_N_ELEMENTS (seeds); k++)
      {
        const TrioSimOptions options = { .strategy = strategies[i], .seed = seeds[k], .inject = inject };
        g_autoptr (TrioSimReport) report = sim_run (func, data, &options);
        g_autoptr (TrioSimReport) again = sim_run (func, data, &options);

        sim_expect (report, TRIO_SIM_OK, NULL);
        g_assert_cmphex (report->hash, ==, again->hash);
      }
}

static gboolean
do_nothing (gpointer data G_GNUC_UNUSED, GError **error G_GNUC_UNUSED)
{
  return TRUE;
}

static void
test_a_run_without_a_question (void)
{
  run_under_each (do_nothing, NULL, TRIO_SIM_INJECT_NONE);
  run_under_each (do_nothing, NULL, all);
}

static gboolean
go_alone (gpointer data G_GNUC_UNUSED, GError **error)
{
  for (guint i = 0; i < 5; i++)
    if (!trio_checkpoint (error))
      return FALSE;
  return TRUE;
}

static void
test_one_task_has_its_steps (void)
{
  run_under_each (go_alone, NULL, TRIO_SIM_INJECT_NONE);
  run_under_each (go_alone, NULL, all);
}

static gboolean
go_together (gpointer data, GError **error)
{
  g_autoptr (TrioNursery) nursery = trio_nursery_open (error);

  for (guint i = 0; i < GPOINTER_TO_UINT (data); i++)
    trio_nursery_start_soon (nursery, go_alone, NULL);
  return trio_nursery_close (nursery, TRUE);
}

static void
test_more_changes_than_questions (void)
{
  run_under_each (go_together, GUINT_TO_POINTER (2), TRIO_SIM_INJECT_NONE);
  run_under_each (go_together, GUINT_TO_POINTER (2), all);
}

/* Once each: a question costs as much as there are tasks in line. */
static void
test_a_thousand_tasks (void)
{
  for (guint i = 0; i < G_N_ELEMENTS (strategies); i++)
    {
      g_autoptr (TrioSimReport) report = sim_run (go_together, GUINT_TO_POINTER (1000), &(TrioSimOptions) {
        .strategy = strategies[i], .seed = G_MAXUINT64,
      });

      sim_expect (report, TRIO_SIM_OK, NULL);
      g_assert_cmpuint (report->steps, >=, 6000);
    }
}

static gboolean
ask_without_weight (gpointer data G_GNUC_UNUSED, GError **error)
{
  static const guint32 nothing[4] = { 0 }, only_dull[4] = { 1 }, never_dull[4] = { 0, 0, 0, 7 }, huge[4] = {
    G_MAXUINT32, G_MAXUINT32, G_MAXUINT32, G_MAXUINT32
  };
  const guint32 *const weights[] = { nothing, only_dull, never_dull, huge };

  for (guint round = 0; round < 20; round++)
    for (guint i = 0; i < G_N_ELEMENTS (weights); i++)
      {
        const TrioChoicePoint point = { .label = i == 3 ? "fault.weights" : "weights", .bound = 4, .weights = weights[i] };
        guint32 value = trio_choose (&point);

        g_assert_cmpuint (value, <, 4);
        /* What weighs nothing is never drawn; but the dull answer may always be given. */
        g_assert_true (value == 0 || weights[i][value] > 0);
      }
  return trio_checkpoint (error);
}

static void
test_weights_of_zero_and_the_largest (void)
{
  run_under_each (ask_without_weight, NULL, TRIO_SIM_INJECT_NONE);
  run_under_each (ask_without_weight, NULL, TRIO_SIM_INJECT_FAULT);
}

/* A measure of another scenario, which knows nobody of this one. */
static void
test_a_measure_that_does_not_fit (void)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (TrioSimMeasure) measure = trio_sim_measure (do_nothing, NULL, NULL, &error);

  g_assert_no_error (error);
  for (guint i = 0; i < G_N_ELEMENTS (strategies); i++)
    for (guint k = 0; k < G_N_ELEMENTS (seeds); k++)
      {
        g_autoptr (TrioSimReport) report = sim_run (go_together, GUINT_TO_POINTER (4), &(TrioSimOptions) {
          .strategy = strategies[i], .seed = seeds[k], .measure = measure, .inject = all,
        });

        sim_expect (report, TRIO_SIM_OK, NULL);
      }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
#define ADD(name) g_test_add_func ("/sim/strategy-limits/" #name, test_ ## name)
  ADD (a_run_without_a_question);
  ADD (one_task_has_its_steps);
  ADD (more_changes_than_questions);
  ADD (a_thousand_tasks);
  ADD (weights_of_zero_and_the_largest);
  ADD (a_measure_that_does_not_fit);
#undef ADD
  return g_test_run ();
}
