/* SPDX-License-Identifier: MIT OR Apache-2.0 */

/* graceful-server: the bakery in production. The first Ctrl-C is closing time, the second puts out the fire. */

#include "bakery.h"

#include <stdlib.h>

static void
say_closing (gpointer unused G_GNUC_UNUSED)
{
  g_print ("closing; Ctrl-C again to stop at once\n");
}

static gboolean
stay_open (gpointer data, GError **error)
{
  Bakery *bakery = data;

  g_print ("open at %s:%u\n", BAKERY_HOST, bakery->port);
  return trio_sleep_forever (error);
}

static gboolean
open_bakery (gpointer data, GError **error)
{
  return bakery_run (data, 0, stay_open, data, error);
}

int
main (int argc, char **argv)
{
  g_autoptr (GError) error = NULL;
  int baking_ms = 2000, grace_ms = 10000;
  Bakery bakery = { .on_closing = say_closing };
  const GOptionEntry entries[] = {
    { "baking", 'b', 0, G_OPTION_ARG_INT, &baking_ms, "How long a bread takes (2000)", "MILLISECONDS" },
    { "grace", 'g', 0, G_OPTION_ARG_INT, &grace_ms, "How long it may take after the first Ctrl-C (10000)", "MILLISECONDS" },
    { 0 },
  };
  g_autoptr (GOptionContext) options = g_option_context_new (NULL);
  gboolean ok;

  g_option_context_add_main_entries (options, entries, NULL);
  if (!g_option_context_parse (options, &argc, &argv, &error))
    {
      g_printerr ("graceful-server: %s\n", error->message);
      return 2;
    }

  bakery.baking_us = baking_ms * G_TIME_SPAN_MILLISECOND;
  bakery.grace_us = grace_ms * G_TIME_SPAN_MILLISECOND;
  ok = trio_run (open_bakery, &bakery, &error);
  g_print ("%u ordered, %u baked, %u wasted\n", bakery.n_ordered, bakery.n_baked, bakery.n_wasted);
  if (!ok)
    g_printerr ("graceful-server: %s\n", error->message);
  return ok ? EXIT_SUCCESS : EXIT_FAILURE;
}
