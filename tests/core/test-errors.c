/* SPDX-License-Identifier: MIT OR Apache-2.0 */

/* Errors and groups: merging, looking inside, taking out, copying, and the tree in the message. */

#include "tests/core/core-test.h"

static GError *
make (const char *message)
{
  return g_error_new_literal (TRIO_ERROR, TRIO_ERROR_FAILED, message);
}

static GError *
make_cancelled (void)
{
  return g_error_new_literal (TRIO_ERROR, TRIO_ERROR_CANCELLED, "stop");
}

static void
assert_members (const GError *error, const char *expected)
{
  gsize n;
  const GError *const *members = trio_error_group_get_errors (error, &n);
  g_autoptr (GString) all = g_string_new (NULL);

  for (gsize i = 0; i < n; i++)
    g_string_append_printf (all, "%s%s", i > 0 ? " " : "", g_error_matches (members[i], TRIO_ERROR, TRIO_ERROR_GROUP) ? "group"
                                                                                                            : members[i]->message);
  g_assert_cmpstr (all->str, ==, expected);
}

static void
test_merging_nothing_or_one_makes_no_group (void)
{
  GError *one = make ("one");

  g_assert_null (trio_error_merge (NULL, NULL));
  g_assert_true (trio_error_merge (one, NULL) == one);
  g_assert_true (trio_error_merge (NULL, one) == one);
  assert_members (one, "one");
  g_error_free (one);
}

static void
test_errors_merged_one_after_the_other_stand_side_by_side (void)
{
  g_autoptr (GError) group = trio_error_merge (trio_error_merge (make ("a"), make ("b")), make ("c"));

  g_assert_error (group, TRIO_ERROR, TRIO_ERROR_GROUP);
  assert_members (group, "a b c");
}

static void
test_a_group_that_comes_second_stays_one (void)
{
  g_autoptr (GError) group = trio_error_merge (make ("a"), trio_error_merge (make ("b"), make ("c")));
  gsize n;

  assert_members (group, "a group");
  assert_members (trio_error_group_get_errors (group, &n)[1], "b c");
}

static void
test_contains_looks_through_groups_at_any_depth (void)
{
  g_autoptr (GError) other = g_error_new_literal (G_FILE_ERROR, G_FILE_ERROR_NOENT, "no such file");
  g_autoptr (GError) group = NULL;

  group = trio_error_merge (make ("a"), trio_error_merge (make ("b"), trio_error_merge (make ("c"), g_error_copy (other))));

  g_assert_true (trio_error_contains (group, G_FILE_ERROR, G_FILE_ERROR_NOENT));
  g_assert_false (trio_error_contains (group, G_FILE_ERROR, G_FILE_ERROR_ACCES));
  g_assert_true (trio_error_contains (group, TRIO_ERROR, TRIO_ERROR_FAILED));
  g_assert_true (trio_error_contains (group, TRIO_ERROR, TRIO_ERROR_GROUP));
  g_assert_false (trio_error_contains (group, TRIO_ERROR, TRIO_ERROR_CANCELLED));
  g_assert_true (trio_error_contains (other, G_FILE_ERROR, G_FILE_ERROR_NOENT));
  g_assert_false (trio_error_contains (NULL, TRIO_ERROR, TRIO_ERROR_CANCELLED));
}

