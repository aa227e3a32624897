/* SPDX-License-Identifier: MIT OR Apache-2.0 */

/* The tape; see tape.h. Two small tables with open addressing are only looked up, never walked: (path, label) -> ordinal, and
 * path hash -> path. Labels are few and are found by their address first, by their text the first time an address is seen. */

#include "simulator/tape.h"

#include <string.h>

#include "simulator/escape/escape.h"
#include "simulator/strategy.h"

/* The runtime and the simulator have some fifty. */
#define LABELS_MAX 512
#define ALIASES 64        /* a power of two */

typedef struct
{
  guint64  path_hash;
  guint64  ordinal;       /* of the latest question; 0: the place is free */
  guint    label;
  gpointer note;
} Address;

typedef struct
{
  guint64     path_hash;
  const char *path;       /* NULL: the place is free */
} Path;

struct _TrioSimTape
{
  TrioChoice         choice;
  TrioSimStrategy   *strategy;
  TrioSimInject      inject;
  gboolean           spells_out;     /* what follows from an earlier answer is a decision of its own */
  guint              n_healing;      /* phases in which nothing is asked */
  TrioSimWatch      *watch;
  TrioSchedule      *schedule;
  guint64            asked;
  guint              n_injected[3];     /* cancel, interrupt, fault */

  TrioSimChoiceFunc  on_decision;
  TrioSimChoiceFunc  on_choice;
  gpointer           user_data;

  char             **wanted;         /* beginnings of labels, as trio_sim_limit_choices() has them; NULL: all are wanted */
  TrioSimLabel      *labels;            /* room for LABELS_MAX; from n_labels on nothing is in it */
  guint              n_labels;
  struct
  {
    const char *text;                   /* as it came in */
    guint       label;
  } aliases[ALIASES];

  Address           *addresses;
  guint              n_addresses;
  guint              addresses_size;    /* a power of two, at most half full */
  Path              *paths;
  guint              n_paths;
  guint              paths_size;
};

/* --- labels --- */

static TrioSimLabelKind
kind_of (const char *name)
{
  if (g_str_equal (name, TRIO_CHOICE_SCHEDULE))
    return TRIO_SIM_LABEL_SCHEDULE;
  if (g_str_equal (name, TRIO_CHOICE_CANCEL))
    return TRIO_SIM_LABEL_CANCEL;
  if (g_str_equal (name, TRIO_CHOICE_INTERRUPT) || g_str_has_prefix (name, TRIO_CHOICE_INTERRUPT "."))
    return TRIO_SIM_LABEL_INTERRUPT;
  return g_str_has_prefix (name, "fault.") ? TRIO_SIM_LABEL_FAULT : TRIO_SIM_LABEL_OTHER;
}

static gboolean
is_left_out (TrioSimTape *tape, const char *name)
{
  TrioSimLabelKind kind = kind_of (name);

  if (tape->wanted == NULL || (kind != TRIO_SIM_LABEL_FAULT && kind != TRIO_SIM_LABEL_OTHER))
    return FALSE;
  for (char **beginning = tape->wanted; *beginning != NULL; beginning++)
    if (g_str_has_prefix (name, *beginning))
      return FALSE;
  return TRUE;
}

static guint
find_label_by_text (TrioSimTape *tape, const char *name)
{
  for (guint i = 0; i < tape->n_labels; i++)
    if (g_str_equal (tape->labels[i].name, name))
      return i;

  if (tape->n_labels == LABELS_MAX)
    g_error ("more than %d different choice labels in one run; a label is a kind of choice, not one choice", LABELS_MAX);
  tape->labels[tape->n_labels] = (TrioSimLabel) {
    .name = trio_schedule_intern (tape->schedule, name),
    .hash = trio_sim_hash_text (name),
    .kind = kind_of (name),
    .index = tape->n_labels,
    .is_left_out = is_left_out (tape, name),
  };
  return tape->n_labels++;
}

