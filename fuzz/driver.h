/* SPDX-License-Identifier: MIT OR Apache-2.0 */

/* What the parts of the library tell each other. */

#pragma once

#include <trio-fuzz/fuzz.h>

/* libFuzzer writes an input that fails to a file; the stand-in main asks the driver to do so. */
void    trio_fuzz_write_artifacts   (gboolean yes);

/* At which questions of the ordinary run each label was asked: labels are numbered, and so are the places of one. None before the first
 * run. */
guint   trio_fuzz_map_get_n_labels  (void);
guint   trio_fuzz_map_get_n_places  (guint label);
guint32 trio_fuzz_map_get_place     (guint label, guint nth);

/* mutator.c: on bytes alone. */
size_t  trio_fuzz_mutate_bytes      (uint8_t *data, size_t size, size_t max_size, unsigned int seed);
size_t  trio_fuzz_cross_over_bytes  (const uint8_t *first, size_t first_size, const uint8_t *second, size_t second_size, uint8_t *out,
                                     size_t max_size, unsigned int seed);

/* input.c: an input is bytes, or the text of a schedule. What a run is made from: */
typedef struct
{
  TrioSimOptions  options;
  TrioSchedule   *schedule;      /* NULL: bytes */
} TrioFuzzInput;

/* FALSE: the text cannot be read, or is a schedule of another scenario: its decisions would find no questions here, and it would pass for the
 * ordinary run. */
gboolean trio_fuzz_input_read       (TrioFuzzInput *input, const TrioScenario *scenario, TrioSimInject inject, const uint8_t *data, size_t size,
                                     GError **error);
void     trio_fuzz_input_clear      (TrioFuzzInput *input);
/* So that the mutations have something to work on: a schedule becomes bytes in data. Returns their number. */
size_t   trio_fuzz_input_to_bytes   (const TrioScenario *scenario, TrioSimInject inject, uint8_t *data, size_t size, size_t max_size);
/* Fills the map, once. */
void     trio_fuzz_map_make         (const TrioScenario *scenario, TrioSimInject inject);
