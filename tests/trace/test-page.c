/* SPDX-License-Identifier: MIT OR Apache-2.0 */

/* The page in a real browser, without a window: its scripts run to their end and complain of nothing. Skips where there
 * is no Chromium. */

#include "tests/trace/sample.h"
#include "tests/trace/tool-test.h"

#include <string.h>

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

/* Puts a script at the end of the page, as a visitor who does things. */
static void
add_script (Tool *tool, const char *script)
{
  g_autofree char *path = tool_path (tool, "a.html");
  g_autofree char *page = NULL;
  g_autofree char *longer = NULL;

  g_assert_true (g_file_get_contents (path, &page, NULL, NULL));
  longer = g_strconcat (page, "<script>", script, "</script>", NULL);
  g_assert_true (g_file_set_contents (path, longer, -1, NULL));
}

/* Leaves in tool->out the document after its scripts have run, and in tool->err what was told on the console. `fragment`
 * is what stands behind the file's name. */
static void
load_page (Tool *tool, const char *browser, GByteArray *trace, const char *fragment, const char *script)
{
  g_autofree char *file = tool_write (tool, "a.trace", trace);
  g_autofree char *url = g_strconcat ("file://", tool->folder, "/a.html", fragment, NULL);
  g_autofree char *profile = g_strconcat ("--user-data-dir=", tool->folder, "/profile", NULL);
  char *argv[] = { (char *) browser, "--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", profile,
                   "--enable-logging=stderr", "--window-size=1400,900", "--virtual-time-budget=4000", "--dump-dom", url, NULL };

  tool_run (tool, "html", file, NULL);
  if (script != NULL)
    add_script (tool, script);
  tool_spawn (tool, argv);
  g_assert_cmpint (tool->code, ==, 0);
}

/* Errors of scripts, and refusals of the content policy. */
static gboolean
page_complains (Tool *tool)
{
  return strstr (tool->err, "CONSOLE") != NULL;
}

static void
open_page_and_act (Tool *tool, const char *browser, GByteArray *trace, const char *fragment, const char *script)
{
  load_page (tool, browser, trace, fragment, script);
  if (page_complains (tool))
    g_error ("the page complains:\n%s", tool->err);
  g_assert_nonnull (strstr (tool->out, "data-ready=\"true\""));
}

static void
open_page (Tool *tool, const char *browser, GByteArray *trace, const char *fragment)
{
  open_page_and_act (tool, browser, trace, fragment, NULL);
}

static void
assert_shows (Tool *tool, const char *part)
{
  if (strstr (tool->out, part) == NULL)
    g_error ("the page does not show “%s”:\n%s", part, tool->out);
}

static void
test_the_page_understands_the_trace (void)
{
  g_autofree char *browser = find_browser ();
  g_autoptr (Tool) tool = tool_new ();

  if (browser == NULL)
    return;
  open_page (tool, browser, sample_ledger (2), "");
  assert_shows (tool, "data-tasks=\"8\"");
  assert_shows (tool, "data-decisions=\"2\"");
  assert_shows (tool, "8 tasks · ");
  assert_shows (tool, "✕ always: balances add up");
  assert_shows (tool, "handle_client#2 went before handle_client<");
  assert_shows (tool, "main/serve/handle_client#2 was cancelled in trio_lock_acquire");
}

static void
test_a_link_into_the_page_selects_what_it_names (void)
{
  g_autofree char *browser = find_browser ();
  g_autoptr (Tool) tool = tool_new ();

  if (browser == NULL)
    return;
  open_page (tool, browser, sample_ledger (2), "#decision=1&axis=time");
  assert_shows (tool, "id=\"axis-time\" aria-pressed=\"true\"");
  assert_shows (tool, "<h3>main/serve/handle_client#2</h3>");
  assert_shows (tool, "<li class=\"chosen\">decided: handle_client#2 went before handle_client</li>");
}

static void
test_the_page_bears_any_name (void)
{
  g_autofree char *browser = find_browser ();
  g_autoptr (Tool) tool = tool_new ();

  if (browser == NULL)
    return;
  open_page (tool, browser, sample_named ("</script><b>{{data}}&lt;'\"\\u0041\xf0\x9f\x90\x9f\n"), "#step=1");
  assert_shows (tool, "<h1 id=\"program\">&lt;/script&gt;&lt;b&gt;{{data}}&amp;lt;'\"\\u0041");
}

static void
test_a_cut_trace_says_so_on_the_page (void)
{
  g_autofree char *browser = find_browser ();
  g_autoptr (Tool) tool = tool_new ();

  if (browser == NULL)
    return;
  open_page (tool, browser, g_byte_array_set_size (sample_hello (), 60), "");
  assert_shows (tool, "This trace is not whole: truncated at byte 60 in record 7: 6 records could be read.</p>");
}

