/* SPDX-License-Identifier: MIT OR Apache-2.0 */

/* Places in the program: of a stack in words ("socket < g_socket_new < fetch < serve") the function that a person looks for. */

#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* Whether a frame is GLib's, the runtime's, or the C library's as far as its name tells. */
gboolean trio_sim_frame_is_of_libraries (const char *frame);

/* "fetch"; NULL if there is none. */
char    *trio_sim_place_in         (const char *stack);

/* The same stack with addresses, in @exact, says where in that function: " [bank+0x1a2b]", which addr2line, or the command line, makes a line of. ""
 * if it does not. */
char    *trio_sim_place_address    (const char *stack, const char *exact);

G_END_DECLS
