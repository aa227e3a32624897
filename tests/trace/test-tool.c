/* SPDX-License-Identifier: MIT OR Apache-2.0 */

/* trio-trace as a person meets it: what it prints, where, and with which exit code. */

#include "tests/trace/sample.h"
#include "tests/trace/tool-test.h"

#include <string.h>
#include <unistd.h>

static void
assert_contains (const char *text, const char *part)
{
  if (strstr (text, part) == NULL)
    g_error ("“%s” is not in:\n%s", part, text);
}

static void
assert_lacks (const char *text, const char *part)
{
  if (strstr (text, part) != NULL)
    g_error ("“%s” is in:\n%s", part, text);
}

static guint
count_lines (const char *text)
{
  guint n = 0;

  for (; *text != '\0'; text++)
    n += *text == '\n';
  return n;
}

static GByteArray *
cut (GByteArray *bytes, guint length)
{
  return g_byte_array_set_size (bytes, length);
}

/* --- dump --- */

static void
test_dump_prints_what_the_readme_shows (void)
{
  g_autoptr (Tool) tool = tool_new ();
  g_autofree char *file = tool_write (tool, "hello.trace", sample_hello ());
  g_autofree char *path = g_test_build_filename (G_TEST_DIST, "README.md", NULL);
  g_autofree char *readme = NULL;

  g_assert_true (g_file_get_contents (path, &readme, NULL, NULL));
  tool_run (tool, "dump", file, NULL);
  g_assert_cmpint (tool->code, ==, 0);
  g_assert_cmpstr (tool->err, ==, "");
  g_assert_cmpuint (count_lines (tool->out), ==, 14);
  assert_contains (readme, tool->out);
}

static void
test_dump_keeps_each_event_on_its_line_whatever_it_is_called (void)
{
  g_autoptr (Tool) tool = tool_new ();
  g_autofree char *file = tool_write (tool, "a.trace", sample_named ("two\nlines\x1b[31m"));

  tool_run (tool, "dump", file, NULL);
  g_assert_cmpint (tool->code, ==, 0);
  g_assert_cmpuint (count_lines (tool->out), ==, 17);
  assert_contains (tool->out, "two\\nlines\\x1b[31m");
  assert_lacks (tool->out, "\x1b");
}

static void
test_a_cut_file_is_shown_up_to_the_cut_with_a_warning_and_code_1 (void)
{
  g_autoptr (Tool) tool = tool_new ();
  g_autofree char *file = tool_write (tool, "a.trace", cut (sample_hello (), 60));
  const char *commands[] = { "dump", "tree", "html" };

  for (guint i = 0; i < G_N_ELEMENTS (commands); i++)
    {
      tool_run (tool, commands[i], file, NULL);
      g_assert_cmpint (tool->code, ==, 1);
      assert_contains (tool->err, "a.trace: truncated at byte 60 in record 7: 6 records could be read\n");
      g_assert_cmpstr (tool->out, !=, "");
    }
}

static void
test_records_of_a_newer_kind_do_no_harm (void)
{
  g_autoptr (Tool) tool = tool_new ();
  g_autofree char *file = tool_write (tool, "a.trace", sample_future ());

  tool_run (tool, "dump", file, NULL);
  g_assert_cmpint (tool->code, ==, 0);
  assert_contains (tool->out, "main             returns\n");
}

static void
test_what_cannot_be_read_is_refused_with_code_2 (void)
{
  g_autoptr (Tool) tool = tool_new ();
  GByteArray *foreign_bytes = g_byte_array_append (g_byte_array_new (), (const guint8 *) "%PDF-1.7", 8);
  g_autofree char *foreign = tool_write (tool, "foreign", foreign_bytes);
  GByteArray *newer_bytes = sample_hello ();
  const char *commands[] = { "dump", "tree", "html" };

  newer_bytes->data[8] = 2;
  g_autofree char *newer = tool_write (tool, "newer.trace", newer_bytes);

  for (guint i = 0; i < G_N_ELEMENTS (commands); i++)
    {
      tool_run (tool, commands[i], foreign, NULL);
      g_assert_cmpint (tool->code, ==, 2);
      g_assert_cmpstr (tool->out, ==, "");
      assert_contains (tool->err, "foreign: not a trio trace (starts with 25 50 44 46 2d 31 2e 37 \"%PDF-1.7\")\n");

      tool_run (tool, commands[i], newer, NULL);
      g_assert_cmpint (tool->code, ==, 2);
      assert_contains (tool->err, "newer.trace: version 2, this tool reads 1\n");

      tool_run (tool, commands[i], "no-such-file", NULL);
      g_assert_cmpint (tool->code, ==, 2);
      assert_contains (tool->err, "no-such-file");
    }
}

