/* SPDX-License-Identifier: MIT OR Apache-2.0 */

/* Inputs: bytes, or a schedule's text. And the map of the ordinary run, which says where which label is asked.
 *
 * Always true:
 *  1. Bytes that happen to begin like a schedule and are none are bytes: a fuzzer makes anything.
 *  2. A schedule and the bytes made from it give the same run. */

#include "fuzz/driver.h"
#include "simulator/schedule.h"

#include <string.h>

#define MAGIC "trio-schedule "
#define LABELS_MAX 64

/* ---- Reading ------------------------------------------------------------------------------------------------------------------- */

static gboolean
is_text (const uint8_t *data, size_t size)
{
  return size > strlen (MAGIC) && memcmp (data, MAGIC, strlen (MAGIC)) == 0;
}

/* What does not say of which scenario it is may be of this one. */
static gboolean
is_ours (TrioSchedule *schedule, const TrioScenario *scenario, GError **error)
{
  const TrioScheduleHeader *header = trio_schedule_get_header (schedule);

  if (header->scenario == NULL || g_str_equal (header->scenario, scenario->name))
    return TRUE;
  g_set_error (error, TRIO_ERROR, TRIO_ERROR_MISUSE, "this is a schedule of the scenario \"%s\"%s%s%s, and this target runs \"%s\"",
               header->scenario, header->program != NULL ? " of \"" : "", header->program != NULL ? header->program : "",
               header->program != NULL ? "\"" : "", scenario->name);
  return FALSE;
}

gboolean
trio_fuzz_input_read (TrioFuzzInput *input, const TrioScenario *scenario, TrioSimInject inject, const uint8_t *data, size_t size, GError **error)
{
  *input = (TrioFuzzInput) { .options = { .strategy = "bytes", .bytes = data, .n_bytes = size, .inject = inject } };
  if (is_text (data, size))
    {
      g_autofree char *text = g_strndup ((const char *) data, size);
      const TrioScheduleHeader *header;

      input->schedule = trio_schedule_parse (text, "the input", error);
      if (input->schedule == NULL)
        return FALSE;
      if (!is_ours (input->schedule, scenario, error))
        {
          trio_fuzz_input_clear (input);
          return FALSE;
        }
      header = trio_schedule_get_header (input->schedule);
      input->options = (TrioSimOptions) {
        .strategy = "replay", .schedule = input->schedule, .inject = inject | header->inject, .heal_after = header->heal_after,
        .heal_within = header->heal_within,
      };
    }
  return TRUE;
}

void
trio_fuzz_input_clear (TrioFuzzInput *input)
{
  g_clear_pointer (&input->schedule, trio_schedule_free);
}

/* ---- Bytes from schedules ------------------------------------------------------------------------------------------------------ */

GBytes *
trio_fuzz_to_bytes (const TrioScenario *scenario, TrioSimInject inject, const TrioSchedule *schedule, GError **error)
{
  TrioSimOptions options = { .strategy = "replay", .schedule = schedule, .inject = inject, .spell_out = TRUE };
  g_autoptr (TrioSimReport) report = NULL;
  g_autoptr (GError) failure = NULL;
  TrioSimInject injects = trio_schedule_get_header ((TrioSchedule *) schedule)->inject;

  if (!is_ours ((TrioSchedule *) schedule, scenario, error))
    return NULL;
  /* Positions count what is asked, and that depends on what may be injected. */
  if ((injects & ~inject) != 0)
    {
      g_set_error_literal (error, TRIO_ERROR, TRIO_ERROR_MISUSE,
                           "the schedule was made where more may be injected than this target allows: its bytes would mean another run");
      return NULL;
    }
  if (trio_schedule_get_header ((TrioSchedule *) schedule)->heal_after > 0)
    {
      g_set_error_literal (error, TRIO_ERROR, TRIO_ERROR_MISUSE,
                           "the schedule is healed after a while (--heal-after), which bytes cannot say: they would mean another run");
      return NULL;
    }
  if (!trio_sim_run (scenario->func, scenario->data, &options, &report, &failure) && report == NULL)
    {
      g_propagate_error (error, g_steal_pointer (&failure));
      return NULL;
    }
  return trio_schedule_to_bytes (report->schedule);
}

size_t
trio_fuzz_input_to_bytes (const TrioScenario *scenario, TrioSimInject inject, uint8_t *data, size_t size, size_t max_size)
{
  g_autofree char *text = is_text (data, size) ? g_strndup ((const char *) data, size) : NULL;
  g_autoptr (TrioSchedule) schedule = text != NULL ? trio_schedule_parse (text, "the input", NULL) : NULL;
  g_autoptr (GBytes) bytes = schedule != NULL ? trio_fuzz_to_bytes (scenario, inject, schedule, NULL) : NULL;
  gconstpointer contents;
  gsize n_bytes;

  if (bytes == NULL)
    return size;
  contents = g_bytes_get_data (bytes, &n_bytes);
  n_bytes = MIN (n_bytes, max_size);
  if (n_bytes > 0)
    memcpy (data, contents, n_bytes);
  return n_bytes;
}

/* ---- The map ------------------------------------------------------------------------------------------------------------------- */

static char   *labels[LABELS_MAX];
static GArray *places[LABELS_MAX];    /* guint32 */
static guint   n_labels;

static void
note_place (const TrioScheduleEntry *entry, gpointer data G_GNUC_UNUSED)
{
  guint label = 0;
  guint32 place = (guint32) entry->index;

  while (label < n_labels && !g_str_equal (labels[label], entry->label))
    label++;
  if (label == LABELS_MAX)
    return;
  if (label == n_labels)
    {
      labels[label] = g_strdup (entry->label);
      places[label] = g_array_new (FALSE, FALSE, sizeof (guint32));
      n_labels++;
    }
  g_array_append_val (places[label], place);
}

void
trio_fuzz_map_make (const TrioScenario *scenario, TrioSimInject inject)
{
  static gboolean made;
  TrioSimOptions options = { .strategy = "fifo", .inject = inject, .on_choice = note_place };
  g_autoptr (TrioSimReport) report = NULL;
  g_autoptr (GError) error = NULL;

  /* Whether it fails is for the fuzzer to find out. */
  if (!made && !trio_sim_run (scenario->func, scenario->data, &options, &report, &error))
    g_debug ("the ordinary run: %s", error->message);
  made = TRUE;
}

guint
trio_fuzz_map_get_n_labels (void)
{
  return n_labels;
}

guint
trio_fuzz_map_get_n_places (guint label)
{
  return places[label]->len;
}

guint32
trio_fuzz_map_get_place (guint label, guint nth)
{
  return g_array_index (places[label], guint32, nth);
}
