/* SPDX-License-Identifier: MIT OR Apache-2.0 */

/* All that a program needs. Extending the runtime: <trio/lowlevel/…>. Replacing what is underneath: <trio/seam/…>. */

#pragma once

#include <trio/types.h>
#include <trio/error.h>
#include <trio/run.h>
#include <trio/interrupt.h>
#include <trio/checkpoint.h>
#include <trio/cancel-scope.h>
#include <trio/graceful.h>
#include <trio/nursery.h>
#include <trio/event.h>
#include <trio/lock.h>
#include <trio/semaphore.h>
#include <trio/condition.h>
#include <trio/capacity-limiter.h>
#include <trio/channel.h>
#include <trio/future.h>
#include <trio/barrier.h>
#include <trio/rw-lock.h>
#include <trio/broadcast.h>
#include <trio/select.h>
#include <trio/task-local.h>
#include <trio/stream.h>
#include <trio/buffered.h>
#include <trio/fd-stream.h>
#include <trio/address.h>
#include <trio/resolver.h>
#include <trio/tcp.h>
#include <trio/udp.h>
#include <trio/unix.h>
#include <trio/thread.h>
#include <trio/signal.h>
#include <trio/file.h>
#include <trio/file-watch.h>
#include <trio/supervisor.h>
#include <trio/check.h>
#include <trio/dump.h>
