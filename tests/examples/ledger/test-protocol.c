/* SPDX-License-Identifier: MIT OR Apache-2.0 */

/* What the ledger reads: amounts, requests, answers, lines, data files; mostly wrong ones. */

#include "books.h"
#include "lines.h"
#include "money.h"
#include "protocol.h"

#include <string.h>

static void
test_an_amount_survives_the_way_to_text_and_back (void)
{
  const gint64 amounts[] = { 0, 1, 99, 100, 1234567, MONEY_CENTS_MAX };

  for (guint i = 0; i < G_N_ELEMENTS (amounts); i++)
    {
      g_autofree char *text = money_to_string (amounts[i]);
      gint64 cents = -1;

      g_assert_true (money_parse (text, &cents));
      g_assert_cmpint (cents, ==, amounts[i]);
    }

  g_autofree char *below = money_to_string (-305);
  g_autofree char *least = money_to_string (G_MININT64);
  g_assert_cmpstr (below, ==, "-3.05");
  g_assert_cmpstr (least, ==, "-92233720368547758.08");
}

static void
test_what_is_no_amount_is_refused_and_changes_nothing (void)
{
  const char *const wrong[] = {
    "", ".", "1", "1.", "1.5", "1.505", "-1.00", "+1.00", " 1.00", "1.00 ", "1,00", ".50", "1.x0", "1.0x", "0x1.00", "1e3.00",
    "1000000000000.01", "99999999999999999999.00",
  };

  for (guint i = 0; i < G_N_ELEMENTS (wrong); i++)
    {
      gint64 cents = 42;

      g_assert_false (money_parse (wrong[i], &cents));
      g_assert_cmpint (cents, ==, 42);
    }
}

static void
test_a_request_survives_the_way_to_a_line_and_back (void)
{
  const char *const lines[] = { "TOTAL", "BALANCE alice", "TRANSFER alice town-hall2 0.01" };

  for (guint i = 0; i < G_N_ELEMENTS (lines); i++)
    {
      g_autoptr (GError) error = NULL;
      g_autofree char *line = NULL;
      Request request;

      g_assert_true (request_parse (lines[i], &request, &error));
      g_assert_no_error (error);
      line = request_to_line (&request);
      g_assert_cmpstr (line, ==, lines[i]);
    }
}

static void
test_what_is_no_request_is_refused_with_a_reason (void)
{
  static const struct { const char *line, *reason; } wrong[] = {
    { "", "\"\" is none of BALANCE account, TOTAL, TRANSFER payer payee amount" },
    { "total", "\"total\" is none of BALANCE account, TOTAL, TRANSFER payer payee amount" },
    { "TOTAL now", "\"TOTAL now\" is none of BALANCE account, TOTAL, TRANSFER payer payee amount" },
    { "BALANCE", "\"BALANCE\" is none of BALANCE account, TOTAL, TRANSFER payer payee amount" },
    { "BALANCE  alice", "\"BALANCE  alice\" is none of BALANCE account, TOTAL, TRANSFER payer payee amount" },
    { "BALANCE Alice", "\"Alice\" is no name of an account" },
    { "BALANCE 1st", "\"1st\" is no name of an account" },
    { "BALANCE a23456789012345678901234567890123", "\"a23456789012345678901234567890123\" is no name of an account" },
    { "TRANSFER alice bob", "\"TRANSFER alice bob\" is none of BALANCE account, TOTAL, TRANSFER payer payee amount" },
    { "TRANSFER alice bob 1.00 2.00", "\"TRANSFER alice bob 1.00 2.00\" is none of BALANCE account, TOTAL, "
                                      "TRANSFER payer payee amount" },
    { "TRANSFER al/ice bob 1.00", "\"al/ice\" is no name of an account" },
    { "TRANSFER alice b\033b 1.00", "\"b\\033b\" is no name of an account" },
    { "TRANSFER alice alice 1.00", "alice cannot pay to itself" },
    { "TRANSFER alice bob 0.00", "a transfer of 0.00 moves nothing" },
    { "TRANSFER alice bob -5.00", "\"-5.00\" is no amount; one looks like 12.50" },
    { "TRANSFER alice bob 5", "\"5\" is no amount; one looks like 12.50" },
  };

  for (guint i = 0; i < G_N_ELEMENTS (wrong); i++)
    {
      g_autoptr (GError) error = NULL;
      Request request = { .kind = REQUEST_TOTAL };

      g_assert_false (request_parse (wrong[i].line, &request, &error));
      g_assert_error (error, PROTOCOL_ERROR, PROTOCOL_ERROR_REQUEST);
      g_assert_cmpstr (error->message, ==, wrong[i].reason);
      g_assert_cmpint (request.kind, ==, REQUEST_TOTAL);
    }
}

