/* SPDX-License-Identifier: MIT OR Apache-2.0 */

/* Parsing what was typed. See options.h. */

#include "simulator/cli/options.h"
#include "simulator/cli/os.h"
#include "simulator/result-file.h"

#include <math.h>
#include <string.h>

static const struct { const char *name; TrioSimInject kind; } inject_kinds[] = {
  { "cancel", TRIO_SIM_INJECT_CANCEL },
  { "interrupt", TRIO_SIM_INJECT_INTERRUPT },
  { "fault", TRIO_SIM_INJECT_FAULT },
};

int
trio_cli_usage (const TrioCli *cli, const char *command, const char *format, ...)
{
  g_autofree char *text = NULL, *whole = NULL;
  va_list arguments;

  va_start (arguments, format);
  text = g_strdup_vprintf (format, arguments);
  va_end (arguments);
  whole = g_strdup_printf ("%s%s%s: %s\nTry: %s %s%s--help\n", cli->program, command ? " " : "", command ? command : "", text,
                           cli->argv0, command ? command : "", command ? " " : "");
  trio_cli_put_error (whole);
  return TRIO_CLI_EXIT_USAGE;
}

/* GOption takes the program's name from the process, and prints a command's help under it. */
static gboolean
parse_as (const char *name, GOptionContext *context, GStrv *arguments, GError **error)
{
  g_autofree char *old = g_strdup (g_get_prgname ());
  gboolean ok;

  g_set_prgname (name);
  ok = g_option_context_parse_strv (context, arguments, error);
  if (old)
    g_set_prgname (old);
  return ok;
}

gboolean
trio_cli_parse (const TrioCli *cli, const char *command, const char *parameters, const char *summary, const char *description,
                const GOptionEntry *entries, int argc, char **argv, GStrv *rest)
{
  g_autoptr (GOptionContext) context = g_option_context_new (parameters);
  g_autofree char *name = g_strdup_printf ("%s %s", cli->program, command);
  g_auto (GStrv) arguments = g_new0 (char *, argc + 1);
  g_autoptr (GError) error = NULL;

  for (int i = 0; i < argc; i++)
    arguments[i] = g_strdup (argv[i]);
  g_option_context_set_summary (context, summary);
  g_option_context_set_description (context, description);
  g_option_context_add_main_entries (context, entries, NULL);
  if (!parse_as (name, context, &arguments, &error))
    {
      trio_cli_usage (cli, command, "%s", error->message);
      return FALSE;
    }
  if (!rest && arguments[1])
    {
      trio_cli_usage (cli, command, "\"%s\" is not expected here", arguments[1]);
      return FALSE;
    }
  if (rest)
    *rest = g_strdupv (arguments + 1);
  return TRUE;
}

void
trio_cli_common_options_clear (TrioCliCommonOptions *options)
{
  g_free (options->scenario);
  g_free (options->inject);
  g_free (options->keep);
  g_free (options->shard);
  g_free (options->junit);
  g_free (options->escapes);
  g_free (options->heal_after);
  g_free (options->heal_within);
}

static gboolean
parse_shard (const char *text, TrioCliCampaign *campaign)
{
  g_auto (GStrv) parts = g_strsplit (text, "/", -1);

  return g_strv_length (parts) == 2 && trio_cli_parse_number (parts[0], &campaign->shard)
         && trio_cli_parse_number (parts[1], &campaign->shards) && campaign->shard >= 1 && campaign->shard <= campaign->shards
         && campaign->shards <= G_MAXINT32;
}

/* What the campaign's results look like, and where they go. */
static gboolean
apply_output (const TrioCli *cli, const char *command, const TrioCliCommonOptions *options, TrioCliCampaign *campaign)
{
  g_autoptr (GError) error = NULL;

  if (options->tap && options->json)
    return trio_cli_usage (cli, command, "--tap and --json exclude each other: both say what stdout is") == TRIO_CLI_EXIT_OK;
  if (options->junit && !*options->junit)
    return trio_cli_usage (cli, command, "--junit needs the name of a file") == TRIO_CLI_EXIT_OK;
  /* As with --keep: better now. */
  if (options->junit && !trio_sim_write_file (options->junit, NULL, 0, &error))
    return trio_cli_usage (cli, command, "--junit: %s", error->message) == TRIO_CLI_EXIT_OK;

  campaign->json = options->json;
  campaign->tap = options->tap;
  campaign->junit = options->junit;
  for (const TrioScenario *scenario = cli->scenarios; scenario->name; scenario++)
    campaign->n_cases += !options->scenario || g_str_equal (options->scenario, scenario->name);
  return TRUE;
}

