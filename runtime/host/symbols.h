/* SPDX-License-Identifier: MIT OR Apache-2.0 */

/* From a code address to the name of the function it lies in.
 *
 * Names come from the symbol tables of the files that the process was loaded from, static functions included, which dladdr() does
 * not know. What was read is kept: files stay mapped, and an address is looked up once. Any thread; not from a signal handler. */

#pragma once

#include <glib.h>

typedef struct
{
  const char *function;        /* "eat"; NULL if the file was stripped. Interned: stays */
  gsize       offset;          /* of the address in the function */
  const char *file;            /* "libtrio-1.so.1"; NULL if no file is loaded there. Interned */
  gsize       file_offset;     /* of the address in the file's image: what addr2line wants */
} TrioSymbol;

TrioSymbol trio_symbol_find (guintptr address);
