/* SPDX-License-Identifier: MIT OR Apache-2.0 */

/* Cancellations, Ctrl-C, faults and lagging time, injected: they arrive where the schedule says, they are no failure by themselves, and
 * what they leave behind is one. */

#include <string.h>

#include <trio/lowlevel/instrument.h>

#include "tests/sim/sim-test.h"

/* --- what is injected is no failure --- */

static gboolean
work (gpointer data G_GNUC_UNUSED, GError **error)
{
  for (guint i = 0; i < 5; i++)
    if (!trio_sleep (1000, error))
      return FALSE;
  return TRUE;
}

static gboolean
work_together (gpointer data G_GNUC_UNUSED, GError **error)
{
  g_autoptr (TrioCancelScope) outer = trio_cancel_scope_open (error);
  g_autoptr (TrioNursery) nursery = trio_nursery_open (error);

  trio_nursery_start_soon (nursery, work, NULL);
  trio_nursery_start_soon (nursery, work, NULL);
  if (!work (NULL, error))
    return FALSE;                   /* leaves both without close: a cancellation becomes FAILED */
  return trio_cancel_scope_close (outer, trio_nursery_close (nursery, TRUE));
}

static void
test_what_was_injected_is_no_failure (void)
{
  guint n_injected = 0;

  for (guint64 seed = 0; seed < 300; seed++)
    {
      g_autoptr (TrioSimReport) report = sim_run_random (work_together, NULL, seed,
                                                         TRIO_SIM_INJECT_CANCEL | TRIO_SIM_INJECT_INTERRUPT);

      sim_expect (report, TRIO_SIM_OK, NULL);
      for (guint i = 0; i < trio_schedule_get_length (report->schedule); i++)
        if (g_strcmp0 (trio_schedule_get_entry (report->schedule, i)->label, "schedule") != 0)
          n_injected++;
    }
  g_assert_cmpuint (n_injected, >, 100);
}

static void
count_cancels (const TrioScheduleEntry *entry, gpointer user_data)
{
  if (g_str_equal (entry->label, "cancel"))
    trio_schedule_append (user_data, entry);
}

/* Every checkpoint, every scope around it. */
static void
test_a_cancel_at_every_checkpoint_is_survived (void)
{
  g_autoptr (TrioSchedule) places = trio_schedule_new ();
  g_autoptr (TrioSimReport) base = sim_run (work_together, NULL, &(TrioSimOptions) {
    .inject = TRIO_SIM_INJECT_CANCEL, .on_choice = count_cancels, .user_data = places,
  });
  guint n_runs = 0;

  sim_expect (base, TRIO_SIM_OK, NULL);
  g_assert_cmpuint (trio_schedule_get_length (places), >=, 15);
  for (guint i = 0; i < trio_schedule_get_length (places); i++)
    for (guint32 value = 1; value < trio_schedule_get_entry (places, i)->bound; value++)
      {
        g_autoptr (TrioSchedule) schedule = trio_schedule_new ();
        TrioScheduleEntry entry = *trio_schedule_get_entry (places, i);

        entry.value = value;
        trio_schedule_append (schedule, &entry);
        g_autoptr (TrioSimReport) report = sim_run_replay (work_together, NULL, schedule, TRIO_SIM_INJECT_NONE);
        sim_expect (report, TRIO_SIM_OK, NULL);
        g_assert_cmpuint (report->unmatched, ==, 0);
        n_runs++;
      }
  g_assert_cmpuint (n_runs, >=, 30);
}

static void
test_an_injection_is_told_in_words (void)
{
  g_autoptr (TrioSimReport) report = sim_run_lines (work_together, NULL, "main/work#2 cancel 2 = 1/4");
  const TrioScheduleEntry *entry = trio_schedule_get_entry (report->schedule, 0);

  g_assert_cmpuint (trio_schedule_get_length (report->schedule), ==, 1);
  g_assert_nonnull (strstr (entry->words, "main/work#2 was cancelled in trio_sleep"));
  g_assert_cmpstr (entry->what, ==, "trio_sleep");
}

