/* SPDX-License-Identifier: MIT OR Apache-2.0 */

/* The search for an order that explains a history (Wing and Gong; Lowe). The calls and returns of one object stand in a list, in their
 * order. Any operation whose call stands before the first return can have happened first:
 *
 *     call a   call b   return b   call c   return a   return c
 *     ^^^^^^   ^^^^^^   |
 *     may be next       b must have happened before this
 *
 * Try one: if the model agrees, take its call and return out of the list and begin again at the front; if all fail, that return is
 * where this attempt is stuck: put back what was taken last and try what stands behind it. A configuration (what has happened, and
 * the state it led to) that was met before leads nowhere new.
 *
 * Always true:
 *  1. An operation without a result has no return in the list: it may happen whenever its call has been, or never.
 *  2. The history is explained as soon as no return is left in the list.
 *  3. `furthest` is the last return that any attempt was stuck at, so no order gets past it; `best` is, of the attempts that got
 *     there, the one with the most operations that returned, and of those the one with the fewest that did not. */

#include "simulator/history/linearize.h"

#include <string.h>

#define BUDGET_DEFAULT 250000

typedef struct _Event Event;
struct _Event
{
  guint   n;            /* index of the operation in the search */
  guint   place;        /* among all events of the history */
  Event  *match;        /* of a call: its return, or NULL; of a return: NULL */
  gboolean is_return;
  Event  *prev;
  Event  *next;
};

/* What has happened, and the state it led to. */
typedef struct
{
  const TrioModel *model;
  guint            n_words;
  guint64         *happened;
  gpointer         state;
} Configuration;

typedef struct
{
  Event    *call;
  gpointer  state_before;
} Taken;

typedef struct
{
  const TrioHistory *history;
  const TrioModel   *model;
  const GArray      *ids;           /* of guint: the operations of this object */
  Event             *events;
  Event              front;         /* before the first */
  guint              n_returns;     /* left in the list */

  GHashTable        *known;         /* of Configuration */
  guint64           *happened;
  guint              n_words;
  gpointer           state;
  GArray            *taken;         /* of Taken: the attempt */

  const Event       *furthest;
  GArray            *best;          /* of guint: indices */
  guint              best_returns;  /* how many returns were left then */
  guint64            steps;
  guint64            budget;
} Search;

/* --- configurations --- */

static guint
hash_configuration (gconstpointer data)
{
  const Configuration *self = data;
  guint64 hash = self->model->hash (self->state);

  for (guint i = 0; i < self->n_words; i++)
    hash = (hash ^ self->happened[i]) * G_GUINT64_CONSTANT (0x9e3779b97f4a7c15);
  return (guint) (hash >> 32);
}

static gboolean
equal_configurations (gconstpointer a, gconstpointer b)
{
  const Configuration *first = a;
  const Configuration *second = b;

  return memcmp (first->happened, second->happened, first->n_words * sizeof (guint64)) == 0
         && first->model->equal (first->state, second->state);
}

static void
free_configuration (gpointer data)
{
  Configuration *self = data;

  self->model->free (self->state);
  g_free (self->happened);
  g_free (self);
}

static void
flip (Search *self, guint n)
{
  self->happened[n / 64] ^= G_GUINT64_CONSTANT (1) << (n % 64);
}

/* Whether this configuration is met for the first time; then it is remembered. */
static gboolean
is_new (Search *self, gconstpointer state)
{
  const Configuration here = { self->model, self->n_words, self->happened, (gpointer) state };
  Configuration *kept;

  if (g_hash_table_contains (self->known, &here))
    return FALSE;
  kept = g_new (Configuration, 1);
  *kept = here;
  kept->happened = g_memdup2 (self->happened, self->n_words * sizeof (guint64));
  kept->state = self->model->copy (state);
  g_hash_table_add (self->known, kept);
  return TRUE;
}

/* --- the list --- */

static int
compare_places (gconstpointer a, gconstpointer b)
{
  const Event *first = a;
  const Event *second = b;

  return first->place < second->place ? -1 : first->place > second->place;
}

static const TrioOperation *
operation_of (const Search *self, guint n)
{
  return trio_history_get_operation (self->history, g_array_index (self->ids, guint, n));
}

static void
make_list (Search *self)
{
  guint n_events = 0;
  g_autofree Event **calls = g_new0 (Event *, self->ids->len);
  Event *last = &self->front;

  self->events = g_new0 (Event, 2 * self->ids->len);
  for (guint n = 0; n < self->ids->len; n++)
    {
      const TrioOperation *operation = operation_of (self, n);

      self->events[n_events++] = (Event) { .n = n, .place = operation->called };
      if (operation->returned != 0)
        self->events[n_events++] = (Event) { .n = n, .place = operation->returned, .is_return = TRUE };
    }
  qsort (self->events, n_events, sizeof (Event), compare_places);

  for (guint i = 0; i < n_events; i++)
    {
      Event *event = &self->events[i];

      last->next = event;
      event->prev = last;
      last = event;
      if (!event->is_return)
        calls[event->n] = event;
      else
        {
          calls[event->n]->match = event;
          self->n_returns++;
        }
    }
}

