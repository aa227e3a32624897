/* SPDX-License-Identifier: MIT OR Apache-2.0 */

/* What must happen at last: trio_eventually(), obligations, and the phase in which nothing is in their way. */

#include <string.h>

#include "tests/sim/sim-test.h"

#define SECOND G_TIME_SPAN_SECOND

static void
assert_says (const TrioSimReport *report, const char *words)
{
  if (report->message == NULL || strstr (report->message, words) == NULL)
    g_error ("“%s” is not in: %s", words, report->message);
}

/* --- trio_eventually --- */

typedef struct
{
  gint64   takes;       /* how long the work takes */
  gboolean done;
} Work;

static gboolean
work (gpointer data, GError **error)
{
  Work *self = data;

  if (!trio_sleep (self->takes, error))
    return FALSE;
  self->done = TRUE;
  return TRUE;
}

static gboolean
is_done (gpointer data)
{
  return ((Work *) data)->done;
}

static gboolean
expect_work_in_time (gpointer data, GError **error)
{
  Work self = { *(gint64 *) data, FALSE };
  g_autoptr (TrioNursery) nursery = trio_nursery_open (error);

  trio_nursery_start_soon (nursery, work, &self);
  if (!trio_eventually (is_done, &self, 10 * SECOND, "the work is done", error))
    return FALSE;
  return trio_nursery_close (nursery, TRUE);
}

static void
test_what_comes_true_within_its_span_is_well (void)
{
  gint64 takes = 9 * SECOND;
  g_autoptr (TrioSimReport) report = sim_run_fifo (expect_work_in_time, &takes);

  sim_expect (report, TRIO_SIM_OK, NULL);
  g_assert_cmpint (report->duration_us, >=, 9 * SECOND);
}

/* Later than time can be. */
static gboolean
expect_work_at_some_time (gpointer takes, GError **error)
{
  Work self = { *(gint64 *) takes, FALSE };
  TrioObligation *obligation;
  g_autoptr (TrioNursery) nursery = trio_nursery_open (error);
  gboolean ok = trio_sleep (SECOND, error);

  obligation = trio_oblige (G_MAXINT64, "it is begun");
  trio_sim_heal ();
  trio_nursery_start_soon (nursery, work, &self);
  ok = ok && trio_checkpoint (error);
  trio_obligation_meet (obligation);
  ok = ok && trio_eventually (is_done, &self, G_MAXINT64, "the work is done", error);
  return trio_nursery_close (nursery, ok);
}

static void
test_a_span_without_end_is_long_enough (void)
{
  gint64 takes = 9 * SECOND;
  g_autoptr (TrioSimReport) report = sim_run_fifo (expect_work_at_some_time, &takes);

  sim_expect (report, TRIO_SIM_OK, NULL);
}

static void
test_what_does_not_come_true_fails_with_who_waits_for_what (void)
{
  gint64 takes = 11 * SECOND;
  g_autoptr (TrioSimReport) report = sim_run_fifo (expect_work_in_time, &takes);

  sim_expect (report, TRIO_SIM_EVENTUALLY, "the work is done");
  g_assert_cmpint (report->duration_us, ==, 10 * SECOND);
  g_assert_true (g_str_has_prefix (report->place, "test-liveness.c:"));
  assert_says (report, "must hold at last and did not within its span, at test-liveness.c");
  assert_says (report, "main/work");
}

static gboolean
give_up_waiting (gpointer data, GError **error)
{
  Work self = { 0, FALSE };
  g_autoptr (TrioCancelScope) scope = trio_move_on_after (SECOND, error);
  gboolean ok = trio_eventually (is_done, &self, *(gint64 *) data, "never", error);

  return trio_cancel_scope_close (scope, ok);
}

static void
test_waiting_can_be_cancelled (void)
{
  gint64 within = 5 * SECOND;
  g_autoptr (TrioSimReport) report = sim_run_fifo (give_up_waiting, &within);

  sim_expect (report, TRIO_SIM_OK, NULL);
}

