/* SPDX-License-Identifier: MIT OR Apache-2.0 */

/* Stacks in slots, slots in arenas.
 *
 *     arena   | slot 0 | slot 1 | slot 2 | …            one mmap() each; every arena doubles what there was
 *
 *     slot    | guard  |  usable, the same for every slot  |  colour: 0 … 23 cache lines  |  rest of the colour's page
 *                                                          ^
 *                                                          top, what users hold
 *
 * Always true:
 *  1. A slot is an odd number of pages. Stacks are busy at the same places, and with a power of two as their distance these places
 *     would share a few sets of the TLB, and their page table entries a few cache lines.
 *  2. For the same reason tops differ by some cache lines: the offset in a page decides about the place in the first cache.
 *     (Measured: a switch among 64 fibers takes 6.6 ns, and 9.5 if all tops are alike.) The colours end early enough for a
 *     task's record and its first frames to lie in one page, because that page is what an idle task costs.
 *  3. A slot is made (guarded, announced to checkers) when it is taken for the first time; slots of an arena are made in order.
 *  4. Free stacks are a list, last in, first out. Its link is the last word below top: that page is warm anyway, and a million
 *     free stacks need no other memory.
 *  5. A thread keeps the first arenas of the pool that was freed last, for the next one: the first touch of a stack and its guard
 *     cost 4 µs, which is more than the rest of a small run, and a simulator runs many.
 *
 * The guard. MADV_GUARD_INSTALL marks page table entries, without a mapping of its own: a process may have some 65,000 mappings
 * only, so that with mprotect() it ends at some 30,000 tasks. Emulators let the call succeed and do nothing; so it is tried out
 * once. What it cannot do (locked memory, Linux before 6.13, other systems) mprotect() does, and stops while there are mappings
 * left for the rest of the process: malloc() needs some, and GLib does not survive its failure. The guard is 64 KiB, because
 * libraries are often built without -fstack-clash-protection, and a frame of theirs that is larger than the guard would step
 * over it.
 */

#include "core/fiber/stack-pool.h"
#include "core/fiber/stack-checkers.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#ifndef MADV_GUARD_INSTALL
#define MADV_GUARD_INSTALL 102
#endif
#ifndef MAP_NORESERVE
#define MAP_NORESERVE 0
#endif

#define STACK_BYTES_DEFAULT   (256 * 1024)
#define STACK_PAGES_MIN       4
#define GUARD_BYTES_MAX       (64 * 1024)
#define COLOURS               24
#define COLOUR_BYTES          64
#define ARENA_SLOTS_MIN       16
#define ARENA_SLOTS_MAX       1024
#define KEEP_SLOTS            48          /* the first two arenas */

/* Pages that were touched once stay, which is what makes taking a stack cheap; but a stack that was used deeply once should not
 * hold its pages for ever. Whenever there are SAMPLE_EVERY more free ones than there were at some time since, the one that is given back is
 * looked at; if it holds more than KEEP_BYTES, the next SAMPLE_EVERY are looked at too. So a steady load, which goes on using the last ones, is
 * left alone (to ask the kernel takes as long as ten spawns), and so are the first KEEP_WARM. */
#define SAMPLE_EVERY          64
#define KEEP_WARM             32
#define KEEP_BYTES            (32 * 1024)

typedef struct
{
  char  *base;
  gsize  slots;
  gsize  made;              /* of them; only in the last arena fewer than slots */
  gint   mapped_guards;     /* of these; the others are marks */
} Arena;

struct _TrioStackPool
{
  gsize   page;
  gsize   guard;            /* faults */
  gsize   usable;
  gsize   slot;             /* guard + usable + one or two pages for the colour */
  void   *free;             /* top of the first free stack */
  gsize   n_free;
  gsize   n_made;           /* free or taken */
  gsize   n_free_to_look;   /* as many of them, and one is looked at */
  guint   suspicious;       /* so many more are looked at */
  GArray *arenas;           /* of Arena */
  GArray *checker_ids;
};

static void     dispose         (gpointer pool);
static void     rewind_pool     (TrioStackPool *pool);
static void    *make_stack      (TrioStackPool *pool);
static gboolean add_arena       (TrioStackPool *pool);
static gboolean install_guard   (Arena *arena, char *low, gsize bytes);
static void     trim            (TrioStackPool *pool, char *top);

static gint mapped_guards;      /* (atomic) of all pools; threads may overstep mapped_guards_max() by one each */

static GPrivate idle_pool = G_PRIVATE_INIT (dispose);     /* of this thread */

static inline void **
link_of (void *top)
{
  return (void **) top - 1;
}

