/* SPDX-License-Identifier: MIT OR Apache-2.0 */

/* The bank: accounts, and money that moves between them.
 *
 * Always true, or so it is meant to be:
 *  1. No account is below zero.
 *  2. Money is neither made nor lost: when nobody is in the middle of a transfer, the balances add up to what they were at opening.
 *  3. What the journal has was done, and what it has not was not.
 *
 * There are two banks with this interface. bank.c is as people write it, and breaks 1 and 2, though one can run it for a long time
 * before that shows. bank-repaired.c keeps them. Read the one, then `diff bank.c bank-repaired.c`.
 *
 * From tasks of one run. */

#pragma once

#include "books.h"
#include "journal.h"

typedef struct _Bank Bank;

typedef enum
{
  BANK_DONE,
  BANK_NO_PAYER,
  BANK_NO_PAYEE,
  BANK_NOT_ENOUGH_MONEY,
} BankOutcome;

/* `books` and `journal` must outlive the bank. */
Bank     *bank_new         (const Books *books, Journal *journal);
void      bank_free        (Bank *bank);

/* Moves money, or says why not. Checkpoint. Errors: cancellation; then nothing was moved, or so it is meant to be. */
gboolean  bank_transfer    (Bank *bank, const char *payer, const char *payee, gint64 cents, BankOutcome *outcome, GError **error)
  G_GNUC_WARN_UNUSED_RESULT;

/* FALSE if there is no such account. Never suspends. */
gboolean  bank_get_balance (Bank *bank, const char *account, gint64 *cents);
gint64    bank_get_total   (Bank *bank);

/* Checks what must hold when nobody is in the middle of a transfer. */
void      bank_check_quiet (Bank *bank);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (Bank, bank_free)