static void
take_out (Event *event)
{
  event->prev->next = event->next;
  if (event->next != NULL)
    event->next->prev = event->prev;
}

static void
put_back (Event *event)
{
  event->prev->next = event;
  if (event->next != NULL)
    event->next->prev = event;
}

/* --- the search --- */

static void
happen (Search *self, Event *call, gpointer state)
{
  const Taken taken = { call, self->state };

  g_array_append_val (self->taken, taken);
  self->state = state;
  take_out (call);
  if (call->match != NULL)
    {
      take_out (call->match);
      self->n_returns--;
    }
}

/* Returns the call that was taken last, or NULL. */
static Event *
unhappen (Search *self)
{
  Taken taken;

  if (self->taken->len == 0)
    return NULL;
  taken = g_array_index (self->taken, Taken, self->taken->len - 1);
  g_array_set_size (self->taken, self->taken->len - 1);
  self->model->free (self->state);
  self->state = taken.state_before;
  if (taken.call->match != NULL)
    {
      put_back (taken.call->match);
      self->n_returns++;
    }
  put_back (taken.call);
  flip (self, taken.call->n);
  return taken.call;
}

/* Whether it was worth while. */
static gboolean
try_next (Search *self, Event *call)
{
  const TrioOperation *operation = operation_of (self, call->n);
  gpointer state = self->model->copy (self->state);
  gboolean agreed;

  self->steps++;
  agreed = self->model->step (state, operation)
           /* What nobody saw and what changed nothing explains nothing. */
           && (operation->result != NULL || !self->model->equal (state, self->state));
  if (agreed)
    {
      flip (self, call->n);
      if (is_new (self, state))
        {
          happen (self, call, state);
          return TRUE;
        }
      flip (self, call->n);
    }
  self->model->free (state);
  return FALSE;
}

static void
keep_attempt (Search *self)
{
  g_array_set_size (self->best, 0);
  for (guint i = 0; i < self->taken->len; i++)
    g_array_append_val (self->best, g_array_index (self->taken, Taken, i).call->n);
  self->best_returns = self->n_returns;
}

static gboolean
is_better (const Search *self)
{
  return self->n_returns < self->best_returns || (self->n_returns == self->best_returns && self->taken->len < self->best->len);
}

static void
note_stuck (Search *self, const Event *at)
{
  if (self->furthest != NULL && (at->place < self->furthest->place || (at == self->furthest && !is_better (self))))
    return;
  self->furthest = at;
  keep_attempt (self);
}

static TrioLinearizability
search (Search *self)
{
  Event *event = self->front.next;

  while (self->n_returns > 0)
    {
      if (event->is_return)
        {
          note_stuck (self, event);
          event = unhappen (self);
          if (event == NULL)
            return TRIO_NOT_LINEARIZABLE;
          event = event->next;
        }
      else if (self->steps >= self->budget)
        {
          if (is_better (self))
            keep_attempt (self);
          return TRIO_LINEARIZABLE_UNKNOWN;
        }
      else
        event = try_next (self, event) ? self->front.next : event->next;
    }
  keep_attempt (self);
  return TRIO_LINEARIZABLE;
}

TrioLinearizability
trio_linearize (const TrioHistory *history, const TrioModel *model, const GArray *ids, guint64 budget, TrioLinearizeResult *result)
{
  Search self = {
    .history = history,
    .model = model,
    .ids = ids,
    .known = g_hash_table_new_full (hash_configuration, equal_configurations, free_configuration, NULL),
    .n_words = ids->len / 64 + 1,
    .state = model->init (),
    .taken = g_array_new (FALSE, FALSE, sizeof (Taken)),
    .best = g_array_new (FALSE, FALSE, sizeof (guint)),
    .budget = budget == 0 ? BUDGET_DEFAULT : budget,
  };
  TrioLinearizability verdict;

  self.happened = g_new0 (guint64, self.n_words);
  make_list (&self);
  self.best_returns = self.n_returns + 1;
  verdict = search (&self);
  for (guint i = 0; i < self.best->len; i++)
    {
      guint *n = &g_array_index (self.best, guint, i);

      *n = g_array_index (ids, guint, *n);
    }
  *result = (TrioLinearizeResult) {
    .order = self.best,
    .stuck = verdict == TRIO_NOT_LINEARIZABLE ? (int) g_array_index (ids, guint, self.furthest->n) : -1,
    .steps = self.steps,
  };

  while (unhappen (&self) != NULL)
    ;
  model->free (self.state);
  g_array_unref (self.taken);
  g_hash_table_unref (self.known);
  g_free (self.happened);
  g_free (self.events);
  return verdict;
}
