/* SPDX-License-Identifier: MIT OR Apache-2.0 */

/* JSON for --json: enough to write one object a line. */

#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* Appends "key": as the next member of the object that is open in @out; then append the value. */
void trio_cli_json_key     (GString *out, const char *key);
/* A string with quotes; what is no UTF-8 becomes U+FFFD; NULL is null. */
void trio_cli_json_string  (GString *out, const char *text);
void trio_cli_json_member  (GString *out, const char *key, const char *text);
void trio_cli_json_number  (GString *out, const char *key, guint64 number);
void trio_cli_json_boolean (GString *out, const char *key, gboolean value);
/* 16 hexadecimal digits as a string: a double cannot hold it. */
void trio_cli_json_hash    (GString *out, const char *key, guint64 hash);

G_END_DECLS
