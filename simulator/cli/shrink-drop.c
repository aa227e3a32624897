/* SPDX-License-Identifier: MIT OR Apache-2.0 */

/* Fewer decisions. The coarse cuts first: one run may take away hundreds. Then delta debugging over blocks, whose borders are where a
 * program's own borders are: a task, an operation in a task; last over single decisions.
 *
 *     decisions   a1 a2 a3 b1 b2 a4 a5 b3        of tasks a and b; a1 and a2 in one operation
 *     tasks       {a1 a2 a3 a4 a5} {b1 b2 b3}
 *     stretches   {a1 a2} {a3} {b1 b2} {a4 a5} {b3}
 *
 * ddmin (Zeller and Hildebrandt, 2002): with n parts, does it fail with one part alone, or without one; if neither, take more parts. */

#include "simulator/cli/shrink-passes.h"

#include <string.h>

typedef TrioCliShrinker Shrinker;

/* Whether two decisions belong into one block; neighbours of a schedule are asked about as well as strangers. */
typedef gboolean (*Belongs) (const TrioScheduleEntry *a, const TrioScheduleEntry *b);

gboolean
trio_cli_shrink_drop_all (Shrinker *self)
{
  g_autoptr (TrioSchedule) nothing = trio_schedule_new ();

  return trio_cli_shrink_n_decisions (self) > 0 && trio_cli_shrink_attempt (self, nothing);
}

/* ---- The ends -------------------------------------------------------------------------------------------------------------- */

/* The shortest beginning that fails, by bisection: it is as good as none if failing does not depend on the length so simply, and then
 * costs little. */
static gboolean
cut_tail (Shrinker *self)
{
  guint low = 0, high = trio_cli_shrink_n_decisions (self);
  gboolean changed = FALSE;

  while (high > low + 1 && trio_cli_shrink_may_go_on (self))
    {
      guint middle = low + (high - low) / 2;
      g_autoptr (TrioSchedule) beginning = trio_cli_shrink_without (self->best->schedule, middle, high - middle);

      if (trio_cli_shrink_attempt (self, beginning))
        {
          changed = TRUE;
          high = trio_cli_shrink_n_decisions (self);
        }
      else
        low = middle;
    }
  return changed;
}

/* The longest beginning that is not needed. */
static gboolean
cut_head (Shrinker *self)
{
  guint low = 0, high = trio_cli_shrink_n_decisions (self);
  gboolean changed = FALSE;

  while (high > low + 1 && trio_cli_shrink_may_go_on (self))
    {
      guint middle = low + (high - low) / 2;
      guint before = trio_cli_shrink_n_decisions (self);
      g_autoptr (TrioSchedule) end = trio_cli_shrink_without (self->best->schedule, 0, middle);

      if (trio_cli_shrink_attempt (self, end))
        {
          guint gone = before - trio_cli_shrink_n_decisions (self);

          changed = TRUE;
          low = 0;
          high = high > gone ? high - gone : 0;
        }
      else
        high = middle;
    }
  return changed;
}

gboolean
trio_cli_shrink_cut_ends (Shrinker *self)
{
  gboolean changed = cut_tail (self);

  return cut_head (self) || changed;
}

/* ---- Kinds ----------------------------------------------------------------------------------------------------------------- */

static gboolean
same_class (const TrioScheduleEntry *a, const TrioScheduleEntry *b)
{
  gsize n = trio_cli_shrink_class (a->label);

  return n == trio_cli_shrink_class (b->label) && strncmp (a->label, b->label, n) == 0;
}

static gboolean
same_label (const TrioScheduleEntry *a, const TrioScheduleEntry *b)
{
  return g_str_equal (a->label, b->label);
}

/* Messages that came 1 ms late move what comes later less than those that came 1 s late, and matter less often. */
static gboolean
same_answer (const TrioScheduleEntry *a, const TrioScheduleEntry *b)
{
  return a->value == b->value && g_str_equal (a->label, b->label);
}

/* The number of the block that each decision is in, by first appearance. */
static guint *
number_blocks (const TrioSchedule *schedule, Belongs belongs, guint *n_blocks)
{
  guint n = trio_schedule_get_length (schedule);
  guint *block = g_new (guint, n + 1);
  g_autofree guint *first = g_new (guint, n + 1);

  *n_blocks = 0;
  for (guint i = 0; i < n; i++)
    {
      guint k = 0;

      while (k < *n_blocks && !belongs (trio_schedule_get_entry (schedule, first[k]), trio_schedule_get_entry (schedule, i)))
        k++;
      if (k == *n_blocks)
        first[(*n_blocks)++] = i;
      block[i] = k;
    }
  return block;
}

