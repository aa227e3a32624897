/* SPDX-License-Identifier: MIT OR Apache-2.0 */

/* The ways between hosts: cut, clogged, long, narrow. See sim-hosts.h. */

#include "simulator/sim-hosts.h"

#include "simulator/sim-net.h"

/* --- looking --- */

/* NULL: a dull one. */
static TrioSimWay *
find_way (const TrioSimHost *from, const TrioSimHost *to)
{
  return to->index < from->ways->len ? g_ptr_array_index (from->ways, to->index) : NULL;
}

static TrioSimWay *
get_way (TrioSimHost *from, TrioSimHost *to)
{
  if (to->index >= from->ways->len)
    g_ptr_array_set_size (from->ways, (gint) to->index + 1);
  if (g_ptr_array_index (from->ways, to->index) == NULL)
    g_ptr_array_index (from->ways, to->index) = g_new0 (TrioSimWay, 1);
  return g_ptr_array_index (from->ways, to->index);
}

gboolean
trio_sim_way_is_open (const TrioSimHost *from, const TrioSimHost *to)
{
  const TrioSimWay *way = from == to ? NULL : find_way (from, to);

  return to->up && (way == NULL || from->net->clock->now >= way->cut_until);
}

/* How long size bytes keep the way busy; rounded up, and never so long that a time overflows. */
static gint64
get_busy_span (const TrioSimWay *way, gsize size)
{
  guint64 bytes = MIN ((guint64) size, G_MAXUINT64 / G_TIME_SPAN_SECOND / 2);

  return (gint64) ((bytes * G_TIME_SPAN_SECOND + way->bytes_per_second - 1) / way->bytes_per_second);
}

gint64
trio_sim_way_get_arrival (TrioSimHost *from, TrioSimHost *to, gint64 latency, gsize size)
{
  TrioSimWay *way = from == to ? NULL : find_way (from, to);
  gint64 leaves = from->net->clock->now;

  if (way == NULL)
    return leaves + latency;
  if (way->bytes_per_second > 0)
    leaves = way->busy_until = MAX (leaves, way->busy_until) + get_busy_span (way, size);
  return MAX (leaves + latency + way->latency, way->clogged_until);
}

/* --- changing --- */

static gint64
end_of (const TrioSimHost *host, GTimeSpan span)
{
  return trio_sim_time_after (host->net->clock->now, span);
}

void
trio_sim_way_cut (TrioSimHost *from, TrioSimHost *to, GTimeSpan span)
{
  TrioSimWay *way = get_way (from, to);

  way->cut_until = MAX (way->cut_until, end_of (from, span));
}

void
trio_sim_way_clog (TrioSimHost *from, TrioSimHost *to, GTimeSpan span)
{
  TrioSimWay *way = get_way (from, to);

  way->clogged_until = MAX (way->clogged_until, end_of (from, span));
}

/* --- the public door --- */

void
trio_sim_partition_one_way (TrioSimHost *from, TrioSimHost *to, GTimeSpan span)
{
  from = trio_sim_host_or_own (from, "trio_sim_partition_one_way");
  to = trio_sim_host_or_own (to, "trio_sim_partition_one_way");
  g_return_if_fail (from != to && span >= 0);
  trio_sim_way_cut (from, to, span);
}

void
trio_sim_partition (TrioSimHost *a, TrioSimHost *b, GTimeSpan span)
{
  trio_sim_partition_one_way (a, b, span);
  trio_sim_partition_one_way (b, a, span);
}

void
trio_sim_partition_off (TrioSimHost *host, GTimeSpan span)
{
  g_return_if_fail (host != NULL);
  for (guint i = 0; i < host->net->hosts->len; i++)
    if (i != host->index)
      trio_sim_partition (host, g_ptr_array_index (host->net->hosts, i), span);
}

void
trio_sim_partition_heal (TrioSimHost *a, TrioSimHost *b)
{
  a = trio_sim_host_or_own (a, "trio_sim_partition_heal");
  b = trio_sim_host_or_own (b, "trio_sim_partition_heal");
  g_return_if_fail (a != b);
  get_way (a, b)->cut_until = 0;
  get_way (b, a)->cut_until = 0;
}

void
trio_sim_partition_heal_all (void)
{
  GPtrArray *hosts = trio_sim_host_or_own (NULL, "trio_sim_partition_heal_all")->net->hosts;

  for (guint i = 0; i < hosts->len; i++)
    for (guint j = 0; j < i; j++)
      trio_sim_partition_heal (g_ptr_array_index (hosts, i), g_ptr_array_index (hosts, j));
}

void
trio_sim_clog (TrioSimHost *from, TrioSimHost *to, GTimeSpan span)
{
  from = trio_sim_host_or_own (from, "trio_sim_clog");
  to = trio_sim_host_or_own (to, "trio_sim_clog");
  g_return_if_fail (from != to && span >= 0);
  trio_sim_way_clog (from, to, span);
}

void
trio_sim_set_link (TrioSimHost *from, TrioSimHost *to, GTimeSpan latency, guint64 bytes_per_second)
{
  TrioSimWay *way;

  from = trio_sim_host_or_own (from, "trio_sim_set_link");
  to = trio_sim_host_or_own (to, "trio_sim_set_link");
  g_return_if_fail (from != to && latency >= 0);
  way = get_way (from, to);
  way->latency = latency;
  way->bytes_per_second = bytes_per_second;
}
