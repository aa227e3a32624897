/* SPDX-License-Identifier: MIT OR Apache-2.0 */

/* A history is what clients saw of a shared object: who called what, and when and with what the call returned. It is linearizable if
 * each operation can be thought to have happened at one instant between its call and its return, so that together they are what
 * the object's model, one operation after the other, would have done.
 *
 *     id = trio_history_call (history, NULL, "write", "x", g_variant_new_int64 (3));
 *     …the operation itself, with checkpoints…
 *     trio_history_return (history, id, trio_history_nothing ());
 *     …
 *     trio_always_linearizable (history, trio_model_register (), "the register is one register");
 *
 * Works in both worlds, and from any thread: the order of the calls of this interface is the order of the history.
 *
 * Sources: M. Herlihy, J. Wing, "Linearizability: A Correctness Condition for Concurrent Objects" (1990), for the property and for
 * checking object by object; J. Wing, C. Gong, "Testing and Verifying Concurrent Objects" (1993), for the search; G. Lowe, "Testing for
 * Linearizability" (2017), for remembering configurations; the Porcupine checker, for the form. */

#pragma once

#include <trio/trio.h>

G_BEGIN_DECLS

typedef struct _TrioHistory TrioHistory;

/**
 * TrioOperation:
 * @client: who called; a lane of the page
 * @verb: what: "write"
 * @key: (nullable): of which object; operations with different keys do not touch each other
 * @argument: with what
 * @result: (nullable): what came back; %NULL if that is not known, and then it is not known either whether the operation happened
 * @called: its call's place among all calls and returns, from 1
 * @returned: its return's; 0 if it did not return
 * @called_at: time of the call, in microseconds, on the run's clock; 0 outside a run
 * @returned_at: likewise
 *
 * One operation of a history.
 */
typedef struct
{
  char     *client;
  char     *verb;
  char     *key;
  GVariant *argument;
  GVariant *result;
  guint     called;
  guint     returned;
  gint64    called_at;
  gint64    returned_at;
} TrioOperation;

/**
 * TrioModel:
 * @name: for messages: "queue"
 * @by_key: each key is an object of its own, with a state of its own. Else the whole history is about one
 * @understands: (nullable): %FALSE and %TRIO_ERROR_MISUSE if @operation is none of this model, or has an argument of a wrong type
 * @init: the state at the beginning
 * @copy: another state like that
 * @free: frees a state
 * @equal: whether two states are the same
 * @hash: the same for states that are the same
 * @step: the operation happens to @state, which it changes. %FALSE if it could not have had its result then; @state is thrown away. Without
 *   a result (%NULL) whatever comes of it is right
 * @append: (nullable): @state as text, for the page
 *
 * What an object does when nobody disturbs anybody: a sequential specification. States are opaque pointers, none of them %NULL. All of it is
 * called while trio_history_check() runs, on its thread.
 */
typedef struct
{
  const char *name;
  gboolean    by_key;
  gboolean  (*understands) (const TrioOperation *operation, GError **error);
  gpointer  (*init)        (void);
  gpointer  (*copy)        (gconstpointer state);
  void      (*free)        (gpointer state);
  gboolean  (*equal)       (gconstpointer a, gconstpointer b);
  guint     (*hash)        (gconstpointer state);
  gboolean  (*step)        (gpointer state, const TrioOperation *operation);
  void      (*append)      (gconstpointer state, GString *out);
} TrioModel;

/**
 * trio_history_new:
 *
 * Returns: (transfer full): an empty history
 */
TRIO_API TrioHistory *trio_history_new (void);

/**
 * trio_history_free:
 * @history: (transfer full) (nullable): a history that nobody uses any more
 *
 * Frees it with all its operations. Never suspends.
 */
TRIO_API void         trio_history_free (TrioHistory *history);

/**
 * trio_history_call:
 * @history: a history
 * @client: (nullable): who calls; %NULL for the path of the current task
 * @verb: what is called
 * @key: (nullable): of which object
 * @argument: (nullable): with what; a floating reference is taken; %NULL for trio_history_nothing()
 *
 * Notes a call, before the operation begins. Any thread. Never suspends.
 *
 * Returns: the operation's number, for one of the three below
 */
TRIO_API guint trio_history_call (TrioHistory *history, const char *client, const char *verb, const char *key, GVariant *argument);

/**
 * trio_history_return:
 * @history: a history
 * @id: of the call
 * @result: (nullable): what came back; a floating reference is taken; %NULL for trio_history_nothing()
 *
 * Notes that it returned, after the operation ended. Any thread. Never suspends.
 */
TRIO_API void  trio_history_return (TrioHistory *history, guint id, GVariant *result);

/**
 * trio_history_fail:
 * @history: a history
 * @id: of the call
 *
 * Notes that it certainly did not happen: it was refused. It is left out.
 */
TRIO_API void  trio_history_fail (TrioHistory *history, guint id);

/**
 * trio_history_lose:
 * @history: a history
 * @id: of the call
 *
 * Notes that nobody will ever know: it was cancelled, timed out, the connection broke. It may happen at any time from its call on, or never.
 * An operation of which nothing is noted is like that too.
 */
TRIO_API void  trio_history_lose (TrioHistory *history, guint id);

/**
 * trio_history_nothing:
 *
 * The result of what returns nothing: the empty tuple.
 *
 * Returns: (transfer floating): the value
 */
TRIO_API GVariant            *trio_history_nothing       (void) G_GNUC_WARN_UNUSED_RESULT;

/**
 * trio_history_get_length:
 * @history: a history
 *
 * How many calls were noted, those that failed included. Not while another thread notes something.
 *
 * Returns: the number; operations are numbered from 0
 */
