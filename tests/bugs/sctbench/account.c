/* SPDX-License-Identifier: MIT OR Apache-2.0 */

/* What happened: an exercise with an account, long used to compare tools (SCTBench's CS.account_bad,
 * https://github.com/mc-imperial/sctbench; a wrong invariant, in one order).
 *
 * The bug: what is asserted when both the deposit and the withdrawal are done is wrong. Only if the checker is the last of the
 * three is it looked at.
 *
 * The repair: the right sum. */

#include "tests/bugs/primitives.h"

enum { AT_FIRST = 1, DEPOSIT = 2, WITHDRAWAL = 4 };

typedef struct
{
  gboolean repaired;
  Mutex    mutex;
  int      balance;
  gboolean deposited;
  gboolean withdrawn;
} Account;

static gboolean
check (gpointer data, GError **error G_GNUC_UNUSED)
{
  Account *account = data;
  int right = account->repaired ? AT_FIRST + DEPOSIT - WITHDRAWAL : AT_FIRST - DEPOSIT - WITHDRAWAL;

  mutex_lock (&account->mutex);
  bug_switch ();
  if (account->deposited && account->withdrawn)
    trio_always (account->balance == right, "the balance is what was there and came and went");
  mutex_unlock (&account->mutex);
  return TRUE;
}

static gboolean
deposit (gpointer data, GError **error G_GNUC_UNUSED)
{
  Account *account = data;

  mutex_lock (&account->mutex);
  bug_switch ();
  account->balance += DEPOSIT;
  bug_switch ();
  account->deposited = TRUE;
  mutex_unlock (&account->mutex);
  return TRUE;
}

static gboolean
withdraw (gpointer data, GError **error G_GNUC_UNUSED)
{
  Account *account = data;

  mutex_lock (&account->mutex);
  bug_switch ();
  account->balance -= WITHDRAWAL;
  bug_switch ();
  account->withdrawn = TRUE;
  mutex_unlock (&account->mutex);
  return TRUE;
}

static gboolean
run (gboolean repaired, GError **error)
{
  Account account = { .repaired = repaired, .mutex = MUTEX ("account"), .balance = AT_FIRST };
  g_autoptr (TrioNursery) nursery = trio_nursery_open (error);

  trio_nursery_start_soon (nursery, check, &account);
  bug_switch ();
  trio_nursery_start_soon (nursery, deposit, &account);
  bug_switch ();
  trio_nursery_start_soon (nursery, withdraw, &account);
  return trio_nursery_close (nursery, TRUE);
}

const Bug bug_account = {
  "account", run, "always", NULL, "a wrong sum is asserted, but only if the checker comes last",
};