static void
test_removing_leaves_the_rest_and_collapses_groups_of_one (void)
{
  gboolean removed = TRUE;
  GError *error;

  g_assert_null (trio_error_remove (NULL, TRIO_ERROR, TRIO_ERROR_CANCELLED, &removed));
  g_assert_false (removed);

  error = trio_error_remove (make ("a"), TRIO_ERROR, TRIO_ERROR_CANCELLED, &removed);
  g_assert_false (removed);
  assert_members (error, "a");
  g_error_free (error);

  g_assert_null (trio_error_remove (make_cancelled (), TRIO_ERROR, TRIO_ERROR_CANCELLED, &removed));
  g_assert_true (removed);

  error = trio_error_merge (make_cancelled (), trio_error_merge (make ("a"), make_cancelled ()));
  error = trio_error_remove (error, TRIO_ERROR, TRIO_ERROR_CANCELLED, &removed);
  g_assert_true (removed);
  g_assert_error (error, TRIO_ERROR, TRIO_ERROR_FAILED);
  assert_members (error, "a");
  g_error_free (error);

  error = trio_error_merge (make_cancelled (), trio_error_merge (make_cancelled (), make_cancelled ()));
  g_assert_null (trio_error_remove (error, TRIO_ERROR, TRIO_ERROR_CANCELLED, NULL));

  error = trio_error_merge (trio_error_merge (make ("a"), make_cancelled ()), trio_error_merge (make ("b"), make ("c")));
  error = trio_error_remove (error, TRIO_ERROR, TRIO_ERROR_CANCELLED, &removed);
  assert_members (error, "a group");
  g_assert_null (strstr (error->message, "stop"));
  g_error_free (error);
}

static void
test_a_copy_has_its_own_members (void)
{
  GError *group = trio_error_merge (make ("a"), trio_error_merge (make ("b"), make ("c")));
  g_autoptr (GError) copy = g_error_copy (group);
  gsize n;

  g_error_free (group);
  assert_members (copy, "a group");
  assert_members (trio_error_group_get_errors (copy, &n)[1], "b c");
  copy = trio_error_merge (g_steal_pointer (&copy), make ("d"));
  assert_members (copy, "a group d");
}

static void
test_the_message_of_a_group_is_its_tree (void)
{
  g_autoptr (GError) group = trio_error_merge (make ("a\nwith a second line"), trio_error_merge (make ("b"), make ("c")));

  g_assert_cmpstr (group->message, ==,
                   "2 errors:\n"
                   "  - a\n"
                   "    with a second line\n"
                   "  - 2 errors:\n"
                   "      - b\n"
                   "      - c");
}

static void
test_the_message_of_a_large_group_counts_the_rest (void)
{
  GError *group = NULL;
  gsize n;

  for (int i = 0; i < 1000; i++)
    group = trio_error_merge (group, make ("x"));
  trio_error_group_get_errors (group, &n);
  g_assert_cmpuint (n, ==, 1000);
  mock_assert_says (group->message, "1000 errors:");
  mock_assert_says (group->message, "and 980 more");
  g_assert_cmpuint (strlen (group->message), <, 500);
  g_error_free (group);
}

static void
test_a_foreign_error_with_the_code_of_a_group_has_no_members (void)
{
  g_autoptr (GError) odd = g_error_new_literal (TRIO_ERROR, TRIO_ERROR_GROUP, "made by hand");
  g_autoptr (GError) merged = NULL;
  GError *rest;

  assert_members (odd, "group");
  rest = trio_error_remove (g_error_copy (odd), TRIO_ERROR, TRIO_ERROR_CANCELLED, NULL);
  g_assert_error (rest, TRIO_ERROR, TRIO_ERROR_GROUP);
  merged = trio_error_merge (rest, make ("a"));
  assert_members (merged, "group a");
}

static void
test_a_g_prefix_error_keeps_the_members (void)
{
  GError *group = trio_error_merge (make ("a"), make ("b"));

  g_prefix_error (&group, "while cooking: ");
  mock_assert_says (group->message, "while cooking: 2 errors:");
  assert_members (group, "a b");
  g_error_free (group);
}

static gboolean
starts_with (const GError *error, gpointer letter)
{
  return error->message[0] == *(const char *) letter;
}

