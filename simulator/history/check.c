/* SPDX-License-Identifier: MIT OR Apache-2.0 */

/* A whole history is linearizable if each of its objects is (Herlihy and Wing's locality): parted by key, each part searched by
 * itself, and one of them told about in words. */

#include "simulator/history/linearize.h"

#include <trio/seam/strand.h>

#include "simulator/sim-world.h"

/* Of the order, in messages: the last ones. */
#define LINES_MAX 12

typedef struct
{
  const char          *key;
  GArray              *ids;
  TrioLinearizability  verdict;
  TrioLinearizeResult  result;
} Part;

static void
free_part (gpointer data)
{
  Part *part = data;

  g_array_unref (part->ids);
  g_clear_pointer (&part->result.order, g_array_unref);
  g_free (part);
}

/* --- parts --- */

/* No key is a key too. */
static guint
hash_key (gconstpointer key)
{
  return key == NULL ? 0 : g_str_hash (key);
}

static gboolean
equal_keys (gconstpointer a, gconstpointer b)
{
  return g_strcmp0 (a, b) == 0;
}

static Part *
find_part (GPtrArray *parts, GHashTable *by_key, const char *key)
{
  Part *part = g_hash_table_lookup (by_key, key);

  if (part == NULL)
    {
      part = g_new0 (Part, 1);
      part->key = key;
      part->ids = g_array_new (FALSE, FALSE, sizeof (guint));
      g_ptr_array_add (parts, part);
      g_hash_table_insert (by_key, (gpointer) key, part);
    }
  return part;
}

/* In the order of their first operations; NULL if the model does not understand one. */
static GPtrArray *
part_by_key (const TrioHistory *history, const TrioModel *model, GError **error)
{
  g_autoptr (GPtrArray) parts = g_ptr_array_new_with_free_func (free_part);
  g_autoptr (GHashTable) by_key = g_hash_table_new (hash_key, equal_keys);

  for (guint i = 0; i < trio_history_get_length (history); i++)
    {
      const TrioHistoryEntry *entry = trio_history_get_entry (history, i);
      Part *part;

      if (entry->failed)
        continue;
      if (model->understands != NULL && !model->understands (&entry->operation, error))
        return NULL;
      part = find_part (parts, by_key, model->by_key ? entry->operation.key : NULL);
      g_array_append_val (part->ids, i);
    }
  return g_steal_pointer (&parts);
}

/* A failure before what is undecided before the largest. */
static const Part *
choose_part (const GPtrArray *parts)
{
  static const int weight[] = { [TRIO_LINEARIZABLE] = 0, [TRIO_LINEARIZABLE_UNKNOWN] = 1, [TRIO_NOT_LINEARIZABLE] = 2 };
  const Part *chosen = NULL;

  for (guint i = 0; i < parts->len; i++)
    {
      const Part *part = g_ptr_array_index (parts, i);

      if (chosen == NULL || weight[part->verdict] > weight[chosen->verdict]
          || (part->verdict == TRIO_LINEARIZABLE && chosen->verdict == TRIO_LINEARIZABLE && part->ids->len > chosen->ids->len))
        chosen = part;
    }
  return chosen;
}

/* --- words --- */

static char **
states_of (const TrioHistory *history, const TrioModel *model, const GArray *order)
{
  char **states = g_new0 (char *, order->len + 1);
  gpointer state = model->init ();

  for (guint i = 0; i < order->len; i++)
    {
      GString *text = g_string_new (NULL);

      model->step (state, trio_history_get_operation (history, g_array_index (order, guint, i)));
      if (model->append != NULL)
        model->append (state, text);
      states[i] = g_string_free (text, FALSE);
    }
  model->free (state);
  return states;
}

static void
append_operation (GString *out, const TrioHistory *history, guint id)
{
  const TrioOperation *operation = trio_history_get_operation (history, id);

  trio_operation_append (operation, out);
  g_string_append_printf (out, " of %s", operation->client);
}

static void
append_order (GString *out, const TrioHistory *history, const TrioLinearization *self)
{
  guint first = self->n_order > LINES_MAX ? self->n_order - LINES_MAX : 0;

  if (self->n_order == 0)
    g_string_append (out, "\n  nothing can have happened before it");
  if (first > 0)
    g_string_append_printf (out, "\n  … %u before them", first);
  for (guint i = first; i < self->n_order; i++)
    {
      g_string_append_printf (out, "\n  %u. ", i + 1);
      append_operation (out, history, self->order[i]);
      if (*self->states[i] != '\0')
        g_string_append_printf (out, ", after which it is: %s", self->states[i]);
    }
}

