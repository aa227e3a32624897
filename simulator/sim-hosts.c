/* SPDX-License-Identifier: MIT OR Apache-2.0 */

/* Hosts: names, addresses, whose task this is. See sim-hosts.h. What becomes of them in time is in sim-lives.c. */

#include "simulator/sim-hosts.h"

#include <string.h>

#include <trio/lowlevel/task.h>

#include "simulator/sim-world.h"

TrioTaskLocal trio_sim_host_of_task = TRIO_TASK_LOCAL_INIT ("host", NULL, NULL);

/* --- life --- */

static TrioSimHost *
make_host (TrioSimNet *net, const char *name)
{
  TrioSimHost *host = g_new0 (TrioSimHost, 1);

  host->net = net;
  host->index = net->hosts->len;
  host->name = g_strdup (name);
  host->addresses = g_array_new (FALSE, FALSE, sizeof (TrioAddress));
  host->ways = g_ptr_array_new_with_free_func (g_free);
  host->up = TRUE;
  host->next_port = TRIO_SIM_PORT_FIRST;
  host->last_port = TRIO_SIM_PORT_LAST;
  g_ptr_array_add (net->hosts, host);
  return host;
}

static void
free_host (gpointer data)
{
  TrioSimHost *host = data;

  g_clear_pointer (&host->restart, trio_event_free);
  g_array_unref (host->addresses);
  g_ptr_array_unref (host->ways);
  g_free (host->name);
  g_free (host);
}

void
trio_sim_hosts_init (TrioSimNet *net)
{
  net->hosts = g_ptr_array_new_with_free_func (free_host);
  net->max_faulty = 1;
  make_host (net, NULL);
  trio_sim_hosts_init_clocks (net);
}

void
trio_sim_hosts_clear (TrioSimNet *net)
{
  g_ptr_array_unref (net->hosts);
}

/* --- who is who --- */

TrioSimHost *
trio_sim_net_get_host (TrioSimNet *net)
{
  TrioSimHost *host = net->hosts->len > 1 ? trio_task_local_get (&trio_sim_host_of_task) : NULL;

  return host != NULL ? host : g_ptr_array_index (net->hosts, 0);
}

gboolean
trio_sim_host_has_address (const TrioSimHost *host, const TrioAddress *address)
{
  for (guint i = 0; i < host->addresses->len; i++)
    if (trio_sim_address_is_same (&g_array_index (host->addresses, TrioAddress, i), address))
      return TRUE;
  return FALSE;
}

const TrioAddress *
trio_sim_host_get_address (const TrioSimHost *host, TrioAddressFamily family)
{
  for (guint i = 0; i < host->addresses->len; i++)
    if (g_array_index (host->addresses, TrioAddress, i).family == family)
      return &g_array_index (host->addresses, TrioAddress, i);
  return NULL;
}

TrioSimHost *
trio_sim_net_find_host (TrioSimNet *net, TrioSimHost *asker, const TrioAddress *address)
{
  if (trio_sim_address_is_any (address) || trio_sim_address_is_loopback (address))
    return asker;
  for (guint i = 1; i < net->hosts->len; i++)
    if (trio_sim_host_has_address (g_ptr_array_index (net->hosts, i), address))
      return g_ptr_array_index (net->hosts, i);
  return g_ptr_array_index (net->hosts, 0);
}

TrioSimHost *
trio_sim_net_find_name (TrioSimNet *net, const char *name)
{
  for (guint i = 1; i < net->hosts->len; i++)
    {
      TrioSimHost *host = g_ptr_array_index (net->hosts, i);

      if (g_ascii_strcasecmp (host->name, name) == 0)
        return host;
    }
  return NULL;
}

const char *
trio_sim_host_describe (const TrioSimHost *host)
{
  return host->name != NULL ? host->name : "the world's own host";
}

/* --- the public door --- */

static TrioSimNet *
current_net (const char *caller)
{
  TrioSimWorld *world = trio_sim_world_get_current ();

  if (world == NULL)
    g_error ("%s: there are hosts in a simulated run only, in one of its tasks", caller);
  return world->net;
}

/* For those of the public functions that take NULL for the world's own. */
TrioSimHost *
trio_sim_host_or_own (TrioSimHost *host, const char *caller)
{
  return host != NULL ? host : g_ptr_array_index (current_net (caller)->hosts, 0);
}

TrioSimHost *
trio_sim_host_new (const char *name)
{
  TrioSimNet *net = current_net ("trio_sim_host_new");
  TrioSimHost *host;
  TrioAddress address;

  g_return_val_if_fail (name != NULL && *name != '\0' && !g_hostname_is_ip_address (name), NULL);
  /* Which everybody says of himself. */
  g_return_val_if_fail (g_ascii_strcasecmp (name, "localhost") != 0, NULL);
  if (trio_sim_net_find_name (net, name) != NULL)
    g_error ("trio_sim_host_new: there is a host “%s” already", name);
  host = make_host (net, name);
  trio_sim_hosts_wind_clocks (net);
  address = trio_sim_address_of_name (name);
  g_array_append_val (host->addresses, address);
  return host;
}

TrioSimHost *
trio_sim_host_get_current (void)
{
  return trio_task_local_get (&trio_sim_host_of_task);
}

const char *
trio_sim_host_get_name (TrioSimHost *host)
{
  g_return_val_if_fail (host != NULL, NULL);
  return host->name;
}

void
trio_sim_host_add_address (TrioSimHost *host, const char *text)
{
  TrioAddress address;

  g_return_if_fail (host != NULL && text != NULL && g_hostname_is_ip_address (text));
  address = trio_sim_address_of_name (text);
  if (trio_sim_net_find_host (host->net, NULL, &address) != g_ptr_array_index (host->net->hosts, 0))
    g_error ("trio_sim_host_add_address: %s is an address of another host, or of every host", text);
  g_array_append_val (host->addresses, address);
}

void
trio_sim_host_set_limits (TrioSimHost *host, guint descriptors, guint ports)
{
  g_return_if_fail (host != NULL && ports <= TRIO_SIM_PORT_LAST - TRIO_SIM_PORT_FIRST + 1);
  host->max_sockets = descriptors;
  host->last_port = ports == 0 ? TRIO_SIM_PORT_LAST : (guint16) (TRIO_SIM_PORT_FIRST + ports - 1);
  host->next_port = TRIO_SIM_PORT_FIRST;
}

void
trio_sim_hosts_set_max_faulty (guint n)
{
  current_net ("trio_sim_hosts_set_max_faulty")->max_faulty = n;
}
