/* SPDX-License-Identifier: MIT OR Apache-2.0 */

/* The reference's errors: trees that are never changed, only made anew. */

#include "tests/core/model/reference.h"

Failure *
failure_new (Model *m, FailureKind kind, int op)
{
  Failure *failure = g_new0 (Failure, 1);

  failure->kind = kind;
  failure->op = op;
  failure->allocated_before = m->last_allocated;
  return m->last_allocated = failure;
}

void
failures_free (Model *m)
{
  while (m->last_allocated != NULL)
    {
      Failure *failure = m->last_allocated;

      m->last_allocated = failure->allocated_before;
      g_free (failure->members);
      g_free (failure);
    }
}

Failure *
failure_group (Model *m, Failure *const *members, int n)
{
  Failure *group;

  if (n < 2)
    return n == 1 ? members[0] : NULL;
  group = failure_new (m, GROUP, 0);
  group->n_members = n;
  group->members = g_memdup2 (members, (gsize) n * sizeof *members);
  return group;
}

gboolean
failure_contains (const Failure *failure, FailureKind kind)
{
  if (failure == NULL || failure->kind == kind)
    return failure != NULL;
  for (int i = 0; i < failure->n_members; i++)
    if (failure_contains (failure->members[i], kind))
      return TRUE;
  return FALSE;
}

/* Rule 42, with the collapse of difference 3. */
Failure *
failure_without_cancelled (Model *m, Failure *failure)
{
  Failure *kept[OPS_MAX + 2];
  int n = 0;

  if (failure == NULL || failure->kind == CANCELLED)
    return NULL;
  if (!failure_contains (failure, CANCELLED))
    return failure;
  for (int i = 0; i < failure->n_members; i++)
    {
      kept[n] = failure_without_cancelled (m, failure->members[i]);
      n += kept[n] != NULL;
    }
  return failure_group (m, kept, n);
}

static void
append (const Failure *failure, GString *out)
{
  if (failure->kind == FAILED)
    g_string_append_printf (out, "F%d", failure->op);
  else if (failure->kind != GROUP)
    g_string_append_c (out, (char) failure->kind);
  else
    for (int i = 0; i < failure->n_members; i++)
      {
        g_string_append_c (out, i == 0 ? '[' : ' ');
        append (failure->members[i], out);
        if (i == failure->n_members - 1)
          g_string_append_c (out, ']');
      }
}

char *
failure_to_text (const Failure *failure)
{
  GString *out = g_string_new (NULL);

  if (failure == NULL)
    g_string_append (out, "ok");
  else
    append (failure, out);
  return g_string_free (out, FALSE);
}