/* --- what it leaves behind is one --- */

typedef struct
{
  int from;
  int to;
} Accounts;

/* The bug: a cancellation between the two halves loses the money. */
static gboolean
transfer (gpointer data, GError **error)
{
  Accounts *accounts = data;

  accounts->from -= 10;
  if (!trio_sleep (1000, error))
    return FALSE;
  accounts->to += 10;
  return TRUE;
}

static gboolean
transfer_and_check (gpointer data G_GNUC_UNUSED, GError **error)
{
  Accounts accounts = { 100, 0 };
  g_autoptr (TrioCancelScope) scope = trio_cancel_scope_open (error);
  gboolean ok = trio_cancel_scope_close (scope, transfer (&accounts, error));

  trio_always (accounts.from + accounts.to == 100, "no money is lost");
  return ok;
}

static void
test_a_cancel_that_cuts_an_act_in_half_is_found (void)
{
  g_autoptr (TrioSimReport) plain = sim_run_fifo (transfer_and_check, NULL);
  g_autoptr (TrioSimReport) cancelled = sim_run_lines (transfer_and_check, NULL, "main cancel 1 = 1/3");
  guint n_found = 0;

  sim_expect (plain, TRIO_SIM_OK, NULL);
  sim_expect (cancelled, TRIO_SIM_ALWAYS, "no money is lost");
  for (guint64 seed = 0; seed < 400; seed++)
    {
      g_autoptr (TrioSimReport) report = sim_run_random (transfer_and_check, NULL, seed, TRIO_SIM_INJECT_CANCEL);
      n_found += report->verdict == TRIO_SIM_ALWAYS;
    }
  g_assert_cmpuint (n_found, >, 0);
}

static gboolean
translate (gpointer data G_GNUC_UNUSED, GError **error)
{
  if (trio_sleep (1000, error))
    return TRUE;
  g_clear_error (error);
  g_set_error_literal (error, TRIO_ERROR, TRIO_ERROR_CLOSED_RESOURCE, "swallowed a cancellation and said something else");
  return FALSE;
}

static void
test_another_error_in_its_wake_is_a_failure (void)
{
  g_autoptr (TrioSimReport) report = sim_run_lines (translate, NULL, "main cancel 1 = 1/2");

  sim_expect (report, TRIO_SIM_ERROR, "TrioError:6");
}

/* The deadline of a scope that was cancelled by the tape did not pass. One that did is the program's own. */
static gboolean
be_too_slow (gpointer data G_GNUC_UNUSED, GError **error)
{
  g_autoptr (TrioCancelScope) scope = trio_fail_after (500, error);

  return trio_cancel_scope_close (scope, trio_sleep (1000, error));
}

static void
test_a_deadline_is_no_injection (void)
{
  g_autoptr (TrioSimReport) report = sim_run_random (be_too_slow, NULL, 1, TRIO_SIM_INJECT_INTERRUPT);

  sim_expect (report, TRIO_SIM_ERROR, "TrioError:2");
}

/* --- Ctrl-C --- */

static gboolean
sleep_on (gpointer data G_GNUC_UNUSED, GError **error)
{
  return trio_sleep_forever (error);
}

static gboolean
hold_on (gpointer data G_GNUC_UNUSED, GError **error)
{
  g_autoptr (TrioNursery) nursery = trio_nursery_open (error);

  trio_nursery_start_soon (nursery, sleep_on, NULL);
  return trio_sleep_forever (error);
}

static void
test_an_interrupt_ends_main_and_is_no_failure (void)
{
  g_autoptr (TrioSimReport) stuck = sim_run_fifo (hold_on, NULL);
  g_autoptr (TrioSimReport) first = sim_run_lines (hold_on, NULL, "main interrupt 1 = 1/2");
  g_autoptr (TrioSimReport) other = sim_run_lines (hold_on, NULL, "main/sleep_on interrupt 1 = 1/2");

  sim_expect (stuck, TRIO_SIM_DEADLOCK, "tasks wait in trio_sleep_forever");
  sim_expect (first, TRIO_SIM_OK, NULL);
  sim_expect (other, TRIO_SIM_OK, NULL);
  g_assert_cmpuint (first->unmatched + other->unmatched, ==, 0);
}

