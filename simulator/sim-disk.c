/* SPDX-License-Identifier: MIT OR Apache-2.0 */

/* The seam <trio/seam/files.h> of simulated runs: verbs that happen, and answer, when the tape says so. */

#include "simulator/sim-disk.h"

#include <errno.h>

#include <trio/checkpoint.h>
#include <trio/lowlevel/access.h>
#include <trio/lowlevel/task.h>

#include "simulator/sim-world.h"

/* A verb under way. */
typedef struct
{
  TrioSimEvent   event;
  GList          link;           /* in disk->requests */
  TrioSimDisk   *disk;
  TrioFileOp    *op;             /* NULL: forgotten */
  TrioTask      *task;
  const TrioSimHost *host;       /* that the task is on; NULL: the world's own */
  const char    *owner;
  guint64        owner_hash;
  TrioSimFate    fate;
  gboolean       has_happened;
  TrioWaitClass  wait;
} Request;

static void
request_free (Request *request)
{
  g_queue_unlink (&request->disk->requests, &request->link);
  g_free (request);
}

static void
discard (TrioSimEvent *event)
{
  request_free ((Request *) event);
}

static void
note (const Request *request)
{
  const TrioFileOp *op = request->op;
  guint64 what = trio_sim_mix (op->verb, (guint64) op->result);

  if (op->verb == TRIO_FILE_VERB_WRITE && op->result > 0)
    what = trio_sim_mix (what, trio_sim_hash_bytes (op->data, (gsize) op->result));
  trio_sim_watch_note (request->disk->disks->watch, TRIO_SIM_EVENT_DISK, request->owner_hash, what);
}

static void
happen (TrioSimEvent *event)
{
  Request *request = (Request *) event;
  TrioSimDisks *disks = request->disk->disks;

  if (request->op == NULL)
    request_free (request);
  else if (!request->has_happened)
    {
      request->op->result = trio_sim_disk_do (request->disk, request->op, &request->fate, request->owner);
      request->has_happened = TRUE;
      note (request);
      trio_sim_events_plan (&disks->events, event, disks->clock->now + request->fate.answer_us);
    }
  else
    {
      TrioTask *task = request->task;

      request_free (request);
      trio_reschedule (task, NULL);
    }
}

/* --- the table --- */

static TrioSimDisk *find_disk (TrioSimDisks *self, const TrioSimHost *host);

static TrioAbort
abort_wait (TrioTask *task G_GNUC_UNUSED, gpointer data G_GNUC_UNUSED)
{
  return TRIO_ABORT_FAILED;
}

static void
describe_wait (gpointer data, GString *out)
{
  const Request *request = data;

  g_string_append (out, "for the disk");
  if (request->op != NULL && (request->op->path != NULL || request->op->handle != NULL))
    g_string_append_printf (out, ", with %s", request->op->path != NULL ? request->op->path : request->op->handle->path);
}

static TrioSimDisk *
disk_of (TrioSimDisks *disks, const TrioFileOp *op)
{
  return op->handle != NULL ? op->handle->disk : find_disk (disks, trio_sim_host_get_current ());
}

static gboolean
perform (TrioFiles *files, TrioFileOp *op, GError **error)
{
  TrioSimDisks *disks = (TrioSimDisks *) files;
  TrioTask *task = trio_current_task ();
  TrioSimHost *host = trio_sim_host_get_current ();
  Request *request;

  if (op->verb == TRIO_FILE_VERB_SEND)
    return trio_sim_disk_send (files, op, error);
  if (!trio_checkpoint_if_cancelled_in (op->what, error))
    return FALSE;
  if (host != NULL)
    trio_sim_ask_for_host_faults (host, op->what);
  trio_note_access (disks, TRIO_ACCESS_WRITE);
  request = g_new0 (Request, 1);
  request->event.happen = happen;
  request->event.discard = discard;
  request->link.data = request;
  request->disk = disk_of (disks, op);
  request->op = op;
  request->task = task;
  request->host = host;
  request->owner = trio_sim_tape_get_path (disks->tape, task);
  request->owner_hash = trio_task_get_path_hash (task);
  request->fate = trio_sim_disk_choose_fate (request->disk, op);
  request->wait = (TrioWaitClass) { .what = op->what, .abort = abort_wait, .describe = describe_wait };
  g_queue_push_tail_link (&request->disk->requests, &request->link);
  trio_sim_events_plan (&disks->events, &request->event, disks->clock->now + request->fate.latency_us);
  /* Its abort function refuses, and whoever wakes it has no error. */
  return trio_wait (&request->wait, request, error);
}

