/* SPDX-License-Identifier: MIT OR Apache-2.0 */

/* Stacks: that the guard guards, that the pool gives what was given last, how much memory an idle stack costs, and what happens
 * when there is no more. */

#include "core/fiber/fiber.h"
#include "core/fiber/stack-pool.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#ifdef TRIO_WITH_ASAN
#include <sanitizer/asan_interface.h>
#endif

static gsize page_bytes;

/* Memory checkers remember something about each byte, and are slow about it. */
static gboolean
is_checked (void)
{
  return TRIO_FIBER_SANITIZED || g_getenv ("TRIO_TEST_VALGRIND") != NULL;
}

/* Whether the kernel could read the byte at `address`. */
static gboolean
is_readable (const char *address)
{
  int ends[2];
  gboolean readable;

  g_assert_cmpint (pipe (ends), ==, 0);
  readable = write (ends[1], address, 1) == 1;
  if (!readable)
    g_assert_cmpint (errno, ==, EFAULT);
  close (ends[0]);
  close (ends[1]);
  return readable;
}

/* The nth number of /proc/self/statm in bytes: 0 address space, 1 resident. 0 where there is no such file. */
static gsize
memory_now (int nth)
{
  FILE *file = fopen ("/proc/self/statm", "r");
  unsigned long pages[2] = { 0, 0 };

  if (file == NULL)
    return 0;
  if (fscanf (file, "%lu %lu", &pages[0], &pages[1]) != 2)
    pages[nth] = 0;
  fclose (file);
  return pages[nth] * page_bytes;
}

static void
test_a_stack_is_all_there (void)
{
  const gsize sizes[] = { 0, 1, 16 * 1024, 17 * 1024, 64 * 1024, 100 * 1024, 1024 * 1024 };

  for (gsize i = 0; i < G_N_ELEMENTS (sizes); i++)
    {
      TrioStackPool *pool = trio_stack_pool_new (sizes[i]);
      gsize wanted = sizes[i] == 0 ? 256 * 1024 : MAX (sizes[i], 4 * page_bytes);
      gsize usable = trio_stack_pool_get_usable (pool);
      char *tops[40];

      g_assert_cmpuint (usable, >=, wanted / 4 * 3);
      g_assert_cmpuint (usable + trio_stack_pool_get_guard (pool), >=, wanted);
      for (gsize n = 0; n < G_N_ELEMENTS (tops); n++)
        {
          tops[n] = trio_stack_pool_take (pool);
          g_assert_nonnull (tops[n]);
          g_assert_cmpuint ((gsize) tops[n] % 64, ==, 0);
          memset (tops[n] - usable, (int) n + 1, usable);
        }
      /* Nobody wrote into a neighbour's. */
      for (gsize n = 0; n < G_N_ELEMENTS (tops); n++)
        for (gsize at = 1; at <= usable; at++)
          if (*(tops[n] - at) != (char) (n + 1))
            g_error ("stack %" G_GSIZE_FORMAT " was written to %" G_GSIZE_FORMAT " bytes below its top", n, at);
      for (gsize n = 0; n < G_N_ELEMENTS (tops); n++)
        trio_stack_pool_give (pool, tops[n]);
      trio_stack_pool_free (pool);
    }
}

static void
test_the_guard_lies_right_below_each_stack (void)
{
  TrioStackPool *pool = trio_stack_pool_new (0);
  gsize usable = trio_stack_pool_get_usable (pool);
  gsize guard = trio_stack_pool_get_guard (pool);

  for (int n = 0; n < 40; n++)
    {
      char *top = trio_stack_pool_take (pool);
      char *low = top - usable;
      gsize faulting = 0;

      g_assert_true (is_readable (low));
      g_assert_true (is_readable (top - 1));
      /* A little room that colouring leaves, the guard without a hole, and then the room that belongs to the neighbour. */
      for (gsize below = 64; below <= guard; below += 64)
        if (!is_readable (low - below))
          faulting += 64;
        else if (faulting > 0)
          break;
        else
          g_assert_cmpuint (below, <=, 2 * page_bytes);
      g_assert_cmpuint (faulting, ==, 64 * 1024);
    }
  trio_stack_pool_free (pool);
}