/* What the visitor does, and what it leads to, in the attributes done-… */
static const char visitor[] =
  "const done = (name, value) => document.documentElement.setAttribute ('done-' + name, value);"
  "const press = key => document.dispatchEvent (new KeyboardEvent ('keydown', { key, bubbles: true, cancelable: true }));"
  "Object.defineProperty (KeyboardEvent.prototype, 'target', { get: () => document.body });"
  "const chosen = () => ui.selected ? ui.selected.kind + '@' + ui.selected.i : 'none';"
  "press ('n'); done ('n', chosen () === 'decided@' + model.decisions[0].i);"
  "press ('n'); done ('n-n', chosen () === 'decided@' + model.decisions[1].i);"
  "press ('p'); done ('p', chosen () === 'decided@' + model.decisions[0].i);"
  "press ('j'); done ('j', ui.selected.i === model.decisions[0].i + 1);"
  "press ('k'); done ('k', ui.selected.i === model.decisions[0].i);"
  "let before = ui.scale; press ('+'); done ('plus', ui.scale > before);"
  "before = ui.x0; press ('ArrowRight'); done ('right', ui.x0 > before);"
  "press ('a'); done ('a', ui.axis === 'time');"
  "press ('0'); done ('0', ui.x0 <= 0);"
  "press ('Escape'); done ('escape', chosen () === 'none');"
  "press ('?'); done ('help', document.getElementById ('help').open); document.getElementById ('help').close ();"
  "search ('lock'); goMatch (1); done ('search', ui.matches.length > 1 && ui.selected === ui.matches[0]);"
  "setAxis ('step'); select (model.decisions[0], true); clampView ();"
  "const lanes = document.getElementById ('lanes');"
  "const run = model.rows[3].spans.find (span => span.state === 'run' && span.a > model.decisions[0].i);"
  "const at = { clientX: lanes.getBoundingClientRect ().x + xOf (ui, run.a) + 20,"
  "             clientY: lanes.getBoundingClientRect ().y + yOf (ui, 3) + 26, pointerId: 1, bubbles: true };"
  "lanes.setPointerCapture = () => {};"
  "lanes.dispatchEvent (new PointerEvent ('pointermove', at));"
  "done ('hover', document.getElementById ('tip').textContent.includes ('runs in step ' + run.step));"
  "lanes.dispatchEvent (new PointerEvent ('pointerdown', at));"
  "lanes.dispatchEvent (new PointerEvent ('pointerup', at));"
  "done ('click', chosen () === 'step-begun@' + run.a);"
  "before = ui.scale; lanes.dispatchEvent (new WheelEvent ('wheel', Object.assign ({ deltaY: -200, cancelable: true }, at)));"
  "done ('wheel', ui.scale > before);"
  "document.querySelectorAll ('#decisions button')[1].click ();"
  "done ('list', chosen () === 'decided@' + model.decisions[1].i);";

static void
test_keys_pointer_and_search_do_what_the_help_says (void)
{
  g_autofree char *browser = find_browser ();
  g_autoptr (Tool) tool = tool_new ();
  const char *deeds[] = { "n", "n-n", "p", "j", "k", "plus", "right", "a", "0", "escape", "help", "search", "hover", "click",
                          "wheel", "list" };

  if (browser == NULL)
    return;
  open_page_and_act (tool, browser, sample_ledger (2), "", visitor);
  for (guint i = 0; i < G_N_ELEMENTS (deeds); i++)
    {
      g_autofree char *done = g_strdup_printf (" done-%s=\"true\"", deeds[i]);

      if (strstr (tool->out, done) == NULL)
        g_error ("not done: %s", deeds[i]);
    }
}

/* The other tests are worth nothing if a broken script goes unseen. */
static void
test_a_script_that_fails_is_seen (void)
{
  g_autofree char *browser = find_browser ();
  g_autoptr (Tool) tool = tool_new ();

  if (browser == NULL)
    return;
  load_page (tool, browser, sample_hello (), "", "noSuchFunction ();");
  g_assert_true (page_complains (tool));
  g_assert_nonnull (strstr (tool->err, "noSuchFunction is not defined"));
}

/* Nothing but a header: no task, no step, no time. */
static void
test_an_empty_trace_is_a_page_too (void)
{
  g_autofree char *browser = find_browser ();
  g_autoptr (Tool) tool = tool_new ();

  if (browser == NULL)
    return;
  open_page (tool, browser, g_byte_array_set_size (sample_hello (), 17), "");
  assert_shows (tool, "0 tasks · 0 steps");
}

static void
test_fifty_thousand_records_are_not_too_many (void)
{
  g_autofree char *browser = find_browser ();
  g_autoptr (Tool) tool = tool_new ();

  if (browser == NULL)
    return;
  open_page (tool, browser, sample_ledger (1000), "#step=9000");
  assert_shows (tool, "data-events=\"61095\"");
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);

#define ADD(name) g_test_add_func ("/trace/page/" #name, test_##name)
  ADD (the_page_understands_the_trace);
  ADD (a_link_into_the_page_selects_what_it_names);
  ADD (the_page_bears_any_name);
  ADD (a_cut_trace_says_so_on_the_page);
  ADD (an_empty_trace_is_a_page_too);
  ADD (keys_pointer_and_search_do_what_the_help_says);
  ADD (a_script_that_fails_is_seen);
  ADD (fifty_thousand_records_are_not_too_many);
  return g_test_run ();
}
