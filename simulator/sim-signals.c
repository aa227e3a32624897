/* SPDX-License-Identifier: MIT OR Apache-2.0 */

/* Simulated signals; see sim-signals.h. */

#include "simulator/sim-signals.h"

#include <trio/lowlevel/task.h>
#include <trio/seam/strand.h>

#include "simulator/sim-world.h"

#define CTRL_C     2
#define NUMBER_MAX 64

static int
nth (const GArray *numbers, guint i)
{
  return g_array_index (numbers, int, i);
}

/* Its place, or G_MAXUINT. */
static guint
find (const GArray *numbers, int number)
{
  for (guint i = 0; i < numbers->len; i++)
    if (nth (numbers, i) == number)
      return i;
  return G_MAXUINT;
}

static gboolean
drop (GArray *numbers, int number)
{
  guint place = find (numbers, number);

  if (place == G_MAXUINT)
    return FALSE;
  g_array_remove_index (numbers, place);
  return TRUE;
}

/* --- the seam --- */

/* As in the real world: those that cannot be caught, and those that tell of a fault of the program. */
static gboolean
may_be_taken (int number)
{
  static const int others[] = { 9, 19, 11, 7, 8, 4 };

  for (guint i = 0; i < G_N_ELEMENTS (others); i++)
    if (number == others[i])
      return FALSE;
  return number > 0 && number <= NUMBER_MAX;
}

static gboolean
take_signal (TrioSignals *signals, int number, GError **error)
{
  TrioSimSignals *self = (TrioSimSignals *) signals;
  guint place = 0;

  if (!may_be_taken (number))
    {
      g_set_error (error, TRIO_ERROR, TRIO_ERROR_MISUSE, "signal %d: it cannot be received", number);
      return FALSE;
    }
  while (place < self->taken->len && nth (self->taken, place) < number)
    place++;
  g_array_insert_val (self->taken, place, number);
  self->ever_taken |= G_GUINT64_CONSTANT (1) << (number - 1);
  if (number == CTRL_C)
    {
      TrioChoice *choice = trio_sim_tape_get_choice (self->tape);

      self->asks_interrupt = choice->asks_interrupt;
      choice->asks_interrupt = FALSE;
    }
  return TRUE;
}

static gboolean
give_back_signal (TrioSignals *signals, int number)
{
  TrioSimSignals *self = (TrioSimSignals *) signals;

  if (self->is_over)
    return FALSE;
  drop (self->taken, number);
  if (number == CTRL_C)
    trio_sim_tape_get_choice (self->tape)->asks_interrupt = self->asks_interrupt;
  return drop (self->arrived, number);
}

static void
arrive (TrioSimSignals *self, int number)
{
  TrioWorld *world = trio_loop_get_world (trio_loop_get_current ());

  if (find (self->arrived, number) == G_MAXUINT)
    g_array_append_val (self->arrived, number);
  world->wake (world);
}

/* The process ends here: whoever runs never comes back. */
static void
kill_process (TrioSimSignals *self, int number)
{
  TrioSimWorld *world = trio_sim_world_get_current ();
  TrioTask *task = trio_current_task ();

  self->killed_by = number;
  if ((self->ever_taken >> (number - 1) & 1) == 0
      && trio_sim_world_find (world, TRIO_SIM_ERROR, g_strdup_printf ("killed by signal %d", number)))
    g_string_append_printf (world->message, "signal %d (%s) ended the process: nobody had opened a receiver for it", number,
                            g_strsignal (number));
  while (task == NULL)
    trio_strand_pause ();
  trio_loop_escape (trio_loop_get_current ());
}

static void
raise_signal (TrioSignals *signals, int number)
{
  TrioSimSignals *self = (TrioSimSignals *) signals;

  g_return_if_fail (number > 0 && number <= NUMBER_MAX);

  if (self->is_over)
    return;
  if (find (self->taken, number) != G_MAXUINT)
    arrive (self, number);
  else if (number == CTRL_C)
    trio_loop_interrupt (trio_loop_get_current ());
  else
    kill_process (self, number);
}

void
trio_sim_raise (int number)
{
  TrioSignals *signals = trio_current_signals ();

  g_return_if_fail (signals != NULL);
  signals->raise (signals, number);
}

/* --- the tape --- */

static void
describe_signal (const TrioChoicePoint *point, guint32 value, GString *out)
{
  const TrioSimSignals *self = point->data;
  g_autofree char *path = trio_task_dup_path (point->task);
  int number = nth (self->taken, value - 1);

  g_string_append_printf (out, "signal %d (%s) came before %s went on", number, g_strsignal (number), path);
}

void
trio_sim_signals_ask (TrioSimSignals *self)
{
  const TrioChoicePoint point = {
    .label = TRIO_SIM_CHOICE_SIGNAL,
    .bound = self->taken->len + 1,
    .what = "a step",
    .describe = describe_signal,
    .data = self,
  };
  guint32 value;

  if (G_LIKELY (self->taken->len == 0) || !trio_sim_tape_allows (self->tape, TRIO_SIM_INJECT_INTERRUPT))
    return;
  value = trio_choose (&point);
  if (value > 0)
    arrive (self, nth (self->taken, value - 1));
}

gboolean
trio_sim_signals_is_due (const TrioSimSignals *self)
{
  return self->arrived->len > 0;
}

void
trio_sim_signals_deliver (TrioSimSignals *self)
{
  while (G_UNLIKELY (self->arrived->len > 0))
    {
      int number = nth (self->arrived, 0);

      g_array_remove_index (self->arrived, 0);
      trio_signals_arrived (number);
    }
}

/* --- life --- */

void
trio_sim_signals_init (TrioSimSignals *self, TrioSimTape *tape)
{
  *self = (TrioSimSignals) {
    .signals = { .name = "simulated", .take = take_signal, .give_back = give_back_signal, .raise = raise_signal },
    .tape = tape,
    .taken = g_array_new (FALSE, FALSE, sizeof (int)),
    .arrived = g_array_new (FALSE, FALSE, sizeof (int)),
  };
}

void
trio_sim_signals_stop (TrioSimSignals *self)
{
  self->is_over = TRUE;
}

void
trio_sim_signals_add_leaks (const TrioSimSignals *self, GPtrArray *leaks, GString *lines)
{
  for (guint i = 0; i < self->taken->len; i++)
    {
      g_ptr_array_add (leaks, g_strdup ("signal receiver"));
      g_string_append_printf (lines, "\n  a receiver of signal %d (%s)", nth (self->taken, i), g_strsignal (nth (self->taken, i)));
    }
}

void
trio_sim_signals_clear (TrioSimSignals *self)
{
  g_array_unref (self->taken);
  g_array_unref (self->arrived);
}
