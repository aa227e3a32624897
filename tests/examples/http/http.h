/* SPDX-License-Identifier: MIT OR Apache-2.0 */

/* A server of HTTP/1.0 (RFC 1945): a request, an answer, and the connection is over. A page is in memory, or a file of the disk, which is
 * opened for each request and goes out as it lies there.
 *
 *   a client that is too slow is told so, and waited for no longer
 *   what is wrong with one connection is no reason to stop
 *   at closing time those who have asked get their answer; those who have said nothing are sent away
 *
 * Closing time is when `while_open` returns, or at the first Ctrl-C. A second Ctrl-C does not wait. http_stay_open() makes the first SIGTERM
 * closing time as well, as service managers expect; a second one ends the process. From tasks of one run. */

#pragma once

#include <trio/trio.h>

#define HTTP_LINE_MAX    4096           /* bytes */
#define HTTP_HEADERS_MAX 100

typedef struct
{
  const char *path;                     /* "/index.html" */
  const char *type;                     /* "text/html" */
  GBytes     *body;                     /* or NULL, and … */
  const char *file;                     /* … the name of a file */
} HttpPage;

typedef struct
{
  const HttpPage *pages;                /* the last has no path */
  GTimeSpan       patience_us;          /* for the whole of a request, and again for its answer */
  GTimeSpan       grace_us;             /* what is under way at closing time may take so long */
  void          (*on_closing) (gpointer data);    /* nullable: at closing time */
  gpointer        data;

  TrioListener   *listener;             /* while open */
  guint           n_answered;           /* with whatever status */
  guint           n_silent;             /* clients that went, or were sent, away without a request */
  guint           n_broken;             /* connections that did not get that far */
} HttpServer;

/* Opens, runs while_open in the calling task, and closes. Checkpoint. */
gboolean http_server_run (HttpServer *server, const char *host, guint16 port, TrioFunc while_open, gpointer data, GError **error)
  G_GNUC_WARN_UNUSED_RESULT;

/* For while_open: until SIGTERM comes. Checkpoint. */
gboolean http_stay_open  (gpointer unused, GError **error);
