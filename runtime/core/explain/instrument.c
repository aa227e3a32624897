/* SPDX-License-Identifier: MIT OR Apache-2.0 */

/* Instruments: who watches the run, and what a program says to them. The hooks themselves are called where things happen. */

#include "core/kernel.h"

int trio_instruments_at_work;

/* One more, or one less. */
static void
note_change (TrioLoop *loop, int change)
{
  loop->plain = loop->choice == NULL && loop->instruments == NULL;
  /* Relaxed: each thread asks for its own run, whose instruments it has put there itself. */
  __atomic_fetch_add (&trio_instruments_at_work, change, __ATOMIC_RELAXED);
}

void
trio_instruments_add (TrioLoop *loop, TrioInstrument *instrument)
{
  for (TrioInstrument *other = loop->instruments; other != NULL; other = other->next)
    if (other == instrument)
      {
        /* Twice in the list it would come after itself. */
        g_critical ("trio_add_instrument: \"%s\" watches this run already", instrument->name);
        return;
      }
  instrument->next = loop->instruments;
  loop->instruments = instrument;
  note_change (loop, 1);
}

void
trio_instruments_clear (TrioLoop *loop)
{
  while (loop->instruments != NULL)
    {
      loop->instruments = loop->instruments->next;
      note_change (loop, -1);
    }
}

void
trio_add_instrument (TrioInstrument *instrument)
{
  TrioLoop *loop = trio_loop_of_thread;

  g_return_if_fail (loop != NULL && instrument != NULL);
  trio_instruments_add (loop, instrument);
}

void
trio_remove_instrument (TrioInstrument *instrument)
{
  TrioLoop *loop = trio_loop_of_thread;

  g_return_if_fail (loop != NULL && instrument != NULL);
  for (TrioInstrument **at = &loop->instruments; *at != NULL; at = &(*at)->next)
    if (*at == instrument)
      {
        /* next stays: the loop may be calling the hooks of this very list. */
        *at = instrument->next;
        note_change (loop, -1);
        return;
      }
  g_critical ("trio_remove_instrument: \"%s\" does not watch this run", instrument->name);
}

void
trio_instrument_fail (TrioInstrument *instrument, GError *error)
{
  g_return_if_fail (instrument != NULL && error != NULL);

  g_critical ("instrument \"%s\" failed, and watches no more: %s", instrument->name, error->message);
  g_error_free (error);
  trio_remove_instrument (instrument);
}

gboolean
trio_run_is_watched (void)
{
  return trio_loop_of_thread != NULL && trio_loop_of_thread->instruments != NULL;
}

void
trio_annotate (const char *format, ...)
{
  TrioLoop *loop = trio_loop_of_thread;
  g_autofree char *text = NULL;
  va_list args;

  if (G_LIKELY (loop == NULL || loop->instruments == NULL))
    return;
  va_start (args, format);
  text = g_strdup_vprintf (format, args);
  va_end (args);
  TRIO_NOTIFY (loop, annotated, loop->running, text);
}

guint64
trio_flow_new_id (void)
{
  TrioLoop *loop = trio_loop_of_thread;

  return loop != NULL ? ++loop->next_flow_id : 0;
}

void
trio_flow (guint64 id, gboolean begins, const char *label)
{
  TrioLoop *loop = trio_loop_of_thread;

  if (G_LIKELY (loop == NULL || loop->instruments == NULL))
    return;
  TRIO_NOTIFY (loop, flow, loop->running, id, begins, label);
}

/* Hooks may ask what time it is, so the loop is the current one meanwhile. */
void
trio_loop_wait_begins (TrioLoop *loop, gint64 due)
{
  TrioLoop *outer = trio_loop_of_thread;

  trio_loop_of_thread = loop;
  TRIO_NOTIFY (loop, before_io_wait, due);
  trio_loop_of_thread = outer;
}

void
trio_loop_wait_ends (TrioLoop *loop)
{
  TrioLoop *outer = trio_loop_of_thread;

  trio_loop_of_thread = loop;
  TRIO_NOTIFY (loop, after_io_wait);
  trio_loop_of_thread = outer;
}
