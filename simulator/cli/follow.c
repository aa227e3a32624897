/* SPDX-License-Identifier: MIT OR Apache-2.0 */

/* Collecting the facts of a run. See follow.h. What is asked at every step costs no string and no allocation: names become numbers
 * once, and are found by an address or a hash from then on. Tables are only looked up. */

#include "simulator/cli/follow.h"
#include "simulator/watch.h"

#include <string.h>

#define SET_SIZE_MIN   256     /* a power of two */
#define WORDS          64      /* a power of two */
#define OBJECTS_MIN    64      /* a power of two */

/* Where a task stands that waits for nothing. */
enum
{
  STANDS_AT_ITS_BEGINNING = 1,
  STANDS_BETWEEN_STEPS,
};

typedef struct
{
  guint64 name;          /* of its path, without numbers */
  guint64 stands;        /* where its last step ended: a hash of the operation, or one of the above */
  guint64 operation;     /* of its last checkpoint; 0: none yet */
  guint64 share;         /* its part of the state */
  guint64 n_made;        /* objects */
} Note;

/* Its place in the table comes from its address, and nothing else does. */
typedef struct
{
  gconstpointer address; /* NULL: the place is free */
  guint64       name;    /* 0: it was there before the run */
  guint64       serial;  /* of the task that touched it last, plus 2; 1: the loop did; 0: nobody yet */
  guint64       touch;   /* who that was, in which operation, and how */
  TrioAccess    access;
} Object;

struct _TrioCliFollow
{
  TrioInstrument  instrument;

  guint64        *set;           /* the facts, by hash; 0 is a free place */
  gsize           set_size;      /* a power of two, at most half full */
  GArray         *facts;         /* the same, in order */

  GArray         *notes;         /* of Note, by serial of the task */
  guint64         state;         /* the sum of the shares of all living tasks */
  guint64         last_serial;   /* of the task that took the last step; 0: none yet */
  guint64         last_name;     /* it may have ended */
  guint64         last_stands;

  Object         *objects;       /* a table with open addressing, at most half full */
  guint           objects_size;  /* a power of two */
  guint           n_objects;

  GHashTable     *names;         /* path hash -> hash without numbers */
  struct
  {
    const char *text;            /* static, as it came in */
    guint64     hash;
  } words[WORDS];
};

/* --- facts --- */

static gsize
place_of (const guint64 *set, gsize size, guint64 fact)
{
  gsize place = (gsize) (fact >> 8) & (size - 1);

  while (set[place] != 0 && set[place] != fact)
    place = (place + 1) & (size - 1);
  return place;
}

static void
grow (TrioCliFollow *self)
{
  g_free (self->set);
  self->set_size *= 2;
  self->set = g_new0 (guint64, self->set_size);
  for (guint i = 0; i < self->facts->len; i++)
    {
      guint64 fact = g_array_index (self->facts, guint64, i);

      self->set[place_of (self->set, self->set_size, fact)] = fact;
    }
}

static void
add (TrioCliFollow *self, TrioCliFactKind kind, guint64 hash)
{
  guint64 fact = ((trio_sim_mix (hash, kind) | TRIO_CLI_FACT_KINDS) & ~(guint64) (TRIO_CLI_FACT_KINDS - 1)) | kind;
  gsize place = place_of (self->set, self->set_size, fact);

  if (self->set[place] == fact)
    return;
  self->set[place] = fact;
  g_array_append_val (self->facts, fact);
  if (2 * self->facts->len > self->set_size)
    grow (self);
}

/* --- names --- */

/* "main/serve/handler" for "main/serve#2/handler#15". */
static guint64
hash_without_numbers (const char *path)
{
  g_autoptr (GString) out = g_string_new (NULL);

  for (const char *c = path; *c != '\0'; c++)
    if (*c == '#')
      c += strcspn (c, "/") - 1;
    else
      g_string_append_c (out, *c);
  return trio_sim_hash_text (out->str);
}

static guint64
name_of (TrioCliFollow *self, TrioTask *task)
{
  gint64 path_hash = (gint64) trio_task_get_path_hash (task);
  guint64 *name = g_hash_table_lookup (self->names, &path_hash);

  if (name == NULL)
    {
      g_autofree char *path = trio_task_dup_path (task);

      name = g_new (guint64, 1);
      *name = hash_without_numbers (path);
      g_hash_table_insert (self->names, g_memdup2 (&path_hash, sizeof path_hash), name);
    }
  return *name;
}