static void
test_writing_into_the_guard_kills (void)
{
  TrioStackPool *pool = trio_stack_pool_new (0);
  char *top = trio_stack_pool_take (pool);
  pid_t child;
  int status;

  if (g_getenv ("TRIO_TEST_VALGRIND") != NULL)
    {
      g_test_skip ("Valgrind would write a report about it");
      trio_stack_pool_give (pool, top);
      trio_stack_pool_free (pool);
      return;
    }
  child = fork ();
  g_assert_cmpint (child, >=, 0);
  if (child == 0)
    {
      /* A sanitizer would turn it into an exit code. */
      signal (SIGSEGV, SIG_DFL);
      signal (SIGBUS, SIG_DFL);
      *(volatile char *) (top - trio_stack_pool_get_usable (pool) - trio_stack_pool_get_guard (pool) / 2) = 1;
      _exit (0);
    }
  g_assert_cmpint (waitpid (child, &status, 0), ==, child);
  g_assert_true (WIFSIGNALED (status));
  g_assert_true (WTERMSIG (status) == SIGSEGV || WTERMSIG (status) == SIGBUS);
  trio_stack_pool_free (pool);
}

static void
test_what_was_given_last_is_taken_first (void)
{
  TrioStackPool *pool = trio_stack_pool_new (0);
  void *tops[100];

  for (int i = 0; i < 100; i++)
    tops[i] = trio_stack_pool_take (pool);
  for (int i = 0; i < 100; i++)
    for (int other = 0; other < i; other++)
      g_assert_true (tops[i] != tops[other]);
  for (int i = 0; i < 100; i++)
    trio_stack_pool_give (pool, tops[i]);
  for (int i = 99; i >= 0; i--)
    g_assert_true (trio_stack_pool_take (pool) == tops[i]);
  for (int i = 0; i < 100; i++)
    trio_stack_pool_give (pool, tops[i]);
  trio_stack_pool_free (pool);
}

static int
compare_tops (gconstpointer a, gconstpointer b)
{
  const char *first = *(char *const *) a;
  const char *second = *(char *const *) b;

  return first < second ? -1 : first > second;
}

static void
test_the_next_pool_begins_with_the_stacks_of_the_last (void)
{
  char *tops[2][20];

  /* Of the three rounds one gives nothing back, as a run does that is abandoned; the others in the order of taking. */
  for (int round = 0; round < 3; round++)
    {
      TrioStackPool *pool = trio_stack_pool_new (128 * 1024);
      char **taken = tops[round > 0];

      for (int i = 0; i < 20; i++)
        {
          taken[i] = trio_stack_pool_take (pool);
          memset (taken[i] - trio_stack_pool_get_usable (pool), round, trio_stack_pool_get_usable (pool));
        }
      for (int i = 0; i < 20 && round != 1; i++)
        trio_stack_pool_give (pool, taken[i]);
      qsort (taken, 20, sizeof (char *), compare_tops);
      trio_stack_pool_free (pool);
      if (round > 0)
        g_assert_cmpmem (tops[0], sizeof tops[0], tops[1], sizeof tops[1]);
    }
}

static gpointer
make_a_pool (gpointer data)
{
  TrioStackPool *pool = trio_stack_pool_new (128 * 1024);
  char *top = trio_stack_pool_take (pool);

  (void) data;
  memset (top - 100, 1, 100);
  trio_stack_pool_give (pool, top);
  trio_stack_pool_free (pool);
  return NULL;
}

static void
test_a_thread_that_ends_leaves_no_stacks (void)
{
  gsize before;

  if (memory_now (0) == 0 || is_checked ())
    {
      g_test_skip ("the memory of this process tells nothing");
      return;
    }
  g_thread_join (g_thread_new ("pool", make_a_pool, NULL));
  before = memory_now (0);
  for (int i = 0; i < 50; i++)
    g_thread_join (g_thread_new ("pool", make_a_pool, NULL));
  /* Each had an arena of some megabytes. */
  g_assert_cmpuint (memory_now (0), <, before + 16 * 1024 * 1024);
}

