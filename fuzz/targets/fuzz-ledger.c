/* SPDX-License-Identifier: MIT OR Apache-2.0 */

/* The schedule of the ledger's joint account, from bytes. It finds the overdraft. */

#include <trio-fuzz/fuzz.h>

#include "tests/examples/ledger/scenarios.h"

TRIO_FUZZ_TARGET (ledger_scenario ("overdraft"), TRIO_SIM_INJECT_NONE)
