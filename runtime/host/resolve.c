/* SPDX-License-Identifier: MIT OR Apache-2.0 */

/* Looking host names up.
 *
 *     task                          thread                      the run's loop
 *     Lookup, 2 references
 *     starts thread, waits          getaddrinfo ()
 *      |                            token: "deliver"   ---->    wakes the task, if it still waits
 *     takes the answer                                          drops the thread's reference
 *     drops its reference
 *
 * Cancelled: the task says so in the Lookup and goes. The run has ended: the token refuses, and the thread's reference is dropped
 * there. */

#include "host/resolve.h"

#include <errno.h>
#include <gio/gio.h>
#include <netdb.h>
#include <netinet/in.h>
#include <string.h>

#include <trio/checkpoint.h>
#include <trio/lowlevel/task.h>
#include <trio/lowlevel/token.h>
#include <trio/seam/world.h>

#include "host/sockaddr.h"

typedef struct
{
  gint             n_refs;       /* (atomic) */
  char            *host;
  guint16          port;
  TrioToken       *token;        /* the thread's; dropped with the last reference */
  TrioLoop        *loop;         /* (loop thread) valid while task is */
  TrioTask        *task;         /* (loop thread) who waits; NULL if nobody does any more */
  int              result;       /* of getaddrinfo(); written by the thread before it delivers */
  int              errnum;
  struct addrinfo *answer;
  gboolean         by_address;   /* the name of an address is asked for; host is its text */
  struct sockaddr_storage address;
  socklen_t        length;
  char             name[NI_MAXHOST];
} Lookup;

static TrioAbort lookup_abort    (TrioTask *task, gpointer data);
static void      lookup_describe (gpointer data, GString *out);

static const TrioWaitClass lookup_wait = { "trio_open_tcp_stream", lookup_abort, lookup_describe };

static void
lookup_unref (gpointer data)
{
  Lookup *self = data;

  if (!g_atomic_int_dec_and_test (&self->n_refs))
    return;
  if (self->answer != NULL)
    freeaddrinfo (self->answer);
  trio_token_unref (self->token);
  g_free (self->host);
  g_free (self);
}

G_DEFINE_AUTOPTR_CLEANUP_FUNC (Lookup, lookup_unref)

static void
deliver (gpointer data)
{
  Lookup *self = data;
  TrioTask *task = g_steal_pointer (&self->task);

  if (task == NULL)
    return;
  trio_loop_release (self->loop);
  trio_reschedule (task, NULL);
}

static gpointer
look_up_in_thread (gpointer data)
{
  Lookup *self = data;
  const struct addrinfo hints = { .ai_family = AF_UNSPEC, .ai_socktype = SOCK_STREAM };

  if (self->by_address)
    self->result = getnameinfo ((struct sockaddr *) &self->address, self->length, self->name, sizeof self->name, NULL, 0, NI_NAMEREQD);
  else
    self->result = getaddrinfo (self->host, NULL, &hints, &self->answer);
  self->errnum = errno;
  trio_token_run_sync_soon (self->token, deliver, self, lookup_unref);
  return NULL;
}

static TrioAbort
lookup_abort (TrioTask *task G_GNUC_UNUSED, gpointer data)
{
  Lookup *self = data;

  self->task = NULL;
  trio_loop_release (self->loop);
  return TRIO_ABORT_SUCCEEDED;
}

static void
lookup_describe (gpointer data, GString *out)
{
  g_string_append_printf (out, "looking up %s", ((Lookup *) data)->host);
}

static gboolean
start_thread (Lookup *self, GError **error)
{
  GThread *thread;

  g_atomic_int_inc (&self->n_refs);
  thread = g_thread_try_new ("trio-resolve", look_up_in_thread, self, error);
  if (thread == NULL)
    {
      g_atomic_int_add (&self->n_refs, -1);
      return FALSE;
    }
  g_thread_unref (thread);
  return TRUE;
}

static void
set_resolver_error (GError **error, const Lookup *lookup)
{
  int code = G_RESOLVER_ERROR_INTERNAL;
  const char *words = lookup->result == EAI_SYSTEM ? g_strerror (lookup->errnum) : gai_strerror (lookup->result);

  if (lookup->result == EAI_NONAME || lookup->result == EAI_NODATA || lookup->result == EAI_ADDRFAMILY)
    code = G_RESOLVER_ERROR_NOT_FOUND;
  else if (lookup->result == EAI_AGAIN)
    code = G_RESOLVER_ERROR_TEMPORARY_FAILURE;
  g_set_error (error, G_RESOLVER_ERROR, code, "could not look up the host \"%s\": %s", lookup->host, words);
}

