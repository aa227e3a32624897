/* SPDX-License-Identifier: MIT OR Apache-2.0 */

/* The seam "io": sockets, at the height of the socket verb. Not at readiness of descriptors, or a simulator would have to forge
 * descriptors; not at streams, or half-close, short writes and resets would go untested.
 *
 * The verbs never suspend. They are attempts: each returns 0 or more on success, or a negative errno as the system call of its name
 * would set it; -EAGAIN is "not now". net/socket.c makes Checkpoint functions of them, the same in every world: look for a cancellation,
 * attempt, on -EAGAIN arm and wait until the world says trio_socket_wake(), attempt again.
 *
 * A world may answer with anything a real system may: short counts, -ECONNRESET, -EMFILE, at any time. Embed TrioSocket and TrioIo
 * as the first member of your own. All of it on the thread of the run. */

#pragma once

#include <trio/address.h>
#include <trio/file.h>

G_BEGIN_DECLS

typedef enum
{
  TRIO_SOCKET_STREAM,
  TRIO_SOCKET_DATAGRAM,
  TRIO_SOCKET_PIPE,                      /* made by pipe() and adopt(), not by socket() */
} TrioSocketKind;

typedef enum
{
  TRIO_SOCKET_REUSE_ADDRESS,
  TRIO_SOCKET_NO_DELAY,
  TRIO_SOCKET_IPV6_ONLY,
  TRIO_SOCKET_REUSE_PORT,
  TRIO_SOCKET_KEEP_ALIVE,
  TRIO_SOCKET_BROADCAST,
  TRIO_SOCKET_RECEIVE_BUFFER,       /* bytes; what is got is what the system made of it */
  TRIO_SOCKET_SEND_BUFFER,
  TRIO_SOCKET_OUT_OF_BAND_INLINE,
  TRIO_SOCKET_LINGER,               /* of TCP: 0: closing resets the connection; -1: it does not. Seconds to wait are not set, only got */
  TRIO_SOCKET_N_OPTIONS             /* no option: how many there are */
} TrioSocketOption;

typedef enum
{
  TRIO_IO_READ  = 0,
  TRIO_IO_WRITE = 1,
} TrioIoDirection;

/* What an adopted descriptor can do. */
typedef enum
{
  TRIO_DESCRIPTOR_RECEIVES      = 1 << 0,
  TRIO_DESCRIPTOR_SENDS         = 1 << 1,
  TRIO_DESCRIPTOR_SHUTS_DOWN    = 1 << 2,    /* shutdown() ends one direction */
  TRIO_DESCRIPTOR_IS_SOCKET     = 1 << 3,    /* IPv4, IPv6 or unix, stream or datagram: all verbs are for it */
} TrioDescriptorFlags;

typedef struct _TrioSocket     TrioSocket;
typedef struct _TrioSocketWait TrioSocketWait;

struct _TrioSocket
{
  /*< private >*/
  TrioSocketWait *waiting[2];   /* by direction: the wait, in net/, that ends when it becomes ready; or NULL */
  gboolean        busy[2];      /* by direction: an operation is under way, also between its waits */
};

/* So many descriptors may travel with one message. */
#define TRIO_SOCKET_PASSED_MAX 16

/**
 * TrioSocketPassed:
 * @socket: a socket, or what is read and written like a file, such as an end of a pipe; %NULL: it is a file
 * @file: a file, of the run's disk (<trio/seam/files.h>), opened by its verb OPEN or passed by somebody; or %NULL
 * @position: of a file: where whoever has it goes on; it travels with it
 * @can: received, of a socket: what it is good for
 * @flags: received, of a file: READ, WRITE, APPEND, as it was opened
 * @path: (transfer full): received, of a file: what it was called when it was opened, for messages
 *
 * What travels in a message.
 */
typedef struct
{
  TrioSocket             *socket;
  struct _TrioFileHandle *file;
  gint64                  position;
  TrioDescriptorFlags     can;
  TrioFileFlags           flags;
  char                   *path;
} TrioSocketPassed;

