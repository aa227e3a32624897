/* SPDX-License-Identifier: MIT OR Apache-2.0 */

/* Escapes: calls by which a program would leave the simulation. A program that is linked with the simulator has the simulator's own
 * `clock_gettime ()`, `getrandom ()`, `socket ()` … in front of the C library's, for itself and for each library it uses.
 *
 *     program, GLib, any library --- time () ---> interpose-*.c --- not in a run, or the simulator's own call ---> the C library's
 *                                                     |
 *                                                     in a task or a thread of a run
 *                                                     |--- VIRTUAL:  the run answers
 *                                                     '--- REPORTED: the run ends here, as "escape: time", with the place
 *
 * Always true:
 *  1. A call is the program's if its thread drives a run, a task or a simulated thread of that run is on, and no trio_sim_escape_pause() is
 *     open. Every other call reaches the real function: before, between and after runs, in other threads, in a run of the real world.
 *  2. What the run answers is a function of its choices.
 *  3. The production library has none of this: it is in the simulator's only. Where there is no ELF, interpose-none.c stands for it.
 *
 * controlled.def is the list. */

#pragma once

#include <trio-sim/sim.h>

G_BEGIN_DECLS

typedef struct _TrioSimWorld TrioSimWorld;

typedef enum
{
#define CALL(name, group) TRIO_SIM_CALL_##name,
#include "simulator/escape/controlled.def"
  TRIO_SIM_N_CALLS
} TrioSimCall;

/* What a run has of this. */
typedef struct
{
  TrioSimEscapes  policy;
  GArray         *streams;        /* of guint64: the state of each task's random numbers, by serial; 0 before the first */
  guint64         seed;           /* what the program gave its generator, and how often; 0 for nothing */
  GPtrArray      *notes;          /* of Note, in order of first occurrence; NULL unless noted */
} TrioSimEscaping;

void        trio_sim_escaping_init   (TrioSimEscaping *escaping, const TrioSimOptions *options);
void        trio_sim_escaping_clear  (TrioSimEscaping *escaping);
/* (transfer full) (nullable): what was noted, a line each. */
char       *trio_sim_escaping_tell   (const TrioSimEscaping *escaping);

/* From now on calls of this thread, in tasks and simulated threads, are those of a program in that world; NULL: no more. */
void        trio_sim_escape_enter    (TrioSimWorld *world);
/* On a task's stack somebody is at work who is not the program: whoever watches the run. Nested. */
void        trio_sim_escape_pause    (void);
void        trio_sim_escape_go_on    (void);

/* Whether this system lets us. */
gboolean    trio_sim_escapes_are_seen (void);

/* --- for interpose-*.c --- */

/* Each file has one, so that it is linked. */
extern const char trio_sim_front_glib, trio_sim_front_random, trio_sim_front_system, trio_sim_front_time;

/* The world whose program calls; NULL: the real function is meant. */
TrioSimWorld *trio_sim_escape_get_world (void);
/* TRUE: the run answers. */
gboolean    trio_sim_escape_is_virtual (TrioSimCall call);
/* The same, for a function that GLib calls from within its allocator (which asks how late it is, with its lock held): not a word to anybody then. @caller:
 * the return address. */
gboolean    trio_sim_escape_is_virtual_to (TrioSimCall call, gconstpointer caller);
/* The run ends here, and this does not return; or, if escapes are allowed, or this is not the program's: call the real one. */
void        trio_sim_escape_report   (TrioSimCall call);
/* TRUE: so much time has gone by. FALSE: sleep for real. Ends the run in a task, unless escapes are allowed. */
gboolean    trio_sim_escape_sleep    (TrioSimCall call, gint64 span_us);

/* What the clock says to the caller; inside only. */
gint64      trio_sim_escape_get_time (void);
/* The tape may set it, unless @caller is in GLib. */
gint64      trio_sim_escape_get_real_time (gconstpointer caller);
guint64     trio_sim_escape_draw     (void);
void        trio_sim_escape_fill     (gpointer bytes, gsize size);
void        trio_sim_escape_seed     (guint64 seed);

/* Whether that is an address of libglib's code. */
gboolean    trio_sim_escape_is_in_glib (gconstpointer address);
/* The function that comes after ours: the sanitizer's, or the C library's. */
gpointer    trio_sim_escape_find_real (gpointer *known, gpointer interceptor, const char *name);

/* --- the list --- */

const char *trio_sim_call_get_name   (TrioSimCall call);
/* "a clock"; what becomes of it; and what a program does instead. */
const char *trio_sim_call_get_what   (TrioSimCall call);
const char *trio_sim_call_get_answer (TrioSimCall call);
const char *trio_sim_call_get_instead (TrioSimCall call);
/* The table of simulator/README.md. */
void        trio_sim_append_controlled (GString *out);

G_END_DECLS
