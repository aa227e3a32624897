/* SPDX-License-Identifier: MIT OR Apache-2.0 */

/* The types that every other header needs, and the two words of the whole interface: a task function, and "Checkpoint". */

#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* Visible from outside the library; everything else is hidden. */
#define TRIO_API __attribute__ ((visibility ("default")))

/* Marks a function that may suspend the calling task ("Checkpoint." in its documentation). clang keeps the mark for tools;
 * gcc would warn about it. */
#if defined(__clang__)
#define TRIO_CHECKPOINT __attribute__ ((annotate ("trio::checkpoint")))
#define TRIO_CHECKPOINT_ON_FAILURE __attribute__ ((annotate ("trio::checkpoint-on-failure")))
#else
#define TRIO_CHECKPOINT
/* Marks a function that suspends only as the clean-up of what was left open: its callers need no mark for it. */
#define TRIO_CHECKPOINT_ON_FAILURE
#endif

typedef struct _TrioTask           TrioTask;
typedef struct _TrioNursery        TrioNursery;
typedef struct _TrioTaskStatus     TrioTaskStatus;
typedef struct _TrioCancelScope    TrioCancelScope;
typedef struct _TrioLoop           TrioLoop;
typedef struct _TrioWorld          TrioWorld;
typedef struct _TrioClock          TrioClock;
typedef struct _TrioIo             TrioIo;
typedef struct _TrioChoice         TrioChoice;
typedef struct _TrioInstrument     TrioInstrument;
typedef struct _TrioToken          TrioToken;
typedef struct _TrioEvent          TrioEvent;
typedef struct _TrioLock           TrioLock;
typedef struct _TrioSemaphore      TrioSemaphore;
typedef struct _TrioCondition      TrioCondition;
typedef struct _TrioCapacityLimiter TrioCapacityLimiter;
typedef struct _TrioSendChannel    TrioSendChannel;
typedef struct _TrioReceiveChannel TrioReceiveChannel;
typedef struct _TrioFuture         TrioFuture;
typedef struct _TrioBarrier        TrioBarrier;
typedef struct _TrioRWLock         TrioRWLock;
typedef struct _TrioBroadcast      TrioBroadcast;
typedef struct _TrioBroadcastReceiver TrioBroadcastReceiver;
typedef struct _TrioTaskLocal      TrioTaskLocal;
typedef struct _TrioStream         TrioStream;
typedef struct _TrioBufferedReader TrioBufferedReader;
typedef struct _TrioListener       TrioListener;

/**
 * TrioFunc:
 * @data: what was given along with the function
 * @error: where to say why it failed; never %NULL when the runtime calls
 *
 * The body of a task. It returns %FALSE exactly when it sets @error. Results travel through @data.
 *
 * Returns: %TRUE if it went well
 */
typedef gboolean (*TrioFunc) (gpointer data, GError **error);

/**
 * TrioStartFunc:
 * @data: what was given along with the function
 * @status: tell it trio_task_status_started() when the task is ready
 * @error: where to say why it failed
 *
 * The body of a task that is started with trio_nursery_start().
 *
 * Returns: %TRUE if it went well
 */
typedef gboolean (*TrioStartFunc) (gpointer data, TrioTaskStatus *status, GError **error);

/**
 * TrioCopyFunc:
 * @value: a value
 *
 * Makes another one like @value, or takes a reference to it. It must not suspend.
 *
 * Returns: (transfer full): the copy
 */
typedef gpointer (*TrioCopyFunc) (gpointer value);

/**
 * TrioOutputVector:
 * @buffer: bytes
 * @size: how many
 *
 * A piece of what is sent from several places at once. It looks as GIO's GOutputVector does, and as the system's struct iovec.
 */
typedef struct
{
  gconstpointer buffer;
  gsize         size;
} TrioOutputVector;

/* A piece of what is received into several places at once. */
typedef struct
{
  gpointer buffer;
  gsize    size;
} TrioInputVector;

G_END_DECLS
