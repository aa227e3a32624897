/* SPDX-License-Identifier: MIT OR Apache-2.0 */

/* The table of a sweep. See coverage.h.
 *
 * Rows are counted exactly. A table of more lines than a person reads is folded, a level at a time, until it is short enough:
 *
 *     exact            main/serve/teller#2
 *     twins            main/serve/teller ×15       tasks that differ only in their number
 *     brothers         main/serve/… ×15            tasks of one parent
 *     all              … ×40 */

#include "simulator/cli/coverage.h"
#include "simulator/cli/json.h"
#include "simulator/cli/progress.h"
#include "simulator/cli/report.h"

#include <string.h>

#define N_KINDS         4
#define ROWS_SHOWN_MAX  40
#define CELL_WIDTH      16

static const struct { TrioSimInject kind; gboolean onwards; const char *name; const char *key; } kinds[N_KINDS] = {
  { TRIO_SIM_INJECT_CANCEL, FALSE, "cancel", "cancel" },
  { TRIO_SIM_INJECT_INTERRUPT, FALSE, "interrupt", "interrupt" },
  { TRIO_SIM_INJECT_FAULT, FALSE, "fault, once", "fault" },
  { TRIO_SIM_INJECT_FAULT, TRUE, "fault, onwards", "fault_onwards" },
};

typedef struct
{
  char    *task;
  char    *operation;
  char    *first;                /* the first task folded into it, in full */
  guint    n_tasks;              /* how many are */
  guint    order;                /* of its task */
  guint64  tried[N_KINDS];
  guint64  failed[N_KINDS];
} Row;

struct _TrioCliCoverage
{
  GPtrArray  *rows;              /* in order of first appearance */
  GHashTable *by_key;            /* "task\noperation" -> Row; only looked up */
  GHashTable *order;             /* task -> its number, from 1; only looked up */
};

enum
{
  FOLD_NOT,
  FOLD_TWINS,
  FOLD_BROTHERS,
  FOLD_ALL,
};

TrioSimInject
trio_cli_kind_of (const char *label)
{
  if (g_str_equal (label, "cancel"))
    return TRIO_SIM_INJECT_CANCEL;
  if (g_str_equal (label, "interrupt") || g_str_has_prefix (label, "interrupt."))
    return TRIO_SIM_INJECT_INTERRUPT;
  return g_str_has_prefix (label, "fault.") ? TRIO_SIM_INJECT_FAULT : TRIO_SIM_INJECT_NONE;
}

static void
row_free (gpointer data)
{
  Row *row = data;

  g_free (row->task);
  g_free (row->operation);
  g_free (row->first);
  g_free (row);
}

TrioCliCoverage *
trio_cli_coverage_new (void)
{
  TrioCliCoverage *coverage = g_new (TrioCliCoverage, 1);

  coverage->rows = g_ptr_array_new_with_free_func (row_free);
  coverage->by_key = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  coverage->order = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  return coverage;
}

void
trio_cli_coverage_free (TrioCliCoverage *coverage)
{
  if (!coverage)
    return;

  g_hash_table_unref (coverage->by_key);
  g_hash_table_unref (coverage->order);
  g_ptr_array_unref (coverage->rows);
  g_free (coverage);
}

static guint
order_of (TrioCliCoverage *coverage, const char *task)
{
  guint order = GPOINTER_TO_UINT (g_hash_table_lookup (coverage->order, task));

  if (order == 0)
    {
      order = g_hash_table_size (coverage->order) + 1;
      g_hash_table_insert (coverage->order, g_strdup (task), GUINT_TO_POINTER (order));
    }
  return order;
}

static Row *
row_for (TrioCliCoverage *coverage, const char *task, const char *operation)
{
  g_autofree char *key = g_strdup_printf ("%s\n%s", task, operation);
  Row *row = g_hash_table_lookup (coverage->by_key, key);

  if (row)
    return row;

  row = g_new0 (Row, 1);
  row->task = g_strdup (task);
  row->operation = g_strdup (operation);
  row->order = order_of (coverage, task);
  g_ptr_array_add (coverage->rows, row);
  g_hash_table_insert (coverage->by_key, g_steal_pointer (&key), row);
  return row;
}

void
trio_cli_coverage_add (TrioCliCoverage *coverage, const TrioScheduleEntry *decision, gboolean failed)
{
  TrioSimInject kind = trio_cli_kind_of (decision->label);
  const char *task = decision->path && *decision->path ? decision->path : "(the world)";
  const char *operation = decision->what ? decision->what : kind == TRIO_SIM_INJECT_FAULT ? decision->label : "(a checkpoint)";
  Row *row = row_for (coverage, task, operation);

  row->n_tasks = 1;
  for (guint k = 0; k < N_KINDS; k++)
    {
      if (kinds[k].kind != kind || kinds[k].onwards != decision->onwards)
        continue;
      row->tried[k]++;
      row->failed[k] += failed;
    }
}

/* ---- Folding --------------------------------------------------------------------------------------------------------------- */