TRIO_CHECKPOINT static void
test_outside_a_task_it_is_refused (void)
{
  g_autoptr (GError) error = NULL;
  Work self = { 0, TRUE };

  g_test_expect_message (G_LOG_DOMAIN, G_LOG_LEVEL_CRITICAL, "*called outside a task*");
  g_assert_false (trio_eventually (is_done, &self, SECOND, "x", &error));
  g_test_assert_expected_messages ();
  g_assert_error (error, TRIO_ERROR, TRIO_ERROR_MISUSE);
  g_assert_null (trio_oblige (SECOND, "x"));
  trio_obligation_meet (NULL);
}

static gboolean
wait_in_the_real_world (gpointer data G_GNUC_UNUSED, GError **error)
{
  gint64 takes = 5 * G_TIME_SPAN_MILLISECOND;
  TrioObligation *obligation = trio_oblige (0, "nobody looks");

  g_assert_null (obligation);
  trio_sim_heal ();
  return expect_work_in_time (&takes, error);
}

static void
test_in_the_real_world_it_waits_too (void)
{
  g_autoptr (GError) error = NULL;

  g_assert_true (trio_run (wait_in_the_real_world, NULL, &error));
  g_assert_no_error (error);
}

static gboolean
wait_in_vain (gpointer data G_GNUC_UNUSED, GError **error)
{
  Work self = { 0, FALSE };

  return trio_eventually (is_done, &self, 2 * G_TIME_SPAN_MILLISECOND, "the moon is cheese", error);
}

static void
test_in_the_real_world_it_aborts (void)
{
  g_autoptr (GError) error = NULL;

  if (g_test_subprocess ())
    {
      g_assert_true (trio_run (wait_in_vain, NULL, &error));
      return;
    }
  g_test_trap_subprocess (NULL, 0, 0);
  g_test_trap_assert_failed ();
  g_test_trap_assert_stderr ("*this must hold at last, and did not within its span: the moon is cheese*");
}

/* --- the phase --- */

static guint
count_faults (void)
{
  static const TrioChoicePoint point = { .label = "fault.coin", .bound = 2 };
  guint n = 0;

  for (int i = 0; i < 100; i++)
    n += trio_choose (&point);
  return n;
}

typedef struct
{
  guint before, in_phase, after;
} Faults;

static gboolean
count_and_be_done (gpointer data)
{
  ((Faults *) data)->in_phase += count_faults ();
  return TRUE;
}

static gboolean
look_for_faults (gpointer data, GError **error)
{
  Faults *faults = data;

  faults->before += count_faults ();
  if (!trio_eventually (count_and_be_done, faults, SECOND, "x", error))
    return FALSE;
  faults->after += count_faults ();
  trio_sim_heal ();
  faults->in_phase += count_faults ();
  return trio_checkpoint (error);
}

static void
test_in_the_phase_every_answer_is_dull (void)
{
  Faults faults = { 0 };

  for (guint64 seed = 1; seed <= 40; seed++)
    {
      g_autoptr (TrioSimReport) report = sim_run_random (look_for_faults, &faults, seed, TRIO_SIM_INJECT_FAULT);

      sim_expect (report, TRIO_SIM_OK, NULL);
    }
  g_assert_cmpuint (faults.before, >, 0);
  g_assert_cmpuint (faults.after, >, 0);
  g_assert_cmpuint (faults.in_phase, ==, 0);
}

/* --- obligations --- */

typedef struct
{
  gboolean heals;
  gint64   answers_after;
} Server;

static gboolean
serve_one (gpointer data, GError **error)
{
  Server *self = data;
  TrioObligation *obligation = trio_oblige (5 * SECOND, "a request is answered");

  if (self->heals)
    trio_sim_heal ();
  if (!trio_sleep (ABS (self->answers_after), error))
    return FALSE;
  if (self->answers_after >= 0)
    trio_obligation_meet (obligation);
  return TRUE;
}

static void
test_an_obligation_that_is_met_is_well_however_late (void)
{
  Server server = { FALSE, 60 * SECOND };
  g_autoptr (TrioSimReport) report = sim_run_fifo (serve_one, &server);

  sim_expect (report, TRIO_SIM_OK, NULL);
}

