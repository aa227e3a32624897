/* SPDX-License-Identifier: MIT OR Apache-2.0 */

/* TRIO_ERROR, and groups: an extended GError whose private part holds the members in order of arrival. Looking into groups, and taking them
 * apart, is in error-group.c.
 *
 * Always true:
 *  1. A group has at least two members, and no member is a group that was merged in one after the other (those stand side by side); a group
 *     within a group is one that came as a whole from an inner nursery, or that somebody gave a prefix.
 *  2. Groups may be nested as deep as a program nests its nurseries. Nothing here calls itself once per level: not even freeing and copying,
 *     which GLib begins.
 *  3. The message of a group is bounded, however large the group is. trio_error_to_tree() shows all of it.
 */

#include <string.h>

#include "core/error/error-group.h"

/* The message of a group tells so many members, so many lines of each, and so deep; the rest is counted, or left out. */
enum { MEMBERS_IN_MESSAGE = 20, LINES_IN_MEMBER = 60, COLUMNS_IN_MESSAGE = 64 };

typedef struct
{
  GPtrArray *members;       /* NULL unless it is a group */
  gsize      written;       /* bytes of the message that we wrote; what stands before them is a prefix that somebody added */
} TrioErrorPrivate;

static void trio_error_private_init  (TrioErrorPrivate *priv);
static void trio_error_private_copy  (const TrioErrorPrivate *src, TrioErrorPrivate *dest);
static void trio_error_private_clear (TrioErrorPrivate *priv);

G_DEFINE_EXTENDED_ERROR (TrioError, trio_error)

static void
trio_error_private_init (TrioErrorPrivate *priv)
{
  priv->members = NULL;
  priv->written = 0;
}

/* A copy of a group copies its members, which may be groups: the inner calls only leave a note here, and the outermost one works them off. */
typedef struct
{
  GPtrArray *from;
  GPtrArray *to;
} Copying;

static void
trio_error_private_copy (const TrioErrorPrivate *src, TrioErrorPrivate *dest)
{
  static __thread GArray *pending;
  gboolean outermost = pending == NULL;

  dest->written = src->written;
  dest->members = NULL;
  if (src->members == NULL)
    return;

  dest->members = g_ptr_array_new_full (src->members->len, (GDestroyNotify) g_error_free);
  if (outermost)
    pending = g_array_new (FALSE, FALSE, sizeof (Copying));
  g_array_append_vals (pending, &(Copying) { src->members, dest->members }, 1);
  if (!outermost)
    return;

  while (pending->len > 0)
    {
      Copying copying = g_array_index (pending, Copying, pending->len - 1);

      g_array_set_size (pending, pending->len - 1);
      for (guint i = 0; i < copying.from->len; i++)
        g_ptr_array_add (copying.to, g_error_copy (copying.from->pdata[i]));
    }
  g_clear_pointer (&pending, g_array_unref);
}

/* Likewise: groups within groups are freed one after the other. */
static void
trio_error_private_clear (TrioErrorPrivate *priv)
{
  static __thread GPtrArray *doomed;
  gboolean outermost = doomed == NULL;

  if (priv->members == NULL)
    return;
  if (outermost)
    doomed = g_ptr_array_new ();
  g_ptr_array_add (doomed, g_steal_pointer (&priv->members));
  if (!outermost)
    return;

  while (doomed->len > 0)
    g_ptr_array_unref (g_ptr_array_steal_index (doomed, doomed->len - 1));
  g_clear_pointer (&doomed, g_ptr_array_unref);
}

GPtrArray *
trio_error_get_members (const GError *error)
{
  if (!g_error_matches (error, TRIO_ERROR, TRIO_ERROR_GROUP))
    return NULL;
  return trio_error_get_private (error)->members;
}

gsize
trio_error_get_prefix (const GError *group)
{
  gsize length = strlen (group->message), written = trio_error_get_private (group)->written;

  return length > written ? length - written : 0;
}