/* Labels are static strings, so an address always means the same text; the same text may have several addresses. */
static inline const TrioSimLabel *
find_label (TrioSimTape *tape, const char *name)
{
  guint place = (guint) ((guintptr) name >> 3) & (ALIASES - 1);

  if (G_UNLIKELY (tape->aliases[place].text != name))
    {
      tape->aliases[place].label = find_label_by_text (tape, name);
      tape->aliases[place].text = name;
    }
  return &tape->labels[tape->aliases[place].label];
}

/* --- addresses --- */

static guint
place_of_address (const Address *table, guint size, guint64 path_hash, guint label)
{
  guint place = (guint) trio_sim_mix (path_hash, label) & (size - 1);

  while (table[place].ordinal != 0 && (table[place].path_hash != path_hash || table[place].label != label))
    place = (place + 1) & (size - 1);
  return place;
}

static void
grow_addresses (TrioSimTape *tape)
{
  guint size = tape->addresses_size * 2;
  Address *table = g_new0 (Address, size);

  for (guint i = 0; i < tape->addresses_size; i++)
    if (tape->addresses[i].ordinal != 0)
      table[place_of_address (table, size, tape->addresses[i].path_hash, tape->addresses[i].label)] = tape->addresses[i];
  g_free (tape->addresses);
  tape->addresses = table;
  tape->addresses_size = size;
}

static inline Address *
next_address (TrioSimTape *tape, guint64 path_hash, guint label)
{
  Address *address = &tape->addresses[place_of_address (tape->addresses, tape->addresses_size, path_hash, label)];

  if (address->ordinal == 0)
    {
      if (2 * ++tape->n_addresses > tape->addresses_size)
        {
          grow_addresses (tape);
          address = &tape->addresses[place_of_address (tape->addresses, tape->addresses_size, path_hash, label)];
        }
      address->path_hash = path_hash;
      address->label = label;
    }
  address->ordinal++;
  return address;
}

/* --- paths --- */

static guint
place_of_path (const Path *table, guint size, guint64 path_hash)
{
  guint place = (guint) trio_sim_mix (path_hash, 0) & (size - 1);

  while (table[place].path != NULL && table[place].path_hash != path_hash)
    place = (place + 1) & (size - 1);
  return place;
}

static void
grow_paths (TrioSimTape *tape)
{
  guint size = tape->paths_size * 2;
  Path *table = g_new0 (Path, size);

  for (guint i = 0; i < tape->paths_size; i++)
    if (tape->paths[i].path != NULL)
      table[place_of_path (table, size, tape->paths[i].path_hash)] = tape->paths[i];
  g_free (tape->paths);
  tape->paths = table;
  tape->paths_size = size;
}

const char *
trio_sim_tape_get_path (TrioSimTape *tape, TrioTask *task)
{
  if (task == NULL)
    return "";

  guint64 path_hash = trio_task_get_path_hash (task);
  guint place = place_of_path (tape->paths, tape->paths_size, path_hash);
  if (G_LIKELY (tape->paths[place].path != NULL))
    return tape->paths[place].path;

  if (2 * ++tape->n_paths > tape->paths_size)
    {
      grow_paths (tape);
      place = place_of_path (tape->paths, tape->paths_size, path_hash);
    }
  g_autofree char *path = trio_task_dup_path (task);
  tape->paths[place] = (Path) { .path_hash = path_hash, .path = trio_schedule_intern (tape->schedule, path) };
  return tape->paths[place].path;
}

/* --- answers --- */

/* A sentence for a person. Words that do not name the task, such as a program may have for its own choices, get its name in
 * front. */
static char *
words_of (TrioSimTape *tape, const TrioSimQuestion *question, guint32 value, const char *path)
{
  const TrioChoicePoint *point = question->point;
  g_autoptr (GString) out = NULL;

  if (point->describe == NULL || question->label->kind == TRIO_SIM_LABEL_SCHEDULE)
    return NULL;
  out = g_string_new (NULL);
  point->describe (point, value, out);
  if (strstr (out->str, path) == NULL)
    {
      g_string_prepend (out, ": ");
      g_string_prepend (out, path);
    }
  trio_schedule_append_lasting (out, question->manner->times, question->manner->onwards);
  return trio_schedule_intern (tape->schedule, out->str);
}

