/* SPDX-License-Identifier: MIT OR Apache-2.0 */

/* How a function is put in front of the C library's, or GLib's. ELF looks a name up in the program first, then in its libraries in their
 * order, so that one definition in the program, or in a library before libc, is what every library calls, too. The linker puts it among
 * the dynamic symbols by itself, since a library refers to it.
 *
 * ASan and TSan do the same by weak definitions, which give way to these; theirs are behind "__interceptor_…", and come next. If these are in
 * a shared library it is the other way round: theirs are found first, and come here.
 *
 * To be included first: what the C library's headers make of a name in a program (another symbol for large files, an inline function that
 * checks) is not wanted here, where each symbol is defined under its own name. */

#pragma once

#undef _FILE_OFFSET_BITS
#undef _TIME_BITS
#undef _FORTIFY_SOURCE

#include "simulator/escape/escape.h"

#define IN_FRONT __attribute__ ((visibility ("default"))) extern

/* Once for each function, in front of its definition. */
#define IN_FRONT_OF(name) \
  static gpointer real_##name; \
  extern __typeof__ (name) __interceptor_##name __attribute__ ((weak))

#define REAL(name) ((__typeof__ (&name)) trio_sim_escape_find_real (&real_##name, (gpointer) &__interceptor_##name, #name))

/* One that is reported whatever it is called with. */
#define REPORTED(type, name, parameters, arguments) \
  IN_FRONT_OF (name); \
  IN_FRONT type name parameters \
  { \
    trio_sim_escape_report (TRIO_SIM_CALL_##name); \
    return REAL (name) arguments; \
  }

#define IS_VIRTUAL(name) trio_sim_escape_is_virtual (TRIO_SIM_CALL_##name)
