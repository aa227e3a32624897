/* SPDX-License-Identifier: MIT OR Apache-2.0 */

/* A trace as JSON, for the page. Safe inside a <script> element of a web page: no '<', '>' or '&' is written as itself, so that
 * no name can end the element.
 *
 *   { "program": "…", "virtual": true, "cut": "…" or null, "unknown": 0,
 *     "tasks":  [ [serial, parent, label, path, is init], … ],         in order of birth
 *     "names":  [ "", "main", … ],                                     what fields of kind "name" index
 *     "shapes": { "34": ["step-begun", "task"], … },                   the fields of each type, in order; a name ends with "$"
 *     "events": [ [type, time in µs, fields…], … ] } */

#pragma once

#include "trace/tool/model.h"

G_BEGIN_DECLS

void trace_append_json (GString *out, const Trace *trace);

G_END_DECLS