static gboolean
take (TrioFiles *files, TrioFileHandle *handle, TrioFileEvent *event)
{
  trio_note_access (files, TRIO_ACCESS_WRITE);
  return trio_sim_handle_take (handle, event);
}

static void
drop (TrioFiles *files, TrioFileHandle *handle)
{
  trio_note_access (files, TRIO_ACCESS_WRITE);
  trio_sim_handle_free (handle);
}

/* A close always closes, and nothing was opened or made. */
static void
undo (Request *request)
{
  TrioFileOp *op = request->op;
  gboolean opens = op->verb == TRIO_FILE_VERB_OPEN || op->verb == TRIO_FILE_VERB_OPEN_TEMPORARY || op->verb == TRIO_FILE_VERB_WATCH;
  gboolean closes = op->verb == TRIO_FILE_VERB_CLOSE;

  if (op->handle != NULL && ((opens && request->has_happened) || (closes && !request->has_happened)))
    trio_sim_handle_free (g_steal_pointer (&op->handle));
  g_clear_pointer (&op->made_path, g_free);
}

void
trio_sim_disk_fail_requests (TrioSimDisk *disk)
{
  for (GList *link = disk->requests.head; link != NULL; link = link->next)
    {
      Request *request = link->data;

      if (request->op == NULL)
        continue;
      undo (request);
      request->op->result = -EIO;
      request->has_happened = TRUE;
      note (request);
    }
}

/* What the tasks of the host had under way goes no further, and they are not woken; what they had open is nobody's. Somebody of another host may still hold
 * it, and hears EIO. */
static void
forget (TrioSimDisk *disk)
{
  for (GList *link = disk->requests.head; link != NULL; link = link->next)
    {
      Request *request = link->data;

      if (request->host == disk->host)
        request->op = NULL;
    }
  for (TrioFileHandle *handle; (handle = g_queue_peek_head (&disk->handles)) != NULL;)
    trio_sim_handle_lose (handle);
}

static TrioSimDisk *
get_disk (const TrioSimDisks *self, const TrioSimHost *host)
{
  for (guint i = 0; self->all != NULL && i < self->all->len; i++)
    if (((TrioSimDisk *) g_ptr_array_index (self->all, i))->host == host)
      return g_ptr_array_index (self->all, i);
  return NULL;
}

void
trio_sim_disks_forget (TrioSimDisks *self, const TrioSimHost *host)
{
  TrioSimDisk *disk = get_disk (self, host);

  if (disk != NULL)
    forget (disk);
}

void
trio_sim_disks_lose_power (TrioSimDisks *self, const TrioSimHost *host)
{
  TrioSimDisk *disk = get_disk (self, host);

  if (disk == NULL)
    return;
  forget (disk);
  trio_sim_disk_crash (disk);
}

/* --- life --- */

static void
make_first_directory (TrioSimDisk *disk, const char *name)
{
  TrioSimInode *inode = trio_sim_inode_new (disk, TRUE, 0777);

  trio_sim_names_set (disk->root->names, name, inode);
  trio_sim_names_set (disk->root->medium_names, name, inode);
  trio_sim_inode_unref (inode);
}

