/* SPDX-License-Identifier: MIT OR Apache-2.0 */

/* Who is asked for the addresses of a name, and for which name. */

#include <gio/gio.h>

#include "tests/core/mock-world.h"
#include "tests/net/script-io.h"

typedef struct
{
  TrioResolver resolver;
  GString     *asked;
  TrioEvent   *may_answer;       /* NULL: at once */
  gboolean    *freed;
} Listing;

static gboolean
listing_resolve (TrioResolver *resolver, const char *host, guint16 port, TrioAddress **addresses, gsize *n_addresses, GError **error)
{
  Listing *self = (Listing *) resolver;

  g_string_append_printf (self->asked, "%s ", host);
  if (self->may_answer != NULL ? !trio_event_wait (self->may_answer, error) : !trio_checkpoint (error))
    return FALSE;
  g_assert_false (*self->freed);
  *addresses = g_new (TrioAddress, 1);
  **addresses = script_ipv4 (42, port);
  *n_addresses = 1;
  return TRUE;
}

static gboolean
find_nothing (TrioResolver *resolver G_GNUC_UNUSED, const char *host G_GNUC_UNUSED, guint16 port G_GNUC_UNUSED,
              TrioAddress **addresses G_GNUC_UNUSED, gsize *n_addresses G_GNUC_UNUSED, GError **error)
{
  return trio_checkpoint (error);
}

static gboolean
ask_who_finds_nothing (gpointer data G_GNUC_UNUSED, GError **error)
{
  static TrioResolver resolver = { .resolve = find_nothing };
  g_autofree TrioAddress *addresses = NULL;
  gsize n = 0;
  g_autoptr (GError) refusal = NULL;

  trio_set_resolver (&resolver);
  g_assert_false (trio_resolve ("shop", 80, &addresses, &n, &refusal));
  g_assert_error (refusal, TRIO_ERROR, TRIO_ERROR_MISUSE);
  mock_assert_says (refusal->message, "found “shop”, and no address of it");
  return trio_checkpoint (error);
}

static void
listing_free (TrioResolver *resolver)
{
  *((Listing *) resolver)->freed = TRUE;
}

static Listing
listing (GString *asked, gboolean *freed)
{
  *freed = FALSE;
  return (Listing) { .resolver = { .resolve = listing_resolve, .free = listing_free }, .asked = asked, .freed = freed };
}

static gboolean
resolve (const char *host, TrioAddress *address, GError **error)
{
  g_autofree TrioAddress *addresses = NULL;
  gsize n = 0;

  if (!trio_resolve (host, 80, &addresses, &n, error))
    return FALSE;
  g_assert_cmpuint (n, ==, 1);
  *address = addresses[0];
  return TRUE;
}

static gboolean
ask_for_several (gpointer data, GError **error)
{
  GString *asked = data;
  static gboolean freed;
  static Listing self;
  TrioAddress address;

  self = listing (asked, &freed);
  trio_set_resolver (&self.resolver);
  if (!resolve ("shop", &address, error))
    return FALSE;
  g_assert_cmpint (address.bytes[3], ==, 42);
  if (!resolve ("192.0.2.7", &address, error))
    return FALSE;
  g_assert_cmpint (address.bytes[3], ==, 7);
  /* Case is mapped, and the sharp s stays what it is. */
  if (!resolve ("BÜCHER.example", &address, error) || !resolve ("fa\303\237.de", &address, error))
    return FALSE;
  trio_set_resolver (NULL);
  g_assert_true (freed);
  return resolve ("shop", &address, error);
}

static gboolean
run_several (gpointer data G_GNUC_UNUSED, GError **error)
{
  g_autoptr (GString) asked = g_string_new (NULL);

  if (!ask_for_several (asked, error))
    return FALSE;
#ifdef TRIO_HAVE_IDN2
  g_assert_cmpstr (asked->str, ==, "shop xn--bcher-kva.example xn--fa-hia.de ");
#else
  g_assert_cmpstr (asked->str, ==, "shop xn--bcher-kva.example fass.de ");
#endif
  return TRUE;
}

static void
test_the_resolver_of_the_run_is_asked_for_names_only (void)
{
  ScriptIo self;

  script_io_init (&self);
  script_run (&self, run_several);
}

static gboolean
refuse (gpointer data G_GNUC_UNUSED, GError **error)
{
  g_autofree char *label = g_strnfill (60, 'a');
  g_autofree char *long_name = g_strjoin (".", label, label, label, label, label, NULL);
  const char *names[] = { "", "\377", long_name, "\341\204\200..\341\204\200" };

  (void) error;
  for (gsize i = 0; i < G_N_ELEMENTS (names); i++)
    {
      g_autoptr (GError) failure = NULL;
      TrioAddress address;

      g_assert_false (resolve (names[i], &address, &failure));
      g_assert_error (failure, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT);
      mock_assert_says (failure->message, "cannot be the name of a host: ");
    }
  return TRUE;
}

static void
test_what_cannot_be_a_name_is_refused_with_the_reason (void)
{
  ScriptIo self;

  script_io_init (&self);
  script_run (&self, refuse);
}

typedef struct
{
  GString *asked;
  gboolean freed;
  Listing  self;
} Slow;

static gboolean
ask_once (gpointer data, GError **error)
{
  TrioAddress address;

  return resolve (data, &address, error);
}

static gboolean
replace_meanwhile (gpointer data, GError **error)
{
  Slow *slow = data;
  g_autoptr (TrioEvent) may_answer = trio_event_new ();
  g_autoptr (TrioNursery) nursery = trio_nursery_open (error);

  slow->self = listing (slow->asked, &slow->freed);
  slow->self.may_answer = may_answer;
  trio_set_resolver (&slow->self.resolver);
  trio_nursery_start_soon (nursery, ask_once, (gpointer) "late");
  if (!trio_checkpoint (error))
    return FALSE;
  trio_set_resolver (NULL);
  g_assert_false (slow->freed);
  trio_event_set (may_answer);
  if (!trio_nursery_close (nursery, TRUE))
    return FALSE;
  g_assert_true (slow->freed);
  return TRUE;
}

static gboolean
run_replace (gpointer data G_GNUC_UNUSED, GError **error)
{
  g_autoptr (GString) asked = g_string_new (NULL);
  Slow slow = { .asked = asked };

  return replace_meanwhile (&slow, error);
}

static void
test_a_resolver_lives_until_its_look_ups_are_over (void)
{
  ScriptIo self;

  script_io_init (&self);
  script_run (&self, run_replace);
}

static void
test_a_resolver_that_finds_a_name_without_an_address_is_told_so (void)
{
  ScriptIo self;

  script_io_init (&self);
  script_run (&self, ask_who_finds_nothing);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/net/resolver/the-resolver-of-the-run-is-asked-for-names-only", test_the_resolver_of_the_run_is_asked_for_names_only);
  g_test_add_func ("/net/resolver/what-cannot-be-a-name-is-refused-with-the-reason", test_what_cannot_be_a_name_is_refused_with_the_reason);
  g_test_add_func ("/net/resolver/a-resolver-lives-until-its-look-ups-are-over", test_a_resolver_lives_until_its_look_ups_are_over);
  g_test_add_func ("/net/resolver/a-resolver-that-finds-a-name-without-an-address-is-told-so",
                   test_a_resolver_that_finds_a_name_without_an_address_is_told_so);
  return g_test_run ();
}
