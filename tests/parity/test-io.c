/* SPDX-License-Identifier: MIT OR Apache-2.0 */

/* The io table of both worlds, held against the contract: tests/net/io-conformance.h. */

#include "tests/net/io-conformance.h"

#include <glib/gstdio.h>

#include "tests/parity/parity.h"

int
main (int argc, char **argv)
{
  g_autofree char *directory = g_dir_make_tmp ("trio-io-XXXXXX", NULL);
  int result;

  g_test_init (&argc, &argv, NULL);
  io_conformance_set_directory (directory);
  for (const IoConformance *check = io_conformance; check->name != NULL; check++)
    {
      g_autofree char *path = g_strconcat ("/io/", check->name, NULL);

      parity_add (path, check->body);
    }
  result = g_test_run ();
  g_rmdir (directory);
  return result;
}
