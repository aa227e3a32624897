/* SPDX-License-Identifier: MIT OR Apache-2.0 */

/* What a step touches is told to instruments with the hook `accessed`, and only while somebody has asked for it. */

#include <trio/lowlevel/access.h>

#include "tests/core/core-test.h"

typedef struct
{
  TrioInstrument instrument;
  gconstpointer  object;        /* of which accesses are counted by kind */
  guint          n[TRIO_ACCESS_UNKNOWN + 1];
  guint          n_reads;       /* of any object */
} Watcher;

static void
take_access (TrioInstrument *instrument, TrioTask *task, gconstpointer object, TrioAccess access)
{
  Watcher *self = (Watcher *) instrument;

  g_assert_true (task == trio_current_task ());
  self->n_reads += access == TRIO_ACCESS_READ;
  if (object == self->object)
    self->n[access]++;
}

static void
use_lock (TrioLock *lock)
{
  g_assert_true (trio_lock_acquire_nowait (lock, NULL));
  trio_lock_release (lock);
}

static gboolean
watch_a_lock (gpointer unused G_GNUC_UNUSED, GError **error)
{
  g_autoptr (TrioLock) lock = trio_lock_new ();
  int cup = 0;
  Watcher watcher = { .instrument = { .name = "watcher", .accessed = take_access }, .object = &cup };

  trio_add_instrument (&watcher.instrument);
  use_lock (lock);
  trio_note_access (&cup, TRIO_ACCESS_WRITE);
  trio_report_access (&cup, TRIO_ACCESS_READ);          /* what trio_note_access() calls when it is asked to */
  g_assert_cmpuint (watcher.n[TRIO_ACCESS_WRITE], ==, 0);
  g_assert_cmpuint (watcher.n[TRIO_ACCESS_READ], ==, 1);

  trio_watch_accesses (TRUE);
  trio_watch_accesses (TRUE);
  trio_note_access (&cup, TRIO_ACCESS_ADD);
  trio_watch_accesses (FALSE);
  trio_note_access (&cup, TRIO_ACCESS_ADD);
  g_assert_cmpuint (watcher.n[TRIO_ACCESS_ADD], ==, 2);
  watcher.n_reads = 0;
  {
    g_autoptr (TrioCancelScope) outer = trio_cancel_scope_open (error);
    guint n_around;

    trio_note_cancel_scopes (trio_current_task ());
    n_around = watcher.n_reads;
    g_assert_cmpuint (n_around, >, 1);                  /* this one, and those that the run has around main */
    g_assert_false (trio_task_has_cancel_pending (trio_current_task ()));
    g_assert_cmpuint (watcher.n_reads, ==, 2 * n_around);
    g_assert_true (trio_cancel_scope_close (outer, TRUE));
    watcher.n_reads = 0;
    trio_note_cancel_scopes (trio_current_task ());
    g_assert_cmpuint (watcher.n_reads, ==, n_around - 1);
  }
  trio_watch_accesses (FALSE);
  trio_note_access (&cup, TRIO_ACCESS_WRITE);
  g_assert_cmpuint (watcher.n[TRIO_ACCESS_WRITE], ==, 0);
  trio_remove_instrument (&watcher.instrument);
  return trio_checkpoint (error);
}

static void
test_accesses_are_told_while_somebody_asks_for_them (void)
{
  mock_run_ok (watch_a_lock, NULL);
}

static void
test_outside_a_run_nobody_hears_and_each_end_wants_a_begin (void)
{
  trio_report_access (&test_outside_a_run_nobody_hears_and_each_end_wants_a_begin, TRIO_ACCESS_WRITE);
  mock_expect_critical ("trio_accesses_watched > 0");
  trio_watch_accesses (FALSE);
  g_test_assert_expected_messages ();
  mock_expect_critical ("task != NULL");
  trio_note_cancel_scopes (NULL);
  g_test_assert_expected_messages ();
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  core_test_add_mock ("/access/accesses-are-told-while-somebody-asks-for-them", test_accesses_are_told_while_somebody_asks_for_them,
                      "the simulator may ask as well");
  g_test_add_func ("/access/outside-a-run-nobody-hears-and-each-end-wants-a-begin",
                   test_outside_a_run_nobody_hears_and_each_end_wants_a_begin);
  return g_test_run ();
}