static void
test_finding_gives_the_first_in_order_of_arrival_at_any_depth (void)
{
  g_autoptr (GError) group = trio_error_merge (make ("a"), trio_error_merge (make_cancelled (), make ("b1")));
  gsize n;

  group = trio_error_merge (g_steal_pointer (&group), make ("b2"));
  g_assert_cmpstr (trio_error_find_if (group, starts_with, (char *) "b")->message, ==, "b1");
  g_assert_true (trio_error_find (group, TRIO_ERROR, TRIO_ERROR_GROUP) == group);
  g_assert_true (trio_error_find (group, TRIO_ERROR, TRIO_ERROR_FAILED) == trio_error_group_get_errors (group, &n)[0]);
  g_assert_null (trio_error_find (group, G_FILE_ERROR, G_FILE_ERROR_NOENT));
  g_assert_null (trio_error_find (NULL, TRIO_ERROR, TRIO_ERROR_FAILED));
}

static void
test_splitting_sorts_each_error_to_one_side_and_keeps_the_nesting (void)
{
  GError *matching, *rest;
  GError *error = trio_error_merge (make ("a"), trio_error_merge (make ("b1"), trio_error_merge (make ("c"), make ("b2"))));

  trio_error_split_if (trio_error_merge (error, make ("d")), starts_with, (char *) "b", &matching, &rest);
  g_assert_cmpstr (matching->message, ==, "2 errors:\n  - b1\n  - b2");
  g_assert_cmpstr (rest->message, ==, "3 errors:\n  - a\n  - c\n  - d");

  /* All of it, none of it, nothing; a group as a whole. */
  trio_error_split_if (matching, starts_with, (char *) "b", &matching, &error);
  assert_members (matching, "b1 b2");
  g_assert_null (error);
  trio_error_split (rest, TRIO_ERROR, TRIO_ERROR_GROUP, &rest, &error);
  assert_members (rest, "a c d");
  g_assert_null (error);
  trio_error_split (rest, TRIO_ERROR, TRIO_ERROR_CANCELLED, &error, &rest);
  g_assert_null (error);
  assert_members (rest, "a c d");
  trio_error_split (NULL, TRIO_ERROR, TRIO_ERROR_CANCELLED, &error, NULL);
  g_assert_null (error);

  /* A side that nobody wants is freed. */
  trio_error_split_if (matching, starts_with, (char *) "b", NULL, &error);
  g_assert_null (error);
  trio_error_split_if (rest, starts_with, (char *) "a", &matching, NULL);
  assert_members (matching, "a");
  g_error_free (matching);
}

static void
test_a_prefix_survives_what_is_done_to_its_group (void)
{
  GError *group = trio_error_merge (make ("a"), trio_error_merge (make ("b"), make_cancelled ()));
  GError *matching;

  g_prefix_error (&group, "while cooking: ");
  /* It speaks of these two only. */
  group = trio_error_merge (group, make ("c"));
  assert_members (group, "group c");

  trio_error_split (group, TRIO_ERROR, TRIO_ERROR_CANCELLED, &matching, &group);
  g_assert_cmpstr (matching->message, ==, "while cooking: stop");
  g_assert_cmpstr (group->message, ==, "2 errors:\n  - while cooking: 2 errors:\n      - a\n      - b\n  - c");
  g_error_free (matching);
  g_error_free (group);
}

static void
test_the_tree_shows_all_with_kinds (void)
{
  g_autoptr (GError) group = trio_error_merge (make ("b"), g_error_new_literal (G_FILE_ERROR, 4, "no\nfile"));
  g_autoptr (GError) odd = g_error_new_literal (TRIO_ERROR, 99, "odd");
  g_autofree char *tree = NULL, *nothing = trio_error_to_tree (NULL), *one = trio_error_to_tree (odd);
  g_autoptr (GError) foreign = g_error_new_literal (g_quark_from_static_string ("kitchen"), 1, "fire");
  g_autofree char *other = trio_error_to_tree (foreign);

  g_prefix_error (&group, "while cooking: ");
  group = trio_error_merge (make_cancelled (), g_steal_pointer (&group));
  tree = trio_error_to_tree (group);
  g_assert_cmpstr (tree, ==,
                   "2 errors:\n"
                   "  [cancelled] stop\n"
                   "  while cooking: 2 errors:\n"
                   "    [failed] b\n"
                   "    [g-file-error 4] no\n"
                   "      file\n");
  g_assert_cmpstr (nothing, ==, "");
  g_assert_cmpstr (one, ==, "[TrioError 99] odd\n");
  g_assert_cmpstr (other, ==, "[kitchen 1] fire\n");
}

