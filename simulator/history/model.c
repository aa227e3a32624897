/* SPDX-License-Identifier: MIT OR Apache-2.0 */

/* The models that are there: what a register, a counter, a queue and a map do when nobody disturbs anybody. A state is a queue of
 * GVariants in each of them: a register's has at most one, a counter's exactly one. So they share everything but their steps. */

#include "simulator/history/history.h"

#include <string.h>

typedef GQueue State;

static gpointer
init_empty (void)
{
  return g_queue_new ();
}

static gpointer
copy_state (gconstpointer state)
{
  State *copy = g_queue_copy ((State *) state);

  for (GList *link = copy->head; link != NULL; link = link->next)
    g_variant_ref (link->data);
  return copy;
}

static void
free_state (gpointer state)
{
  g_queue_free_full (state, (GDestroyNotify) g_variant_unref);
}

static gboolean
equal_states (gconstpointer a, gconstpointer b)
{
  const State *first = a;
  const State *second = b;
  GList *other = second->head;

  if (first->length != second->length)
    return FALSE;
  for (GList *link = first->head; link != NULL; link = link->next, other = other->next)
    if (!g_variant_equal (link->data, other->data))
      return FALSE;
  return TRUE;
}

static guint
hash_state (gconstpointer state)
{
  guint hash = 17;

  for (GList *link = ((const State *) state)->head; link != NULL; link = link->next)
    {
      g_autoptr (GBytes) bytes = g_variant_get_data_as_bytes (link->data);

      hash = hash * 31 + g_bytes_hash (bytes);
    }
  return hash;
}

static void
append_state (gconstpointer data, GString *out)
{
  const State *state = data;

  if (state->length == 0)
    g_string_append (out, "empty");
  for (GList *link = state->head; link != NULL; link = link->next)
    {
      if (link != state->head)
        g_string_append (out, ", ");
      trio_value_append (link->data, out);
    }
}

/* --- pieces of steps --- */

/* value may be floating. */
static void
become (State *state, GVariant *value)
{
  g_variant_ref_sink (value);
  g_queue_clear_full (state, (GDestroyNotify) g_variant_unref);
  g_queue_push_tail (state, value);
}

static gboolean
is_verb (const TrioOperation *operation, const char *verb)
{
  return strcmp (operation->verb, verb) == 0;
}

/* Whether that could have been the result. NULL stands for nothing. */
static gboolean
gives (const TrioOperation *operation, GVariant *value)
{
  if (operation->result == NULL)
    return TRUE;
  if (value == NULL)
    return g_variant_is_of_type (operation->result, G_VARIANT_TYPE_UNIT);
  return g_variant_equal (operation->result, value);
}

static gboolean
gives_boolean (const TrioOperation *operation, gboolean value)
{
  return operation->result == NULL || !g_variant_get_boolean (operation->result) == !value;
}

/* --- what each understands --- */

typedef struct
{
  const char *verb;
  const char *argument;     /* type strings; NULL: any */
  const char *results[2];   /* any of them, none: any */
} Form;

static gboolean
fits (GVariant *value, const char *type)
{
  return g_variant_is_of_type (value, G_VARIANT_TYPE (type));
}

static gboolean
understands (const char *model, const Form *forms, guint n_forms, const TrioOperation *operation, GError **error)
{
  const Form *form = NULL;
  const char *wrong = NULL;

  for (guint i = 0; i < n_forms && form == NULL; i++)
    if (is_verb (operation, forms[i].verb))
      form = &forms[i];

  if (form == NULL)
    wrong = "no such verb";
  else if (form->argument != NULL && !fits (operation->argument, form->argument))
    wrong = "its argument has another type";
  else if (operation->result != NULL && form->results[0] != NULL && !fits (operation->result, form->results[0])
           && (form->results[1] == NULL || !fits (operation->result, form->results[1])))
    wrong = "its result has another type";
  if (wrong == NULL)
    return TRUE;

  g_autoptr (GString) words = g_string_new (NULL);
  trio_operation_append (operation, words);
  g_set_error (error, TRIO_ERROR, TRIO_ERROR_MISUSE, "the model “%s” does not understand “%s” of %s: %s; see <trio-sim/history.h> for what it has",
               model, words->str, operation->client, wrong);
  return FALSE;
}

