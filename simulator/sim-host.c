/* SPDX-License-Identifier: MIT OR Apache-2.0 */

/* Names and addresses of the simulated hosts. Every name is a host: "localhost" is 127.0.0.1, any other name has one address in
 * 10.0.0.0/8 that depends on the name alone, and a name in ".invalid" does not exist (RFC 6761). Those that belong to no host
 * made by the scenario are addresses of the world's own: a program that makes none may listen at any of them. */

#include "simulator/sim-net.h"

#include <string.h>

#include <trio/checkpoint.h>
#include <trio/lowlevel/access.h>

/* G_RESOLVER_ERROR and its codes, without GIO. */
#define RESOLVER_ERROR (g_quark_from_static_string ("g-resolver-error-quark"))
#define RESOLVER_ERROR_NOT_FOUND 0
#define RESOLVER_ERROR_TEMPORARY_FAILURE 1

gboolean
trio_sim_address_is_any (const TrioAddress *address)
{
  static const guint8 zeros[16];

  return memcmp (address->bytes, zeros, address->family == TRIO_ADDRESS_IPV4 ? 4 : 16) == 0;
}

gboolean
trio_sim_address_is_loopback (const TrioAddress *address)
{
  static const guint8 one[16] = { [15] = 1 };

  return address->family == TRIO_ADDRESS_IPV4 ? address->bytes[0] == 127
                                              : address->family == TRIO_ADDRESS_IPV6 && memcmp (address->bytes, one, 16) == 0;
}

gboolean
trio_sim_address_is_same (const TrioAddress *a, const TrioAddress *b)
{
  return a->family == b->family && memcmp (a->bytes, b->bytes, a->family == TRIO_ADDRESS_IPV4 ? 4 : 16) == 0;
}

void
trio_sim_address_append (GString *out, const TrioAddress *address)
{
  const guint8 *bytes = address->bytes;

  if (address->family == TRIO_ADDRESS_UNIX)
    {
      g_autofree char *text = trio_address_to_string (address);

      g_string_append (out, text);
    }
  else if (address->family == TRIO_ADDRESS_IPV4)
    g_string_append_printf (out, "%u.%u.%u.%u:%u", bytes[0], bytes[1], bytes[2], bytes[3], address->port);
  else
    {
      g_string_append_c (out, '[');
      for (guint i = 0; i < 16; i += 2)
        g_string_append_printf (out, "%s%x", i == 0 ? "" : ":", bytes[i] << 8 | bytes[i + 1]);
      g_string_append_printf (out, "]:%u", address->port);
    }
}

/* --- numeric addresses; g_hostname_is_ip_address() has said that it is one --- */

static void
parse_ipv4 (const char *text, guint8 bytes[4])
{
  for (guint i = 0; i < 4; i++)
    {
      bytes[i] = (guint8) g_ascii_strtoull (text, (char **) &text, 10);
      text += *text == '.';
    }
}

static void
parse_ipv6 (const char *text, guint8 bytes[16])
{
  guint8 groups[16] = { 0 };
  guint n = 0;                  /* bytes so far */
  guint gap = 16;               /* where "::" stands */

  while (*text != '\0' && *text != '%' && n < 16)
    {
      if (g_str_has_prefix (text, "::"))
        {
          gap = n;
          text += 2;
        }
      else if (*text == ':')
        text++;
      else if (strchr (text, '.') != NULL && strcspn (text, ":") == strlen (text))
        {
          parse_ipv4 (text, groups + n);
          n += 4;
          break;
        }
      else
        {
          guint64 group = g_ascii_strtoull (text, (char **) &text, 16);

          groups[n++] = (guint8) (group >> 8);
          groups[n++] = (guint8) group;
        }
    }
  memset (bytes, 0, 16);
  gap = MIN (gap, n);
  memcpy (bytes, groups, gap);
  memcpy (bytes + 16 - (n - gap), groups + gap, n - gap);
}

/* --- names --- */

TrioAddress
trio_sim_address_of_name (const char *host)
{
  TrioAddress address = { .family = TRIO_ADDRESS_IPV4 };

  if (host == NULL || *host == '\0')
    return address;
  if (g_hostname_is_ip_address (host) && strchr (host, ':') != NULL)
    {
      address.family = TRIO_ADDRESS_IPV6;
      parse_ipv6 (host, address.bytes);
    }
  else if (g_hostname_is_ip_address (host))
    parse_ipv4 (host, address.bytes);
  else if (g_ascii_strcasecmp (host, "localhost") == 0)
    parse_ipv4 ("127.0.0.1", address.bytes);
  else
    {
      g_autofree char *name = g_ascii_strdown (host, -1);
      guint64 hash = trio_sim_mix (trio_sim_hash_text (name), 0);

      address.bytes[0] = 10;
      address.bytes[1] = (guint8) (1 + (hash >> 32) % 254);
      address.bytes[2] = (guint8) (hash >> 40);
      address.bytes[3] = (guint8) (1 + (hash >> 48) % 254);
    }
  return address;
}

