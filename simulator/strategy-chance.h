/* SPDX-License-Identifier: MIT OR Apache-2.0 */

/* Chance from a seed: the only random numbers there are in a simulated run.
 *
 * The generator is xoshiro256**, filled by splitmix64 (Blackman and Vigna, public domain algorithms), written here so that a seed means
 * the same run on every machine, with every compiler and every library. Integers only. */

#pragma once

#include <trio/types.h>

G_BEGIN_DECLS

typedef struct
{
  guint64 state[4];
} TrioSimChance;

static inline guint64
trio_sim_chance_split (guint64 *state)
{
  guint64 z = *state += G_GUINT64_CONSTANT (0x9e3779b97f4a7c15);

  z = (z ^ (z >> 30)) * G_GUINT64_CONSTANT (0xbf58476d1ce4e5b9);
  z = (z ^ (z >> 27)) * G_GUINT64_CONSTANT (0x94d049bb133111eb);
  return z ^ (z >> 31);
}

static inline void
trio_sim_chance_init (TrioSimChance *chance, guint64 seed)
{
  for (guint i = 0; i < G_N_ELEMENTS (chance->state); i++)
    chance->state[i] = trio_sim_chance_split (&seed);
}

static inline guint64
trio_sim_chance_next (TrioSimChance *chance)
{
  guint64 *s = chance->state;
  guint64 middle = s[1] * 5;
  guint64 result = ((middle << 7) | (middle >> 57)) * 9;
  guint64 t = s[1] << 17;

  s[2] ^= s[0];
  s[3] ^= s[1];
  s[1] ^= s[2];
  s[0] ^= s[3];
  s[2] ^= t;
  s[3] = (s[3] << 45) | (s[3] >> 19);
  return result;
}

/* Below n, which is not 0. The bias is below 2^-32 n and does not matter for a search. */
static inline guint32
trio_sim_chance_draw (TrioSimChance *chance, guint32 n)
{
  return (guint32) (((trio_sim_chance_next (chance) >> 32) * n) >> 32);
}

/* The same for more than 32 bits. */
static inline guint64
trio_sim_chance_draw64 (TrioSimChance *chance, guint64 n)
{
  return n <= G_MAXUINT32 ? trio_sim_chance_draw (chance, (guint32) n) : trio_sim_chance_next (chance) % n;
}

G_END_DECLS
