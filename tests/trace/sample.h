/* SPDX-License-Identifier: MIT OR Apache-2.0 */

/* Made-up traces for the tests of the format and the tool, written through the codec, without a run. */

#pragma once

#include "trace/codec.h"

G_BEGIN_DECLS

/* The worked example of trace/README.md: one task that says hello. */
GByteArray *sample_hello  (void);

/* A ledger server with three clients; one decision about the order, one cancellation that cuts a transfer in half; `rounds` of
 * it. */
GByteArray *sample_ledger (guint rounds);

/* Like hello, with these words in every name and text. */
GByteArray *sample_named  (const char *name);

/* Like hello, but with a record and a definition of types that version 1 does not know, and with a field too many. */
GByteArray *sample_future (void);

G_END_DECLS