static void
test_an_obligation_that_is_open_at_the_end_fails_the_run (void)
{
  Server server = { FALSE, -SECOND };
  g_autoptr (TrioSimReport) report = sim_run_fifo (serve_one, &server);

  sim_expect (report, TRIO_SIM_EVENTUALLY, "a request is answered");
  assert_says (report, "before the run ended well\n  promised at test-liveness.c");
}

static void
test_in_the_phase_its_span_counts (void)
{
  Server late = { TRUE, 60 * SECOND };
  Server early = { TRUE, 4 * SECOND };
  g_autoptr (TrioSimReport) well = sim_run_fifo (serve_one, &early);
  g_autoptr (TrioSimReport) report = sim_run_fifo (serve_one, &late);

  sim_expect (well, TRIO_SIM_OK, NULL);
  sim_expect (report, TRIO_SIM_EVENTUALLY, "a request is answered");
  g_assert_cmpint (report->duration_us, ==, 5 * SECOND);
  assert_says (report, "within its span, with nothing in its way");
  assert_says (report, "main ");
}

static void
test_the_phase_may_begin_by_itself (void)
{
  Server server = { FALSE, 60 * SECOND };
  g_autoptr (TrioSimReport) late = sim_run (serve_one, &server, &(TrioSimOptions) { .heal_after = 58 * SECOND });
  g_autoptr (TrioSimReport) report = sim_run (serve_one, &server, &(TrioSimOptions) { .heal_after = SECOND });

  sim_expect (late, TRIO_SIM_OK, NULL);
  sim_expect (report, TRIO_SIM_EVENTUALLY, "a request is answered");
  g_assert_cmpint (report->duration_us, ==, 6 * SECOND);
}

static void
test_a_healed_run_may_have_to_end_within_a_span (void)
{
  /* Both answer, and so end, after so long. */
  Server server = { FALSE, 60 * SECOND };
  Server heals = { TRUE, 4 * SECOND };
  TrioSimOptions in_time = { .heal_after = 50 * SECOND, .heal_within = 10 * SECOND + 1 };
  TrioSimOptions too_late = { .heal_after = 56 * SECOND, .heal_within = 3 * SECOND };
  g_autoptr (TrioSimReport) never = sim_run (serve_one, &server, &(TrioSimOptions) { .heal_within = SECOND });
  g_autoptr (TrioSimReport) well = sim_run (serve_one, &server, &(TrioSimOptions) { .heal_after = 56 * SECOND, .heal_within = 5 * SECOND });
  g_autoptr (TrioSimReport) owes = sim_run (serve_one, &server, &in_time);
  g_autoptr (TrioSimReport) late = sim_run (serve_one, &server, &too_late);
  g_autoptr (TrioSimReport) own = sim_run (serve_one, &heals, &(TrioSimOptions) { .heal_within = 3 * SECOND });

  sim_expect (never, TRIO_SIM_OK, NULL);
  sim_expect (well, TRIO_SIM_OK, NULL);
  sim_expect (owes, TRIO_SIM_EVENTUALLY, "a request is answered");
  sim_expect (late, TRIO_SIM_EVENTUALLY, "the run ends once all is healed");
  g_assert_cmpint (late->duration_us, ==, 59 * SECOND);
  assert_says (late, "from 56 s on nothing was in its way, and after another 3 s the run had not ended");
  assert_says (late, "main waits in trio_sleep");
  sim_expect (own, TRIO_SIM_EVENTUALLY, "the run ends once all is healed");
  g_assert_cmpint (own->duration_us, ==, 3 * SECOND);
}

static gboolean
fail_with_an_obligation (gpointer data, GError **error)
{
  Server *server = data;
  TrioObligation *obligation = trio_oblige (SECOND, "x");
  TrioObligation *other = trio_oblige (SECOND, "y");

  if (!trio_checkpoint (error))
    return FALSE;
  trio_obligation_meet (other);
  if (server != NULL)
    trio_obligation_meet (obligation);
  return TRUE;
}