gboolean
trio_cli_common_options_apply (const TrioCli *cli, const char *command, TrioCliCommonOptions *options, TrioSimInject inject_default,
                               TrioCliCampaign *campaign)
{
  g_autoptr (GError) error = NULL;

  campaign->cli = cli;
  campaign->command = command;
  campaign->inject = inject_default;
  if (options->inject && !trio_cli_parse_inject (options->inject, &campaign->inject, &error))
    return trio_cli_usage (cli, command, "%s", error->message) == TRIO_CLI_EXIT_OK;
  if (options->scenario && !trio_cli_find_scenario (cli, options->scenario))
    {
      g_autofree char *names = trio_cli_scenario_names (cli);

      return trio_cli_usage (cli, command, "there is no scenario \"%s\"; there is: %s", options->scenario,
                             names) == TRIO_CLI_EXIT_OK;
    }
  if (options->jobs != G_MININT && (options->jobs < 1 || options->jobs > 4096))
    return trio_cli_usage (cli, command, "--jobs %d: expected 1 to 4096", options->jobs) == TRIO_CLI_EXIT_OK;
  if (options->budget < 0)
    return trio_cli_usage (cli, command, "--budget %d: expected 0 or more", options->budget) == TRIO_CLI_EXIT_OK;
  if (options->timeout_s < 0)
    return trio_cli_usage (cli, command, "--timeout %d: expected seconds, or 0 for none", options->timeout_s) == TRIO_CLI_EXIT_OK;
  if (options->heal_after && !trio_cli_parse_seconds (options->heal_after, &campaign->target.heal_after))
    return trio_cli_usage (cli, command, "--heal-after %s: expected seconds of virtual time, more than 0",
                           options->heal_after) == TRIO_CLI_EXIT_OK;
  if (options->heal_within && !trio_cli_parse_seconds (options->heal_within, &campaign->target.heal_within))
    return trio_cli_usage (cli, command, "--heal-within %s: expected seconds of virtual time, more than 0",
                           options->heal_within) == TRIO_CLI_EXIT_OK;
  if (options->shard && !parse_shard (options->shard, campaign))
    return trio_cli_usage (cli, command, "--shard %s: expected I/N, as in 1/4", options->shard) == TRIO_CLI_EXIT_OK;
  if (options->keep && !*options->keep)
    return trio_cli_usage (cli, command, "--keep needs the name of a directory") == TRIO_CLI_EXIT_OK;
  /* Better to know it now than behind an hour of searching. */
  if (options->keep && !trio_cli_may_write_into (options->keep, &error))
    return trio_cli_usage (cli, command, "--keep %s: %s", options->keep, error->message) == TRIO_CLI_EXIT_OK;

  if (!trio_cli_parse_escapes (cli, command, options->escapes, &campaign->target.escapes))
    return FALSE;

  campaign->jobs = options->jobs != G_MININT ? (guint) options->jobs : g_get_num_processors ();
  campaign->budget = options->budget;
  campaign->target.timeout_s = options->timeout_s;
  campaign->keep = options->keep ? options->keep : TRIO_CLI_KEEP_DEFAULT;
  campaign->keep_named = options->keep != NULL;
  return apply_output (cli, command, options, campaign);
}

static const char *const escapes_names[] = {
  [TRIO_SIM_ESCAPES_FAIL] = "fail",
  [TRIO_SIM_ESCAPES_NOTE] = "note",
  [TRIO_SIM_ESCAPES_ALLOW] = "allow",
};

const char *
trio_cli_escapes_to_text (TrioSimEscapes escapes)
{
  return escapes_names[escapes];
}

