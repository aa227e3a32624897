/* SPDX-License-Identifier: MIT OR Apache-2.0 */

/* Keeping account of checkpoints. See checkpoints.h. */

#include "simulator/cli/checkpoints.h"
#include "simulator/cli/coverage.h"
#include "simulator/cli/json.h"
#include "simulator/cli/report.h"
#include "simulator/cli/sweep-note.h"

#define SHOWN_MAX 10

/* Why a checkpoint was never cancelled, most telling first. */
typedef enum
{
  CANCELLED,
  SHIELDED,
  UNWINDING,
  AFTERWARDS,
  LEFT_OUT,
  UNNOTICED,
  N_FATES,
} Fate;

static const struct
{
  const char *name;
  const char *words;
} fates[N_FATES] = {
  [CANCELLED]  = { "cancelled", NULL },
  [SHIELDED]   = { "shielded", "always behind a shield, so that nothing outside of that can cancel them" },
  [UNWINDING]  = { "unwinding", "reached only when a cancellation was there already" },
  [AFTERWARDS] = { "afterwards", "reached only in the wake of an injection; --pairs would cancel them" },
  [LEFT_OUT]   = { "left out", "for which there were no runs left; --max would give more" },
  [UNNOTICED]  = { "unnoticed", "cancelled, and nobody noticed: the run was the same as without" },
};

typedef struct
{
  char    *task;
  char    *operation;
  char    *where;
  guint    states;           /* bits: TrioCliCheckpointState */
  gboolean ordinary;         /* reached in a run without an injection */
  guint64  tried;
  guint64  effective;
} Checkpoint;

struct _TrioCliCheckpoints
{
  GPtrArray  *all;           /* in order of first appearance */
  GHashTable *by_key;        /* "task\nwhere" -> its index; only looked up */
};

static void
checkpoint_free (gpointer data)
{
  Checkpoint *checkpoint = data;

  g_free (checkpoint->task);
  g_free (checkpoint->operation);
  g_free (checkpoint->where);
  g_free (checkpoint);
}

TrioCliCheckpoints *
trio_cli_checkpoints_new (void)
{
  TrioCliCheckpoints *self = g_new (TrioCliCheckpoints, 1);

  self->all = g_ptr_array_new_with_free_func (checkpoint_free);
  self->by_key = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  return self;
}

void
trio_cli_checkpoints_free (TrioCliCheckpoints *self)
{
  g_hash_table_unref (self->by_key);
  g_ptr_array_unref (self->all);
  g_free (self);
}

static guint
look_up (const TrioCliCheckpoints *self, const char *task, const char *where)
{
  g_autofree char *key = g_strdup_printf ("%s\n%s", task, where);
  gpointer index;

  return g_hash_table_lookup_extended (self->by_key, key, NULL, &index) ? GPOINTER_TO_UINT (index) : G_MAXUINT;
}

static Checkpoint *
obtain (TrioCliCheckpoints *self, const TrioCliVisit *visit)
{
  guint index = look_up (self, visit->task, visit->where);
  Checkpoint *checkpoint;

  if (index != G_MAXUINT)
    return self->all->pdata[index];
  checkpoint = g_new0 (Checkpoint, 1);
  checkpoint->task = g_strdup (visit->task);
  checkpoint->operation = g_strdup (visit->operation);
  checkpoint->where = g_strdup (visit->where);
  g_hash_table_insert (self->by_key, g_strdup_printf ("%s\n%s", visit->task, visit->where), GUINT_TO_POINTER (self->all->len));
  g_ptr_array_add (self->all, checkpoint);
  return checkpoint;
}

void
trio_cli_checkpoints_visit (TrioCliCheckpoints *self, const GPtrArray *visits, gboolean after)
{
  for (guint i = 0; i < visits->len; i++)
    {
      const TrioCliVisit *visit = visits->pdata[i];
      Checkpoint *checkpoint = obtain (self, visit);

      checkpoint->states |= 1u << visit->state;
      checkpoint->ordinary = checkpoint->ordinary || !after;
    }
}

guint
trio_cli_checkpoints_find (const TrioCliCheckpoints *self, const TrioScheduleEntry *occasion)
{
  g_autofree char *task = NULL;

  if (trio_cli_kind_of (occasion->label) != TRIO_SIM_INJECT_CANCEL || !occasion->words)
    return G_MAXUINT;
  task = trio_cli_path_without_numbers (occasion->path);
  return look_up (self, task, occasion->words);
}

void
trio_cli_checkpoints_tried (TrioCliCheckpoints *self, guint index, gboolean effect)
{
  Checkpoint *checkpoint;

  if (index == G_MAXUINT)
    return;
  checkpoint = self->all->pdata[index];
  checkpoint->tried++;
  checkpoint->effective += effect;
}

static Fate
fate_of (const Checkpoint *checkpoint)
{
  if (!(checkpoint->states & 1u << TRIO_CLI_CHECKPOINT_OPEN))
    return checkpoint->states & 1u << TRIO_CLI_CHECKPOINT_SHIELDED ? SHIELDED : UNWINDING;
  if (checkpoint->effective > 0)
    return CANCELLED;
  if (checkpoint->tried > 0)
    return UNNOTICED;
  return checkpoint->ordinary ? LEFT_OUT : AFTERWARDS;
}

static guint
count (const TrioCliCheckpoints *self, Fate fate)
{
  guint n = 0;

  for (guint i = 0; i < self->all->len; i++)
    n += fate_of (self->all->pdata[i]) == fate;
  return n;
}

static void
append_fate (GString *out, const TrioCliCheckpoints *self, Fate fate)
{
  guint n = 0;

  for (guint i = 0; i < self->all->len; i++)
    {
      const Checkpoint *checkpoint = self->all->pdata[i];

      if (fate_of (checkpoint) != fate)
        continue;
      if (n++ == 0)
        g_string_append_printf (out, "    %s\n", fates[fate].words);
      if (n <= SHOWN_MAX)
        g_string_append_printf (out, "      %s%s%s  %s\n", trio_cli_style (TRIO_CLI_BOLD), checkpoint->task,
                                trio_cli_style (TRIO_CLI_PLAIN), checkpoint->where);
    }
  if (n > SHOWN_MAX)
    g_string_append_printf (out, "      … and %u more\n", n - SHOWN_MAX);
}

void
trio_cli_checkpoints_append (GString *out, const TrioCliCheckpoints *self)
{
  guint n = self->all->len, cancelled = count (self, CANCELLED);

  if (n == 0)
    return;
  g_string_append_printf (out, "  checkpoints cancelled: %u of %u%s\n", cancelled, n, n > cancelled ? "; never:" : "");
  for (Fate fate = CANCELLED + 1; fate < N_FATES; fate++)
    append_fate (out, self, fate);
}

void
trio_cli_checkpoints_append_json (GString *out, const TrioCliCheckpoints *self)
{
  trio_cli_json_key (out, "checkpoints");
  g_string_append_c (out, '[');
  for (guint i = 0; i < self->all->len; i++)
    {
      const Checkpoint *checkpoint = self->all->pdata[i];

      g_string_append (out, i == 0 ? "{" : ", {");
      trio_cli_json_member (out, "task", checkpoint->task);
      trio_cli_json_member (out, "operation", checkpoint->operation);
      trio_cli_json_member (out, "where", checkpoint->where);
      trio_cli_json_number (out, "cancelled", checkpoint->tried);
      trio_cli_json_number (out, "noticed", checkpoint->effective);
      trio_cli_json_member (out, "fate", fates[fate_of (checkpoint)].name);
      g_string_append_c (out, '}');
    }
  g_string_append_c (out, ']');
}
