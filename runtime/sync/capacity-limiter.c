/* SPDX-License-Identifier: MIT OR Apache-2.0 */

/* A capacity limiter: a parking lot, and a table of who holds a token or waits for one. The table is only looked up, never walked.
 *
 * Always true:
 *  1. A borrower is in the table exactly while it holds a token or waits for one; what it maps to says which.
 *  2. While somebody waits all tokens are borrowed (or more, after the total was lowered).
 */

#include <math.h>

#include <trio/capacity-limiter.h>
#include <trio/checkpoint.h>
#include <trio/error.h>
#include <trio/lowlevel/access.h>
#include <trio/lowlevel/mutation.h>
#include <trio/lowlevel/parking-lot.h>

struct _TrioCapacityLimiter
{
  gatomicrefcount refs;
  TrioParkingLot  lot;
  GHashTable     *borrowers;      /* to a Standing */
  GQueue          waiting;        /* of Waiter, in the order of the lot */
  gdouble         total;
  gsize           n_borrowed;
};

typedef enum
{
  WAITS = 1,
  HOLDS,
} Standing;

TrioCapacityLimiter *
trio_capacity_limiter_new (gdouble total_tokens)
{
  TrioCapacityLimiter *limiter;

  g_return_val_if_fail (total_tokens >= 0, NULL);

  limiter = g_new0 (TrioCapacityLimiter, 1);
  g_atomic_ref_count_init (&limiter->refs);
  trio_parking_lot_init (&limiter->lot, "trio_capacity_limiter_acquire");
  limiter->borrowers = g_hash_table_new (NULL, NULL);
  g_queue_init (&limiter->waiting);
  limiter->total = total_tokens;
  return limiter;
}

TrioCapacityLimiter *
trio_capacity_limiter_ref (TrioCapacityLimiter *limiter)
{
  g_atomic_ref_count_inc (&limiter->refs);
  return limiter;
}

void
trio_capacity_limiter_free (TrioCapacityLimiter *limiter)
{
  if (limiter == NULL || !g_atomic_ref_count_dec (&limiter->refs))
    return;
  trio_parking_lot_clear (&limiter->lot);
  g_hash_table_unref (limiter->borrowers);
  g_free (limiter);
}

static Standing
standing_of (TrioCapacityLimiter *limiter, gconstpointer borrower)
{
  return GPOINTER_TO_INT (g_hash_table_lookup (limiter->borrowers, borrower));
}

static void
set_standing (TrioCapacityLimiter *limiter, gconstpointer borrower, Standing standing)
{
  g_hash_table_insert (limiter->borrowers, (gpointer) borrower, GINT_TO_POINTER (standing));
}

static void
lend (TrioCapacityLimiter *limiter, gconstpointer borrower)
{
  limiter->n_borrowed++;
  set_standing (limiter, borrower, HOLDS);
}

static gboolean
may_borrow (TrioCapacityLimiter *limiter, gconstpointer borrower, GError **error)
{
  Standing standing;

  trio_note_access (&limiter->lot, TRIO_ACCESS_WRITE);
  standing = standing_of (limiter, borrower);
  if (standing == 0)
    return TRUE;
  g_set_error (error, TRIO_ERROR, TRIO_ERROR_MISUSE, "this borrower %s a token of this limiter already",
               standing == HOLDS ? "holds" : "waits for");
  return FALSE;
}

static gboolean
has_token (TrioCapacityLimiter *limiter)
{
  /* Nobody is passed over: while somebody waits there is none. */
  return limiter->n_borrowed < limiter->total;
}

static const char *
total_to_text (const TrioCapacityLimiter *limiter, char buffer[G_ASCII_DTOSTR_BUF_SIZE])
{
  return g_ascii_formatd (buffer, G_ASCII_DTOSTR_BUF_SIZE, "%g", limiter->total);
}

gboolean
trio_capacity_limiter_acquire_on_behalf_of_nowait (TrioCapacityLimiter *limiter, gconstpointer borrower, GError **error)
{
  g_return_val_if_fail (limiter != NULL && borrower != NULL, FALSE);

  if (!may_borrow (limiter, borrower, error))
    return FALSE;
  if (!has_token (limiter))
    {
      char total[G_ASCII_DTOSTR_BUF_SIZE];

      g_set_error (error, TRIO_ERROR, TRIO_ERROR_WOULD_BLOCK, "all %s tokens are borrowed", total_to_text (limiter, total));
      return FALSE;
    }
  lend (limiter, borrower);
  return TRUE;
}

typedef struct
{
  GList                link;
  TrioCapacityLimiter *limiter;
  gconstpointer        borrower;
} Waiter;

static TrioAbort
abort_acquire (TrioTask *task G_GNUC_UNUSED, gpointer data)
{
  Waiter *waiter = data;

  g_queue_unlink (&waiter->limiter->waiting, &waiter->link);
  if (!TRIO_MUTATION (cancelled_still_waits))
    g_hash_table_remove (waiter->limiter->borrowers, waiter->borrower);
  return TRIO_ABORT_SUCCEEDED;
}

