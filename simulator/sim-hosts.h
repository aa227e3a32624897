/* SPDX-License-Identifier: MIT OR Apache-2.0 */

/* The hosts of a simulated network, and the ways between them.
 *
 *     network --- hosts, in order of making; the first is the world's own
 *                   '--- one way to each host: cut until …, clogged until …, latency, width
 *
 * Always true:
 *  1. There is the world's own host. It has each address that no other host has.
 *  2. A way is made when it is first named; what has none is a dull one. The way of a host to itself is always dull.
 *  3. All that the tape breaks here has an end, in virtual time. So a liveness phase needs to mend nothing: it waits.
 *
 * sim-hosts.c has the hosts, sim-ways.c the ways, sim-faults.c what the tape may do to either. The public door is <trio-sim/hosts.h>. */

#pragma once

#include <trio-sim/hosts.h>
#include <trio/address.h>

G_BEGIN_DECLS

typedef struct _TrioSimNet TrioSimNet;

/* From one host to another. */
typedef struct
{
  gint64  cut_until;              /* before that nothing arrives */
  gint64  clogged_until;          /* what is sent before that arrives then */
  gint64  latency;                /* on top of what was drawn */
  guint64 bytes_per_second;       /* 0: no limit */
  gint64  busy_until;             /* with what was sent so far, if there is a limit */
} TrioSimWay;

struct _TrioSimHost
{
  TrioSimNet  *net;
  guint        index;             /* in net->hosts */
  char        *name;              /* NULL: the world's own */
  GArray      *addresses;         /* of TrioAddress; empty for the world's own */
  GPtrArray   *ways;              /* of TrioSimWay, by the index of the other host; NULL where it is dull */
  guint        boots;             /* how often it came up again: it knows nothing of what was before */
  gboolean     up;                /* the machine; it answers, whether or not anything runs there */
  gboolean     runs;              /* its main task */
  TrioFunc     main;              /* as it was started last */
  gpointer     data;

  gint64       broken_until;      /* the tape has done something to it that lasts so long */

  guint        n_sockets;         /* in the hands of its tasks */
  guint        max_sockets;       /* 0: no limit */
  guint16      last_port;         /* of the ephemeral ones */
  guint16      next_port;         /* the next one to try */
};

void            trio_sim_hosts_init       (TrioSimNet *net);
void            trio_sim_hosts_clear      (TrioSimNet *net);

/* sim-hosts.c. The one that the calling task belongs to, the world's own if to no other. */
TrioSimHost    *trio_sim_net_get_host     (TrioSimNet *net);
/* Whom somebody at `asker` reaches at that address. */
TrioSimHost    *trio_sim_net_find_host    (TrioSimNet *net, TrioSimHost *asker, const TrioAddress *address);
/* Nobody: NULL. */
TrioSimHost    *trio_sim_net_find_name    (TrioSimNet *net, const char *name);
gboolean        trio_sim_host_has_address (const TrioSimHost *host, const TrioAddress *address);
/* Its first one of a family; NULL if it has none. */
const TrioAddress *trio_sim_host_get_address (const TrioSimHost *host, TrioAddressFamily family);
/* For the public functions that take NULL for the world's own; a g_error() outside a simulated run. */
TrioSimHost    *trio_sim_host_or_own      (TrioSimHost *host, const char *caller);
/* "db1"; for a person. */
const char     *trio_sim_host_describe    (const TrioSimHost *host);

/* sim-ways.c */
/* Whether what arrives now gets through: the way is not cut, and the other host is up. */
gboolean        trio_sim_way_is_open      (const TrioSimHost *from, const TrioSimHost *to);
/* When what is sent now arrives, with the latency that was drawn. */
gint64          trio_sim_way_get_arrival  (TrioSimHost *from, TrioSimHost *to, gint64 latency, gsize size);
void            trio_sim_way_cut          (TrioSimHost *from, TrioSimHost *to, GTimeSpan span);
void            trio_sim_way_clog         (TrioSimHost *from, TrioSimHost *to, GTimeSpan span);

/* sim-faults.c. Before the calling task sends from one to the other: the tape may cut or clog the ways between them. */
void            trio_sim_ask_for_network_faults (TrioSimHost *from, TrioSimHost *to, const char *what);
/* How much later than it should what is sent arrives, since so many packets were lost. */
gint64          trio_sim_choose_loss      (TrioSimHost *from, TrioSimHost *to, const char *what);

G_END_DECLS
