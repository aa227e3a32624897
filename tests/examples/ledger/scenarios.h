/* SPDX-License-Identifier: MIT OR Apache-2.0 */

/* The ledger's scenarios, for whoever searches them: the simulator's command line, the fuzzer, the tests. */

#pragma once

#include <trio-sim/sim.h>

/* The list ends with { NULL }. Loads the books the first time; a mistake in them ends the program, with a sentence. */
const TrioScenario *ledger_scenarios (void);

/* The one of that name. */
const TrioScenario *ledger_scenario  (const char *name);
