/* SPDX-License-Identifier: MIT OR Apache-2.0 */

/* Whose call it is, and what becomes of it; see escape.h. */

#include "simulator/escape/escape.h"

#include <string.h>

#include <trio/lowlevel/dump.h>
#include <trio/lowlevel/task.h>
#include <trio/seam/strand.h>
#include <trio/seam/world.h>

#include "simulator/place.h"
#include "simulator/sim-world.h"

/* Of this thread. */
static __thread TrioSimWorld *world_here;
static __thread guint         paused;

/* --- whose call it is --- */

void
trio_sim_escape_enter (TrioSimWorld *world)
{
  world_here = trio_sim_escapes_are_seen () ? world : NULL;
  paused = 0;
}

void
trio_sim_escape_pause (void)
{
  paused++;
}

void
trio_sim_escape_go_on (void)
{
  paused--;
}

TrioSimWorld *
trio_sim_escape_get_world (void)
{
  if (G_LIKELY (world_here == NULL) || paused > 0)
    return NULL;
  return trio_current_task () != NULL || trio_strand_get_current () != NULL ? world_here : NULL;
}

/* --- where it is --- */

/* Behind the call itself. */
static char *
place_in_program (const char *stack)
{
  const char *behind = strstr (stack, " < ");

  return behind == NULL ? NULL : trio_sim_place_in (behind);
}

/* Writing a message to the log of the machine is not what a run is about. */
static gboolean
is_of_log (const char *stack)
{
  return strstr (stack, " < g_log") != NULL;
}

static char *
describe_caller (TrioSimWorld *world)
{
  char *thread = trio_sim_threads_describe_running (&world->threads);

  return thread != NULL ? thread : g_strdup (trio_sim_tape_get_path (world->tape, trio_current_task ()));
}

/* --- what is told --- */

typedef struct
{
  TrioSimCall  call;
  char        *caller;
  char        *place;
  guint        times;
} Note;

static void
note_free (gpointer data)
{
  Note *note = data;

  g_free (note->caller);
  g_free (note->place);
  g_free (note);
}

static gboolean
note_again (GPtrArray *notes, TrioSimCall call, const char *caller, const char *place)
{
  for (guint i = 0; i < notes->len; i++)
    {
      Note *note = g_ptr_array_index (notes, i);

      if (note->call == call && g_str_equal (note->caller, caller) && g_strcmp0 (note->place, place) == 0)
        {
          note->times++;
          return TRUE;
        }
    }
  return FALSE;
}

static void
take_note (TrioSimWorld *world, TrioSimCall call)
{
  g_autoptr (GString) stack = g_string_new (NULL);
  g_autofree char *caller = describe_caller (world);
  g_autofree char *place = NULL;
  Note *note;

  trio_append_stack_here (trio_sim_call_get_name (call), TRIO_DUMP_STACKS, stack);
  place = place_in_program (stack->str);
  if (is_of_log (stack->str) || note_again (world->escaping.notes, call, caller, place))
    return;
  note = g_new (Note, 1);
  *note = (Note) { .call = call, .caller = g_steal_pointer (&caller), .place = g_steal_pointer (&place), .times = 1 };
  g_ptr_array_add (world->escaping.notes, note);
}

char *
trio_sim_escaping_tell (const TrioSimEscaping *self)
{
  GString *out;

  if (self->notes == NULL || self->notes->len == 0)
    return NULL;
  out = g_string_new (NULL);
  for (guint i = 0; i < self->notes->len; i++)
    {
      const Note *note = g_ptr_array_index (self->notes, i);

      g_string_append_printf (out, "%s%s, in %s, by %s", i == 0 ? "" : "\n", trio_sim_call_get_name (note->call),
                              note->place == NULL ? "?" : note->place, note->caller);
      if (note->times > 1)
        g_string_append_printf (out, ", %u times", note->times);
      /* The rest is for the page. */
      g_string_append_printf (out, ": %.*s", (int) strcspn (trio_sim_call_get_answer (note->call), ";"),
                              trio_sim_call_get_answer (note->call));
    }
  return g_string_free (out, FALSE);
}

/* The list is written for a page. */
static void
append_instead (GString *out, TrioSimCall call)
{
  g_auto (GStrv) parts = g_strsplit (trio_sim_call_get_instead (call), "`", -1);
  g_autofree char *plain = g_strjoinv ("", parts);

  g_string_append_printf (out, "\n  instead: %s; or let such calls through: --escapes allow", plain);
}