/* --- register --- */

static gboolean
register_understands (const TrioOperation *operation, GError **error)
{
  static const Form forms[] = { { "write", NULL, { "()" } }, { "read", "()", { NULL } }, { "swap", "(**)", { "b" } } };

  return understands ("register", forms, G_N_ELEMENTS (forms), operation, error);
}

static gboolean
register_swaps (State *state, const TrioOperation *operation)
{
  g_autoptr (GVariant) old = g_variant_get_child_value (operation->argument, 0);
  g_autoptr (GVariant) new = g_variant_get_child_value (operation->argument, 1);
  GVariant *value = g_queue_peek_head (state);
  gboolean same = value == NULL ? fits (old, "()") : g_variant_equal (value, old);

  if (same)
    become (state, new);
  return gives_boolean (operation, same);
}

static gboolean
register_steps (gpointer state, const TrioOperation *operation)
{
  if (is_verb (operation, "read"))
    return gives (operation, g_queue_peek_head (state));
  if (is_verb (operation, "swap"))
    return register_swaps (state, operation);
  become (state, operation->argument);
  return TRUE;
}

/* --- counter --- */

static gpointer
init_zero (void)
{
  State *state = g_queue_new ();

  become (state, g_variant_new_int64 (0));
  return state;
}

static gboolean
counter_understands (const TrioOperation *operation, GError **error)
{
  static const Form forms[] = { { "add", "x", { "()", "x" } }, { "read", "()", { "x" } } };

  return understands ("counter", forms, G_N_ELEMENTS (forms), operation, error);
}

static gboolean
counter_steps (gpointer state, const TrioOperation *operation)
{
  if (is_verb (operation, "add"))
    {
      guint64 sum = (guint64) g_variant_get_int64 (g_queue_peek_head (state));

      /* Around, like a machine's: overflow is for the program to decide. */
      become (state, g_variant_new_int64 ((gint64) (sum + (guint64) g_variant_get_int64 (operation->argument))));
      if (operation->result != NULL && fits (operation->result, "()"))
        return TRUE;
    }
  return gives (operation, g_queue_peek_head (state));
}

/* --- queue --- */

static gboolean
queue_understands (const TrioOperation *operation, GError **error)
{
  static const Form forms[] = { { "enqueue", NULL, { "()" } }, { "dequeue", "()", { NULL } } };

  return understands ("queue", forms, G_N_ELEMENTS (forms), operation, error);
}

static gboolean
queue_steps (gpointer state, const TrioOperation *operation)
{
  if (is_verb (operation, "dequeue"))
    {
      g_autoptr (GVariant) value = g_queue_pop_head (state);

      return gives (operation, value);
    }
  g_queue_push_tail (state, g_variant_ref (operation->argument));
  return TRUE;
}

/* --- map --- */

static gboolean
map_understands (const TrioOperation *operation, GError **error)
{
  static const Form forms[] = { { "put", NULL, { "()" } }, { "get", "()", { NULL } }, { "remove", "()", { "b" } } };

  return understands ("map", forms, G_N_ELEMENTS (forms), operation, error);
}

static gboolean
map_steps (gpointer state, const TrioOperation *operation)
{
  if (is_verb (operation, "get"))
    return gives (operation, g_queue_peek_head (state));
  if (is_verb (operation, "remove"))
    {
      g_autoptr (GVariant) value = g_queue_pop_head (state);

      return gives_boolean (operation, value != NULL);
    }
  become (state, operation->argument);
  return TRUE;
}

/* --- the four --- */

#define MODEL(model, beginning)                                                                       \
  const TrioModel *                                                                                   \
  trio_model_##model (void)                                                                           \
  {                                                                                                   \
    static const TrioModel self = {                                                                   \
      .name = #model, .by_key = TRUE, .understands = model##_understands, .init = beginning,          \
      .copy = copy_state, .free = free_state, .equal = equal_states, .hash = hash_state,              \
      .step = model##_steps, .append = append_state,                                                  \
    };                                                                                                \
    return &self;                                                                                     \
  }

MODEL (register, init_empty)
MODEL (counter, init_zero)
MODEL (queue, init_empty)
MODEL (map, init_empty)
