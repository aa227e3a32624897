/* SPDX-License-Identifier: MIT OR Apache-2.0 */

/* The door to all strategies by name, and how their parameters are spelled:
 *
 *     NAME            pos
 *     NAME:N          pct:3          N has a default
 *     NAME:N,k=K      pct:3,k=41     K is measured if it is not said
 *     NAME:N,base=B   delay:2,base=fifo */

#include "simulator/strategy-measure.h"
#include "simulator/strategy.h"

#include <string.h>

typedef enum
{
  EXPLORES    = 1 << 0,      /* a seed is all it needs */
  DRAWS       = 1 << 1,      /* draws places for injections, which it must know the number of */
  HAS_N       = 1 << 2,
  HAS_K       = 1 << 3,
  HAS_BASE    = 1 << 4,
  MEASURES    = 1 << 5,      /* needs to know the run, always */
} Traits;

typedef struct
{
  const char       *name;
  const char       *spelling;
  guint             traits;
  guint             n_default;
  guint             n_min;
  guint             n_max;
  TrioSimStrategy *(*make) (const TrioSimStrategyParameters *parameters);
} Kind;

/* Those without `make` need more than parameters. */
static const Kind kinds[] = {
  { "portfolio", "portfolio", EXPLORES, 0, 0, 0, NULL },
  { "fifo", "fifo", EXPLORES, 0, 0, 0, NULL },
  { "random", "random", EXPLORES, 0, 0, 0, NULL },
  { "pct", "pct[:DEPTH]", EXPLORES | DRAWS | HAS_N | HAS_K, 3, 1, 100, trio_sim_strategy_new_pct },
  { "pos", "pos", EXPLORES | MEASURES, 0, 0, 0, trio_sim_strategy_new_pos },
  { "urw", "urw", EXPLORES | MEASURES, 0, 0, 0, trio_sim_strategy_new_urw },
  { "surw", "surw", EXPLORES | MEASURES, 0, 0, 0, trio_sim_strategy_new_surw },
  { "delay", "delay[:DELAYS]", EXPLORES | DRAWS | HAS_N | HAS_K | HAS_BASE, 2, 1, 100, trio_sim_strategy_new_delay },
  { "replay", "replay", 0, 0, 0, 0, NULL },
  { "prefix", "prefix", 0, 0, 0, 0, NULL },
  { "bytes", "bytes", 0, 0, 0, 0, NULL },
};

static const char *const bases[] = { [TRIO_SIM_DELAY_FIFO] = "fifo", [TRIO_SIM_DELAY_BLOCK] = "block" };

/* --- reading --- */

static char *
list_kinds (guint traits)
{
  GString *out = g_string_new (NULL);

  for (guint i = 0; i < G_N_ELEMENTS (kinds); i++)
    if ((kinds[i].traits & traits) == traits)
      g_string_append_printf (out, "%s%s", out->len > 0 ? ", " : "", kinds[i].spelling);
  return g_string_free (out, FALSE);
}

static const Kind *
find_kind (const char *text, gsize length)
{
  for (guint i = 0; i < G_N_ELEMENTS (kinds); i++)
    if (strlen (kinds[i].name) == length && strncmp (kinds[i].name, text, length) == 0)
      return &kinds[i];
  return NULL;
}

static gboolean
read_n (const Kind *kind, const char *text, TrioSimStrategyParameters *parameters, GError **error)
{
  guint64 n;

  if (!(kind->traits & HAS_N))
    {
      g_set_error (error, TRIO_ERROR, TRIO_ERROR_MISUSE, "the strategy “%s” takes no number, and got “:%s”", kind->name, text);
      return FALSE;
    }
  if (!g_ascii_string_to_unsigned (text, 10, kind->n_min, kind->n_max, &n, NULL))
    {
      g_set_error (error, TRIO_ERROR, TRIO_ERROR_MISUSE, "the strategy “%s” takes a number from %u to %u, as in “%s:%u”; it got “%s”",
                   kind->name, kind->n_min, kind->n_max, kind->name, kind->n_default, text);
      return FALSE;
    }
  parameters->n = (guint) n;
  return TRUE;
}

