/* SPDX-License-Identifier: MIT OR Apache-2.0 */

/* A stranger's program: knows the installed headers and the installed library, nothing else. */

#include <trio/trio.h>
#include <trio/lowlevel/parking-lot.h>
#include <trio/lowlevel/instrument.h>
#include <trio/lowlevel/token.h>
#include <trio/lowlevel/trace.h>
#include <trio/seam/world.h>
#include <trio/seam/io.h>

#include <stdio.h>

static gboolean
say (gpointer data, GError **error)
{
  if (!trio_checkpoint (error))
    return FALSE;
  puts (data);
  return TRUE;
}

static gboolean
stay (gpointer data G_GNUC_UNUSED, GError **error)
{
  return trio_sleep_forever (error);
}

static gboolean
greet (gpointer data G_GNUC_UNUSED, GError **error)
{
  g_autoptr (TrioNursery) nursery = trio_nursery_open (error);

  trio_nursery_start_soon (nursery, say, "hello");
  trio_nursery_start_soon (nursery, say, "from outside the tree");
  return trio_nursery_close (nursery, TRUE);
}

static gboolean
too_slow (gpointer data G_GNUC_UNUSED, GError **error)
{
  g_autoptr (TrioCancelScope) patience = trio_fail_after (1, error);
  g_autoptr (TrioNursery) nursery = trio_nursery_open (error);

  trio_nursery_start_soon (nursery, stay, NULL);
  return trio_cancel_scope_close (patience, trio_nursery_close (nursery, TRUE));
}

int
main (void)
{
  g_autoptr (GError) error = NULL;

  if (!trio_run (greet, NULL, &error))
    g_error ("greet: %s", error->message);
  if (trio_run (too_slow, NULL, &error) || !g_error_matches (error, TRIO_ERROR, TRIO_ERROR_TOO_SLOW))
    g_error ("too_slow: %s", error ? error->message : "it succeeded");
  return 0;
}