/* --- time that lags --- */

static gboolean
be_busy (gpointer data, GError **error)
{
  g_autoptr (TrioCancelScope) patience = trio_move_on_after (10 * 1000, error);
  gboolean ok = TRUE;

  for (guint i = 0; i < 100 && ok; i++)
    ok = trio_checkpoint (error);
  ok = trio_cancel_scope_close (patience, ok);
  *(gboolean *) data = trio_cancel_scope_cancelled_caught (patience);
  return ok;
}

static void
test_a_deadline_may_pass_while_a_task_is_busy (void)
{
  gboolean caught = TRUE;
  g_autoptr (TrioSimReport) still = sim_run_fifo (be_busy, &caught);

  g_assert_false (caught);
  g_assert_cmpint (still->duration_us, ==, 0);

  g_autoptr (TrioSimReport) lagging = sim_run_lines (be_busy, &caught, "main clock.lag 5 = 2/4");
  g_assert_true (caught);
  g_assert_cmpint (lagging->duration_us, ==, 20 * 1000);
  g_assert_cmpuint (lagging->unmatched, ==, 0);
}

/* Goes on without waiting, and says whether it was overtaken on its way. */
static gboolean
sleep_and_tell (gpointer data, GError **error)
{
  if (!trio_sleep (G_TIME_SPAN_MILLISECOND, error))
    return FALSE;
  *(gboolean *) data = TRUE;
  return TRUE;
}

static gboolean
be_overtaken (gpointer data, GError **error)
{
  g_autoptr (TrioNursery) nursery = trio_nursery_open (error);
  gboolean has_slept = FALSE;
  gboolean ok;

  trio_nursery_start_soon (nursery, sleep_and_tell, &has_slept);
  ok = trio_checkpoint (error) && trio_checkpoint (error);
  *(gboolean *) data = has_slept;
  return trio_nursery_close (nursery, ok);
}

/* Between two steps of the only task that can run: time goes by, and the one whose time has come goes first. */
static void
test_a_sleeper_may_overtake_the_only_task_that_can_run (void)
{
  static const char lines[] = "- clock.pause 1 = 1/4\n"
                              "main schedule 1 = 1/2 -> main/sleep_and_tell";
  gboolean overtaken = TRUE;
  g_autoptr (TrioSimReport) still = sim_run_fifo (be_overtaken, &overtaken);

  sim_expect (still, TRIO_SIM_OK, NULL);
  g_assert_false (overtaken);

  g_autoptr (TrioSimReport) pausing = sim_run_lines (be_overtaken, &overtaken, lines);
  sim_expect (pausing, TRIO_SIM_OK, NULL);
  g_assert_true (overtaken);
  g_assert_cmpuint (pausing->unmatched, ==, 0);
}

typedef struct
{
  gboolean with_stranger;
  gboolean caught;
} Company;

static gboolean
stranger (gpointer data G_GNUC_UNUSED, GError **error)
{
  return trio_checkpoint (error) && trio_checkpoint (error) && trio_checkpoint (error);
}

static gboolean
be_busy_in_company (gpointer data, GError **error)
{
  Company *company = data;
  g_autoptr (TrioNursery) nursery = trio_nursery_open (error);

  if (company->with_stranger)
    trio_nursery_start_soon (nursery, stranger, NULL);
  trio_nursery_start_soon (nursery, be_busy, &company->caught);
  return trio_nursery_close (nursery, TRUE);
}

