/* SPDX-License-Identifier: MIT OR Apache-2.0 */

/* What the tests of the real world share. */

#pragma once

#include <trio/trio.h>

/* Runs a body that must succeed. */
#define run_ok(func, data)                                  \
  G_STMT_START                                              \
    {                                                       \
      GError *run_error_ = NULL;                            \
      gboolean run_ok_ = trio_run ((func), (data), &run_error_); \
      g_assert_no_error (run_error_);                       \
      g_assert_true (run_ok_);                              \
    }                                                       \
  G_STMT_END

/* Computes for that long. */
static inline void
compute (gint64 span_us)
{
  gint64 until = g_get_monotonic_time () + span_us;

  while (g_get_monotonic_time () < until)
    ;
}
