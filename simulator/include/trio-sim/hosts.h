/* SPDX-License-Identifier: MIT OR Apache-2.0 */

/* Several hosts in one simulated run, and the network between them.
 *
 *     TrioSimHost *db = trio_sim_host_new ("db1");
 *
 *     trio_sim_host_start (db, nursery, serve_database, &disk_of_db1);   its main task; all it starts belongs to db1, too
 *     …
 *     trio_open_tcp_stream ("db1", 5432, error)                          from any host
 *     trio_sim_partition (db, web, 10 * G_TIME_SPAN_SECOND);             nothing gets through, for so long
 *
 * A host is a name, addresses, ports, descriptors, and tasks. Which one a task belongs to is inherited from the task that starts it. A socket
 * belongs to the host of the task that makes it: listening at "any address" means at that host, and "localhost" is that host.
 * What belongs to no host made here (the scenario itself, say) is on a host of its own, "the world's", which has every address that no other
 * host has and never breaks.
 *
 * A host lives as long as the run, and belongs to it. Nothing here suspends. Only inside a simulated run.
 *
 * What a scenario commands here the tape can do by itself, if faults may be injected; simulator/README.md has the labels. At most so many
 * hosts at a time as trio_sim_hosts_set_max_faulty() says are broken by the tape; what it breaks heals after a while. */

#pragma once

#include <trio/trio.h>

G_BEGIN_DECLS

typedef struct _TrioSimHost TrioSimHost;

/**
 * trio_sim_host_new:
 * @name: its name, in lower case, which resolves to its addresses; not "localhost"
 *
 * Makes a host, with one address in 10.0.0.0/8 that depends on the name alone.
 *
 * Returns: (transfer none): the host
 */
TRIO_API TrioSimHost *trio_sim_host_new            (const char *name);

/**
 * trio_sim_host_get_current:
 *
 * The host that the calling task belongs to.
 *
 * Returns: (transfer none) (nullable): the host; %NULL outside tasks, and in those that belong to no host
 */
TRIO_API TrioSimHost *trio_sim_host_get_current    (void);

/**
 * trio_sim_host_get_name:
 * @host: a host
 *
 * Its name, as trio_sim_host_new() got it.
 *
 * Returns: (transfer none): the name; it belongs to @host
 */
TRIO_API const char  *trio_sim_host_get_name       (TrioSimHost *host);

/**
 * trio_sim_host_add_address:
 * @host: a host
 * @address: a numeric IPv4 or IPv6 address that no other host has
 *
 * Gives it one more address. A name resolves to all of them, in order of adding; connections come from the first of their family. One without
 * an IPv6 address reaches such destinations from their own address.
 */
TRIO_API void         trio_sim_host_add_address    (TrioSimHost *host, const char *address);

/**
 * trio_sim_host_start:
 * @host: a host that does not run
 * @nursery: where its main task lives
 * @main: its main task
 * @data: what @main gets
 *
 * Starts a host: @main runs there, named after the host. Before that, and after @main has ended, nobody is at home: connections are refused.
 */
TRIO_API void         trio_sim_host_start          (TrioSimHost *host, TrioNursery *nursery, TrioFunc main, gpointer data);

/**
 * trio_sim_host_crash:
 * @host: a host that was started
 * @downtime: after how long it comes up again, in microseconds; %G_MAXINT64 when it is told to
 *
 * It loses its power. Its tasks stop where they stand: no clean-up code runs, and what they hold is lost. Its disk (<trio-sim/disk.h>) crashes with
 * it. Its sockets are gone without a word: others hear nothing, or, when it is up again, a reset. Then its main task is started again, with the
 * same data. To the nursery it was started in it is running all the time. Does not return if the calling task is one of its own.
 */
TRIO_API void         trio_sim_host_crash          (TrioSimHost *host, GTimeSpan downtime);