static void
test_an_answer_survives_the_way_to_a_line_and_back (void)
{
  const char *const lines[] = { "OK", "OK 12.50", "NO alice has not enough money", "LATER it takes too long today" };

  for (guint i = 0; i < G_N_ELEMENTS (lines); i++)
    {
      g_autoptr (GError) error = NULL;
      g_autofree char *line = NULL;
      Answer answer;

      g_assert_true (answer_parse (lines[i], &answer, &error));
      g_assert_no_error (error);
      line = answer_to_line (&answer);
      g_assert_cmpstr (line, ==, lines[i]);
    }
}

static void
test_what_is_no_answer_is_refused (void)
{
  const char *const wrong[] = { "", "ok", "OKAY", "NOT now", "12.50", " OK" };

  for (guint i = 0; i < G_N_ELEMENTS (wrong); i++)
    {
      g_autoptr (GError) error = NULL;
      Answer answer;

      g_assert_false (answer_parse (wrong[i], &answer, &error));
      g_assert_error (error, PROTOCOL_ERROR, PROTOCOL_ERROR_ANSWER);
    }
}

static void
test_an_answer_to_the_longest_request_is_no_longer_than_a_line (void)
{
  char longest[PROTOCOL_LINE_MAX + 1];
  g_autoptr (GError) error = NULL;
  g_autofree char *line = NULL;
  Request request;
  Answer answer;

  memset (longest, 1, PROTOCOL_LINE_MAX);      /* each becomes four bytes in the complaint */
  longest[PROTOCOL_LINE_MAX] = '\0';
  g_assert_false (request_parse (longest, &request, &error));
  answer_set (&answer, ANSWER_LATER, "%s", error->message);
  line = answer_to_line (&answer);
  g_assert_cmpuint (strlen (line), ==, PROTOCOL_LINE_MAX);
}

/* A stream that gives what it was told to, in the pieces it was told to. */
typedef struct
{
  TrioStream         stream;
  const char *const *pieces;
} PiecesStream;

static gssize
pieces_receive_some (TrioStream *stream, gpointer buffer, gsize size, GError **error)
{
  PiecesStream *self = (PiecesStream *) stream;
  gsize length;

  if (!trio_checkpoint (error))
    return -1;
  if (*self->pieces == NULL)
    return 0;

  length = strlen (*self->pieces);
  g_assert_cmpuint (length, <=, size);
  memcpy (buffer, *self->pieces++, length);
  return (gssize) length;
}

static const TrioStreamClass pieces_class = { .name = "pieces", .receive_some = pieces_receive_some };

static gboolean
read_lines_in_pieces (gpointer data G_GNUC_UNUSED, GError **error)
{
  const char *const pieces[] = { "TO", "TAL\nBALANCE al", "ice\r\n", "\nTOTAL\nTOTAL\n", NULL };
  const char *const lines[] = { "TOTAL", "BALANCE alice", "", "TOTAL", "TOTAL", NULL };
  PiecesStream stream = { { &pieces_class }, pieces };
  LineReader reader = LINE_READER_INIT (&stream.stream);

  for (guint i = 0; i < G_N_ELEMENTS (lines); i++)
    {
      g_autofree char *line = line_reader_next (&reader, error);

      g_assert_cmpstr (line, ==, lines[i]);      /* NULL at the end */
    }
  return TRUE;
}