TRIO_API guint                trio_history_get_length    (const TrioHistory *history);

/**
 * trio_history_get_operation:
 * @history: a history
 * @id: the number of an operation, below trio_history_get_length()
 *
 * What is noted of it so far. Not while another thread notes something.
 *
 * Returns: (transfer none): the operation; it stays until the history's next call
 */
TRIO_API const TrioOperation *trio_history_get_operation (const TrioHistory *history, guint id);

/**
 * trio_history_to_text:
 * @history: a history
 *
 * One line for each operation, in the order of their calls: its number, client, verb, and what came of it. Not while another
 * thread notes something.
 *
 * Returns: (transfer full): the text
 */
TRIO_API char                *trio_history_to_text       (const TrioHistory *history) G_GNUC_WARN_UNUSED_RESULT;

/* The models that are there. Values are whatever the history says; equal means g_variant_equal(). */

/**
 * trio_model_register:
 *
 * By key, "write" value -> nothing; "read" -> value, or nothing if none was written; "swap" (old, new) -> boolean: whether it was
 * old, and then is new.
 *
 * Returns: (transfer none): the model; it is static
 */
TRIO_API const TrioModel *trio_model_register (void);

/**
 * trio_model_counter:
 *
 * By key, "add" n -> nothing, or the sum after it; "read" -> the sum. 64-bit integers, from 0.
 *
 * Returns: (transfer none): the model; it is static
 */
TRIO_API const TrioModel *trio_model_counter  (void);

/**
 * trio_model_queue:
 *
 * By key, "enqueue" value -> nothing; "dequeue" -> the value that is longest in it, or nothing if it is empty.
 *
 * Returns: (transfer none): the model; it is static
 */
TRIO_API const TrioModel *trio_model_queue    (void);

/**
 * trio_model_map:
 *
 * By key, "put" value -> nothing; "get" -> value, or nothing; "remove" -> boolean: whether there was one.
 *
 * Returns: (transfer none): the model; it is static
 */
TRIO_API const TrioModel *trio_model_map      (void);

typedef enum
{
  TRIO_LINEARIZABLE,
  TRIO_NOT_LINEARIZABLE,
  TRIO_LINEARIZABLE_UNKNOWN,       /* the budget was used up before either was certain */
} TrioLinearizability;

/**
 * TrioLinearization:
 * @verdict: whether there is an order
 * @model: what it was checked against
 * @key: (nullable): the object that all below is about: the first that has no order; else the first undecided; else the one with
 *   the most operations
 * @order: numbers of operations in the order they can have happened: all that returned if @verdict is LINEARIZABLE, else the most that
 *   were found to fit before @stuck
 * @n_order: how many
 * @states: the state after each, as text; empty texts if the model has no append()
 * @stuck: NOT_LINEARIZABLE: the operation whose return no order gets past: all that returned before can be explained, it no more. Those
 *   that were still under way may have helped, but only with the results that they came to. Else -1
 * @steps: how often the model was asked, for all objects
 * @message: for a person, several lines
 *
 * What a check came to. Free with trio_linearization_free().
 */
typedef struct
{
  TrioLinearizability  verdict;
  const TrioModel     *model;
  char                *key;
  guint               *order;
  guint                n_order;
  char               **states;
  int                  stuck;
  guint64              steps;
  char                *message;
} TrioLinearization;

/**
 * trio_history_check:
 * @history: what was seen
 * @model: what should have been
 * @budget: how often the model may be asked for each key; 0 for the default of 250,000. The search is exponential at worst
 * @error: where it says why it cannot be checked
 *
 * Looks for an order that explains @history. Never suspends.
 *
 * Errors: %TRIO_ERROR_MISUSE if the model does not understand an operation.
 *
 * Returns: (transfer full): what it came to, or %NULL
 */
TRIO_API TrioLinearization *trio_history_check (const TrioHistory *history, const TrioModel *model, guint64 budget, GError **error)
  G_GNUC_WARN_UNUSED_RESULT;

/**
 * trio_linearization_free:
 * @linearization: (transfer full) (nullable): what a check came to
 *
 * Frees it. It does not need the history any more.
 */
TRIO_API void               trio_linearization_free (TrioLinearization *linearization);

/**
 * trio_history_to_page:
 * @history: what was seen
 * @linearization: what a check came to
 * @title: the page's title
 *
 * One HTML page that needs nothing else: a lane for each client, a bar for each operation from its call to its return, the order that
 * was found, and where no order gets any further.
 *
 * Returns: (transfer full): the page
 */
TRIO_API char *trio_history_to_page (const TrioHistory *history, const TrioLinearization *linearization, const char *title)
  G_GNUC_WARN_UNUSED_RESULT;

/* `history` must be linearizable, by the default budget: trio_always() about it, whose message is the check's. A check that
 * could not be decided is no failure; "NAME: decided" is a trio_sometimes() that then does not hold. In a simulated run with
 * TrioSimOptions.history_path the page of the one that fails is written there. Operations that the model does not understand
 * are g_error(). */
#define trio_always_linearizable(history, model, name) (trio_history_always ((history), (model), (name), G_STRLOC))

/**
 * trio_history_always:
 * @history: what was seen
 * @model: what should have been
 * @name: of the check
 * @where: the place in the program: "bank.c:41"
 *
 * What trio_always_linearizable() calls, for other languages: they say @where themselves. Never suspends; in a simulated run it
 * does not come back if the check fails.
 */
TRIO_API void trio_history_always (const TrioHistory *history, const TrioModel *model, const char *name, const char *where);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (TrioHistory, trio_history_free)
G_DEFINE_AUTOPTR_CLEANUP_FUNC (TrioLinearization, trio_linearization_free)

G_END_DECLS
