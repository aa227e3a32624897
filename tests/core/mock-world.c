/* SPDX-License-Identifier: MIT OR Apache-2.0 */

#include "tests/core/mock-world.h"

#include <stdlib.h>

#include <trio/lowlevel/idle.h>

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define CHECKED 1
#elif defined(__has_feature)
#if __has_feature (address_sanitizer) || __has_feature (thread_sanitizer)
#define CHECKED 1
#endif
#endif
#ifndef CHECKED
#define CHECKED 0
#endif

#define TRIO_MOCK_OF(pointer, member) ((MockWorld *) (gpointer) ((char *) (pointer) - G_STRUCT_OFFSET (MockWorld, member)))

static gint64
mock_now (TrioClock *clock)
{
  return TRIO_MOCK_OF (clock, clock)->now;
}

static void
mock_wake (TrioWorld *world)
{
  MockWorld *self = (MockWorld *) world;

  pthread_mutex_lock (&self->lock);
  self->n_wakes++;
  pthread_cond_signal (&self->woken);
  pthread_mutex_unlock (&self->lock);
}

static void
mock_poll (TrioIo *io)
{
  MockWorld *self = TRIO_MOCK_OF (io, io);

  if (self->on_poll != NULL)
    self->on_poll (self);
}

static guint
count_wakes (MockWorld *self)
{
  guint n;

  pthread_mutex_lock (&self->lock);
  n = self->n_wakes;
  pthread_mutex_unlock (&self->lock);
  return n;
}

static void
wait_for_wake (MockWorld *self, guint seen)
{
  pthread_mutex_lock (&self->lock);
  while (self->n_wakes == seen)
    pthread_cond_wait (&self->woken, &self->lock);
  pthread_mutex_unlock (&self->lock);
}

const MockElsewhere *mock_elsewhere;
guint32 mock_seed;

static guint32
choose_order (MockWorld *self, const TrioChoicePoint *point)
{
  gboolean is_open = self->rand != NULL && g_str_equal (point->label, TRIO_CHOICE_SCHEDULE);

  return is_open ? (guint32) g_rand_int_range (self->rand, 0, (gint32) point->bound) : 0;
}

static guint32
choose_any (TrioChoice *choice, const TrioChoicePoint *point)
{
  return choose_order (TRIO_MOCK_OF (choice, any_order), point);
}

MockWorld *
mock_world_new (void)
{
  MockWorld *self = g_new0 (MockWorld, 1);

  /* What is told to a mock world nobody else would hear. */
  g_assert_true (mock_elsewhere == NULL);
  self->clock.now = mock_now;
  self->world.name = "mock";
  self->world.clock = &self->clock;
  self->io.poll = mock_poll;
  self->world.io = &self->io;
  self->world.wake = mock_wake;
  self->now = 1000;
  self->turns_max = 50000000;
  pthread_mutex_init (&self->lock, NULL);
  pthread_cond_init (&self->woken, NULL);
  if (mock_seed != 0)
    {
      self->rand = g_rand_new_with_seed (mock_seed);
      self->any_order.choose = choose_any;
      self->world.choice = &self->any_order;
    }
  return self;
}

void
mock_world_free (MockWorld *self)
{
  pthread_mutex_destroy (&self->lock);
  pthread_cond_destroy (&self->woken);
  g_clear_pointer (&self->rand, g_rand_free);
  g_free (self);
}

MockWorld *
mock_world_current (void)
{
  g_assert_true (mock_elsewhere == NULL);
  return (MockWorld *) trio_loop_get_world (trio_loop_get_current ());
}

void
mock_advance (GTimeSpan span)
{
  if (mock_elsewhere != NULL)
    mock_elsewhere->advance (span);
  else
    mock_world_current ()->now += span;
}

gboolean
mock_run_in (MockWorld *self, TrioFunc main, gpointer data, const TrioLoopOptions *options, GError **error)
{
  /* The same tests can be run with several turns at once. */
  const char *turns_at_once = g_getenv ("MOCK_TURNS_AT_ONCE");
  guint max_turns = turns_at_once != NULL ? (guint) g_ascii_strtoull (turns_at_once, NULL, 10) : 1;
  TrioLoop *loop = trio_loop_new (&self->world, main, data, options, error);

  if (loop == NULL)
    return FALSE;
  for (guint64 turns = 0; !trio_loop_is_done (loop); turns++)
    {
      guint seen = count_wakes (self);
      gint64 due = trio_loop_turns (loop, max_turns, NULL);

      g_assert_cmpuint (turns, <, self->turns_max);
      if (trio_loop_is_done (loop) || due == G_MININT64 || count_wakes (self) != seen)
        continue;
      if (self->on_idle != NULL && self->on_idle (self, loop))
        continue;
      if (trio_loop_get_cushion (loop) < (due == G_MAXINT64 ? due : due - self->now))
        {
          self->now += trio_loop_get_cushion (loop);
          trio_loop_tell_idle (loop);
        }
      else if (due != G_MAXINT64)
        self->now = MAX (self->now, due);
      else if (trio_loop_get_holds (loop) > 0)
        wait_for_wake (self, seen);
      else
        {
          trio_loop_abandon (loop);
          g_set_error (error, TRIO_ERROR, TRIO_ERROR_DEADLOCK, "nothing can ever wake a task");
          return FALSE;
        }
    }
  return trio_loop_finish (loop, error);
}

