/* SPDX-License-Identifier: MIT OR Apache-2.0 */

/* A host that loses its power loses what is not on the medium of its disk; and it may lose it between any two verbs. */

#include <string.h>

#include <trio/file-watch.h>

#include "tests/sim/disk-test.h"
#include "tests/sim/hosts-test.h"

#define N_PAYMENTS 3

/* A host takes payments into a log, a letter each, and says so to somebody who does not forget: the scenario. */
typedef struct
{
  gboolean careful;
  guint    promised;
  guint    n_boots;
} Shop;

static gboolean
take_payments (gpointer data, GError **error)
{
  Shop *shop = data;
  TrioFileStat stat;
  g_autoptr (TrioFile) log = trio_file_open ("/log", TRIO_FILE_WRITE | TRIO_FILE_CREATE | TRIO_FILE_APPEND, error);

  shop->n_boots++;
  if (log == NULL || (shop->careful && !trio_directory_sync ("/", error)) || !trio_file_stat (log, &stat, error))
    return FALSE;
  trio_always (stat.size >= shop->promised, "what was promised is in the log");
  for (guint n = (guint) stat.size; n < N_PAYMENTS; n++)
    {
      if (!trio_file_write (log, "p", 1, error) || (shop->careful && !trio_file_sync (log, error)))
        return FALSE;
      shop->promised = n + 1;
    }
  return trio_file_close (log, error);
}

static gboolean
run_shop (gpointer careful, GError **error)
{
  Shop shop = { .careful = careful != NULL };
  g_autoptr (TrioNursery) nursery = trio_nursery_open (error);

  trio_sim_host_start (trio_sim_host_new ("shop"), nursery, take_payments, &shop);
  if (!trio_nursery_close (nursery, TRUE))
    return FALSE;
  trio_sometimes (shop.n_boots > 1, "the shop lost its power");
  return TRUE;
}

/* Before the n-th verb. Returns FALSE if there are less. */
static gboolean
crash_before (guint n, gboolean careful, TrioSimVerdict *verdict)
{
  g_autofree char *line = g_strdup_printf ("main/shop/main fault.host.crash %u = 1/4", n);
  g_autoptr (TrioSimReport) report = sim_run_lines (run_shop, GINT_TO_POINTER (careful), line);

  *verdict = report->verdict;
  return report->unmatched == 0;
}

static void
test_a_naive_log_forgets_what_was_promised (void)
{
  guint n = 1, n_lost = 0;

  for (TrioSimVerdict verdict; crash_before (n, FALSE, &verdict); n++)
    n_lost += verdict == TRIO_SIM_ALWAYS;
  /* Open, look at its size, three times write and look where that was, close; the first promise is made after the first write. */
  g_assert_cmpuint (n - 1, ==, 9);
  g_assert_cmpuint (n_lost, ==, 5);
}

static void
test_a_log_that_is_synced_does_not_wherever_the_crash_falls (void)
{
  guint n = 1;

  for (TrioSimVerdict verdict; crash_before (n, TRUE, &verdict); n++)
    g_assert_cmpint (verdict, ==, TRIO_SIM_OK);
  g_assert_cmpuint (n - 1, ==, 13);
}

static void
test_a_search_finds_the_naive_one (void)
{
  for (guint64 seed = 1; seed <= 400; seed++)
    {
      g_autoptr (TrioSimReport) report = sim_run_random (run_shop, NULL, seed, TRIO_SIM_INJECT_FAULT);

      /* A disk that is full, say, ends it too. */
      if (report->verdict == TRIO_SIM_ALWAYS)
        return;
    }
  g_error ("no run of 400 has lost what was promised");
}

/* Each crash leaves a verb under way behind; a host has 16 at a time. */
static gboolean
crash_at_each_write (gpointer data, GError **error)
{
  guint *n_boots = data;
  g_autoptr (TrioFile) file = NULL;

  if (++*n_boots == 20)
    return TRUE;
  file = trio_file_open ("/log", TRIO_FILE_WRITE | TRIO_FILE_CREATE, error);
  return file != NULL && trio_file_write (file, "p", 1, error) && trio_sleep_forever (error);
}

