/* SPDX-License-Identifier: MIT OR Apache-2.0 */

/* What happened: gRPC's client connection, between its resolver and its close (https://github.com/grpc/grpc-go/pull/2371; GoKer
 * grpc/2371; use after close).
 *
 * The bug: the resolver hands a new configuration to the balancer although the connection was closed meanwhile, and there is none
 * any more.
 *
 * The repair: look whether there is one. */

#include "tests/bugs/primitives.h"

typedef struct
{
  gboolean repaired;
  Mutex    mutex;
  int     *balancer;        /* its newest configuration; NULL: closed */
} Connection;

static gboolean
resolve (gpointer data, GError **error G_GNUC_UNUSED)
{
  Connection *connection = data;

  mutex_lock (&connection->mutex);
  if (!(connection->repaired && connection->balancer == NULL))
    {
      trio_always (connection->balancer != NULL, "a configuration goes to a balancer that is there");
      *connection->balancer = 1;
    }
  mutex_unlock (&connection->mutex);
  return TRUE;
}

static gboolean
close_connection (gpointer data, GError **error G_GNUC_UNUSED)
{
  Connection *connection = data;

  mutex_lock (&connection->mutex);
  connection->balancer = NULL;
  mutex_unlock (&connection->mutex);
  return TRUE;
}

static gboolean
run (gboolean repaired, GError **error)
{
  int balancer = 0;
  Connection connection = { .repaired = repaired, .mutex = MUTEX ("connection"), .balancer = &balancer };
  g_autoptr (TrioNursery) nursery = trio_nursery_open (error);

  trio_nursery_start_soon (nursery, resolve, &connection);
  trio_nursery_start_soon (nursery, close_connection, &connection);
  return trio_nursery_close (nursery, TRUE);
}

const Bug bug_grpc_2371 = {
  "grpc-2371", run, "always", NULL, "a configuration arrives after the connection was closed",
};
