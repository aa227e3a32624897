/* SPDX-License-Identifier: MIT OR Apache-2.0 */

/* Lines of source. A run says "[bank+0x1a2b]" of a place in the program; here that becomes "at bank.c:41". */

#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* (transfer full) (nullable): @text with lines, as far as they can be found: the program was built with -g, and binutils' addr2line is there. What cannot
 * stays as it is. */
char *trio_cli_with_lines (const char *text);

G_END_DECLS
