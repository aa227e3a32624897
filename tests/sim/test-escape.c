/* SPDX-License-Identifier: MIT OR Apache-2.0 */

/* What a program calls past the seams: in a run it is answered, or ends the run and is named; out of a run it is the real thing. Each row of
 * simulator/escape/controlled.def is called. */

#include <pthread.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <trio-sim/hosts.h>
#include <trio/trio.h>

#include "escape-calls.h"
#include "sim-test.h"

#define EPOCH (G_GINT64_CONSTANT (1767225600) * G_USEC_PER_SEC)

/* The rows of one kind; names as in the list. */
static const char *const calendar[] = { "gettimeofday", "time", "timespec_get", "g_get_real_time" };
static const char *const monotonic[] = { "clock_gettime", "clock", "times", "g_get_monotonic_time" };
static const char *const seeding[] = { "srand", "srandom", "srand48", "g_random_set_seed" };
static const char *const sleeping[] = { "sleep", "usleep", "nanosleep", "clock_nanosleep", "thrd_sleep" };

static guint
index_of (const char *name)
{
  return (guint) (escape_call_find (name) - escape_calls);
}

static gboolean
is_random (guint i)
{
  return i >= index_of ("getrandom") && i <= index_of ("g_uuid_string_random");
}

static gboolean
is_reported (guint i)
{
  return i > index_of ("g_uuid_string_random");
}

static gboolean
make_call (gpointer data, GError **error G_GNUC_UNUSED)
{
  ((const EscapeCall *) data)->call ();
  return TRUE;
}

/* --- reported --- */

static void
test_what_leaves_the_simulation_is_reported_with_its_place (void)
{
  for (guint i = 0; i < n_escape_calls; i++)
    {
      const EscapeCall *call = &escape_calls[i];
      g_autofree G_GNUC_UNUSED char *site = g_strdup_printf ("call_%s", call->name);
      g_autoptr (TrioSimReport) report = NULL;

      if (!is_reported (i))
        continue;
      report = sim_run (make_call, (gpointer) call, NULL);
      sim_expect (report, TRIO_SIM_ESCAPE, call->name);
      g_assert_nonnull (strstr (report->message, "leaves the simulation, for "));
      g_assert_nonnull (strstr (report->message, "called by main, at step 2, at 0 s"));
      g_assert_nonnull (strstr (report->message, "instead: "));
#ifdef HAVE_STACKS
      g_test_message ("%s", report->message);
      g_assert_nonnull (strstr (report->message, site));
      g_assert_nonnull (strstr (report->place, site));
#endif
    }
}

static gboolean
call_on_thread (gpointer data, GError **error)
{
  return trio_to_thread_run_sync (make_call, data, error);
}

static void
test_a_simulated_thread_cannot_leave_either (void)
{
  g_autoptr (TrioSimReport) report = sim_run (call_on_thread, (gpointer) escape_call_find ("socket"), NULL);

  sim_expect (report, TRIO_SIM_ESCAPE, "socket");
  g_test_message ("%s", report->message);
  g_assert_nonnull (strstr (report->message, "called by the thread \"main\" of main"));
}

/* --- clocks --- */

static gboolean
call_later (gpointer data, GError **error)
{
  if (!trio_sleep (1250 * G_TIME_SPAN_MILLISECOND, error))
    return FALSE;
  ((const EscapeCall *) data)->call ();
  return TRUE;
}

static guint64
see (TrioFunc func, const char *name, TrioSimOptions options)
{
  g_autoptr (TrioSimReport) report = NULL;

  escape_seen = 0;
  report = sim_run (func, (gpointer) escape_call_find (name), &options);
  sim_expect (report, TRIO_SIM_OK, NULL);
  return escape_seen;
}

