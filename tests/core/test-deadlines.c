/* SPDX-License-Identifier: MIT OR Apache-2.0 */

/* The heap of deadlines, against a list that is searched from end to end. Statement 53: of what was disarmed not much is left
 * behind. */

#include "core/loop/deadlines.h"
#include "tests/core/core-test.h"

enum { N = 600 };

typedef struct
{
  TrioDeadline deadline;
  gint64       due;
  guint64      serial;        /* of arming */
  gboolean     armed;
} Entry;

typedef struct
{
  TrioDeadlines heap;
  Entry         entries[N];
  guint64       next_serial;
  guint64       lcg;
  gint64        last_due;     /* the last that expired in this pass */
  guint64       last_serial;
  gint64        now;
  guint         n_expired;
} Model;

static Model *current;

/* A fixed sequence, the same on every machine. */
static guint
next_number (Model *model, guint bound)
{
  model->lcg = model->lcg * G_GUINT64_CONSTANT (6364136223846793005) + G_GUINT64_CONSTANT (1442695040888963407);
  return (guint) (model->lcg >> 33) % bound;
}

static Entry *
find_first (Model *model)
{
  Entry *first = NULL;

  for (int i = 0; i < N; i++)
    {
      Entry *entry = &model->entries[i];

      if (entry->armed && (first == NULL || entry->due < first->due || (entry->due == first->due && entry->serial < first->serial)))
        first = entry;
    }
  return first;
}

static void
arm (Model *model, Entry *entry, gint64 due)
{
  entry->due = due;
  entry->serial = model->next_serial++;
  entry->armed = TRUE;
  trio_deadlines_arm (&model->heap, &entry->deadline, due);
}

static void
expire_entry (TrioDeadline *deadline)
{
  Entry *entry = (Entry *) deadline;

  g_assert_false (trio_deadline_is_armed (deadline));
  g_assert_true (entry == find_first (current));
  g_assert_cmpint (entry->due, <=, current->now);
  entry->armed = FALSE;
  current->n_expired++;
}

static void
check (Model *model)
{
  gsize n = 0;
  Entry *first = find_first (model);

  for (int i = 0; i < N; i++)
    {
      Entry *entry = &model->entries[i];

      n += entry->armed;
      g_assert_cmpint (trio_deadline_is_armed (&entry->deadline), ==, entry->armed);
      if (entry->armed)
        g_assert_true (model->heap.slots[entry->deadline.place].deadline == &entry->deadline);
    }
  g_assert_cmpuint (model->heap.n - model->heap.n_empty, ==, n);
  /* (53) */
  g_assert_cmpuint (model->heap.n, <=, 2 * n + 1000);
  g_assert_cmpint (trio_deadlines_next (&model->heap), ==, first != NULL ? first->due : G_MAXINT64);
}

static Model *
model_new (guint64 seed)
{
  Model *model = g_new0 (Model, 1);

  model->lcg = seed;
  for (int i = 0; i < N; i++)
    trio_deadline_init (&model->entries[i].deadline, expire_entry);
  current = model;
  return model;
}

static void
model_free (Model *model)
{
  trio_deadlines_clear (&model->heap);
  g_free (model);
}

/* (D15) In order of time, and of arming when the time is the same; there are many of the same. */
static void
test_deadlines_expire_in_order_whatever_was_armed_and_disarmed (void)
{
  for (guint64 seed = 1; seed <= 4; seed++)
    {
      Model *model = model_new (seed);
      gint64 bound = seed == 1 ? 5 : seed == 2 ? 100 : 1000000;

      for (int i = 0; i < 20000; i++)
        {
          Entry *entry = &model->entries[next_number (model, N)];

          if (next_number (model, 50) == 0)
            {
              model->now += next_number (model, (guint) bound);
              trio_deadlines_expire (&model->heap, model->now);
              g_assert_true (find_first (model) == NULL || find_first (model)->due > model->now);
            }
          else if (!entry->armed)
            arm (model, entry, model->now - bound / 2 + next_number (model, (guint) bound * 2));
          else
            {
              entry->armed = FALSE;
              trio_deadlines_disarm (&model->heap, &entry->deadline);
            }
          if (i % 64 == 0)
            check (model);
        }
      g_assert_cmpuint (model->n_expired, >, 100);
      model_free (model);
    }
}

