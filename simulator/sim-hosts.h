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
 * sim-hosts.c has the hosts, sim-lives.c what becomes of them, sim-clocks.c their clocks,
 * sim-ways.c the ways, sim-faults.c what the tape may do to either. The public door is <trio-sim/hosts.h>. */

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

/* A host's monotonic clock says: offset + what the world's says + what it has gained since `since`. */
typedef struct
{
  gint64 offset;
  gint64 since;                   /* in the world's time */
  gint64 drift_ppm;               /* it gains so many microseconds a second */
} TrioSimHostClock;

/* A wall clock that is being set little by little. */
typedef struct
{
  gint64 span;                    /* in all; negative: back */
  gint64 since;                   /* in the world's time */
  gint64 rate_ppm;                /* so many microseconds a second */
} TrioSimSlew;

struct _TrioSimHost
{
  TrioSimNet  *net;
  guint        index;             /* in net->hosts */
  char        *name;              /* NULL: the world's own */
  GArray      *addresses;         /* of TrioAddress; empty for the world's own */
  GPtrArray   *ways;              /* of TrioSimWay, by the index of the other host; NULL where it is dull */
  guint        boots;             /* how often it came up again: it knows nothing of what was before */
  gboolean     up;                /* the machine; it answers, whether or not anything runs there */
  gboolean     started;           /* somebody keeps it: runs its main task, and again after a crash */
  gboolean     halted;
  gboolean     dies;              /* it crashes, or its process ends, as soon as no task runs */
  gboolean     ends;              /* its process does: the machine goes on */
  gint64       restart_at;        /* while it is down: when it comes up again; G_MAXINT64: when it is told to */
  TrioEvent   *restart;           /* set: now */
  TrioTask    *task;              /* its main task; NULL while there is none */
  TrioFunc     main;              /* as it was started last */
  gpointer     data;
  TrioSimHostClock clock;         /* as of its last start */
  TrioSimHostClock next_clock;
  gint64       stepped;           /* how far its wall clock was set ahead, in all; or back */
  TrioSimSlew  slew;              /* on top of that */

  gint64       broken_until;      /* the tape has done something to it that lasts so long */

  guint        n_sockets;         /* in the hands of its tasks */
  guint        max_sockets;       /* 0: no limit */
  guint16      last_port;         /* of the ephemeral ones */
  guint16      next_port;         /* the next one to try */
};

/* Whose the task is; NULL: the world's own. */
extern TrioTaskLocal trio_sim_host_of_task;

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

/* sim-lives.c. Crashes that a task of the host itself is the cause of, as soon as no task runs. */
void            trio_sim_hosts_settle     (TrioSimNet *net);
/* The calling task does not go on before the host does, and never if it was down. A machine that stops is a failure, not a step of the program's:
 * callers need no mark for it. */
void            trio_sim_host_break_down  (TrioSimHost *host, GTimeSpan downtime) TRIO_CHECKPOINT_ON_FAILURE;
/* Its process is ended, and nobody starts another: the kernel closes its sockets and files, and its disk keeps what was written. */
void            trio_sim_host_end         (TrioSimHost *host) TRIO_CHECKPOINT_ON_FAILURE;
void            trio_sim_host_stand_still (TrioSimHost *host, GTimeSpan span) TRIO_CHECKPOINT_ON_FAILURE;

/* sim-clocks.c */
void            trio_sim_hosts_init_clocks (TrioSimNet *net);
/* From now on tasks of hosts are told the time of their host. */
void            trio_sim_hosts_wind_clocks (TrioSimNet *net);
/* What the host's monotonic clock says, and when it will say so. */
gint64          trio_sim_host_get_time    (const TrioSimHost *host, gint64 now);
gint64          trio_sim_host_get_world_time (const TrioSimHost *host, gint64 due);
/* What its wall clock shows now; nothing is asked. */
gint64          trio_sim_host_get_real_time (const TrioSimHost *host);
/* When it starts: what is wrong with its clock. */
void            trio_sim_choose_clock     (TrioSimHost *host);

/* sim-ways.c */
/* Whether what arrives now gets through: the way is not cut, and the other host is up. */
gboolean        trio_sim_way_is_open      (const TrioSimHost *from, const TrioSimHost *to);
/* When what is sent now arrives, with the latency that was drawn. */
gint64          trio_sim_way_get_arrival  (TrioSimHost *from, TrioSimHost *to, gint64 latency, gsize size);
void            trio_sim_way_cut          (TrioSimHost *from, TrioSimHost *to, GTimeSpan span);
void            trio_sim_way_clog         (TrioSimHost *from, TrioSimHost *to, GTimeSpan span);

/* sim-faults.c. Before the calling task does something that others, or its disk, will know of: the tape may let its host crash, or stand
 * still. May not return, or later. */
void            trio_sim_ask_for_host_faults (TrioSimHost *host, const char *what);
/* Before the calling task sends from one to the other: the tape may cut or clog the ways between them. */
void            trio_sim_ask_for_network_faults (TrioSimHost *from, TrioSimHost *to, const char *what);
/* The same when the host starts, of the ways to all others. */
void            trio_sim_ask_for_network_faults_at_start (TrioSimHost *host);
/* How much later than it should what is sent arrives, since so many packets were lost. */
gint64          trio_sim_choose_loss      (TrioSimHost *from, TrioSimHost *to, const char *what);

G_END_DECLS
