/* SPDX-License-Identifier: MIT OR Apache-2.0 */

/* The books: what a data file says. Who has how much when the bank opens, and what each client will ask for, in which order.
 *
 *     account  NAME AMOUNT
 *     transfer PAYER PAYEE AMOUNT [by CLIENT]
 *     balance  NAME [by CLIENT]
 *
 * Without "by" the client has the name of the account that pays or is asked about. "#" begins a comment.
 *
 * Always true of books that were loaded: names are unique, every account that a request names exists, and there is at least one
 * account. */

#pragma once

#include "protocol.h"

typedef struct
{
  char   name[PROTOCOL_NAME_MAX + 1];
  gint64 cents;
} BooksAccount;

typedef struct
{
  char    name[PROTOCOL_NAME_MAX + 1];
  GArray *requests;                      /* of Request */
} BooksClient;

typedef struct
{
  GArray *accounts;                      /* of BooksAccount, as in the file */
  GArray *clients;                       /* of BooksClient, in order of first appearance */
  gint64  total_cents;
} Books;

/* What is wrong with a line is BOOKS_ERROR_LINE, or PROTOCOL_ERROR_REQUEST for a transfer that makes no sense; the message begins
 * with "FILE:LINE: ". */
#define BOOKS_ERROR (books_error_quark ())
typedef enum
{
  BOOKS_ERROR_LINE,
  BOOKS_ERROR_EMPTY,
} BooksError;

GQuark books_error_quark (void);

/* `file_name` is for messages only. */
Books *books_parse (const char *text, const char *file_name, GError **error);
Books *books_load  (const char *path, GError **error);
void   books_free  (Books *books);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (Books, books_free)