static gboolean
read_k (const Kind *kind, const char *text, TrioSimStrategyParameters *parameters, GError **error)
{
  if (g_ascii_string_to_unsigned (text + 2, 10, 1, G_MAXUINT32, &parameters->k, NULL))
    return TRUE;
  g_set_error (error, TRIO_ERROR, TRIO_ERROR_MISUSE, "the strategy “%s” takes a number of questions, 1 or more, as in “k=41”; it got “%s”",
               kind->name, text);
  return FALSE;
}

static gboolean
read_base (const Kind *kind, const char *text, TrioSimStrategyParameters *parameters, GError **error)
{
  for (guint i = TRIO_SIM_DELAY_FIFO; i <= TRIO_SIM_DELAY_BLOCK; i++)
    if (g_str_equal (text + 5, bases[i]))
      {
        parameters->base = i;
        return TRUE;
      }
  g_set_error (error, TRIO_ERROR, TRIO_ERROR_MISUSE, "the strategy “%s” has base=fifo and base=block, and got “%s”", kind->name, text);
  return FALSE;
}

static gboolean
read_key (const Kind *kind, const char *text, TrioSimStrategyParameters *parameters, GError **error)
{
  if ((kind->traits & HAS_K) && g_str_has_prefix (text, "k="))
    return read_k (kind, text, parameters, error);
  if ((kind->traits & HAS_BASE) && g_str_has_prefix (text, "base="))
    return read_base (kind, text, parameters, error);
  g_set_error (error, TRIO_ERROR, TRIO_ERROR_MISUSE, "the strategy “%s” has nothing like “,%s”%s%s", kind->name, text,
               kind->traits & HAS_K ? "; it has “,k=” for how many questions to expect" : "",
               kind->traits & HAS_BASE ? ", and “,base=” for fifo or block" : "");
  return FALSE;
}

/* What is not said stays as it was. */
static const Kind *
read_text (const char *text, guint traits, TrioSimStrategyParameters *parameters, GError **error)
{
  gsize length = strcspn (text, ":,");
  const Kind *kind = find_kind (text, length);
  g_auto (GStrv) parts = g_strsplit (text + length, ",", -1);

  if (kind == NULL || (kind->traits & traits) != traits)
    {
      g_autofree char *list = list_kinds (traits);

      g_set_error (error, TRIO_ERROR, TRIO_ERROR_MISUSE, "there is no strategy “%s”%s; there is: %s", text,
                   kind != NULL ? " that explores" : "", list);
      return NULL;
    }
  parameters->n = kind->n_default;
  if (parts[0] != NULL && parts[0][0] == ':' && !read_n (kind, parts[0] + 1, parameters, error))
    return NULL;
  for (guint i = 1; parts[0] != NULL && parts[i] != NULL; i++)
    if (!read_key (kind, parts[i], parameters, error))
      return NULL;
  return kind;
}

/* The text of the member, if it is the portfolio. Of a run by itself the seed is all that could say whose turn it is: whoever counts seeds up
 * gets a fair round of them. */
static const char *
text_of (const TrioSimOptions *options)
{
  const char *text = options->strategy == NULL ? "fifo" : options->strategy;

  return g_str_equal (text, "portfolio") ? trio_sim_portfolio_pick (options->seed) : text;
}

/* --- making --- */

/* What the rest of a run is left to. */
static TrioSimOptions
suffix_of (const TrioSimOptions *options)
{
  TrioSimOptions suffix = *options;

  suffix.strategy = options->suffix == NULL ? "random" : options->suffix;
  suffix.schedule = NULL;
  return suffix;
}

static TrioSimStrategy *
make_prefix (const TrioSimOptions *options, const TrioSimMeasure *measure, GError **error)
{
  const TrioSimOptions suffix = suffix_of (options);
  TrioSimStrategy *strategy = trio_sim_strategy_new (&suffix, measure, error);

  return strategy == NULL ? NULL : trio_sim_strategy_new_prefix (options->schedule, options->prefix_steps, strategy, options->inject);
}