static void
test_lines_are_put_together_from_pieces_and_taken_apart (void)
{
  g_autoptr (GError) error = NULL;

  g_assert_true (trio_run (read_lines_in_pieces, NULL, &error));
  g_assert_no_error (error);
}

static gboolean
read_half_a_line (gpointer data G_GNUC_UNUSED, GError **error)
{
  const char *const pieces[] = { "TOTAL\nTOT", NULL };
  PiecesStream stream = { { &pieces_class }, pieces };
  LineReader reader = LINE_READER_INIT (&stream.stream);
  g_autofree char *whole = line_reader_next (&reader, error);

  g_assert_cmpstr (whole, ==, "TOTAL");
  g_assert_null (line_reader_next (&reader, error));
  return FALSE;
}

static void
test_half_a_line_at_the_end_is_an_error (void)
{
  g_autoptr (GError) error = NULL;

  g_assert_false (trio_run (read_half_a_line, NULL, &error));
  g_assert_error (error, PROTOCOL_ERROR, PROTOCOL_ERROR_LINE);
}

static gboolean
read_long_lines (gpointer data G_GNUC_UNUSED, GError **error)
{
  g_autofree char *longest = g_strnfill (PROTOCOL_LINE_MAX, 'x');
  const char *const pieces[] = { longest, "\n", longest, "y", NULL };
  PiecesStream stream = { { &pieces_class }, pieces };
  LineReader reader = LINE_READER_INIT (&stream.stream);
  g_autofree char *line = line_reader_next (&reader, error);

  g_assert_cmpstr (line, ==, longest);
  g_assert_null (line_reader_next (&reader, error));
  return FALSE;
}

static void
test_a_line_may_be_as_long_as_the_longest_and_not_longer (void)
{
  g_autoptr (GError) error = NULL;

  g_assert_false (trio_run (read_long_lines, NULL, &error));
  g_assert_error (error, PROTOCOL_ERROR, PROTOCOL_ERROR_LINE);
  g_assert_cmpstr (error->message, ==, "a line is longer than 255 bytes");
}

static void
test_books_keep_accounts_and_requests_in_their_order (void)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (Books) books = books_parse ("# a comment\n"
                                         "account alice 10.00   # and another\r\n"
                                         "\n"
                                         "\taccount\tbob  2.50\n"
                                         "transfer alice bob 1.00 by carol\n"
                                         "balance bob\n"
                                         "transfer bob alice 0.10 by carol", "x.data", &error);
  const BooksClient *carol, *bob;

  g_assert_no_error (error);
  g_assert_cmpuint (books->accounts->len, ==, 2);
  g_assert_cmpint (books->total_cents, ==, 1250);
  g_assert_cmpstr (g_array_index (books->accounts, BooksAccount, 1).name, ==, "bob");
  g_assert_cmpint (g_array_index (books->accounts, BooksAccount, 1).cents, ==, 250);

  g_assert_cmpuint (books->clients->len, ==, 2);
  carol = &g_array_index (books->clients, BooksClient, 0);
  bob = &g_array_index (books->clients, BooksClient, 1);
  g_assert_cmpstr (carol->name, ==, "carol");
  g_assert_cmpuint (carol->requests->len, ==, 2);
  g_assert_cmpint (g_array_index (carol->requests, Request, 1).cents, ==, 10);
  g_assert_cmpstr (bob->name, ==, "bob");
  g_assert_cmpint (g_array_index (bob->requests, Request, 0).kind, ==, REQUEST_BALANCE);
}

