/* SPDX-License-Identifier: MIT OR Apache-2.0 */

/* Tasks that share plain memory, in a program that is compiled so that its loads and stores are seen. Nothing here is an object of the
 * runtime but the locks. */

#include <trio/trio.h>
#include <trio-sim/sim.h>

typedef struct
{
  long balance;
} Account;

typedef struct
{
  Account  *account;
  TrioLock *lock;        /* NULL: none */
} Teller;

static Account global;

static gboolean
deposit (gpointer data, GError **error)
{
  Teller *teller = data;
  long seen;

  if (teller->lock != NULL && !trio_lock_acquire (teller->lock, error))
    return FALSE;
  seen = teller->account->balance;
  if (!trio_checkpoint (error))
    return FALSE;
  teller->account->balance = seen + 1;
  if (teller->lock != NULL)
    trio_lock_release (teller->lock);
  return TRUE;
}

/* Two deposits into each account, by two tellers. */
static gboolean
deposit_twice (Account *first, Account *second, TrioLock *lock, GError **error)
{
  Teller tellers[] = { { first, lock }, { second, lock } };
  g_autoptr (TrioNursery) nursery = trio_nursery_open (error);

  for (guint i = 0; i < G_N_ELEMENTS (tellers); i++)
    trio_nursery_start_soon (nursery, deposit, &tellers[i]);
  if (!trio_nursery_close (nursery, TRUE))
    return FALSE;
  trio_always (first->balance + (first != second ? second->balance : 0) == 2, "no deposit is lost");
  return TRUE;
}

static gboolean
global_memory (gpointer data G_GNUC_UNUSED, GError **error)
{
  global.balance = 0;
  return deposit_twice (&global, &global, NULL, error);
}

static gboolean
frame_of_the_parent (gpointer data G_GNUC_UNUSED, GError **error)
{
  Account account = { 0 };

  return deposit_twice (&account, &account, NULL, error);
}

static gboolean
heap (gpointer data G_GNUC_UNUSED, GError **error)
{
  g_autofree Account *account = g_new0 (Account, 1);

  return deposit_twice (account, account, NULL, error);
}

static gboolean
repaired (gpointer data G_GNUC_UNUSED, GError **error)
{
  g_autoptr (TrioLock) lock = trio_lock_new ();
  g_autofree Account *account = g_new0 (Account, 1);

  return deposit_twice (account, account, lock, error);
}

/* They are neighbours, and have nothing to do with each other. */
static gboolean
apart (gpointer data G_GNUC_UNUSED, GError **error)
{
  Account accounts[2] = { { 0 }, { 0 } };

  return deposit_twice (&accounts[0], &accounts[1], NULL, error);
}

int
main (int argc, char **argv)
{
  static const TrioScenario scenarios[] = {
    { "global", global_memory, NULL, "a lost update of a static variable" },
    { "frame", frame_of_the_parent, NULL, "of what lies in the parent's frame" },
    { "heap", heap, NULL, "of what was allocated" },
    { "repaired", repaired, NULL, "with a lock" },
    { "apart", apart, NULL, "two accounts" },
    { 0 },
  };

  return trio_sim_main (argc, argv, scenarios);
}
