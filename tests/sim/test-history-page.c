/* SPDX-License-Identifier: MIT OR Apache-2.0 */

/* The page of a history in a real browser, without a window. Skips where there is no Chromium. */

#include <string.h>

#include <trio-sim/history.h>

#include "tests/trace/tool-test.h"

static char *
find_browser (void)
{
  const char *names[] = { "chromium", "chromium-browser", "google-chrome" };
  char *path = NULL;

  for (guint i = 0; i < G_N_ELEMENTS (names) && path == NULL; i++)
    path = g_find_program_in_path (names[i]);
  if (path == NULL)
    g_test_skip ("there is no Chromium");
  return path;
}

/* --- histories --- */

static void
write_whole (TrioHistory *history, const char *client, const char *key, const char *value)
{
  guint id = trio_history_call (history, client, "write", key, g_variant_new_string (value));

  trio_history_return (history, id, NULL);
}

/* New, then old, while a write is under way; another object that has nothing to do with it; and one of which nobody heard again. */
static TrioHistory *
make_stale_read (const char *name)
{
  TrioHistory *history = trio_history_new ();
  guint write, read;

  write_whole (history, "setup", "x", "old");
  write_whole (history, "setup", "y", "elsewhere");
  trio_history_lose (history, trio_history_call (history, "setup", "write", "x", g_variant_new_string ("lost")));
  write = trio_history_call (history, name, "write", "x", g_variant_new_string (name));
  read = trio_history_call (history, "reader", "read", "x", NULL);
  trio_history_return (history, read, g_variant_new_string (name));
  read = trio_history_call (history, "setup", "read", "x", NULL);
  trio_history_return (history, read, g_variant_new_string ("old"));
  trio_history_return (history, write, NULL);
  return history;
}

static TrioHistory *
make_long (void)
{
  TrioHistory *history = trio_history_new ();

  for (int i = 0; i < 2000; i++)
    {
      g_autofree char *client = g_strdup_printf ("client-%d", i % 8);

      write_whole (history, client, NULL, "v");
    }
  return history;
}

/* --- the browser --- */

/* Leaves in tool->out the document after its scripts have run; the page must not complain unless it is meant to. */
static void
load_page (Tool *tool, const char *browser, TrioHistory *history, const char *title, const char *script)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (TrioLinearization) linearization = trio_history_check (history, trio_model_register (), 0, &error);
  g_assert_no_error (error);
  g_autofree char *page = trio_history_to_page (history, linearization, title);
  g_autofree char *longer = g_strconcat (page, "<script>", script == NULL ? "" : script, "</script>", NULL);
  g_autofree char *file = tool_path (tool, "a.html");
  g_autofree char *url = g_strconcat ("file://", file, NULL);
  g_autofree char *profile = g_strconcat ("--user-data-dir=", tool->folder, "/profile", NULL);
  char *argv[] = { (char *) browser, "--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", profile,
                   "--enable-logging=stderr", "--window-size=1400,900", "--virtual-time-budget=4000", "--dump-dom", url, NULL };

  g_assert_true (g_file_set_contents (file, longer, -1, NULL));
  tool_spawn (tool, argv);
  g_assert_cmpint (tool->code, ==, 0);
}

static void
open_page (Tool *tool, const char *browser, TrioHistory *history, const char *title, const char *script)
{
  load_page (tool, browser, history, title, script);
  if (strstr (tool->err, "CONSOLE") != NULL)
    g_error ("the page complains:\n%s", tool->err);
  g_assert_nonnull (strstr (tool->out, "data-ready=\"true\""));
}

static void
assert_shows (Tool *tool, const char *part)
{
  if (strstr (tool->out, part) == NULL)
    g_error ("the page does not show “%s”:\n%s", part, tool->out);
}

static guint
count (const char *text, const char *part)
{
  guint n = 0;

  for (const char *at = text; (at = strstr (at, part)) != NULL; at++)
    n++;
  return n;
}

static void
test_the_page_shows_what_fits_and_where_it_is_stuck (void)
{
  g_autofree char *browser = find_browser ();
  g_autoptr (Tool) tool = tool_new ();
  g_autoptr (TrioHistory) history = make_stale_read ("new");

  if (browser == NULL)
    return;
  open_page (tool, browser, history, "one register", NULL);
  assert_shows (tool, "<h1>one register</h1>");
  assert_shows (tool, "object “x” · model register · 5 operations · 3 clients");
  assert_shows (tool, "<p id=\"verdict\" class=\"bad\">not linearizable</p>");
  assert_shows (tool, "✕ read → 'old' of setup: it must have happened before it returned");
  g_assert_cmpuint (count (tool->out, "class=\"operation placed\""), ==, 3);
  g_assert_cmpuint (count (tool->out, "class=\"operation stuck chosen\""), ==, 1);
  g_assert_cmpuint (count (tool->out, "class=\"operation open lost\""), ==, 1);
  g_assert_cmpuint (count (tool->out, "class=\"number\""), ==, 3);
  g_assert_cmpuint (count (tool->out, "class=\"wall\""), ==, 1);
}

