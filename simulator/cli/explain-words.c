/* SPDX-License-Identifier: MIT OR Apache-2.0 */

/* An explanation in words, and in JSON. See explain.h.
 *
 *     Without decision 2 it passes; the two runs are the same up to step 5, which is taken
 *       failing  by main/second, in trio_checkpoint < add_one < add_later
 *       passing  by main/first, in trio_checkpoint < add_one < add_at_once
 *     Without decision 1 it passes.
 *     Decision 1: its value does not matter, 3 of 3 others fail as well.
 *     Inevitable from step 6 on, taken by …: 20 of 20 runs left to chance after it fail, and 4 of 20 of those left to chance before it.
 */

#include "simulator/cli/explain.h"
#include "simulator/cli/json.h"

#include <trio/lowlevel/dump.h>

typedef TrioCliExplanation Explanation;

static const TrioCliFlip *
flip_of (const Explanation *self, guint decision)
{
  return &g_array_index (self->flips, TrioCliFlip, decision);
}

/* The time is told where it is what differs. */
static void
append_goer (const Explanation *self, const char *when, const char *who, gint64 time, GString *out)
{
  g_string_append_printf (out, "    %s %s", when, who ? who : "nobody: it has ended");
  if (who && self->fails_at != self->passes_at)
    {
      g_string_append (out, ", at ");
      g_string_append (out, trio_span_in_seconds (time).text);
    }
  g_string_append_c (out, '\n');
}

static void
append_nearest (const Explanation *self, GString *out)
{
  g_string_append_printf (out, "Without decision %d it passes: that is the nearest run that does.", self->nearest + 1);
  if (self->asker)
    g_string_append_printf (out, "\n  decided for %s", self->asker);
  if (self->parts_at == 0)
    g_string_append (out, "\n  both take the same steps until one of them has ended\n");
  else
    {
      g_string_append_printf (out, "\n  the two part at step %" G_GUINT64_FORMAT ", which is taken\n", self->parts_at);
      append_goer (self, "when it fails   by", self->fails_with, self->fails_at, out);
      append_goer (self, "when it passes  by", self->passes_with, self->passes_at, out);
    }
}

/* What becomes of it without a decision: those for which it is the same are told in one sentence. NULL: nothing to tell. */
static char *
fate_without (const Explanation *self, guint decision)
{
  const TrioCliFlip *flip = flip_of (self, decision);

  if (!flip->known || (int) decision == self->nearest)
    return NULL;
  if (flip->verdict == TRIO_SIM_OK)
    return g_strdup ("it passes, too");
  if (flip->same)
    return g_strdup ("it fails all the same: a larger budget would make the schedule smaller");
  return g_strdup_printf ("it fails in another way: %s%s%s", trio_sim_verdict_to_string (flip->verdict), flip->name ? ": " : "",
                          flip->name ? flip->name : "");
}

/* Decision 3, or decisions 3 to 7 and 9. */
static void
append_numbers (const GArray *numbers, GString *out)
{
  for (guint i = 0; i < numbers->len;)
    {
      guint first = g_array_index (numbers, guint, i), last = first;
      guint from = i;

      while (i < numbers->len && g_array_index (numbers, guint, i) == first + (i - from))
        last = g_array_index (numbers, guint, i++);
      g_string_append_printf (out, "%s%u", from == 0 ? "" : i == numbers->len ? " or " : ", ", first + 1);
      if (last > first)
        g_string_append_printf (out, "%s%u", last == first + 1 ? " or " : " to ", last + 1);
    }
}

static void
append_flips (const Explanation *self, GString *out)
{
  g_autoptr (GPtrArray) told = g_ptr_array_new_with_free_func (g_free);

  for (guint i = 0; i < self->flips->len; i++)
    {
      g_autofree char *fate = fate_without (self, i);
      g_autoptr (GArray) numbers = g_array_new (FALSE, FALSE, sizeof (guint));

      if (!fate || g_ptr_array_find_with_equal_func (told, fate, g_str_equal, NULL))
        continue;
      for (guint k = i; k < self->flips->len; k++)
        {
          g_autofree char *other = fate_without (self, k);

          if (g_strcmp0 (fate, other) == 0)
            g_array_append_val (numbers, k);
        }
      g_string_append (out, numbers->len == 1 ? "Without decision " : "Without any one of decisions ");
      append_numbers (numbers, out);
      g_string_append_printf (out, " %s.\n", fate);
      g_ptr_array_add (told, g_steal_pointer (&fate));
    }
}

