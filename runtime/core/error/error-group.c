/* SPDX-License-Identifier: MIT OR Apache-2.0 */

/* Looking into groups of errors and taking them apart. The depth of a group is the program's, so where we are in one is kept on the heap, as
 * a pile of levels, and nothing calls itself once per level. */

#include <string.h>

#include "core/error/error-group.h"

/* Deeper than this, a line of the tree says its depth instead of being indented further. */
enum { INDENTED_LEVELS = 24 };

/* --- walking: every error in the tree, a group before its members, members in order of arrival --- */

typedef struct
{
  GPtrArray *members;
  guint      next;
} Level;

typedef struct
{
  const GError *root;       /* not given out yet, or NULL */
  GArray       *levels;     /* NULL until there is a group */
} Walk;

static void
descend (Walk *walk, const GError *error)
{
  GPtrArray *members = trio_error_get_members (error);

  if (members == NULL)
    return;
  if (walk->levels == NULL)
    walk->levels = g_array_new (FALSE, FALSE, sizeof (Level));
  g_array_append_vals (walk->levels, &(Level) { members, 0 }, 1);
}

/* NULL at the end; *depth is 0 for the whole. */
static const GError *
walk_next (Walk *walk, guint *depth)
{
  const GError *error = g_steal_pointer (&walk->root);

  *depth = 0;
  while (error == NULL && walk->levels != NULL && walk->levels->len > 0)
    {
      Level *level = &g_array_index (walk->levels, Level, walk->levels->len - 1);

      *depth = walk->levels->len;
      if (level->next < level->members->len)
        error = level->members->pdata[level->next++];
      else
        g_array_set_size (walk->levels, walk->levels->len - 1);
    }
  if (error != NULL)
    descend (walk, error);
  return error;
}

static void
walk_end (Walk *walk)
{
  g_clear_pointer (&walk->levels, g_array_unref);
}

/* --- kinds --- */

typedef struct
{
  GQuark domain;
  int    code;
} Kind;

static gboolean
is_of_kind (const GError *error, gpointer data)
{
  const Kind *kind = data;

  return g_error_matches (error, kind->domain, kind->code);
}

const GError *
trio_error_find_if (const GError *error, TrioErrorPredicate predicate, gpointer data)
{
  Walk walk = { .root = error };
  const GError *found;
  guint depth;

  g_return_val_if_fail (predicate != NULL, NULL);

  do
    found = walk_next (&walk, &depth);
  while (found != NULL && !predicate (found, data));
  walk_end (&walk);
  return found;
}

const GError *
trio_error_find (const GError *error, GQuark domain, int code)
{
  return trio_error_find_if (error, is_of_kind, &(Kind) { domain, code });
}

gboolean
trio_error_contains (const GError *error, GQuark domain, int code)
{
  return trio_error_find (error, domain, code) != NULL;
}

/* --- splitting --- */

/* A group that is being taken apart. */
typedef struct
{
  GError    *group;         /* an empty shell but for its message, which may have a prefix */
  gpointer  *members;       /* all of them, ours; those before `next` have gone */
  gsize      n;
  gsize      next;
  GPtrArray *matching;
  GPtrArray *rest;
} Split;

typedef struct
{
  TrioErrorPredicate predicate;
  gpointer           data;
  GArray            *splits;
  GError            *matching;     /* the answer */
  GError            *rest;
} Splitter;

static Split *
innermost (Splitter *self)
{
  return self->splits->len > 0 ? &g_array_index (self->splits, Split, self->splits->len - 1) : NULL;
}

/* Takes error, which may be NULL, to where it belongs on one of the two sides. */
static void
put (Splitter *self, GError *error, gboolean matches)
{
  Split *split = innermost (self);

  if (error == NULL)
    return;
  if (split != NULL)
    g_ptr_array_add (matches ? split->matching : split->rest, error);
  else if (matches)
    self->matching = error;
  else
    self->rest = error;
}

static void
begin (Splitter *self, GError *error)
{
  GPtrArray *members = trio_error_get_members (error);

  if (self->predicate (error, self->data))
    put (self, error, TRUE);
  else if (members == NULL)
    put (self, error, FALSE);
  else
    {
      Split split = { .group = error, .matching = trio_error_new_members (), .rest = trio_error_new_members () };

      split.members = g_ptr_array_steal (members, &split.n);
      g_array_append_vals (self->splits, &split, 1);
    }
}

static void
finish (Splitter *self)
{
  Split split = *innermost (self);
  gsize prefix = trio_error_get_prefix (split.group);

  g_array_set_size (self->splits, self->splits->len - 1);
  put (self, trio_error_from_members (split.matching, split.group->message, prefix), TRUE);
  put (self, trio_error_from_members (split.rest, split.group->message, prefix), FALSE);
  g_free (split.members);
  g_error_free (split.group);
}

