/* SPDX-License-Identifier: MIT OR Apache-2.0 */

/* What happened: Docker's wait for a container, which returns a channel for its error (https://github.com/moby/moby/pull/33293;
 * GoKer moby/33293; a channel that is sent to before anybody can read it).
 *
 * The bug: if waiting fails at once, the error is sent to a fresh channel without a buffer before that channel is returned. Half of
 * the outcomes do that: it tests whether data are chosen as well as schedules.
 *
 * The repair: the channel has room for one error. */

#include "tests/bugs/primitives.h"

static Channel * TRIO_CHECKPOINT
wait_for_container (gboolean repaired)
{
  Channel *failure = channel_new (repaired ? 1 : 0);

  if (bug_choose ("container.fails", 2) == 1)
    channel_send (failure, NULL);
  return failure;
}

static gboolean
run (gboolean repaired, GError **error G_GNUC_UNUSED)
{
  g_autoptr (Channel) failure = wait_for_container (repaired);

  return failure != NULL;
}

const Bug bug_moby_33293 = {
  "moby-33293", run, "deadlock", NULL, "an error is sent to a channel that nobody knows yet",
};