/* Nothing calls itself once per level, so the stack does not run over, and the messages stay bounded. */
static void
test_groups_may_be_nested_ten_thousand_deep (void)
{
  enum { DEPTH = 10000 };
  GError *error = make_cancelled (), *matching;
  g_autoptr (GError) copy = NULL;
  g_autofree char *tree = NULL;

  for (int i = 0; i < DEPTH; i++)
    error = trio_error_merge (make ("x"), error);
  g_assert_cmpuint (strlen (error->message), <, 10000);
  g_assert_true (trio_error_contains (error, TRIO_ERROR, TRIO_ERROR_CANCELLED));
  copy = g_error_copy (error);
  trio_error_split (error, TRIO_ERROR, TRIO_ERROR_CANCELLED, &matching, &error);
  g_assert_cmpstr (matching->message, ==, "stop");
  g_assert_false (trio_error_contains (error, TRIO_ERROR, TRIO_ERROR_CANCELLED));
  g_error_free (matching);
  g_error_free (error);
  tree = trio_error_to_tree (copy);
  mock_assert_says (tree, "(10000 deep) [cancelled] stop\n");
}

static void
test_the_message_of_a_group_cuts_a_long_member_short (void)
{
  GString *long_one = g_string_new ("lines");
  g_autoptr (GError) group = NULL;

  for (int i = 0; i < 100; i++)
    g_string_append (long_one, "\nmore");
  group = trio_error_merge (make (long_one->str), make ("b"));
  mock_assert_says (group->message, "    and 41 more lines\n  - b");
  g_string_free (long_one, TRUE);
}

/* What a cancellation says: why, who, where, and where the scope was opened. */

static gboolean
cancel_in_three_ways (gpointer data G_GNUC_UNUSED, GError **error)
{
  g_autoptr (TrioNursery) nursery = trio_nursery_open (error);
  g_autoptr (TrioCancelScope) a = trio_cancel_scope_open (error);
  g_autoptr (TrioCancelScope) b = trio_cancel_scope_open (error);
  g_autofree char *expected = NULL;
  GError *why = NULL;

  trio_cancel_scope_cancel_with_reason (b, "enough");
  expected = g_strdup_printf ("(by task \"main\" at test-errors.c:%d; scope opened at test-errors.c:", __LINE__ - 1);
  g_assert_false (trio_checkpoint (&why));
  mock_assert_says (why->message, "cancelled: enough (by task");
  mock_assert_says (why->message, expected);
  mock_assert_error (why, TRIO_ERROR_CANCELLED);

  trio_cancel_scope_cancel (a);
  mock_assert_says (trio_cancel_scope_get_reason (a), "was cancelled by task \"main\" at test-errors.c:");
  mock_assert_says (trio_cancel_scope_get_reason (a), "cancelled: the scope opened at test-errors.c:");
  trio_nursery_cancel (nursery);
  mock_assert_says (trio_cancel_scope_get_reason (trio_nursery_get_cancel_scope (nursery)), "the nursery opened at test-errors.c:");
  mock_assert_says (trio_cancel_scope_get_reason (trio_nursery_get_cancel_scope (nursery)), "by task \"main\" at test-errors.c:");
  return trio_cancel_scope_close (b, TRUE) && trio_cancel_scope_close (a, TRUE) && trio_nursery_close (nursery, TRUE);
}

static void
cancel_from_outside (gpointer scope)
{
  void (*cancel) (TrioCancelScope *) = trio_cancel_scope_cancel;

  cancel (scope);
}

