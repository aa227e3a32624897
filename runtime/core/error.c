/* SPDX-License-Identifier: MIT OR Apache-2.0 */

/* TRIO_ERROR, and groups: an extended GError whose private part holds the members in order of arrival.
 *
 * Always true: a group has at least two members, and no member is a group that was merged in one after the other (those stand side
 * by side); a group within a group is one that came as a whole from an inner nursery. */

#include <trio/error.h>

/* The message of a group lists so many members; the rest is counted. They all can be had from the group. */
enum { MEMBERS_IN_MESSAGE = 20 };

typedef struct
{
  GPtrArray *members;       /* NULL unless it is a group */
} TrioErrorPrivate;

static void
trio_error_private_init (TrioErrorPrivate *priv)
{
  priv->members = NULL;
}

static gpointer
copy_member (gconstpointer member, gpointer unused G_GNUC_UNUSED)
{
  return g_error_copy (member);
}

static void
trio_error_private_copy (const TrioErrorPrivate *src, TrioErrorPrivate *dest)
{
  dest->members = NULL;
  if (src->members != NULL)
    {
      dest->members = g_ptr_array_copy (src->members, (GCopyFunc) copy_member, NULL);
      g_ptr_array_set_free_func (dest->members, (GDestroyNotify) g_error_free);
    }
}

static void
trio_error_private_clear (TrioErrorPrivate *priv)
{
  g_clear_pointer (&priv->members, g_ptr_array_unref);
}

G_DEFINE_EXTENDED_ERROR (TrioError, trio_error)

static GPtrArray *
get_members (const GError *error)
{
  if (!g_error_matches (error, TRIO_ERROR, TRIO_ERROR_GROUP))
    return NULL;
  return trio_error_get_private (error)->members;
}

/* A member's message, every line but the first indented to stand below it. */
static void
append_member (GString *out, const GError *member)
{
  g_auto (GStrv) lines = g_strsplit (member->message, "\n", -1);

  for (guint i = 0; lines[i] != NULL; i++)
    g_string_append_printf (out, "\n%s%s", i == 0 ? "  - " : "    ", lines[i]);
}

static void
rewrite_message (GError *group)
{
  GPtrArray *members = get_members (group);
  GString *out = g_string_new (NULL);

  g_string_append_printf (out, "%u errors:", members->len);
  for (guint i = 0; i < MIN (members->len, MEMBERS_IN_MESSAGE); i++)
    append_member (out, members->pdata[i]);
  if (members->len > MEMBERS_IN_MESSAGE)
    g_string_append_printf (out, "\n  - and %u more", members->len - MEMBERS_IN_MESSAGE);

  g_free (group->message);
  group->message = g_string_free (out, FALSE);
}

/* Takes the array: nothing, the one, or a group. */
static GError *
group_or_one (GPtrArray *members)
{
  GError *group;

  if (members->len < 2)
    {
      GError *one = members->len == 1 ? g_ptr_array_steal_index (members, 0) : NULL;

      g_ptr_array_unref (members);
      return one;
    }
  group = g_error_new_literal (TRIO_ERROR, TRIO_ERROR_GROUP, "");

  trio_error_get_private (group)->members = members;
  rewrite_message (group);
  return group;
}

GError *
trio_error_merge (GError *first, GError *second)
{
  GPtrArray *members;

  if (first == NULL || second == NULL)
    return first != NULL ? first : second;

  members = get_members (first);
  if (members != NULL)
    {
      g_ptr_array_add (members, second);
      rewrite_message (first);
      return first;
    }
  members = g_ptr_array_new_with_free_func ((GDestroyNotify) g_error_free);
  g_ptr_array_add (members, first);
  g_ptr_array_add (members, second);
  return group_or_one (members);
}

gboolean
trio_error_contains (const GError *error, GQuark domain, int code)
{
  GPtrArray *members = error != NULL ? get_members (error) : NULL;

  if (g_error_matches (error, domain, code))
    return TRUE;
  for (guint i = 0; members != NULL && i < members->len; i++)
    if (trio_error_contains (members->pdata[i], domain, code))
      return TRUE;
  return FALSE;
}

const GError *const *
trio_error_group_get_errors (const GError *error, gsize *n_errors)
{
  GPtrArray *members;

  g_return_val_if_fail (error != NULL && n_errors != NULL, NULL);

  members = get_members (error);
  if (members != NULL)
    {
      *n_errors = members->len;
      return (const GError *const *) members->pdata;
    }
  /* A lone error is shown through a cell of its own thread, since there is no array to point into. */
  static __thread const GError *alone;
  alone = error;
  *n_errors = 1;
  return &alone;
}

/* Takes the members out of a group and frees what is left of it. */
static GError **
dissolve (GError *group, gsize *n)
{
  gpointer *members = g_ptr_array_steal (get_members (group), n);

  g_error_free (group);
  return (GError **) members;
}

GError *
trio_error_remove (GError *error, GQuark domain, int code, gboolean *removed)
{
  gboolean any = trio_error_contains (error, domain, code);

  if (removed != NULL)
    *removed = any;
  if (!any)
    return error;
  if (g_error_matches (error, domain, code))
    {
      g_error_free (error);
      return NULL;
    }

  gsize n;
  g_autofree GError **members = dissolve (error, &n);
  GPtrArray *rest = g_ptr_array_new_with_free_func ((GDestroyNotify) g_error_free);

  for (gsize i = 0; i < n; i++)
    {
      GError *kept = trio_error_remove (members[i], domain, code, NULL);

      if (kept != NULL)
        g_ptr_array_add (rest, kept);
    }
  return group_or_one (rest);
}
