/* SPDX-License-Identifier: MIT OR Apache-2.0 */

/* A hundred thousand small random programs of tasks, nurseries, scopes, shields, deadlines, locks, events and channels: what real
 * tasks do is what the rules say, to the order of their steps.
 *
 * With -m slow a million programs. MODEL_FIRST and MODEL_COUNT choose the seeds. A program that behaves otherwise is made
 * smaller, as long as it does, and shown with both logs. */

#include <stdlib.h>
#include <string.h>

#include "tests/core/mock-world.h"
#include "tests/core/model/program.h"

enum { COUNT_QUICK = 100000, COUNT_SLOW = 1000000, COUNT_CHECKED = 5000 };

static gboolean
differs (const Program *program)
{
  g_autofree char *real = perform_for_real (program);
  g_autofree char *model = perform_by_rules (program);

  return strcmp (real, model) != 0;
}

/* Tries one change; keeps it if the program still behaves otherwise than the rules say. */
static gboolean
try (Program *program, const Program *changed)
{
  if (memcmp (program, changed, sizeof *program) == 0 || !differs (changed))
    return FALSE;
  *program = *changed;
  return TRUE;
}

/* The simpler forms of one operation, dullest first; FALSE: there are no more. */
static gboolean
simplify (Op *op, int form)
{
  switch (form)
    {
    case 0:
      op->removed = TRUE;
      return TRUE;
    case 1:
      op->swallow = FALSE;
      return TRUE;
    case 2:
      op->early = FALSE;
      return TRUE;
    case 3:
      op->shielded = FALSE;
      return TRUE;
    case 4:
      op->kind = KIND_PLAIN;
      return TRUE;
    case 5:
      if (op->type == OP_SLEEP || op->type == OP_ACQUIRE || op->type == OP_SEND || op->type == OP_RECEIVE || op->type == OP_WAIT)
        op->type = OP_CHECKPOINT;
      return TRUE;
    case 6:
      if (op->span > 1)
        op->span = 1;
      return TRUE;
    default:
      return FALSE;
    }
}

static void
shrink (Program *program)
{
  gboolean smaller;

  do
    {
      smaller = FALSE;
      for (int i = 1; i < program->n_ops; i++)
        for (int form = 0; !program->ops[i].removed; form++)
          {
            Program changed = *program;

            if (!simplify (&changed.ops[i], form))
              break;
            smaller |= try (program, &changed);
          }
    }
  while (smaller);
}

static void
show (Program *program)
{
  g_autoptr (GString) text = g_string_new (NULL);
  g_autofree char *real = NULL, *model = NULL;
  g_auto (GStrv) really = NULL, ruled = NULL;
  guint line = 0;

  shrink (program);
  real = perform_for_real (program);
  model = perform_by_rules (program);
  really = g_strsplit (real, "\n", -1);
  ruled = g_strsplit (model, "\n", -1);
  g_string_append_printf (text, "# of MODEL_FIRST=%" G_GUINT64_FORMAT " MODEL_COUNT=1 remains:\n", program->seed);
  program_append (program, text);
  g_string_append (text, "# both:\n");
  for (; really[line] != NULL && ruled[line] != NULL && strcmp (really[line], ruled[line]) == 0; line++)
    g_string_append_printf (text, "#   %s\n", really[line]);
  g_string_append (text, "# the tasks:\n");
  for (guint i = line; i < g_strv_length (really); i++)
    g_string_append_printf (text, "#   %s\n", really[i]);
  g_string_append (text, "# the rules:\n");
  for (guint i = line; i < g_strv_length (ruled); i++)
    g_string_append_printf (text, "#   %s\n", ruled[i]);
  g_print ("%s", text->str);
}

static guint64
read_number (const char *variable, guint64 otherwise)
{
  const char *text = g_getenv (variable);

  return text != NULL ? g_ascii_strtoull (text, NULL, 10) : otherwise;
}

/* semantics: 9, 12, 14, 15, 20, 21, 25 to 29, 31, 32, 35, 36, 38 to 46, 48 to 52, 54, 57, 58, 60 to 66, 68, 70 to 74, 76, 78,
 * 80, 89, 90, 93, 95, 104 to 107, D3, D5, D9, D10, D15 */
