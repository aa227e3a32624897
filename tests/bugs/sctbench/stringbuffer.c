/* SPDX-License-Identifier: MIT OR Apache-2.0 */

/* What happened: StringBuffer.append () of Java 1.4 (SCTBench's CB.stringbuffer-jdk1.4, https://github.com/mc-imperial/sctbench;
 * atomicity over two objects).
 *
 * The bug: to append one buffer to another, its length is asked, and then so many characters are copied; each step is locked, the
 * two together are not. Between them the buffer gets shorter.
 *
 * The repair: hold its mutex over both. */

#include "tests/bugs/primitives.h"

#define LENGTH 3

typedef struct
{
  gboolean repaired;
  Mutex    to;
  Mutex    from;
  int      n_from;
} Buffers;

static int TRIO_CHECKPOINT
ask_length (Buffers *buffers)
{
  int n;

  mutex_lock (&buffers->from);
  bug_switch ();
  n = buffers->n_from;
  if (!buffers->repaired)
    mutex_unlock (&buffers->from);
  return n;
}

static void TRIO_CHECKPOINT
copy (Buffers *buffers, int n)
{
  if (!buffers->repaired)
    mutex_lock (&buffers->from);
  bug_switch ();
  trio_always (n <= buffers->n_from, "no more is copied than there is");
  mutex_unlock (&buffers->from);
}

static gboolean
append (gpointer data, GError **error G_GNUC_UNUSED)
{
  Buffers *buffers = data;

  mutex_lock (&buffers->to);
  copy (buffers, ask_length (buffers));
  mutex_unlock (&buffers->to);
  return TRUE;
}

static gboolean
erase (gpointer data, GError **error G_GNUC_UNUSED)
{
  Buffers *buffers = data;

  mutex_lock (&buffers->from);
  bug_switch ();
  buffers->n_from = 0;
  mutex_unlock (&buffers->from);

  mutex_lock (&buffers->from);
  bug_switch ();
  buffers->n_from += LENGTH;
  mutex_unlock (&buffers->from);
  return TRUE;
}

static gboolean
run (gboolean repaired, GError **error)
{
  Buffers buffers = { .repaired = repaired, .to = MUTEX ("to"), .from = MUTEX ("from"), .n_from = LENGTH };
  g_autoptr (TrioNursery) nursery = trio_nursery_open (error);

  trio_nursery_start_soon (nursery, append, &buffers);
  bug_switch ();
  trio_nursery_start_soon (nursery, erase, &buffers);
  return trio_nursery_close (nursery, TRUE);
}

const Bug bug_stringbuffer = {
  "stringbuffer", run, "always", NULL, "a buffer gets shorter between asking its length and copying it",
};
