/* SPDX-License-Identifier: MIT OR Apache-2.0 */

/* A program that does to its process what it must not, for the tests of the command line: each scenario passes on the ordinary run, and does it
 * when the second task goes first, or is cancelled; but for "at-once", which does it in every run. */

#include <trio/trio.h>
#include <trio-sim/sim.h>

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

typedef struct
{
  void   (*deed) (void);
  gboolean safe;
} Scene;

static gboolean
make_safe (gpointer data, GError **error)
{
  Scene *scene = data;

  if (!trio_checkpoint (error))
    return FALSE;
  scene->safe = TRUE;
  return TRUE;
}

static gboolean
act (gpointer data, GError **error)
{
  Scene *scene = data;
  gboolean ok = trio_checkpoint (error);

  if (!scene->safe)
    scene->deed ();
  return ok;
}

static gboolean
play (gpointer deed, GError **error)
{
  Scene scene = { NULL, FALSE };
  g_autoptr (TrioNursery) nursery = trio_nursery_open (error);

  memcpy (&scene.deed, deed, sizeof scene.deed);
  trio_nursery_start_soon (nursery, make_safe, &scene);
  trio_nursery_start_soon (nursery, act, &scene);
  return trio_nursery_close (nursery, TRUE);
}

static gboolean
play_at_once (gpointer data G_GNUC_UNUSED, GError **error)
{
  if (!trio_checkpoint (error))
    return FALSE;
  raise (SIGSEGV);
  return TRUE;
}

static gboolean
goes_well (gpointer data G_GNUC_UNUSED, GError **error)
{
  return trio_checkpoint (error);
}

static int
depth (volatile char *above, int left)
{
  volatile char here[1024] = { above != NULL ? above[0] : 1 };

  return left > 0 ? depth (here, left - 1) + here[1] : 0;
}

static void recurse (void)      { g_print ("%d", depth (NULL, G_MAXINT)); }
static void kill_itself (void)  { raise (SIGKILL); }
static void leave (void)        { _exit (3); }
static void stop (void)         { raise (SIGSTOP); }
static void abort_run (void)    { abort (); }
static void divide (void)       { raise (SIGFPE); }
static void be_told (void)      { raise (SIGTERM); }

/* Whoever waits for the end of a pipe waits for this process. */
static void
leave_somebody_behind (void)
{
  pid_t pid = fork ();

  if (pid == 0)
    {
      alarm (1);
      for (;;)
        pause ();
    }
  abort ();
}

static void
close_everything (void)
{
  for (int fd = 0; fd < 256; fd++)
    close (fd);
  abort ();
}

static void
babble (void)
{
  static const guint8 nonsense[64] = { 0xff, 1, 2, 3 };

  for (int fd = 3; fd < 256; fd++)
    if (write (fd, nonsense, sizeof nonsense) < 0)
      continue;
}

static void
shout (void)
{
  for (int i = 0; i < 20000; i++)
    fprintf (stderr, "%d: nobody can read all of this, and nobody wants to keep it in memory\n", i);
  abort ();
}

int
main (int argc, char **argv)
{
#define DEED(name) static void (*name##_deed) (void) = name
  DEED (recurse); DEED (kill_itself); DEED (leave); DEED (stop); DEED (abort_run); DEED (divide); DEED (be_told);
  DEED (leave_somebody_behind); DEED (close_everything); DEED (shout); DEED (babble);
#undef DEED
  const TrioScenario scenarios[] = {
    { "recurse", play, &recurse_deed, NULL },
    { "kill-itself", play, &kill_itself_deed, NULL },
    { "leave", play, &leave_deed, NULL },
    { "stop", play, &stop_deed, NULL },
    { "abort", play, &abort_run_deed, NULL },
    { "divide", play, &divide_deed, NULL },
    { "be-told", play, &be_told_deed, NULL },
    { "leave-somebody-behind", play, &leave_somebody_behind_deed, NULL },
    { "close-everything", play, &close_everything_deed, NULL },
    { "shout", play, &shout_deed, NULL },
    { "babble", play, &babble_deed, NULL },
    { "at-once", play_at_once, NULL, NULL },
    { "well", goes_well, NULL, NULL },
    { argc > 1 && g_str_equal (argv[1], "twice") ? "well" : NULL, goes_well, NULL, NULL },
    { NULL, NULL, NULL, NULL },
  };

  return trio_sim_main (argc, argv, scenarios);
}