/* A member's message, every line but the first indented to stand below it. */
static void
append_member (GString *out, const GError *member)
{
  g_auto (GStrv) lines = g_strsplit (member->message, "\n", -1);
  guint n_lines = g_strv_length (lines);
  gboolean left_out = FALSE;

  for (guint i = 0; i < MIN (n_lines, LINES_IN_MEMBER); i++)
    {
      gboolean too_deep = strspn (lines[i], " ") >= COLUMNS_IN_MESSAGE;

      if (!too_deep)
        g_string_append_printf (out, "\n%s%s", i == 0 ? "  - " : "    ", lines[i]);
      else if (!left_out)
        g_string_append_printf (out, "\n%*s…", COLUMNS_IN_MESSAGE, "");
      left_out = too_deep;
    }
  if (n_lines > LINES_IN_MEMBER)
    g_string_append_printf (out, "\n    and %u more lines", n_lines - LINES_IN_MEMBER);
}

static void
rewrite_message (GError *group, const char *prefix, gsize prefix_bytes)
{
  TrioErrorPrivate *priv = trio_error_get_private (group);
  GPtrArray *members = priv->members;
  GString *out = g_string_new_len (prefix, (gssize) prefix_bytes);

  g_string_append_printf (out, "%u errors:", members->len);
  for (guint i = 0; i < MIN (members->len, MEMBERS_IN_MESSAGE); i++)
    append_member (out, members->pdata[i]);
  if (members->len > MEMBERS_IN_MESSAGE)
    g_string_append_printf (out, "\n  - and %u more", members->len - MEMBERS_IN_MESSAGE);

  priv->written = out->len - prefix_bytes;
  g_free (group->message);
  group->message = g_string_free (out, FALSE);
}

GError *
trio_error_from_members (GPtrArray *members, const char *prefix, gsize prefix_bytes)
{
  GError *group;

  if (members->len < 2)
    {
      GError *one = members->len == 1 ? g_ptr_array_steal_index (members, 0) : NULL;

      if (one != NULL && prefix_bytes > 0)
        g_prefix_error (&one, "%.*s", (int) prefix_bytes, prefix);
      g_ptr_array_unref (members);
      return one;
    }
  group = g_error_new_literal (TRIO_ERROR, TRIO_ERROR_GROUP, "");
  trio_error_get_private (group)->members = members;
  rewrite_message (group, prefix, prefix_bytes);
  return group;
}

GPtrArray *
trio_error_new_members (void)
{
  return g_ptr_array_new_with_free_func ((GDestroyNotify) g_error_free);
}

GError *
trio_error_group_new (GError **errors, gsize n_errors)
{
  GPtrArray *members;

  g_return_val_if_fail (n_errors == 0 || errors != NULL, NULL);

  members = trio_error_new_members ();
  for (gsize i = 0; i < n_errors; i++)
    g_ptr_array_add (members, errors[i]);
  return trio_error_from_members (members, NULL, 0);
}

GError *
trio_error_merge (GError *first, GError *second)
{
  GPtrArray *members;

  if (first == NULL || second == NULL)
    return first != NULL ? first : second;

  members = trio_error_get_members (first);
  /* A prefix speaks of the members that are there, not of one that comes now. */
  if (members != NULL && trio_error_get_prefix (first) == 0)
    {
      g_ptr_array_add (members, second);
      rewrite_message (first, NULL, 0);
      return first;
    }
  members = trio_error_new_members ();
  g_ptr_array_add (members, first);
  g_ptr_array_add (members, second);
  return trio_error_from_members (members, NULL, 0);
}

const GError *const *
trio_error_group_get_errors (const GError *error, gsize *n_errors)
{
  /* A lone error is shown through a cell of its own thread, since there is no array to point into. */
  static __thread const GError *alone;
  GPtrArray *members;

  g_return_val_if_fail (error != NULL && n_errors != NULL, NULL);

  members = trio_error_get_members (error);
  if (members != NULL)
    {
      *n_errors = members->len;
      return (const GError *const *) members->pdata;
    }
  alone = error;
  *n_errors = 1;
  return &alone;
}
