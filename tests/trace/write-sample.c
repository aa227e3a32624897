/* SPDX-License-Identifier: MIT OR Apache-2.0 */

/* write-sample FILE [ROUNDS]: writes the made-up ledger trace, to look at the page without a run; 1,000 rounds are about 50,000
 * records. */

#include "tests/trace/sample.h"

int
main (int argc, char **argv)
{
  g_autoptr (GByteArray) bytes = sample_ledger (argc > 2 ? (guint) g_ascii_strtoull (argv[2], NULL, 10) : 3);
  g_autoptr (GError) error = NULL;

  if (argc < 2 || !g_file_set_contents (argv[1], (const char *) bytes->data, bytes->len, &error))
    {
      g_printerr ("write-sample FILE [ROUNDS]%s%s\n", error != NULL ? ": " : "", error != NULL ? error->message : "");
      return 2;
    }
  return 0;
}
