/* SPDX-License-Identifier: MIT OR Apache-2.0 */

/* Who is asked for the addresses of a name: nobody if it is numeric, else the resolver that the program has set for this run (in a simulator for this host),
 * else the world. A simulated world lets any of them be late, or fail for now. */

#include <trio/resolver.h>

#include <trio/checkpoint.h>
#include <trio/error.h>
#include <trio/lowlevel/run-local.h>
#include <trio/seam/io.h>

#include "net/idna.h"

/* Counted, since a look-up may outlast its resolver's being replaced. */
typedef struct
{
  guint         n_refs;
  TrioResolver *resolver;
} Chosen;

static char chosen_key;

static void
chosen_unref (gpointer data)
{
  Chosen *chosen = data;

  if (--chosen->n_refs > 0)
    return;
  if (chosen->resolver->free != NULL)
    chosen->resolver->free (chosen->resolver);
  g_free (chosen);
}

G_DEFINE_AUTOPTR_CLEANUP_FUNC (Chosen, chosen_unref)

void
trio_set_resolver (TrioResolver *resolver)
{
  Chosen *chosen = NULL;

  if (resolver != NULL)
    {
      chosen = g_new (Chosen, 1);
      *chosen = (Chosen) { 1, resolver };
    }
  trio_process_local_set (&chosen_key, chosen, chosen != NULL ? chosen_unref : NULL);
}

TRIO_CHECKPOINT static gboolean
delay (TrioIo *io, const char *host, GError **error)
{
  return io->delay_resolver == NULL || io->delay_resolver (io, host, error);
}

TRIO_CHECKPOINT static gboolean
ask (const char *host, guint16 port, TrioAddress **addresses, gsize *n_addresses, GError **error)
{
  TrioIo *io = trio_current_io ();
  g_autoptr (Chosen) chosen = trio_process_local_get (&chosen_key);

  if (chosen == NULL)
    return io->resolve (io, host, port, addresses, n_addresses, error);
  chosen->n_refs++;
  *addresses = NULL;
  *n_addresses = 0;
  if (!delay (io, host, error) || !chosen->resolver->resolve (chosen->resolver, host, port, addresses, n_addresses, error))
    return FALSE;
  if (*n_addresses > 0)
    return TRUE;

  g_clear_pointer (addresses, g_free);
  g_set_error (error, TRIO_ERROR, TRIO_ERROR_MISUSE, "the resolver given to trio_set_resolver() found “%s”, and no address of it: then it must fail, "
               "with an error", host);
  return FALSE;
}

gboolean
trio_resolve (const char *host, guint16 port, TrioAddress **addresses, gsize *n_addresses, GError **error)
{
  TrioIo *io = trio_current_io ();
  g_autofree char *ascii = NULL;
  TrioAddress numeric;

  g_return_val_if_fail (addresses != NULL && n_addresses != NULL, FALSE);

  if (host == NULL)
    return io->resolve (io, NULL, port, addresses, n_addresses, error);
  if (trio_address_parse (host, port, &numeric))
    {
      if (!trio_checkpoint (error))
        return FALSE;
      *addresses = g_memdup2 (&numeric, sizeof numeric);
      *n_addresses = 1;
      return TRUE;
    }
  ascii = trio_idna_to_ascii (host, error);
  return ascii != NULL && ask (ascii, port, addresses, n_addresses, error);
}

char *
trio_look_up_name (const TrioAddress *address, GError **error)
{
  TrioIo *io = trio_current_io ();
  g_autoptr (Chosen) chosen = NULL;

  g_return_val_if_fail (address != NULL, NULL);

  if (address->family == TRIO_ADDRESS_UNIX)
    {
      g_set_error_literal (error, TRIO_ERROR, TRIO_ERROR_MISUSE, "a unix address belongs to no host that could have a name");
      return NULL;
    }
  chosen = trio_process_local_get (&chosen_key);
  if (chosen != NULL)
    chosen->n_refs++;
  if (chosen != NULL && chosen->resolver->look_up_name != NULL)
    {
      g_autofree char *text = trio_address_to_string (address);

      return delay (io, text, error) ? chosen->resolver->look_up_name (chosen->resolver, address, error) : NULL;
    }
  return io->look_up_name (io, address, error);
}
