/* SPDX-License-Identifier: MIT OR Apache-2.0 */

/* A receiver that calls a function instead of keeping signals for a task. For the files of this folder; thread of the run. */

#pragma once

#include <trio/signal.h>

/* From the run's loop, or from the task that closes a later receiver. Must not suspend, and not close the receiver. */
typedef void (*TrioSignalFunc) (int number, gpointer data);

/* caller is the name of the public function, for the messages. func: NULL, to keep them. */
TrioSignalReceiver *trio_signal_receiver_new (const char *caller, const int *signals, TrioSignalFunc func, gpointer data, GError **error)
  G_GNUC_WARN_UNUSED_RESULT;
