/* SPDX-License-Identifier: MIT OR Apache-2.0 */

/* What reaches other threads, processes and machines, and waits for them. */

#include "simulator/escape/interpose.h"

#include <linux/futex.h>
#include <netdb.h>
#include <poll.h>
#include <pthread.h>
#include <semaphore.h>
#include <signal.h>
#include <spawn.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/random.h>
#include <sys/select.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/timerfd.h>
#include <sys/wait.h>
#include <threads.h>
#include <time.h>
#include <unistd.h>

const char trio_sim_front_system = 1;

/* --- sockets and names --- */

REPORTED (int, socket, (int family, int type, int protocol), (family, type, protocol))
REPORTED (int, socketpair, (int family, int type, int protocol, int pair[2]), (family, type, protocol, pair))
REPORTED (int, bind, (int fd, __CONST_SOCKADDR_ARG address, socklen_t size), (fd, address, size))
REPORTED (int, connect, (int fd, __CONST_SOCKADDR_ARG address, socklen_t size), (fd, address, size))
REPORTED (int, listen, (int fd, int backlog), (fd, backlog))
REPORTED (int, accept, (int fd, __SOCKADDR_ARG address, socklen_t *restrict size), (fd, address, size))
REPORTED (int, accept4, (int fd, __SOCKADDR_ARG address, socklen_t *restrict size, int flags), (fd, address, size, flags))
REPORTED (struct hostent *, gethostbyname, (const char *name), (name))

/* Numbers are turned into addresses without asking anybody. */
IN_FRONT_OF (getaddrinfo);
IN_FRONT int
getaddrinfo (const char *restrict host, const char *restrict service, const struct addrinfo *restrict hints, struct addrinfo **restrict out)
{
  if (hints == NULL || (hints->ai_flags & AI_NUMERICHOST) == 0)
    trio_sim_escape_report (TRIO_SIM_CALL_getaddrinfo);
  return REAL (getaddrinfo) (host, service, hints, out);
}

IN_FRONT_OF (getnameinfo);
IN_FRONT int
getnameinfo (const struct sockaddr *restrict address, socklen_t size, char *restrict host, socklen_t host_size,
             char *restrict service, socklen_t service_size, int flags)
{
  if ((flags & NI_NUMERICHOST) == 0 && host != NULL)
    trio_sim_escape_report (TRIO_SIM_CALL_getnameinfo);
  return REAL (getnameinfo) (address, size, host, host_size, service, service_size, flags);
}

/* --- waiting --- */

IN_FRONT_OF (poll);
IN_FRONT int
poll (struct pollfd *fds, nfds_t n, int timeout)
{
  if (timeout != 0)
    trio_sim_escape_report (TRIO_SIM_CALL_poll);
  return REAL (poll) (fds, n, timeout);
}

static gboolean
is_no_time (const struct timespec *timeout)
{
  return timeout != NULL && timeout->tv_sec == 0 && timeout->tv_nsec == 0;
}

IN_FRONT_OF (ppoll);
IN_FRONT int
ppoll (struct pollfd *fds, nfds_t n, const struct timespec *timeout, const sigset_t *signals)
{
  if (!is_no_time (timeout))
    trio_sim_escape_report (TRIO_SIM_CALL_ppoll);
  return REAL (ppoll) (fds, n, timeout, signals);
}

IN_FRONT_OF (select);
IN_FRONT int
select (int n, fd_set *restrict to_read, fd_set *restrict to_write, fd_set *restrict odd, struct timeval *restrict timeout)
{
  if (timeout == NULL || timeout->tv_sec != 0 || timeout->tv_usec != 0)
    trio_sim_escape_report (TRIO_SIM_CALL_select);
  return REAL (select) (n, to_read, to_write, odd, timeout);
}

IN_FRONT_OF (pselect);
IN_FRONT int
pselect (int n, fd_set *restrict to_read, fd_set *restrict to_write, fd_set *restrict odd, const struct timespec *restrict timeout,
         const sigset_t *restrict signals)
{
  if (!is_no_time (timeout))
    trio_sim_escape_report (TRIO_SIM_CALL_pselect);
  return REAL (pselect) (n, to_read, to_write, odd, timeout, signals);
}

IN_FRONT_OF (epoll_wait);
IN_FRONT int
epoll_wait (int fd, struct epoll_event *events, int n, int timeout)
{
  if (timeout != 0)
    trio_sim_escape_report (TRIO_SIM_CALL_epoll_wait);
  return REAL (epoll_wait) (fd, events, n, timeout);
}

IN_FRONT_OF (epoll_pwait);
IN_FRONT int
epoll_pwait (int fd, struct epoll_event *events, int n, int timeout, const sigset_t *signals)
{
  if (timeout != 0)
    trio_sim_escape_report (TRIO_SIM_CALL_epoll_pwait);
  return REAL (epoll_pwait) (fd, events, n, timeout, signals);
}

REPORTED (int, pause, (void), ())
REPORTED (int, sigwait, (const sigset_t *restrict set, int *restrict number), (set, number))
REPORTED (int, sigwaitinfo, (const sigset_t *restrict set, siginfo_t *restrict info), (set, info))

IN_FRONT_OF (sigtimedwait);
IN_FRONT int
sigtimedwait (const sigset_t *restrict set, siginfo_t *restrict info, const struct timespec *restrict timeout)
{
  if (!is_no_time (timeout))
    trio_sim_escape_report (TRIO_SIM_CALL_sigtimedwait);
  return REAL (sigtimedwait) (set, info, timeout);
}

