/* SPDX-License-Identifier: MIT OR Apache-2.0 */

#include "tests/testing/worlds.h"

static void
run_in_mock_world (gconstpointer data)
{
  TrioFunc body = *(const TrioFunc *) data;

  mock_run_ok (body, NULL);
}

void
worlds_add (const char *path, TrioFunc body)
{
  g_autofree char *mock_path = g_strconcat ("/mock", path, NULL);
  TrioFunc *boxed = g_new (TrioFunc, 1);

  *boxed = body;
  g_test_add_data_func_full (mock_path, boxed, run_in_mock_world, g_free);
  parity_add (path, body);
}
