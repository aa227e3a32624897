/* SPDX-License-Identifier: MIT OR Apache-2.0 */

/* The results of campaigns for programs that run tests: TAP on stdout, JUnit's XML in a file. One test case is one scenario under one command,
 * since that is what stays the same from day to day; what was found there is told in it.
 *
 *     TAP     the plan; all else as comments; "ok" or "not ok" for each scenario; "Bail out!" if Ctrl-C came before the last
 *     JUnit   <testsuites> <testsuite name="PROGRAM"> <testcase classname="PROGRAM.COMMAND" name="SCENARIO"> <failure> … one for each failure,
 *             <error> if no run could be made, <skipped> if Ctrl-C came before the search had ended and nothing was found
 *
 * Sources: the TAP 13 specification; JUnit's format as Jenkins' xunit plugin has it in its schema, junit-10.xsd. */

#pragma once

#include "simulator/cli/campaign.h"

G_BEGIN_DECLS

void trio_cli_tap_begin   (const TrioCliCampaign *campaign);
/* @campaigns: of TrioCliCampaign, not empty for the file; those that were done, also in part. */
void trio_cli_tap_end     (const GPtrArray *campaigns);
void trio_cli_junit_write (const GPtrArray *campaigns);

G_END_DECLS