static TrioScheduleEntry
entry_of (TrioSimTape *tape, const TrioSimQuestion *question, guint32 value)
{
  const TrioChoicePoint *point = question->point;
  const char *path = trio_sim_tape_get_path (tape, point->task);
  const TrioSimManner *manner = question->manner;
  /* A task that is held back is most often passed over by whoever is next. */
  gboolean held_back = (manner->onwards || manner->times > 1) && !manner->for_one;
  gboolean other_task = question->label->kind == TRIO_SIM_LABEL_SCHEDULE && value != 0 && point->nth_task != NULL && !held_back;

  return (TrioScheduleEntry) {
    .path = (char *) path,
    .path_hash = question->path_hash,
    .label = (char *) question->label->name,
    .ordinal = question->ordinal,
    .value = value,
    .bound = point->bound,
    .index = question->index,
    .step = point->step,
    .times = manner->times,
    .onwards = manner->onwards,
    .runs_on = manner->runs_on,
    .target = other_task ? (char *) trio_sim_tape_get_path (tape, point->nth_task (point, value)) : NULL,
    .words = value == 0 ? NULL : words_of (tape, question, value, path),
    .what = trio_schedule_intern (tape->schedule, point->what),
  };
}

static void
count_injection (TrioSimTape *tape, TrioSimLabelKind kind)
{
  if (kind == TRIO_SIM_LABEL_CANCEL)
    tape->n_injected[0]++;
  else if (kind == TRIO_SIM_LABEL_INTERRUPT)
    tape->n_injected[1]++;
  else if (kind == TRIO_SIM_LABEL_FAULT)
    tape->n_injected[2]++;
}

static void
keep (TrioSimTape *tape, const TrioSimQuestion *question, guint32 value)
{
  TrioScheduleEntry entry;

  if (tape->spells_out)
    *question->manner = (TrioSimManner) { 0 };
  entry = entry_of (tape, question, value);
  if (tape->on_choice != NULL)
    {
      trio_sim_escape_pause ();
      tape->on_choice (&entry, tape->user_data);
      trio_sim_escape_go_on ();
    }
  if (value == 0)
    return;

  count_injection (tape, question->label->kind);
  trio_sim_watch_note (tape->watch, TRIO_SIM_EVENT_DECIDED, question->path_hash,
                       trio_sim_mix (trio_sim_mix (question->label->hash, question->ordinal), value));
  if (question->manner->implied)
    return;
  trio_schedule_append_interned (tape->schedule, &entry);
  if (tape->on_decision != NULL)
    {
      trio_sim_escape_pause ();
      tape->on_decision (&entry, tape->user_data);
      trio_sim_escape_go_on ();
    }
}

static gboolean
is_allowed (TrioSimTape *tape, TrioSimLabelKind kind)
{
  switch (kind)
    {
    case TRIO_SIM_LABEL_CANCEL:
      return (tape->inject & TRIO_SIM_INJECT_CANCEL) != 0;
    case TRIO_SIM_LABEL_INTERRUPT:
      return (tape->inject & TRIO_SIM_INJECT_INTERRUPT) != 0;
    case TRIO_SIM_LABEL_FAULT:
      return (tape->inject & TRIO_SIM_INJECT_FAULT) != 0;
    case TRIO_SIM_LABEL_SCHEDULE:
    case TRIO_SIM_LABEL_OTHER:
      return TRUE;
    }
  return TRUE;
}