static void
test_tops_lie_in_many_cache_lines_and_tlb_sets (void)
{
  TrioStackPool *pool = trio_stack_pool_new (0);
  gboolean lines[64] = { FALSE };
  gboolean sets[64] = { FALSE };
  int n_lines = 0;
  int n_sets = 0;

  for (int i = 0; i < 512; i++)
    {
      gsize top = (gsize) trio_stack_pool_take (pool);

      lines[top / 64 % 64] = TRUE;
      sets[top / page_bytes % 64] = TRUE;
    }
  for (int i = 0; i < 64; i++)
    {
      n_lines += lines[i];
      n_sets += sets[i];
    }
  g_assert_cmpint (n_lines, >=, 16);
  g_assert_cmpint (n_sets, ==, 64);
  trio_stack_pool_free (pool);
}

/* Takes n stacks and writes to `each` of them what a task that waits would: a record, and a few frames. */
static char **
take_many (TrioStackPool *pool, gsize n, gsize each)
{
  char **tops = g_new0 (char *, n);

  for (gsize i = 0; i < n; i++)
    {
      tops[i] = trio_stack_pool_take (pool);
      if (tops[i] == NULL)
        {
          g_free (tops);
          return NULL;
        }
      if (i % each == 0)
        memset (tops[i] - 2048, 1, 2048);
    }
  return tops;
}

static void
test_a_hundred_thousand_idle_stacks_cost_a_page_each (void)
{
  TrioStackPool *pool = trio_stack_pool_new (0);
  gsize n = is_checked () ? 2000 : 100000;
  gsize before = memory_now (1);
  char **tops = take_many (pool, n, 1);
  gsize after = memory_now (1);

  if (tops == NULL)
    {
      g_test_skip ("this kernel has neither MADV_GUARD_INSTALL nor as many mappings");
      trio_stack_pool_free (pool);
      return;
    }
  /* The array of the tops is ours. */
  if (before > 0 && !is_checked ())
    g_assert_cmpuint (after - before, <=, n * (page_bytes + page_bytes / 16 + sizeof (char *)));

  for (gsize i = 0; i < n; i++)
    trio_stack_pool_give (pool, tops[i]);
  for (gsize i = n; i > 0; i--)
    g_assert_true (trio_stack_pool_take (pool) == tops[i - 1]);
  g_free (tops);
  trio_stack_pool_free (pool);
  if (before > 0 && !is_checked ())
    g_assert_cmpuint (memory_now (1), <=, before + n * 512);
}

/* Address space and guards for a million; every fiftieth is written to, so that this needs no four gigabytes. */
static void
test_a_million_stacks_can_be_had (void)
{
  TrioStackPool *pool;
  char **tops;

  if (is_checked ())
    {
      g_test_skip ("a million is too many for a memory checker");
      return;
    }
  if ((gsize) sysconf (_SC_PHYS_PAGES) < (gsize) 3 * 1024 * 1024 * 1024 / page_bytes)
    {
      g_test_skip ("the page tables of a million stacks need half a gigabyte, and this machine is small");
      return;
    }
  pool = trio_stack_pool_new (0);
  tops = take_many (pool, 1000000, 50);
  if (tops == NULL)
    g_test_skip ("this kernel has neither MADV_GUARD_INSTALL nor as many mappings");
  else
    for (gsize i = 0; i < 1000000; i += 99991)
      g_assert_false (is_readable (tops[i] - trio_stack_pool_get_usable (pool) - trio_stack_pool_get_guard (pool) / 2));
  g_free (tops);
  trio_stack_pool_free (pool);
}

static void
test_deep_stacks_give_their_pages_back (void)
{
  enum { N = 400, DEEP = 150 * 1024 };
  TrioStackPool *pool = trio_stack_pool_new (0);
  gsize before = memory_now (1);
  char *tops[N];

  if (before == 0 || is_checked ())
    {
      g_test_skip ("the memory of this process tells nothing");
      trio_stack_pool_free (pool);
      return;
    }
  for (int i = 0; i < N; i++)
    {
      tops[i] = trio_stack_pool_take (pool);
      memset (tops[i] - DEEP, 1, DEEP);
    }
  g_assert_cmpuint (memory_now (1) - before, >=, (gsize) N * DEEP);
  for (int i = 0; i < N; i++)
    trio_stack_pool_give (pool, tops[i]);
  g_assert_cmpuint (memory_now (1) - before, <=, (gsize) N * DEEP / 2);
  trio_stack_pool_free (pool);
}

