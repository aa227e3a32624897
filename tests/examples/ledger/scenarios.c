/* SPDX-License-Identifier: MIT OR Apache-2.0 */

#include "scenarios.h"
#include "day.h"

#include <stdlib.h>
#include <string.h>

/* LEDGER_FOLDER, where the data files are, comes from the build; the environment variable of that name is preferred. */

static Day days[] = {
  /* So patient that nothing but the order matters. A client thinks before it pays; meanwhile the other one is done, ordinarily. */
  { .server_patience_us = G_TIME_SPAN_MINUTE, .client_pause_us = 100 * G_TIME_SPAN_MILLISECOND },
  { .server_patience_us = G_TIME_SPAN_SECOND },
  { .server_patience_us = G_TIME_SPAN_SECOND },
};

static const char *const books_of_days[] = { "overdraft.data", "half-transfer.data", "ledger.data" };

static const TrioScenario scenarios[] = {
  { "overdraft", day_run, &days[0], "two people pay from a joint account that has enough for either, and not for both" },
  { "half-transfer", day_run, &days[1], "one client pays three times, to a server whose patience may end at any time" },
  { "market-day", day_run, &days[2], "the whole town, as in ledger.data" },
  { NULL, NULL, NULL, NULL },
};

G_STATIC_ASSERT (G_N_ELEMENTS (days) == G_N_ELEMENTS (books_of_days));
G_STATIC_ASSERT (G_N_ELEMENTS (days) + 1 == G_N_ELEMENTS (scenarios));

static Books *
load_or_exit (const char *file_name)
{
  const char *folder = g_getenv ("LEDGER_FOLDER");
  g_autofree char *path = g_build_filename (folder != NULL ? folder : LEDGER_FOLDER, file_name, NULL);
  g_autoptr (GError) error = NULL;
  Books *books = books_load (path, &error);

  if (books == NULL)
    {
      g_printerr ("%s\n", error->message);
      exit (2);
    }
  return books;
}

const TrioScenario *
ledger_scenarios (void)
{
  for (guint i = 0; i < G_N_ELEMENTS (days); i++)
    if (days[i].books == NULL)
      days[i].books = load_or_exit (books_of_days[i]);

  return scenarios;
}

const TrioScenario *
ledger_scenario (const char *name)
{
  const TrioScenario *scenario = ledger_scenarios ();

  while (scenario->name != NULL && strcmp (scenario->name, name) != 0)
    scenario++;

  g_return_val_if_fail (scenario->name != NULL, NULL);
  return scenario;
}
