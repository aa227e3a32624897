/* SPDX-License-Identifier: MIT OR Apache-2.0 */

/* What is wrong with a run that did not say so itself: it is stuck, it left something behind, or its error is more than what was
 * injected. Each finding gets a name that stays the same while the run around it is made smaller, and a message for a person. */

#include "simulator/sim-world.h"

#include <stdlib.h>
#include <string.h>

#include <trio/lowlevel/dump.h>
#include <trio/lowlevel/task.h>

/* Reports stay readable with thousands of tasks. */
#define LINES_MAX 40

/* --- names made of parts, each told once --- */

static int
compare_texts (gconstpointer a, gconstpointer b)
{
  return strcmp (*(const char *const *) a, *(const char *const *) b);
}

/* (transfer full) for the texts. "a, b, c", sorted, without repetitions. */
static void
append_set (GString *out, GPtrArray *texts)
{
  const char *last = NULL;

  g_ptr_array_sort (texts, compare_texts);
  for (guint i = 0; i < texts->len; i++)
    {
      const char *text = g_ptr_array_index (texts, i);

      if (last != NULL && g_str_equal (last, text))
        continue;
      g_string_append_printf (out, "%s%s", last == NULL ? "" : ", ", text);
      last = text;
    }
}

static char *
set_of (GPtrArray *texts)
{
  GString *out = g_string_new (NULL);

  append_set (out, texts);
  return g_string_free (out, FALSE);
}

/* --- stuck --- */

typedef struct
{
  TrioSimWorld *world;
  GPtrArray    *waits;       /* of char *: what blocked tasks wait in */
  GPtrArray    *places;      /* of char *: and in which function of the program */
  GPtrArray    *spins;       /* of char *: where those stand that have taken most of the steps */
  guint         steps_max;   /* that one of them has taken */
  GString      *lines;
  guint         n_lines;
} Inquest;

/* The innermost function that is not the runtime's; NULL if none is known. */
static char *
function_of (TrioTask *task)
{
  g_autoptr (GString) stack = g_string_new (NULL);
  g_auto (GStrv) frames = NULL;

  trio_task_append_stack (task, TRIO_DUMP_STACKS, stack);
  frames = g_strsplit (stack->str, " < ", -1);
  for (guint i = 0; frames[i] != NULL; i++)
    if (frames[i][0] != '\0' && !g_str_has_prefix (frames[i], "trio_"))
      return g_strndup (frames[i], strcspn (frames[i], " "));
  return NULL;
}

/* "trio_lock_acquire in take_both". Not who holds the lock, nor which task it is: while a run is made smaller, other tasks come to the same
 * end. */
static char *
place_of_wait (TrioTask *task)
{
  g_autofree char *function = function_of (task);

  return function == NULL ? g_strdup (trio_task_get_wait (task)) : g_strdup_printf ("%s in %s", trio_task_get_wait (task), function);
}

static guint
steps_of (TrioTask *task)
{
  guint cancel_points, steps;

  trio_task_get_points (task, &cancel_points, &steps);
  return steps;
}

static void
find_most_steps (TrioTask *task, guint depth G_GNUC_UNUSED, gpointer data)
{
  Inquest *inquest = data;

  if (trio_task_get_parent (task) != NULL)
    inquest->steps_max = MAX (inquest->steps_max, steps_of (task));
}

/* Of two that wake each other in turn each takes half of what the busiest takes, or more. */
static void
note_spin (Inquest *inquest, TrioTask *task)
{
  char *function = steps_of (task) >= inquest->steps_max / 2 ? function_of (task) : NULL;

  if (function != NULL)
    g_ptr_array_add (inquest->spins, function);
}

static void
append_task (TrioTask *task, guint depth G_GNUC_UNUSED, gpointer data)
{
  Inquest *inquest = data;
  TrioSimWorld *world = inquest->world;
  TrioSimTaskNote note = trio_sim_watch_get_task (&world->watch, task);
  gboolean blocked = trio_task_get_state (task) == TRIO_TASK_BLOCKED;

  /* The run's own first task only waits for main. */
  if (trio_task_get_parent (task) == NULL)
    return;
  if (blocked)
    {
      g_ptr_array_add (inquest->waits, g_strdup (trio_task_get_wait (task)));
      g_ptr_array_add (inquest->places, place_of_wait (task));
    }
  if (world->suspicion == TRIO_SIM_LIVELOCK)
    note_spin (inquest, task);
  if (++inquest->n_lines > LINES_MAX)
    return;

  g_string_append_printf (inquest->lines, "\n  %s ", trio_sim_tape_get_path (world->tape, task));
  trio_task_append_state (task, inquest->lines);
  if (blocked)
    {
      g_string_append (inquest->lines, ", since ");
      g_string_append (inquest->lines, trio_span_in_seconds (note.stopped_at).text);
    }
  if (world->suspicion == TRIO_SIM_LIVELOCK && note.steps > 0)
    g_string_append_printf (inquest->lines, ", and took %" G_GUINT64_FORMAT " steps at this virtual time", note.steps);
  trio_append_stack_line (task, 6, inquest->lines);
}

