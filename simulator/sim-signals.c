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
  TrioSimProcess *self = (TrioSimProcess *) signals;
  TrioSimSignals *all = self->all;
  guint place = 0;

  if (!may_be_taken (number))
    {
      g_set_error (error, TRIO_ERROR, TRIO_ERROR_MISUSE, "signal %d: it cannot be received", number);
      return FALSE;
    }
  while (place < self->taken->len && nth (self->taken, place) < number)
    place++;
  g_array_insert_val (self->taken, place, number);
  all->n_taken++;
  all->ever_taken |= G_GUINT64_CONSTANT (1) << (number - 1);
  if (number == CTRL_C && all->n_taking_ctrl_c++ == 0)
    {
      TrioChoice *choice = trio_sim_tape_get_choice (all->tape);

      all->asks_interrupt = choice->asks_interrupt;
      choice->asks_interrupt = FALSE;
    }
  return TRUE;
}

static void
release (TrioSimProcess *self, int number)
{
  if (!drop (self->taken, number))
    return;
  self->all->n_taken--;
  if (number == CTRL_C && --self->all->n_taking_ctrl_c == 0)
    trio_sim_tape_get_choice (self->all->tape)->asks_interrupt = self->all->asks_interrupt;
}

static gboolean
give_back_signal (TrioSignals *signals, int number)
{
  TrioSimProcess *self = (TrioSimProcess *) signals;

  if (self->all->is_over || self->is_gone)
    return FALSE;
  release (self, number);
  return drop (self->arrived, number);
}

static void
arrive (TrioSimProcess *self, int number)
{
  TrioWorld *world = trio_loop_get_world (trio_loop_get_current ());

  if (find (self->arrived, number) == G_MAXUINT)
    g_array_append_val (self->arrived, number);
  world->wake (world);
}

/* The run ends here: whoever runs never comes back. */
static void
end_run (TrioSimSignals *all, int number)
{
  all->killed_by = number;
  while (trio_current_task () == NULL)
    trio_strand_pause ();
  trio_loop_escape (trio_loop_get_current ());
}

/* Whoever runs never comes back, if it is its process. */
static void
kill_process (TrioSimProcess *self, int number)
{
  TrioSimSignals *all = self->all;
  TrioSimWorld *world = trio_sim_world_get_current ();
  const char *where = self->host == NULL ? NULL : trio_sim_host_get_name (self->host);
  gboolean was_meant = (all->ever_taken >> (number - 1) & 1) != 0;

  if (!was_meant && trio_sim_world_find (world, TRIO_SIM_ERROR, where == NULL ? g_strdup_printf ("killed by signal %d", number)
                                                                 : g_strdup_printf ("%s killed by signal %d", where, number)))
    g_string_append_printf (world->message, "signal %d (%s) ended the process%s%s: nobody had opened a receiver for it", number,
                            g_strsignal (number), where == NULL ? "" : " of ", where == NULL ? "" : where);
  if (was_meant && self->host != NULL)
    trio_sim_host_end (self->host);
  else
    end_run (all, number);
}

static void
raise_signal (TrioSignals *signals, int number)
{
  TrioSimProcess *self = (TrioSimProcess *) signals;

  g_return_if_fail (number > 0 && number <= NUMBER_MAX);

  if (self->all->is_over || self->is_gone)
    return;
  if (find (self->taken, number) != G_MAXUINT)
    arrive (self, number);
  else if (number == CTRL_C && self->host == NULL)
    trio_loop_interrupt (trio_loop_get_current ());
  else
    kill_process (self, number);
}

/* --- processes --- */

static void
process_init (TrioSimProcess *self, TrioSimSignals *all, TrioSimHost *host)
{
  *self = (TrioSimProcess) {
    .signals = { .name = "simulated", .take = take_signal, .give_back = give_back_signal, .raise = raise_signal },
    .all = all,
    .host = host,
    .taken = g_array_new (FALSE, FALSE, sizeof (int)),
    .arrived = g_array_new (FALSE, FALSE, sizeof (int)),
  };
}

static void
process_clear (TrioSimProcess *self)
{
  g_array_unref (self->taken);
  g_array_unref (self->arrived);
}

static void
process_free (gpointer data)
{
  process_clear (data);
  g_free (data);
}

static TrioSimProcess *
nth_process (const TrioSimSignals *self, guint i)
{
  return g_ptr_array_index (self->processes, i);
}

static guint
count_processes (const TrioSimSignals *self)
{
  return self->processes == NULL ? 0 : self->processes->len;
}

/* NULL: it has none yet. */
static TrioSimProcess *
find_process (TrioSimSignals *self, const TrioSimHost *host)
{
  if (host == NULL)
    return &self->own;
  for (guint i = count_processes (self); i > 0; i--)
    if (nth_process (self, i - 1)->host == host && !nth_process (self, i - 1)->is_gone)
      return nth_process (self, i - 1);
  return NULL;
}

