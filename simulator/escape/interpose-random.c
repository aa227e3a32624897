/* SPDX-License-Identifier: MIT OR Apache-2.0 */

/* Random numbers: of the C library, of the kernel, and of GLib, whose own generator lives as long as the process, and would go on from run
 * to run. Each draws from the task's stream (randomness.c). */

#include "simulator/escape/interpose.h"

#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <unistd.h>

const char trio_sim_front_random = 1;

static guint32
draw32 (void)
{
  return (guint32) (trio_sim_escape_draw () >> 32);
}

static guint32
draw31 (void)
{
  return (guint32) (trio_sim_escape_draw () >> 33);
}

/* From 0, below 1. */
static double
draw_unit (void)
{
  return (double) (trio_sim_escape_draw () >> 11) * 0x1p-53;
}

static guint32
draw_below (guint32 bound)
{
  return bound < 2 ? 0 : (guint32) (((trio_sim_escape_draw () >> 32) * bound) >> 32);
}

/* --- the kernel's --- */

IN_FRONT_OF (getrandom);
IN_FRONT ssize_t
getrandom (void *bytes, size_t size, unsigned flags)
{
  if (!IS_VIRTUAL (getrandom))
    return REAL (getrandom) (bytes, size, flags);
  trio_sim_escape_fill (bytes, size);
  return (ssize_t) size;
}

IN_FRONT_OF (getentropy);
IN_FRONT int
getentropy (void *bytes, size_t size)
{
  if (size > 256 || !IS_VIRTUAL (getentropy))
    return REAL (getentropy) (bytes, size);
  trio_sim_escape_fill (bytes, size);
  return 0;
}

/* --- the C library's --- */

/* Older libraries do not have these; then nobody calls them either. */
IN_FRONT guint32 arc4random (void);
IN_FRONT void    arc4random_buf (void *bytes, size_t size);
IN_FRONT guint32 arc4random_uniform (guint32 bound);

IN_FRONT_OF (arc4random);
guint32
arc4random (void)
{
  return IS_VIRTUAL (arc4random) ? draw32 () : REAL (arc4random) ();
}

IN_FRONT_OF (arc4random_buf);
void
arc4random_buf (void *bytes, size_t size)
{
  if (IS_VIRTUAL (arc4random_buf))
    trio_sim_escape_fill (bytes, size);
  else
    REAL (arc4random_buf) (bytes, size);
}

IN_FRONT_OF (arc4random_uniform);
guint32
arc4random_uniform (guint32 bound)
{
  return IS_VIRTUAL (arc4random_uniform) ? draw_below (bound) : REAL (arc4random_uniform) (bound);
}

G_STATIC_ASSERT (RAND_MAX == 0x7fffffff);

IN_FRONT_OF (rand);
IN_FRONT int
rand (void)
{
  return IS_VIRTUAL (rand) ? (int) draw31 () : REAL (rand) ();
}

IN_FRONT_OF (random);
IN_FRONT long
random (void)
{
  return IS_VIRTUAL (random) ? (long) draw31 () : REAL (random) ();
}

IN_FRONT_OF (drand48);
IN_FRONT double
drand48 (void)
{
  return IS_VIRTUAL (drand48) ? draw_unit () : REAL (drand48) ();
}

IN_FRONT_OF (lrand48);
IN_FRONT long
lrand48 (void)
{
  return IS_VIRTUAL (lrand48) ? (long) draw31 () : REAL (lrand48) ();
}

IN_FRONT_OF (mrand48);
IN_FRONT long
mrand48 (void)
{
  return IS_VIRTUAL (mrand48) ? (long) (gint32) draw32 () : REAL (mrand48) ();
}

#define SEEDING(name, type) \
  IN_FRONT_OF (name); \
  IN_FRONT void \
  name (type seed) \
  { \
    if (IS_VIRTUAL (name)) \
      trio_sim_escape_seed ((guint64) seed); \
    else \
      REAL (name) (seed); \
  }

SEEDING (srand, unsigned)
SEEDING (srandom, unsigned)
SEEDING (srand48, long)
SEEDING (g_random_set_seed, guint32)

/* --- GLib's --- */

IN_FRONT_OF (g_random_int);
IN_FRONT guint32
g_random_int (void)
{
  return IS_VIRTUAL (g_random_int) ? draw32 () : REAL (g_random_int) ();
}