/* "main/serve/teller" for "main/serve#2/teller#15". */
char *
trio_cli_path_without_numbers (const char *task)
{
  GString *out = g_string_new (NULL);

  for (const char *c = task; *c; c++)
    {
      if (*c == '#')
        c += strcspn (c, "/") - 1;
      else
        g_string_append_c (out, *c);
    }
  return g_string_free (out, FALSE);
}

static char *
folded_name (const char *task, guint level)
{
  g_autofree char *twins = level > FOLD_NOT ? trio_cli_path_without_numbers (task) : g_strdup (task);
  const char *slash = strrchr (twins, '/');

  if (level == FOLD_ALL)
    return g_strdup ("…");
  if (level == FOLD_BROTHERS && slash)
    return g_strdup_printf ("%.*s/…", (int) (slash - twins), twins);
  return g_steal_pointer (&twins);
}

/* The rows of one task stand together. */
static int
compare_rows (gconstpointer a, gconstpointer b)
{
  const Row *x = *(const Row *const *) a, *y = *(const Row *const *) b;

  return x->order < y->order ? -1 : x->order > y->order;
}

static TrioCliCoverage *
fold_to (const TrioCliCoverage *coverage, guint level)
{
  TrioCliCoverage *folded = trio_cli_coverage_new ();

  for (guint i = 0; i < coverage->rows->len; i++)
    {
      const Row *row = coverage->rows->pdata[i];
      g_autofree char *task = folded_name (row->task, level);
      Row *sum = row_for (folded, task, row->operation);

      /* Rows are unique in task and operation: each that comes here is another task. */
      if (sum->n_tasks++ == 0)
        sum->first = g_strdup (row->task);
      for (guint k = 0; k < N_KINDS; k++)
        {
          sum->tried[k] += row->tried[k];
          sum->failed[k] += row->failed[k];
        }
    }
  g_ptr_array_sort (folded->rows, compare_rows);        /* a stable sort */
  return folded;
}

static TrioCliCoverage *
fold (const TrioCliCoverage *coverage)
{
  TrioCliCoverage *folded = fold_to (coverage, FOLD_NOT);

  for (guint level = FOLD_TWINS; level <= FOLD_ALL && folded->rows->len > ROWS_SHOWN_MAX; level++)
    {
      trio_cli_coverage_free (folded);
      folded = fold_to (coverage, level);
    }
  return folded;
}

/* ---- In words -------------------------------------------------------------------------------------------------------------- */

/* "main/serve/teller ×15". */
static char *
title_of (const Row *row)
{
  return row->n_tasks > 1 ? g_strdup_printf ("%s ×%u", row->task, row->n_tasks) : g_strdup (row->first);
}

static void
append_padded (GString *out, const char *text, glong width)
{
  g_string_append (out, text);
  for (glong n = g_utf8_strlen (text, -1); n < width; n++)
    g_string_append_c (out, ' ');
}

static void
append_cell (GString *out, guint64 tried, guint64 failed)
{
  g_autofree char *cell = NULL;

  if (tried == 0)
    cell = g_strdup ("·");
  else if (failed == 0)
    cell = g_strdup_printf ("%" G_GUINT64_FORMAT, tried);
  else
    cell = g_strdup_printf ("%" G_GUINT64_FORMAT ", %" G_GUINT64_FORMAT " failed", tried, failed);

  g_string_append_printf (out, "  %s", failed ? trio_cli_style (TRIO_CLI_RED) : "");
  append_padded (out, cell, CELL_WIDTH);
  g_string_append (out, failed ? trio_cli_style (TRIO_CLI_PLAIN) : "");
}

static void
append_line_end (GString *out)
{
  while (out->len > 0 && out->str[out->len - 1] == ' ')
    g_string_truncate (out, out->len - 1);
  g_string_append_c (out, '\n');
}

static void
append_table (GString *out, const TrioCliCoverage *coverage, TrioSimInject inject)
{
  glong task_width = strlen ("task"), operation_width = strlen ("operation");

  for (guint i = 0; i < coverage->rows->len; i++)
    {
      const Row *row = coverage->rows->pdata[i];
      g_autofree char *title = title_of (row);

      task_width = MAX (task_width, g_utf8_strlen (title, -1));
      operation_width = MAX (operation_width, g_utf8_strlen (row->operation, -1));
    }

  g_string_append_printf (out, "\n  %s%-*s  %-*s", trio_cli_style (TRIO_CLI_BOLD), (int) task_width, "task", (int) operation_width,
                          "operation");
  for (guint k = 0; k < N_KINDS; k++)
    {
      if (inject & kinds[k].kind)
        g_string_append_printf (out, "  %-*s", CELL_WIDTH, kinds[k].name);
    }
  g_string_append (out, trio_cli_style (TRIO_CLI_PLAIN));
  append_line_end (out);

  for (guint i = 0; i < coverage->rows->len; i++)
    {
      const Row *row = coverage->rows->pdata[i];
      g_autofree char *title = title_of (row);

      g_string_append (out, "  ");
      append_padded (out, title, task_width);
      g_string_append (out, "  ");
      append_padded (out, row->operation, operation_width);
      for (guint k = 0; k < N_KINDS; k++)
        {
          if (inject & kinds[k].kind)
            append_cell (out, row->tried[k], row->failed[k]);
        }
      append_line_end (out);
    }
}