static char *
words_of (const TrioHistory *history, const TrioLinearization *self)
{
  GString *out = g_string_new (NULL);
  g_autofree char *object = self->key == NULL ? g_strdup (" it") : g_strdup_printf (" “%s”", self->key);

  switch (self->verdict)
    {
    case TRIO_LINEARIZABLE:
      g_string_append_printf (out, "linearizable: it is a %s", self->model->name);
      break;
    case TRIO_LINEARIZABLE_UNKNOWN:
      g_string_append_printf (out, "undecided: whether%s is a %s was not certain after %" G_GUINT64_FORMAT " questions to the model",
                              object, self->model->name, self->steps);
      break;
    case TRIO_NOT_LINEARIZABLE:
      g_string_append_printf (out, "not linearizable:%s is no %s. No order gets past the return of ", object, self->model->name);
      append_operation (out, history, (guint) self->stuck);
      g_string_append (out, ". The most that can have happened before:");
      append_order (out, history, self);
      break;
    }
  return g_string_free (out, FALSE);
}

/* --- the whole --- */

static TrioLinearization *
linearization_of (const TrioHistory *history, const TrioModel *model, const GPtrArray *parts)
{
  TrioLinearization *self = g_new0 (TrioLinearization, 1);
  const Part *part = choose_part (parts);
  g_autoptr (GArray) empty = g_array_new (FALSE, FALSE, sizeof (guint));
  const GArray *order = part == NULL ? empty : part->result.order;

  self->model = model;
  self->verdict = part == NULL ? TRIO_LINEARIZABLE : part->verdict;
  self->key = part == NULL ? NULL : g_strdup (part->key);
  self->stuck = part == NULL ? -1 : part->result.stuck;
  self->n_order = order->len;
  self->order = g_memdup2 (order->data, order->len * sizeof (guint));
  self->states = states_of (history, model, order);
  for (guint i = 0; i < parts->len; i++)
    self->steps += ((const Part *) g_ptr_array_index (parts, i))->result.steps;
  self->message = words_of (history, self);
  return self;
}

TrioLinearization *
trio_history_check (const TrioHistory *history, const TrioModel *model, guint64 budget, GError **error)
{
  g_autoptr (GPtrArray) parts = NULL;

  g_return_val_if_fail (history != NULL && model != NULL, NULL);

  parts = part_by_key (history, model, error);
  if (parts == NULL)
    return NULL;
  for (guint i = 0; i < parts->len; i++)
    {
      Part *part = g_ptr_array_index (parts, i);

      part->verdict = trio_linearize (history, model, part->ids, budget, &part->result);
      if (part->verdict == TRIO_NOT_LINEARIZABLE)
        g_ptr_array_set_size (parts, (int) i + 1);
    }
  return linearization_of (history, model, parts);
}

void
trio_linearization_free (TrioLinearization *self)
{
  if (self == NULL)
    return;
  g_free (self->key);
  g_free (self->order);
  g_strfreev (self->states);
  g_free (self->message);
  g_free (self);
}

/* --- as a check --- */

static void
give_evidence (TrioSimWorld *world, const TrioHistory *history, const TrioLinearization *linearization, const char *name)
{
  if (world->history_path != NULL && world->history_page == NULL)
    world->history_page = trio_history_to_page (history, linearization, name);
  g_string_assign (world->evidence, linearization->message);
}

void
trio_history_always (const TrioHistory *history, const TrioModel *model, const char *name, const char *where)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (TrioLinearization) linearization = trio_history_check (history, model, 0, &error);
  TrioSimWorld *world = trio_sim_world_get_current ();
  g_autofree char *decided = g_strconcat (name, ": decided", NULL);

  if (linearization == NULL)
    g_error ("%s: %s", where, error == NULL ? "there is no history to check" : error->message);
  trio_check (TRIO_CHECK_SOMETIMES, linearization->verdict != TRIO_LINEARIZABLE_UNKNOWN, decided, where);
  if (linearization->verdict != TRIO_NOT_LINEARIZABLE)
    return;

  /* Without a world that listens it ends here; with one, below, whence it does not come back. */
  if (world == NULL && trio_strand_get_current () == NULL)
    g_error ("%s: “%s” must always hold and does not: %s", where, name, linearization->message);
  if (world != NULL)
    give_evidence (world, history, linearization, name);
  g_clear_pointer (&decided, g_free);
  g_clear_pointer (&linearization, trio_linearization_free);
  trio_check (TRIO_CHECK_ALWAYS, FALSE, name, where);
}
