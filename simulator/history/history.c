/* SPDX-License-Identifier: MIT OR Apache-2.0 */

/* The recorder: who called what, and what came of it, in one order; see history.h. */

#include "simulator/history/history.h"

#include <trio/lowlevel/task.h>
#include <trio/seam/world.h>

static void
free_entry (gpointer data)
{
  TrioHistoryEntry *entry = data;

  g_free (entry->operation.client);
  g_free (entry->operation.verb);
  g_free (entry->operation.key);
  g_clear_pointer (&entry->operation.argument, g_variant_unref);
  g_clear_pointer (&entry->operation.result, g_variant_unref);
  g_free (entry);
}

TrioHistory *
trio_history_new (void)
{
  TrioHistory *self = g_new0 (TrioHistory, 1);

  g_mutex_init (&self->mutex);
  self->entries = g_ptr_array_new_with_free_func (free_entry);
  return self;
}

void
trio_history_free (TrioHistory *self)
{
  if (self == NULL)
    return;
  g_ptr_array_unref (self->entries);
  g_mutex_clear (&self->mutex);
  g_free (self);
}

GVariant *
trio_history_nothing (void)
{
  return g_variant_new_tuple (NULL, 0);
}

/* --- noting --- */

static char *
name_of_client (const char *client)
{
  TrioTask *task = client == NULL ? trio_current_task () : NULL;

  if (client == NULL && task == NULL)
    g_critical ("trio_history_call: outside tasks a call must say who the client is");
  return task != NULL ? trio_task_dup_path (task) : g_strdup (client != NULL ? client : "nobody");
}

static gint64
time_now (void)
{
  return trio_loop_get_current () == NULL ? 0 : trio_current_time ();
}

guint
trio_history_call (TrioHistory *self, const char *client, const char *verb, const char *key, GVariant *argument)
{
  TrioHistoryEntry *entry;
  guint id;

  g_return_val_if_fail (self != NULL && verb != NULL, 0);

  entry = g_new0 (TrioHistoryEntry, 1);
  entry->operation.client = name_of_client (client);
  entry->operation.verb = g_strdup (verb);
  entry->operation.key = g_strdup (key);
  entry->operation.argument = g_variant_ref_sink (argument != NULL ? argument : trio_history_nothing ());
  entry->operation.called_at = time_now ();

  g_mutex_lock (&self->mutex);
  id = self->entries->len;
  entry->operation.called = ++self->n_events;
  g_ptr_array_add (self->entries, entry);
  g_mutex_unlock (&self->mutex);
  return id;
}

/* The entry that is to end now, with the mutex held; NULL, and no mutex, if there is none such. */
static TrioHistoryEntry *
lock_and_end (TrioHistory *self, guint id, const char *verb)
{
  TrioHistoryEntry *entry;

  g_mutex_lock (&self->mutex);
  entry = id < self->entries->len ? g_ptr_array_index (self->entries, id) : NULL;
  if (entry != NULL && !entry->ended)
    {
      entry->ended = TRUE;
      return entry;
    }
  g_mutex_unlock (&self->mutex);
  g_critical ("%s: operation %u %s", verb, id, entry == NULL ? "was never called" : "has ended already");
  return NULL;
}

void
trio_history_return (TrioHistory *self, guint id, GVariant *result)
{
  g_autoptr (GVariant) value = g_variant_ref_sink (result != NULL ? result : trio_history_nothing ());
  gint64 now = time_now ();
  TrioHistoryEntry *entry;

  g_return_if_fail (self != NULL);

  entry = lock_and_end (self, id, "trio_history_return");
  if (entry == NULL)
    return;
  entry->operation.result = g_steal_pointer (&value);
  entry->operation.returned = ++self->n_events;
  entry->operation.returned_at = now;
  g_mutex_unlock (&self->mutex);
}

void
trio_history_fail (TrioHistory *self, guint id)
{
  TrioHistoryEntry *entry;

  g_return_if_fail (self != NULL);

  entry = lock_and_end (self, id, "trio_history_fail");
  if (entry == NULL)
    return;
  entry->failed = TRUE;
  g_mutex_unlock (&self->mutex);
}

void
trio_history_lose (TrioHistory *self, guint id)
{
  g_return_if_fail (self != NULL);

  if (lock_and_end (self, id, "trio_history_lose") != NULL)
    g_mutex_unlock (&self->mutex);
}

/* --- looking --- */

guint
trio_history_get_length (const TrioHistory *self)
{
  g_return_val_if_fail (self != NULL, 0);
  return self->entries->len;
}

const TrioHistoryEntry *
trio_history_get_entry (const TrioHistory *self, guint id)
{
  return g_ptr_array_index (self->entries, id);
}

const TrioOperation *
trio_history_get_operation (const TrioHistory *self, guint id)
{
  g_return_val_if_fail (self != NULL && id < self->entries->len, NULL);
  return &trio_history_get_entry (self, id)->operation;
}

void
trio_value_append (GVariant *value, GString *out)
{
  if (value == NULL)
    g_string_append_c (out, '?');
  else if (g_variant_is_of_type (value, G_VARIANT_TYPE_UNIT))
    g_string_append (out, "nothing");
  else
    g_variant_print_string (value, out, FALSE);
}

void
trio_operation_append (const TrioOperation *operation, GString *out)
{
  g_string_append (out, operation->verb);
  if (operation->key != NULL)
    g_string_append_printf (out, " [%s]", operation->key);
  if (!g_variant_is_of_type (operation->argument, G_VARIANT_TYPE_UNIT))
    {
      g_string_append_c (out, ' ');
      trio_value_append (operation->argument, out);
    }
  g_string_append (out, " -> ");
  trio_value_append (operation->result, out);
}

char *
trio_history_to_text (const TrioHistory *self)
{
  GString *out = g_string_new (NULL);

  g_return_val_if_fail (self != NULL, g_string_free (out, FALSE));

  for (guint i = 0; i < self->entries->len; i++)
    {
      const TrioHistoryEntry *entry = trio_history_get_entry (self, i);
      const TrioOperation *operation = &entry->operation;

      g_string_append_printf (out, "%u  %s: ", i, operation->client);
      trio_operation_append (operation, out);
      if (entry->failed)
        g_string_append (out, "  (did not happen)");
      else if (operation->returned == 0)
        g_string_append_printf (out, "  (called %u, never returned)", operation->called);
      else
        g_string_append_printf (out, "  (called %u, returned %u)", operation->called, operation->returned);
      g_string_append_c (out, '\n');
    }
  return g_string_free (out, FALSE);
}