static void
test_clocks_are_the_run_s (void)
{
  for (guint i = 0; i < G_N_ELEMENTS (monotonic); i++)
    g_assert_cmpuint (see (call_later, monotonic[i], (TrioSimOptions) { 0 }), ==, 1250 * G_TIME_SPAN_MILLISECOND);
  for (guint i = 0; i < G_N_ELEMENTS (calendar); i++)
    {
      guint64 coarse = g_str_equal (calendar[i], "time") ? G_USEC_PER_SEC : 1;
      guint64 now = see (call_later, calendar[i], (TrioSimOptions) { 0 });

      g_assert_cmpuint (now, ==, (EPOCH + 1250 * G_TIME_SPAN_MILLISECOND) / coarse * coarse);
    }
}

/* They come to it by way of the C library. */
static gboolean
ask_glib (gpointer data G_GNUC_UNUSED, GError **error)
{
  g_autoptr (GDateTime) then = NULL;
  g_autoptr (GTimer) timer = NULL;
  g_autofree char *text = NULL;

  if (!trio_sleep (90 * G_TIME_SPAN_SECOND, error))
    return FALSE;
  timer = g_timer_new ();
  if (!trio_sleep (G_TIME_SPAN_SECOND / 2, error))
    return FALSE;
  then = g_date_time_new_now_utc ();
  text = g_date_time_format_iso8601 (then);
  g_assert_cmpstr (text, ==, "2026-01-01T00:01:30.500000Z");
  g_assert_cmpint (g_get_monotonic_time (), ==, trio_current_time ());
  g_assert_cmpint (g_get_real_time (), ==, trio_current_real_time ());
  g_assert_cmpfloat (g_timer_elapsed (timer, NULL), ==, 0.5);
  return TRUE;
}

static void
test_glib_s_clocks_are_too (void)
{
  g_autoptr (TrioSimReport) report = sim_run_fifo (ask_glib, NULL);

  sim_expect (report, TRIO_SIM_OK, NULL);
}

static gboolean
be_at_a_host (gpointer data, GError **error)
{
  if (!trio_sleep (10 * G_TIME_SPAN_SECOND, error))
    return FALSE;
  *(gint64 *) data = g_get_monotonic_time ();
  g_assert_cmpint (g_get_monotonic_time (), ==, trio_current_time ());
  return TRUE;
}

static gboolean
run_a_host (gpointer data, GError **error)
{
  TrioSimHost *host = trio_sim_host_new ("db1");
  g_autoptr (TrioNursery) nursery = trio_nursery_open (error);

  trio_sim_host_set_clock (host, G_TIME_SPAN_HOUR, 0);
  trio_sim_host_start (host, nursery, be_at_a_host, data);
  return trio_nursery_close (nursery, TRUE);
}

static void
test_a_host_s_wrong_clock_is_what_its_tasks_see (void)
{
  gint64 seen = 0;
  g_autoptr (TrioSimReport) report = sim_run_fifo (run_a_host, &seen);

  sim_expect (report, TRIO_SIM_OK, NULL);
  g_assert_cmpint (seen, >=, G_TIME_SPAN_HOUR + 10 * G_TIME_SPAN_SECOND);
  g_assert_cmpint (seen, <, G_TIME_SPAN_HOUR + 11 * G_TIME_SPAN_SECOND);
}

/* --- sleeping --- */

static gboolean
sleep_beside_others (gpointer data, GError **error)
{
  gint64 before = trio_current_time ();
  gboolean ok = trio_to_thread_run_sync (make_call, data, error);
  g_assert_cmpint (trio_current_time () - before, >=, 3 * G_TIME_SPAN_SECOND);
  g_assert_cmpint (trio_current_time () - before, <, 4 * G_TIME_SPAN_SECOND);
  return ok;
}

static gboolean
count_seconds (gpointer data, GError **error)
{
  for (*(int *) data = 0; *(int *) data < 2; ++*(int *) data)
    if (!trio_sleep (G_TIME_SPAN_SECOND, error))
      return FALSE;
  return TRUE;
}

typedef struct
{
  const EscapeCall *call;
  int               seconds;
} Sleepers;

static gboolean
sleep_once (gpointer data, GError **error)
{
  Sleepers *self = data;
  gboolean ok = sleep_beside_others ((gpointer) self->call, error);

  g_assert_cmpint (self->seconds, ==, 2);
  return ok;
}

