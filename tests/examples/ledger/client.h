/* SPDX-License-Identifier: MIT OR Apache-2.0 */

/* A client: asks a server for one thing after the other, over one connection, with patience.
 *
 *  - No answer in time, or a broken connection: the client hangs up, and the next request calls again.
 *  - LATER, or the request did not get out: it waits a little and asks again, a few times.
 *  - A transfer that was sent but not answered may have been done. It is not asked for again, but counted as unclear.
 *
 * From tasks of one run. */

#pragma once

#include "protocol.h"

#include <trio/trio.h>

#define CLIENT_TRIES_MAX 4      /* how often it asks for one thing */

typedef struct
{
  guint done;             /* OK */
  guint refused;          /* NO */
  guint unclear;          /* sent, and no answer */
  guint given_up;         /* never got through */
  guint retries;
} ClientTally;

typedef struct
{
  const char    *host;
  guint16        port;
  GTimeSpan      patience_us;     /* for one request, with the call if one is needed */
  const Request *requests;
  guint          n_requests;
  guint          rounds;          /* how often it goes through them; 0 for once */
  GTimeSpan      pause_us;        /* between an answer and the next request */

  ClientTally    tally;           /* what came of it */
  Answer         last_answer;     /* to the last request that was answered */

  /*< private >*/
  TrioStream    *stream;          /* NULL if there is no connection */
} Client;

/* Asks for everything: a TrioFunc. What could not be had is no error; it is in the tally. Errors: cancellation, Ctrl-C. */
gboolean client_run (gpointer client, GError **error);

/* into += tally */
void     client_tally_add (ClientTally *into, const ClientTally *tally);
