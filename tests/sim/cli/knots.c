/* SPDX-License-Identifier: MIT OR Apache-2.0 */

/* A program whose smallest failing schedules are known, for the tests of shrinking, explaining and travelling. Most of it is decided by
 * its own choices, so that the tests can write down what should be left. */

#include <trio/trio.h>
#include <trio/seam/choice.h>
#include <trio-sim/sim.h>

static guint32
ask (const char *label, guint32 bound)
{
  const TrioChoicePoint point = { .label = label, .bound = bound };

  return trio_choose (&point);
}

static gboolean
checkpoints (guint n, GError **error)
{
  for (guint i = 0; i < n; i++)
    {
      if (!trio_checkpoint (error))
        return FALSE;
    }
  return TRUE;
}

/* What any number of decisions can be made of that change nothing. */
static gboolean
make_noise (gpointer data, GError **error)
{
  guint *sum = data;

  for (guint i = 0; i < 12; i++)
    {
      *sum += ask ("noise.loud", 5) + ask ("noise.low", 5);
      if (!trio_checkpoint (error))
        return FALSE;
    }
  return TRUE;
}

static gboolean
noisily (TrioFunc func, gpointer data, guint *noise, GError **error)
{
  g_autoptr (TrioNursery) nursery = trio_nursery_open (error);

  trio_nursery_start_soon_full (nursery, make_noise, noise, NULL, "radio");
  trio_nursery_start_soon_full (nursery, make_noise, noise, NULL, "street");
  trio_nursery_start_soon_full (nursery, func, data, NULL, "thief");
  return trio_nursery_close (nursery, TRUE);
}

/* ---- Two decisions of many: the first key is 3 or more, the third is 7 ---- */

static gboolean
turn_keys (gpointer data, GError **error)
{
  guint32 *keys = data;

  for (guint i = 0; i < 3; i++)
    {
      keys[i] = ask ("key", 10);
      if (!trio_checkpoint (error))
        return FALSE;
    }
  return TRUE;
}

static gboolean
safe (gpointer data, GError **error)
{
  guint32 keys[3] = { 0 };
  guint noise = 0;

  (void) data;
  if (!noisily (turn_keys, keys, &noise, error))
    return FALSE;
  trio_always (keys[0] < 3 || keys[2] != 7, "the safe stays shut");
  return TRUE;
}

/* ---- The last key of three, or of five if there are more ---- */

static gboolean
last_key (gpointer data, GError **error)
{
  guint n = ask ("more", 2) ? 5 : 3;
  guint32 key = 0;

  (void) data;
  for (guint i = 0; i < n; i++)
    {
      key = ask ("key", 10);
      if (!trio_checkpoint (error))
        return FALSE;
    }
  trio_always (key == 0, "the last key fits nothing");
  return TRUE;
}

/* ---- One name, two places ---- */

static gboolean
one_name (gpointer data, GError **error)
{
  guint32 key;

  (void) data;
  if (!checkpoints (2, error))
    return FALSE;
  key = ask ("key", 10);
  trio_always (key < 5, "it holds");
  trio_always (key < 1, "it holds");
  return TRUE;
}

/* ---- Any answer but the dull one ---- */

static gboolean
dice (gpointer data, GError **error)
{
  (void) data;
  if (!checkpoints (2, error))
    return FALSE;
  trio_always (ask ("dice", 6) == 0, "the dice lie still");
  return checkpoints (2, error);
}

/* ---- Decisions that go together or not at all ---- */

static gboolean
knock (gpointer data, GError **error)
{
  guint *knocks = data;

  for (guint i = 0; i < 4; i++)
    *knocks += ask ("knock", 2);
  return trio_checkpoint (error);
}

static gboolean
together (gpointer data, GError **error)
{
  guint knocks = 0;
  guint32 open = 0;

  (void) data;
  {
    g_autoptr (TrioNursery) nursery = trio_nursery_open (error);

    trio_nursery_start_soon_full (nursery, knock, &knocks, NULL, "visitor");
    if (!trio_nursery_close (nursery, TRUE))
      return FALSE;
  }
  open = ask ("open", 2);
  trio_always (!(open && (knocks == 0 || knocks == 4)), "nobody comes in");
  return TRUE;
}

/* The same among decisions of one task and label: two answers of 2, and of those of 1 all six or none. */
static gboolean
one_answer (gpointer data G_GNUC_UNUSED, GError **error)
{
  guint n[3] = { 0 };

  for (guint i = 0; i < 8; i++)
    n[ask ("knock", 3)]++;
  trio_always (!(n[2] == 2 && (n[1] == 0 || n[1] == 6)), "nobody comes in");
  return trio_checkpoint (error);
}

/* ---- Two decisions that commute: b and c both go before a, in either order ---- */

