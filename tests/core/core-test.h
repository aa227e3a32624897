/* SPDX-License-Identifier: MIT OR Apache-2.0 */

/* The kernel's tests under every order. A test function runs its bodies with mock_run(); registered here it is called
 *
 *     /PATH            once; mock_run() is the mock world: first in, first out, as in production
 *     /random/PATH     a thousand times; mock_run() is the simulator, each time with another seed, and sometimes one twice; or, for a test
 *                      that cannot do without the mock world, that with any runnable task next
 *     /sweep/PATH      as often as there are occasions; mock_run() is the simulator, and at one checkpoint of one of the runs a scope
 *                      of the task that checks in is cancelled, or Ctrl-C is pressed
 *
 * What a test cannot promise it says where it is registered, and why: the order of production, or what comes of it when somebody else
 * cancels.
 *
 * In a sweep the run that was disturbed must end well, as always: no deadlock, no leak, no invariant broken, and no other error than
 * the one that was injected, unless it fails undisturbed as well. The test function ends there: what it would go on to
 * say was said of a run that nobody disturbs. Bodies return when a checkpoint fails, and assert only what holds then too.
 *
 * A failure names its seed or its occasion: CORE_TEST_ONLY=N with -p /random/PATH is that one again. */

#pragma once

#include "tests/core/mock-world.h"

typedef void (*CoreTestFunc) (void);

/* In any order, with any cancellation. */
void core_test_add             (const char *path, CoreTestFunc test);
/* In any order, but it asserts what comes of it when nobody else cancels or interrupts. */
void core_test_add_undisturbed (const char *path, CoreTestFunc test, const char *why);
/* In any order, but in the mock world only: it drives the loop itself, or has options, instruments or a choice of its own. */
void core_test_add_mock        (const char *path, CoreTestFunc test, const char *why);
/* In the mock world and in the order of production only. */
void core_test_add_ordered     (const char *path, CoreTestFunc test, const char *why);
