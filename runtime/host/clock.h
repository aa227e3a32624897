/* SPDX-License-Identifier: MIT OR Apache-2.0 */

/* The real clock: GLib's monotonic one, which is also the one that GLib's own timeouts are measured by; and the wall clock beside it. */

#pragma once

#include <trio/seam/clock.h>

TrioClock *trio_monotonic_clock (void);
