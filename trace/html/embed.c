/* SPDX-License-Identifier: MIT OR Apache-2.0 */

/* Runs at build time: turns the files of the page into C arrays, so that trio-trace carries its page with it.
 *
 *     embed OUTPUT FILE…     for page.css: static const char page_css[] = …, with a 0 at the end
 *
 * Plain C, so that a cross build needs nothing for it. */

#include <ctype.h>
#include <stdio.h>
#include <string.h>

static void
write_name (FILE *out, const char *path)
{
  const char *slash = strrchr (path, '/');

  for (const char *at = slash != NULL ? slash + 1 : path; *at != '\0'; at++)
    fputc (isalnum ((unsigned char) *at) ? *at : '_', out);
}

static int
embed (FILE *out, const char *path)
{
  FILE *in = fopen (path, "rb");
  int c, n = 0;

  if (in == NULL)
    {
      perror (path);
      return 0;
    }
  fputs ("static const char ", out);
  write_name (out, path);
  fputs ("[] = {", out);
  while ((c = getc (in)) != EOF)
    fprintf (out, "%s%d,", n++ % 24 == 0 ? "\n  " : "", c < 128 ? c : c - 256);
  fputs ("\n  0\n};\n\n", out);
  return fclose (in) == 0;
}

int
main (int argc, char **argv)
{
  FILE *out = argc >= 2 ? fopen (argv[1], "wb") : NULL;

  if (out == NULL)
    {
      fputs ("usage: embed OUTPUT FILE…\n", stderr);
      return 1;
    }
  for (int i = 2; i < argc; i++)
    if (!embed (out, argv[i]))
      return 1;
  return fclose (out) == 0 ? 0 : 1;
}
