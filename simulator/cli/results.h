/* SPDX-License-Identifier: MIT OR Apache-2.0 */

/* The results of campaigns for programs that run tests: TAP on stdout, JUnit's XML in a file. A scenario under one command is a test case, since
 * that stays the same from day to day, and each failure that was found there is one more, which begins with the command that replays it.
 *
 *     TAP     all else as comments; then for each scenario "ok", or "not ok" and behind it one for each failure, with YAML that tells of it; the
 *             plan; in place of it "Bail out!" if Ctrl-C came before the last scenario
 *     JUnit   <testsuite name="PROGRAM.COMMAND.SCENARIO"> <properties> (seed, strategy, runs …)
 *                 <testcase classname="PROGRAM.COMMAND" name="SCENARIO">                 <failure> if anything was found, <error> if no run could
 *                                                                                        be made, <skipped> if Ctrl-C came first
 *                 <testcase classname="PROGRAM.COMMAND.SCENARIO" name="KIND: NAME">      <failure>, one for each
 *
 * Sources: the TAP 13 specification; JUnit's format as Jenkins' xunit plugin has it in its schema, junit-10.xsd. */

#pragma once

#include "simulator/cli/campaign.h"

G_BEGIN_DECLS

void trio_cli_tap_begin   (void);
/* @campaigns: of TrioCliCampaign, not empty for the file; those that were done, also in part. */
void trio_cli_tap_end     (const GPtrArray *campaigns);
void trio_cli_junit_write (const GPtrArray *campaigns);

G_END_DECLS
