/* SPDX-License-Identifier: MIT OR Apache-2.0 */

/* One of three nodes that keep a key-value store together: whoever a majority elects leads, and what a majority has on disk is done.
 *
 * Source: D. Ongaro, J. Ousterhout, "In Search of an Understandable Consensus Algorithm" (2014), without snapshots and changes of membership. Reads
 * go through the log like writes.
 *
 * A node's answers, each a line:
 *     vote TERM WHO LAST-INDEX LAST-TERM                                          TERM granted?
 *     append TERM WHO PREVIOUS-INDEX PREVIOUS-TERM COMMITTED N [TERM KIND KEY VALUE]   TERM accepted? LAST-INDEX
 *     put KEY VALUE                                                              "done", "unknown", or "ask WHO"
 *     get KEY                                                                    "value V", "none", "unknown", or "ask WHO" */

#pragma once

#include "disk.h"

#define N_NODES 3

/* Each is a bug that somebody has had. */
typedef enum
{
  NODE_RIGHT                 = 0,
  NODE_ANSWERS_BEFORE_SYNC   = 1 << 0,   /* what is in the log is told before it is on the disk */
  NODE_FORGETS_ITS_VOTE      = 1 << 1,   /* only the term is on the disk */
  NODE_TRUSTS_ITS_LEADERSHIP = 1 << 2,   /* who was elected answers reads without asking whether it still leads */
} NodeBugs;

typedef enum
{
  FOLLOWER,
  CANDIDATE,
  LEADER,
} Role;

typedef struct
{
  /* The scenario's. */
  int           id;
  const char  **names;           /* of the hosts of all nodes */
  NodeBugs      bugs;

  /* The node's own, from node_run() on; zeros before. */
  Disk          disk;
  Role          role;
  int           leader;          /* -1: not known */
  guint         committed;       /* all up to this index are done */
  gint64        heard_at;        /* of a leader or candidate last */
  guint         n_votes;
  guint         next[N_NODES];   /* as a leader: what to send to whom */
  guint         has[N_NODES];    /* and up to where they have it */
  TrioNursery  *nursery;
} Node;

/* Checkpoint. The main task of a node's host: starts from what is on the disk, and serves until it is cancelled. data is a Node. */
gboolean node_run (gpointer data, GError **error);
