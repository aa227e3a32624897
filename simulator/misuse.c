/* SPDX-License-Identifier: MIT OR Apache-2.0 */

/* Misuse: the program did what nobody may do, and went on as if nothing had been. Two things tell of it.
 *
 *     a critical                     g_return_if_fail(), "released by a task that does not hold it" …
 *     a task that ended with         lock held already, closed in the wrong order …                     whether or not its parent
 *     TRIO_ERROR_MISUSE                                                                                 passes it on
 *
 * Only where judge_misuse is asked for: tests misuse things on purpose.
 *
 * An error that its own task swallowed is seen by nobody. A critical is noted, and the run ends with the turn: it cannot end at once, since
 * GLib counts on coming back from its log. What the program does in the rest of that turn is not judged; if it crashes, the critical
 * stands in front of the crash. */

#include "simulator/sim-world.h"

#include <string.h>

#include <trio/lowlevel/dump.h>
#include <trio/lowlevel/task.h>

/* The innermost function of the task, outside the log, that is not the runtime's or GLib's; NULL if nothing is known. */
static char *
place_of (TrioTask *task)
{
  g_autoptr (GString) stack = g_string_new (NULL);
  const char *below;
  g_auto (GStrv) frames = NULL;

  if (task == NULL)
    return NULL;
  trio_task_append_stack (task, TRIO_DUMP_STACKS, stack);
  below = strstr (stack->str, "note_log");
  frames = g_strsplit (below == NULL ? stack->str : below + strlen ("note_log"), " < ", -1);
  for (guint i = 0; frames[i] != NULL; i++)
    if (g_ascii_isalpha (frames[i][0]) && !g_str_has_prefix (frames[i], "trio_") && !g_str_has_prefix (frames[i], "g_"))
      return g_strndup (frames[i], strcspn (frames[i], " "));
  return NULL;
}

/* What stays the same while the run is made smaller: the first line without what stands in quotes, since other tasks come to do the
 * same. */
static char *
name_of (const char *what)
{
  GString *name = g_string_new (NULL);

  for (gboolean quoted = FALSE; *what != '\0' && *what != '\n'; what++)
    {
      if (*what == '"' && !quoted)
        g_string_append (name, "…");
      if (*what == '"')
        quoted = !quoted;
      else if (!quoted)
        g_string_append_c (name, *what);
    }
  return g_string_free (name, FALSE);
}

/* place is taken: where it was, if that can still be seen. */
static void
find_misuse (TrioSimWorld *world, TrioTask *task, char *place, const char *what)
{
  if (!trio_sim_world_find (world, TRIO_SIM_MISUSE, name_of (what)))
    {
      g_free (place);
      return;
    }
  world->place = place;
  g_string_append (world->message, what);
  if (task != NULL)
    {
      g_string_append_printf (world->message, "\n  by %s, at step %" G_GUINT64_FORMAT ", at ",
                              trio_sim_tape_get_path (world->tape, task), world->watch.steps);
      g_string_append (world->message, trio_span_in_seconds (world->clock.now).text);
      if (place != NULL)
        g_string_append_printf (world->message, ", in %s", place);
    }
}

/* --- criticals --- */

static void
note_log (const char *domain, GLogLevelFlags level, const char *message, gpointer data)
{
  TrioSimWorld *world = data;

  if ((level & G_LOG_LEVEL_CRITICAL) != 0 && world->loop != NULL)
    {
      g_autofree char *what = g_strdup_printf ("%s%s%s", domain == NULL ? "" : domain, domain == NULL ? "" : ": ", message);

      TrioTask *task = trio_loop_get_current () == world->loop ? trio_current_task () : NULL;

      find_misuse (world, task, place_of (task), what);
    }
  g_log_default_handler (domain, level, message, NULL);
}

/* The process's log is the run's until the end. */
void
trio_sim_misuse_listen (TrioSimWorld *world)
{
  world->fatal_before = g_log_set_always_fatal (G_LOG_LEVEL_ERROR);
  world->log_before = g_log_set_default_handler (note_log, world);
}

void
trio_sim_misuse_stop_listening (TrioSimWorld *world)
{
  if (world->log_before == NULL)
    return;
  g_log_set_default_handler (world->log_before, NULL);
  g_log_set_always_fatal (world->fatal_before);
}

/* --- errors --- */

/* (transfer none): the first one in it, or NULL. */
static const GError *
find_error (const GError *error)
{
  gsize n_members;
  const GError *const *members = trio_error_group_get_errors (error, &n_members);
  const GError *found = NULL;

  for (gsize i = 0; i < n_members && found == NULL; i++)
    if (members[i] != error)
      found = find_error (members[i]);
    else if (g_error_matches (error, TRIO_ERROR, TRIO_ERROR_MISUSE))
      found = error;
  return found;
}

void
trio_sim_note_misuse (TrioSimWorld *world, TrioTask *task, const GError *error)
{
  const GError *misuse = world->log_before == NULL || error == NULL ? NULL : find_error (error);

  if (misuse != NULL)
    find_misuse (world, task, NULL, misuse->message);
}
