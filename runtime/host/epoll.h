/* SPDX-License-Identifier: MIT OR Apache-2.0 */

/* The real world's sockets: the io table over one epoll descriptor, which is the only one that GLib polls for a run.
 *
 * Each socket is registered once, for edges in both directions, when somebody waits for it first. From then on we know as much as
 * the system tells at each change, and remember it by direction:
 *
 *     maybe ready --- EAGAIN, or fewer bytes than asked for ---> drained
 *          ^                                                        |
 *          +----------------------- an event -----------------------+
 *
 * Always true:
 *  1. While it is drained no system call is made: the answer is EAGAIN. A short read saves the second, useless call.
 *  2. Once the other side has ended its stream, or the socket has failed, reading counts as maybe ready for ever: no edge would
 *     come again.
 *  3. An event names a socket by slot and generation, never by address: it may arrive after the socket has gone, even from a
 *     descriptor that a forked child still holds.
 *
 * All of it on the thread of the run. */

#pragma once

#include <trio/seam/io.h>

typedef struct _TrioEpoll TrioEpoll;

/**
 * trio_epoll_new:
 * @wakeup_fd: an eventfd to be watched for edges
 * @error: where it says why not
 *
 * Returns: (transfer full): the io of a run, or %NULL with a %G_IO_ERROR
 */
TrioEpoll *trio_epoll_new    (int wakeup_fd, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* Sockets that are still open are a leak of the program: they are named in a warning and closed, and the table stays until each of
 * them is freed. */
void       trio_epoll_free   (TrioEpoll *self);

TrioIo    *trio_epoll_get_io (TrioEpoll *self);
int        trio_epoll_get_fd (TrioEpoll *self);

/* The next poll() of the table asks the system. Without it, poll() only hands out what trio_epoll_look() has found. */
void       trio_epoll_ask    (TrioEpoll *self);

/* Whether any task waits for a socket. */
gboolean   trio_epoll_has_waiter (TrioEpoll *self);

/* Asks the system now, and keeps the answer for the next poll(). Wakes nobody. Returns whether there is something for a socket. */
gboolean   trio_epoll_look   (TrioEpoll *self);
