/* SPDX-License-Identifier: MIT OR Apache-2.0 */

/* What the tests of the command line share: they start the program of planted.c, whose path is their own first argument, in an
 * empty directory of their own, and look at what comes out. */

#pragma once

#include <glib.h>

#include <string.h>

typedef struct
{
  int   exit_code;
  char *out;
  char *err;
} Output;

void        output_clear      (Output *output);

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Output, output_clear)

/* First and last in main(). */
void        harness_begin     (int *argc, char ***argv);
int         harness_run       (void);

const char *harness_program   (void);
const char *harness_directory (void);

/* Runs `planted` with the words of @arguments. */
Output      run               (const char *arguments);

void        assert_has        (const char *text, const char *part);
void        assert_has_not    (const char *text, const char *part);

/* What a line of JSON says behind "key": up to the next comma or bracket, without quotes. */
char       *value_of          (const char *json, const char *key);
char       *last_line         (const char *text);

/* Names in the directory. */
char       *in_directory      (const char *name);
char       *read_file         (const char *name);
void        write_file        (const char *name, const char *text);

char       *replaced          (const char *text, const char *from, const char *to);

/* Adds a test under the name of its function. */
#define ADD(test) g_test_add_func ("/cli/" #test, test)