static gboolean
be_cancelled_from_outside (gpointer data G_GNUC_UNUSED, GError **error)
{
  g_autoptr (TrioToken) token = trio_current_token ();
  g_autoptr (TrioNursery) nursery = trio_nursery_open (error);
  g_autoptr (TrioCancelScope) scope = trio_cancel_scope_open (error);
  g_autoptr (TrioCancelScope) inner = trio_cancel_scope_open (error);
  gboolean ok;

  g_assert_true (trio_token_run_sync_soon (token, cancel_from_outside, scope, NULL));
  ok = trio_sleep_forever (error);
  mock_assert_says ((*error)->message, "was cancelled by code outside any task");
  ok = trio_cancel_scope_close (inner, ok);
  ok = trio_cancel_scope_close (scope, ok);
  (trio_cancel_scope_cancel_with_reason) (scope, "too late");
  (trio_nursery_cancel) (nursery);
  mock_assert_says (trio_cancel_scope_get_reason (trio_nursery_get_cancel_scope (nursery)), "was cancelled by task \"main\"");
  return trio_nursery_close (nursery, ok);
}

static void
test_a_cancellation_says_why_who_and_where (void)
{
  mock_run_ok (cancel_in_three_ways, NULL);
  mock_run_ok (be_cancelled_from_outside, NULL);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/errors/merging-nothing-or-one-makes-no-group", test_merging_nothing_or_one_makes_no_group);
  g_test_add_func ("/errors/errors-merged-one-after-the-other-stand-side-by-side",
                   test_errors_merged_one_after_the_other_stand_side_by_side);
  g_test_add_func ("/errors/a-group-that-comes-second-stays-one", test_a_group_that_comes_second_stays_one);
  g_test_add_func ("/errors/contains-looks-through-groups-at-any-depth", test_contains_looks_through_groups_at_any_depth);
  g_test_add_func ("/errors/removing-leaves-the-rest-and-collapses-groups-of-one",
                   test_removing_leaves_the_rest_and_collapses_groups_of_one);
  g_test_add_func ("/errors/a-copy-has-its-own-members", test_a_copy_has_its_own_members);
  g_test_add_func ("/errors/the-message-of-a-group-is-its-tree", test_the_message_of_a_group_is_its_tree);
  g_test_add_func ("/errors/the-message-of-a-large-group-counts-the-rest", test_the_message_of_a_large_group_counts_the_rest);
  g_test_add_func ("/errors/a-foreign-error-with-the-code-of-a-group-has-no-members",
                   test_a_foreign_error_with_the_code_of_a_group_has_no_members);
  g_test_add_func ("/errors/a-g-prefix-error-keeps-the-members", test_a_g_prefix_error_keeps_the_members);
  g_test_add_func ("/errors/finding-gives-the-first-in-order-of-arrival-at-any-depth",
                   test_finding_gives_the_first_in_order_of_arrival_at_any_depth);
  g_test_add_func ("/errors/splitting-sorts-each-error-to-one-side-and-keeps-the-nesting",
                   test_splitting_sorts_each_error_to_one_side_and_keeps_the_nesting);
  g_test_add_func ("/errors/a-prefix-survives-what-is-done-to-its-group", test_a_prefix_survives_what_is_done_to_its_group);
  g_test_add_func ("/errors/the-tree-shows-all-with-kinds", test_the_tree_shows_all_with_kinds);
  g_test_add_func ("/errors/groups-may-be-nested-ten-thousand-deep", test_groups_may_be_nested_ten_thousand_deep);
  g_test_add_func ("/errors/the-message-of-a-group-cuts-a-long-member-short",
                   test_the_message_of_a_group_cuts_a_long_member_short);
  core_test_add_undisturbed ("/errors/a-cancellation-says-why-who-and-where",
                             test_a_cancellation_says_why_who_and_where,
                             "it looks at the reason");
  return g_test_run ();
}
