/* SPDX-License-Identifier: MIT OR Apache-2.0 */

/* Mutations that know the tape. To libFuzzer an input is bytes; here it is a list of decisions, each at a question:
 *
 *     question    0 . . . 4 . . . . 9 10 . . . .          insert, delete, move, another value: of one decision
 *     decision            a         b b                   lengthen, shorten, negate: of a span, at its borders
 *                             ^ splice: what one tape decides before here, and another after
 *
 * Always true:
 *  1. What is not changed stays at its question. In bytes a decision is counted from the one before it, so that inserting two bytes moves
 *     all that follows; here the next one is counted anew.
 *  2. The same input and seed give the same mutation, on every machine.
 *
 * Where decisions are inserted is drawn by label first: a run asks a hundred times whether time goes by for each time it asks who goes
 * next. Which label is asked where, is known from the latest run that the driver made.
 *
 * Called by the fuzzer, one thread. */

#include "fuzz/driver.h"

#include <string.h>

#define SKIP_ON       255
#define DECISIONS_MAX 4096
#define QUESTIONS_MAX (1 << 20)
#define SPAN_MAX      8

typedef struct
{
  guint32 at;       /* the question */
  guint8  value;
} Decision;

typedef struct
{
  Decision *list;
  guint     n;
} Tape;

/* ---- Bytes and back: strategy-bytes.c has the encoding. Values of two or four bytes are rare, and read as several of one: that is a
 * mutation, too. */

static Tape
decode (const uint8_t *data, size_t size)
{
  Tape tape = { g_new (Decision, DECISIONS_MAX), 0 };
  guint32 at = 0;

  for (size_t i = 0; i < size && tape.n < DECISIONS_MAX && at < QUESTIONS_MAX; )
    {
      guint8 skip = data[i++];

      at += skip;
      if (skip == SKIP_ON)
        continue;
      tape.list[tape.n++] = (Decision) { at++, i < size ? data[i] : 0 };
      i++;
    }
  return tape;
}

static size_t
encode (const Tape *tape, uint8_t *data, size_t max_size)
{
  size_t size = 0;
  guint32 next = 0;

  for (guint i = 0; i < tape->n; i++)
    {
      guint32 skip = tape->list[i].at - next;

      if (size + skip / SKIP_ON + 2 > max_size)
        break;
      for (; skip >= SKIP_ON; skip -= SKIP_ON)
        data[size++] = SKIP_ON;
      data[size++] = (guint8) skip;
      data[size++] = tape->list[i].value;
      next = tape->list[i].at + 1;
    }
  return size;
}

/* ---- A list in order, with one decision at a question ------------------------------------------------------------------------ */

/* The first decision at that question or behind it. */
static guint
find (const Tape *tape, guint32 at)
{
  guint i = 0;

  while (i < tape->n && tape->list[i].at < at)
    i++;
  return i;
}

static void
delete (Tape *tape, guint i)
{
  memmove (tape->list + i, tape->list + i + 1, (tape->n - i - 1) * sizeof (Decision));
  tape->n--;
}

static void
put (Tape *tape, guint32 at, guint8 value)
{
  guint i = find (tape, at);

  if (i == tape->n || tape->list[i].at != at)
    {
      if (tape->n == DECISIONS_MAX || at >= QUESTIONS_MAX)
        return;
      memmove (tape->list + i + 1, tape->list + i, (tape->n - i) * sizeof (Decision));
      tape->n++;
    }
  tape->list[i] = (Decision) { at, value };
}

/* ---- Chance: xorshift64* (Vigna, 2016) ----------------------------------------------------------------------------------------- */

static guint32
draw (guint64 *state, guint32 bound)
{
  *state ^= *state >> 12;
  *state ^= *state << 25;
  *state ^= *state >> 27;
  return (guint32) (((*state * G_GUINT64_CONSTANT (0x2545f4914f6cdd1d)) >> 32) * bound >> 32);
}

static guint64
begin_chance (unsigned seed)
{
  return (seed + G_GUINT64_CONSTANT (1)) * G_GUINT64_CONSTANT (0x9e3779b97f4a7c15);
}

