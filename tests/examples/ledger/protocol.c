/* SPDX-License-Identifier: MIT OR Apache-2.0 */

#include "protocol.h"
#include "money.h"

#include <string.h>

G_DEFINE_QUARK (protocol-error-quark, protocol_error)

static const char *const answer_words[] = { [ANSWER_OK] = "OK", [ANSWER_NO] = "NO", [ANSWER_LATER] = "LATER" };

static gboolean
fail (GError **error, ProtocolError code, const char *format, const char *what)
{
  g_autofree char *quoted = g_strescape (what, NULL);

  g_set_error (error, PROTOCOL_ERROR, code, format, quoted);
  return FALSE;
}

gboolean
protocol_is_name (const char *word)
{
  gsize length = strspn (word, "abcdefghijklmnopqrstuvwxyz0123456789-");

  return g_ascii_isalpha (word[0]) && word[length] == '\0' && length <= PROTOCOL_NAME_MAX;
}

gboolean
request_set_transfer (Request *request, const char *payer, const char *payee, const char *amount, GError **error)
{
  Request transfer = { .kind = REQUEST_TRANSFER };

  if (!protocol_is_name (payer))
    return fail (error, PROTOCOL_ERROR_REQUEST, "\"%s\" is no name of an account", payer);
  if (!protocol_is_name (payee))
    return fail (error, PROTOCOL_ERROR_REQUEST, "\"%s\" is no name of an account", payee);
  if (strcmp (payer, payee) == 0)
    return fail (error, PROTOCOL_ERROR_REQUEST, "%s cannot pay to itself", payer);
  if (!money_parse (amount, &transfer.cents))
    return fail (error, PROTOCOL_ERROR_REQUEST, "\"%s\" is no amount; one looks like 12.50", amount);
  if (transfer.cents == 0)
    return fail (error, PROTOCOL_ERROR_REQUEST, "a transfer of %s moves nothing", amount);

  g_strlcpy (transfer.account, payer, sizeof transfer.account);
  g_strlcpy (transfer.payee, payee, sizeof transfer.payee);
  *request = transfer;
  return TRUE;
}

gboolean
request_parse (const char *line, Request *request, GError **error)
{
  g_auto (GStrv) words = g_strsplit (line, " ", 5);
  guint n_words = g_strv_length (words);

  if (n_words == 1 && strcmp (words[0], "TOTAL") == 0)
    {
      *request = (Request) { .kind = REQUEST_TOTAL };
      return TRUE;
    }

  if (n_words == 2 && strcmp (words[0], "BALANCE") == 0)
    {
      if (!protocol_is_name (words[1]))
        return fail (error, PROTOCOL_ERROR_REQUEST, "\"%s\" is no name of an account", words[1]);
      *request = (Request) { .kind = REQUEST_BALANCE };
      g_strlcpy (request->account, words[1], sizeof request->account);
      return TRUE;
    }

  if (n_words == 4 && strcmp (words[0], "TRANSFER") == 0)
    return request_set_transfer (request, words[1], words[2], words[3], error);

  return fail (error, PROTOCOL_ERROR_REQUEST,
               "\"%s\" is none of BALANCE account, TOTAL, TRANSFER payer payee amount", line);
}

char *
request_to_line (const Request *request)
{
  g_autofree char *amount = NULL;

  switch (request->kind)
    {
    case REQUEST_BALANCE:
      return g_strconcat ("BALANCE ", request->account, NULL);
    case REQUEST_TOTAL:
      return g_strdup ("TOTAL");
    case REQUEST_TRANSFER:
      amount = money_to_string (request->cents);
      return g_strjoin (" ", "TRANSFER", request->account, request->payee, amount, NULL);
    }
  g_assert_not_reached ();
}

void
answer_set (Answer *answer, AnswerKind kind, const char *format, ...)
{
  va_list args;

  answer->kind = kind;
  va_start (args, format);
  g_vsnprintf (answer->text, sizeof answer->text, format, args);
  va_end (args);

  /* The word in front needs room in the line too; only a complaint about a very long request gets so far. */
  answer->text[PROTOCOL_LINE_MAX - strlen ("LATER ")] = '\0';
}

gboolean
answer_parse (const char *line, Answer *answer, GError **error)
{
  for (guint kind = 0; kind < G_N_ELEMENTS (answer_words); kind++)
    {
      gsize length = strlen (answer_words[kind]);

      if (!g_str_has_prefix (line, answer_words[kind]) || (line[length] != ' ' && line[length] != '\0'))
        continue;

      answer->kind = (AnswerKind) kind;
      g_strlcpy (answer->text, line + length + (line[length] == ' '), sizeof answer->text);
      return TRUE;
    }

  return fail (error, PROTOCOL_ERROR_ANSWER, "\"%s\" is none of OK, NO and LATER", line);
}

char *
answer_to_line (const Answer *answer)
{
  return g_strconcat (answer_words[answer->kind], answer->text[0] ? " " : NULL, answer->text, NULL);
}
