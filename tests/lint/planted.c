/* SPDX-License-Identifier: MIT OR Apache-2.0 */

/* Read by trio-lint, never run. Each line that it must report says so: "finds:" and a word of what it says. All others are fine. */

#include <trio/trio.h>

/* A helper that may suspend because of what it calls. */
static gboolean
nap (GError **error)
{
  return trio_sleep (1, error);
}

static gboolean
nap_twice (GError **error)
{
  nap (error);                                               /* finds: dropped */
  return nap (error);
}

/* Takes an error and does not suspend. */
static gboolean
parse (GError **error)
{
  g_set_error_literal (error, TRIO_ERROR, TRIO_ERROR_FAILED, "no");
  return FALSE;
}

static void
looks_harmless (void)
{
  if (!trio_checkpoint (NULL))                               /* finds: looks_harmless() takes no GError */
    return;
  if (G_UNLIKELY (!nap_twice (NULL)))                        /* finds: calls nap_twice() */
    return;
  parse (NULL);
}

TRIO_CHECKPOINT static void
says_so (void)
{
  trio_cancel_shielded_checkpoint ();
  (void) !trio_checkpoint (NULL);
}

static void
hides_it (int n)
{
  for (int i = 0; i < n; i++)
    says_so ();                                              /* finds: calls says_so() */
}

static gboolean
drops (gpointer data, GError **error)
{
  if (data != NULL)
    trio_sleep (1, error);                                   /* finds: dropped */
  else
    (void) !trio_sleep (1, error);
  switch (GPOINTER_TO_INT (data))
    {
    case 1:
      trio_checkpoint (error);                               /* finds: dropped */
      break;
    default:
      break;
    }
  while (trio_checkpoint (error))
    nap (error);                                             /* finds: dropped */
  return trio_sleep (2, error) && trio_checkpoint (error);
}

/* Handing a function on is not calling it. */
static gboolean
hands_on (gpointer data, GError **error)
{
  g_autoptr (TrioNursery) nursery = trio_nursery_open (error);

  trio_nursery_start_soon (nursery, drops, data);
  return trio_nursery_close (nursery, TRUE);
}

int
main (void)
{
  looks_harmless ();
  hides_it (1);
  return trio_run (hands_on, NULL, NULL) ? 0 : 1;
}