gboolean
mock_run (TrioFunc main, gpointer data, GError **error)
{
  g_autoptr (MockWorld) self = NULL;

  if (mock_elsewhere != NULL)
    return mock_elsewhere->run (main, data, error);
  self = mock_world_new ();
  return mock_run_in (self, main, data, NULL, error);
}

gboolean
mock_is_ordered (void)
{
  return mock_elsewhere == NULL && mock_seed == 0;
}

gboolean
mock_yield (GError **error)
{
  return mock_is_ordered () ? trio_checkpoint (error) : trio_wait_idle (0, error);
}

gboolean
mock_is_disturbed (void)
{
  return mock_elsewhere != NULL && mock_elsewhere->is_disturbed ();
}

void
mock_assert_time (gint64 time)
{
  if (mock_elsewhere == NULL)
    g_assert_cmpint (trio_current_time (), ==, time);
  else if (!mock_is_disturbed ())
    g_assert_cmpint (trio_current_time (), >=, time);
}

static guint32
mock_choose (TrioChoice *choice, const TrioChoicePoint *point)
{
  MockChoice *self = (MockChoice *) choice;

  if (self->asked != NULL)
    g_string_append_printf (self->asked, "%s%s/%u", self->asked->len > 0 ? " " : "", point->label, point->bound);
  if (g_str_equal (point->label, TRIO_CHOICE_CANCEL))
    {
      if (++self->n_cancel != self->cancel_at)
        return 0;
      self->cancelled_task = g_strdup (trio_task_get_name (point->task));
      return MAX (self->cancel_value, 1);
    }
  if (g_str_equal (point->label, TRIO_CHOICE_INTERRUPT))
    return ++self->n_interrupt == self->interrupt_at;
  if (g_str_equal (point->label, TRIO_CHOICE_SCHEDULE))
    self->n_schedule++;
  return self->last_goes_first ? point->bound - 1 : choose_order (self->world, point);
}

MockChoice *
mock_choice_new (MockWorld *world)
{
  MockChoice *self = g_new0 (MockChoice, 1);

  self->choice.choose = mock_choose;
  self->world = world;
  world->world.choice = &self->choice;
  return self;
}

void
mock_choice_free (MockChoice *self)
{
  if (self->asked != NULL)
    g_string_free (self->asked, TRUE);
  g_free (self->cancelled_task);
  g_free (self);
}

gboolean
mock_fail (gpointer message, GError **error)
{
  g_set_error_literal (error, TRIO_ERROR, TRIO_ERROR_FAILED, message);
  return FALSE;
}

gboolean
mock_sleep_forever (gpointer unused G_GNUC_UNUSED, GError **error)
{
  return trio_sleep_forever (error);
}

gboolean
mock_sleep (gpointer span, GError **error)
{
  return trio_sleep (GPOINTER_TO_INT (span), error);
}

gboolean
mock_check_in (gpointer unused G_GNUC_UNUSED, GError **error)
{
  return trio_checkpoint (error);
}

gboolean
mock_return (gpointer unused G_GNUC_UNUSED, GError **error G_GNUC_UNUSED)
{
  return TRUE;
}

gboolean
mock_is_checked (void)
{
  return CHECKED || g_getenv ("TRIO_TEST_VALGRIND") != NULL;
}

GString *mock_log;

void
mock_say (const char *format, ...)
{
  va_list args;

  if (mock_log == NULL)
    mock_log = g_string_new (NULL);
  else if (mock_log->len > 0)
    g_string_append_c (mock_log, ' ');
  va_start (args, format);
  g_string_append_vprintf (mock_log, format, args);
  va_end (args);
}

void
mock_expect (const char *expected)
{
  g_assert_cmpstr (mock_log != NULL ? mock_log->str : "", ==, expected);
  mock_forget ();
}

static int
compare_words (gconstpointer a, gconstpointer b)
{
  return strcmp (*(char *const *) a, *(char *const *) b);
}

static char *
sort_words (const char *text)
{
  g_auto (GStrv) words = g_strsplit (text, " ", -1);

  qsort (words, g_strv_length (words), sizeof *words, compare_words);
  return g_strjoinv (" ", words);
}

void
mock_expect_in_any_order (const char *expected)
{
  g_autofree char *sorted = NULL;
  g_autofree char *sorted_log = NULL;

  if (mock_is_ordered () || mock_log == NULL)
    {
      mock_expect (expected);
      return;
    }
  sorted = sort_words (expected);
  sorted_log = sort_words (mock_log->str);
  g_assert_cmpstr (sorted_log, ==, sorted);
  mock_forget ();
}

void
mock_forget (void)
{
  if (mock_log != NULL)
    g_string_free (g_steal_pointer (&mock_log), TRUE);
}