static gboolean
sleep_on_a_thread (gpointer data, GError **error)
{
  Sleepers *self = data;
  g_autoptr (TrioNursery) nursery = trio_nursery_open (error);

  trio_nursery_start_soon (nursery, count_seconds, &self->seconds);
  trio_nursery_start_soon (nursery, sleep_once, self);
  return trio_nursery_close (nursery, TRUE);
}

static void
test_a_thread_that_sleeps_holds_up_nobody (void)
{
  for (guint i = 0; i < G_N_ELEMENTS (sleeping); i++)
    {
      Sleepers sleepers = { .call = escape_call_find (sleeping[i]) };
      g_autoptr (TrioSimReport) report = sim_run_fifo (sleep_on_a_thread, &sleepers);

      sim_expect (report, TRIO_SIM_OK, NULL);
    }
}

static gboolean
sleep_in_a_task (gpointer data, GError **error G_GNUC_UNUSED)
{
  gint64 before = trio_current_time ();

  ((const EscapeCall *) data)->call ();
  g_assert_cmpint (trio_current_time (), ==, before + 3 * G_TIME_SPAN_SECOND);
  return TRUE;
}

/* In the real world it would stop all tasks for so long. */
static void
test_a_task_that_may_sleep_stops_the_clock_s_others (void)
{
  for (guint i = 0; i < G_N_ELEMENTS (sleeping); i++)
    see (sleep_in_a_task, sleeping[i], (TrioSimOptions) { .escapes = TRIO_SIM_ESCAPES_ALLOW });
}

/* GLib's allocator looks at the wall clock with its lock held: nobody may be asked then, who would allocate something himself. */
static gboolean
use_slices (gpointer data G_GNUC_UNUSED, GError **error)
{
  for (guint i = 0; i < 200; i++)
    {
      GSList *list = NULL;

      for (guint k = 0; k < 500; k++)
        list = g_slist_prepend (list, NULL);
      g_slist_free (list);
      if (g_get_real_time () < 0 || !trio_checkpoint (error))
        return FALSE;
    }
  return TRUE;
}

static void
test_the_allocator_may_look_at_the_wall_clock (void)
{
  for (guint seed = 1; seed < 20; seed++)
    {
      g_autoptr (TrioSimReport) report = sim_run (use_slices, NULL, &(TrioSimOptions) {
        .strategy = "random", .seed = seed, .inject = TRIO_SIM_INJECT_FAULT, .escapes = TRIO_SIM_ESCAPES_NOTE,
      });

      sim_expect (report, TRIO_SIM_OK, NULL);
    }
}

/* --- random numbers --- */

static void
test_random_numbers_are_the_same_in_each_run (void)
{
  for (guint i = 0; i < n_escape_calls; i++)
    if (is_random (i))
      {
        guint64 first = see (make_call, escape_calls[i].name, (TrioSimOptions) { 0 });

        g_assert_cmpuint (first, !=, 0);
        g_assert_cmpuint (see (make_call, escape_calls[i].name, (TrioSimOptions) { 0 }), ==, first);
      }
}

/* As with every choice: some seed has another stream, and the schedule of that run has it, too. */
static void
test_other_random_numbers_are_a_decision_that_is_replayed (void)
{
  EscapeCall call = *escape_call_find ("getrandom");
  guint64 dull = see (make_call, "getrandom", (TrioSimOptions) { 0 });

  for (guint64 seed = 1; seed < 1000; seed++)
    {
      g_autoptr (TrioSimReport) report = sim_run_random (make_call, &call, seed, TRIO_SIM_INJECT_NONE);
      g_autoptr (TrioSimReport) again = NULL;
      guint64 seen = escape_seen;

      if (seen == dull)
        continue;
      g_assert_cmpuint (trio_schedule_get_length (report->schedule), ==, 1);
      again = sim_run_replay (make_call, &call, report->schedule, TRIO_SIM_INJECT_NONE);
      g_assert_cmpuint (escape_seen, ==, seen);
      g_assert_cmpuint (again->hash, ==, report->hash);
      return;
    }
  g_assert_not_reached ();
}