REPORTED (pid_t, wait, (int *status), (status))

IN_FRONT_OF (waitpid);
IN_FRONT pid_t
waitpid (pid_t pid, int *status, int flags)
{
  if ((flags & WNOHANG) == 0)
    trio_sim_escape_report (TRIO_SIM_CALL_waitpid);
  return REAL (waitpid) (pid, status, flags);
}

/* One that is there can be taken without waiting. */
IN_FRONT_OF (sem_wait);
IN_FRONT int
sem_wait (sem_t *semaphore)
{
  if (trio_sim_escape_get_world () == NULL)
    return REAL (sem_wait) (semaphore);
  if (sem_trywait (semaphore) == 0)
    return 0;
  trio_sim_escape_report (TRIO_SIM_CALL_sem_wait);
  return REAL (sem_wait) (semaphore);
}

IN_FRONT_OF (sem_timedwait);
IN_FRONT int
sem_timedwait (sem_t *restrict semaphore, const struct timespec *restrict due)
{
  if (trio_sim_escape_get_world () == NULL)
    return REAL (sem_timedwait) (semaphore, due);
  if (sem_trywait (semaphore) == 0)
    return 0;
  trio_sim_escape_report (TRIO_SIM_CALL_sem_timedwait);
  return REAL (sem_timedwait) (semaphore, due);
}

REPORTED (int, pthread_join, (pthread_t thread, void **result), (thread, result))
REPORTED (int, pthread_cond_wait, (pthread_cond_t *restrict condition, pthread_mutex_t *restrict mutex), (condition, mutex))
REPORTED (int, pthread_cond_timedwait,
          (pthread_cond_t *restrict condition, pthread_mutex_t *restrict mutex, const struct timespec *restrict due),
          (condition, mutex, due))

/* A futex is how GLib's locks and conditions wait. Unless the word has changed already, nobody is there to change it. */
static gboolean
is_wait (long number, const long *arguments)
{
  int command = (int) arguments[1] & FUTEX_CMD_MASK;

  return number == SYS_futex && (command == FUTEX_WAIT || command == FUTEX_WAIT_BITSET)
         && __atomic_load_n ((int *) arguments[0], __ATOMIC_SEQ_CST) == (int) arguments[2];
}

/* Whoever asks the kernel past the C library's function for a clock, or for random bytes, is answered all the same. */
static gboolean
is_answered (long number, const long *arguments, long *answer)
{
#ifdef SYS_clock_gettime
  if (number == SYS_clock_gettime && trio_sim_escape_get_world () != NULL)
    return *answer = clock_gettime ((clockid_t) arguments[0], (struct timespec *) arguments[1]), TRUE;
#endif
  if (number == SYS_getrandom && trio_sim_escape_get_world () != NULL)
    return *answer = getrandom ((void *) arguments[0], (size_t) arguments[1], (unsigned) arguments[2]), TRUE;
  return FALSE;
}

IN_FRONT_OF (syscall);
__attribute__ ((no_sanitize_address)) IN_FRONT long
syscall (long number, ...)
{
  long arguments[6], answer;
  va_list rest;

  /* As many as there can be, as in the C library; those that were not given mean nothing to the kernel, but AddressSanitizer minds. */
  va_start (rest, number);
  for (guint i = 0; i < G_N_ELEMENTS (arguments); i++)
    arguments[i] = va_arg (rest, long);
  va_end (rest);

  if (is_answered (number, arguments, &answer))
    return answer;
  if (is_wait (number, arguments))
    trio_sim_escape_report (TRIO_SIM_CALL_syscall);
  return REAL (syscall) (number, arguments[0], arguments[1], arguments[2], arguments[3], arguments[4], arguments[5]);
}

/* --- timers --- */

REPORTED (unsigned, alarm, (unsigned seconds), (seconds))
REPORTED (int, setitimer, (__itimer_which_t which, const struct itimerval *restrict value, struct itimerval *restrict before),
          (which, value, before))
REPORTED (int, timer_create, (clockid_t clock_id, struct sigevent *restrict event, timer_t *restrict timer), (clock_id, event, timer))
REPORTED (int, timerfd_create, (clockid_t clock_id, int flags), (clock_id, flags))

/* --- threads --- */

REPORTED (int, pthread_create,
          (pthread_t *restrict thread, const pthread_attr_t *restrict attributes, void *(*func) (void *), void *restrict data),
          (thread, attributes, func, data))
REPORTED (int, thrd_create, (thrd_t *thread, thrd_start_t func, void *data), (thread, func, data))

/* --- processes --- */

REPORTED (pid_t, fork, (void), ())
REPORTED (int, posix_spawn,
          (pid_t *restrict pid, const char *restrict path, const posix_spawn_file_actions_t *restrict actions,
           const posix_spawnattr_t *restrict attributes, char *const argv[restrict], char *const environment[restrict]),
          (pid, path, actions, attributes, argv, environment))
REPORTED (int, posix_spawnp,
          (pid_t *restrict pid, const char *restrict path, const posix_spawn_file_actions_t *restrict actions,
           const posix_spawnattr_t *restrict attributes, char *const argv[restrict], char *const environment[restrict]),
          (pid, path, actions, attributes, argv, environment))
REPORTED (int, system, (const char *command), (command))
REPORTED (FILE *, popen, (const char *command, const char *mode), (command, mode))

/* A function that returns twice cannot be called from another one; all that it promises fork() keeps. */
IN_FRONT pid_t
vfork (void)
{
  trio_sim_escape_report (TRIO_SIM_CALL_vfork);
  return fork ();
}