/**
 * trio_sim_host_restart:
 * @host: a host
 *
 * If it is down after a crash, it comes up now, before its downtime is over. Else nothing happens.
 */
TRIO_API void         trio_sim_host_restart        (TrioSimHost *host);

/**
 * trio_sim_host_is_up:
 * @host: a host
 *
 * Whether it has power: %FALSE only while it is down after a crash. One that stands still, or whose main task has ended, is up.
 *
 * Returns: whether that is so
 */
TRIO_API gboolean     trio_sim_host_is_up          (TrioSimHost *host);

/**
 * trio_sim_host_pause:
 * @host: a host
 * @span: for how long, in microseconds; %G_MAXINT64 until trio_sim_host_resume()
 *
 * Its tasks stand still, as processes that were stopped. Time goes on for them, too, and what is sent to them arrives; they find that when they go on. If
 * the calling task is one of them, it returns then.
 */
TRIO_API void         trio_sim_host_pause          (TrioSimHost *host, GTimeSpan span);

/**
 * trio_sim_host_resume:
 * @host: a host
 *
 * The end of a trio_sim_host_pause(): its tasks go on. Those that were woken meanwhile do so in the order in which they were. If
 * it does not stand still, nothing happens.
 */
TRIO_API void         trio_sim_host_resume         (TrioSimHost *host);

/**
 * trio_sim_host_raise:
 * @host: a host
 * @number: of a signal, as <signal.h> of Linux has it
 *
 * A signal arrives at the process there: its receivers (<trio/signal.h>) learn of it in the loop's next turn, and nobody else's. If there is none, the process
 * ends, by SIGINT too: no clean-up code runs, its sockets and files are closed as the kernel does it, what it wrote stays on its disk's cache, and nobody
 * starts it again; to the nursery it was started in it has ended well. But if nobody in this run has opened a receiver for that signal so far, the run
 * fails. Nothing happens where nothing runs.
 */
TRIO_API void         trio_sim_host_raise          (TrioSimHost *host, int number);

/**
 * trio_sim_host_set_clock:
 * @host: a host
 * @offset: how much later than the world's it is there, in microseconds; not negative
 * @drift_ppm: how many microseconds a second its clock gains; negative if it loses
 *
 * What trio_current_time() says to its tasks, from its next start on; deadlines and sleeps follow it. It is a monotonic clock: it has no steps. The wall clock
 * is as wrong, from then on.
 */
TRIO_API void         trio_sim_host_set_clock      (TrioSimHost *host, GTimeSpan offset, int drift_ppm);

/**
 * trio_sim_host_step_clock:
 * @host: (nullable): a host; %NULL for the world's own
 * @span: how far ahead, in microseconds; negative: back
 *
 * Somebody sets its wall clock, which trio_current_real_time() reads. Before a host starts this is what its clock is wrong by. No deadline moves, nor does
 * trio_current_time(). It stays so when the host crashes and comes up again. A run begins on 2026-01-01, 00:00 UTC.
 *
 * The tape does it too, if faults may be injected: "fault.clock.step", asked of who reads the wall clock, on the world's own host as well.
 */
TRIO_API void         trio_sim_host_step_clock     (TrioSimHost *host, GTimeSpan span);

/**
 * trio_sim_host_slew_clock:
 * @host: (nullable): a host; %NULL for the world's own
 * @span: how far ahead in all, in microseconds; negative: back; 0: no further
 * @rate_ppm: how many microseconds in a second; 1 to 500,000. 500 is what Linux does for adjtime(), 100,000 the most that daemons of NTP do
 *
 * Somebody begins to set its wall clock little by little: it goes faster or slower than the other one until that is done. What was begun before is
 * not brought to its end, nor is this when the clock is set at once. No deadline moves, nor does trio_current_time(): with Linux the monotonic clock
 * is slewed, too; for that there is trio_sim_host_set_clock().
 *
 * The tape does it too, if faults may be injected: "fault.clock.slew", asked of who reads the wall clock. Source: adjtime(3), ntp_adjtime(3).
 */
