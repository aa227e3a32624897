/* SPDX-License-Identifier: MIT OR Apache-2.0 */

/* A fuzzing engine as small as one can be: a main() that gives files to the target. test-engine.py links a target with it. */

#include <stdint.h>
#include <stdio.h>

int LLVMFuzzerInitialize (int *argc, char ***argv);
int LLVMFuzzerTestOneInput (const uint8_t *data, size_t size);

int
main (int argc, char **argv)
{
  static uint8_t data[65536];

  LLVMFuzzerInitialize (&argc, &argv);
  for (int i = 1; i < argc; i++)
    {
      FILE *file = fopen (argv[i], "rb");

      if (file == NULL)
        return 3;
      LLVMFuzzerTestOneInput (data, fread (data, 1, sizeof data, file));
      fclose (file);
    }
  printf ("the engine has run %d inputs\n", argc - 1);
  return 0;
}