/* Operations are static strings, so that an address always means the same text. */
static guint64
word_of (TrioCliFollow *self, const char *text)
{
  guint place = (guint) ((guintptr) text >> 3) & (WORDS - 1);

  if (G_UNLIKELY (self->words[place].text != text))
    {
      self->words[place].text = text;
      self->words[place].hash = trio_sim_hash_text (text);
    }
  return self->words[place].hash;
}

static Note *
note_of (TrioCliFollow *self, TrioTask *task)
{
  guint64 serial = trio_task_get_serial (task);

  if (serial >= self->notes->len)
    g_array_set_size (self->notes, (guint) serial + 1);

  Note *note = &g_array_index (self->notes, Note, serial);
  if (G_UNLIKELY (note->name == 0))
    *note = (Note) { .name = name_of (self, task) | 1, .stands = STANDS_AT_ITS_BEGINNING };
  return note;
}

/* --- the hooks --- */

/* The state is a sum, so that it does not depend on the order of the tasks. */
static void
set_share (TrioCliFollow *self, Note *note, guint64 share)
{
  self->state += share - note->share;
  note->share = share;
}

static void
task_scheduled (TrioInstrument *instrument, TrioTask *task, TrioTask *by)
{
  TrioCliFollow *self = (TrioCliFollow *) instrument;
  Note *note = note_of (self, task);
  guint64 stands = note->stands, name = note->name;

  set_share (self, note, trio_sim_mix (trio_sim_mix (name, stands), TRIO_TASK_RUNNABLE));
  /* Who lets others run wakes nobody. */
  if (stands > STANDS_BETWEEN_STEPS && by != task)
    add (self, TRIO_CLI_FACT_PAIR,
         trio_sim_mix (trio_sim_mix (trio_sim_mix (by == NULL ? 0 : note_of (self, by)->name, name), stands), TRIO_TASK_BLOCKED));
}

static void
before_task_step (TrioInstrument *instrument, TrioTask *task)
{
  TrioCliFollow *self = (TrioCliFollow *) instrument;
  const Note *note = note_of (self, task);
  guint64 hash = trio_sim_mix (trio_sim_mix (self->last_name, self->last_stands), trio_sim_mix (note->name, note->stands));

  /* That a task went on where it was follows from its program; that a twin of it did does not. */
  if (self->last_serial != 0 && self->last_serial != trio_task_get_serial (task))
    add (self, TRIO_CLI_FACT_PAIR, hash);
}

static void
after_task_step (TrioInstrument *instrument, TrioTask *task)
{
  TrioCliFollow *self = (TrioCliFollow *) instrument;
  Note *note = note_of (self, task);
  const char *wait = trio_task_get_wait (task);

  /* Who only let others run is still in the operation of its last checkpoint. */
  note->stands = wait != NULL ? word_of (self, wait) | 4 : note->operation != 0 ? trio_sim_mix (note->operation, 0) | 4 : STANDS_BETWEEN_STEPS;
  set_share (self, note, trio_task_get_state (task) == TRIO_TASK_DONE ? 0 : trio_sim_mix (trio_sim_mix (note->name, note->stands),
                                                                                        trio_task_get_state (task)));
  add (self, TRIO_CLI_FACT_STATE, self->state);
  self->last_serial = trio_task_get_serial (task);
  self->last_name = note->name;
  self->last_stands = note->stands;
}

static void
task_exited (TrioInstrument *instrument, TrioTask *task, const GError *error G_GNUC_UNUSED)
{
  TrioCliFollow *self = (TrioCliFollow *) instrument;

  set_share (self, note_of (self, task), 0);
}

static void
checkpoint (TrioInstrument *instrument, TrioTask *task, const char *what)
{
  TrioCliFollow *self = (TrioCliFollow *) instrument;
  Note *note = note_of (self, task);

  note->operation = word_of (self, what);
  add (self, TRIO_CLI_FACT_POINT, trio_sim_mix (note->name, note->operation));
}

static void
cancel_raised (TrioInstrument *instrument, TrioTask *task)
{
  TrioCliFollow *self = (TrioCliFollow *) instrument;
  const Note *note = note_of (self, task);

  /* What was raised before its first checkpoint was none of them. */
  if (note->operation != 0)
    add (self, TRIO_CLI_FACT_NOTICED, trio_sim_mix (note->name, note->operation));
}

/* --- objects --- */

