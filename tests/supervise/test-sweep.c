/* SPDX-License-Identifier: MIT OR Apache-2.0 */

/* A cancellation, or a Ctrl-C, at every checkpoint of scenarios with supervisors and graceful ends; and a thousand schedules with several of
 * them. Whatever comes: nobody is left running, nothing is freed twice or never, and the order of stopping is kept. */

#include <string.h>

#include "tests/sim/sim-test.h"

#define SECOND G_TIME_SPAN_SECOND

/* ---- scenario: three who depend on each other, under each strategy ---- */

typedef struct
{
  guint n_alive;
  guint n_freed;
  guint cleaning;               /* who is in its clean-up: 0 nobody */
  TrioSupervisorStrategy strategy;
} House;

typedef struct
{
  House *house;
  guint  number;
  guint  fails;
} Dweller;

static gboolean
dwell (gpointer data, GError **error)
{
  Dweller *self = data;
  House *house = self->house;
  gboolean ok;

  house->n_alive++;
  ok = trio_sleep (SECOND * self->number, error) && trio_checkpoint (error);
  if (!ok)
    {
      g_autoptr (TrioCancelScope) shield G_GNUC_UNUSED = trio_shield_for (SECOND, NULL);

      (void) !trio_sleep (SECOND / 2, NULL);
    }
  else if (self->fails > 0)
    {
      self->fails--;
      g_set_error (error, TRIO_ERROR, TRIO_ERROR_BROKEN_RESOURCE, "dweller %u fell", self->number);
      ok = FALSE;
    }
  house->n_alive--;
  return ok;
}

static void
move_out (gpointer data)
{
  Dweller *self = data;

  self->house->n_freed++;
}

static void
take_report (const TrioSupervisorIncident *incident G_GNUC_UNUSED, gpointer data G_GNUC_UNUSED)
{
}

static gboolean
keep_house (gpointer data, GError **error)
{
  House house = { .strategy = GPOINTER_TO_INT (data) };
  Dweller dwellers[] = { { &house, 1, 1 }, { &house, 2, 2 }, { &house, 3, 0 } };
  const TrioSupervisorOptions options = {
    .strategy = house.strategy, .max_restarts = 10, .back_off = SECOND / 10, .report = take_report,
  };
  const TrioSupervisorChildOptions child = { .restart = TRIO_SUPERVISOR_TRANSIENT, .grace = SECOND };
  GError *failure = NULL;
  g_autoptr (TrioSupervisor) supervisor = trio_supervisor_open (&options, &failure);
  gboolean ok;

  for (guint i = 0; i < G_N_ELEMENTS (dwellers); i++)
    trio_supervisor_start_child_full (supervisor, dwell, &dwellers[i], move_out, "dweller", &child);
  ok = trio_supervisor_close (supervisor, TRUE);
  trio_always (house.n_alive == 0, "nobody outlives the supervisor");
  trio_always (house.n_freed == G_N_ELEMENTS (dwellers), "everybody moves out once, also who was not taken in");
  if (ok)
    trio_sometimes (TRUE, "all succeeded");
  /* Who fell while all was cancelled is told, and expected. */
  failure = trio_error_remove (failure, TRIO_ERROR, TRIO_ERROR_BROKEN_RESOURCE, NULL);
  if (failure == NULL)
    return TRUE;
  g_propagate_error (error, failure);
  return FALSE;
}

/* ---- scenario: a server that is asked to end ---- */

typedef struct
{
  TrioListener *listener;
  guint         n_begun;
  guint         n_finished;
  gboolean      over;
} Shop;

static gboolean
sell (TrioStream *stream, gpointer data, GError **error)
{
  Shop *shop = data;
  char byte;
  gssize n;

  trio_always (!shop->over, "nobody is served after the end");
  shop->n_begun++;
  while ((n = trio_stream_receive_some (stream, &byte, 1, error)) > 0)
    if (!trio_sleep (SECOND / 10, error) || !trio_stream_send_all (stream, &byte, 1, error))
      break;
  shop->n_finished++;
  return n == 0;
}

static gboolean
open_shop (gpointer data, GError **error)
{
  Shop *shop = data;

  return trio_serve_listener (shop->listener, sell, shop, error);
}

/* A customer that is not served, or no longer, goes home without complaint; what it is told in full it is told right. */
static gboolean
buy (gpointer data, GError **error)
{
  Shop *shop = data;
  GError *why = NULL;
  g_autoptr (TrioStream) stream = trio_open_tcp_stream ("127.0.0.1", trio_listener_get_port (shop->listener), &why);
  char byte = 'x', answer = 0;

  if (stream != NULL && trio_stream_send_all (stream, &byte, 1, &why) && trio_stream_send_eof (stream, &why)
      && trio_stream_receive_some (stream, &answer, 1, &why) > 0)
    trio_always (answer == byte, "the answer is right");
  if (trio_error_contains (why, TRIO_ERROR, TRIO_ERROR_CANCELLED) || trio_error_contains (why, TRIO_ERROR, TRIO_ERROR_KEYBOARD_INTERRUPT))
    {
      g_propagate_error (error, why);
      return FALSE;
    }
  g_clear_error (&why);
  return TRUE;
}