static void
test_a_given_seed_gives_the_same_numbers_whatever_is_chosen (void)
{
  for (guint i = 0; i < G_N_ELEMENTS (seeding); i++)
    {
      guint64 dull = see (make_call, seeding[i], (TrioSimOptions) { 0 });

      for (guint64 seed = 1; seed < 50; seed++)
        g_assert_cmpuint (see (make_call, seeding[i], (TrioSimOptions) { .strategy = "random", .seed = seed }), ==, dull);
    }
}

typedef struct
{
  guint64 a, b;
} Pair;

static gboolean
draw_a (gpointer data, GError **error)
{
  ((Pair *) data)->a = (guint64) random ();
  return trio_checkpoint (error);
}

static gboolean
draw_b (gpointer data, GError **error)
{
  ((Pair *) data)->b = (guint64) random ();
  return trio_checkpoint (error);
}

static gboolean
draw_two (gpointer data, GError **error)
{
  g_autoptr (TrioNursery) nursery = trio_nursery_open (error);

  trio_nursery_start_soon (nursery, draw_a, data);
  trio_nursery_start_soon (nursery, draw_b, data);
  return trio_nursery_close (nursery, TRUE);
}

static void
test_who_goes_first_does_not_change_what_a_task_draws (void)
{
  Pair plain, swapped;
  g_autoptr (TrioSimReport) first = sim_run_fifo (draw_two, &plain);
  g_autoptr (TrioSimReport) second = sim_run_lines (draw_two, &swapped, "main/draw_a schedule 1 = 1/2 -> main/draw_b");

  sim_expect (first, TRIO_SIM_OK, NULL);
  g_assert_cmpuint (second->unmatched, ==, 0);
  g_assert_cmpuint (plain.a, !=, plain.b);
  g_assert_cmpuint (swapped.a, ==, plain.a);
  g_assert_cmpuint (swapped.b, ==, plain.b);
}

/* --- what is let through, and told --- */

static gboolean
do_several (gpointer data G_GNUC_UNUSED, GError **error)
{
  for (guint i = 0; i < 2; i++)
    {
      escape_call_find ("time")->call ();
      escape_call_find ("socket")->call ();
    }
  return trio_checkpoint (error);
}

static void
test_what_is_let_through_can_be_told (void)
{
  g_autoptr (TrioSimReport) told = sim_run (do_several, NULL, &(TrioSimOptions) { .escapes = TRIO_SIM_ESCAPES_NOTE });
  g_autoptr (TrioSimReport) quiet = sim_run (do_several, NULL, &(TrioSimOptions) { .escapes = TRIO_SIM_ESCAPES_ALLOW });

  sim_expect (told, TRIO_SIM_OK, NULL);
  sim_expect (quiet, TRIO_SIM_OK, NULL);
  g_assert_null (quiet->escapes);
#ifdef HAVE_STACKS
  g_assert_nonnull (strstr (told->escapes, "time, in call_time, by main, 2 times: the run's clock answers"));
  g_assert_nonnull (strstr (told->escapes, "socket, in call_socket, by main, 2 times: it would reach a real network"));
#endif
  g_assert_cmpuint (told->hash, ==, quiet->hash);
}

/* --- outside --- */

static gint64
ask_the_kernel (clockid_t clock_id)
{
  struct timespec now;

  syscall (SYS_clock_gettime, clock_id, &now);
  return now.tv_sec * G_USEC_PER_SEC + now.tv_nsec / 1000;
}

static void
check_the_real_clock (void)
{
  gint64 before = ask_the_kernel (CLOCK_REALTIME);

  g_assert_cmpint (g_get_real_time (), >=, before);
  g_assert_cmpint (g_get_real_time (), <=, ask_the_kernel (CLOCK_REALTIME));
  before = ask_the_kernel (CLOCK_MONOTONIC);
  g_assert_cmpint (g_get_monotonic_time (), >=, before);
  g_assert_cmpint (g_get_monotonic_time (), <=, ask_the_kernel (CLOCK_MONOTONIC));
}

