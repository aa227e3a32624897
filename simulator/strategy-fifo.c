/* SPDX-License-Identifier: MIT OR Apache-2.0 */

/* The ordinary run: first in line goes first, nothing is late, nothing fails. And the door to all strategies by name. */

#include "simulator/strategy.h"

static guint32
answer (TrioSimStrategy *self G_GNUC_UNUSED, const TrioSimQuestion *question G_GNUC_UNUSED)
{
  return 0;
}

static void
free_nothing (TrioSimStrategy *self G_GNUC_UNUSED)
{
}

TrioSimStrategy *
trio_sim_strategy_new_fifo (void)
{
  static TrioSimStrategy fifo = { .answer = answer, .free = free_nothing };

  return &fifo;
}

static TrioSimStrategy *
new_prefix (const TrioSimOptions *options, GError **error)
{
  TrioSimOptions suffix = *options;
  TrioSimStrategy *strategy;

  suffix.strategy = options->suffix == NULL ? "random" : options->suffix;
  suffix.schedule = NULL;
  strategy = trio_sim_strategy_new (&suffix, error);
  return strategy == NULL ? NULL : trio_sim_strategy_new_prefix (options->schedule, options->prefix_steps, strategy, options->inject);
}

TrioSimStrategy *
trio_sim_strategy_new (const TrioSimOptions *options, GError **error)
{
  const char *name = options->strategy == NULL ? "fifo" : options->strategy;

  if (g_str_equal (name, "fifo"))
    return trio_sim_strategy_new_fifo ();
  if (g_str_equal (name, "random"))
    return trio_sim_strategy_new_random (options->seed);
  if (g_str_equal (name, "bytes"))
    return trio_sim_strategy_new_bytes (options->bytes, options->bytes == NULL ? 0 : options->n_bytes);
  if (g_str_equal (name, "replay") && options->schedule != NULL)
    return trio_sim_strategy_new_replay (options->schedule);

  if (g_str_equal (name, "prefix") && options->schedule != NULL)
    return new_prefix (options, error);

  if (g_str_equal (name, "replay") || g_str_equal (name, "prefix"))
    g_set_error (error, TRIO_ERROR, TRIO_ERROR_MISUSE, "the strategy “%s” needs a schedule", name);
  else
    g_set_error (error, TRIO_ERROR, TRIO_ERROR_MISUSE, "there is no strategy “%s”; there are fifo, random, replay, prefix and bytes", name);
  return NULL;
}

TrioSimInject
trio_sim_strategy_get_inject (const TrioSimOptions *options)
{
  guint inject = options->inject;

  if (options->schedule == NULL
      || (g_strcmp0 (options->strategy, "replay") != 0 && g_strcmp0 (options->strategy, "prefix") != 0))
    return (TrioSimInject) inject;
  for (guint i = 0; i < trio_schedule_get_length (options->schedule); i++)
    {
      const char *label = trio_schedule_get_entry (options->schedule, i)->label;

      if (g_str_equal (label, TRIO_CHOICE_CANCEL))
        inject |= TRIO_SIM_INJECT_CANCEL;
      else if (g_str_equal (label, TRIO_CHOICE_INTERRUPT))
        inject |= TRIO_SIM_INJECT_INTERRUPT;
      else if (g_str_has_prefix (label, "fault."))
        inject |= TRIO_SIM_INJECT_FAULT;
    }
  return (TrioSimInject) inject;
}