gboolean
trio_cli_parse_escapes (const TrioCli *cli, const char *command, const char *text, TrioSimEscapes *escapes)
{
  *escapes = TRIO_SIM_ESCAPES_FAIL;
  for (guint i = 0; text && i < G_N_ELEMENTS (escapes_names); i++)
    if (g_str_equal (text, escapes_names[i]))
      {
        *escapes = (TrioSimEscapes) i;
        return TRUE;
      }
  if (text)
    trio_cli_usage (cli, command, "--escapes %s: expected fail, note or allow", text);
  return text == NULL;
}

gboolean
trio_cli_parse_inject (const char *text, TrioSimInject *inject, GError **error)
{
  g_auto (GStrv) words = g_strsplit (text, ",", -1);
  TrioSimInject sum = TRIO_SIM_INJECT_NONE;

  for (guint i = 0; words[i]; i++)
    {
      const char *word = g_strstrip (words[i]);
      TrioSimInject kind = TRIO_SIM_INJECT_NONE;

      for (guint k = 0; k < G_N_ELEMENTS (inject_kinds); k++)
        {
          if (g_str_equal (word, inject_kinds[k].name))
            kind = inject_kinds[k].kind;
        }
      if (kind == TRIO_SIM_INJECT_NONE && !g_str_equal (word, "none"))
        {
          g_set_error (error, TRIO_ERROR, TRIO_ERROR_MISUSE,
                       "--inject: \"%s\" is nothing that can be injected; expected a list of cancel, "
                       "interrupt, fault, or none", word);
          return FALSE;
        }
      sum |= kind;
    }
  if (!words[0])
    {
      g_set_error_literal (error, TRIO_ERROR, TRIO_ERROR_MISUSE, "--inject: expected a list of cancel, interrupt, fault, or none");
      return FALSE;
    }
  *inject = sum;
  return TRUE;
}

char *
trio_cli_inject_to_text (TrioSimInject inject)
{
  GString *out = g_string_new (NULL);

  for (guint k = 0; k < G_N_ELEMENTS (inject_kinds); k++)
    {
      if (inject & inject_kinds[k].kind)
        g_string_append_printf (out, "%s%s", out->len ? "," : "", inject_kinds[k].name);
    }
  if (out->len == 0)
    g_string_append (out, "none");
  return g_string_free (out, FALSE);
}

gboolean
trio_cli_parse_number (const char *text, guint64 *number)
{
  gboolean is_hex = g_ascii_strncasecmp (text, "0x", 2) == 0;

  return g_ascii_string_to_unsigned (is_hex ? text + 2 : text, is_hex ? 16 : 10, 0, G_MAXUINT64, number, NULL);
}

gboolean
trio_cli_parse_seconds (const char *text, gint64 *span_us)
{
  char *end = NULL;
  double seconds = g_ascii_strtod (text, &end);

  if (end == text || *end || !isfinite (seconds) || seconds < 0.5e-6 || seconds > 1e9)
    return FALSE;
  *span_us = (gint64) (seconds * G_TIME_SPAN_SECOND + 0.5);
  return TRUE;
}

const TrioScenario *
trio_cli_find_scenario (const TrioCli *cli, const char *name)
{
  for (const TrioScenario *scenario = cli->scenarios; scenario->name; scenario++)
    {
      if (g_str_equal (scenario->name, name))
        return scenario;
    }
  return NULL;
}

char *
trio_cli_scenario_names (const TrioCli *cli)
{
  GString *out = g_string_new (NULL);

  for (const TrioScenario *scenario = cli->scenarios; scenario->name; scenario++)
    g_string_append_printf (out, "%s%s", out->len ? ", " : "", scenario->name);
  return g_string_free (out, FALSE);
}

char *
trio_cli_shell_word (const char *word)
{
  gboolean plain = *word != '\0';

  for (const char *c = word; *c; c++)
    plain = plain && (g_ascii_isalnum (*c) || strchr ("-_./+:@%,=", *c));
  return plain ? g_strdup (word) : g_shell_quote (word);
}