static gboolean
crash_again_and_again (gpointer data G_GNUC_UNUSED, GError **error)
{
  g_autoptr (TrioNursery) nursery = NULL;
  TrioSimHost *host = trio_sim_host_new ("unlucky");
  guint n_boots = 0;

  nursery = trio_nursery_open (error);
  trio_sim_host_start (host, nursery, crash_at_each_write, &n_boots);
  for (guint i = 1; i < 20; i++)
    {
      /* It has opened the file by then, and waits for the write. */
      if (!trio_sleep (150, error))
        return FALSE;
      trio_sim_host_crash (host, 0);
      if (!trio_sleep (0, error))
        return FALSE;
    }
  return trio_nursery_close (nursery, TRUE);
}

static void
test_what_a_dead_host_had_under_way_is_in_nobody_s_way (void)
{
  g_autoptr (TrioSimReport) report = sim_run_fifo (crash_again_and_again, NULL);

  sim_expect (report, TRIO_SIM_OK, NULL);
}

/* --- by command --- */

typedef struct
{
  TrioSimHost *host;
  guint        n_boots;
  guint        n_unwound;
} Desk;

static void
note_unwinding (Desk **desk)
{
  (*desk)->n_unwound++;
}

static gboolean
write_for_ever (gpointer data, GError **error)
{
  Desk *desk = data;
  __attribute__ ((cleanup (note_unwinding))) Desk *watched G_GNUC_UNUSED = desk;
  g_autoptr (TrioFile) file = NULL;

  if (++desk->n_boots == 2)
    {
      g_assert_true (disk_is_text ("/log", NULL));
      return TRUE;
    }
  file = trio_file_open ("/log", TRIO_FILE_WRITE | TRIO_FILE_CREATE | TRIO_FILE_APPEND, error);
  while (file != NULL && trio_file_write (file, "p", 1, error))
    ;
  return FALSE;
}

static gboolean
crash_a_writer (gpointer after, GError **error)
{
  Desk desk = { 0 };
  g_autoptr (TrioNursery) nursery = trio_nursery_open (error);

  desk.host = trio_sim_host_new ("desk");
  trio_sim_host_start (desk.host, nursery, write_for_ever, &desk);
  if (!trio_sleep (GPOINTER_TO_UINT (after), error))
    return FALSE;
  trio_sim_host_crash (desk.host, ms (5));
  if (!trio_nursery_close (nursery, TRUE))
    return FALSE;
  g_assert_cmpuint (desk.n_boots, ==, 2);
  g_assert_cmpuint (desk.n_unwound, ==, 1);
  return TRUE;
}

/* Its verbs are asked for, happen and answer at different times. */
static void
test_a_crash_by_command_takes_the_disk_with_it (void)
{
  for (guint after = 130; after < 400; after += 25)
    {
      g_autoptr (TrioSimReport) report = sim_run_fifo (crash_a_writer, GUINT_TO_POINTER (after));

      sim_expect (report, TRIO_SIM_OK, NULL);
    }
}

static gboolean
watch_and_wait (gpointer data, GError **error)
{
  guint *n_boots = data;
  g_autoptr (TrioFileWatch) watch = NULL;
  TrioFileEvent event;

  if (++*n_boots == 2)
    return TRUE;
  watch = trio_file_watch_open ("/tmp", error);
  return watch != NULL && trio_file_watch_next (watch, &event, error);
}

/* A watch is told of nothing once its host is gone: there is nobody to tell. */
static gboolean
crash_a_watcher (gpointer data G_GNUC_UNUSED, GError **error)
{
  g_autoptr (TrioNursery) nursery = trio_nursery_open (error);
  TrioSimHost *host = trio_sim_host_new ("watcher");
  guint n_boots = 0;

  trio_sim_host_start (host, nursery, watch_and_wait, &n_boots);
  if (!trio_sleep (ms (1), error))
    return FALSE;
  trio_sim_host_crash (host, ms (5));
  if (!trio_nursery_close (nursery, TRUE))
    return FALSE;
  g_assert_cmpuint (n_boots, ==, 2);
  return TRUE;
}

