/* SPDX-License-Identifier: MIT OR Apache-2.0 */

/* Addresses as people write them. */

#include <string.h>

#include <gio/gio.h>

#include <trio/trio.h>

static void
expect_text (TrioAddress address, const char *expected)
{
  g_autofree char *text = trio_address_to_string (&address);

  g_assert_cmpstr (text, ==, expected);
}

static void
test_addresses_are_written_as_people_write_them (void)
{
  TrioAddress full = { .family = TRIO_ADDRESS_UNIX };

  expect_text ((TrioAddress) { .family = TRIO_ADDRESS_IPV4, .port = 7000, .bytes = { 127, 0, 0, 1 } }, "127.0.0.1:7000");
  expect_text ((TrioAddress) { .family = TRIO_ADDRESS_IPV6, .port = 7000, .bytes = { [15] = 1 } }, "[::1]:7000");
  expect_text ((TrioAddress) { .family = TRIO_ADDRESS_IPV6, .port = 1, .scope_id = 3, .bytes = { 0xfe, 0x80, [15] = 1 } },
               "[fe80::1%3]:1");
  expect_text ((TrioAddress) { .family = TRIO_ADDRESS_UNIX, .path = "/run/socket" }, "/run/socket");
  expect_text ((TrioAddress) { .family = TRIO_ADDRESS_UNIX, .path = "\0abstract" }, "@abstract");
  expect_text ((TrioAddress) { .family = TRIO_ADDRESS_UNIX }, "a socket without a name");

  /* A path may fill its field to the last byte, without a zero. */
  memset (full.path, 'a', sizeof full.path);
  {
    g_autofree char *text = trio_address_to_string (&full);

    g_assert_cmpuint (strlen (text), ==, sizeof full.path);
  }
}

static void
expect_same (const char *text, guint16 port)
{
  TrioAddress address;
  g_autofree char *again = NULL;
  g_autofree char *expected = g_strdup_printf (strchr (text, ':') != NULL ? "[%s]:%u" : "%s:%u", text, port);

  g_assert_true (trio_address_parse (text, port, &address));
  again = trio_address_to_string (&address);
  g_assert_cmpstr (again, ==, expected);
}

static void
test_numeric_addresses_are_read_and_nothing_else (void)
{
  static const char *const others[] = { "", "localhost", "127.0.0", "1.2.3.4.5", "256.0.0.1", "::1::", "[::1]", "10.0.0.1:80" };
  TrioAddress address;

  expect_same ("127.0.0.1", 80);
  expect_same ("::1", 80);
  expect_same ("2001:db8::ff00:42:8329", 65535);
  for (gsize i = 0; i < G_N_ELEMENTS (others); i++)
    g_assert_false (trio_address_parse (others[i], 80, &address));
}

static void
test_unix_paths_fit_or_are_refused (void)
{
  g_autoptr (GError) error = NULL;
  g_autofree char *long_path = g_strnfill (TRIO_ADDRESS_PATH_MAX, 'a');
  TrioAddress a, b;

  g_assert_true (trio_address_unix ("/run/shop", &a, NULL));
  g_assert_true (trio_address_unix ("@shop", &b, NULL));
  g_assert_false (trio_address_equal (&a, &b));
  expect_text (a, "/run/shop");
  expect_text (b, "@shop");
  g_assert_false (trio_address_unix (long_path, &a, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_FILENAME_TOO_LONG);
  for (guint i = 0; i < 2; i++)
    {
      g_clear_error (&error);
      g_assert_false (trio_address_unix (i == 0 ? "" : "@", &a, &error));
      g_assert_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT);
    }
  long_path[TRIO_ADDRESS_PATH_MAX - 1] = '\0';
  g_assert_true (trio_address_unix (long_path, &a, NULL));
  expect_text (a, long_path);
}

static void
test_null_in_place_of_an_address_is_a_critical (void)
{
  TrioAddress address = { 0 };

  g_test_expect_message ("Trio", G_LOG_LEVEL_CRITICAL, "*trio_address_equal*!= NULL*");
  g_assert_false (trio_address_equal (&address, NULL));
  g_test_expect_message ("Trio", G_LOG_LEVEL_CRITICAL, "*trio_address_to_string*!= NULL*");
  g_assert_null (trio_address_to_string (NULL));
  g_test_assert_expected_messages ();
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/address/null-in-place-of-one-is-a-critical", test_null_in_place_of_an_address_is_a_critical);
  g_test_add_func ("/address/written-as-people-write-them", test_addresses_are_written_as_people_write_them);
  g_test_add_func ("/address/numeric-addresses-are-read-and-nothing-else", test_numeric_addresses_are_read_and_nothing_else);
  g_test_add_func ("/address/unix-paths-fit-or-are-refused", test_unix_paths_fit_or_are_refused);
  return g_test_run ();
}