IN_FRONT_OF (g_random_int_range);
IN_FRONT gint32
g_random_int_range (gint32 begin, gint32 end)
{
  if (begin >= end || !IS_VIRTUAL (g_random_int_range))
    return REAL (g_random_int_range) (begin, end);
  return (gint32) ((guint32) begin + draw_below ((guint32) end - (guint32) begin));
}

IN_FRONT_OF (g_random_double);
IN_FRONT double
g_random_double (void)
{
  return IS_VIRTUAL (g_random_double) ? draw_unit () : REAL (g_random_double) ();
}

IN_FRONT_OF (g_random_double_range);
IN_FRONT double
g_random_double_range (double begin, double end)
{
  return IS_VIRTUAL (g_random_double_range) ? begin + draw_unit () * (end - begin) : REAL (g_random_double_range) (begin, end);
}

IN_FRONT_OF (g_rand_new);
IN_FRONT GRand *
g_rand_new (void)
{
  guint32 seed[4];

  if (!IS_VIRTUAL (g_rand_new))
    return REAL (g_rand_new) ();
  for (guint i = 0; i < G_N_ELEMENTS (seed); i++)
    seed[i] = draw32 ();
  return g_rand_new_with_seed_array (seed, G_N_ELEMENTS (seed));
}

/* Version 4 of RFC 9562. */
IN_FRONT_OF (g_uuid_string_random);
IN_FRONT char *
g_uuid_string_random (void)
{
  guint64 high, low;

  if (!IS_VIRTUAL (g_uuid_string_random))
    return REAL (g_uuid_string_random) ();
  high = (trio_sim_escape_draw () & ~G_GUINT64_CONSTANT (0xf000)) | 0x4000;
  low = (trio_sim_escape_draw () >> 2) | G_GUINT64_CONSTANT (0x8000000000000000);
  return g_strdup_printf ("%08x-%04x-%04x-%04x-%012" G_GINT64_MODIFIER "x", (guint) (high >> 32), (guint) (high >> 16) & 0xffff,
                          (guint) high & 0xffff, (guint) (low >> 48), low & G_GUINT64_CONSTANT (0xffffffffffff));
}

/* --- devices --- */

static gboolean
is_device (const char *path)
{
  return path != NULL && path[0] == '/' && path[1] == 'd'
         && (strcmp (path, "/dev/urandom") == 0 || strcmp (path, "/dev/random") == 0 || strcmp (path, "/dev/hwrng") == 0);
}

#define LOOK_AT(path, name) \
  do \
    if (is_device (path)) \
      trio_sim_escape_report (TRIO_SIM_CALL_##name); \
  while (0)

/* The mode is there only if a file may be made, but reading one that is not does no harm here, as in every C library. */
#define OPENING(name) \
  IN_FRONT_OF (name); \
  IN_FRONT int \
  name (const char *path, int flags, ...) \
  { \
    va_list rest; \
    mode_t mode; \
    va_start (rest, flags); \
    mode = (flags & (O_CREAT | __O_TMPFILE)) != 0 ? va_arg (rest, mode_t) : 0; \
    va_end (rest); \
    LOOK_AT (path, name); \
    return REAL (name) (path, flags, mode); \
  }

#define OPENING_AT(name) \
  IN_FRONT_OF (name); \
  IN_FRONT int \
  name (int directory, const char *path, int flags, ...) \
  { \
    va_list rest; \
    mode_t mode; \
    va_start (rest, flags); \
    mode = (flags & (O_CREAT | __O_TMPFILE)) != 0 ? va_arg (rest, mode_t) : 0; \
    va_end (rest); \
    LOOK_AT (path, name); \
    return REAL (name) (directory, path, flags, mode); \
  }

OPENING (open)
OPENING (open64)
OPENING_AT (openat)
OPENING_AT (openat64)

IN_FRONT_OF (fopen);
IN_FRONT FILE *
fopen (const char *path, const char *mode)
{
  LOOK_AT (path, fopen);
  return REAL (fopen) (path, mode);
}

IN_FRONT_OF (fopen64);
IN_FRONT FILE *
fopen64 (const char *path, const char *mode)
{
  LOOK_AT (path, fopen64);
  return REAL (fopen64) (path, mode);
}