static void
test_disarming_what_is_not_armed_is_nothing (void)
{
  Model *model = model_new (1);

  trio_deadlines_disarm (&model->heap, &model->entries[0].deadline);
  check (model);
  arm (model, &model->entries[0], 5);
  model->entries[0].armed = FALSE;
  trio_deadlines_disarm (&model->heap, &model->entries[0].deadline);
  trio_deadlines_disarm (&model->heap, &model->entries[0].deadline);
  check (model);
  model_free (model);
}

/* (53) One scope whose deadline is moved all the time. */
static void
test_moving_one_deadline_again_and_again_fills_no_memory (void)
{
  Model *model = model_new (1);

  arm (model, &model->entries[1], 5);
  for (int i = 0; i < 100000; i++)
    {
      arm (model, &model->entries[0], 10 + i % 3);
      g_assert_cmpuint (model->heap.n, <=, 2 * 2 + 1000);
      model->entries[0].armed = FALSE;
      trio_deadlines_disarm (&model->heap, &model->entries[0].deadline);
    }
  check (model);
  model_free (model);
}

/* ---- armed and disarmed by those who expire ---- */

static void
arm_another (TrioDeadline *deadline)
{
  Entry *entry = (Entry *) deadline;
  Entry *other = entry + 100;

  entry->armed = FALSE;
  mock_say ("%d", (int) (entry - current->entries));
  /* Long ago: it would be the first, if it took part. */
  arm (current, other, -1000);
}

static void
say_entry (TrioDeadline *deadline)
{
  Entry *entry = (Entry *) deadline;

  entry->armed = FALSE;
  mock_say ("%d", (int) (entry - current->entries));
}

static void
test_what_is_armed_while_others_expire_waits_for_the_next_pass_and_holds_nobody_up (void)
{
  Model *model = model_new (1);

  for (int i = 0; i < 4; i++)
    {
      model->entries[i].deadline.expire = arm_another;
      model->entries[i + 100].deadline.expire = say_entry;
      arm (model, &model->entries[i], 10 + i);
    }
  model->now = 12;
  trio_deadlines_expire (&model->heap, 12);
  mock_expect ("0 1 2");
  g_assert_cmpint (trio_deadlines_next (&model->heap), <=, 12);
  trio_deadlines_expire (&model->heap, 12);
  mock_expect ("100 101 102");
  g_assert_cmpint (trio_deadlines_next (&model->heap), ==, 13);
  model_free (model);
}

static void
disarm_next (TrioDeadline *deadline)
{
  Entry *entry = (Entry *) deadline;

  entry->armed = FALSE;
  mock_say ("%d", (int) (entry - current->entries));
  entry[1].armed = FALSE;
  trio_deadlines_disarm (&current->heap, &entry[1].deadline);
}

static void
test_what_is_disarmed_while_others_expire_does_not_expire (void)
{
  Model *model = model_new (1);

  for (int i = 0; i < 6; i++)
    {
      model->entries[i].deadline.expire = disarm_next;
      arm (model, &model->entries[i], 10);
    }
  trio_deadlines_expire (&model->heap, 10);
  mock_expect ("0 2 4");
  check (model);
  model_free (model);
}

int
main (int argc, char **argv)
{
  const char *no_run = "the heap alone: there is no task in it, and so no order; test-scope-deadlines.c has those";

  g_test_init (&argc, &argv, NULL);
  core_test_add_ordered ("/deadlines/deadlines-expire-in-order-whatever-was-armed-and-disarmed",
                         test_deadlines_expire_in_order_whatever_was_armed_and_disarmed, no_run);
  core_test_add_ordered ("/deadlines/disarming-what-is-not-armed-is-nothing",
                         test_disarming_what_is_not_armed_is_nothing, no_run);
  core_test_add_ordered ("/deadlines/moving-one-deadline-again-and-again-fills-no-memory",
                         test_moving_one_deadline_again_and_again_fills_no_memory, no_run);
  core_test_add_ordered ("/deadlines/what-is-armed-while-others-expire-waits-for-the-next-pass-and-holds-nobody-up",
                         test_what_is_armed_while_others_expire_waits_for_the_next_pass_and_holds_nobody_up, no_run);
  core_test_add_ordered ("/deadlines/what-is-disarmed-while-others-expire-does-not-expire",
                         test_what_is_disarmed_while_others_expire_does_not_expire, no_run);
  return g_test_run ();
}
