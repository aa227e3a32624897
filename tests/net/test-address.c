/* SPDX-License-Identifier: MIT OR Apache-2.0 */

/* Addresses as people write them. */

#include <string.h>

#include "net/address.h"

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

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/address/written-as-people-write-them", test_addresses_are_written_as_people_write_them);
  return g_test_run ();
}
