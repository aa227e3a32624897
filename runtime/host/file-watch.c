/* SPDX-License-Identifier: MIT OR Apache-2.0 */

/* inotify; see file-watch.h. */

#include "host/file-watch.h"

#include <errno.h>
#include <glib-unix.h>
#include <sys/inotify.h>
#include <unistd.h>

#include <trio/lowlevel/token.h>
#include <trio/seam/world.h>

#define WATCHED (IN_CREATE | IN_MOVED_TO | IN_DELETE | IN_MOVED_FROM | IN_MODIFY | IN_DELETE_SELF | IN_MOVE_SELF)

struct _TrioHostWatch
{
  gatomicrefcount   refs;          /* its owner's, and that of each call to tell_soon () under way */
  int               fd;
  GQueue            events;        /* of TrioFileEvent */
  TrioFileListener *listener;      /* NULL: not yet, or not any more */
  gboolean          is_gone;       /* said once */
  GSource          *source;
  TrioToken        *token;
  TrioLoop         *loop;
};

int
trio_host_watch_begin (const char *path, TrioHostWatch **watch)
{
  int fd = inotify_init1 (IN_CLOEXEC | IN_NONBLOCK);

  if (fd < 0)
    return -errno;
  if (inotify_add_watch (fd, path, WATCHED) < 0)
    {
      int errnum = errno;

      close (fd);
      return -errnum;
    }
  *watch = g_new0 (TrioHostWatch, 1);
  g_atomic_ref_count_init (&(*watch)->refs);
  (*watch)->fd = fd;
  g_queue_init (&(*watch)->events);
  return 0;
}

static void
event_free (TrioFileEvent *event)
{
  trio_file_event_clear (event);
  g_free (event);
}

static void
keep (TrioHostWatch *watch, TrioFileEventKind kind, const char *name)
{
  TrioFileEvent *event;

  if (kind == TRIO_FILE_GONE && watch->is_gone)
    return;
  watch->is_gone |= kind == TRIO_FILE_GONE;
  event = g_new (TrioFileEvent, 1);
  event->kind = kind;
  event->name = g_strdup (name);
  g_queue_push_tail (&watch->events, event);
}

static void
keep_theirs (TrioHostWatch *watch, const struct inotify_event *theirs)
{
  const char *name = theirs->len > 0 ? theirs->name : NULL;

  if ((theirs->mask & IN_Q_OVERFLOW) != 0)
    keep (watch, TRIO_FILE_LOST, NULL);
  else if ((theirs->mask & (IN_DELETE_SELF | IN_MOVE_SELF | IN_UNMOUNT | IN_IGNORED)) != 0)
    keep (watch, TRIO_FILE_GONE, NULL);
  else if ((theirs->mask & (IN_CREATE | IN_MOVED_TO)) != 0)
    keep (watch, TRIO_FILE_APPEARED, name);
  else if ((theirs->mask & (IN_DELETE | IN_MOVED_FROM)) != 0)
    keep (watch, TRIO_FILE_VANISHED, name);
  else if ((theirs->mask & IN_MODIFY) != 0)
    keep (watch, TRIO_FILE_CHANGED, name);
}

/* What is there now. */
static void
drain (TrioHostWatch *watch)
{
  char buffer[4096] __attribute__ ((aligned (__alignof__ (struct inotify_event))));
  gssize n;

  while ((n = read (watch->fd, buffer, sizeof buffer)) > 0)
    for (gssize at = 0; at < n;)
      {
        const struct inotify_event *theirs = (const struct inotify_event *) (buffer + at);

        keep_theirs (watch, theirs);
        at += (gssize) (sizeof *theirs + theirs->len);
      }
}

static void
unref (gpointer data)
{
  TrioHostWatch *watch = data;

  if (g_atomic_ref_count_dec (&watch->refs))
    g_free (watch);
}

/* In the run's loop. */
static void
tell (gpointer data)
{
  TrioHostWatch *watch = data;

  if (watch->listener != NULL)
    watch->listener->tell (watch->listener);
}

/* In the context, between turns. */
static gboolean
read_events (int fd G_GNUC_UNUSED, GIOCondition condition G_GNUC_UNUSED, gpointer data)
{
  TrioHostWatch *watch = data;

  drain (watch);
  g_atomic_ref_count_inc (&watch->refs);
  trio_token_run_sync_soon (watch->token, tell, watch, unref);
  return G_SOURCE_CONTINUE;
}

void
trio_host_watch_attach (TrioHostWatch *watch, TrioFileListener *listener)
{
  watch->listener = listener;
  watch->token = trio_current_token ();
  watch->loop = trio_loop_get_current ();
  trio_loop_hold (watch->loop);
  watch->source = g_unix_fd_source_new (watch->fd, G_IO_IN);
  g_source_set_callback (watch->source, G_SOURCE_FUNC (read_events), watch, NULL);
  /* Tasks run in a dispatch of the run's source. */
  g_source_attach (watch->source, g_source_get_context (g_main_current_source ()));
}

gboolean
trio_host_watch_take (TrioHostWatch *watch, TrioFileEvent *event)
{
  TrioFileEvent *first;

  if (g_queue_is_empty (&watch->events))
    drain (watch);
  first = g_queue_pop_head (&watch->events);
  if (first == NULL)
    return FALSE;
  *event = *first;
  g_free (first);
  return TRUE;
}

void
trio_host_watch_free (TrioHostWatch *watch)
{
  watch->listener = NULL;
  if (watch->source != NULL)
    {
      g_source_destroy (watch->source);
      g_source_unref (watch->source);
      if (trio_loop_get_current () == watch->loop)
        trio_loop_release (watch->loop);
      trio_token_unref (watch->token);
    }
  close (watch->fd);
  g_queue_clear_full (&watch->events, (GDestroyNotify) event_free);
  unref (watch);
}
