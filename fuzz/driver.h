/* SPDX-License-Identifier: MIT OR Apache-2.0 */

/* What the stand-in main and the driver tell each other. */

#pragma once

#include <trio-fuzz/fuzz.h>

/* libFuzzer writes an input that fails to a file; the stand-in main asks the driver to do so. */
void trio_fuzz_write_artifacts (gboolean yes);
