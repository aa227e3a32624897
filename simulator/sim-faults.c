/* SPDX-License-Identifier: MIT OR Apache-2.0 */

/* What the tape may do to hosts and to the ways between them. See sim-hosts.h. It is asked in the name of a task that is about to do
 * something at its host, so that what breaks is the host that is at work, at a moment that matters. */

#include "simulator/sim-hosts.h"

#include <trio/lowlevel/dump.h>
#include <trio/lowlevel/task.h>

#include "simulator/sim-net.h"

typedef struct
{
  TrioSimHost *from;
  TrioSimHost *to;
} Way;

static gboolean
may_ask (TrioSimNet *net)
{
  return net->hosts->len > 1 && trio_sim_tape_allows (net->tape, TRIO_SIM_INJECT_FAULT);
}

/* Whether one more host, which is this one, may break: that is asked of all but the world's own. */
static gboolean
may_break (const TrioSimHost *host)
{
  const TrioSimNet *net = host->net;
  guint n = 0;

  for (guint i = 1; i < net->hosts->len; i++)
    {
      const TrioSimHost *other = g_ptr_array_index (net->hosts, i);

      n += other != host && net->clock->now < other->broken_until;
    }
  return host->name != NULL && n < net->max_faulty;
}

static void
is_broken_for (TrioSimHost *host, GTimeSpan span)
{
  host->broken_until = MAX (host->broken_until, host->net->clock->now + span);
}

/* --- partitions --- */

enum { OUT = 1 << 0, IN = 1 << 1 };

static const struct
{
  guint8    directions;        /* as the host sees it */
  gboolean  all;               /* whoever the other is */
  GTimeSpan span;
} partitions[] = {
  { 0, FALSE, 0 },
  { OUT, FALSE, G_TIME_SPAN_SECOND },
  { IN, FALSE, G_TIME_SPAN_SECOND },
  { OUT | IN, FALSE, G_TIME_SPAN_SECOND },
  { OUT | IN, TRUE, G_TIME_SPAN_SECOND },
  { OUT, TRUE, 10 * G_TIME_SPAN_SECOND },
  { IN, TRUE, 10 * G_TIME_SPAN_SECOND },
  { OUT | IN, TRUE, 10 * G_TIME_SPAN_SECOND },
};

static void
describe_partition (const TrioChoicePoint *point, guint32 value, GString *out)
{
  static const char *const words[] = {
    [OUT] = "nothing got through from %s to %s for %u s",
    [IN] = "nothing got through to %s from %s for %u s",
    [OUT | IN] = "nothing got through between %s and %s for %u s",
  };
  const Way *way = point->data;

  g_string_append_printf (out, words[partitions[value].directions], trio_sim_host_describe (way->from),
                          partitions[value].all ? "all others" : trio_sim_host_describe (way->to),
                          (guint) (partitions[value].span / G_TIME_SPAN_SECOND));
}

static void
cut (TrioSimHost *host, TrioSimHost *other, guint32 value)
{
  if (partitions[value].directions & OUT)
    trio_sim_way_cut (host, other, partitions[value].span);
  if (partitions[value].directions & IN)
    trio_sim_way_cut (other, host, partitions[value].span);
}

static void
ask_for_partition (TrioSimHost *from, TrioSimHost *to, const char *what, guint32 rarity)
{
  const guint32 weights[] = { rarity, 1, 1, 2, 1, 1, 1, 1 };
  Way way = { from, to };
  const TrioChoicePoint point = {
    .label = "fault.net.partition",
    .bound = G_N_ELEMENTS (partitions),
    .weights = weights,
    .what = what,
    .describe = describe_partition,
    .data = &way,
  };
  guint32 value;

  if (!may_break (from))
    return;
  value = trio_choose (&point);
  if (value == 0)
    return;
  is_broken_for (from, partitions[value].span);
  if (!partitions[value].all)
    cut (from, to, value);
  for (guint i = 0; partitions[value].all && i < from->net->hosts->len; i++)
    if (i != from->index)
      cut (from, g_ptr_array_index (from->net->hosts, i), value);
}

/* --- clogs --- */

static const GTimeSpan clogs[] = { 0, G_TIME_SPAN_SECOND / 10, G_TIME_SPAN_SECOND, 10 * G_TIME_SPAN_SECOND };