/**
 * TrioSocketMessage:
 * @address: sending: where to, if @has_address; received: from whom
 * @has_address: sending: %FALSE to the peer of a connected socket; received: %FALSE if the sender has no name
 * @size: received: of the whole datagram, also where only the beginning of it fitted; of a stream, what was received
 * @passed: sending by a unix socket: what travels with it, and belongs to the receiver when it succeeds: idle, and not the socket that
 *   sends. Received: (transfer full): an array, for g_free(); what is in it is new, and whoever receives has it. %NULL for none
 * @n_passed: how many
 * @passed_error: received: 0, or a negative errno if more came than is in @passed; the rest was closed. %-EMFILE: there was no
 *   descriptor for it; %-EMSGSIZE: more than %TRIO_SOCKET_PASSED_MAX; %-EPERM: a directory or a disk
 *
 * What travels beside the bytes.
 */
typedef struct
{
  TrioAddress       address;
  gboolean          has_address;
  gsize             size;
  TrioSocketPassed *passed;
  guint             n_passed;
  int               passed_error;
} TrioSocketMessage;

struct _TrioIo
{
  const char *name;          /* "epoll", "simulated" */

  /* Each turn, unless it rests: find out what is ready and wake. Never blocks. */
  void   (*poll)            (TrioIo *self);
  gboolean rests;            /* poll() would find nothing; yours to set and to take back, or leave FALSE */

  int    (*socket)          (TrioIo *self, TrioAddressFamily family, TrioSocketKind kind, TrioSocket **socket);
  /* Two unix sockets, connected with each other. */
  int    (*pair)            (TrioIo *self, TrioSocketKind kind, TrioSocket *ends[2]);
  /* A pipe: what is sent with ends[TRIO_IO_WRITE] is received with ends[TRIO_IO_READ]. */
  int    (*pipe)            (TrioIo *self, TrioSocket *ends[2]);
  /* -ENOPROTOOPT: this kind of socket, or this world, does not know it. */
  int    (*set_option)      (TrioIo *self, TrioSocket *socket, TrioSocketOption option, int value);
  int    (*get_option)      (TrioIo *self, TrioSocket *socket, TrioSocketOption option, int *value);
  int    (*bind)            (TrioIo *self, TrioSocket *socket, const TrioAddress *address);
  int    (*listen)          (TrioIo *self, TrioSocket *socket, int backlog);
  int    (*accept)          (TrioIo *self, TrioSocket *socket, TrioSocket **connection);
  /* 0, or -EINPROGRESS: it is decided when WRITE becomes ready, and connect_result() says how. -EAGAIN: the line of a unix listener
   * is full, and nothing will tell when it is not. */
  int    (*connect)         (TrioIo *self, TrioSocket *socket, const TrioAddress *address);
  int    (*connect_result)  (TrioIo *self, TrioSocket *socket);
  /* 0 is the end of the stream. */
  gssize (*receive)         (TrioIo *self, TrioSocket *socket, gpointer buffer, gsize size);
  gssize (*send)            (TrioIo *self, TrioSocket *socket, gconstpointer data, gsize size);
  /* What receive() would give, which stays where it is. A pipe cannot: -ENOTSOCK. */
  gssize (*peek)            (TrioIo *self, TrioSocket *socket, gpointer buffer, gsize size);
  /* The same into and from several places, in their order, and with what travels beside the bytes; message may be NULL when sending.
   * Of a datagram what does not fit is lost; 0 is an empty one. A datagram is sent whole or not at all (-EMSGSIZE: it is too large for
   * ever). -ECONNREFUSED, from either: an earlier one met nobody; the socket goes on. -ENOBUFS: a unix datagram to an address whose mail
   * is full, since nothing would tell when it is not; connected, -EAGAIN. What travelled with bytes that are received in another way
   * is closed. Anything but a unix socket passes nothing: -EOPNOTSUPP. */
  gssize (*receive_message) (TrioIo *self, TrioSocket *socket, const TrioInputVector *vectors, guint n_vectors, TrioSocketMessage *message);
  gssize (*send_message)    (TrioIo *self, TrioSocket *socket, const TrioOutputVector *vectors, guint n_vectors,
                             const TrioSocketMessage *message);
  /* Nothing more will be sent, or received, or both; who waits in that direction is woken. Idempotent as long as it is connected. */
  int    (*shutdown)        (TrioIo *self, TrioSocket *socket, gboolean sending, gboolean receiving);
  void   (*get_kind)        (TrioIo *self, TrioSocket *socket, TrioAddressFamily *family, TrioSocketKind *kind);
  int    (*get_address)     (TrioIo *self, TrioSocket *socket, gboolean remote, TrioAddress *address);
  /* Whether an attempt would not be answered by -EAGAIN, without one. */
  gboolean (*is_ready)      (TrioIo *self, TrioSocket *socket, TrioIoDirection direction);
  /* Before a wait, after -EAGAIN, or is_ready() was FALSE: TRUE if it became ready meanwhile (attempt again), else the world will call trio_socket_wake(). */
  gboolean (*arm)           (TrioIo *self, TrioSocket *socket, TrioIoDirection direction);
  /* The name of a unix socket in the file system; -ENOENT for abstract names. Its identity changes when somebody else has taken it. */
  int    (*get_name)        (TrioIo *self, const TrioAddress *address, guint64 id[2]);
  int    (*set_name_mode)   (TrioIo *self, const TrioAddress *address, guint mode);
  /* -ENOTSOCK if there is another kind of file. */
  int    (*remove_name)     (TrioIo *self, const TrioAddress *address);
  /* Descriptors of the operating system; a world without them answers all of these with -EOPNOTSUPP.
   * adopt() takes one over, which does not block from now on: a socket, or what is read and written like a file, such as a pipe or a terminal,
   * and can says what it is good for. -EBADF: there is none of this number; -EPERM: it cannot be waited for, as a file. On error nothing
   * was changed. close() closes it, detach() gives it back and frees what was here for it; both leave it as it was found, since others may
   * share it: if it blocked, it blocks. Nobody waits any more.
   * watch() makes what is good for arm(), is_ready() and close() only, and lives on if the descriptor is closed meanwhile. -EPERM: it
   * cannot be waited for. */
  int    (*adopt)           (TrioIo *self, int descriptor, TrioSocket **socket, TrioDescriptorFlags *can);
  int    (*detach)          (TrioIo *self, TrioSocket *socket);
  int    (*get_descriptor)  (TrioIo *self, TrioSocket *socket);
  int    (*watch)           (TrioIo *self, int descriptor, TrioSocket **watch);
  /* Closes and frees. Nobody waits any more. Unread bytes make it a reset, as in TCP, and so does a linger of 0. */
  void   (*close)           (TrioIo *self, TrioSocket *socket);