/* All of them but those that would wait. */
static void
test_outside_a_run_all_of_it_is_real (void)
{
  check_the_real_clock ();
  for (guint i = 0; i < n_escape_calls; i++)
    {
      guint64 first;

      if (i >= index_of ("sleep") && i <= index_of ("syscall"))
        continue;
      if (g_str_equal (escape_calls[i].name, "g_main_loop_run") || g_str_equal (escape_calls[i].name, "g_thread_pool_push"))
        continue;
      escape_calls[i].call ();
      first = escape_seen;
      escape_calls[i].call ();
      if (is_random (i) && !g_strv_contains ((const char *const[]) { "srand", "srandom", "srand48", "g_random_set_seed", NULL }, escape_calls[i].name))
        g_assert_cmpuint (escape_seen, !=, first);
    }
}

static void
look_at_the_real_clock (guint64 step G_GNUC_UNUSED, TrioTask *task G_GNUC_UNUSED, gpointer data)
{
  check_the_real_clock ();
  ++*(int *) data;
}

/* Who watches a run is not in it. */
static void
test_whoever_watches_a_run_sees_the_real_clock (void)
{
  int looks = 0;
  Pair pair;
  g_autoptr (TrioSimReport) report = sim_run (draw_two, &pair, &(TrioSimOptions) { .on_step = look_at_the_real_clock, .user_data = &looks });

  sim_expect (report, TRIO_SIM_OK, NULL);
  g_assert_cmpint (looks, >, 3);
  check_the_real_clock ();
}

static gboolean
run_in_the_real_world (gpointer data G_GNUC_UNUSED, GError **error)
{
  check_the_real_clock ();
  escape_call_find ("socket")->call ();
  return trio_checkpoint (error);
}

static void
test_a_real_run_is_the_real_world (void)
{
  g_autoptr (GError) error = NULL;

  g_assert_true (trio_run (run_in_the_real_world, NULL, &error));
  g_assert_no_error (error);
}

static void *
look_from_beside (void *data G_GNUC_UNUSED)
{
  check_the_real_clock ();
  return NULL;
}

static gboolean
be_watched (gpointer data, GError **error G_GNUC_UNUSED)
{
  pthread_t thread;

  g_assert_cmpint (pthread_create (&thread, NULL, look_from_beside, data), ==, 0);
  pthread_join (thread, NULL);
  return TRUE;
}

static void
test_another_thread_is_never_in_the_run (void)
{
  g_autoptr (TrioSimReport) report = sim_run (be_watched, NULL, &(TrioSimOptions) { .escapes = TRIO_SIM_ESCAPES_ALLOW });

  sim_expect (report, TRIO_SIM_OK, NULL);
}

int
main (int argc, char **argv)
{
#define ADD(name) g_test_add_func ("/escape/" #name, test_##name)
  g_test_init (&argc, &argv, NULL);
  ADD (what_leaves_the_simulation_is_reported_with_its_place);
  ADD (a_simulated_thread_cannot_leave_either);
  ADD (clocks_are_the_run_s);
  ADD (glib_s_clocks_are_too);
  ADD (a_host_s_wrong_clock_is_what_its_tasks_see);
  ADD (a_thread_that_sleeps_holds_up_nobody);
  ADD (a_task_that_may_sleep_stops_the_clock_s_others);
  ADD (the_allocator_may_look_at_the_wall_clock);
  ADD (random_numbers_are_the_same_in_each_run);
  ADD (other_random_numbers_are_a_decision_that_is_replayed);
  ADD (a_given_seed_gives_the_same_numbers_whatever_is_chosen);
  ADD (who_goes_first_does_not_change_what_a_task_draws);
  ADD (what_is_let_through_can_be_told);
  ADD (outside_a_run_all_of_it_is_real);
  ADD (whoever_watches_a_run_sees_the_real_clock);
  ADD (a_real_run_is_the_real_world);
  ADD (another_thread_is_never_in_the_run);
  return g_test_run ();
}
