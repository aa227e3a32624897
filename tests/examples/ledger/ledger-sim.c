/* SPDX-License-Identifier: MIT OR Apache-2.0 */

/* ledger-sim: days at the bank, in the simulator. This file, and only this one, knows that there is one. */

#include "scenarios.h"

int
main (int argc, char **argv)
{
  return trio_sim_main (argc, argv, ledger_scenarios ());
}