static gboolean
visit_at_the_end (Shop *shop, GError **error)
{
  g_autoptr (TrioNursery) customers = trio_nursery_open (error);

  trio_nursery_start_soon (customers, buy, shop);
  trio_nursery_start_soon (customers, buy, shop);
  return trio_nursery_close (customers, trio_sleep (SECOND / 20, error));
}

static gboolean
sell_until_asked (gpointer data G_GNUC_UNUSED, GError **error)
{
  g_autoptr (TrioListener) listener = trio_open_tcp_listener ("127.0.0.1", 0, error);
  g_autoptr (TrioNursery) nursery = NULL;
  Shop shop = { .listener = listener };
  TrioCancelScope *scope;
  gboolean ok;

  if (listener == NULL)
    return FALSE;
  nursery = trio_nursery_open (error);
  scope = trio_nursery_get_cancel_scope (nursery);
  trio_nursery_start_soon (nursery, open_shop, &shop);
  trio_nursery_start_soon (nursery, buy, &shop);
  ok = trio_sleep (SECOND / 20, error);
  trio_cancel_scope_cancel_gracefully (scope, 2 * SECOND);
  if (ok)
    ok = visit_at_the_end (&shop, error);
  ok = trio_nursery_close (nursery, ok);
  shop.over = TRUE;
  trio_always (shop.n_begun == shop.n_finished, "every handler ends");
  if (ok && !trio_cancel_scope_cancelled_caught (scope))
    trio_sometimes (shop.n_finished > 0, "somebody was served to the end");
  return ok;
}

/* ---- scenario: soft waits ---- */

static gboolean
listen_and_clean_up (gpointer data, GError **error)
{
  guint *n_done = data;
  gboolean ok = trio_wait_soft_cancelled (error);

  if (ok)
    trio_always (trio_current_soft_cancelled (), "who was asked is asked");
  {
    g_autoptr (TrioCancelScope) shield G_GNUC_UNUSED = trio_shield_for (SECOND, NULL);

    (void) !trio_sleep (SECOND / 2, NULL);
  }
  ++*n_done;
  return ok;
}

static gboolean
ask_them (gpointer data G_GNUC_UNUSED, GError **error)
{
  g_autoptr (TrioNursery) nursery = trio_nursery_open (error);
  guint n_done = 0;
  gboolean ok;

  for (guint i = 0; i < 3; i++)
    trio_nursery_start_soon (nursery, listen_and_clean_up, &n_done);
  ok = trio_sleep (SECOND, error);
  trio_cancel_scope_cancel_gracefully (trio_nursery_get_cancel_scope (nursery), SECOND);
  ok = trio_nursery_close (nursery, ok);
  trio_always (n_done == 3, "everybody has cleaned up");
  return ok;
}

/* ---- sweeping ---- */

typedef struct
{
  const char    *name;
  TrioFunc       func;
  gpointer       data;
} Case;

static const Case cases[] = {
  { "one-for-one", keep_house, GINT_TO_POINTER (TRIO_SUPERVISOR_ONE_FOR_ONE) },
  { "one-for-all", keep_house, GINT_TO_POINTER (TRIO_SUPERVISOR_ONE_FOR_ALL) },
  { "rest-for-one", keep_house, GINT_TO_POINTER (TRIO_SUPERVISOR_REST_FOR_ONE) },
  { "serve", sell_until_asked, NULL },
  { "ask", ask_them, NULL },
};

/* The places where one of these labels was asked. */
typedef struct
{
  const char *const *labels;
  TrioSchedule      *schedule;
} Places;

static void
collect (const TrioScheduleEntry *entry, gpointer user_data)
{
  Places *places = user_data;

  if (g_strv_contains (places->labels, entry->label))
    trio_schedule_append (places->schedule, entry);
}

static void
expect_well (const Case *it, const TrioSimReport *report, const TrioSchedule *schedule)
{
  if (report->verdict != TRIO_SIM_OK)
    {
      const TrioScheduleEntry *entry = schedule != NULL ? trio_schedule_get_entry (schedule, 0) : NULL;

      g_error ("%s%s%s: %s", it->name, entry != NULL ? ": " : "", entry != NULL ? entry->words != NULL ? entry->words : entry->label : "",
               report->message);
    }
}

