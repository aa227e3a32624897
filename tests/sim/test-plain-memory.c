/* SPDX-License-Identifier: MIT OR Apache-2.0 */

/* What the strategies make of the program's own memory. This file is compiled so that its loads and stores are seen; nothing that matters in
 * it is an object of the runtime. */

#include "simulator/strategy-measure.h"
#include "tests/sim/meeting.h"

/* --- what is contended for --- */

typedef struct
{
  int  settings;        /* set before anybody is born who reads them */
  int *shared;
  long own[2];         /* a word is eight bytes */
  int  late;            /* set after somebody was born who reads it */
} State;

typedef struct
{
  State *state;
  guint  which;
} Part;

/* Step 0 reads the settings, step 1 works on what is its own, step 2 on what is shared. */
static gboolean
do_part (gpointer data, GError **error)
{
  Part *part = data;
  State *state = part->state;

  if (state->settings != 7)
    return FALSE;
  if (!trio_checkpoint (error))
    return FALSE;
  state->own[part->which]++;
  if (!trio_checkpoint (error))
    return FALSE;
  (*state->shared)++;
  return TRUE;
}

static gboolean
have_two (State *state, GError **error)
{
  Part parts[] = { { state, 0 }, { state, 1 } };
  g_autoptr (TrioNursery) nursery = trio_nursery_open (error);

  state->settings = 7;
  for (guint i = 0; i < G_N_ELEMENTS (parts); i++)
    trio_nursery_start_soon (nursery, do_part, &parts[i]);
  return trio_nursery_close (nursery, TRUE);
}

static gboolean
share_a_static (gpointer data G_GNUC_UNUSED, GError **error)
{
  static State state;
  static int shared;

  state.shared = &shared;
  return have_two (&state, error);
}

static gboolean
share_a_frame (gpointer data G_GNUC_UNUSED, GError **error)
{
  int shared = 0;
  State state = { .shared = &shared };

  return have_two (&state, error);
}

static gboolean
share_the_heap (gpointer data G_GNUC_UNUSED, GError **error)
{
  g_autofree int *shared = g_new0 (int, 16);
  State state = { .shared = shared };

  return have_two (&state, error);
}

/* Steps of the two tasks that were born last. */
static gboolean
conflict (const TrioSimMeasure *measure, guint step, guint other_step)
{
  return trio_sim_measure_conflicts (measure, measure->tasks->len - 2, step, measure->tasks->len - 1, other_step);
}

static void
test_what_two_tasks_change_is_contended_for (void)
{
  static const TrioFunc kinds[] = { share_a_static, share_a_frame, share_the_heap };

  for (guint i = 0; i < G_N_ELEMENTS (kinds); i++)
    {
      g_autoptr (TrioSimMeasure) measure = sim_measure (kinds[i], NULL, TRIO_SIM_INJECT_NONE);

      g_assert_true (conflict (measure, 2, 2));
      g_assert_false (conflict (measure, 0, 0));
      g_assert_false (conflict (measure, 1, 1));
      g_assert_false (conflict (measure, 1, 2));
    }
}

static gboolean
read_late (gpointer data, GError **error)
{
  State *state = data;

  return trio_checkpoint (error) && state->late < 100;
}

static gboolean
write_late (gpointer data, GError **error)
{
  State *state = data;

  if (!trio_checkpoint (error))
    return FALSE;
  state->late = 1;
  return TRUE;
}

static gboolean
write_before_it_is_read (gpointer data G_GNUC_UNUSED, GError **error)
{
  State state = { 0 };
  g_autoptr (TrioNursery) nursery = trio_nursery_open (error);

  trio_nursery_start_soon (nursery, write_late, &state);
  trio_nursery_start_soon (nursery, read_late, &state);
  return trio_nursery_close (nursery, TRUE);
}

/* In the measured run it was written first: it might not have been. */
static void
test_what_was_read_in_time_is_contended_for (void)
{
  g_autoptr (TrioSimMeasure) measure = sim_measure (write_before_it_is_read, NULL, TRIO_SIM_INJECT_NONE);

  g_assert_true (conflict (measure, 1, 1));
  g_assert_false (conflict (measure, 0, 0));
}

/* --- surw --- */

/* An even walk does it in one run of 2048. */
static void
test_surw_turns_round_who_comes_first_to_a_word (void)
{
  g_assert_cmpuint (count_late_meetings (FALSE), >, 30);
}

/* --- pos --- */

#define ROUNDS 5

typedef struct
{
  guint word;           /* who changed it last, from 1 */
  guint n_turns;        /* in how many steps it was the other one */
} Ball;

typedef struct
{
  Ball *ball;
  guint who;
} Player;

static gboolean
play (gpointer data, GError **error)
{
  Player *player = data;

  for (guint i = 0; i < ROUNDS; i++)
    {
      player->ball->n_turns += player->ball->word != player->who;
      player->ball->word = player->who;
      if (i + 1 < ROUNDS && !trio_checkpoint (error))
        return FALSE;
    }
  return TRUE;
}

static gboolean
match (gpointer data, GError **error)
{
  Ball *ball = data;
  Player players[] = { { ball, 1 }, { ball, 2 } };
  g_autoptr (TrioNursery) nursery = trio_nursery_open (error);

  *ball = (Ball) { 0 };
  for (guint i = 0; i < G_N_ELEMENTS (players); i++)
    trio_nursery_start_soon (nursery, play, &players[i]);
  return trio_nursery_close (nursery, TRUE);
}

/* The two take turns throughout. If each race is a draw of its own that is one run of 2^8; if who lost one keeps its low number, the other
 * goes on in two of three, and it is one of some thousands. */
static void
test_pos_draws_each_race_for_a_word_anew (void)
{
  Ball ball;
  g_autoptr (TrioSimMeasure) measure = sim_measure (match, &ball, TRIO_SIM_INJECT_NONE);
  guint n = 0;

  for (guint64 seed = 1; seed <= 8000; seed++)
    {
      g_autoptr (TrioSimReport) report = sim_run_measured (match, &ball, "pos", seed, measure, TRIO_SIM_INJECT_NONE);

      sim_expect (report, TRIO_SIM_OK, NULL);
      n += ball.n_turns == 2 * ROUNDS;
    }
  g_test_message ("in turns throughout in %u of 8000 runs", n);
  g_assert_cmpuint (n, >, 10);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
#define ADD(name) g_test_add_func ("/sim/plain-memory/" #name, test_ ## name)
  ADD (what_two_tasks_change_is_contended_for);
  ADD (what_was_read_in_time_is_contended_for);
  ADD (surw_turns_round_who_comes_first_to_a_word);
  ADD (pos_draws_each_race_for_a_word_anew);
#undef ADD
  return g_test_run ();
}