static guint64
sum_of_tried (const TrioCliCoverage *coverage, guint kind)
{
  guint64 sum = 0;

  for (guint i = 0; i < coverage->rows->len; i++)
    sum += ((const Row *) coverage->rows->pdata[i])->tried[kind];
  return sum;
}

/* What the sweep cannot speak about, since it never happened. */
static void
append_blind_spots (GString *out, const TrioCliCoverage *coverage, const TrioCliSweepFigures *figures, TrioSimInject inject)
{
  for (guint k = 0; k < N_KINDS; k++)
    {
      if ((inject & kinds[k].kind) && !kinds[k].onwards && sum_of_tried (coverage, k) == 0)
        g_string_append_printf (out, "  never: %s; there was no %s for it\n", kinds[k].key, figures->n_left_out > 0 ? "run" : "occasion");
    }
  if (figures->n_unmatched > 0)
    g_string_append_printf (out, "  never reached: %" G_GUINT64_FORMAT " injection(s), whose occasion did not come again\n",
                            figures->n_unmatched);
  if (figures->n_left_out > 0)
    {
      g_autofree char *left = trio_cli_grouped (figures->n_left_out);

      g_string_append_printf (out, "  left out: %s injection(s), there were more than --max runs\n", left);
    }
}

static void
append_pairs (GString *out, const TrioCliSweepFigures *figures)
{
  g_autofree char *pairs = trio_cli_grouped (figures->n_pairs);
  g_autofree char *after = trio_cli_grouped (figures->n_after);

  if (figures->n_firsts > 0)
    g_string_append_printf (out, "  pairs: %s occasions for a second injection %s %u first ones, of %s after them in all\n", pairs,
                            figures->all_pairs ? "after" : "while there was clean-up of", figures->n_firsts, after);
}

static void
append_json (GString *out, const TrioCliCoverage *coverage, const TrioCliCampaign *campaign, const TrioCliSweepFigures *figures)
{
  g_string_append_c (out, '{');
  trio_cli_json_member (out, "event", "coverage");
  trio_cli_json_member (out, "scenario", campaign->scenario->name);
  trio_cli_json_number (out, "unmatched", figures->n_unmatched);
  trio_cli_json_number (out, "left_out", figures->n_left_out);
  trio_cli_json_number (out, "schedules", figures->n_schedules);
  trio_cli_json_number (out, "firsts", figures->n_firsts);
  trio_cli_json_number (out, "pairs", figures->n_pairs);
  trio_cli_json_number (out, "pairs_after", figures->n_after);
  trio_cli_json_key (out, "rows");
  g_string_append_c (out, '[');
  for (guint i = 0; i < coverage->rows->len; i++)
    {
      const Row *row = coverage->rows->pdata[i];

      g_string_append (out, i == 0 ? "{" : ", {");
      trio_cli_json_member (out, "task", row->task);
      trio_cli_json_member (out, "operation", row->operation);
      for (guint k = 0; k < N_KINDS; k++)
        {
          g_autofree char *failed = g_strdup_printf ("%s_failed", kinds[k].key);

          trio_cli_json_number (out, kinds[k].key, row->tried[k]);
          trio_cli_json_number (out, failed, row->failed[k]);
        }
      g_string_append_c (out, '}');
    }
  g_string_append_c (out, ']');
  trio_cli_checkpoints_append_json (out, figures->checkpoints);
  g_string_append (out, "}\n");
}

static void
append_title (GString *out, const TrioCliCampaign *campaign, const TrioCliSweepFigures *figures)
{
  if (figures->n_schedules > 1)
    g_string_append_printf (out, "%s: what was done, and how often; each time the ordinary run, or one of %u that differ from it, except for "
                            "that\n", campaign->scenario->name, figures->n_schedules - 1);
  else
    g_string_append_printf (out, "%s: what was done, and how often; each time the ordinary run, except for that\n",
                            campaign->scenario->name);
}

void
trio_cli_coverage_report (const TrioCliCoverage *coverage, const TrioCliCampaign *campaign, const TrioCliSweepFigures *figures)
{
  GString *out = g_string_new (NULL);

  if (campaign->json)
    append_json (out, coverage, campaign, figures);
  else
    {
      g_autoptr (TrioCliCoverage) folded = fold (coverage);

      append_title (out, campaign, figures);
      if (folded->rows->len > 0)
        append_table (out, folded, campaign->inject);
      g_string_append_c (out, '\n');
      append_pairs (out, figures);
      append_blind_spots (out, coverage, figures, campaign->inject);
      trio_cli_checkpoints_append (out, figures->checkpoints);
    }
  trio_cli_print (out);
}