static void
append_deadlock (TrioSimWorld *world, const Inquest *inquest)
{
  trio_append_deadlock (world->message, inquest->waits->len);
  g_string_append (world->message, ", at ");
  g_string_append (world->message, trio_span_in_seconds (world->clock.now).text);
  if (trio_loop_get_holds (world->loop) > 0)
    g_string_append (world->message, " (something outside the simulation was promised to wake one; nothing here can)");
}

static void
append_livelock (TrioSimWorld *world)
{
  g_string_append_printf (world->message, "%" G_GUINT64_FORMAT " steps, and the run does not end; virtual time is ",
                          world->watch.steps);
  g_string_append (world->message, trio_span_in_seconds (world->clock.now).text);
}

static Inquest
hold_inquest (TrioSimWorld *world)
{
  Inquest inquest = { .world = world, .waits = g_ptr_array_new_with_free_func (g_free),
                      .places = g_ptr_array_new_with_free_func (g_free),
                      .spins = g_ptr_array_new_with_free_func (g_free), .lines = g_string_new (NULL) };

  if (world->suspicion == TRIO_SIM_LIVELOCK)
    trio_foreach_task (find_most_steps, &inquest);
  trio_foreach_task (append_task, &inquest);
  return inquest;
}

static void
clear_inquest (Inquest *inquest)
{
  g_ptr_array_unref (inquest->waits);
  g_ptr_array_unref (inquest->places);
  g_ptr_array_unref (inquest->spins);
  g_string_free (inquest->lines, TRUE);
}

static void
append_lines (TrioSimWorld *world, const Inquest *inquest)
{
  g_string_append (world->message, inquest->lines->str);
  if (inquest->n_lines > LINES_MAX)
    g_string_append_printf (world->message, "\n  … and %u more", inquest->n_lines - LINES_MAX);
  trio_sim_threads_append (&world->threads, world->message);
}

void
trio_sim_append_tasks (TrioSimWorld *world)
{
  Inquest inquest = hold_inquest (world);

  append_lines (world, &inquest);
  clear_inquest (&inquest);
}

/* --- promised and not kept --- */

static void
tell_of_obligation (TrioSimWorld *world, const TrioSimObligation *obligation, const char *what)
{
  if (!trio_sim_world_find (world, TRIO_SIM_EVENTUALLY, g_strdup (obligation->name)))
    return;
  world->place = g_strdup (trio_sim_base_name (obligation->where));
  g_string_append_printf (world->message, "“%s” must happen at last, and did not %s\n  promised at %s, at ", obligation->name, what,
                          world->place);
  g_string_append (world->message, trio_span_in_seconds (obligation->since).text);
}

void
trio_sim_detect_broken_promises (TrioSimWorld *world)
{
  if (world->liveness.open.head != NULL)
    tell_of_obligation (world, world->liveness.open.head->data, "before the run ended well");
}

static void
tell_of_no_end (TrioSimWorld *world)
{
  const TrioSimLiveness *liveness = &world->liveness;

  if (!trio_sim_world_find (world, TRIO_SIM_EVENTUALLY, g_strdup ("the run ends once all is healed")))
    return;
  g_string_append (world->message, "from ");
  g_string_append (world->message, trio_span_in_seconds (liveness->healed_at).text);
  g_string_append (world->message, " on nothing was in its way, and after another ");
  g_string_append (world->message, trio_span_in_seconds (liveness->heal_within).text);
  g_string_append (world->message, " the run had not ended");
}

static void
detect_late_promise (TrioSimWorld *world)
{
  const TrioSimObligation *obligation;

  trio_sim_liveness_get_due (&world->liveness, &obligation);
  if (obligation == NULL)
    tell_of_no_end (world);
  else
    tell_of_obligation (world, obligation, "within its span, with nothing in its way");
  trio_sim_append_tasks (world);
}

/* --- stuck --- */

void
trio_sim_detect_stuck (TrioSimWorld *world)
{
  Inquest inquest;
  GString *name;

  if (world->suspicion == TRIO_SIM_EVENTUALLY)
    {
      detect_late_promise (world);
      return;
    }

  inquest = hold_inquest (world);
  name = g_string_new (NULL);
  if (world->suspicion == TRIO_SIM_DEADLOCK)
    {
      g_string_append (name, "tasks wait in ");
      append_set (name, inquest.waits);
    }
  else
    g_string_append (name, "it does not end");

  if (trio_sim_world_find (world, world->suspicion, g_string_free (name, FALSE)))
    {
      if (world->suspicion == TRIO_SIM_DEADLOCK)
        {
          world->place = set_of (inquest.places);
          append_deadlock (world, &inquest);
        }
      else
        {
          world->place = inquest.spins->len > 0 ? set_of (inquest.spins) : NULL;
          append_livelock (world);
        }
      append_lines (world, &inquest);
    }
  clear_inquest (&inquest);
}

/* --- left behind --- */

