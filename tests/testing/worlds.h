/* SPDX-License-Identifier: MIT OR Apache-2.0 */

/* One body, three worlds: the mock world of the kernel's tests, the real one, and the simulator with many schedules. */

#pragma once

#include <trio/testing.h>

#include "tests/core/mock-world.h"
#include "tests/parity/parity.h"

/* Adds /mock/PATH, /host/PATH and, where there is a simulator, /sim/PATH. */
void worlds_add (const char *path, TrioFunc body);