/* A look-up takes its time, and may fail for now, whoever does it. */
TRIO_CHECKPOINT static gboolean
ask (TrioSimNet *net, const char *host, GTimeSpan dull, GError **error)
{
  gint64 latency = trio_sim_choose_latency ("resolve");

  if (!trio_sleep (latency == TRIO_SIM_LATENCY_DULL ? dull : latency, error))
    return FALSE;
  trio_note_access (&net->io, TRIO_ACCESS_WRITE);
  if (trio_sim_choose_fault (net, "fault.resolve", "resolve", 20))
    {
      g_set_error (error, RESOLVER_ERROR, RESOLVER_ERROR_TEMPORARY_FAILURE, "the name “%s” cannot be looked up for now", host);
      return FALSE;
    }
  return TRUE;
}

static gboolean
look_up (TrioSimNet *net, const char *host, GError **error)
{
  if (!ask (net, host, TRIO_SIM_LATENCY_DULL, error))
    return FALSE;
  if (g_str_has_suffix (host, ".invalid") || strlen (host) > 253)
    {
      g_set_error (error, RESOLVER_ERROR, RESOLVER_ERROR_NOT_FOUND, "there is no host “%s”", host);
      return FALSE;
    }
  return TRUE;
}

/* "Any address" of a host is "::", too, if it has one of that family. */
static gboolean
has_ipv6 (const TrioSimHost *host)
{
  for (guint i = 0; i < host->addresses->len; i++)
    if (g_array_index (host->addresses, TrioAddress, i).family == TRIO_ADDRESS_IPV6)
      return TRUE;
  return FALSE;
}

static void
return_any (TrioSimNet *net, guint16 port, TrioAddress **addresses, gsize *n_addresses)
{
  *n_addresses = has_ipv6 (trio_sim_net_get_host (net)) ? 2 : 1;
  *addresses = g_new (TrioAddress, *n_addresses);
  for (gsize i = 0; i < *n_addresses; i++)
    (*addresses)[i] = (TrioAddress) { .family = i == 0 ? TRIO_ADDRESS_IPV4 : TRIO_ADDRESS_IPV6, .port = port };
}

static void
return_addresses (TrioSimNet *net, const char *name, guint16 port, TrioAddress **addresses, gsize *n_addresses)
{
  const TrioSimHost *host = trio_sim_net_find_name (net, name);

  *n_addresses = host == NULL ? 1 : host->addresses->len;
  *addresses = host == NULL ? g_new (TrioAddress, 1) : g_memdup2 (host->addresses->data, *n_addresses * sizeof (TrioAddress));
  if (host == NULL)
    **addresses = trio_sim_address_of_name (name);
  for (gsize i = 0; i < *n_addresses; i++)
    (*addresses)[i].port = port;
}

gboolean
trio_sim_host_resolve (TrioIo *io, const char *host, guint16 port, TrioAddress **addresses, gsize *n_addresses, GError **error)
{
  gboolean numeric = host == NULL || g_hostname_is_ip_address (host);

  if (numeric ? !trio_checkpoint (error) : !look_up ((TrioSimNet *) io, host, error))
    return FALSE;
  if (host == NULL)
    return_any ((TrioSimNet *) io, port, addresses, n_addresses);
  else
    return_addresses ((TrioSimNet *) io, host, port, addresses, n_addresses);
  return TRUE;
}

/* The hosts of the scenario have names, and so has the loopback. */
static const char *
name_of (TrioSimNet *net, const TrioAddress *address)
{
  if (trio_sim_address_is_loopback (address))
    return "localhost";
  for (guint i = 1; i < net->hosts->len; i++)
    if (trio_sim_host_has_address (g_ptr_array_index (net->hosts, i), address))
      return ((TrioSimHost *) g_ptr_array_index (net->hosts, i))->name;
  return NULL;
}

char *
trio_sim_host_look_up_name (TrioIo *io, const TrioAddress *address, GError **error)
{
  g_autofree char *text = trio_address_to_string (address);
  const char *name;

  if (!ask ((TrioSimNet *) io, text, TRIO_SIM_LATENCY_DULL, error))
    return NULL;
  name = name_of ((TrioSimNet *) io, address);
  if (name == NULL)
    g_set_error (error, RESOLVER_ERROR, RESOLVER_ERROR_NOT_FOUND, "no host at %s has a name", text);
  return g_strdup (name);
}

/* How long that one takes is its own business, as long as nothing is wrong. */
gboolean
trio_sim_host_delay_resolver (TrioIo *io, const char *host, GError **error)
{
  return ask ((TrioSimNet *) io, host, 0, error);
}
