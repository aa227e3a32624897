/* SPDX-License-Identifier: MIT OR Apache-2.0 */

/* The bank, repaired. Against bank.c:
 *
 *  1. The check and the act are one thing: a lock keeps other transfers out from before the check until after the act.
 *  2. A transfer is all or nothing: it is one entry of the journal, and there is no checkpoint between the debit and the credit, so
 *     that no cancellation can come between them. */

#include "bank.h"

#include <string.h>
#include <trio/lowlevel/instrument.h>

typedef struct
{
  const char *name;          /* in the books */
  gint64      opening_cents;
  gint64      cents;
} Account;

struct _Bank
{
  Journal  *journal;
  guint     n_accounts;
  Account  *accounts;
  gint64    opening_cents;
  TrioLock *transferring;    /* held from the check until the money is moved */
};

Bank *
bank_new (const Books *books, Journal *journal)
{
  Bank *bank = g_new0 (Bank, 1);

  bank->journal = journal;
  bank->n_accounts = books->accounts->len;
  bank->accounts = g_new0 (Account, bank->n_accounts);
  bank->opening_cents = books->total_cents;
  bank->transferring = trio_lock_new ();
  for (guint i = 0; i < bank->n_accounts; i++)
    {
      const BooksAccount *account = &g_array_index (books->accounts, BooksAccount, i);

      bank->accounts[i] = (Account) { account->name, account->cents, account->cents };
    }
  return bank;
}

void
bank_free (Bank *bank)
{
  if (bank == NULL)
    return;

  trio_lock_free (bank->transferring);
  g_free (bank->accounts);
  g_free (bank);
}

static Account *
find_account (Bank *bank, const char *name)
{
  for (guint i = 0; i < bank->n_accounts; i++)
    if (strcmp (bank->accounts[i].name, name) == 0)
      return &bank->accounts[i];

  return NULL;
}

/* Takes from one account and adds to another. It is in the journal before it is done. */
static gboolean
post (Bank *bank, Account *from, Account *to, gint64 cents, GError **error)
{
  Posting postings[] = { { from->name, -cents }, { to->name, cents } };

  if (!journal_append (bank->journal, postings, G_N_ELEMENTS (postings), error))
    return FALSE;

  from->cents -= cents;
  to->cents += cents;
  trio_annotate ("%s: %+.2f, has %.2f", from->name, -cents / 100.0, from->cents / 100.0);
  trio_annotate ("%s: %+.2f, has %.2f", to->name, cents / 100.0, to->cents / 100.0);
  trio_always (from->cents >= 0, "no account below zero");
  return TRUE;
}

gboolean
bank_transfer (Bank *bank, const char *payer, const char *payee, gint64 cents, BankOutcome *outcome, GError **error)
{
  Account *from = find_account (bank, payer);
  Account *to = find_account (bank, payee);
  gboolean enough, ok;

  if (from == NULL || to == NULL)
    {
      *outcome = from == NULL ? BANK_NO_PAYER : BANK_NO_PAYEE;
      return TRUE;
    }

  if (!trio_lock_acquire (bank->transferring, error))
    return FALSE;

  trio_annotate ("%s has %.2f, wanted are %.2f", from->name, from->cents / 100.0, cents / 100.0);
  enough = from->cents >= cents;
  ok = !enough || post (bank, from, to, cents, error);
  trio_lock_release (bank->transferring);

  if (ok)
    *outcome = enough ? BANK_DONE : BANK_NOT_ENOUGH_MONEY;
  return ok;
}

gboolean
bank_get_balance (Bank *bank, const char *name, gint64 *cents)
{
  Account *account = find_account (bank, name);

  if (account == NULL)
    return FALSE;

  *cents = account->cents;
  return TRUE;
}

gint64
bank_get_total (Bank *bank)
{
  gint64 total = 0;

  for (guint i = 0; i < bank->n_accounts; i++)
    total += bank->accounts[i].cents;

  return total;
}

void
bank_check_quiet (Bank *bank)
{
  trio_always (bank_get_total (bank) == bank->opening_cents, "money is neither made nor lost");

  for (guint i = 0; i < bank->n_accounts; i++)
    {
      Account *account = &bank->accounts[i];

      trio_always (account->opening_cents + journal_sum (bank->journal, account->name) == account->cents,
                   "the journal tells the balances");
    }
}
