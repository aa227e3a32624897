/* SPDX-License-Identifier: MIT OR Apache-2.0 */

/* Sends back what it gets. */

#include "service.h"

static gboolean
echo (TrioStream *stream, gpointer data, GError **error)
{
  Service *service = data;
  char buffer[4096];
  gssize n;

  while ((n = service_receive (service, stream, buffer, sizeof buffer, error)) > 0)
    {
      if (!trio_stream_send_all (stream, buffer, (gsize) n, error))
        return FALSE;
      service->n_out += (guint64) n;
    }
  return n == 0;
}

int
main (int argc, char **argv)
{
  return service_main (argc, argv, echo);
}