/* Small values mean something at every question; great ones are taken modulo its bound. */
static guint8
draw_value (guint64 *chance)
{
  return (guint8) (draw (chance, 4) > 0 ? 1 + draw (chance, 3) : 1 + draw (chance, 255));
}

static guint32
draw_place (guint64 *chance)
{
  guint n_labels = trio_fuzz_map_get_n_labels ();
  guint n_places;

  if (n_labels == 0)
    return draw (chance, 64);
  guint label = draw (chance, n_labels);
  n_places = trio_fuzz_map_get_n_places (label);
  return trio_fuzz_map_get_place (label, draw (chance, n_places));
}

/* ---- The mutations ----------------------------------------------------------------------------------------------------------- */

static void
move (Tape *tape, guint i, guint64 *chance)
{
  Decision decision = tape->list[i];
  gint64 at = (gint64) decision.at + (gint64) draw (chance, 2 * SPAN_MAX + 1) - SPAN_MAX;

  delete (tape, i);
  put (tape, (guint32) MAX (at, 0), decision.value);
}

/* The same answer to the questions behind it, too. */
static void
lengthen (Tape *tape, guint i, guint64 *chance)
{
  Decision decision = tape->list[i];
  guint32 n = 1 + draw (chance, SPAN_MAX);

  for (guint32 k = 1; k <= n; k++)
    put (tape, decision.at + k, decision.value);
}

/* From one decision to the next all is dull, or all but the borders is not: the span between them is turned over. */
static void
negate (Tape *tape, guint i, guint64 *chance)
{
  guint32 from = tape->list[i].at, to = from + 1 + draw (chance, SPAN_MAX);

  for (guint32 at = from; at < to; at++)
    {
      guint k = find (tape, at);

      if (k < tape->n && tape->list[k].at == at)
        delete (tape, k);
      else
        put (tape, at, 1);
    }
}

static void
mutate_once (Tape *tape, guint64 *chance)
{
  guint i;

  if (tape->n == 0 || draw (chance, 3) == 0)
    {
      put (tape, draw_place (chance), draw_value (chance));
      return;
    }
  i = draw (chance, tape->n);
  switch (draw (chance, 6))
    {
    case 0:
      delete (tape, i);
      break;
    case 1:
      move (tape, i, chance);
      break;
    case 2:
      tape->list[i].value = draw_value (chance);
      break;
    case 3:
      lengthen (tape, i, chance);
      break;
    case 4:
      negate (tape, i, chance);
      break;
    default:      /* what is asked there may be what matters, and not when: to another place of any label */
      {
        guint8 value = tape->list[i].value;

        delete (tape, i);
        put (tape, draw_place (chance), value);
      }
    }
}

size_t
trio_fuzz_mutate_bytes (uint8_t *data, size_t size, size_t max_size, unsigned int seed)
{
  guint64 chance = begin_chance (seed);
  Tape tape = decode (data, size);
  guint n = 1 + draw (&chance, 4);

  while (n-- > 0)
    mutate_once (&tape, &chance);
  size = encode (&tape, data, max_size);
  g_free (tape.list);
  return size;
}

size_t
trio_fuzz_cross_over_bytes (const uint8_t *first, size_t first_size, const uint8_t *second, size_t second_size, uint8_t *out,
                            size_t max_size, unsigned int seed)
{
  guint64 chance = begin_chance (seed);
  Tape one = decode (first, first_size), other = decode (second, second_size);
  guint32 end = 1 + MAX (one.n > 0 ? one.list[one.n - 1].at : 0, other.n > 0 ? other.list[other.n - 1].at : 0);
  guint32 cut = draw (&chance, end + 1);
  size_t size;

  one.n = find (&one, cut);
  for (guint i = find (&other, cut); i < other.n; i++)
    put (&one, other.list[i].at, other.list[i].value);
  size = encode (&one, out, max_size);
  g_free (one.list);
  g_free (other.list);
  return size;
}