/* A lag belongs to a step of a task, and stays there when another task is added. */
static void
test_the_address_of_a_lag_survives_an_unrelated_edit (void)
{
  static const char line[] = "main/be_busy clock.lag 5 = 2/4";

  for (gboolean with_stranger = FALSE; with_stranger <= TRUE; with_stranger++)
    {
      Company company = { .with_stranger = with_stranger };
      g_autoptr (TrioSimReport) report = sim_run_lines (be_busy_in_company, &company, line);

      sim_expect (report, TRIO_SIM_OK, NULL);
      g_assert_cmpuint (report->unmatched, ==, 0);
      g_assert_true (company.caught);
    }
}

static void
count_lags (const TrioScheduleEntry *entry, gpointer user_data)
{
  *(guint *) user_data += g_str_equal (entry->label, "clock.lag");
}

static gboolean
be_timeless (gpointer data G_GNUC_UNUSED, GError **error)
{
  for (guint i = 0; i < 50; i++)
    if (!trio_checkpoint (error))
      return FALSE;
  return TRUE;
}

/* Nobody waits for time: the tape is not asked about it. */
static void
test_lag_is_asked_only_if_somebody_waits_for_time (void)
{
  guint n_lags = 0;
  gboolean caught;
  g_autoptr (TrioSimReport) timeless = sim_run (be_timeless, NULL, &(TrioSimOptions) {
    .on_choice = count_lags, .user_data = &n_lags,
  });

  sim_expect (timeless, TRIO_SIM_OK, NULL);
  g_assert_cmpuint (n_lags, ==, 0);
  g_autoptr (TrioSimReport) busy = sim_run (be_busy, &caught, &(TrioSimOptions) { .on_choice = count_lags, .user_data = &n_lags });
  sim_expect (busy, TRIO_SIM_OK, NULL);
  g_assert_cmpuint (n_lags, >, 50);
}

/* --- faults, once and from then on --- */

/* Four attempts, each of which the machine may refuse; *data counts those that it did. */
static gboolean
attempt_all (gpointer data, GError **error)
{
  const TrioChoicePoint refusal = { .label = "fault.refusal", .bound = 2, .what = "attempt" };
  guint *n_refused = data;

  *n_refused = 0;
  for (guint i = 0; i < 4; i++)
    {
      *n_refused += trio_choose (&refusal);
      if (!trio_checkpoint (error))
        return FALSE;
    }
  return TRUE;
}

static void
test_a_fault_may_come_once_or_each_time_from_then_on (void)
{
  guint n_refused;
  g_autoptr (TrioSimReport) once = sim_run_lines (attempt_all, &n_refused, "main fault.refusal 2 = 1/2");

  g_assert_cmpuint (n_refused, ==, 1);
  g_autoptr (TrioSimReport) onwards = sim_run_lines (attempt_all, &n_refused, "main fault.refusal 2 = 1/2 onwards");
  g_assert_cmpuint (n_refused, ==, 3);
  g_assert_cmpuint (onwards->unmatched, ==, 0);

  /* It is one decision, in the record as on paper, and gives the same run again. */
  g_assert_cmpuint (trio_schedule_get_length (onwards->schedule), ==, 1);
  g_assert_true (trio_schedule_get_entry (onwards->schedule, 0)->onwards);
  g_assert_nonnull (strstr (trio_schedule_get_entry (onwards->schedule, 0)->what, "attempt"));
  g_autofree char *words = trio_schedule_entry_to_words (trio_schedule_get_entry (onwards->schedule, 0));
  g_assert_nonnull (strstr (words, "and each time from then on"));
  g_autoptr (TrioSimReport) again = sim_run_replay (attempt_all, &n_refused, onwards->schedule, TRIO_SIM_INJECT_NONE);
  g_assert_cmphex (again->hash, ==, onwards->hash);
  g_assert_cmphex (once->hash, !=, onwards->hash);
}