static void
sweep_over (const Case *it, TrioSimInject inject, const char *const *labels, guint at_least)
{
  g_autoptr (TrioSchedule) places = trio_schedule_new ();
  Places found = { labels, places };
  g_autoptr (TrioSimReport) base = sim_run (it->func, it->data, &(TrioSimOptions) {
    .inject = inject, .on_choice = collect, .user_data = &found,
  });
  guint step = g_getenv ("TRIO_TEST_VALGRIND") != NULL ? 17 : 1, n_runs = 0;

  expect_well (it, base, NULL);
  g_assert_cmpuint (trio_schedule_get_length (places), >=, at_least);
  for (guint i = 0; i < trio_schedule_get_length (places); i += step)
    for (guint32 value = 1; value < trio_schedule_get_entry (places, i)->bound; value++)
      {
        g_autoptr (TrioSchedule) schedule = trio_schedule_new ();
        g_autoptr (TrioSimReport) report = NULL;
        TrioScheduleEntry entry = *trio_schedule_get_entry (places, i);

        entry.value = value;
        trio_schedule_append (schedule, &entry);
        report = sim_run_replay (it->func, it->data, schedule, TRIO_SIM_INJECT_NONE);
        expect_well (it, report, schedule);
        g_assert_cmpuint (report->unmatched, ==, 0);
        n_runs++;
      }
  g_test_message ("%u runs", n_runs);
}

/* Every checkpoint, and at it every scope around it, and Ctrl-C. */
static void
sweep (gconstpointer data)
{
  sweep_over (data, TRIO_SIM_INJECT_CANCEL | TRIO_SIM_INJECT_INTERRUPT, (const char *const[]) { "cancel", "interrupt", NULL }, 12);
}

/* No memory for the stack of each task in turn, the manager's too. The supervisor fails for it; it does not wait for who was never there. */
static void
sweep_memory (gconstpointer data)
{
  sweep_over (data, TRIO_SIM_INJECT_FAULT, (const char *const[]) { "fault.memory", NULL }, 7);
}

static void
explore (gconstpointer data)
{
  const Case *it = data;
  guint64 n = g_getenv ("TRIO_TEST_VALGRIND") != NULL ? 5 : 1000;

  for (guint64 seed = 1; seed <= n; seed++)
    {
      TrioSimInject inject = seed % 2 == 0 ? TRIO_SIM_INJECT_NONE : TRIO_SIM_INJECT_CANCEL | TRIO_SIM_INJECT_INTERRUPT;
      g_autoptr (TrioSimReport) report = sim_run_random (it->func, it->data, seed, inject);

      expect_well (it, report, NULL);
    }
}

/* ---- what is not swept ---- */

static gboolean
serve_in_spite_of_it (gpointer data G_GNUC_UNUSED, GError **error)
{
  g_autoptr (TrioListener) listener = trio_open_tcp_listener ("127.0.0.1", 0, error);
  g_autoptr (TrioNursery) nursery = NULL;
  Shop shop = { .listener = listener };
  gboolean ok;

  if (listener == NULL)
    return FALSE;
  nursery = trio_nursery_open (error);
  trio_nursery_start_soon (nursery, open_shop, &shop);
  ok = trio_sleep (SECOND, error) && buy (&shop, error);
  trio_always (shop.n_finished == 1, "the customer is served");
  trio_nursery_cancel (nursery);
  return trio_nursery_close (nursery, ok);
}

/* The scope in which a server accepts is cancelled by something else than a soft cancellation: that is no reason to close. */
static void
test_a_server_that_nobody_asked_goes_on (void)
{
  g_autoptr (TrioSimReport) report = sim_run_lines (serve_in_spite_of_it, NULL, "main/open_shop cancel 1 = 1/4");

  sim_expect (report, TRIO_SIM_OK, NULL);
  g_assert_cmpuint (report->unmatched, ==, 0);
  g_assert_cmpuint (trio_schedule_get_length (report->schedule), ==, 1);
}

/* The jitter is a choice: found in the schedules of some runs, and told in words. */
static void
test_jitter_is_a_choice (void)
{
  guint n_jittered = 0;

  for (guint64 seed = 1; seed <= 50; seed++)
    {
      g_autoptr (TrioSimReport) report = sim_run_random (keep_house, GINT_TO_POINTER (TRIO_SUPERVISOR_ONE_FOR_ONE), seed, TRIO_SIM_INJECT_NONE);

      for (guint i = 0; i < trio_schedule_get_length (report->schedule); i++)
        {
          const TrioScheduleEntry *entry = trio_schedule_get_entry (report->schedule, i);

          if (!g_str_equal (entry->label, "supervisor.jitter"))
            continue;
          n_jittered++;
          g_assert_nonnull (strstr (entry->words, "the delay before dweller was restarted was"));
        }
    }
  g_assert_cmpuint (n_jittered, >, 10);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autofree char *swept = g_strconcat ("/sweep/", cases[i].name, NULL);
      g_autofree char *explored = g_strconcat ("/explore/", cases[i].name, NULL);

      g_test_add_data_func (swept, &cases[i], sweep);
      g_test_add_data_func (explored, &cases[i], explore);
      if (cases[i].func == keep_house)
        {
          g_autofree char *without_memory = g_strconcat ("/sweep/without-memory/", cases[i].name, NULL);

          g_test_add_data_func (without_memory, &cases[i], sweep_memory);
        }
    }
  g_test_add_func ("/serve/a_server_that_nobody_asked_goes_on", test_a_server_that_nobody_asked_goes_on);
  g_test_add_func ("/supervisor/jitter_is_a_choice", test_jitter_is_a_choice);
  return g_test_run ();
}