static void
test_a_full_disk_is_not_a_success (void)
{
  g_autoptr (Tool) tool = tool_new ();
  g_autofree char *file = tool_write (tool, "a.trace", sample_ledger (50));
  g_autofree char *line = g_strdup_printf ("\"$0\" dump %s >/dev/full", file);
  char *argv[] = { "sh", "-c", line, (char *) g_getenv ("TRIO_TRACE_TOOL"), NULL };

  if (!g_file_test ("/dev/full", G_FILE_TEST_EXISTS))
    {
      g_test_skip ("there is no /dev/full");
      return;
    }
  tool_spawn (tool, argv);
  g_assert_cmpint (tool->code, ==, 2);
  assert_contains (tool->err, "could not write");
}

/* --- usage --- */

static void
test_help_is_printed_when_asked_for (void)
{
  g_autoptr (Tool) tool = tool_new ();
  const char *commands[] = { "dump", "diff", "tree", "html" };

  tool_run (tool, "--help", NULL);
  g_assert_cmpint (tool->code, ==, 0);
  for (guint i = 0; i < G_N_ELEMENTS (commands); i++)
    {
      g_autofree char *usage = g_strdup_printf ("trio-trace %s ", commands[i]);

      assert_contains (tool->out, usage);
    }
  for (guint i = 0; i < G_N_ELEMENTS (commands); i++)
    {
      g_autofree char *usage = g_strdup_printf ("Usage:\n  trio-trace %s ", commands[i]);

      tool_run (tool, commands[i], "--help", NULL);
      g_assert_cmpint (tool->code, ==, 0);
      assert_contains (tool->out, usage);
    }
}

static void
test_wrong_usage_is_explained_with_code_2 (void)
{
  g_autoptr (Tool) tool = tool_new ();

  tool_run (tool, NULL);
  g_assert_cmpint (tool->code, ==, 2);
  assert_contains (tool->err, "trio-trace dump FILE");
  tool_run (tool, "paint", NULL);
  g_assert_cmpint (tool->code, ==, 2);
  assert_contains (tool->err, "there is no command “paint”");
  tool_run (tool, "dump", NULL);
  g_assert_cmpint (tool->code, ==, 2);
  assert_contains (tool->err, "trio-trace dump: needs one file\n");
  tool_run (tool, "diff", "one", NULL);
  g_assert_cmpint (tool->code, ==, 2);
  assert_contains (tool->err, "trio-trace diff: needs two files\n");
  tool_run (tool, "tree", "--sideways", "one", NULL);
  g_assert_cmpint (tool->code, ==, 2);
  assert_contains (tool->err, "--sideways");
  tool_run (tool, "diff", "--context", "-3", "a", "b", NULL);
  g_assert_cmpint (tool->code, ==, 2);
}

/* --- diff --- */

static void
test_diff_of_the_same_run_is_silent_about_it_with_code_0 (void)
{
  g_autoptr (Tool) tool = tool_new ();
  g_autofree char *a = tool_write (tool, "a.trace", sample_ledger (2));
  g_autofree char *b = tool_write (tool, "b.trace", sample_ledger (2));

  tool_run (tool, "diff", a, b, NULL);
  g_assert_cmpint (tool->code, ==, 0);
  g_assert_true (g_str_has_prefix (tool->out, "the same: "));
}

static void
test_diff_shows_the_first_event_that_differs_and_what_came_before (void)
{
  g_autoptr (Tool) tool = tool_new ();
  /* The two agree until the end of round 1, which is fatal in the one. */
  g_autofree char *a = tool_write (tool, "a.trace", sample_ledger (1));
  g_autofree char *b = tool_write (tool, "b.trace", sample_ledger (2));
  const char *parting, *before;

  tool_run (tool, "diff", "--context", "1", a, b, NULL);
  g_assert_cmpint (tool->code, ==, 1);
  g_assert_true (g_str_has_prefix (tool->out, "the same for "));
  before = strstr (tool->out, "handle_client#2  waits in trio_stream_receive_some, from client\n");
  parting = strstr (tool->out, "\nA   ");
  g_assert_nonnull (before);
  g_assert_nonnull (parting);
  g_assert_true (before < parting);
  assert_contains (parting, "decided: cancel = 1 of 0…3");
  assert_contains (strstr (parting, "\nB   "), "handle_client    runs\n");
  g_assert_cmpuint (count_lines (tool->out), ==, 12);
}

