/* SPDX-License-Identifier: MIT OR Apache-2.0 */

/* For tests of programs that use this runtime; in the same library, so that a test needs nothing else. What runs a test under many
 * schedules is <trio-sim/test.h>, in the simulator's library.
 *
 *     <trio/testing/mock-clock.h>      a clock that stands, runs faster, or jumps to the next deadline
 *     <trio/testing/checkpoints.h>     waiting until everybody waits; was that a checkpoint?
 *     <trio/testing/sequencer.h>       tasks that go on in a given order
 *     <trio/testing/memory-stream.h>   streams in memory: with buffers to look into, or in lock-step
 *     <trio/testing/check-stream.h>    does this stream keep all the promises of a stream? */

#pragma once

#include <trio/testing/mock-clock.h>
#include <trio/testing/checkpoints.h>
#include <trio/testing/sequencer.h>
#include <trio/testing/memory-stream.h>
#include <trio/testing/check-stream.h>
