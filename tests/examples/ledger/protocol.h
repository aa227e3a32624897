/* SPDX-License-Identifier: MIT OR Apache-2.0 */

/* The protocol: one line asks, one line answers.
 *
 *     BALANCE alice                 OK 1250.00         NO there is no account "alice"
 *     TOTAL                         OK 96310.50
 *     TRANSFER alice bakery 4.20    OK                 NO alice has not enough money
 *
 * Any request may be answered with "LATER …": nothing was done, and asking again is safe.
 *
 * Both directions of both lines are here, so that client and server cannot disagree. Nothing here waits. */

#pragma once

#include <glib.h>

#define PROTOCOL_NAME_MAX 31       /* bytes in an account's name */
#define PROTOCOL_LINE_MAX 255      /* bytes in a line, without its end */

/* Why a line is not what it should be. */
#define PROTOCOL_ERROR (protocol_error_quark ())
typedef enum
{
  PROTOCOL_ERROR_REQUEST,
  PROTOCOL_ERROR_ANSWER,
  PROTOCOL_ERROR_LINE,             /* too long, or cut off */
} ProtocolError;

GQuark protocol_error_quark (void);

typedef enum
{
  REQUEST_BALANCE,
  REQUEST_TOTAL,
  REQUEST_TRANSFER,
} RequestKind;

typedef struct
{
  RequestKind kind;
  char        account[PROTOCOL_NAME_MAX + 1];      /* whose balance; who pays */
  char        payee[PROTOCOL_NAME_MAX + 1];        /* TRANSFER only */
  gint64      cents;                               /* TRANSFER only; more than 0 */
} Request;

typedef enum
{
  ANSWER_OK,
  ANSWER_NO,
  ANSWER_LATER,
} AnswerKind;

typedef struct
{
  AnswerKind kind;
  char       text[PROTOCOL_LINE_MAX + 1];          /* what follows the word; may be empty */
} Answer;

/* Letters, digits and '-', beginning with a letter, not too long. */
gboolean  protocol_is_name  (const char *word);

/* A payer and a payee that are two accounts, an amount that is some: what a transfer must be wherever it is written down. */
gboolean  request_set_transfer (Request *request, const char *payer, const char *payee, const char *amount, GError **error);

gboolean  request_parse     (const char *line, Request *request, GError **error);
/* Without the line's end. Free with g_free(). */
char     *request_to_line   (const Request *request);

void      answer_set        (Answer *answer, AnswerKind kind, const char *format, ...) G_GNUC_PRINTF (3, 4);
gboolean  answer_parse      (const char *line, Answer *answer, GError **error);
char     *answer_to_line    (const Answer *answer);