/* That it matters who goes first is no news. */
static gboolean
is_worth_telling (const Explanation *self, guint decision)
{
  const TrioScheduleEntry *entry = trio_schedule_get_entry (self->failure->schedule, decision);

  return trio_cli_explanation_is_any (self, decision) || (flip_of (self, decision)->tried > 0 && !g_str_equal (entry->label, "schedule"));
}

static gboolean
same_values (const TrioCliFlip *a, const TrioCliFlip *b)
{
  return a->tried == b->tried && a->fail == b->fail && a->others == b->others;
}

static void
append_values (const Explanation *self, GString *out)
{
  for (guint i = 0, n; i < self->flips->len; i += n)
    {
      const TrioCliFlip *flip = flip_of (self, i);

      for (n = 1; i + n < self->flips->len && same_values (flip, flip_of (self, i + n)); n++)
        ;
      if (!is_worth_telling (self, i))
        continue;
      if (n == 1)
        g_string_append_printf (out, "Decision %u: ", i + 1);
      else
        g_string_append_printf (out, "Decisions %u to %u, each: ", i + 1, i + n);
      g_string_append (out, trio_cli_explanation_is_any (self, i) ? "any answer but the ordinary one does it"
                                                                  : "it matters which answer it is");
      g_string_append_printf (out, " (of %u other%s tried, %u fail%s in the same way).\n", flip->tried, flip->tried == 1 ? "" : "s",
                              flip->fail, flip->fail == 1 ? "s" : "");
    }
}

static const TrioCliOdds *
odds_after (const Explanation *self, guint64 steps)
{
  for (guint i = 0; i < self->odds->len; i++)
    {
      const TrioCliOdds *odds = &g_array_index (self->odds, TrioCliOdds, i);

      if (odds->steps == steps)
        return odds;
    }
  return NULL;
}

static void
append_inevitable (const Explanation *self, GString *out)
{
  const TrioCliOdds *from_start = odds_after (self, 0);
  const TrioCliOdds *after, *before;

  if (from_start && from_start->fail == from_start->runs)
    g_string_append_printf (out, "Left to chance from its first step on, it fails in %u of %u runs: it takes no luck.\n", from_start->fail,
                            from_start->runs);
  if (self->inevitable == 0)
    return;
  after = odds_after (self, self->inevitable);
  before = odds_after (self, self->inevitable - 1);
  g_string_append_printf (out, "Inevitable from step %" G_GUINT64_FORMAT " on", self->inevitable);
  if (self->inevitable_by)
    g_string_append_printf (out, ", taken by %s", self->inevitable_by);
  if (after)
    g_string_append_printf (out, ":\n  left to chance after it, %u of %u runs fail", after->fail, after->runs);
  else
    g_string_append (out, ":\n  it is the last one");
  if (before)
    g_string_append_printf (out, "; before it, %u of %u", before->fail, before->runs);
  if (from_start && from_start != before)
    g_string_append_printf (out, "; from the beginning, %u of %u", from_start->fail, from_start->runs);
  g_string_append (out, "\n");
}

void
trio_cli_explanation_append (const Explanation *self, GString *out)
{
  if (self->nearest >= 0)
    append_nearest (self, out);
  append_flips (self, out);
  append_values (self, out);
  append_inevitable (self, out);
}

void
trio_cli_explanation_append_json (const Explanation *self, GString *out)
{
  const char *separator = "";

  trio_cli_json_number (out, "explain_runs", self->used);
  trio_cli_json_boolean (out, "explain_gave_up", self->gave_up);
  trio_cli_json_number (out, "nearest", (guint64) (self->nearest + 1));
  trio_cli_json_number (out, "parts_at", self->parts_at);
  trio_cli_json_member (out, "fails_with", self->fails_with);
  trio_cli_json_member (out, "passes_with", self->passes_with);
  trio_cli_json_key (out, "any");
  g_string_append_c (out, '[');
  for (guint i = 0; i < self->flips->len; i++)
    {
      if (trio_cli_explanation_is_any (self, i))
        {
          g_string_append_printf (out, "%s%u", separator, i + 1);
          separator = ", ";
        }
    }
  g_string_append_c (out, ']');
  trio_cli_json_number (out, "inevitable", self->inevitable);
  trio_cli_json_member (out, "inevitable_by", self->inevitable_by);
  trio_cli_json_key (out, "odds");
  g_string_append_c (out, '[');
  for (guint i = 0; i < self->odds->len; i++)
    {
      const TrioCliOdds *odds = &g_array_index (self->odds, TrioCliOdds, i);

      g_string_append_printf (out, "%s[%" G_GUINT64_FORMAT ", %u, %u]", i > 0 ? ", " : "", odds->steps, odds->fail, odds->runs);
    }
  g_string_append_c (out, ']');
}