TRIO_API void         trio_sim_host_slew_clock     (TrioSimHost *host, GTimeSpan span, int rate_ppm);

/**
 * trio_sim_host_set_limits:
 * @host: a host
 * @descriptors: how many sockets may be open there at a time; 0 for no limit
 * @ports: how many ports there are for connections that ask for none, from 32768 on; 0 for Linux' 28232
 *
 * Limits. Beyond them a socket fails with `EMFILE`, and connecting with `EADDRNOTAVAIL`.
 */
TRIO_API void         trio_sim_host_set_limits     (TrioSimHost *host, guint descriptors, guint ports);

/**
 * trio_sim_partition:
 * @a: (nullable): a host; %NULL for the world's own
 * @b: (nullable): another one; %NULL for the world's own
 * @span: for how long, in microseconds; %G_MAXINT64 until it is healed
 *
 * Nothing gets through between them, in either direction: new connections are tried again and again, and time out after 127 s; what is sent on
 * those that exist is kept and sent again, until it gets through or 924 s are over.
 */
TRIO_API void         trio_sim_partition           (TrioSimHost *a, TrioSimHost *b, GTimeSpan span);

/**
 * trio_sim_partition_one_way:
 * @from: (nullable): a host; %NULL for the world's own
 * @to: (nullable): another one; %NULL for the world's own
 * @span: for how long, in microseconds; %G_MAXINT64 until it is healed
 *
 * trio_sim_partition() in one direction: what @from sends to @to does not get through. What @to sends arrives.
 */
TRIO_API void         trio_sim_partition_one_way   (TrioSimHost *from, TrioSimHost *to, GTimeSpan span);

/**
 * trio_sim_partition_off:
 * @host: a host
 * @span: for how long, in microseconds; %G_MAXINT64 until it is healed
 *
 * trio_sim_partition() between it and every other host that exists by now, the world's own included.
 */
TRIO_API void         trio_sim_partition_off       (TrioSimHost *host, GTimeSpan span);

/**
 * trio_sim_partition_heal:
 * @a: (nullable): a host; %NULL for the world's own
 * @b: (nullable): another one; %NULL for the world's own
 *
 * What is sent between them gets through again, in both directions.
 */
TRIO_API void         trio_sim_partition_heal      (TrioSimHost *a, TrioSimHost *b);

/**
 * trio_sim_partition_heal_all:
 *
 * trio_sim_partition_heal() between all hosts, the world's own included.
 */
TRIO_API void         trio_sim_partition_heal_all  (void);

/**
 * trio_sim_clog:
 * @from: (nullable): a host; %NULL for the world's own
 * @to: (nullable): another one; %NULL for the world's own
 * @span: for how long, in microseconds
 *
 * What `from` sends to `to` from now on waits on the way until the span is over. Nothing is lost, and nobody sends again.
 */
TRIO_API void         trio_sim_clog                (TrioSimHost *from, TrioSimHost *to, GTimeSpan span);

/**
 * trio_sim_set_link:
 * @from: (nullable): a host; %NULL for the world's own
 * @to: (nullable): another one; %NULL for the world's own
 * @latency: how long each packet takes, besides what the tape decides, in microseconds
 * @bytes_per_second: how many get through; 0 for no limit. More wait, in order
 *
 * What the way from one to the other is like.
 */
TRIO_API void         trio_sim_set_link            (TrioSimHost *from, TrioSimHost *to, GTimeSpan latency, guint64 bytes_per_second);

/**
 * trio_sim_hosts_set_max_faulty:
 * @n: how many hosts
 *
 * How many hosts at a time may be broken by the tape: cut off, down, or standing still. 1 at first. What a scenario commands does
 * not count.
 */
TRIO_API void         trio_sim_hosts_set_max_faulty (guint n);

G_END_DECLS
