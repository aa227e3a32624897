/* SPDX-License-Identifier: MIT OR Apache-2.0 */

/* digest SEEDS [TIMES]: one number for that many seeds of a scenario with a bit of everything, under every strategy that searches, and with
 * all that can be injected. Each seed is run TIMES times (1 unless told), which must give the same.
 *
 * The number is the same from every compiler, at every optimisation, on every machine, at every address: `sh tests/run` compares those of its
 * builds, and `sh tests/sim/everywhere` those of gcc and clang at -O0 and -O3. It changes when the runtime or a strategy does. */

#include <stdio.h>
#include <stdlib.h>

#include <trio-sim/sim.h>
#include <trio/seam/choice.h>

/* --- the scenario: a server, customers with little patience, a till behind a lock --- */

typedef struct
{
  TrioLock  *lock;
  TrioEvent *sold_out;
  guint      sold;
} Shop;

static gboolean
sell (Shop *shop, GError **error)
{
  gboolean ok;

  if (!trio_lock_acquire (shop->lock, error))
    return FALSE;
  ok = trio_checkpoint (error);
  if (ok && ++shop->sold == 2)
    trio_event_set (shop->sold_out);
  trio_lock_release (shop->lock);
  return ok;
}

static gboolean
serve_one (TrioStream *stream, gpointer data, GError **error)
{
  char buffer[16];
  gssize n = trio_stream_receive_some (stream, buffer, sizeof buffer, error);

  return n >= 0 && sell (data, error) && trio_stream_send_all (stream, buffer, (gsize) n, error);
}

static gboolean
open_shop (gpointer data, GError **error)
{
  return trio_serve_tcp (serve_one, data, "localhost", 7, error);
}

static gboolean
buy (gpointer data G_GNUC_UNUSED, GError **error)
{
  static const guint32 weights[] = { 5, 2, 1 };
  const TrioChoicePoint patience = { .label = "patience", .bound = 3, .weights = weights };
  g_autoptr (TrioCancelScope) scope = trio_move_on_after ((1 + trio_choose (&patience)) * G_TIME_SPAN_SECOND / 4, error);
  g_autoptr (TrioStream) stream = trio_open_tcp_stream ("localhost", 7, error);
  gboolean ok = stream != NULL && trio_stream_send_all (stream, "a loaf, please", 14, error);
  char buffer[16];

  if (ok)
    ok = trio_stream_receive_some (stream, buffer, sizeof buffer, error) >= 0;
  return trio_cancel_scope_close (scope, ok);
}

static gboolean
send_customers (Shop *shop, GError **error)
{
  g_autoptr (TrioNursery) customers = trio_nursery_open (error);
  g_autoptr (TrioCancelScope) day = NULL;

  for (guint i = 0; i < 3; i++)
    trio_nursery_start_soon (customers, buy, NULL);
  day = trio_move_on_after (G_TIME_SPAN_SECOND, error);
  return trio_nursery_close (customers, trio_cancel_scope_close (day, trio_event_wait (shop->sold_out, error)));
}

static gboolean
have_a_day (gpointer data G_GNUC_UNUSED, GError **error)
{
  g_autoptr (TrioLock) lock = trio_lock_new ();
  g_autoptr (TrioEvent) sold_out = trio_event_new ();
  Shop shop = { lock, sold_out, 0 };
  g_autoptr (TrioNursery) servers = trio_nursery_open (error);

  trio_nursery_start_soon (servers, open_shop, &shop);
  if (!trio_sleep (1000, error) || !send_customers (&shop, error))
    return FALSE;
  trio_nursery_cancel (servers);
  return trio_nursery_close (servers, TRUE);
}

/* --- the number --- */

static guint64
run_one (const TrioSimOptions *options)
{
  g_autoptr (TrioSimReport) report = NULL;
  g_autoptr (GError) error = NULL;

  /* It may fail: that is part of what must be the same. */
  if (!trio_sim_run (have_a_day, NULL, options, &report, &error) && report == NULL)
    g_error ("%s", error->message);
  return report->hash ^ (guint64) report->verdict << 56;
}

static guint64
run_seed (const TrioSimMeasure *measure, guint64 seed, guint times)
{
  const TrioSimOptions options = {
    .strategy = "portfolio", .seed = seed, .measure = measure,
    .inject = TRIO_SIM_INJECT_CANCEL | TRIO_SIM_INJECT_INTERRUPT | TRIO_SIM_INJECT_FAULT,
  };
  guint64 hash = run_one (&options);

  while (--times > 0)
    if (run_one (&options) != hash)
      g_error ("seed %" G_GUINT64_FORMAT " gave two different runs", seed);
  return hash;
}

/* What the scenario says of itself is no news here. */
static void
keep_quiet (const char *domain G_GNUC_UNUSED, GLogLevelFlags level G_GNUC_UNUSED, const char *message G_GNUC_UNUSED,
            gpointer data G_GNUC_UNUSED)
{
}

int
main (int argc, char **argv)
{
  guint64 n_seeds = argc > 1 ? g_ascii_strtoull (argv[1], NULL, 10) : 0;
  guint times = argc > 2 ? (guint) g_ascii_strtoull (argv[2], NULL, 10) : 1;
  g_autoptr (TrioSimMeasure) measure = NULL;
  guint64 digest = 0;

  if (n_seeds == 0 || times == 0)
    {
      fputs ("Usage: digest SEEDS [TIMES]\n", stderr);
      return 2;
    }
  g_log_set_handler ("Trio", G_LOG_LEVEL_CRITICAL | G_LOG_LEVEL_MESSAGE, keep_quiet, NULL);
  measure = trio_sim_measure (have_a_day, NULL, &(TrioSimOptions) {
    .inject = TRIO_SIM_INJECT_CANCEL | TRIO_SIM_INJECT_INTERRUPT | TRIO_SIM_INJECT_FAULT,
  }, NULL);
  for (guint64 seed = 1; seed <= n_seeds; seed++)
    digest = (digest ^ run_seed (measure, seed, times)) * G_GUINT64_CONSTANT (0x9e3779b97f4a7c15);
  printf ("%016" G_GINT64_MODIFIER "x\n", digest);
  return 0;
}