void *
trio_stack_pool_take (TrioStackPool *pool)
{
  char *top = pool->free;

  if (G_UNLIKELY (top == NULL))
    return make_stack (pool);

  pool->free = *link_of (top);
  pool->n_free--;
  if (G_UNLIKELY (pool->n_free + SAMPLE_EVERY < pool->n_free_to_look))
    pool->n_free_to_look = pool->n_free + SAMPLE_EVERY;
  stack_checkers_taken (top - pool->usable, pool->usable);
  return top;
}

void
trio_stack_pool_give (TrioStackPool *pool, void *top)
{
  if (G_UNLIKELY (pool->n_free >= pool->n_free_to_look || pool->suspicious > 0))
    trim (pool, top);

  stack_checkers_given ((char *) top - pool->usable, pool->usable);
  *link_of (top) = pool->free;
  pool->free = top;
  pool->n_free++;
}

gsize
trio_stack_pool_get_usable (TrioStackPool *pool)
{
  return pool->usable;
}

gsize
trio_stack_pool_get_guard (TrioStackPool *pool)
{
  return pool->slot - pool->usable;
}

TrioStackPool *
trio_stack_pool_new (gsize stack_bytes)
{
  TrioStackPool *pool = g_private_get (&idle_pool);
  gsize page = (gsize) sysconf (_SC_PAGESIZE);
  gsize pages;

  if (stack_bytes == 0)
    stack_bytes = STACK_BYTES_DEFAULT;
  /* What could never be mapped need not overflow our arithmetic either. */
  stack_bytes = MIN (stack_bytes, G_MAXSIZE / 4);
  pages = MAX ((stack_bytes + page - 1) / page, STACK_PAGES_MIN);

  if (pool != NULL && pool->guard + pool->usable == pages * page)
    {
      g_private_set (&idle_pool, NULL);
      return pool;
    }

  pool = g_new0 (TrioStackPool, 1);
  pool->page = page;
  pool->guard = MIN ((GUARD_BYTES_MAX + page - 1) / page, pages / 4) * page;
  pool->usable = pages * page - pool->guard;
  pool->slot = (pages + (pages % 2 == 0 ? 1 : 2)) * page;
  pool->n_free_to_look = SAMPLE_EVERY;
  pool->arenas = g_array_new (FALSE, FALSE, sizeof (Arena));
  pool->checker_ids = g_array_new (FALSE, FALSE, sizeof (guint));
  return pool;
}

void
trio_stack_pool_free (TrioStackPool *pool)
{
  rewind_pool (pool);
  g_private_replace (&idle_pool, pool);
}

static inline Arena *
nth_arena (TrioStackPool *pool, guint n)
{
  return &g_array_index (pool->arenas, Arena, n);
}

static void
drop_last_arena (TrioStackPool *pool)
{
  Arena *arena = nth_arena (pool, pool->arenas->len - 1);

  for (; arena->made > 0; arena->made--, pool->n_made--)
    stack_checkers_unmade (arena->base + (arena->made - 1) * pool->slot + pool->guard, pool->slot - pool->guard, pool->checker_ids);
  munmap (arena->base, arena->slots * pool->slot);
  g_atomic_int_add (&mapped_guards, -arena->mapped_guards);
  g_array_set_size (pool->arenas, pool->arenas->len - 1);
}

static void
dispose (gpointer data)
{
  TrioStackPool *pool = data;

  while (pool->arenas->len > 0)
    drop_last_arena (pool);
  g_array_unref (pool->arenas);
  g_array_unref (pool->checker_ids);
  g_free (pool);
}

/* Where users begin to count down. */
static char *
top_of (TrioStackPool *pool, Arena *arena, gsize slot)
{
  return arena->base + (slot + 1) * pool->slot - slot % COLOURS * COLOUR_BYTES;
}

/* As if all had been given back, and not more than is worth keeping. */
static void
rewind_pool (TrioStackPool *pool)
{
  gboolean all_there = pool->n_free == pool->n_made && pool->n_made <= KEEP_SLOTS;

  if (all_there)
    return;
  while (pool->arenas->len > 0 && pool->n_made > KEEP_SLOTS)
    drop_last_arena (pool);

  pool->free = NULL;
  pool->n_free = 0;
  pool->n_free_to_look = SAMPLE_EVERY;
  pool->suspicious = 0;
  for (guint n = pool->arenas->len; n > 0; n--)
    for (gsize slot = nth_arena (pool, n - 1)->made; slot > 0; slot--)
      trio_stack_pool_give (pool, top_of (pool, nth_arena (pool, n - 1), slot - 1));
}

