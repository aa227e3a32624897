/* SPDX-License-Identifier: MIT OR Apache-2.0 */

/* A schedule as text: what a person gets, reads, edits and commits.
 *
 *     trio-schedule 1
 *     program: ledger
 *     scenario: transfers
 *     strategy: random
 *     seed: 17
 *     run: 214
 *     inject: cancel
 *     heal-after-us: 5000000
 *     heal-within-us: 60000000
 *     escapes: allow             (only if calls that leave the simulation were let through)
 *     expects: always "balances add up"
 *     place: bank.c:41
 *     steps: 96
 *     hash: 0x7d1f0a9c52e8b364
 *
 *     main/client#2 schedule 3 = 1/2 -> main/client @41 step 17   # client ran before client#2
 *     main/serve cancel 12 = 1/3 @57 step 22                      # …
 *     main/client fault.refuse 1 = 1/2 onwards @60 step 23        # …, and each time from then on
 *     main/setter schedule 3 = 1/4 14 times @6 step 7             # setter was held back: 14 times somebody else went first
 *     main/setter schedule 4 = 3/4 running on -> main/checker @9 step 9   # checker ran as long as it could before setter
 *     end
 *
 * Always true:
 *  1. The first line names the format and its version; `end` is the last: a file without it was cut off.
 *  2. A decision is PATH LABEL ORDINAL = VALUE/BOUND, then, each optional, onwards or N times, running on, -> TARGET, @INDEX, step STEP, # words.
 *     The world itself, which is no task, is written as a lone hyphen.
 *  3. A word that would be misread (empty, with a space, …) stands in double quotes with C escapes.
 *  4. Blank lines and lines that begin with # mean nothing. Header lines may be left out; they come before the decisions.
 *  5. An error says file, line, what was found and what was expected there; nothing is guessed or skipped.
 *
 * schedule-write.c writes it, schedule-read.c reads it; this is what the two must agree on. */

#pragma once

#include "simulator/schedule-build.h"

G_BEGIN_DECLS

#define TRIO_SCHEDULE_MAGIC   "trio-schedule"
#define TRIO_SCHEDULE_VERSION 1
#define TRIO_SCHEDULE_END     "end"
#define TRIO_SCHEDULE_WORLD   "-"

typedef struct
{
  const char    *name;
  TrioSimInject  kind;
} TrioScheduleInjectKind;

static const TrioScheduleInjectKind trio_schedule_inject_kinds[] = {
  { "cancel", TRIO_SIM_INJECT_CANCEL },
  { "interrupt", TRIO_SIM_INJECT_INTERRUPT },
  { "fault", TRIO_SIM_INJECT_FAULT },
};

G_END_DECLS