static void
test_watches_go_with_their_host (void)
{
  g_autoptr (TrioSimReport) report = sim_run_fifo (crash_a_watcher, NULL);

  sim_expect (report, TRIO_SIM_OK, NULL);
}

/* --- what a host opened is its own --- */

typedef struct
{
  TrioFile      *file;
  TrioFileWatch *watch;
} Opened;

static gboolean
open_and_use (gpointer data, GError **error)
{
  Opened *opened = data;
  static const guint8 much[4096];

  if (opened->file != NULL)
    return TRUE;
  opened->file = trio_file_open ("/log", TRIO_FILE_READ | TRIO_FILE_WRITE | TRIO_FILE_CREATE, error);
  opened->watch = trio_file_watch_open ("/log", error);
  while (trio_file_write (opened->file, much, sizeof much, error))
    ;
  return FALSE;
}

static void
expect_misuse (GError **refusal)
{
  g_assert_error (*refusal, TRIO_ERROR, TRIO_ERROR_MISUSE);
  g_assert_nonnull (strstr ((*refusal)->message, "/log: it was opened on another host, or before this one crashed"));
  g_clear_error (refusal);
}

TRIO_CHECKPOINT static void
expect_to_be_refused (Opened *opened)
{
  g_autoptr (GError) refusal = NULL;
  TrioFileEvent event;
  char byte;

  g_assert_cmpint (trio_file_read_at (opened->file, 0, &byte, 1, &refusal), ==, -1);
  expect_misuse (&refusal);
  g_assert_false (trio_file_write (opened->file, "x", 1, &refusal));
  expect_misuse (&refusal);
  g_assert_false (trio_file_close (opened->file, &refusal));
  expect_misuse (&refusal);
  g_assert_false (trio_file_watch_next (opened->watch, &event, &refusal));
  expect_misuse (&refusal);
}

static gboolean
use_what_a_host_opened (gpointer crashes, GError **error)
{
  Opened opened = { 0 };
  g_autoptr (TrioNursery) nursery = trio_nursery_open (error);
  TrioSimHost *host = trio_sim_host_new ("desk");

  trio_sim_host_start (host, nursery, open_and_use, &opened);
  /* It writes all the time. */
  if (!trio_sleep (ms (1) + 30, error))
    return FALSE;
  if (crashes)
    trio_sim_host_crash (host, 0);
  expect_to_be_refused (&opened);
  if (!crashes)
    trio_sim_host_crash (host, 0);
  trio_file_free (opened.file);
  trio_file_watch_free (opened.watch);
  return trio_nursery_close (nursery, TRUE);
}

/* Its user was gone in the middle of a write: who came to close it waited for that one, for ever. */
static void
test_what_a_host_opened_is_nobody_else_s (void)
{
  for (guint crashes = 0; crashes < 2; crashes++)
    {
      g_autoptr (TrioSimReport) report = sim_run_fifo (use_what_a_host_opened, GUINT_TO_POINTER (crashes));

      sim_expect (report, TRIO_SIM_OK, NULL);
    }
}

#define ADD(name) g_test_add_func ("/sim/host-disk/" #name, test_##name)

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  ADD (a_naive_log_forgets_what_was_promised);
  ADD (a_log_that_is_synced_does_not_wherever_the_crash_falls);
  ADD (a_search_finds_the_naive_one);
  ADD (what_a_dead_host_had_under_way_is_in_nobody_s_way);
  ADD (a_crash_by_command_takes_the_disk_with_it);
  ADD (watches_go_with_their_host);
  ADD (what_a_host_opened_is_nobody_else_s);
  return g_test_run ();
}