void
trio_error_split_if (GError *error, TrioErrorPredicate predicate, gpointer data, GError **matching, GError **rest)
{
  Splitter self = { .predicate = predicate, .data = data };
  Split *split;

  g_return_if_fail (predicate != NULL);

  if (error != NULL && trio_error_find_if (error, predicate, data) == NULL)
    self.rest = error;      /* as it is */
  else if (error != NULL)
    {
      self.splits = g_array_new (FALSE, FALSE, sizeof (Split));
      begin (&self, error);
      while ((split = innermost (&self)) != NULL)
        if (split->next < split->n)
          begin (&self, split->members[split->next++]);
        else
          finish (&self);
      g_array_unref (self.splits);
    }

  if (matching != NULL)
    *matching = self.matching;
  else
    g_clear_error (&self.matching);
  if (rest != NULL)
    *rest = self.rest;
  else
    g_clear_error (&self.rest);
}

void
trio_error_split (GError *error, GQuark domain, int code, GError **matching, GError **rest)
{
  trio_error_split_if (error, is_of_kind, &(Kind) { domain, code }, matching, rest);
}

GError *
trio_error_remove (GError *error, GQuark domain, int code, gboolean *removed)
{
  GError *matching, *rest;

  trio_error_split (error, domain, code, &matching, &rest);
  if (removed != NULL)
    *removed = matching != NULL;
  g_clear_error (&matching);
  return rest;
}

/* --- showing --- */

static const char *const code_names[] = {
  [TRIO_ERROR_CANCELLED] = "cancelled",
  [TRIO_ERROR_KEYBOARD_INTERRUPT] = "keyboard interrupt",
  [TRIO_ERROR_TOO_SLOW] = "too slow",
  [TRIO_ERROR_GROUP] = "group",
  [TRIO_ERROR_WOULD_BLOCK] = "would block",
  [TRIO_ERROR_BUSY_RESOURCE] = "busy resource",
  [TRIO_ERROR_CLOSED_RESOURCE] = "closed resource",
  [TRIO_ERROR_BROKEN_RESOURCE] = "broken resource",
  [TRIO_ERROR_END_OF_CHANNEL] = "end of channel",
  [TRIO_ERROR_NEED_HANDSHAKE] = "need handshake",
  [TRIO_ERROR_RUN_FINISHED] = "run finished",
  [TRIO_ERROR_DEADLOCK] = "deadlock",
  [TRIO_ERROR_MISUSE] = "misuse",
  [TRIO_ERROR_INTERNAL] = "internal",
  [TRIO_ERROR_FAILED] = "failed",
};

static void
append_kind (GString *out, const GError *error)
{
  const char *domain = g_quark_to_string (error->domain);
  gsize length = strlen (domain);

  if (error->domain == TRIO_ERROR && error->code >= 0 && error->code < (int) G_N_ELEMENTS (code_names))
    {
      g_string_append_printf (out, "[%s] ", code_names[error->code]);
      return;
    }
  if (g_str_has_suffix (domain, "-quark"))
    length -= strlen ("-quark");
  g_string_append_printf (out, "[%.*s %d] ", (int) length, domain, error->code);
}

static void
append_node (GString *out, const GError *error, guint depth)
{
  GPtrArray *members = trio_error_get_members (error);
  guint indent = 2 * MIN (depth, INDENTED_LEVELS);
  const char *line = error->message;
  const char *end;

  g_string_append_printf (out, "%*s", (int) indent, "");
  if (depth > INDENTED_LEVELS)
    g_string_append_printf (out, "(%u deep) ", depth);
  if (members != NULL)
    {
      /* The members follow, so of its own message only what somebody put in front of it. */
      g_string_append_len (out, error->message, (gssize) trio_error_get_prefix (error));
      g_string_append_printf (out, "%u errors:\n", members->len);
      return;
    }

  append_kind (out, error);
  while ((end = strchr (line, '\n')) != NULL)
    {
      g_string_append_len (out, line, end + 1 - line);
      g_string_append_printf (out, "%*s", (int) indent + 2, "");
      line = end + 1;
    }
  g_string_append_printf (out, "%s\n", line);
}

char *
trio_error_to_tree (const GError *error)
{
  Walk walk = { .root = error };
  GString *out = g_string_new (NULL);
  guint depth;

  while ((error = walk_next (&walk, &depth)) != NULL)
    append_node (out, error, depth);
  walk_end (&walk);
  return g_string_free (out, FALSE);
}