typedef struct
{
  guint    before;
  gboolean both;
} Start;

static gboolean
start_late (gpointer data, GError **error)
{
  Start *start = data;

  start->both = start->before == 2;
  return trio_checkpoint (error);
}

static gboolean
start_early (gpointer data, GError **error)
{
  Start *start = data;

  start->before++;
  return trio_checkpoint (error);
}

static gboolean
either_order (gpointer data, GError **error)
{
  Start start = { 0 };
  g_autoptr (TrioNursery) nursery = trio_nursery_open (error);

  (void) data;
  trio_nursery_start_soon_full (nursery, start_late, &start, NULL, "a");
  trio_nursery_start_soon_full (nursery, start_early, &start, NULL, "b");
  trio_nursery_start_soon_full (nursery, start_early, &start, NULL, "c");
  if (!trio_nursery_close (nursery, TRUE))
    return FALSE;
  trio_always (!start.both, "a is not last");
  return TRUE;
}

/* ---- A point of no return: asked in the step behind ten others, and ten more before anybody looks ---- */

static gboolean
no_return (gpointer data, GError **error)
{
  guint32 gone;

  (void) data;
  if (!checkpoints (10, error))
    return FALSE;
  gone = ask ("jump", 2);
  if (!checkpoints (10, error))
    return FALSE;
  trio_always (!gone, "nobody jumps");
  return TRUE;
}

/* ---- A fault that matters the first time ---- */

static gboolean
one_fault (gpointer data, GError **error)
{
  guint faults[4];

  (void) data;
  for (guint i = 0; i < G_N_ELEMENTS (faults); i++)
    {
      faults[i] = ask ("fault.torn", 2);
      if (!trio_checkpoint (error))
        return FALSE;
    }
  trio_always (!faults[1], "nothing tears");
  return TRUE;
}

/* ---- A crash ---- */

G_NO_INLINE static void
write_to (volatile int *address)
{
  *address = 1;
}

static gboolean
crash (gpointer data, GError **error)
{
  guint32 keys[3] = { 0 };
  guint noise = 0;

  (void) data;
  if (!noisily (turn_keys, keys, &noise, error))
    return FALSE;
  if (keys[1] == 4)
    write_to (NULL);
  return TRUE;
}

/* ---- All guests have gone before anybody has looked in: the two who would look are late ---- */

typedef struct
{
  guint n_gone;
  guint n_looks;
} House;

static gboolean
look_in (gpointer data, GError **error)
{
  House *house = data;

  if (!checkpoints (1, error))
    return FALSE;
  trio_always (house->n_gone < 3 || house->n_looks > 0, "somebody has looked in");
  house->n_looks++;
  return TRUE;
}

static gboolean
be_a_guest (gpointer data, GError **error)
{
  House *house = data;

  if (!checkpoints (4, error))
    return FALSE;
  house->n_gone++;
  return TRUE;
}

static gboolean
late_hosts (gpointer data, GError **error)
{
  House house = { 0 };
  g_autoptr (TrioNursery) nursery = trio_nursery_open (error);

  (void) data;
  trio_nursery_start_soon_full (nursery, look_in, &house, NULL, "husband");
  trio_nursery_start_soon_full (nursery, look_in, &house, NULL, "wife");
  for (guint i = 0; i < 3; i++)
    trio_nursery_start_soon_full (nursery, be_a_guest, &house, NULL, "guest");
  return trio_nursery_close (nursery, TRUE);
}

/* ---- A long way ---- */

static gboolean
long_way (gpointer data, GError **error)
{
  guint noise = 0;

  (void) data;
  for (guint i = 0; i < 400; i++)
    {
      if (i == 390)
        noise = ask ("stumble", 3);
      if (!checkpoints (5, error))
        return FALSE;
    }
  trio_always (noise != 2, "nobody falls");
  return TRUE;
}

int
main (int argc, char **argv)
{
  static const TrioScenario scenarios[] = {
    { "safe", safe, NULL, "two decisions of many" },
    { "last-key", last_key, NULL, "the last key of three or five" },
    { "one-name", one_name, NULL, "one name, two places" },
    { "dice", dice, NULL, "any answer but the dull one" },
    { "together", together, NULL, "decisions that go together or not at all" },
    { "one-answer", one_answer, NULL, "answers that go together or not at all" },
    { "either-order", either_order, NULL, "two decisions that commute" },
    { "no-return", no_return, NULL, "a point of no return" },
    { "one-fault", one_fault, NULL, "one fault is enough" },
    { "crash", crash, NULL, "dies of SIGSEGV" },
    { "late-hosts", late_hosts, NULL, "two who are late" },
    { "long-way", long_way, NULL, "two thousand steps" },
    { 0 },
  };

  return trio_sim_main (argc, argv, scenarios);
}