static void
test_a_fault_may_come_so_many_times_in_a_row (void)
{
  guint n_refused;
  g_autoptr (TrioSimReport) report = sim_run_lines (attempt_all, &n_refused, "main fault.refusal 2 = 1/2 2 times");

  g_assert_cmpuint (n_refused, ==, 2);
  g_assert_cmpuint (report->unmatched, ==, 0);
  g_assert_cmpuint (trio_schedule_get_length (report->schedule), ==, 1);
  g_assert_cmpuint (trio_schedule_get_entry (report->schedule, 0)->times, ==, 2);
  g_autofree char *words = trio_schedule_entry_to_words (trio_schedule_get_entry (report->schedule, 0));
  g_assert_nonnull (strstr (words, ", 2 times in a row"));
  g_autoptr (TrioSimReport) again = sim_run_replay (attempt_all, &n_refused, report->schedule, TRIO_SIM_INJECT_NONE);
  g_assert_cmphex (again->hash, ==, report->hash);
}

/* --- turns that last --- */

static GString *turns;

/* Says its letter at each of its steps. */
static gboolean
take_turns (gpointer letter, GError **error)
{
  for (guint i = 0; i < 4; i++)
    {
      g_string_append_c (turns, *(const char *) letter);
      if (!trio_checkpoint (error))
        return FALSE;
    }
  return TRUE;
}

static gboolean
take_turns_all (gpointer data G_GNUC_UNUSED, GError **error)
{
  g_autoptr (TrioNursery) nursery = trio_nursery_open (error);

  g_string_truncate (turns, 0);
  for (const char *letter = "abc"; *letter != '\0'; letter++)
    {
      char name[] = { *letter, '\0' };

      trio_nursery_start_soon_full (nursery, take_turns, (gpointer) letter, NULL, name);
    }
  return trio_nursery_close (nursery, TRUE);
}

/* What they say when lines are replayed, and again when what that recorded is. */
static void
expect_turns (const char *lines, const char *expected, const char *words)
{
  g_autoptr (TrioSimReport) report = sim_run_lines (take_turns_all, NULL, lines);

  g_assert_cmpstr (turns->str, ==, expected);
  g_assert_cmpuint (report->unmatched, ==, 0);
  g_assert_cmpuint (trio_schedule_get_length (report->schedule), ==, 1);
  g_autofree char *said = trio_schedule_entry_to_words (trio_schedule_get_entry (report->schedule, 0));
  g_assert_nonnull (strstr (said, words));
  g_autoptr (TrioSimReport) again = sim_run_replay (take_turns_all, NULL, report->schedule, TRIO_SIM_INJECT_NONE);
  g_assert_cmpstr (turns->str, ==, expected);
  g_assert_cmphex (again->hash, ==, report->hash);
}

static void
test_a_task_may_be_held_back_or_run_on (void)
{
  turns = g_string_new (NULL);
  expect_turns ("main/a schedule 1 = 1/3 2 times", "bcabcabcabca", "a was held back: 2 times somebody else went first");
  expect_turns ("main/a schedule 1 = 1/3 onwards", "bcbcbcbcaaaa", "a was held back: from then on others go first");
  expect_turns ("main/a schedule 1 = 2/3 onwards", "ccccabababab", "a and the one behind it were held back: from then on others go first");
  expect_turns ("main/a schedule 2 = 2/3 -> main/c running on", "abccccababab", "c ran as long as it could before a");
  expect_turns ("main/a schedule 1 = 1/3 -> main/b 3 times", "bbbacbacacac", "b ran before a, 3 times in a row");
  g_string_free (turns, TRUE);
}

/* One whose first answer would be the ordinary one has nothing to last. */
static void
test_what_cannot_begin_does_not_last (void)
{
  turns = g_string_new (NULL);
  g_autoptr (TrioSimReport) report = sim_run_lines (take_turns_all, NULL, "main/a schedule 1 = 1/3 -> main/nobody onwards");

  g_assert_cmpstr (turns->str, ==, "abcabcabcabc");
  g_assert_cmpuint (report->unmatched, ==, 1);
  g_string_free (turns, TRUE);
}