static TrioSimProcess *
get_process (TrioSimSignals *self, TrioSimHost *host)
{
  TrioSimProcess *process = find_process (self, host);

  if (process != NULL)
    return process;
  process = g_new (TrioSimProcess, 1);
  process_init (process, self, host);
  if (self->processes == NULL)
    self->processes = g_ptr_array_new_with_free_func (process_free);
  g_ptr_array_add (self->processes, process);
  return process;
}

static TrioSignals *
of_caller (TrioSignals *signals)
{
  return &get_process ((TrioSimSignals *) signals, trio_sim_host_get_current ())->signals;
}

void
trio_sim_signals_vanish (TrioSimSignals *self, const TrioSimHost *host)
{
  TrioSimProcess *process = find_process (self, host);

  if (process == NULL)
    return;
  while (process->taken->len > 0)
    release (process, nth (process->taken, 0));
  g_array_set_size (process->arrived, 0);
  process->is_gone = TRUE;
}

/* --- for scenarios --- */

void
trio_sim_raise (int number)
{
  TrioSignals *signals = trio_current_signals ();

  g_return_if_fail (signals != NULL);
  signals->raise (signals, number);
}

void
trio_sim_host_raise (TrioSimHost *host, int number)
{
  TrioSimWorld *world = trio_sim_world_get_current ();

  g_return_if_fail (host != NULL && world != NULL);
  if (host->task != NULL)
    raise_signal (&get_process (&world->signals, host)->signals, number);
}

/* --- the tape --- */

static void
describe_signal (const TrioChoicePoint *point, guint32 value, GString *out)
{
  const TrioSimProcess *self = point->data;
  g_autofree char *path = trio_task_dup_path (point->task);
  int number = nth (self->taken, value - 1);

  g_string_append_printf (out, "signal %d (%s) came before %s went on", number, g_strsignal (number), path);
}

void
trio_sim_signals_ask (TrioSimSignals *self)
{
  TrioSimProcess *process;
  TrioChoicePoint point = { .label = TRIO_SIM_CHOICE_SIGNAL, .what = "a step", .describe = describe_signal };
  guint32 value;

  if (G_LIKELY (self->n_taken == 0) || !trio_sim_tape_allows (self->tape, TRIO_SIM_INJECT_INTERRUPT))
    return;
  process = find_process (self, trio_sim_host_get_current ());
  if (process == NULL || process->taken->len == 0)
    return;
  point.bound = process->taken->len + 1;
  point.data = process;
  value = trio_choose (&point);
  if (value > 0)
    arrive (process, nth (process->taken, value - 1));
}

gboolean
trio_sim_signals_is_due (const TrioSimSignals *self)
{
  gboolean is_due = self->own.arrived->len > 0;

  for (guint i = 0; i < count_processes (self); i++)
    is_due |= nth_process (self, i)->arrived->len > 0;
  return is_due;
}

static void
deliver (TrioSimProcess *self)
{
  while (G_UNLIKELY (self->arrived->len > 0))
    {
      int number = nth (self->arrived, 0);

      g_array_remove_index (self->arrived, 0);
      trio_signals_arrived (&self->signals, number);
    }
}

void
trio_sim_signals_deliver (TrioSimSignals *self)
{
  deliver (&self->own);
  for (guint i = 0; i < count_processes (self); i++)
    deliver (nth_process (self, i));
}

/* --- life --- */

void
trio_sim_signals_init (TrioSimSignals *self, TrioSimTape *tape)
{
  *self = (TrioSimSignals) { .tape = tape };
  process_init (&self->own, self, NULL);
  self->own.signals.of_caller = of_caller;
}

void
trio_sim_signals_stop (TrioSimSignals *self)
{
  self->is_over = TRUE;
}

static void
add_leaks (const TrioSimProcess *self, GPtrArray *leaks, GString *lines)
{
  for (guint i = 0; i < self->taken->len; i++)
    {
      g_ptr_array_add (leaks, g_strdup ("signal receiver"));
      g_string_append_printf (lines, "\n  a receiver of signal %d (%s)%s%s", nth (self->taken, i), g_strsignal (nth (self->taken, i)),
                              self->host == NULL ? "" : " at ", self->host == NULL ? "" : trio_sim_host_get_name (self->host));
    }
}

void
trio_sim_signals_add_leaks (const TrioSimSignals *self, GPtrArray *leaks, GString *lines)
{
  add_leaks (&self->own, leaks, lines);
  for (guint i = 0; i < count_processes (self); i++)
    add_leaks (nth_process (self, i), leaks, lines);
}

void
trio_sim_signals_clear (TrioSimSignals *self)
{
  process_clear (&self->own);
  g_clear_pointer (&self->processes, g_ptr_array_unref);
}