static guint
place_of_object (const Object *objects, guint size, gconstpointer address)
{
  guint place = (guint) trio_sim_mix ((guintptr) address, 0) & (size - 1);

  while (objects[place].address != NULL && objects[place].address != address)
    place = (place + 1) & (size - 1);
  return place;
}

static void
grow_objects (TrioCliFollow *self)
{
  guint size = self->objects_size * 2;
  Object *objects = g_new0 (Object, size);

  for (guint i = 0; i < self->objects_size; i++)
    if (self->objects[i].address != NULL)
      objects[place_of_object (objects, size, self->objects[i].address)] = self->objects[i];
  g_free (self->objects);
  self->objects = objects;
  self->objects_size = size;
}

static Object *
object_of (TrioCliFollow *self, gconstpointer address)
{
  guint place = place_of_object (self->objects, self->objects_size, address);

  if (self->objects[place].address == NULL)
    {
      if (2 * ++self->n_objects > self->objects_size)
        {
          grow_objects (self);
          place = place_of_object (self->objects, self->objects_size, address);
        }
      self->objects[place] = (Object) { .address = address };
    }
  return &self->objects[place];
}

/* Two tasks that only look at it, or add to it, may do so in either order. */
static gboolean
commute (TrioAccess a, TrioAccess b)
{
  return a == b && (a == TRIO_ACCESS_READ || a == TRIO_ACCESS_ADD || a == TRIO_ACCESS_COMPLETE);
}

static void
accessed (TrioInstrument *instrument, TrioTask *task, gconstpointer address, TrioAccess access)
{
  TrioCliFollow *self = (TrioCliFollow *) instrument;
  Object *object = object_of (self, address);
  Note *note = task != NULL ? note_of (self, task) : NULL;
  guint64 serial = task != NULL ? trio_task_get_serial (task) + 2 : 1;
  guint64 touch = trio_sim_mix (note != NULL ? trio_sim_mix (note->name, note->operation) : 0, access);

  /* A new object in an old one's place. */
  if (access == TRIO_ACCESS_CREATE)
    *object = (Object) { .address = address, .name = trio_sim_mix (note != NULL ? note->name : 1, note != NULL ? ++note->n_made : 0) | 1 };
  else if (object->serial != 0 && object->serial != serial && !commute (object->access, access))
    add (self, TRIO_CLI_FACT_PAIR, trio_sim_mix (trio_sim_mix (object->name, object->touch), touch));
  object->serial = serial;
  object->touch = touch;
  object->access = access;
}

/* --- life --- */

TrioCliFollow *
trio_cli_follow_new (void)
{
  TrioCliFollow *self = g_new0 (TrioCliFollow, 1);

  self->instrument = (TrioInstrument) {
    .name = "follow",
    .task_scheduled = task_scheduled,
    .before_task_step = before_task_step,
    .after_task_step = after_task_step,
    .task_exited = task_exited,
    .checkpoint = checkpoint,
    .cancel_raised = cancel_raised,
    .accessed = accessed,
  };
  self->set_size = SET_SIZE_MIN;
  self->set = g_new0 (guint64, self->set_size);
  self->facts = g_array_new (FALSE, FALSE, sizeof (guint64));
  self->notes = g_array_new (FALSE, TRUE, sizeof (Note));
  self->objects_size = OBJECTS_MIN;
  self->objects = g_new0 (Object, self->objects_size);
  trio_watch_accesses (TRUE);
  self->names = g_hash_table_new_full (g_int64_hash, g_int64_equal, g_free, g_free);
  return self;
}

void
trio_cli_follow_free (TrioCliFollow *self)
{
  if (self == NULL)
    return;
  trio_watch_accesses (FALSE);
  g_free (self->set);
  g_free (self->objects);
  g_array_unref (self->facts);
  g_array_unref (self->notes);
  g_hash_table_unref (self->names);
  g_free (self);
}

TrioInstrument *
trio_cli_follow_begin (TrioCliFollow *self)
{
  memset (self->set, 0, self->set_size * sizeof (guint64));
  g_array_set_size (self->facts, 0);
  g_array_set_size (self->notes, 0);
  memset (self->objects, 0, self->objects_size * sizeof (Object));
  self->n_objects = 0;
  self->state = 0;
  self->last_serial = self->last_name = self->last_stands = 0;
  self->instrument.next = NULL;
  return &self->instrument;
}

const guint64 *
trio_cli_follow_get_facts (const TrioCliFollow *self, gsize *n_facts)
{
  *n_facts = self->facts->len;
  return (const guint64 *) (gpointer) self->facts->data;
}