static void
test_diff_with_a_cut_file_has_nothing_more_on_that_side (void)
{
  g_autoptr (Tool) tool = tool_new ();
  g_autofree char *a = tool_write (tool, "a.trace", sample_hello ());
  g_autofree char *b = tool_write (tool, "b.trace", cut (sample_hello (), 60));

  tool_run (tool, "diff", a, b, NULL);
  g_assert_cmpint (tool->code, ==, 1);
  assert_contains (tool->out, "the same for 5 events, then they part");
  assert_contains (tool->out, "B   (nothing more)\n");
  assert_contains (tool->err, "truncated");
}

/* Without virtual time two runs never have the same times, and that is no difference. */
static void
test_diff_ignores_the_times_of_real_clocks_unless_told (void)
{
  g_autoptr (Tool) tool = tool_new ();
  GByteArray *slower = sample_hello ();
  GByteArray *faster = sample_hello ();

  /* The flags; then the lowest byte of the 250,000 µs that pass. */
  slower->data[10] = faster->data[10] = 0;
  for (guint i = 0; i + 1 < slower->len; i++)
    if (slower->data[i] == 0x29 && slower->data[i + 2] == 0x90)
      slower->data[i + 2]++;
  g_autofree char *a = tool_write (tool, "a.trace", slower);
  g_autofree char *b = tool_write (tool, "b.trace", faster);

  tool_run (tool, "diff", a, b, NULL);
  g_assert_cmpint (tool->code, ==, 0);
  assert_contains (tool->out, "times not compared");
  tool_run (tool, "diff", "--times", a, b, NULL);
  g_assert_cmpint (tool->code, ==, 1);
  assert_contains (tool->out, "A       0.250001");
}

/* --- tree --- */

static void
test_tree_tells_how_each_task_ended_or_what_it_waits_for (void)
{
  g_autoptr (Tool) tool = tool_new ();
  g_autofree char *file = tool_write (tool, "a.trace", sample_ledger (1));

  tool_run (tool, "tree", file, NULL);
  g_assert_cmpint (tool->code, ==, 0);
  g_assert_true (g_str_has_prefix (tool->out, "main "));
  assert_contains (tool->out, "\n│  ├─ handle_client#2 ");
  assert_contains (tool->out, "  cancelled: injected at trio_lock_acquire\n");
  assert_contains (tool->out, "  FAILED: Broken pipe\n");
  assert_contains (tool->out, "  WAITS in trio_listener_accept, port 7070 since 0.001000\n");
  assert_contains (tool->out, "\n└─ client#3 ");
  assert_contains (tool->out, "\noutcome: FAILED: always: balances add up\n");
}

/* --- html --- */

static void
test_html_goes_beside_the_trace_or_where_it_is_told (void)
{
  g_autoptr (Tool) tool = tool_new ();
  g_autofree char *file = tool_write (tool, "a.trace", sample_hello ());
  g_autofree char *beside = tool_path (tool, "a.html");
  g_autofree char *told = tool_path (tool, "told.html");
  g_autofree char *link = tool_path (tool, "link.html");
  g_autofree char *page = NULL;
  g_autofree char *line = g_strconcat (beside, "\n", NULL);

  tool_run (tool, "html", file, NULL);
  g_assert_cmpint (tool->code, ==, 0);
  g_assert_cmpstr (tool->out, ==, line);
  g_assert_true (g_file_test (beside, G_FILE_TEST_IS_REGULAR));
  tool_run (tool, "html", file, "-o", told, NULL);
  g_assert_cmpint (tool->code, ==, 0);
  g_assert_true (g_file_test (told, G_FILE_TEST_IS_REGULAR));
  /* What has that name stays what it is. */
  g_assert_cmpint (symlink ("told.html", link), ==, 0);
  g_assert_cmpint (truncate (told, 0), ==, 0);
  tool_run (tool, "html", file, "-o", link, NULL);
  g_assert_cmpint (tool->code, ==, 0);
  g_assert_true (g_file_test (link, G_FILE_TEST_IS_SYMLINK));
  g_assert_true (g_file_get_contents (told, &page, NULL, NULL) && g_str_has_prefix (page, "<!DOCTYPE html>"));
  tool_run (tool, "html", file, "-o", "-", NULL);
  g_assert_true (g_str_has_prefix (tool->out, "<!DOCTYPE html>"));
  tool_run (tool, "html", file, "-o", "no-such-folder/a.html", NULL);
  g_assert_cmpint (tool->code, ==, 2);
  assert_contains (tool->err, "could not write the page “no-such-folder/a.html”: No such file or directory");
}