static TrioSimDisk *
disk_new (TrioSimDisks *disks, const TrioSimHost *host)
{
  TrioSimDisk *disk = g_new0 (TrioSimDisk, 1);

  disk->disks = disks;
  disk->host = host;
  disk->root = trio_sim_inode_new (disk, TRUE, 0755);
  disk->unsynced = g_ptr_array_new_with_free_func ((GDestroyNotify) trio_sim_unsynced_free);
  disk->journal = g_ptr_array_new_with_free_func ((GDestroyNotify) trio_sim_change_free);
  g_queue_init (&disk->handles);
  g_queue_init (&disk->lost);
  g_queue_init (&disk->requests);
  make_first_directory (disk, "tmp");
  return disk;
}

static void
disk_free (gpointer data)
{
  TrioSimDisk *disk = data;

  forget (disk);
  while (!g_queue_is_empty (&disk->lost))
    trio_sim_handle_free (g_queue_peek_head (&disk->lost));
  g_ptr_array_unref (disk->unsynced);
  g_ptr_array_unref (disk->journal);
  trio_sim_inode_unref (disk->root);
  g_free (disk);
}

void
trio_sim_disks_init (TrioSimDisks *self, TrioSimClock *clock, TrioSimTape *tape, TrioSimWatch *watch)
{
  *self = (TrioSimDisks) {
    .files = { .name = "simulated", .perform = perform, .take = take, .drop = drop },
    .clock = clock,
    .tape = tape,
    .watch = watch,
  };
}

/* Most runs use no disk, and there are many of them: one is made when somebody asks. */
static TrioSimDisk *
find_disk (TrioSimDisks *self, const TrioSimHost *host)
{
  TrioSimDisk *disk;

  if (self->all == NULL)
    {
      self->all = g_ptr_array_new_with_free_func (disk_free);
      trio_sim_events_init (&self->events);
      trio_sim_atlas_init (self);
    }
  disk = get_disk (self, host);
  if (disk != NULL)
    return disk;
  disk = disk_new (self, host);
  g_ptr_array_add (self->all, disk);
  return disk;
}

void
trio_sim_disks_clear (TrioSimDisks *self)
{
  if (self->all == NULL)
    return;
  trio_sim_events_clear (&self->events);
  trio_sim_atlas_clear (self);
  g_ptr_array_unref (self->all);
}

void
trio_sim_disks_run (TrioSimDisks *self)
{
  if (self->all != NULL)
    trio_sim_events_run (&self->events, self->clock->now);
}

gint64
trio_sim_disks_get_next (const TrioSimDisks *self)
{
  return self->all == NULL ? G_MAXINT64 : trio_sim_events_get_next (&self->events);
}

void
trio_sim_disks_add_leaks (const TrioSimDisks *self, GPtrArray *leaks, GString *lines)
{
  for (guint i = 0; self->all != NULL && i < self->all->len; i++)
    {
      const TrioSimDisk *disk = g_ptr_array_index (self->all, i);

      for (const GList *link = disk->handles.head; link != NULL; link = link->next)
        {
          const TrioFileHandle *handle = link->data;

          /* It goes with the socket in whose mail it lies. */
          if (handle->travels)
            continue;
          g_ptr_array_add (leaks, g_strdup_printf ("%s of %s", handle->watch != 0 ? "watch" : "file", handle->owner));
          g_string_append_printf (lines, "\n  %s %s of %s", handle->watch != 0 ? "watch of" : "file", handle->path, handle->owner);
        }
    }
}

/* --- for scenarios --- */

TrioSimDisk *
trio_sim_disk_get_current (void)
{
  TrioSimWorld *world = trio_sim_world_get_current ();

  if (world == NULL)
    return NULL;
  return disk_of (&world->disks, &(TrioFileOp) { 0 });
}

TrioSimDisk *
trio_sim_disk_of_host (TrioSimHost *host)
{
  TrioSimWorld *world = trio_sim_world_get_current ();

  g_return_val_if_fail (host != NULL && world != NULL, NULL);
  return find_disk (&world->disks, host);
}

void
trio_sim_crash_disk (void)
{
  TrioSimDisk *disk = trio_sim_disk_get_current ();

  if (disk != NULL)
    trio_sim_disk_crash (disk);
}