static gboolean
contains (GArray *addresses, const TrioAddress *address)
{
  for (guint i = 0; i < addresses->len; i++)
    {
      const TrioAddress *other = &g_array_index (addresses, TrioAddress, i);

      if (other->family == address->family && other->scope_id == address->scope_id
          && memcmp (other->bytes, address->bytes, sizeof other->bytes) == 0)
        return TRUE;
    }
  return FALSE;
}

/* The answer without repetitions: glibc says 127.0.0.1 twice for a "localhost" that is also at ::1. */
static GArray *
read_answer (const Lookup *lookup)
{
  GArray *addresses = g_array_new (FALSE, FALSE, sizeof (TrioAddress));

  for (struct addrinfo *info = lookup->answer; info != NULL; info = info->ai_next)
    {
      TrioAddress address;

      if (!trio_sockaddr_to_address (info->ai_addr, info->ai_addrlen, &address) || contains (addresses, &address))
        continue;
      address.port = lookup->port;
      g_array_append_val (addresses, address);
    }
  return addresses;
}

static void
give (GArray *found, TrioAddress **addresses, gsize *n_addresses)
{
  *n_addresses = found->len;
  *addresses = (TrioAddress *) (gpointer) g_array_free (found, FALSE);
}

/* The answer of a look-up that needs no thread, or NULL. */
static GArray *
resolve_numeric (const char *host, guint16 port)
{
  const struct addrinfo hints = { .ai_family = AF_UNSPEC, .ai_socktype = SOCK_STREAM, .ai_flags = AI_NUMERICHOST };
  struct addrinfo *answer = NULL;
  GArray *found = NULL;

  if (getaddrinfo (host, NULL, &hints, &answer) != 0)
    return NULL;
  found = read_answer (&(Lookup) { .answer = answer, .port = port });
  freeaddrinfo (answer);
  return found;
}

static GArray *
any_address (guint16 port)
{
  const TrioAddress any[] = { { .family = TRIO_ADDRESS_IPV6, .port = port }, { .family = TRIO_ADDRESS_IPV4, .port = port } };
  GArray *found = g_array_new (FALSE, FALSE, sizeof (TrioAddress));

  return g_array_append_vals (found, any, G_N_ELEMENTS (any));
}

static Lookup *
lookup_new (const char *host)
{
  Lookup *lookup = g_new0 (Lookup, 1);

  lookup->n_refs = 1;
  lookup->host = g_strdup (host);
  lookup->token = trio_current_token ();
  lookup->loop = trio_loop_get_current ();
  lookup->task = trio_current_task ();
  return lookup;
}

/* FALSE if there is no answer. */
TRIO_CHECKPOINT static gboolean
ask_in_thread (Lookup *lookup, GError **error)
{
  if (!trio_checkpoint_if_cancelled (error) || !start_thread (lookup, error))
    return FALSE;
  trio_loop_hold (lookup->loop);
  if (!trio_wait (&lookup_wait, lookup, error))
    return FALSE;
  if (lookup->result != 0)
    set_resolver_error (error, lookup);
  return lookup->result == 0;
}

static GArray *
look_up (const char *host, guint16 port, GError **error)
{
  g_autoptr (Lookup) lookup = lookup_new (host);
  GArray *found;

  lookup->port = port;
  if (!ask_in_thread (lookup, error))
    return NULL;
  found = read_answer (lookup);
  if (found->len == 0)
    {
      lookup->result = EAI_NONAME;
      set_resolver_error (error, lookup);
      g_array_unref (found);
      return NULL;
    }
  return found;
}

gboolean
trio_host_resolve (const char *host, guint16 port, TrioAddress **addresses, gsize *n_addresses, GError **error)
{
  GArray *found = host == NULL ? any_address (port) : resolve_numeric (host, port);

  if (found != NULL)
    {
      if (!trio_checkpoint (error))
        {
          g_array_unref (found);
          return FALSE;
        }
    }
  else
    {
      found = look_up (host, port, error);
      if (found == NULL)
        return FALSE;
    }
  give (found, addresses, n_addresses);
  return TRUE;
}

char *
trio_host_look_up_name (const TrioAddress *address, GError **error)
{
  g_autofree char *text = trio_address_to_string (address);
  g_autoptr (Lookup) lookup = lookup_new (text);

  lookup->by_address = TRUE;
  lookup->length = trio_sockaddr_from_address (address, &lookup->address);
  return ask_in_thread (lookup, error) ? g_strdup (lookup->name) : NULL;
}
