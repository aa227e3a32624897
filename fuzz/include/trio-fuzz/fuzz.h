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
 * common flags. Either way the program also knows the simulator's own commands, and three more:
 *
 *   PROG FLAGS… CORPUS…                          fuzz, or run the corpus
 *   PROG replay SCHEDULE                         and list, explore, sweep, exhaust, shrink: as with trio_sim_main()
 *   PROG to-schedule INPUT [SCHEDULE]            what libFuzzer kept, as a schedule file
 *   PROG to-bytes SCHEDULE [INPUT]               and back: an input that gives the run of that schedule
 *   PROG shrink-input INPUT [SCHEDULE]           to-schedule, and then shrink: the decisions that matter, and why
 *
 * An input may also be the text of a schedule, as a schedule file has it: so a corpus can be a folder of schedules.
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
 * Defines the functions that libFuzzer calls. Once in a program, without a semicolon.
 */
#define TRIO_FUZZ_TARGET(scenario, inject)                                        \
  int LLVMFuzzerInitialize (int *argc, char ***argv);                             \
  int LLVMFuzzerTestOneInput (const uint8_t *data, size_t size);                  \
  size_t LLVMFuzzerCustomMutator (uint8_t *data, size_t size, size_t max_size, unsigned int seed);                      \
  size_t LLVMFuzzerCustomCrossOver (const uint8_t *first, size_t first_size, const uint8_t *second, size_t second_size, \
                                    uint8_t *out, size_t max_size, unsigned int seed);                                  \
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
  }                                                                               \
                                                                                  \
  size_t                                                                          \
  LLVMFuzzerCustomMutator (uint8_t *data, size_t size, size_t max_size, unsigned int seed)                              \
  {                                                                               \
    return trio_fuzz_mutate ((scenario), (inject), data, size, max_size, seed);   \
  }                                                                               \
                                                                                  \
  size_t                                                                          \
  LLVMFuzzerCustomCrossOver (const uint8_t *first, size_t first_size, const uint8_t *second, size_t second_size,        \
                             uint8_t *out, size_t max_size, unsigned int seed)    \
  {                                                                               \
    return trio_fuzz_cross_over ((scenario), (inject), first, first_size, second, second_size, out, max_size, seed);    \
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
 * @data: the answers; when they are used up, all further ones are dull. Or the text of a schedule
 * @size: how many bytes
 *
 * Runs @scenario once. If the run fails, prints the failure in words, keeps its schedule and aborts.
 *
 * Returns: 0
 */
TRIO_API int trio_fuzz_one_input    (const TrioScenario *scenario, TrioSimInject inject, const uint8_t *data, size_t size);

/**
 * trio_fuzz_mutate:
 * @scenario: what is run
 * @inject: what may be injected
 * @data: (inout): an input, with room for @max_size bytes
 * @size: how long it is
 * @max_size: how long it may become
 * @seed: what the mutation is drawn from
 *
 * Changes a few decisions of an input and leaves all others at their questions: inserts, deletes and moves decisions, gives them other
 * values, lengthens spans of equal ones and turns spans over. With `--trio-plain` on the command line it is libFuzzer's own
 * mutation of bytes instead.
 *
 * Returns: how long the input is now
 */
TRIO_API size_t trio_fuzz_mutate     (const TrioScenario *scenario, TrioSimInject inject, uint8_t *data, size_t size, size_t max_size,
                                      unsigned int seed);

/**
 * trio_fuzz_cross_over:
 * @scenario: what is run
 * @inject: what may be injected
 * @first: an input
 * @first_size: how long it is
 * @second: another
 * @second_size: how long that is
 * @out: room for the result
 * @max_size: how much
 * @seed: what the place is drawn from
 *
 * Splices two inputs: what @first decides before some question, and what @second decides from there on, each at its question.
 *
 * Returns: how long the result is
 */
TRIO_API size_t trio_fuzz_cross_over (const TrioScenario *scenario, TrioSimInject inject, const uint8_t *first, size_t first_size,
                                      const uint8_t *second, size_t second_size, uint8_t *out, size_t max_size, unsigned int seed);

/**
 * trio_fuzz_to_schedule:
 * @scenario: what to run
 * @inject: what may be injected
 * @data: the answers, or the text of a schedule
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

/**
 * trio_fuzz_to_bytes:
 * @scenario: what to run
 * @inject: what may be injected when the bytes are read
 * @schedule: a schedule of it
 * @error: where it says why there are none
 *
 * Runs @scenario once as @schedule has it, and gives the input that leads to the same run.
 *
 * Errors: %TRIO_ERROR_MISUSE; also if @schedule injects what @inject does not have.
 *
 * Returns: (transfer full): the bytes; %NULL with @error
 */
TRIO_API GBytes *trio_fuzz_to_bytes  (const TrioScenario *scenario, TrioSimInject inject, const TrioSchedule *schedule, GError **error)
  G_GNUC_WARN_UNUSED_RESULT;

G_END_DECLS