/* Only decisions in blocks from `low` on and below `high`, or only those outside. */
static TrioSchedule *
select_blocks (const TrioSchedule *schedule, const guint *block, guint low, guint high, gboolean inside)
{
  TrioSchedule *selected = trio_schedule_new ();

  for (guint i = 0; i < trio_schedule_get_length (schedule); i++)
    {
      if ((block[i] >= low && block[i] < high) == inside)
        trio_schedule_append (selected, trio_schedule_get_entry (schedule, i));
    }
  return selected;
}

/* Each block in turn, once. After a success the blocks that are left have other numbers: the one that went is not there any more. */
static gboolean
drop_each_block (Shrinker *self, Belongs belongs)
{
  gboolean changed = FALSE;
  guint i = 0;

  for (;;)
    {
      guint n_blocks;
      g_autofree guint *block = number_blocks (self->best->schedule, belongs, &n_blocks);
      g_autoptr (TrioSchedule) candidate = NULL;

      if (i >= n_blocks || n_blocks < 2)
        return changed;
      candidate = select_blocks (self->best->schedule, block, i, i + 1, FALSE);
      if (trio_cli_shrink_attempt (self, candidate))
        changed = TRUE;
      else
        i++;
    }
}

gboolean
trio_cli_shrink_drop_kinds (Shrinker *self)
{
  gboolean changed = drop_each_block (self, same_class);

  changed = drop_each_block (self, same_label) || changed;
  return drop_each_block (self, same_answer) || changed;
}

/* ---- Delta debugging ------------------------------------------------------------------------------------------------------- */

static gboolean
same_task (const TrioScheduleEntry *a, const TrioScheduleEntry *b)
{
  return g_str_equal (a->path, b->path);
}

static gboolean
nothing_in_common (const TrioScheduleEntry *a G_GNUC_UNUSED, const TrioScheduleEntry *b G_GNUC_UNUSED)
{
  return FALSE;
}

/* Decisions that follow each other, of one task in one operation. */
static guint *
number_stretches (const TrioSchedule *schedule, guint *n_blocks)
{
  guint n = trio_schedule_get_length (schedule);
  guint *block = g_new (guint, n + 1);

  *n_blocks = 0;
  for (guint i = 0; i < n; i++)
    {
      const TrioScheduleEntry *entry = trio_schedule_get_entry (schedule, i);
      const TrioScheduleEntry *last = i > 0 ? trio_schedule_get_entry (schedule, i - 1) : entry;

      if (i == 0 || !same_task (last, entry) || g_strcmp0 (last->what, entry->what) != 0)
        (*n_blocks)++;
      block[i] = *n_blocks - 1;
    }
  return block;
}

static guint *
number_any (const TrioSchedule *schedule, Belongs belongs, guint *n_blocks)
{
  return belongs ? number_blocks (schedule, belongs, n_blocks) : number_stretches (schedule, n_blocks);
}

/* Tries, from the last part to the first, each part alone or the rest without it. TRUE if one was accepted. */
static gboolean
try_parts (Shrinker *self, Belongs belongs, guint n_parts, gboolean alone)
{
  guint n_blocks;
  g_autofree guint *block = number_any (self->best->schedule, belongs, &n_blocks);

  n_parts = MIN (n_parts, n_blocks);
  for (guint part = n_parts; part > 0 && trio_cli_shrink_may_go_on (self); part--)
    {
      guint low = (part - 1) * n_blocks / n_parts, high = part * n_blocks / n_parts;
      g_autoptr (TrioSchedule) candidate = select_blocks (self->best->schedule, block, low, high, alone);

      if (trio_cli_shrink_attempt (self, candidate))
        return TRUE;
    }
  return FALSE;
}

/* @belongs: NULL for stretches. */
static gboolean
ddmin (Shrinker *self, Belongs belongs)
{
  gboolean changed = FALSE;
  guint n_parts = 2;

  for (;;)
    {
      guint n_blocks;

      g_free (number_any (self->best->schedule, belongs, &n_blocks));
      if (n_blocks < 2 || !trio_cli_shrink_may_go_on (self))
        return changed;
      n_parts = MIN (n_parts, n_blocks);

      /* With two parts, the one alone is the rest without the other. */
      if (n_parts > 2 && n_parts <= 8 && try_parts (self, belongs, n_parts, TRUE))
        {
          changed = TRUE;
          n_parts = 2;
        }
      else if (try_parts (self, belongs, n_parts, FALSE))
        {
          changed = TRUE;
          n_parts = MAX (n_parts - 1, 2);
        }
      else if (n_parts >= n_blocks)
        return changed;
      else
        n_parts *= 2;
    }
}

gboolean
trio_cli_shrink_drop_episodes (Shrinker *self)
{
  gboolean changed = ddmin (self, same_task);

  return ddmin (self, NULL) || changed;
}

/* The last part of ddmin proves that no single one can go; it is 1-minimal then, which drop_all() saw to for the only one. */
gboolean
trio_cli_shrink_drop_decisions (Shrinker *self)
{
  return ddmin (self, nothing_in_common);
}