static void
test_the_page_bears_any_text (void)
{
  g_autofree char *browser = find_browser ();
  g_autoptr (Tool) tool = tool_new ();
  g_autoptr (TrioHistory) history = make_stale_read ("</script><b>{{data}}&lt;'\"\\u0041\n");

  if (browser == NULL)
    return;
  open_page (tool, browser, history, "</title><i>{{js}}&", NULL);
  assert_shows (tool, "<h1>&lt;/title&gt;&lt;i&gt;{{js}}&amp;</h1>");
  assert_shows (tool, "&lt;/script&gt;&lt;b&gt;{{data}}&amp;lt;");
}

static const char visitor[] =
  "const done = (name, value) => document.documentElement.setAttribute ('done-' + name, value);"
  "const press = key => document.dispatchEvent (new KeyboardEvent ('keydown', { key, bubbles: true, cancelable: true }));"
  "const all = text => document.querySelectorAll (text);"
  "press ('Escape'); done ('escape', all ('.chosen').length === 0);"
  "press ('j'); done ('j', chosen === data.order[0].id && all ('.chosen').length === 2);"
  "press ('j'); press ('j'); press ('j'); done ('stuck', chosen === data.stuck);"
  "press ('k'); done ('k', chosen === data.order[2].id);"
  "all ('#order button')[1].click (); done ('list', chosen === data.order[1].id);"
  "all ('.operation.lost')[0].dispatchEvent (new MouseEvent ('click', { bubbles: true }));"
  "done ('click', document.getElementById ('chosen').textContent.includes ('never'));"
  "const before = unit; press ('+'); done ('plus', unit > before); press ('-'); done ('minus', Math.abs (unit - before) < 1);"
  "document.getElementById ('zoom-in').click (); done ('zoom', unit > before);"
  "const xs = data.order.map (step => step.x);"
  "done ('order', xs.every ((x, i) => i === 0 || x > xs[i - 1]));"
  "done ('within', data.order.every (step => step.x > byId.get (step.id).x0 && step.x < byId.get (step.id).x1));";

static void
test_keys_and_pointer_go_through_the_order (void)
{
  g_autofree char *browser = find_browser ();
  g_autoptr (Tool) tool = tool_new ();
  g_autoptr (TrioHistory) history = make_stale_read ("new");
  const char *deeds[] = { "escape", "j", "stuck", "k", "list", "click", "plus", "minus", "zoom", "order", "within" };

  if (browser == NULL)
    return;
  open_page (tool, browser, history, "one register", visitor);
  for (guint i = 0; i < G_N_ELEMENTS (deeds); i++)
    {
      g_autofree char *done = g_strdup_printf (" done-%s=\"true\"", deeds[i]);

      if (strstr (tool->out, done) == NULL)
        g_error ("not done: %s", deeds[i]);
    }
}

static void
test_empty_and_long_histories_are_pages_too (void)
{
  g_autofree char *browser = find_browser ();
  g_autoptr (Tool) tool = tool_new ();
  g_autoptr (TrioHistory) none = trio_history_new ();
  g_autoptr (TrioHistory) many = make_long ();

  if (browser == NULL)
    return;
  open_page (tool, browser, none, "nothing", NULL);
  assert_shows (tool, "0 operations · 0 clients");
  open_page (tool, browser, many, "much", NULL);
  assert_shows (tool, "2000 operations · 8 clients");
  assert_shows (tool, "<p id=\"verdict\" class=\"good\">linearizable</p>");
}

/* The other tests are worth nothing if a broken script goes unseen. */
static void
test_a_script_that_fails_is_seen (void)
{
  g_autofree char *browser = find_browser ();
  g_autoptr (Tool) tool = tool_new ();
  g_autoptr (TrioHistory) history = make_stale_read ("new");

  if (browser == NULL)
    return;
  load_page (tool, browser, history, "broken", "noSuchFunction ();");
  g_assert_nonnull (strstr (tool->err, "noSuchFunction is not defined"));
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);

#define ADD(name) g_test_add_func ("/sim/history-page/" #name, test_##name)
  ADD (the_page_shows_what_fits_and_where_it_is_stuck);
  ADD (the_page_bears_any_text);
  ADD (keys_and_pointer_go_through_the_order);
  ADD (empty_and_long_histories_are_pages_too);
  ADD (a_script_that_fails_is_seen);
  return g_test_run ();
}
