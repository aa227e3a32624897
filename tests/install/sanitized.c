/* SPDX-License-Identifier: MIT OR Apache-2.0 */

/* For a compiler with -fsanitize=address: the simulator's functions in front of the C library's, and the sanitizer's in front of those. The clock of
 * the C library is the run's, files open, and random numbers are the same in each run. */

#include <stdio.h>
#include <time.h>

#include <trio-sim/sim.h>

static gboolean
look_around (gpointer drawn, GError **error)
{
  time_t before = time (NULL);
  struct timespec now;
  FILE *random;

  if (!trio_sleep (24 * G_TIME_SPAN_HOUR, error))
    return FALSE;
  trio_always (time (NULL) - before == 24 * 60 * 60, "a day is a day");
  trio_always (clock_gettime (CLOCK_REALTIME, &now) == 0 && now.tv_sec - before == 24 * 60 * 60, "by all clocks");
  random = fopen ("/dev/null", "r");
  trio_always (random != NULL, "a file opens");
  fclose (random);
  *(guint32 *) drawn = g_random_int ();
  return TRUE;
}

int
main (void)
{
  g_autoptr (GError) error = NULL;
  guint32 drawn[2];

  for (guint i = 0; i < G_N_ELEMENTS (drawn); i++)
    if (!trio_sim_run (look_around, &drawn[i], &(TrioSimOptions) { .seed = 1 }, NULL, &error))
      g_error ("%s", error->message);
  puts (drawn[0] == drawn[1] ? "sanitized and the same" : "not the same");
  return 0;
}
