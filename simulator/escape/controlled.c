/* SPDX-License-Identifier: MIT OR Apache-2.0 */

/* The list of what is controlled, as data and as the table of simulator/README.md. */

#include "simulator/escape/escape.h"

typedef enum
{
  VIRTUAL,
  REPORTED,
  BY_PLACE,
} Manner;

typedef enum
{
#define GROUP(id, manner, what, happens, instead) GROUP_##id,
#include "simulator/escape/controlled.def"
  N_GROUPS
} Group;

static const struct
{
  Manner      manner;
  const char *what;
  const char *happens;
  const char *instead;
} groups[] = {
#define GROUP(id, manner, what, happens, instead) [GROUP_##id] = { manner, what, happens, instead },
#include "simulator/escape/controlled.def"
};

static const struct
{
  const char *name;
  Group       group;
} calls[] = {
#define CALL(name, group) [TRIO_SIM_CALL_##name] = { #name, GROUP_##group },
#include "simulator/escape/controlled.def"
};

/* What comes to one of those by itself. */
static const struct
{
  const char *name;
  Group       group;
} through[] = {
#define THROUGH(name, group) { #name, GROUP_##group },
#include "simulator/escape/controlled.def"
};

G_STATIC_ASSERT (G_N_ELEMENTS (calls) == TRIO_SIM_N_CALLS);

const char *
trio_sim_call_get_name (TrioSimCall call)
{
  return calls[call].name;
}

const char *
trio_sim_call_get_what (TrioSimCall call)
{
  return groups[calls[call].group].what;
}

const char *
trio_sim_call_get_answer (TrioSimCall call)
{
  return groups[calls[call].group].happens;
}

const char *
trio_sim_call_get_instead (TrioSimCall call)
{
  return groups[calls[call].group].instead;
}

static void
append_names (GString *out, Group group)
{
  const char *separator = "";

  for (guint i = 0; i < G_N_ELEMENTS (calls); i++)
    if (calls[i].group == group)
      {
        g_string_append_printf (out, "%s`%s`", separator, calls[i].name);
        separator = ", ";
      }
  separator = "; so too ";
  for (guint i = 0; i < G_N_ELEMENTS (through); i++)
    if (through[i].group == group)
      {
        g_string_append_printf (out, "%s`%s`", separator, through[i].name);
        separator = ", ";
      }
}

void
trio_sim_append_controlled (GString *out)
{
  static const char *const manners[] = {
    [VIRTUAL] = "**answered**", [REPORTED] = "**reported**", [BY_PLACE] = "in threads **answered**, in tasks **reported**",
  };

  g_string_append (out, "| what | calls | what happens | instead |\n|---|---|---|---|\n");
  for (guint i = 0; i < N_GROUPS; i++)
    {
      g_string_append_printf (out, "| %s | ", groups[i].what);
      append_names (out, i);
      g_string_append_printf (out, " | %s: %s | %s |\n", manners[groups[i].manner], groups[i].happens, groups[i].instead);
    }
}
