/* SPDX-License-Identifier: MIT OR Apache-2.0 */

/* The tables of what this folder makes selectable. */

#pragma once

#include <trio/lowlevel/select.h>

extern const TrioSelectable trio_event_selectable;
extern const TrioSelectable trio_future_selectable;
extern const TrioSelectable trio_send_selectable;
extern const TrioSelectable trio_receive_selectable;
extern const TrioSelectable trio_broadcast_selectable;