static void
describe_limiter (gpointer data, GString *out)
{
  TrioCapacityLimiter *limiter = ((Waiter *) data)->limiter;
  char total[G_ASCII_DTOSTR_BUF_SIZE];

  g_string_append_printf (out, "%" G_GSIZE_FORMAT " of %s tokens are borrowed", limiter->n_borrowed, total_to_text (limiter, total));
}

gboolean
trio_capacity_limiter_acquire_on_behalf_of (TrioCapacityLimiter *limiter, gconstpointer borrower, GError **error)
{
  static const TrioWaitClass klass = { "trio_capacity_limiter_acquire", abort_acquire, describe_limiter };
  Waiter waiter = { .limiter = limiter, .borrower = borrower };

  g_return_val_if_fail (limiter != NULL && borrower != NULL, FALSE);

  if (!trio_checkpoint_if_cancelled (error) || !may_borrow (limiter, borrower, error))
    return FALSE;
  if (has_token (limiter))
    {
      lend (limiter, borrower);
      return trio_finish_checkpoint ();
    }

  waiter.link.data = &waiter;
  g_queue_push_tail_link (&limiter->waiting, &waiter.link);
  set_standing (limiter, borrower, WAITS);
  /* Whoever wakes us has lent us the token. */
  return trio_parking_lot_park_as (&limiter->lot, &klass, &waiter, error);
}

gboolean
trio_capacity_limiter_acquire (TrioCapacityLimiter *limiter, GError **error)
{
  TrioTask *task = trio_current_task ();

  g_return_val_if_fail (task != NULL, FALSE);
  return trio_capacity_limiter_acquire_on_behalf_of (limiter, task, error);
}

gboolean
trio_capacity_limiter_acquire_nowait (TrioCapacityLimiter *limiter, GError **error)
{
  TrioTask *task = trio_current_task ();

  g_return_val_if_fail (task != NULL, FALSE);
  return trio_capacity_limiter_acquire_on_behalf_of_nowait (limiter, task, error);
}

static void
lend_to_waiting (TrioCapacityLimiter *limiter)
{
  while (limiter->waiting.length > 0 && limiter->n_borrowed < limiter->total)
    {
      Waiter *first = g_queue_pop_head_link (&limiter->waiting)->data;

      lend (limiter, first->borrower);
      trio_parking_lot_unpark_one (&limiter->lot);
    }
}

void
trio_capacity_limiter_release_on_behalf_of (TrioCapacityLimiter *limiter, gconstpointer borrower)
{
  g_return_if_fail (limiter != NULL && borrower != NULL);

  trio_note_access (&limiter->lot, TRIO_ACCESS_WRITE);
  if (standing_of (limiter, borrower) != HOLDS)
    {
      g_critical ("trio_capacity_limiter_release: this borrower holds no token of this limiter");
      return;
    }
  g_hash_table_remove (limiter->borrowers, borrower);
  limiter->n_borrowed--;
  lend_to_waiting (limiter);
}

void
trio_capacity_limiter_release (TrioCapacityLimiter *limiter)
{
  TrioTask *task = trio_current_task ();

  g_return_if_fail (task != NULL);
  trio_capacity_limiter_release_on_behalf_of (limiter, task);
}

void
trio_capacity_limiter_set_total_tokens (TrioCapacityLimiter *limiter, gdouble total_tokens)
{
  g_return_if_fail (limiter != NULL);
  g_return_if_fail (total_tokens >= 0);

  trio_note_access (&limiter->lot, TRIO_ACCESS_WRITE);
  limiter->total = total_tokens;
  if (!TRIO_MUTATION (more_tokens_wake_nobody))
    lend_to_waiting (limiter);
}

gdouble
trio_capacity_limiter_get_total_tokens (TrioCapacityLimiter *limiter)
{
  g_return_val_if_fail (limiter != NULL, 0);
  trio_note_access (&limiter->lot, TRIO_ACCESS_READ);
  return limiter->total;
}

gsize
trio_capacity_limiter_get_borrowed_tokens (TrioCapacityLimiter *limiter)
{
  g_return_val_if_fail (limiter != NULL, 0);
  trio_note_access (&limiter->lot, TRIO_ACCESS_READ);
  return limiter->n_borrowed;
}

void
trio_capacity_limiter_get_statistics (TrioCapacityLimiter *limiter, TrioCapacityLimiterStatistics *statistics)
{
  g_return_if_fail (limiter != NULL && statistics != NULL);
  trio_note_access (&limiter->lot, TRIO_ACCESS_READ);
  *statistics = (TrioCapacityLimiterStatistics) {
    .borrowed_tokens = limiter->n_borrowed,
    .total_tokens = limiter->total,
    .tasks_waiting = limiter->waiting.length,
  };
}