static void
find_escape (TrioSimWorld *world, TrioSimCall call, const char *stack)
{
  const char *name = trio_sim_call_get_name (call);
  g_autofree char *place = place_in_program (stack);
  g_autofree char *caller = describe_caller (world);
  g_autofree char *address = NULL;
  g_autoptr (GString) exact = g_string_new (NULL);

  if (!trio_sim_world_find (world, TRIO_SIM_ESCAPE, g_strdup (name)))
    return;
  g_string_append_printf (world->message, "%s () leaves the simulation, for %s: %s\n", name, trio_sim_call_get_what (call),
                          trio_sim_call_get_answer (call));
  g_string_append_printf (world->message, "  called by %s, at step %" G_GUINT64_FORMAT ", at ", caller, world->watch.steps);
  g_string_append (world->message, trio_span_in_seconds (world->clock.now).text);
  if (place != NULL)
    {
      trio_append_stack_here (NULL, TRIO_DUMP_STACKS | TRIO_DUMP_ADDRESSES, exact);
      address = trio_sim_place_address (strstr (stack, " < "), exact->str);
      g_string_append_printf (world->message, ", in %s%s", place, address);
    }
  if (stack[0] != '\0')
    g_string_append_printf (world->message, "\n  stack: %s", stack);
  append_instead (world->message, call);
  if (place != NULL)
    world->place = g_strdup_printf ("%s in %s", name, place);
}

/* --- what becomes of it --- */

/* A task, or a simulated thread, that never comes back. */
G_NORETURN static void
end_the_run (void)
{
  while (trio_current_task () == NULL)
    trio_strand_pause ();
  trio_loop_escape (trio_loop_get_current ());
}

gboolean
trio_sim_escape_is_virtual (TrioSimCall call)
{
  TrioSimWorld *world = trio_sim_escape_get_world ();

  if (world == NULL)
    return FALSE;
  if (G_UNLIKELY (world->escaping.notes != NULL))
    {
      paused++;
      take_note (world, call);
      paused--;
    }
  return TRUE;
}

gboolean
trio_sim_escape_is_virtual_to (TrioSimCall call, gconstpointer caller)
{
  return trio_sim_escape_is_in_glib (caller) ? trio_sim_escape_get_world () != NULL : trio_sim_escape_is_virtual (call);
}

/* TRUE: it is to end the run. */
static gboolean
judge (TrioSimWorld *world, TrioSimCall call)
{
  gboolean ends = FALSE;

  paused++;
  if (world->escaping.notes != NULL)
    take_note (world, call);
  if (world->escaping.policy == TRIO_SIM_ESCAPES_FAIL)
    {
      g_autoptr (GString) stack = g_string_new (NULL);

      trio_append_stack_here (trio_sim_call_get_name (call), TRIO_DUMP_STACKS, stack);
      ends = !is_of_log (stack->str);
      if (ends)
        find_escape (world, call, stack->str);
    }
  paused--;
  return ends;
}

void
trio_sim_escape_report (TrioSimCall call)
{
  TrioSimWorld *world = trio_sim_escape_get_world ();

  if (G_UNLIKELY (world != NULL) && judge (world, call))
    end_the_run ();
}

gboolean
trio_sim_escape_sleep (TrioSimCall call, gint64 span_us)
{
  TrioSimWorld *world = trio_sim_escape_get_world ();

  if (world == NULL)
    return FALSE;
  if (trio_strand_get_current () != NULL)
    {
      if (trio_sim_escape_is_virtual (call))
        trio_sim_threads_sleep (&world->threads, span_us);
      return TRUE;
    }
  if (judge (world, call))
    end_the_run ();
  trio_sim_clock_advance_to (&world->clock, trio_sim_time_after (world->clock.now, span_us));
  return TRUE;
}

/* --- time --- */

gint64
trio_sim_escape_get_time (void)
{
  TrioSimWorld *world = world_here;

  return trio_strand_get_current () != NULL ? trio_sim_threads_get_time (&world->threads) : world->clock.clock.now (&world->clock.clock);
}

gint64
trio_sim_escape_get_real_time (gconstpointer caller)
{
  gint64 now;

  if (trio_sim_escape_is_in_glib (caller))
    return trio_sim_world_look_at_wall (world_here);
  paused++;
  now = trio_sim_world_get_real_time (world_here);
  paused--;
  return now;
}

/* --- life --- */

void
trio_sim_escaping_init (TrioSimEscaping *self, const TrioSimOptions *options)
{
  *self = (TrioSimEscaping) { .policy = options->escapes };
  if (options->escapes == TRIO_SIM_ESCAPES_NOTE)
    self->notes = g_ptr_array_new_with_free_func (note_free);
}

void
trio_sim_escaping_clear (TrioSimEscaping *self)
{
  g_clear_pointer (&self->notes, g_ptr_array_unref);
  g_clear_pointer (&self->streams, g_array_unref);
}
