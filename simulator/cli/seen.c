/* SPDX-License-Identifier: MIT OR Apache-2.0 */

/* A table of facts in shared memory, without a lock: a worker may be killed at any moment. See seen.h.
 *
 *     slot:  fact (0: free; set once, by compare and swap)
 *            runs, both complemented: earliest in the upper half, second in the lower; 0: none yet
 *
 *     used:  the places of the slots in use, plus 1, so that counting them does not walk through memory that nobody has touched
 *
 * What the table holds in the end is a function of what was put in, not of the order: a fact's slot may differ, its two runs do not. */

#include "simulator/cli/seen.h"
#include "simulator/cli/os.h"

#include <string.h>

#define SLOTS      ((gsize) 1 << 20)         /* a power of two */
#define FULL_AT    (SLOTS / 4 * 3)
#define NO_RUN     G_MAXUINT32

typedef struct
{
  guint64 fact;      /* (atomic) */
  guint64 runs;      /* (atomic) */
} Slot;

struct _TrioCliSeen
{
  guint64 n[TRIO_CLI_FACT_KINDS];          /* (atomic) */
  guint64 last_new[TRIO_CLI_FACT_KINDS];   /* (atomic) */
  guint64 n_used;                          /* (atomic) */
  guint64 n_lost;                          /* (atomic) */
  guint32 used[SLOTS];
  Slot    slots[SLOTS];
};

TrioCliSeen *
trio_cli_seen_new (void)
{
  return trio_cli_share (sizeof (TrioCliSeen));
}

void
trio_cli_seen_free (TrioCliSeen *self)
{
  trio_cli_unshare (self, sizeof *self);
}

/* NULL: there is no room for one more. */
static Slot *
slot_for (TrioCliSeen *self, guint64 fact)
{
  gsize place = (gsize) (fact >> 8) & (SLOTS - 1);

  for (;; place = (place + 1) & (SLOTS - 1))
    {
      Slot *slot = &self->slots[place];
      guint64 there = __atomic_load_n (&slot->fact, __ATOMIC_SEQ_CST);

      if (there == 0)
        {
          if (__atomic_load_n (&self->n_used, __ATOMIC_SEQ_CST) >= FULL_AT)
            return NULL;
          if (__atomic_compare_exchange_n (&slot->fact, &there, fact, FALSE, __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST))
            {
              self->used[__atomic_fetch_add (&self->n_used, 1, __ATOMIC_SEQ_CST)] = (guint32) place + 1;
              return slot;
            }
        }
      if (there == fact)
        return slot;
    }
}

static guint32
first_of (guint64 runs)
{
  return ~(guint32) (runs >> 32);
}

static guint32
second_of (guint64 runs)
{
  return ~(guint32) runs;
}

static guint64
pack (guint32 first, guint32 second)
{
  return (guint64) ~first << 32 | (guint32) ~second;
}

/* TRUE if no run had shown it before. */
static gboolean
add_run (Slot *slot, guint32 run)
{
  guint64 old = __atomic_load_n (&slot->runs, __ATOMIC_SEQ_CST);

  for (;;)
    {
      guint32 first = first_of (old), second = second_of (old);

      /* The common case: it is known from two earlier ones. */
      if (run == first || run >= second)
        return FALSE;
      if (__atomic_compare_exchange_n (&slot->runs, &old, run < first ? pack (run, first) : pack (first, run), FALSE,
                                       __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST))
        return first == NO_RUN;
    }
}

static void
raise_to (guint64 *word, guint64 value)
{
  guint64 old = __atomic_load_n (word, __ATOMIC_SEQ_CST);

  while (old < value && !__atomic_compare_exchange_n (word, &old, value, FALSE, __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST))
    ;
}

void
trio_cli_seen_note (TrioCliSeen *self, guint64 nth, const guint64 *facts, gsize n_facts)
{
  guint32 run = (guint32) MIN (nth, NO_RUN - 1);

  for (gsize i = 0; i < n_facts; i++)
    {
      Slot *slot = slot_for (self, facts[i]);

      if (slot == NULL)
        __atomic_fetch_add (&self->n_lost, 1, __ATOMIC_SEQ_CST);
      else if (add_run (slot, run))
        {
          __atomic_fetch_add (&self->n[TRIO_CLI_FACT_KIND (facts[i])], 1, __ATOMIC_SEQ_CST);
          raise_to (&self->last_new[TRIO_CLI_FACT_KIND (facts[i])], run);
        }
    }
}

static int
compare_runs (gconstpointer a, gconstpointer b)
{
  guint32 x = *(const guint32 *) a, y = *(const guint32 *) b;

  return x < y ? -1 : x > y;
}

static guint64
count_different (GArray *runs)
{
  guint64 n = 0;

  g_array_sort (runs, compare_runs);
  for (guint i = 0; i < runs->len; i++)
    n += i == 0 || g_array_index (runs, guint32, i) != g_array_index (runs, guint32, i - 1);
  return n;
}

void
trio_cli_seen_count (const TrioCliSeen *self, guint64 end, guint64 n_runs, TrioCliSaturation *saturation)
{
  GArray *lone[TRIO_CLI_FACT_KINDS];
  gboolean complete = TRUE;

  *saturation = (TrioCliSaturation) { .n_runs = n_runs, .full = self->n_lost > 0 };
  for (guint k = 0; k < TRIO_CLI_FACT_KINDS; k++)
    lone[k] = g_array_new (FALSE, FALSE, sizeof (guint32));

  /* Whoever was killed between taking a slot and saying which left a gap; then all are walked through. */
  for (gsize i = 0; i < self->n_used; i++)
    complete = complete && self->used[i] != 0;
  for (gsize i = 0; i < (complete ? self->n_used : SLOTS); i++)
    {
      const Slot *slot = &self->slots[complete ? self->used[i] - 1 : i];
      guint32 first = first_of (slot->runs), second = second_of (slot->runs);
      TrioCliFactKind k = TRIO_CLI_FACT_KIND (slot->fact);

      if (slot->fact == 0 || first >= end || first == NO_RUN)
        continue;
      saturation->kinds[k].n++;
      saturation->kinds[k].n_since = MAX (saturation->kinds[k].n_since, first);
      if (second < end && second != NO_RUN)
        continue;
      saturation->kinds[k].n_single++;
      g_array_append_val (lone[k], first);
    }

  for (guint k = 0; k < TRIO_CLI_FACT_KINDS; k++)
    {
      saturation->kinds[k].n_lone_runs = count_different (lone[k]);
      g_array_unref (lone[k]);
    }
}

void
trio_cli_seen_peek (const TrioCliSeen *self, TrioCliFactKind kind, guint64 *n, guint64 *last_new)
{
  *n = __atomic_load_n (&self->n[kind], __ATOMIC_SEQ_CST);
  *last_new = __atomic_load_n (&self->last_new[kind], __ATOMIC_SEQ_CST);
}
