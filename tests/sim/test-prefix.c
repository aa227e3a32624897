/* SPDX-License-Identifier: MIT OR Apache-2.0 */

/* The strategy "prefix": the first steps as a schedule has them, the rest from another strategy; and the callback before each step. */

#include <string.h>
#include <trio/lowlevel/task.h>

#include "tests/sim/sim-test.h"

/* Who took which step, from step 1 on: one letter each. */
static GString *story;

static void
note_step (guint64 step, TrioTask *task, gpointer user_data G_GNUC_UNUSED)
{
  g_assert_cmpuint (step, ==, story->len + 1);
  g_string_append_c (story, trio_task_get_parent (task) == NULL ? 'i' : trio_task_get_name (task)[0]);
}

static gboolean
take_steps (gpointer data, GError **error)
{
  for (guint i = 0; i < GPOINTER_TO_UINT (data); i++)
    if (!trio_checkpoint (error))
      return FALSE;
  return TRUE;
}

static gboolean
three_tasks (gpointer data G_GNUC_UNUSED, GError **error)
{
  g_autoptr (TrioNursery) nursery = trio_nursery_open (error);

  trio_nursery_start_soon_full (nursery, take_steps, GUINT_TO_POINTER (10), NULL, "a");
  trio_nursery_start_soon_full (nursery, take_steps, GUINT_TO_POINTER (10), NULL, "b");
  trio_nursery_start_soon_full (nursery, take_steps, GUINT_TO_POINTER (10), NULL, "c");
  return trio_nursery_close (nursery, TRUE);
}

static char *
story_of (const TrioSimOptions *options, guint *n_cancels)
{
  TrioSimOptions noting = *options;
  TrioSimReport *report;

  noting.on_step = note_step;
  story = g_string_new (NULL);
  report = sim_run (three_tasks, NULL, &noting);
  sim_expect (report, TRIO_SIM_OK, NULL);
  g_assert_cmpuint (report->steps, ==, story->len);
  if (n_cancels != NULL)
    for (guint i = *n_cancels = 0; i < trio_schedule_get_length (report->schedule); i++)
      *n_cancels += g_str_equal (trio_schedule_get_entry (report->schedule, i)->label, TRIO_CHOICE_CANCEL);
  trio_sim_report_free (report);
  return g_string_free (story, FALSE);
}

/* However long the prefix is, its steps are those of the replay; and some suffix is another one. */
static void
test_a_prefix_is_replayed_to_the_step (void)
{
  g_autoptr (TrioSimReport) random = sim_run_random (three_tasks, NULL, 3, TRIO_SIM_INJECT_NONE);
  const TrioSimOptions replay = { .strategy = "replay", .schedule = random->schedule };
  g_autofree char *whole = story_of (&replay, NULL);
  guint n_other = 0;

  g_assert_cmpuint (trio_schedule_get_length (random->schedule), >, 0);
  for (guint n = 0; n <= random->steps; n++)
    for (guint64 seed = 1; seed <= 3; seed++)
      {
        const TrioSimOptions options = { .strategy = "prefix", .schedule = random->schedule, .prefix_steps = n, .seed = seed };
        g_autofree char *other = story_of (&options, NULL);

        g_assert_cmpint (strncmp (whole, other, n), ==, 0);
        n_other += !g_str_equal (whole, other);
      }
  g_assert_cmpuint (n_other, >, random->steps);
}

static void
test_a_whole_prefix_is_the_replay (void)
{
  g_autoptr (TrioSimReport) random = sim_run_random (three_tasks, NULL, 3, TRIO_SIM_INJECT_NONE);
  const TrioSimOptions options = { .strategy = "prefix", .schedule = random->schedule, .prefix_steps = random->steps };
  g_autoptr (TrioSimReport) again = sim_run (three_tasks, NULL, &options);

  g_assert_cmpuint (again->hash, ==, random->hash);
  g_assert_cmpuint (again->unmatched, ==, 0);
}

static void
test_the_suffix_may_be_any_strategy (void)
{
  g_autoptr (TrioSimReport) random = sim_run_random (three_tasks, NULL, 3, TRIO_SIM_INJECT_NONE);
  g_autofree char *dull = story_of (&(TrioSimOptions) { .strategy = "fifo" }, NULL);
  g_autofree char *none = story_of (&(TrioSimOptions) { .strategy = "prefix", .schedule = random->schedule, .suffix = "fifo" }, NULL);

  g_assert_cmpstr (none, ==, dull);
}

/* The schedule needs cancellations to be asked for; that is no leave for the suffix to inject some. */
static void
test_the_suffix_injects_only_what_it_may (void)
{
  g_autoptr (TrioSchedule) schedule = trio_schedule_parse (
    "trio-schedule 1\nscenario: s\n\nmain/a cancel 9 = 1/3\nend\n", "here", NULL);
  guint n_cancels, n_injected = 0;

  for (guint64 seed = 1; seed <= 50; seed++)
    {
      TrioSimOptions options = { .strategy = "prefix", .schedule = schedule, .seed = seed };
      g_autofree char *without = story_of (&options, &n_cancels);
      g_autofree char *with = NULL;

      g_assert_cmpuint (n_cancels, ==, 0);
      g_assert_cmpuint (strlen (without), >, 0);
      options.inject = TRIO_SIM_INJECT_CANCEL;
      with = story_of (&options, &n_cancels);
      n_injected += n_cancels;
    }
  g_assert_cmpuint (n_injected, >, 0);
}

static void
test_a_prefix_without_a_schedule_is_refused (void)
{
  g_autoptr (GError) error = NULL;

  g_assert_false (trio_sim_run (three_tasks, NULL, &(TrioSimOptions) { .strategy = "prefix" }, NULL, &error));
  g_assert_error (error, TRIO_ERROR, TRIO_ERROR_MISUSE);
}

static gboolean
fail_here (gpointer data G_GNUC_UNUSED, GError **error)
{
  if (!trio_checkpoint (error))
    return FALSE;
  trio_always (FALSE, "nothing");
  return TRUE;
}

static gboolean
wait_for_ever (gpointer data G_GNUC_UNUSED, GError **error)
{
  g_autoptr (TrioEvent) event = trio_event_new ();

  return trio_event_wait (event, error);
}

static void
test_a_failure_has_a_place (void)
{
  g_autoptr (TrioSimReport) check = sim_run_fifo (fail_here, NULL);
  g_autoptr (TrioSimReport) deadlock = sim_run_fifo (wait_for_ever, NULL);

  g_assert_true (g_str_has_prefix (check->place, "test-prefix.c:"));
  g_assert_true (g_str_has_prefix (deadlock->place, "trio_event_wait"));
#ifdef HAVE_STACKS
  g_assert_cmpstr (deadlock->place, ==, "trio_event_wait in wait_for_ever");
#endif
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/prefix/a-prefix-is-replayed-to-the-step", test_a_prefix_is_replayed_to_the_step);
  g_test_add_func ("/prefix/a-whole-prefix-is-the-replay", test_a_whole_prefix_is_the_replay);
  g_test_add_func ("/prefix/the-suffix-may-be-any-strategy", test_the_suffix_may_be_any_strategy);
  g_test_add_func ("/prefix/the-suffix-injects-only-what-it-may", test_the_suffix_injects_only_what_it_may);
  g_test_add_func ("/prefix/a-prefix-without-a-schedule-is-refused", test_a_prefix_without_a_schedule_is_refused);
  g_test_add_func ("/prefix/a-failure-has-a-place", test_a_failure_has_a_place);
  return g_test_run ();
}
