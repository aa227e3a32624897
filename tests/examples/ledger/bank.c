/* SPDX-License-Identifier: MIT OR Apache-2.0 */

/* The bank as people write it: first it goes into the journal, then it is done. Two mistakes are in bank_transfer(); see bank.h. */

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
  Journal *journal;
  guint    n_accounts;
  Account *accounts;
  gint64   opening_cents;
};

Bank *
bank_new (const Books *books, Journal *journal)
{
  Bank *bank = g_new0 (Bank, 1);

  bank->journal = journal;
  bank->n_accounts = books->accounts->len;
  bank->accounts = g_new0 (Account, bank->n_accounts);
  bank->opening_cents = books->total_cents;
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

/* Adds to an account, or takes away. It is in the journal before it is done. */
static gboolean
post (Bank *bank, Account *account, gint64 cents, GError **error)
{
  Posting posting = { account->name, cents };

  if (!journal_append (bank->journal, &posting, 1, error))
    return FALSE;

  account->cents += cents;
  trio_annotate ("%s: %+.2f, has %.2f", account->name, cents / 100.0, account->cents / 100.0);
  trio_always (account->cents >= 0, "no account below zero");
  return TRUE;
}

gboolean
bank_transfer (Bank *bank, const char *payer, const char *payee, gint64 cents, BankOutcome *outcome, GError **error)
{
  Account *from = find_account (bank, payer);
  Account *to = find_account (bank, payee);

  if (from == NULL || to == NULL)
    {
      *outcome = from == NULL ? BANK_NO_PAYER : BANK_NO_PAYEE;
      return TRUE;
    }

  trio_annotate ("%s has %.2f, wanted are %.2f", from->name, from->cents / 100.0, cents / 100.0);
  if (from->cents < cents)
    {
      *outcome = BANK_NOT_ENOUGH_MONEY;
      return TRUE;
    }

  if (!post (bank, from, -cents, error) || !post (bank, to, cents, error))
    return FALSE;

  *outcome = BANK_DONE;
  return TRUE;
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