static void
test_a_wrong_line_in_the_books_is_named (void)
{
#define TWO "account alice 10.00\naccount bob 0.00\n"
  static const struct { const char *text, *message; } wrong[] = {
    { "account alice 10.00\n\nacount bob 1.00\n",
      "x.data:3: a line begins with account, transfer or balance, not with \"acount\"" },
    { "account alice\n", "x.data:1: it should be: account NAME AMOUNT" },
    { "account alice 10.00 euro\n", "x.data:1: it should be: account NAME AMOUNT" },
    { "account Alice 10.00\n",
      "x.data:1: \"Alice\" is no name; one is made of small letters, digits and '-', and begins with a letter" },
    { "account alice ten\n", "x.data:1: \"ten\" is no amount; one looks like 12.50" },
    { "account alice -1.00\n", "x.data:1: \"-1.00\" is no amount; one looks like 12.50" },
    { "account alice 10.00\naccount alice 10.00\n", "x.data:2: there is an account \"alice\" already" },
    { TWO "transfer alice bob\n", "x.data:3: it should be: transfer PAYER PAYEE AMOUNT [by CLIENT]" },
    { TWO "transfer alice bob 0.00\n", "x.data:3: a transfer of 0.00 moves nothing" },
    { TWO "transfer alice alice 1.00\n", "x.data:3: alice cannot pay to itself" },
    { TWO "transfer alice carol 1.00\n", "x.data:3: there is no account \"carol\" above this line" },
    { TWO "transfer carol bob 1.00\naccount carol 5.00\n", "x.data:3: there is no account \"carol\" above this line" },
    { TWO "transfer alice bob 1.00 carol\n", "x.data:3: only \"by CLIENT\" may follow here, and not \"carol\"" },
    { TWO "transfer alice bob 1.00 by\n", "x.data:3: only \"by CLIENT\" may follow here, and not \"by\"" },
    { TWO "transfer alice bob 1.00 by Carol\n", "x.data:3: \"Carol\" is no name of a client" },
    { TWO "balance\n", "x.data:3: it should be: balance NAME [by CLIENT]" },
    { TWO "balance carol\n", "x.data:3: there is no account \"carol\" above this line" },
    { TWO "balance b\001b\n", "x.data:3: \"b\\001b\" is no name of an account" },
    { "# nothing\n", "x.data: there is no account in it" },
    { "", "x.data: there is no account in it" },
  };
#undef TWO

  for (guint i = 0; i < G_N_ELEMENTS (wrong); i++)
    {
      g_autoptr (GError) error = NULL;

      g_assert_null (books_parse (wrong[i].text, "x.data", &error));
      g_assert_nonnull (error);
      g_assert_cmpstr (error->message, ==, wrong[i].message);
    }
}

static void
test_books_that_are_not_there_are_an_error (void)
{
  g_autoptr (GError) error = NULL;

  g_assert_null (books_load ("/nowhere/at-all.data", &error));
  g_assert_error (error, G_FILE_ERROR, G_FILE_ERROR_NOENT);
}

static void
test_the_books_of_the_tree_can_be_read (void)
{
  const char *const names[] = { "ledger.data", "overdraft.data", "half-transfer.data" };

  for (guint i = 0; i < G_N_ELEMENTS (names); i++)
    {
      g_autoptr (GError) error = NULL;
      g_autofree char *path = g_test_build_filename (G_TEST_DIST, names[i], NULL);
      g_autoptr (Books) books = books_load (path, &error);

      g_assert_no_error (error);
      g_assert_cmpuint (books->clients->len, >, 0);
    }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);

#define ADD(test) g_test_add_func ("/ledger/" #test, test)
  ADD (test_an_amount_survives_the_way_to_text_and_back);
  ADD (test_what_is_no_amount_is_refused_and_changes_nothing);
  ADD (test_a_request_survives_the_way_to_a_line_and_back);
  ADD (test_what_is_no_request_is_refused_with_a_reason);
  ADD (test_an_answer_survives_the_way_to_a_line_and_back);
  ADD (test_what_is_no_answer_is_refused);
  ADD (test_an_answer_to_the_longest_request_is_no_longer_than_a_line);
  ADD (test_lines_are_put_together_from_pieces_and_taken_apart);
  ADD (test_half_a_line_at_the_end_is_an_error);
  ADD (test_a_line_may_be_as_long_as_the_longest_and_not_longer);
  ADD (test_books_keep_accounts_and_requests_in_their_order);
  ADD (test_a_wrong_line_in_the_books_is_named);
  ADD (test_books_that_are_not_there_are_an_error);
  ADD (test_the_books_of_the_tree_can_be_read);
#undef ADD

  return g_test_run ();
}
