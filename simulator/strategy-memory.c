/* SPDX-License-Identifier: MIT OR Apache-2.0 */

/* The words of memory that tasks contend for: two touched one, one of them changed it, and it was not settled by birth who came first.
 *
 *     main writes its account, starts a, which reads it      no: a could not have come before
 *     a reads, b writes                                      yes
 *     main starts b, then writes what b reads                yes, though b came later in this run
 *
 * Only those say anything about an order; most words are one task's own. That a task ended before another went on is not looked at: a
 * nursery's close makes such orders, and they count as contention though there is none.
 *
 * What lies in a living task's stack is named after the task and its depth, for another task may have that stack later. All else is known by
 * its address: heap memory that was freed and is in use again is one object. */

#include "simulator/strategy-memory.h"

#include "simulator/memory.h"

#define TOUCHES_MAX (1 << 20)      /* later ones are not looked at */
#define STACK_WORD_BITS 17         /* how deep a word is, and a bit */

G_STATIC_ASSERT (TRIO_SIM_STACK_BYTES / 8 < (1 << (STACK_WORD_BITS - 1)) + 1);

TrioSimMemoryFunc trio_sim_memory_told;
gpointer          trio_sim_memory_listener;
gboolean          trio_sim_memory_seen;

/* Of one task at one word. Tasks are numbered by birth, so a number below `born_…` is a task that was there. */
typedef struct
{
  guint task;
  guint born_at_touch;       /* how many tasks there had been when it touched the word last … */
  guint born_at_change;      /* … and changed it; 0: it did not */
} Visit;

typedef struct
{
  Visit    visits[2];        /* of the two that came last, the latest first; born_at_touch 0: none */
  gboolean contended;
  guint32  object;
  guint    last;             /* the place of the latest touch in touches, plus 1 */
} Word;

typedef struct
{
  const char *top;
  guint       task;
} Stack;

struct _TrioSimWords
{
  const TrioSimMeasure *measure;
  GArray               *words;        /* of Word */
  GArray               *touches;      /* of TrioSimTouched; object is the place of the word */
  GHashTable           *by_name;      /* -> place in words, plus 1; only looked up */
  GArray               *stacks;       /* of Stack, by top */
};

TrioSimWords *
trio_sim_words_new (const TrioSimMeasure *measure)
{
  TrioSimWords *words = g_new (TrioSimWords, 1);

  *words = (TrioSimWords) {
    .measure = measure,
    .words = g_array_new (FALSE, TRUE, sizeof (Word)),
    .touches = g_array_new (FALSE, FALSE, sizeof (TrioSimTouched)),
    .by_name = g_hash_table_new (NULL, NULL),
    .stacks = g_array_new (FALSE, FALSE, sizeof (Stack)),
  };
  return words;
}

/* --- names --- */

/* The first stack whose top is above address. */
static guint
find_stack (const TrioSimWords *words, const char *address)
{
  guint low = 0, high = words->stacks->len;

  while (low < high)
    {
      guint middle = low + (high - low) / 2;

      if (g_array_index (words->stacks, Stack, middle).top <= address)
        low = middle + 1;
      else
        high = middle;
    }
  return low;
}

void
trio_sim_words_add_task (TrioSimWords *words, TrioTask *task, guint index)
{
  const Stack stack = { (const char *) task, index };

  g_array_insert_val (words->stacks, find_stack (words, stack.top), stack);
}

void
trio_sim_words_drop_task (TrioSimWords *words, TrioTask *task)
{
  guint at = find_stack (words, (const char *) task);

  if (at > 0 && g_array_index (words->stacks, Stack, at - 1).top == (const char *) task)
    g_array_remove_index (words->stacks, at - 1);
}

/* An address of a word is even, so that the others are odd. */
static gpointer
name_of (const TrioSimWords *words, const char *address)
{
  guint at = find_stack (words, address);

  if (at < words->stacks->len)
    {
      const Stack *stack = &g_array_index (words->stacks, Stack, at);
      gsize depth = (gsize) (stack->top - address);

      if (depth <= TRIO_SIM_STACK_BYTES)
        return GSIZE_TO_POINTER (((gsize) stack->task + 1) << STACK_WORD_BITS | (depth / 8) << 1 | 1);
    }
  return GSIZE_TO_POINTER ((gsize) address & ~(gsize) 7);
}

static guint
place_of (TrioSimWords *words, const char *address)
{
  gpointer name = name_of (words, address);
  guint place = GPOINTER_TO_UINT (g_hash_table_lookup (words->by_name, name));

  if (place == 0)
    {
      g_array_set_size (words->words, words->words->len + 1);
      place = words->words->len;
      g_hash_table_insert (words->by_name, name, GUINT_TO_POINTER (place));
    }
  return place - 1;
}

/* --- visits --- */

static void
look_for_contention (Word *word, guint task, gboolean changes)
{
  for (guint i = 0; i < G_N_ELEMENTS (word->visits); i++)
    {
      const Visit *other = &word->visits[i];

      if (other->task != task && ((changes && other->born_at_touch > task) || other->born_at_change > task))
        word->contended = TRUE;
    }
}

/* Who came before the last two is forgotten. */
static void
note_visit (Word *word, guint task, gboolean changes, guint born)
{
  Visit visit = { .task = task };

  if (word->visits[0].born_at_touch > 0 && word->visits[0].task == task)
    visit = word->visits[0];
  else
    {
      if (word->visits[1].born_at_touch > 0 && word->visits[1].task == task)
        visit = word->visits[1];
      word->visits[1] = word->visits[0];
    }
  visit.born_at_touch = born;
  if (changes)
    visit.born_at_change = born;
  word->visits[0] = visit;
}

static void
touch_word (TrioSimWords *words, guint task, guint step, const char *address, gboolean writes)
{
  guint place = place_of (words, address);
  Word *word = &g_array_index (words->words, Word, place);
  const TrioSimTouched fresh = { .task = task, .step = step, .object = place, .changes = writes };

  look_for_contention (word, task, writes);
  note_visit (word, task, writes, words->measure->tasks->len);
  if (word->last > 0)
    {
      TrioSimTouched *last = &g_array_index (words->touches, TrioSimTouched, word->last - 1);

      if (last->task == task && last->step == step)
        {
          last->changes |= (guint32) writes;
          return;
        }
    }
  g_array_append_val (words->touches, fresh);
  word->last = words->touches->len;
}

void
trio_sim_words_touch (TrioSimWords *words, guint task, guint step, gconstpointer address, gsize size, gboolean writes)
{
  const char *first = address;

  for (const char *at = (const char *) ((gsize) first & ~(gsize) 7); at < first + size && words->touches->len < TOUCHES_MAX; at += 8)
    touch_word (words, task, step, at, writes);
}

/* --- the end --- */

guint32
trio_sim_words_settle (TrioSimWords *words, GArray *touches, guint32 n_objects)
{
  for (guint i = 0; i < words->words->len; i++)
    {
      Word *word = &g_array_index (words->words, Word, i);

      if (word->contended)
        word->object = n_objects++;
    }
  for (guint i = 0; i < words->touches->len; i++)
    {
      TrioSimTouched touched = g_array_index (words->touches, TrioSimTouched, i);
      const Word *word = &g_array_index (words->words, Word, touched.object);

      touched.object = word->object;
      if (word->contended)
        g_array_append_val (touches, touched);
    }

  g_array_unref (words->words);
  g_array_unref (words->touches);
  g_hash_table_unref (words->by_name);
  g_array_unref (words->stacks);
  g_free (words);
  return n_objects;
}
