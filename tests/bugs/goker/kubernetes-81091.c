/* SPDX-License-Identifier: MIT OR Apache-2.0 */

/* What happened: a counter in a test plugin of Kubernetes' scheduler (https://github.com/kubernetes/kubernetes/pull/81091; GoKer
 * kubernetes/81091; a data race).
 *
 * The bug: two tasks add one to a plain counter. Both read it before either writes it, and one addition is lost.
 *
 * The repair: a mutex around reading and writing. */

#include "tests/bugs/primitives.h"

typedef struct
{
  gboolean repaired;
  Mutex    mutex;
  int      n_filtered;
} Plugin;

static gboolean
filter (gpointer data, GError **error G_GNUC_UNUSED)
{
  Plugin *plugin = data;
  int seen;

  if (plugin->repaired)
    mutex_lock (&plugin->mutex);
  bug_switch ();
  seen = plugin->n_filtered;
  bug_switch ();
  plugin->n_filtered = seen + 1;
  if (plugin->repaired)
    mutex_unlock (&plugin->mutex);
  return TRUE;
}

static gboolean
run (gboolean repaired, GError **error)
{
  Plugin plugin = { .repaired = repaired, .mutex = MUTEX ("plugin") };
  g_autoptr (TrioNursery) nursery = trio_nursery_open (error);

  trio_nursery_start_soon (nursery, filter, &plugin);
  trio_nursery_start_soon (nursery, filter, &plugin);
  if (!trio_nursery_close (nursery, TRUE))
    return FALSE;

  trio_always (plugin.n_filtered == 2, "every call is counted");
  return TRUE;
}

const Bug bug_kubernetes_81091 = {
  "kubernetes-81091", run, "always", NULL, "two tasks add to a plain counter, and one addition is lost",
};