static TrioSimStrategy *
make_from_options (const Kind *kind, const TrioSimOptions *options, const TrioSimMeasure *measure, GError **error)
{
  if (g_str_equal (kind->name, "fifo"))
    return trio_sim_strategy_new_fifo ();
  if (g_str_equal (kind->name, "random"))
    return trio_sim_strategy_new_random (options->seed);
  if (g_str_equal (kind->name, "bytes"))
    return trio_sim_strategy_new_bytes (options->bytes, options->bytes == NULL ? 0 : options->n_bytes);
  if (options->schedule == NULL)
    {
      g_set_error (error, TRIO_ERROR, TRIO_ERROR_MISUSE, "the strategy “%s” needs a schedule", kind->name);
      return NULL;
    }
  return g_str_equal (kind->name, "prefix") ? make_prefix (options, measure, error)
                                            : trio_sim_strategy_new_replay (options->schedule);
}

static const char *
name_of (const Kind *kind, const TrioSimStrategyParameters *parameters)
{
  g_autoptr (GString) out = g_string_new (kind->name);

  if (kind->traits & HAS_N)
    g_string_append_printf (out, ":%u", parameters->n);
  if (parameters->base != TRIO_SIM_DELAY_ANY)
    g_string_append_printf (out, ",base=%s", bases[parameters->base]);
  if (kind->traits & HAS_K)
    g_string_append_printf (out, ",k=%" G_GUINT64_FORMAT, parameters->k);
  return g_intern_string (out->str);
}

TrioSimStrategy *
trio_sim_strategy_new (const TrioSimOptions *options, const TrioSimMeasure *measure, GError **error)
{
  TrioSimStrategyParameters parameters = { .seed = options->seed, .measure = measure };
  const Kind *kind;
  TrioSimStrategy *strategy;

  if (options->own_strategy != NULL)
    return options->own_strategy;
  kind = read_text (text_of (options), 0, &parameters, error);
  if (kind == NULL)
    return NULL;
  /* Each step may be a question: another order than the ordinary one asks where that one had nobody to choose from. */
  if ((kind->traits & HAS_K) && parameters.k == 0)
    parameters.k = MAX (measure->n_steps, 1);
  strategy = kind->make != NULL ? kind->make (&parameters) : make_from_options (kind, options, measure, error);
  if (strategy != NULL)
    strategy->name = name_of (kind, &parameters);
  return strategy;
}

gboolean
trio_sim_strategy_needs_measure (const TrioSimOptions *options)
{
  TrioSimStrategyParameters parameters = { 0 };
  const Kind *kind = read_text (text_of (options), 0, &parameters, NULL);

  if (kind == NULL)
    return FALSE;
  if (g_str_equal (kind->name, "prefix"))
    {
      const TrioSimOptions suffix = suffix_of (options);

      return g_strcmp0 (suffix.strategy, "prefix") != 0 && trio_sim_strategy_needs_measure (&suffix);
    }
  return (kind->traits & MEASURES) != 0 || ((kind->traits & DRAWS) && options->inject != TRIO_SIM_INJECT_NONE)
         || ((kind->traits & HAS_K) && parameters.k == 0);
}

gboolean
trio_sim_strategy_check (const char *text, GError **error)
{
  TrioSimStrategyParameters parameters = { 0 };

  return read_text (text, EXPLORES, &parameters, error) != NULL;
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
      else if (g_str_equal (label, TRIO_CHOICE_INTERRUPT) || g_str_has_prefix (label, TRIO_CHOICE_INTERRUPT "."))
        inject |= TRIO_SIM_INJECT_INTERRUPT;
      else if (g_str_has_prefix (label, "fault."))
        inject |= TRIO_SIM_INJECT_FAULT;
    }
  return (TrioSimInject) inject;
}
