/* SPDX-License-Identifier: MIT OR Apache-2.0 */

#include "books.h"
#include "money.h"

#include <string.h>

#define ACCOUNTS_MAX 4096

G_DEFINE_QUARK (books-error-quark, books_error)

static gboolean read_line     (Books *books, char **words, guint n_words, GError **error);
static gboolean read_account  (Books *books, char **words, guint n_words, GError **error);
static gboolean read_transfer (Books *books, char **words, guint n_words, GError **error);
static gboolean read_balance  (Books *books, char **words, guint n_words, GError **error);

static void
clear_client (gpointer data)
{
  g_array_unref (((BooksClient *) data)->requests);
}

static Books *
books_new (void)
{
  Books *books = g_new0 (Books, 1);

  books->accounts = g_array_new (FALSE, TRUE, sizeof (BooksAccount));
  books->clients = g_array_new (FALSE, TRUE, sizeof (BooksClient));
  g_array_set_clear_func (books->clients, clear_client);
  return books;
}

void
books_free (Books *books)
{
  if (books == NULL)
    return;

  g_array_unref (books->accounts);
  g_array_unref (books->clients);
  g_free (books);
}

Books *
books_load (const char *path, GError **error)
{
  g_autofree char *text = NULL;

  if (!g_file_get_contents (path, &text, NULL, error))
    return NULL;

  return books_parse (text, path, error);
}

Books *
books_parse (const char *text, const char *file_name, GError **error)
{
  g_autoptr (Books) books = books_new ();
  g_auto (GStrv) lines = g_strsplit (text, "\n", -1);

  for (guint i = 0; lines[i] != NULL; i++)
    {
      g_autoptr (GPtrArray) words = g_ptr_array_new ();
      char *rest = NULL;

      lines[i][strcspn (lines[i], "#\r")] = '\0';
      for (char *word = strtok_r (lines[i], " \t", &rest); word != NULL; word = strtok_r (NULL, " \t", &rest))
        g_ptr_array_add (words, word);
      if (words->len == 0)
        continue;

      if (!read_line (books, (char **) words->pdata, words->len, error))
        {
          g_prefix_error (error, "%s:%u: ", file_name, i + 1);
          return NULL;
        }
    }

  if (books->accounts->len == 0)
    {
      g_set_error (error, BOOKS_ERROR, BOOKS_ERROR_EMPTY, "%s: there is no account in it", file_name);
      return NULL;
    }

  return g_steal_pointer (&books);
}

static gboolean
fail (GError **error, const char *format, const char *what)
{
  g_autofree char *quoted = g_strescape (what, NULL);

  g_set_error (error, BOOKS_ERROR, BOOKS_ERROR_LINE, format, quoted);
  return FALSE;
}

static gboolean
read_line (Books *books, char **words, guint n_words, GError **error)
{
  if (strcmp (words[0], "account") == 0)
    return read_account (books, words, n_words, error);
  if (strcmp (words[0], "transfer") == 0)
    return read_transfer (books, words, n_words, error);
  if (strcmp (words[0], "balance") == 0)
    return read_balance (books, words, n_words, error);

  return fail (error, "a line begins with account, transfer or balance, not with \"%s\"", words[0]);
}

static gboolean
has_account (Books *books, const char *name)
{
  for (guint i = 0; i < books->accounts->len; i++)
    if (strcmp (g_array_index (books->accounts, BooksAccount, i).name, name) == 0)
      return TRUE;

  return FALSE;
}

static gboolean
read_account (Books *books, char **words, guint n_words, GError **error)
{
  BooksAccount account = { "", 0 };

  if (n_words != 3)
    return fail (error, "it should be: %s NAME AMOUNT", words[0]);
  if (!protocol_is_name (words[1]))
    return fail (error, "\"%s\" is no name; one is made of small letters, digits and '-', and begins with a letter", words[1]);
  if (has_account (books, words[1]))
    return fail (error, "there is an account \"%s\" already", words[1]);
  if (!money_parse (words[2], &account.cents))
    return fail (error, "\"%s\" is no amount; one looks like 12.50", words[2]);
  if (books->accounts->len >= ACCOUNTS_MAX)
    return fail (error, "\"%s\" is one account too many", words[1]);

  g_strlcpy (account.name, words[1], sizeof account.name);
  books->total_cents += account.cents;
  g_array_append_val (books->accounts, account);
  return TRUE;
}

static BooksClient *
find_client (Books *books, const char *name)
{
  BooksClient client = { "", NULL };

  for (guint i = 0; i < books->clients->len; i++)
    if (strcmp (g_array_index (books->clients, BooksClient, i).name, name) == 0)
      return &g_array_index (books->clients, BooksClient, i);

  g_strlcpy (client.name, name, sizeof client.name);
  client.requests = g_array_new (FALSE, TRUE, sizeof (Request));
  g_array_append_val (books->clients, client);
  return &g_array_index (books->clients, BooksClient, books->clients->len - 1);
}

/* Takes what follows the request itself: nothing, or "by CLIENT". */
static gboolean
add_request (Books *books, const Request *request, char **words, guint n_words, GError **error)
{
  const char *client = request->account;

  if (!has_account (books, request->account))
    return fail (error, "there is no account \"%s\" above this line", request->account);
  if (request->kind == REQUEST_TRANSFER && !has_account (books, request->payee))
    return fail (error, "there is no account \"%s\" above this line", request->payee);

  if (n_words != 0)
    {
      if (n_words != 2 || strcmp (words[0], "by") != 0)
        return fail (error, "only \"by CLIENT\" may follow here, and not \"%s\"", words[0]);
      if (!protocol_is_name (words[1]))
        return fail (error, "\"%s\" is no name of a client", words[1]);
      client = words[1];
    }

  g_array_append_val (find_client (books, client)->requests, *request);
  return TRUE;
}

static gboolean
read_transfer (Books *books, char **words, guint n_words, GError **error)
{
  Request request;

  if (n_words < 4)
    return fail (error, "it should be: %s PAYER PAYEE AMOUNT [by CLIENT]", words[0]);
  if (!request_set_transfer (&request, words[1], words[2], words[3], error))
    return FALSE;

  return add_request (books, &request, words + 4, n_words - 4, error);
}

static gboolean
read_balance (Books *books, char **words, guint n_words, GError **error)
{
  Request request = { .kind = REQUEST_BALANCE };

  if (n_words < 2)
    return fail (error, "it should be: %s NAME [by CLIENT]", words[0]);
  if (!protocol_is_name (words[1]))
    return fail (error, "\"%s\" is no name of an account", words[1]);
  g_strlcpy (request.account, words[1], sizeof request.account);

  return add_request (books, &request, words + 2, n_words - 2, error);
}