/* The next slot that was never used. */
static void *
make_stack (TrioStackPool *pool)
{
  Arena *arena = pool->arenas->len > 0 ? nth_arena (pool, pool->arenas->len - 1) : NULL;
  char *low;

  if (arena == NULL || arena->made == arena->slots)
    {
      if (!add_arena (pool))
        return NULL;
      arena = nth_arena (pool, pool->arenas->len - 1);
    }

  low = arena->base + arena->made * pool->slot;
  if (!install_guard (arena, low, pool->guard))
    return NULL;
  stack_checkers_made (low + pool->guard, pool->slot - pool->guard, pool->checker_ids);
  pool->n_made++;
  return top_of (pool, arena, arena->made++);
}

/* As many slots as there are already, within bounds; fewer if the system does not give so many. */
static gboolean
add_arena (TrioStackPool *pool)
{
  gsize slots = ARENA_SLOTS_MIN;

  if (pool->arenas->len > 0)
    slots = MIN (2 * nth_arena (pool, pool->arenas->len - 1)->slots, ARENA_SLOTS_MAX);

  for (; slots > 0; slots /= 2)
    {
      char *base = MAP_FAILED;

      if (pool->slot <= G_MAXSIZE / slots)
        base = mmap (NULL, slots * pool->slot, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
      if (base != MAP_FAILED)
        {
          Arena arena = { .base = base, .slots = slots };

          /* A huge page would be 2 MiB for the sake of an idle task's one page. Where the kernel has none, this fails, rightly. */
#ifdef MADV_NOHUGEPAGE
          madvise (base, slots * pool->slot, MADV_NOHUGEPAGE);
#endif
          g_array_append_val (pool->arenas, arena);
          return TRUE;
        }
    }
  return FALSE;
}

/* Whether MADV_GUARD_INSTALL does what it says: the kernel itself must not be able to read a guarded byte. */
static gboolean
guards_are_real (void)
{
  gsize page = (gsize) sysconf (_SC_PAGESIZE);
  gboolean real = FALSE;
  int ends[2];
  char *memory;

  memory = mmap (NULL, page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (memory == MAP_FAILED)
    return FALSE;
  if (madvise (memory, page, MADV_GUARD_INSTALL) == 0 && pipe (ends) == 0)
    {
      /* A child that another thread starts just now does not need it. */
      fcntl (ends[0], F_SETFD, FD_CLOEXEC);
      fcntl (ends[1], F_SETFD, FD_CLOEXEC);
      real = write (ends[1], memory, 1) < 0 && errno == EFAULT;
      close (ends[0]);
      close (ends[1]);
    }
  munmap (memory, page);
  return real;
}

/* How many guards may be mappings, in all pools together. Each costs two, itself and the stack that it separates from the rest. */
static gint
mapped_guards_max (void)
{
  g_autofree char *text = NULL;
  guint64 mappings = G_MAXINT;

  if (g_file_get_contents ("/proc/sys/vm/max_map_count", &text, NULL, NULL))
    mappings = MIN (g_ascii_strtoull (text, NULL, 10), G_MAXINT);
  return (gint) (mappings / 2 - mappings / 32);
}

static gboolean
install_guard (Arena *arena, char *low, gsize bytes)
{
  static gsize known;
  static gboolean are_real;
  static gint mapped_max;

  if (g_once_init_enter (&known))
    {
      are_real = guards_are_real ();
      mapped_max = mapped_guards_max ();
      g_once_init_leave (&known, 1);
    }

  if (are_real && madvise (low, bytes, MADV_GUARD_INSTALL) == 0)
    return TRUE;
  if (g_atomic_int_get (&mapped_guards) >= mapped_max || mprotect (low, bytes, PROT_NONE) != 0)
    return FALSE;
  g_atomic_int_inc (&mapped_guards);
  arena->mapped_guards++;
  return TRUE;
}

/* Looks how much memory a stack holds that is being given back, and returns most of it to the system if it is much. */
static void
trim (TrioStackPool *pool, char *top)
{
  unsigned char resident[8] = { 0 };
  gsize bytes = pool->slot - pool->guard;
  char *low = (char *) (((guintptr) top + pool->page - 1) / pool->page * pool->page) - bytes;
  gsize looked_at = sizeof resident * pool->page;

  if (pool->n_free >= pool->n_free_to_look)
    pool->n_free_to_look = pool->n_free + SAMPLE_EVERY;
  if (pool->suspicious > 0)
    pool->suspicious--;
  if (pool->n_free < KEEP_WARM || bytes < KEEP_BYTES + looked_at)
    return;

  /* Stacks fill from the top, and hardly ever with holes of eight pages: those right below what may be kept tell enough. */
  if (mincore (low + bytes - KEEP_BYTES - looked_at, looked_at, resident) != 0)
    return;
  for (gsize i = 0; i < sizeof resident; i++)
    if (resident[i] & 1)
      {
        madvise (low, bytes - KEEP_BYTES, MADV_DONTNEED);
        pool->suspicious = SAMPLE_EVERY;
        break;
      }
}