static void
test_html_needs_no_network (void)
{
  g_autoptr (Tool) tool = tool_new ();
  g_autofree char *file = tool_write (tool, "a.trace", sample_ledger (2));
  const char *links[] = { "http:", "https:", "//cdn", " src=", " href=", "@import", "url(", "fetch (", "XMLHttp", "WebSocket" };

  tool_run (tool, "html", file, "-o", "-", NULL);
  g_assert_cmpint (tool->code, ==, 0);
  for (guint i = 0; i < G_N_ELEMENTS (links); i++)
    assert_lacks (tool->out, links[i]);
  /* And the browser is told so. */
  assert_contains (tool->out, "content=\"default-src 'none';");
}

/* Whatever a program calls its tasks, the names stay names. */
static void
test_html_escapes_names (void)
{
  g_autoptr (Tool) tool = tool_new ();
  g_autofree char *file = tool_write (tool, "a.trace", sample_named ("</script><script>alert('x')</script>{{data}}&amp;\"\\"));

  tool_run (tool, "html", file, "-o", "-", NULL);
  g_assert_cmpint (tool->code, ==, 0);
  assert_lacks (tool->out, "<script>alert");
  assert_contains (tool->out, "\\u003c/script\\u003e\\u003cscript\\u003ealert('x')\\u003c/script\\u003e{{data}}"
                              "\\u0026amp;\\\"\\\\");
  assert_contains (tool->out, "<title>&lt;/script>&lt;script>alert('x')&lt;/script>{{data}}&amp;amp;");
}

/* It may be that of each of a million tasks. */
static void
test_of_a_name_without_end_a_part_is_shown (void)
{
  g_autoptr (Tool) tool = tool_new ();
  g_autoptr (GString) name = g_string_new ("n");

  while (name->len < 100000)
    g_string_append (name, "é");
  g_autofree char *file = tool_write (tool, "a.trace", sample_named (name->str));

  tool_run (tool, "tree", file, NULL);
  g_assert_cmpint (tool->code, ==, 0);
  assert_contains (tool->out, "néééé");
  assert_contains (tool->out, "éééé…");
  /* It is also the text of the error and of the outcome. */
  g_assert_cmpuint (strlen (tool->out), <, 2 * name->len + 5000);
  g_assert_true (g_utf8_validate (tool->out, -1, NULL));
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);

#define ADD(name) g_test_add_func ("/trace/tool/" #name, test_##name)
  ADD (dump_prints_what_the_readme_shows);
  ADD (dump_keeps_each_event_on_its_line_whatever_it_is_called);
  ADD (a_cut_file_is_shown_up_to_the_cut_with_a_warning_and_code_1);
  ADD (records_of_a_newer_kind_do_no_harm);
  ADD (what_cannot_be_read_is_refused_with_code_2);
  ADD (a_full_disk_is_not_a_success);
  ADD (help_is_printed_when_asked_for);
  ADD (wrong_usage_is_explained_with_code_2);
  ADD (diff_of_the_same_run_is_silent_about_it_with_code_0);
  ADD (diff_shows_the_first_event_that_differs_and_what_came_before);
  ADD (diff_with_a_cut_file_has_nothing_more_on_that_side);
  ADD (diff_ignores_the_times_of_real_clocks_unless_told);
  ADD (tree_tells_how_each_task_ended_or_what_it_waits_for);
  ADD (of_a_name_without_end_a_part_is_shown);
  ADD (html_goes_beside_the_trace_or_where_it_is_told);
  ADD (html_needs_no_network);
  ADD (html_escapes_names);
  return g_test_run ();
}
