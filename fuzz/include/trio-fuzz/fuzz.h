/* SPDX-License-Identifier: MIT OR Apache-2.0 */

/* Fuzzing schedules: libFuzzer's bytes are the answers on the tape, so that its mutations are other orders, delays and faults. A
 * whole target is
 *
 *   #include <trio-fuzz/fuzz.h>
 *
 *   static const TrioScenario scenario = { "shop", shop_main, NULL, "customers and one cashier" };
 *
 *   TRIO_FUZZ_TARGET (&scenario, TRIO_SIM_INJECT_NONE)
 *
 * Built with clang's -fsanitize=fuzzer it is a libFuzzer program; without, this library has a main for it that takes the same
 * common flags. Either way the program also knows the simulator's own commands, and one more:
 *
 *   PROG FLAGS… CORPUS…                          fuzz, or run the corpus
 *   PROG replay SCHEDULE                         and list, explore, sweep, shrink: as with trio_sim_main()
 *   PROG to-schedule ARTIFACT [SCHEDULE]         what libFuzzer kept, as a schedule file
 *
 * A run that fails is told in words, kept as a schedule file beside libFuzzer's artifact, and ends the program with abort(). */

#pragma once

#include <trio-sim/sim.h>

#include <stddef.h>
#include <stdint.h>

G_BEGIN_DECLS

/**
 * TRIO_FUZZ_TARGET:
 * @scenario: what to run: an expression that gives a `const TrioScenario *`, evaluated for each input
 * @inject: what may be injected; a #TrioSimInject
 *
 * Defines the two functions that libFuzzer calls. Once in a program, without a semicolon.
 */
#define TRIO_FUZZ_TARGET(scenario, inject)                                        \
  int LLVMFuzzerInitialize (int *argc, char ***argv);                             \
  int LLVMFuzzerTestOneInput (const uint8_t *data, size_t size);                  \
                                                                                  \
  int                                                                             \
  LLVMFuzzerInitialize (int *argc, char ***argv)                                  \
  {                                                                               \
    trio_fuzz_initialize ((scenario), (inject), *argc, *argv);                    \
    return 0;                                                                     \
  }                                                                               \
                                                                                  \
  int                                                                             \
  LLVMFuzzerTestOneInput (const uint8_t *data, size_t size)                       \
  {                                                                               \
    return trio_fuzz_one_input ((scenario), (inject), data, size);                \
  }

/**
 * trio_fuzz_initialize:
 * @scenario: what is run
 * @inject: what may be injected
 * @argc: of main()
 * @argv: of main()
 *
 * Looks at the command line. If it is one of the commands above, it is done and the program ends, with the exit codes of
 * trio_sim_main(). Otherwise it remembers where artifacts are to be kept (-artifact_prefix), and returns.
 */
TRIO_API void trio_fuzz_initialize  (const TrioScenario *scenario, TrioSimInject inject, int argc, char **argv);

/**
 * trio_fuzz_one_input:
 * @scenario: what to run
 * @inject: what may be injected
 * @data: the answers; when they are used up, all further ones are dull
 * @size: how many bytes
 *
 * Runs @scenario once. If the run fails, prints the failure in words, keeps its schedule and aborts.
 *
 * Returns: 0
 */
TRIO_API int trio_fuzz_one_input    (const TrioScenario *scenario, TrioSimInject inject, const uint8_t *data, size_t size);

/**
 * trio_fuzz_to_schedule:
 * @scenario: what to run
 * @inject: what may be injected
 * @data: the answers
 * @size: how many bytes
 * @path: the schedule file to write
 * @verdict: (out) (optional): what the run came to
 * @error: where it says why there is no file
 *
 * Runs @scenario once and writes its decisions to a schedule file, which replay and shrink accept. The file is kept up to date
 * during the run: if the run kills the program, the file says how it came there.
 *
 * Errors: %TRIO_ERROR_MISUSE; %G_FILE_ERROR and %G_IO_ERROR if the file cannot be written.
 *
 * Returns: %TRUE if the file was written, whatever the run came to
 */
TRIO_API gboolean trio_fuzz_to_schedule (const TrioScenario *scenario, TrioSimInject inject, const uint8_t *data, size_t size,
                                         const char *path, TrioSimVerdict *verdict, GError **error);

G_END_DECLS