static void
test_random_programs_do_what_the_rules_say (void)
{
  guint64 count = g_test_slow () ? COUNT_SLOW : mock_is_checked () ? COUNT_CHECKED : COUNT_QUICK;
  guint64 first = read_number ("MODEL_FIRST", 1);

  count = read_number ("MODEL_COUNT", count);
  for (guint64 seed = first; seed < first + count; seed++)
    {
      Program program;

      memset (&program, 0, sizeof program);
      program_generate (&program, seed);
      if (g_getenv ("MODEL_VERBOSE") != NULL)
        {
          g_autoptr (GString) text = g_string_new (NULL);
          g_autofree char *log = perform_by_rules (&program);

          program_append (&program, text);
          g_print ("# program %" G_GUINT64_FORMAT "\n%s%s", seed, text->str, log);
        }
      if (differs (&program))
        {
          show (&program);
          g_test_fail_printf ("program %" G_GUINT64_FORMAT " does not do what the rules say", seed);
          return;
        }
    }
}

/* With a choice seam the rules leave open what happens; but it is no mistake, and the same again with the same choices. In a
 * debug build the kernel's invariants are checked meanwhile. semantics: 6 */
static void
test_random_programs_stand_any_order_and_any_cancellation (void)
{
  guint64 count = g_test_slow () ? COUNT_SLOW / 4 : mock_is_checked () ? COUNT_CHECKED / 4 : COUNT_QUICK / 20;
  guint64 first = read_number ("MODEL_FIRST", 1);
  guint64 n_interrupted = 0;

  count = read_number ("MODEL_COUNT", count);
  for (guint64 seed = first; seed < first + count; seed++)
    {
      Program program;
      g_autofree char *once = NULL, *again = NULL;

      memset (&program, 0, sizeof program);
      program_generate (&program, seed);
      once = perform_under_chance (&program, seed);
      again = perform_under_chance (&program, seed);
      n_interrupted += strstr (once, ": K") != NULL;
      if (strstr (once, "critical") != NULL || strstr (once, "disagree") != NULL || strcmp (once, again) != 0)
        {
          g_autoptr (GString) text = g_string_new (NULL);

          program_append (&program, text);
          g_print ("%s%s", text->str, once);
          g_test_fail_printf ("program %" G_GUINT64_FORMAT " does not stand chance", seed);
          return;
        }
    }
  /* Else chance was not asked. */
  g_test_message ("%" G_GUINT64_FORMAT " of %" G_GUINT64_FORMAT " were interrupted", n_interrupted, count);
  g_assert_true (count < 1000 || n_interrupted > 0);
}

/* That the comparison sees anything. */
static void
test_programs_reach_every_outcome (void)
{
  static const char *const outcomes[] = {
    ": C", ": T", ": F", ": X", ": Y", ": M", ": W", ": B", ": L", ": E", ": [", "caught 1", "from ", "rescue",
    "ok, refused", ", at ",
  };
  g_autoptr (GString) all = g_string_new (NULL);

  for (guint64 seed = 1; seed <= 5000; seed++)
    {
      Program program;
      g_autofree char *log = NULL;

      memset (&program, 0, sizeof program);
      program_generate (&program, seed);
      log = perform_by_rules (&program);
      g_string_append (all, log);
    }
  if (g_getenv ("MODEL_VERBOSE") != NULL)
    g_print ("%s", all->str);
  for (gsize i = 0; i < G_N_ELEMENTS (outcomes); i++)
    if (strstr (all->str, outcomes[i]) == NULL)
      g_test_fail_printf ("no program has an outcome \"%s\"", outcomes[i]);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  /* Criticals are part of what is compared. */
  g_log_set_always_fatal (G_LOG_FATAL_MASK);
  g_test_add_func ("/model/programs-reach-every-outcome", test_programs_reach_every_outcome);
  g_test_add_func ("/model/random-programs-do-what-the-rules-say", test_random_programs_do_what_the_rules_say);
  g_test_add_func ("/model/random-programs-stand-any-order-and-any-cancellation",
                   test_random_programs_stand_any_order_and_any_cancellation);
  return g_test_run ();
}