static void
test_no_memory_is_an_answer (void)
{
  struct rlimit limit, tight;
  TrioStackPool *pool;
  char *last = NULL;
  char *top;
  gsize n = 0;

  /* No machine has so much. */
  pool = trio_stack_pool_new (G_MAXSIZE);
  g_assert_null (trio_stack_pool_take (pool));
  g_assert_null (trio_stack_pool_take (pool));
  trio_stack_pool_free (pool);

  if (memory_now (0) == 0 || is_checked ())
    {
      g_test_skip ("a checker needs address space itself");
      return;
    }
  g_assert_cmpint (getrlimit (RLIMIT_AS, &limit), ==, 0);
  tight = limit;
  tight.rlim_cur = memory_now (0) + 64 * 1024 * 1024;
  g_assert_cmpint (setrlimit (RLIMIT_AS, &tight), ==, 0);

  pool = trio_stack_pool_new (0);
  while ((top = trio_stack_pool_take (pool)) != NULL)
    {
      memset (top - 100, 1, 100);
      last = top;
      n++;
    }
  /* All that there was, not only what fitted into whole arenas. */
  g_assert_cmpuint (n, >=, 64 * 1024 * 1024 / (256 * 1024) * 9 / 10);
  g_assert_null (trio_stack_pool_take (pool));
  trio_stack_pool_give (pool, last);
  g_assert_true (trio_stack_pool_take (pool) == last);
  g_assert_null (trio_stack_pool_take (pool));

  /* Emulators do not keep to the limit; what ran out there was the mappings for guards, and they stay so. */
  g_assert_cmpint (setrlimit (RLIMIT_AS, &limit), ==, 0);
  if (n <= 64 * 1024 * 1024 / (256 * 1024))
    g_assert_nonnull (trio_stack_pool_take (pool));
  trio_stack_pool_free (pool);
}

#ifdef TRIO_WITH_ASAN
static void
test_a_finished_tasks_frames_are_poisoned (void)
{
  TrioStackPool *pool = trio_stack_pool_new (0);
  gsize usable = trio_stack_pool_get_usable (pool);
  char *top = trio_stack_pool_take (pool);

  g_assert_null (__asan_region_is_poisoned (top - usable, usable));
  trio_stack_pool_give (pool, top);
  g_assert_true (__asan_address_is_poisoned (top - 100));
  g_assert_true (__asan_address_is_poisoned (top - usable));
  g_assert_true (trio_stack_pool_take (pool) == top);
  g_assert_null (__asan_region_is_poisoned (top - usable, usable));
  trio_stack_pool_free (pool);
}
#endif

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  page_bytes = (gsize) sysconf (_SC_PAGESIZE);

  g_test_add_func ("/core/stack_pool/a_stack_is_all_there", test_a_stack_is_all_there);
  g_test_add_func ("/core/stack_pool/the_guard_lies_right_below_each_stack", test_the_guard_lies_right_below_each_stack);
  g_test_add_func ("/core/stack_pool/writing_into_the_guard_kills", test_writing_into_the_guard_kills);
  g_test_add_func ("/core/stack_pool/what_was_given_last_is_taken_first", test_what_was_given_last_is_taken_first);
  g_test_add_func ("/core/stack_pool/the_next_pool_begins_with_the_stacks_of_the_last",
                   test_the_next_pool_begins_with_the_stacks_of_the_last);
  g_test_add_func ("/core/stack_pool/a_thread_that_ends_leaves_no_stacks", test_a_thread_that_ends_leaves_no_stacks);
  g_test_add_func ("/core/stack_pool/tops_lie_in_many_cache_lines_and_tlb_sets", test_tops_lie_in_many_cache_lines_and_tlb_sets);
  g_test_add_func ("/core/stack_pool/a_hundred_thousand_idle_stacks_cost_a_page_each",
                   test_a_hundred_thousand_idle_stacks_cost_a_page_each);
  g_test_add_func ("/core/stack_pool/a_million_stacks_can_be_had", test_a_million_stacks_can_be_had);
  g_test_add_func ("/core/stack_pool/deep_stacks_give_their_pages_back", test_deep_stacks_give_their_pages_back);
  g_test_add_func ("/core/stack_pool/no_memory_is_an_answer", test_no_memory_is_an_answer);
#ifdef TRIO_WITH_ASAN
  g_test_add_func ("/core/stack_pool/a_finished_tasks_frames_are_poisoned", test_a_finished_tasks_frames_are_poisoned);
#endif

  return g_test_run ();
}