/* A later line of the same address takes over from the one that holds. */
static void
test_a_later_decision_ends_one_that_holds (void)
{
  guint n_refused;
  g_autoptr (TrioSimReport) report = sim_run_lines (attempt_all, &n_refused, "main fault.refusal 1 = 1/2 onwards\n"
                                                    "main fault.refusal 3 = 0/2");

  g_assert_cmpuint (n_refused, ==, 2);
  g_assert_cmpuint (report->unmatched, ==, 0);
}

/* --- no memory --- */

static gboolean
start_two (gpointer data, GError **error)
{
  gboolean *told = data;
  g_autoptr (TrioNursery) nursery = trio_nursery_open (error);
  GError *failure = NULL;

  trio_nursery_start_soon (nursery, work, NULL);
  trio_nursery_start_soon (nursery, work, NULL);
  *told = !work (NULL, &failure);
  if (failure != NULL)
    g_propagate_error (error, failure);
  return trio_nursery_close (nursery, !*told);
}

/* The nursery is cancelled and fails, which is all that anybody can do: by itself that is no finding. */
static void
test_a_task_without_memory_fails_its_nursery_and_is_no_failure_of_the_run (void)
{
  gboolean told = FALSE;
  g_autoptr (TrioSimReport) plain = sim_run_lines (start_two, &told, "");

  sim_expect (plain, TRIO_SIM_OK, NULL);
  g_assert_false (told);
  for (guint i = 1; i <= 2; i++)
    {
      g_autofree char *line = g_strdup_printf ("main fault.memory %u = 1/2", i);
      g_autoptr (TrioSimReport) report = sim_run_lines (start_two, &told, line);

      sim_expect (report, TRIO_SIM_OK, NULL);
      g_assert_cmpuint (report->unmatched, ==, 0);
      g_assert_true (told);
      g_assert_nonnull (strstr (trio_schedule_get_entry (report->schedule, 0)->words, "no memory for the stack of task \"work\""));
    }
}

/* --- who watches --- */

typedef struct
{
  TrioInstrument instrument;
  guint          n_checkpoints;
  guint          n_raised;
} Observer;

static void
count_checkpoint (TrioInstrument *instrument, TrioTask *task G_GNUC_UNUSED, const char *what)
{
  g_assert_cmpstr (what, ==, "trio_sleep");
  ((Observer *) instrument)->n_checkpoints++;
}

static void
count_raised (TrioInstrument *instrument, TrioTask *task G_GNUC_UNUSED)
{
  ((Observer *) instrument)->n_raised++;
}

static void
test_an_instrument_is_told_of_checkpoints_and_of_what_is_noticed_there (void)
{
  Observer observer = { .instrument = { .name = "observer", .checkpoint = count_checkpoint, .cancel_raised = count_raised } };
  g_autoptr (TrioSimReport) plain = sim_run (work, NULL, &(TrioSimOptions) { .instrument = &observer.instrument });

  g_assert_cmpuint (observer.n_checkpoints, ==, 5);
  g_assert_cmpuint (observer.n_raised, ==, 0);
  g_assert_cmpuint (plain->n_raised, ==, 0);

  g_autoptr (TrioSchedule) schedule = trio_schedule_new ();
  trio_schedule_append (schedule, &(TrioScheduleEntry) {
    .path = (char *) "main", .label = (char *) "cancel", .ordinal = 3, .value = 1, .bound = 2,
  });
  g_autoptr (TrioSimReport) cancelled = sim_run (work, NULL, &(TrioSimOptions) {
    .strategy = "replay", .schedule = schedule, .instrument = &observer.instrument,
  });
  g_assert_cmpuint (observer.n_checkpoints, ==, 8);
  g_assert_cmpuint (observer.n_raised, ==, 1);
  g_assert_cmpuint (cancelled->n_raised, ==, 1);
}

static guint32
choose_one_of_four (const char *label)
{
  const TrioChoicePoint point = { .label = label, .bound = 4, .what = "a test" };

  return trio_choose (&point);
}