static guint32
choose (TrioChoice *choice, const TrioChoicePoint *point)
{
  TrioSimTape *tape = (TrioSimTape *) choice;
  const TrioSimLabel *label = find_label (tape, point->label);

  if (tape->n_healing > 0 || label->is_left_out || !is_allowed (tape, label->kind))
    return 0;

  guint64 path_hash = point->task == NULL ? 0 : trio_task_get_path_hash (point->task);
  Address *address = next_address (tape, path_hash, label->index);
  TrioSimManner manner = { 0 };
  TrioSimQuestion question = {
    .point = point,
    .tape = tape,
    .label = label,
    .path_hash = path_hash,
    .ordinal = address->ordinal,
    .index = tape->asked++,
    .note = &address->note,
    .manner = &manner,
  };
  guint32 value = tape->strategy->answer (tape->strategy, &question);

  g_assert (value < point->bound);
  if (G_UNLIKELY (value != 0 || tape->on_choice != NULL))
    keep (tape, &question, value);
  return value;
}

void
trio_sim_tape_heal (TrioSimTape *tape, gboolean begins)
{
  if (begins)
    tape->n_healing++;
  else
    tape->n_healing--;
}

/* --- life --- */

TrioSimTape *
trio_sim_tape_new (TrioSimStrategy *strategy, TrioSimInject inject, TrioSimWatch *watch)
{
  TrioSimTape *tape = g_new0 (TrioSimTape, 1);

  tape->choice.choose = choose;
  tape->choice.asks_cancel = (inject & TRIO_SIM_INJECT_CANCEL) != 0;
  tape->choice.asks_interrupt = (inject & TRIO_SIM_INJECT_INTERRUPT) != 0;
  tape->choice.asks_memory = (inject & TRIO_SIM_INJECT_FAULT) != 0;
  tape->strategy = strategy;
  tape->inject = inject;
  tape->watch = watch;
  tape->schedule = trio_schedule_new ();
  tape->labels = g_new (TrioSimLabel, LABELS_MAX);
  tape->addresses_size = 64;
  tape->addresses = g_new0 (Address, tape->addresses_size);
  tape->paths_size = 32;
  tape->paths = g_new0 (Path, tape->paths_size);
  return tape;
}

void
trio_sim_tape_free (TrioSimTape *tape)
{
  g_strfreev (tape->wanted);
  tape->strategy->free (tape->strategy);
  trio_schedule_free (tape->schedule);
  g_free (tape->labels);
  g_free (tape->addresses);
  g_free (tape->paths);
  g_free (tape);
}

TrioChoice *
trio_sim_tape_get_choice (TrioSimTape *tape)
{
  return &tape->choice;
}

void
trio_sim_tape_set_callbacks (TrioSimTape *tape, TrioSimChoiceFunc on_decision, TrioSimChoiceFunc on_choice, gpointer user_data)
{
  tape->on_decision = on_decision;
  tape->on_choice = on_choice;
  tape->user_data = user_data;
}

void
trio_sim_tape_spell_out (TrioSimTape *tape)
{
  tape->spells_out = TRUE;
}

void
trio_sim_tape_limit_choices (TrioSimTape *tape, const char *const *beginnings)
{
  g_strfreev (tape->wanted);
  tape->wanted = g_strdupv ((char **) beginnings);
  for (guint i = 0; i < tape->n_labels; i++)
    tape->labels[i].is_left_out = is_left_out (tape, tape->labels[i].name);
}

gboolean
trio_sim_tape_allows (TrioSimTape *tape, TrioSimInject kind)
{
  return (tape->inject & kind) != 0;
}

guint64
trio_sim_tape_get_asked (TrioSimTape *tape)
{
  return tape->asked;
}

guint
trio_sim_tape_get_injected (TrioSimTape *tape, TrioSimInject kind)
{
  return tape->n_injected[kind == TRIO_SIM_INJECT_CANCEL ? 0 : kind == TRIO_SIM_INJECT_INTERRUPT ? 1 : 2];
}

guint
trio_sim_tape_get_unmatched (TrioSimTape *tape)
{
  return tape->strategy->get_unmatched == NULL ? 0 : tape->strategy->get_unmatched (tape->strategy);
}

TrioSchedule *
trio_sim_tape_steal_schedule (TrioSimTape *tape)
{
  return g_steal_pointer (&tape->schedule);
}
