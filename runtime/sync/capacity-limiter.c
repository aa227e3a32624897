/* SPDX-License-Identifier: MIT OR Apache-2.0 */

/* A capacity limiter: a parking lot, and a table of who holds a token or waits for one. The table is only looked up, never walked.
 *
 * Always true:
 *  1. A borrower is in the table exactly while it holds a token or waits for one; what it maps to says which. Of a task that came for itself it
 *     also says the serial number: one that ended with a token in hand has lost it for good, and its record may be another task's by then.
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
  GHashTable     *borrowers;      /* to an Entry */
  GQueue          waiting;        /* of Waiter, in the order of the lot */
  gdouble         total;
  gsize           n_borrowed;
};

typedef enum
{
  NEITHER,
  WAITS,
  HOLDS,
} Standing;

/* A serial number, 0 for who is not the calling task, and below it a Standing. */
typedef gsize Entry;

enum { STANDING_BITS = 2 };

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

static Entry
entry_of (gconstpointer borrower, Standing standing)
{
  TrioTask *task = trio_current_task ();
  guint64 serial = task != NULL && borrower == task ? trio_task_get_serial (task) : 0;

  return (Entry) (serial << STANDING_BITS) | standing;
}

static Standing
standing_of (TrioCapacityLimiter *limiter, gconstpointer borrower)
{
  Entry entry = GPOINTER_TO_SIZE (g_hash_table_lookup (limiter->borrowers, borrower));
  Entry own = entry_of (borrower, NEITHER);
  Standing standing = entry & ((1 << STANDING_BITS) - 1);

  /* What stands there is of a task that has ended. */
  if (entry - standing != 0 && own != 0 && entry - standing != own)
    return NEITHER;
  return standing;
}

static void
set_entry (TrioCapacityLimiter *limiter, gconstpointer borrower, Entry entry)
{
  g_hash_table_insert (limiter->borrowers, (gpointer) borrower, GSIZE_TO_POINTER (entry));
}

static void
lend (TrioCapacityLimiter *limiter, gconstpointer borrower, Entry entry)
{
  limiter->n_borrowed++;
  set_entry (limiter, borrower, entry);
}

static gboolean
may_borrow (TrioCapacityLimiter *limiter, gconstpointer borrower, GError **error)
{
  Standing standing;

  trio_note_access (&limiter->lot, TRIO_ACCESS_WRITE);
  standing = standing_of (limiter, borrower);
  if (standing == NEITHER)
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
  lend (limiter, borrower, entry_of (borrower, HOLDS));
  return TRUE;
}

typedef struct
{
  GList                link;
  TrioCapacityLimiter *limiter;
  gconstpointer        borrower;
  Entry                when_lent;
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
  Waiter waiter = { .limiter = limiter, .borrower = borrower, .when_lent = entry_of (borrower, HOLDS) };

  g_return_val_if_fail (limiter != NULL && borrower != NULL, FALSE);

  if (!trio_checkpoint_if_cancelled (error) || !may_borrow (limiter, borrower, error))
    return FALSE;
  if (has_token (limiter))
    {
      lend (limiter, borrower, entry_of (borrower, HOLDS));
      return trio_finish_checkpoint ();
    }

  waiter.link.data = &waiter;
  g_queue_push_tail_link (&limiter->waiting, &waiter.link);
  set_entry (limiter, borrower, entry_of (borrower, WAITS));
  /* Whoever wakes us has lent us the token. */
  return trio_parking_lot_park_as (&limiter->lot, &klass, &waiter, error);
}

/* The calling task; outside one there is nobody who could hold a token. */
static TrioTask *
find_borrower (TrioCapacityLimiter *limiter, GError **error)
{
  TrioTask *task = trio_current_task ();

  g_return_val_if_fail (limiter != NULL, NULL);
  if (task == NULL)
    g_set_error_literal (error, TRIO_ERROR, TRIO_ERROR_MISUSE, "only a task can hold a token for itself, and this is none: say on whose behalf");
  return task;
}

gboolean
trio_capacity_limiter_acquire (TrioCapacityLimiter *limiter, GError **error)
{
  TrioTask *task = find_borrower (limiter, error);

  return task != NULL && trio_capacity_limiter_acquire_on_behalf_of (limiter, task, error);
}

gboolean
trio_capacity_limiter_acquire_nowait (TrioCapacityLimiter *limiter, GError **error)
{
  TrioTask *task = find_borrower (limiter, error);

  return task != NULL && trio_capacity_limiter_acquire_on_behalf_of_nowait (limiter, task, error);
}

static void
lend_to_waiting (TrioCapacityLimiter *limiter)
{
  while (limiter->waiting.length > 0 && limiter->n_borrowed < limiter->total)
    {
      Waiter *first = g_queue_pop_head_link (&limiter->waiting)->data;

      lend (limiter, first->borrower, first->when_lent);
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

  g_return_if_fail (limiter != NULL);
  if (task == NULL)
    g_critical ("trio_capacity_limiter_release: called outside a task, so there is no borrower");
  else
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