static void
test_a_run_that_was_cancelled_owes_nothing (void)
{
  gboolean was_cancelled = FALSE;

  for (guint64 seed = 1; seed <= 300; seed++)
    {
      Server server = { 0 };
      g_autoptr (TrioSimReport) report = sim_run_random (fail_with_an_obligation, &server, seed, TRIO_SIM_INJECT_CANCEL);

      sim_expect (report, TRIO_SIM_OK, NULL);
      was_cancelled |= trio_schedule_get_length (report->schedule) > 0;
    }
  g_assert_true (was_cancelled);

  g_autoptr (TrioSimReport) first = sim_run_fifo (fail_with_an_obligation, NULL);
  sim_expect (first, TRIO_SIM_EVENTUALLY, "x");
}

/* --- starvation --- */

/* Regular customers, who come back as soon as they were served, and a shop that serves one a second. */
typedef struct
{
  GQueue   line;            /* of TrioEvent: the first is served next */
  gboolean last_first;
} Shop;

static gboolean
come_again_and_again (gpointer data, GError **error)
{
  Shop *shop = data;
  gboolean ok = TRUE;

  while (ok)
    {
      g_autoptr (TrioEvent) served = trio_event_new ();
      TrioObligation *obligation = trio_oblige (10 * SECOND, "a customer is served");

      if (shop->last_first)
        g_queue_push_head (&shop->line, served);
      else
        g_queue_push_tail (&shop->line, served);
      ok = trio_event_wait (served, error);
      g_queue_remove (&shop->line, served);
      /* …or has gone home. */
      trio_obligation_meet (obligation);
    }
  return FALSE;
}

static gboolean
serve_customers (gpointer data, GError **error)
{
  Shop *shop = data;

  for (;;)
    {
      TrioEvent *next;

      if (!trio_sleep (SECOND, error))
        return FALSE;
      next = g_queue_pop_head (&shop->line);
      if (next != NULL)
        trio_event_set (next);
    }
}

static gboolean
keep_shop (gpointer data, GError **error)
{
  Shop *shop = data;
  g_autoptr (TrioCancelScope) day = trio_move_on_after (60 * SECOND, error);
  g_autoptr (TrioNursery) nursery = trio_nursery_open (error);

  trio_sim_heal ();
  for (int i = 0; i < 3; i++)
    trio_nursery_start_soon (nursery, come_again_and_again, shop);
  trio_nursery_start_soon (nursery, serve_customers, shop);
  return trio_cancel_scope_close (day, trio_nursery_close (nursery, TRUE));
}

/* Something happens all the time, nobody is passed over by the scheduler, and still two of three wait for ever. */
static void
test_starvation_is_an_obligation_that_is_not_met (void)
{
  Shop fair = { G_QUEUE_INIT, FALSE };
  Shop unfair = { G_QUEUE_INIT, TRUE };
  g_autoptr (TrioSimReport) well = sim_run_fifo (keep_shop, &fair);
  g_autoptr (TrioSimReport) report = sim_run_fifo (keep_shop, &unfair);

  sim_expect (well, TRIO_SIM_OK, NULL);
  sim_expect (report, TRIO_SIM_EVENTUALLY, "a customer is served");
  g_assert_cmpint (report->duration_us, ==, 10 * SECOND);
  assert_says (report, "come_again_and_again");
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);

#define ADD(name) g_test_add_func ("/sim/liveness/" #name, test_##name)
  ADD (what_comes_true_within_its_span_is_well);
  ADD (a_span_without_end_is_long_enough);
  ADD (what_does_not_come_true_fails_with_who_waits_for_what);
  ADD (waiting_can_be_cancelled);
  ADD (outside_a_task_it_is_refused);
  ADD (in_the_real_world_it_waits_too);
  ADD (in_the_real_world_it_aborts);
  ADD (in_the_phase_every_answer_is_dull);
  ADD (an_obligation_that_is_met_is_well_however_late);
  ADD (an_obligation_that_is_open_at_the_end_fails_the_run);
  ADD (in_the_phase_its_span_counts);
  ADD (the_phase_may_begin_by_itself);
  ADD (a_healed_run_may_have_to_end_within_a_span);
  ADD (a_run_that_was_cancelled_owes_nothing);
  ADD (starvation_is_an_obligation_that_is_not_met);
  return g_test_run ();
}