static gboolean
choose_what_is_wanted (gpointer data, GError **error)
{
  guint32 *sums = data;

  sums[0] += choose_one_of_four ("fault.other");
  trio_sim_limit_choices ("fault.tea. colour");
  for (guint i = 0; i < 5; i++)
    {
      sums[1] += choose_one_of_four ("fault.tea.cold");
      sums[1] += choose_one_of_four ("colour");
      g_assert_cmpuint (choose_one_of_four ("fault.other"), ==, 0);
      g_assert_cmpuint (choose_one_of_four ("fault.tea"), ==, 0);
      g_assert_cmpuint (choose_one_of_four ("shape"), ==, 0);
    }
  return trio_checkpoint (error);
}

static void
test_a_scenario_may_say_which_choices_it_is_about (void)
{
  guint32 sums[2] = { 0, 0 };

  for (guint64 seed = 1; seed <= 50; seed++)
    {
      g_autoptr (TrioSimReport) report = sim_run_random (choose_what_is_wanted, sums, seed, TRIO_SIM_INJECT_FAULT);

      sim_expect (report, TRIO_SIM_OK, NULL);
    }
  g_assert_cmpuint (sums[0], >, 0);
  g_assert_cmpuint (sums[1], >, 0);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/inject/what-was-injected-is-no-failure", test_what_was_injected_is_no_failure);
  g_test_add_func ("/inject/a-cancel-at-every-checkpoint-is-survived", test_a_cancel_at_every_checkpoint_is_survived);
  g_test_add_func ("/inject/an-injection-is-told-in-words", test_an_injection_is_told_in_words);
  g_test_add_func ("/inject/a-cancel-that-cuts-an-act-in-half-is-found", test_a_cancel_that_cuts_an_act_in_half_is_found);
  g_test_add_func ("/inject/another-error-in-its-wake-is-a-failure", test_another_error_in_its_wake_is_a_failure);
  g_test_add_func ("/inject/a-deadline-is-no-injection", test_a_deadline_is_no_injection);
  g_test_add_func ("/inject/an-interrupt-ends-main-and-is-no-failure", test_an_interrupt_ends_main_and_is_no_failure);
  g_test_add_func ("/inject/a-deadline-may-pass-while-a-task-is-busy", test_a_deadline_may_pass_while_a_task_is_busy);
  g_test_add_func ("/inject/a-sleeper-may-overtake-the-only-task-that-can-run",
                   test_a_sleeper_may_overtake_the_only_task_that_can_run);
  g_test_add_func ("/inject/the-address-of-a-lag-survives-an-unrelated-edit", test_the_address_of_a_lag_survives_an_unrelated_edit);
  g_test_add_func ("/inject/lag-is-asked-only-if-somebody-waits-for-time", test_lag_is_asked_only_if_somebody_waits_for_time);
  g_test_add_func ("/inject/a-fault-may-come-once-or-each-time-from-then-on", test_a_fault_may_come_once_or_each_time_from_then_on);
  g_test_add_func ("/inject/a-fault-may-come-so-many-times-in-a-row", test_a_fault_may_come_so_many_times_in_a_row);
  g_test_add_func ("/inject/a-task-may-be-held-back-or-run-on", test_a_task_may_be_held_back_or_run_on);
  g_test_add_func ("/inject/what-cannot-begin-does-not-last", test_what_cannot_begin_does_not_last);
  g_test_add_func ("/inject/a-later-decision-ends-one-that-holds", test_a_later_decision_ends_one_that_holds);
  g_test_add_func ("/inject/a-task-without-memory-fails-its-nursery-and-is-no-failure-of-the-run",
                   test_a_task_without_memory_fails_its_nursery_and_is_no_failure_of_the_run);
  g_test_add_func ("/inject/a-scenario-may-say-which-choices-it-is-about", test_a_scenario_may_say_which_choices_it_is_about);
  g_test_add_func ("/inject/an-instrument-is-told-of-checkpoints-and-of-what-is-noticed-there",
                   test_an_instrument_is_told_of_checkpoints_and_of_what_is_noticed_there);
  return g_test_run ();
}