static void
describe_clog (const TrioChoicePoint *point, guint32 value, GString *out)
{
  const Way *way = point->data;

  g_string_append_printf (out, "what %s sends to %s was held up for %" G_GINT64_FORMAT " ms", trio_sim_host_describe (way->from),
                          trio_sim_host_describe (way->to), clogs[value] / 1000);
}

static void
ask_for_clog (TrioSimHost *from, TrioSimHost *to, const char *what)
{
  static const guint32 weights[] = { 300, 1, 1, 1 };
  Way way = { from, to };
  const TrioChoicePoint point = {
    .label = "fault.net.clog",
    .bound = G_N_ELEMENTS (clogs),
    .weights = weights,
    .what = what,
    .describe = describe_clog,
    .data = &way,
  };
  guint32 value = trio_choose (&point);

  if (value != 0)
    trio_sim_way_clog (from, to, clogs[value]);
}

void
trio_sim_ask_for_network_faults (TrioSimHost *from, TrioSimHost *to, const char *what)
{
  if (from == to || !may_ask (from->net))
    return;
  ask_for_partition (from, to, what, 600);
  ask_for_clog (from, to, what);
}

/* Who comes up may find that it is cut off: that matters more than the same at any other moment, for then hosts find each other, and elect. */
void
trio_sim_ask_for_network_faults_at_start (TrioSimHost *host)
{
  for (guint i = 1; may_ask (host->net) && i < host->net->hosts->len; i++)
    if (i != host->index)
      ask_for_partition (host, g_ptr_array_index (host->net->hosts, i), "start", 30);
}

/* --- loss --- */

/* Linux sends again after 200 ms, and then after twice as long each time. */
static const gint64 losses[] = { 0, 200 * 1000, 600 * 1000, 3000 * 1000 };
static const guint  packets_lost[] = { 0, 1, 2, 4 };

static void
describe_loss (const TrioChoicePoint *point, guint32 value, GString *out)
{
  const Way *way = point->data;

  g_string_append_printf (out, "what %s sent to %s was lost %u times, and so came %" G_GINT64_FORMAT " ms later",
                          trio_sim_host_describe (way->from), trio_sim_host_describe (way->to), packets_lost[value], losses[value] / 1000);
}

gint64
trio_sim_choose_loss (TrioSimHost *from, TrioSimHost *to, const char *what)
{
  static const guint32 weights[] = { 200, 3, 1, 1 };
  Way way = { from, to };
  const TrioChoicePoint point = {
    .label = "fault.net.loss",
    .bound = G_N_ELEMENTS (losses),
    .weights = weights,
    .what = what,
    .describe = describe_loss,
    .data = &way,
  };

  return from == to || !may_ask (from->net) ? 0 : losses[trio_choose (&point)];
}

/* --- hosts --- */

static const GTimeSpan downtimes[] = { 0, G_TIME_SPAN_SECOND / 10, G_TIME_SPAN_SECOND, 10 * G_TIME_SPAN_SECOND };

static void
describe_crash (const TrioChoicePoint *point, guint32 value, GString *out)
{
  g_string_append_printf (out, "%s lost its power before a task's %s, and came up again after %s",
                          trio_sim_host_describe (point->data), point->what, trio_span_in_seconds (downtimes[value]).text);
}

static void
describe_halt (const TrioChoicePoint *point, guint32 value, GString *out)
{
  g_string_append_printf (out, "%s stood still for %s, before a task's %s", trio_sim_host_describe (point->data),
                          trio_span_in_seconds (downtimes[value]).text, point->what);
}

void
trio_sim_ask_for_host_faults (TrioSimHost *host, const char *what)
{
  static const guint32 weights[] = { 400, 3, 1, 1 };
  TrioChoicePoint point = {
    .label = "fault.host.crash",
    .bound = G_N_ELEMENTS (downtimes),
    .weights = weights,
    .what = what,
    .describe = describe_crash,
    .data = host,
  };
  guint32 value;

  if (host->name == NULL || !may_ask (host->net) || host->task == NULL || !may_break (host))
    return;
  value = trio_choose (&point);
  if (value != 0)
    {
      is_broken_for (host, downtimes[value]);
      trio_sim_host_break_down (host, downtimes[value]);
    }
  point.label = "fault.host.pause";
  point.describe = describe_halt;
  value = trio_choose (&point);
  if (value != 0)
    {
      is_broken_for (host, downtimes[value]);
      trio_sim_host_stand_still (host, downtimes[value]);
    }
}
