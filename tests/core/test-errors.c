/* SPDX-License-Identifier: MIT OR Apache-2.0 */

/* Errors and groups: merging, looking inside, taking out, copying, and the tree in the message. */

#include "tests/core/mock-world.h"

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
  g_autoptr (GError) group = trio_error_merge (make ("a"), trio_error_merge (make ("b"), trio_error_merge (make ("c"), g_error_copy (other))));

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

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/errors/merging-nothing-or-one-makes-no-group", test_merging_nothing_or_one_makes_no_group);
  g_test_add_func ("/errors/errors-merged-one-after-the-other-stand-side-by-side", test_errors_merged_one_after_the_other_stand_side_by_side);
  g_test_add_func ("/errors/a-group-that-comes-second-stays-one", test_a_group_that_comes_second_stays_one);
  g_test_add_func ("/errors/contains-looks-through-groups-at-any-depth", test_contains_looks_through_groups_at_any_depth);
  g_test_add_func ("/errors/removing-leaves-the-rest-and-collapses-groups-of-one", test_removing_leaves_the_rest_and_collapses_groups_of_one);
  g_test_add_func ("/errors/a-copy-has-its-own-members", test_a_copy_has_its_own_members);
  g_test_add_func ("/errors/the-message-of-a-group-is-its-tree", test_the_message_of_a_group_is_its_tree);
  g_test_add_func ("/errors/the-message-of-a-large-group-counts-the-rest", test_the_message_of_a_large_group_counts_the_rest);
  g_test_add_func ("/errors/a-foreign-error-with-the-code-of-a-group-has-no-members",
                   test_a_foreign_error_with_the_code_of_a_group_has_no_members);
  g_test_add_func ("/errors/a-g-prefix-error-keeps-the-members", test_a_g_prefix_error_keeps_the_members);
  return g_test_run ();
}
