/* SPDX-License-Identifier: MIT OR Apache-2.0 */

/* A semaphore.
 *
 * Always true: while somebody waits the value is 0, since release hands over. */

#include <trio/checkpoint.h>
#include <trio/error.h>
#include <trio/lowlevel/access.h>
#include <trio/lowlevel/mutation.h>
#include <trio/lowlevel/parking-lot.h>
#include <trio/semaphore.h>

struct _TrioSemaphore
{
  TrioParkingLot lot;
  gint64         value;
  gint64         max;
};

TrioSemaphore *
trio_semaphore_new (gint64 initial, gint64 max)
{
  TrioSemaphore *semaphore;

  g_return_val_if_fail (initial >= 0, NULL);
  g_return_val_if_fail (max == -1 || max >= initial, NULL);

  semaphore = g_new0 (TrioSemaphore, 1);
  trio_parking_lot_init (&semaphore->lot, "trio_semaphore_acquire");
  semaphore->value = initial;
  semaphore->max = max;
  return semaphore;
}

void
trio_semaphore_free (TrioSemaphore *semaphore)
{
  if (semaphore == NULL)
    return;
  trio_parking_lot_clear (&semaphore->lot);
  g_free (semaphore);
}

gboolean
trio_semaphore_acquire_nowait (TrioSemaphore *semaphore, GError **error)
{
  g_return_val_if_fail (semaphore != NULL, FALSE);

  trio_note_access (&semaphore->lot, TRIO_ACCESS_WRITE);
  if (semaphore->value == 0)
    {
      g_set_error_literal (error, TRIO_ERROR, TRIO_ERROR_WOULD_BLOCK, "the semaphore's value is 0");
      return FALSE;
    }
  semaphore->value--;
  return TRUE;
}

static void
describe_semaphore (gpointer data, GString *out)
{
  TrioSemaphore *semaphore = data;

  if (semaphore->max != -1)
    g_string_append_printf (out, "all %" G_GINT64_FORMAT " are taken", semaphore->max);
  else
    g_string_append (out, "all are taken");
}

gboolean
trio_semaphore_acquire (TrioSemaphore *semaphore, GError **error)
{
  static const TrioWaitClass klass = { "trio_semaphore_acquire", NULL, describe_semaphore };

  g_return_val_if_fail (semaphore != NULL, FALSE);

  if (!trio_checkpoint_if_cancelled (error))
    return FALSE;
  trio_note_access (&semaphore->lot, TRIO_ACCESS_WRITE);
  if (semaphore->value == 0)
    return trio_parking_lot_park_as (&semaphore->lot, &klass, semaphore, error);
  semaphore->value--;
  return trio_finish_checkpoint ();
}

void
trio_semaphore_release (TrioSemaphore *semaphore)
{
  g_return_if_fail (semaphore != NULL);

  trio_note_access (&semaphore->lot, TRIO_ACCESS_WRITE);
  if (trio_parking_lot_unpark_one (&semaphore->lot) != NULL && !TRIO_MUTATION (one_release_for_two))
    return;
  /* Without a maximum it is that of the type. */
  if (semaphore->value == (semaphore->max != -1 ? semaphore->max : G_MAXINT64))
    {
      g_critical ("trio_semaphore_release: the value is %" G_GINT64_FORMAT ", its maximum, already", semaphore->value);
      return;
    }
  if (!TRIO_MUTATION (lost_token))
    semaphore->value++;
}

gint64
trio_semaphore_get_value (TrioSemaphore *semaphore)
{
  g_return_val_if_fail (semaphore != NULL, 0);
  trio_note_access (&semaphore->lot, TRIO_ACCESS_READ);
  return semaphore->value;
}

void
trio_semaphore_get_statistics (TrioSemaphore *semaphore, TrioSemaphoreStatistics *statistics)
{
  TrioParkingLotStatistics lot;

  g_return_if_fail (semaphore != NULL && statistics != NULL);
  trio_parking_lot_get_statistics (&semaphore->lot, &lot);
  *statistics = (TrioSemaphoreStatistics) {
    .value = semaphore->value,
    .max = semaphore->max,
    .tasks_waiting = lot.tasks_waiting,
  };
}
