/* SPDX-License-Identifier: MIT OR Apache-2.0 */

/* Where an error of main's came from: the task that ended with it first. An error goes up from task to parent, so a task that ends with an
 * error of the same domain and code as a child of its own before passes the child's on; else it is its own.
 *
 *     main/serve/teller#2 ends with FAILED      FAILED is teller's
 *     main/serve ends with FAILED               … and comes from teller still
 *     main ends with FAILED                     place: "teller"
 *
 * A task is called by its name without its number: while a run is made smaller, another one of its like fails. Nothing is kept of tasks that
 * end well. That a parent dealt with a child's error and made another of the same code itself cannot be seen. */

#include <string.h>

#include <trio/lowlevel/task.h>

#include "simulator/sim-world.h"

#define ORIGINS_MAX 1000
#define OF_MAIN     G_MAXUINT64

typedef struct
{
  GQuark  domain;
  int     code;
  char   *task;
  guint64 parent;      /* serial of who gets it next; OF_MAIN: it came out of main */
} Origin;

static void
clear_origin (gpointer origin)
{
  g_free (((Origin *) origin)->task);
}

static gboolean
is_same_error (const Origin *origin, const GError *error)
{
  return origin->domain == error->domain && origin->code == error->code;
}

/* Whether it came from a child; then it goes on to the next parent. */
static gboolean
pass_on (GArray *origins, guint64 serial, guint64 parent, const GError *error)
{
  gboolean passed = FALSE;

  for (guint i = 0; i < origins->len; i++)
    {
      Origin *origin = &g_array_index (origins, Origin, i);

      if (origin->parent == serial && is_same_error (origin, error))
        {
          origin->parent = parent;
          passed = TRUE;
        }
    }
  return passed;
}

static void
note_error (TrioSimWorld *world, TrioTask *task, const GError *error)
{
  TrioTask *above = trio_task_get_parent (task);
  guint64 parent = trio_task_get_parent (above) == NULL ? OF_MAIN : trio_task_get_serial (above);

  if (world->origins == NULL)
    {
      world->origins = g_array_new (FALSE, FALSE, sizeof (Origin));
      g_array_set_clear_func (world->origins, clear_origin);
    }
  if (!pass_on (world->origins, trio_task_get_serial (task), parent, error) && world->origins->len < ORIGINS_MAX)
    {
      const char *name = trio_task_get_name (task);
      const Origin origin = { error->domain, error->code, g_strndup (name, strcspn (name, "#")), parent };

      g_array_append_val (world->origins, origin);
    }
}

void
trio_sim_note_origin (TrioSimWorld *world, TrioTask *task, const GError *error)
{
  gsize n_members;
  const GError *const *members = trio_error_group_get_errors (error, &n_members);

  for (gsize i = 0; i < n_members; i++)
    if (members[i] != error)
      trio_sim_note_origin (world, task, members[i]);
    else
      note_error (world, task, error);
}

void
trio_sim_add_origins (const TrioSimWorld *world, const GError *error, GPtrArray *places)
{
  for (guint i = 0; world->origins != NULL && i < world->origins->len; i++)
    {
      const Origin *origin = &g_array_index (world->origins, Origin, i);

      if (origin->parent == OF_MAIN && is_same_error (origin, error))
        g_ptr_array_add (places, g_strdup (origin->task));
    }
}