  /**
   * resolve:
   * @host: a name or a numeric address; %NULL for "any address", to listen at
   * @port: goes into the addresses
   * @addresses: (out) (transfer full): in order of preference; g_free() it
   * @n_addresses: (out): at least 1
   * @error: where it says why not
   *
   * Checkpoint. Numeric addresses need no look-up. Errors: cancellation; a resolver error.
   */
  gboolean (*resolve)       (TrioIo *self, const char *host, guint16 port, TrioAddress **addresses, gsize *n_addresses,
                             GError **error);

  /* The name of whoever has an address, (transfer full), or NULL: G_RESOLVER_ERROR_NOT_FOUND if it has none. Checkpoint. */
  char    *(*look_up_name)  (TrioIo *self, const TrioAddress *address, GError **error);
  /* (nullable) Before a resolver of the program's own is asked for a host, or for the name of one whose address that is: it may be late, or fail for now,
   * as resolve() may. NULL: that is the resolver's business. Checkpoint. */
  gboolean (*delay_resolver) (TrioIo *self, const char *host, GError **error);
};

/**
 * trio_current_io:
 *
 * The sockets of the run whose turn it is on this thread. It is a g_error() to ask outside a run, or where its world has none.
 * Never suspends.
 *
 * Returns: (transfer none): the io; it belongs to the world
 */
TRIO_API TrioIo *trio_current_io  (void);

/**
 * trio_socket_wake:
 * @socket: a socket of the world's
 * @direction: in which it may be ready
 *
 * For a world: whoever waits in that direction attempts again. If nobody waits, nothing happens: the world remembers it for arm().
 * On the thread of the run. Never suspends.
 */
TRIO_API void    trio_socket_wake (TrioSocket *socket, TrioIoDirection direction);

G_END_DECLS
