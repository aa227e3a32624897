/* SPDX-License-Identifier: MIT OR Apache-2.0 */

/* What the simulated network leaves to chance. Each function asks one kind of question; the words are for schedules and traces. */

#include "simulator/sim-net.h"

#include <trio/lowlevel/task.h>

static char *
path_of (const TrioChoicePoint *point)
{
  return point->task == NULL ? g_strdup ("the world") : trio_task_dup_path (point->task);
}

static const gint64 latencies[] = { TRIO_SIM_LATENCY_DULL, 1000, 10 * 1000, 100 * 1000, 1000 * 1000 };
static const guint32 latency_weights[] = { 24, 6, 3, 2, 1 };

/* What was late, told with the name of whose it was. */
static const struct
{
  const char *what;
  const char *before;
  const char *after;
} late_things[] = {
  { "connect", "", "'s attempt to connect took" },
  { "send", "what ", " sent took" },
  { "shutdown_send", "the end of what ", " sends took" },
  { "resolve", "", "'s look-up of a name took" },
};

static void
describe_latency (const TrioChoicePoint *point, guint32 value, GString *out)
{
  g_autofree char *path = path_of (point);

  for (guint i = 0; i < G_N_ELEMENTS (late_things); i++)
    if (g_str_equal (late_things[i].what, point->what))
      g_string_append_printf (out, "%s%s%s %" G_GINT64_FORMAT " ms", late_things[i].before, path, late_things[i].after,
                              latencies[value] / 1000);
}

gint64
trio_sim_choose_latency (const char *what)
{
  const TrioChoicePoint point = {
    .label = "net.latency",
    .bound = G_N_ELEMENTS (latencies),
    .weights = latency_weights,
    .what = what,
    .describe = describe_latency,
  };

  return latencies[trio_choose (&point)];
}

static gsize
part_of (gsize n, guint32 value)
{
  return value == 0 ? n : value == 1 ? 1 : n / 2;
}

static void
describe_part (const TrioChoicePoint *point, guint32 value, GString *out)
{
  gsize n = *(const gsize *) point->data;
  g_autofree char *path = path_of (point);

  g_string_append_printf (out, "%s could %s only %" G_GSIZE_FORMAT " of %" G_GSIZE_FORMAT " bytes at once", path, point->what,
                          part_of (n, value), n);
}

gsize
trio_sim_choose_part (const char *label, const char *what, gsize n)
{
  static const guint32 weights[] = { 8, 1, 1 };
  const TrioChoicePoint point = {
    .label = label,
    .bound = n > 3 ? 3 : 2,      /* half of 2 or 3 is 1 */
    .weights = weights,
    .what = what,
    .describe = describe_part,
    .data = &n,
  };

  return n < 2 ? n : part_of (n, trio_choose (&point));
}

static const gsize windows[] = { 64 * 1024, 1024, 16 };

static void
describe_window (const TrioChoicePoint *point, guint32 value, GString *out)
{
  g_autofree char *path = path_of (point);

  g_string_append_printf (out, "%s's connection has a window of %" G_GSIZE_FORMAT " bytes", path, windows[value]);
}

gsize
trio_sim_choose_window (void)
{
  static const guint32 weights[] = { 8, 1, 1 };
  const TrioChoicePoint point = {
    .label = "net.window",
    .bound = G_N_ELEMENTS (windows),
    .weights = weights,
    .what = "connect",
    .describe = describe_window,
  };

  return windows[trio_choose (&point)];
}

static void
describe_throwing_away (const TrioChoicePoint *point, guint32 value G_GNUC_UNUSED, GString *out)
{
  g_autofree char *path = path_of (point);

  g_string_append_printf (out, "%s closed with a linger of 0, and the last %" G_GSIZE_FORMAT " bytes that it sent were thrown away", path,
                          *(const gsize *) point->data);
}

gboolean
trio_sim_choose_to_throw_away (gsize n)
{
  static const guint32 weights[] = { 1, 1 };
  const TrioChoicePoint point = {
    .label = "net.linger",
    .bound = 2,
    .weights = weights,
    .what = "close",
    .describe = describe_throwing_away,
    .data = &n,
  };

  return trio_choose (&point) != 0;
}

/* What a person is told for a label, after the name of the task. */
static const struct
{
  const char *label;
  const char *words;
} faults[] = {
  { "fault.reset", "'s connection was reset" },
  { "fault.vanish", "'s peer vanished, and nothing is heard of it any more" },
  { "fault.refuse", " was refused a connection" },
  { "fault.emfile", " found no descriptors left" },
  { "fault.udp.drop", "'s datagram was lost" },
  { "fault.udp.duplicate", "'s datagram arrived twice" },
  { "fault.udp.reorder", "'s datagram was overtaken by later ones" },
  { "fault.resolve", " could not look up a name for now" },
};

static void
describe_fault (const TrioChoicePoint *point, guint32 value G_GNUC_UNUSED, GString *out)
{
  g_autofree char *path = path_of (point);

  for (guint i = 0; i < G_N_ELEMENTS (faults); i++)
    if (g_str_equal (faults[i].label, point->label))
      g_string_append_printf (out, "%s%s (%s)", path, faults[i].words, point->what);
}

gboolean
trio_sim_choose_fault (TrioSimNet *net, const char *label, const char *what, guint32 rarity)
{
  const guint32 weights[] = { rarity, 1 };
  const TrioChoicePoint point = {
    .label = label,
    .bound = 2,
    .weights = weights,
    .what = what,
    .describe = describe_fault,
  };

  return trio_sim_tape_allows (net->tape, TRIO_SIM_INJECT_FAULT) && trio_choose (&point) != 0;
}
