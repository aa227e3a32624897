/* SPDX-License-Identifier: MIT OR Apache-2.0 */

/* errno -> GError, with messages that name what was tried and with whom. */

#include "net/socket-errors.h"

#include <errno.h>
#include <gio/gio.h>

#include <trio/address.h>
#include <trio/error.h>

static void
set_error (GError **error, GQuark domain, int code, int errnum, const char *what, const TrioAddress *address)
{
  g_autofree char *text = address != NULL ? trio_address_to_string (address) : NULL;

  g_set_error (error, domain, code, "could not %s%s%s: %s", what, text != NULL ? " " : "", text != NULL ? text : "",
               g_strerror (errnum));
}

void
trio_socket_set_system_error (GError **error, int errnum, const char *what, const TrioAddress *address)
{
  int code = errnum == ENFILE ? G_IO_ERROR_TOO_MANY_OPEN_FILES : (int) g_io_error_from_errno (errnum);

  set_error (error, G_IO_ERROR, code, errnum, what, address);
}

void
trio_socket_set_broken_error (GError **error, int errnum, const char *what, const TrioAddress *address)
{
  set_error (error, TRIO_ERROR, TRIO_ERROR_BROKEN_RESOURCE, errnum, what, address);
}

gboolean
trio_errno_is_capacity (int errnum)
{
  return errnum == EMFILE || errnum == ENFILE || errnum == ENOMEM || errnum == ENOBUFS;
}

gboolean
trio_errno_is_broken_connection (int errnum)
{
  switch (errnum)
    {
    case EPIPE:
    case ECONNRESET:
    case ECONNABORTED:
    case ENOTCONN:
    case ETIMEDOUT:
    case EHOSTUNREACH:
    case ENETUNREACH:
    case ENETDOWN:
      return TRUE;
    default:
      return FALSE;
    }
}

/* Source: accept(2), "Error handling": Linux hands the network errors that wait on the new connection to accept(). */
gboolean
trio_errno_is_lost_connection (int errnum)
{
  switch (errnum)
    {
    case ECONNABORTED:
    case EPERM:
    case EPROTO:
    case ENETDOWN:
    case ENETUNREACH:
    case ENOPROTOOPT:
    case EHOSTDOWN:
    case EHOSTUNREACH:
#ifdef ENONET
    case ENONET:
#endif
      return TRUE;
    default:
      return FALSE;
    }
}