void
trio_sim_detect_leaks (TrioSimWorld *world, const TrioLoopStatistics *statistics)
{
  g_autoptr (GPtrArray) leaks = g_ptr_array_new_with_free_func (g_free);
  GString *lines = g_string_new (NULL);
  GString *name = g_string_new (NULL);

  for (GList *link = world->net->sockets.head; link != NULL; link = link->next)
    {
      const TrioSimSocket *socket = link->data;

      /* It goes with the socket in whose mail it lies. */
      if (socket->travels)
        continue;
      g_ptr_array_add (leaks, g_strdup_printf ("socket of %s", socket->maker));
      g_string_append (lines, "\n  ");
      trio_sim_socket_append (lines, socket);
    }
  trio_sim_threads_add_leaks (&world->threads, leaks);
  trio_sim_threads_append (&world->threads, lines);
  trio_sim_signals_add_leaks (&world->signals, leaks, lines);
  trio_sim_disks_add_leaks (&world->disks, leaks, lines);
  if (statistics->scopes_open > 0)
    {
      g_ptr_array_add (leaks, g_strdup ("cancel scopes"));
      g_string_append_printf (lines, "\n  %" G_GSIZE_FORMAT " cancel scopes or nurseries", statistics->scopes_open);
    }
  if (statistics->tasks_living > 0)
    {
      g_ptr_array_add (leaks, g_strdup ("tasks"));
      g_string_append_printf (lines, "\n  %" G_GSIZE_FORMAT " tasks", statistics->tasks_living);
    }

  append_set (name, leaks);
  if (leaks->len > 0 && trio_sim_world_find (world, TRIO_SIM_LEAK, g_string_free (g_steal_pointer (&name), FALSE)))
    g_string_append_printf (world->message, "the run ended well, but left open:%s", lines->str);
  if (name != NULL)
    g_string_free (name, TRUE);
  g_string_free (lines, TRUE);
}

/* --- main's error --- */

static gboolean
tells_of_no_memory (const GError *error)
{
  return strstr (error->message, "no memory for the stack of") != NULL;
}

/* An injected cancellation comes out of a scope that was left without close as a FAILED, or travels in the message of one. So does the
 * nursery's own complaint that it had no memory for a child, which nobody but the nursery can answer. */
static gboolean
is_injected (TrioSimWorld *world, const GError *error)
{
  gboolean cancelled = trio_sim_tape_get_injected (world->tape, TRIO_SIM_INJECT_CANCEL) > 0;
  gboolean interrupted = trio_sim_tape_get_injected (world->tape, TRIO_SIM_INJECT_INTERRUPT) > 0;
  gboolean broken = trio_sim_tape_get_injected (world->tape, TRIO_SIM_INJECT_FAULT) > 0;

  if (error->domain != TRIO_ERROR)
    return FALSE;
  switch ((TrioError) error->code)
    {
    case TRIO_ERROR_CANCELLED:
      return cancelled || interrupted || (broken && tells_of_no_memory (error));
    case TRIO_ERROR_KEYBOARD_INTERRUPT:
      return interrupted;
    case TRIO_ERROR_FAILED:
    case TRIO_ERROR_TOO_SLOW:
      return (cancelled && strstr (error->message, "injected") != NULL)
             || (broken && tells_of_no_memory (error));
    default:
      return FALSE;
    }
}

/* What is left of error, the members of groups side by side; NULL if nothing is. */
static GError *
without_injected (TrioSimWorld *world, const GError *error, GError *rest)
{
  gsize n_members;
  const GError *const *members = trio_error_group_get_errors (error, &n_members);

  for (gsize i = 0; i < n_members; i++)
    if (members[i] != error)
      rest = without_injected (world, members[i], rest);
    else if (!is_injected (world, error))
      rest = trio_error_merge (rest, g_error_copy (error));
  return rest;
}

static void
append_identities (TrioSimWorld *world, GPtrArray *names, GPtrArray *places, const GError *error)
{
  gsize n_members;
  const GError *const *members = trio_error_group_get_errors (error, &n_members);

  for (gsize i = 0; i < n_members; i++)
    if (members[i] != error)
      append_identities (world, names, places, members[i]);
    else
      {
        g_ptr_array_add (names, g_strdup_printf ("%s:%d", g_quark_to_string (error->domain), error->code));
        trio_sim_add_origins (world, error, places);
      }
}

void
trio_sim_detect_failure (TrioSimWorld *world, GError *error)
{
  GError *rest = without_injected (world, error, NULL);
  g_autoptr (GPtrArray) names = g_ptr_array_new_with_free_func (g_free);
  g_autoptr (GPtrArray) places = g_ptr_array_new_with_free_func (g_free);
  GString *name;

  g_error_free (error);
  if (rest == NULL)
    return;
  trio_sim_note_misuse (world, NULL, rest);
  if (world->verdict == TRIO_SIM_MISUSE)
    {
      g_propagate_error (&world->error, rest);
      return;
    }

  name = g_string_new (NULL);
  append_identities (world, names, places, rest);
  append_set (name, names);
  if (trio_sim_world_find (world, TRIO_SIM_ERROR, g_string_free (name, FALSE)))
    {
      if (places->len > 0)
        world->place = set_of (places);
      g_string_append_printf (world->message, "the scenario failed: %s", rest->message);
      world->error = g_steal_pointer (&rest);
    }
  g_clear_error (&rest);
}
