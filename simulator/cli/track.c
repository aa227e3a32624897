/* SPDX-License-Identifier: MIT OR Apache-2.0 */

/* The track; see track.h.
 *
 *     we                                 the run's processes
 *     one pipe to each checkpoint ─────► read a command, fork, the copy obeys it
 *     one pipe to the traveller   ─────► read a command, obey it
 *     inbox                       ◄───── "I stand before step n", texts, how it ended
 *     shared memory               ◄────► which checkpoints there are, who is the traveller, what the latest move cost
 *
 * The pipes are made before the run begins, so that every copy has them. Who reads from the traveller's pipe changes: the old one is
 * dead before the new one is told anything. */

#include "simulator/cli/track.h"
#include "simulator/cli/os.h"
#include "simulator/cli/wire.h"

#include <string.h>
#include <trio/lowlevel/dump.h>
#include <trio/seam/world.h>

#include "simulator/virtual-clock.h"

#define CHECKPOINTS_WANTED 48
#define CHECKPOINTS_MAX    64
#define PATIENCE_MS        50

typedef enum
{
  COMMAND_GO,          /* before step */
  COMMAND_WHERE,
  COMMAND_TREE,
  COMMAND_COPY,
} Command;

typedef struct
{
  guint64 command;
  guint64 step;
} Order;

enum
{
  TELLS_STEP,          /* it stands before this one */
  TELLS_TEXT,
  TELLS_COPY,          /* the process */
  TELLS_FAULT,         /* signal, and who */
  TELLS_REPORT,
};

static const GVariantType *const tells[] = {
  (const GVariantType *) "(t)", (const GVariantType *) "(ay)", (const GVariantType *) "(i)", (const GVariantType *) "(iay)",
  (const GVariantType *) TRIO_CLI_REPORT_STRING,
  NULL,
};

typedef struct
{
  int     traveller;                          /* its process; 0: none */
  int     checkpoints[CHECKPOINTS_MAX];       /* their processes; 0: there is none yet */
  guint64 from;                               /* the step before which the latest move began */
  guint64 at;                                 /* the step that the traveller takes or is about to */
} Shared;

struct _TrioCliTrack
{
  TrioCliTarget       target;
  const TrioSchedule *schedule;
  TrioSimInject       inject;
  guint64             interval;
  Shared             *shared;
  TrioCliPipe         pipes[CHECKPOINTS_MAX];
  TrioCliPipe         travel;
  TrioCliChild       *root;
  guint64             step;
  gboolean            over;
  char               *end;
};

/* ---- In the run ------------------------------------------------------------------------------------------------------------ */

/* What the process that we are in is; each copy has its own. */
typedef struct
{
  TrioCliTrack *track;
  int           outbox;
  guint64       goal;           /* stop before this step */
  gboolean      mute;           /* a debugger has it: nobody listens any more */
} Traveller;

static Traveller traveller;

static void
tell_text (char *text)
{
  trio_cli_tell (traveller.outbox, TELLS_TEXT, g_variant_new ("(^ay)", text));
  g_free (text);
}

static char *
where_text (TrioTask *task)
{
  g_autofree char *who = trio_cli_describe_task (task);
  GString *out = g_string_new (who);

  g_string_append (out, ", at ");
  g_string_append (out, trio_span_in_seconds (trio_current_time ()).text);
  return g_string_free (out, FALSE);
}

static char *
tree_text (void)
{
  GString *out = g_string_new (NULL);

  trio_loop_append_dump (trio_loop_get_current (), TRIO_DUMP_STACKS, out);
  return g_string_free (out, FALSE);
}

static void
become_traveller (guint64 step, guint64 goal)
{
  traveller.goal = goal;
  traveller.track->shared->traveller = trio_cli_own_process ();
  traveller.track->shared->from = step;
}

/* Here a checkpoint stays. Returns in its copies, which are travellers. */
static void
wait_as_checkpoint (guint nth, guint64 step)
{
  Order order;

  while (trio_cli_pipe_read (&traveller.track->pipes[nth], &order, sizeof order))
    {
      if (trio_cli_fork () == 0)
        {
          become_traveller (step, order.step);
          return;
        }
    }
  trio_cli_leave ();
}

static void
set_checkpoint (guint64 step)
{
  TrioCliTrack *track = traveller.track;
  guint64 nth = (step - 1) / track->interval;
  int own = trio_cli_own_process ();

  if ((step - 1) % track->interval != 0 || nth >= CHECKPOINTS_MAX || track->shared->checkpoints[nth] != 0)
    return;
  track->shared->checkpoints[nth] = own;
  switch (trio_cli_fork ())
    {
    case 0:
      track->shared->traveller = trio_cli_own_process ();
      break;
    case -1:
      /* No more processes to be had: we go on ourselves, without a checkpoint here. */
      track->shared->checkpoints[nth] = 0;
      break;
    default:
      wait_as_checkpoint ((guint) nth, step);
    }
}

/* A copy for a debugger. It comes back from here when somebody lets it go on. */
static void
make_copy (void)
{
  int process = trio_cli_fork ();

  if (process == 0)
    {
      traveller.mute = TRUE;
      trio_cli_stop_for_debugger ();
      return;
    }
  trio_cli_tell (traveller.outbox, TELLS_COPY, g_variant_new ("(i)", MAX (process, 0)));
}

/* At the goal. Returns when there is another one. */
static void
wait_as_traveller (guint64 step, TrioTask *task)
{
  Order order;

  trio_cli_tell (traveller.outbox, TELLS_STEP, g_variant_new ("(t)", step));
  while (!traveller.mute)
    {
      if (!trio_cli_pipe_read (&traveller.track->travel, &order, sizeof order))
        trio_cli_leave ();
      switch ((Command) order.command)
        {
        case COMMAND_GO:
          traveller.goal = order.step;
          traveller.track->shared->from = step;
          return;
        case COMMAND_WHERE:
          tell_text (where_text (task));
          break;
        case COMMAND_TREE:
          tell_text (tree_text ());
          break;
        case COMMAND_COPY:
          make_copy ();
          break;
        }
    }
}

static void
before_step (guint64 step, TrioTask *task, gpointer user_data G_GNUC_UNUSED)
{
  if (traveller.mute)
    return;
  traveller.track->shared->at = step;
  set_checkpoint (step);
  if (step >= traveller.goal)
    wait_as_traveller (step, task);
}

static void
tell_fault (int number)
{
  g_autofree char *who = trio_current_task () ? trio_cli_describe_task (trio_current_task ()) : g_strdup ("the world");

  if (!traveller.mute)
    trio_cli_tell (traveller.outbox, TELLS_FAULT, g_variant_new ("(i^ay)", number, who));
}

static void
run_track (int outbox, gpointer data)
{
  TrioCliTrack *track = data;
  TrioSimOptions options = {
    .strategy = "replay", .schedule = track->schedule, .inject = track->inject, .on_step = before_step,
  };
  g_autoptr (TrioSimReport) report = NULL;

  trio_cli_target_apply (&track->target, &options);
  traveller = (Traveller) { .track = track, .outbox = outbox, .goal = 1 };
  for (guint i = 0; i < CHECKPOINTS_MAX; i++)
    trio_cli_pipe_keep_reading_end (&track->pipes[i]);
  trio_cli_pipe_keep_reading_end (&track->travel);
  trio_cli_forget_children ();
  trio_cli_on_fault (tell_fault);
  become_traveller (1, 1);
  if (!trio_sim_run (track->target.func, track->target.data, &options, &report, NULL) && !report)
    return;
  if (!traveller.mute)
    trio_cli_tell (outbox, TELLS_REPORT, trio_cli_wire_report (report, NULL));
}

/* ---- With us --------------------------------------------------------------------------------------------------------------- */

static void
set_end (TrioCliTrack *track, guint64 step, char *end)
{
  track->over = TRUE;
  track->step = step;
  g_free (track->end);
  track->end = end;
}

static void
take_report (TrioCliTrack *track, GVariant *message)
{
  g_autoptr (TrioSimReport) report = trio_cli_unwire_report (message, NULL);

  set_end (track, report->steps + 1,
           report->verdict == TRIO_SIM_OK
           ? g_strdup ("it ends well")
           : g_strdup_printf ("%s%s%s\n%s", trio_sim_verdict_to_string (report->verdict), report->name ? ": " : "",
                              report->name ? report->name : "", report->message ? report->message : ""));
}

static void
take_fault (TrioCliTrack *track, GVariant *message)
{
  g_autofree char *who = NULL, *signal_name = NULL;
  int number;

  g_variant_get (message, "(i^ay)", &number, &who);
  signal_name = trio_cli_signal_name (number, TRUE);
  set_end (track, track->shared->at + 1, g_strdup_printf ("crash: the program dies of %s\nit is %s", signal_name, who));
}

/* What the traveller says; or its end, if it says nothing any more. */
static GVariant *
hear (TrioCliTrack *track, guint32 *kind)
{
  gint64 due = track->target.timeout_s ? g_get_monotonic_time () + track->target.timeout_s * G_TIME_SPAN_SECOND : G_MAXINT64;
  g_autoptr (GError) error = NULL;
  GVariant *message;

  for (;;)
    {
      gboolean alive = track->root->end == TRIO_CLI_END_RUNNING && trio_cli_process_lives (track->shared->traveller);

      trio_cli_children_wait (&track->root, 1, PATIENCE_MS);
      message = trio_cli_child_hear (track->root, tells, kind, &error);
      if (message)
        return message;
      if (error)
        {
          trio_cli_process_end (track->shared->traveller);
          set_end (track, track->shared->at + 1, g_strdup (error->message));
          return NULL;
        }
      if (!alive)
        {
          set_end (track, track->shared->at + 1, g_strdup ("the program has ended in the middle of the run"));
          return NULL;
        }
      if (g_get_monotonic_time () > due)
        {
          trio_cli_process_end (track->shared->traveller);
          set_end (track, track->shared->at + 1, g_strdup_printf ("no end in sight: stopped after %u s of real time", track->target.timeout_s));
          return NULL;
        }
    }
}

/* Waits until the traveller stands somewhere, or has ended. */
static void
arrive (TrioCliTrack *track)
{
  for (;;)
    {
      guint32 kind;
      g_autoptr (GVariant) message = hear (track, &kind);

      if (!message)
        return;
      switch (kind)
        {
        case TELLS_STEP:
          g_variant_get (message, "(t)", &track->step);
          track->over = FALSE;
          return;
        case TELLS_REPORT:
          take_report (track, message);
          return;
        case TELLS_FAULT:
          take_fault (track, message);
          return;
        default:
          break;
        }
    }
}

/* The last checkpoint at or before @step. */
static guint
checkpoint_before (TrioCliTrack *track, guint64 step)
{
  guint nth = (guint) MIN ((step - 1) / track->interval, CHECKPOINTS_MAX - 1);

  while (nth > 0 && track->shared->checkpoints[nth] == 0)
    nth--;
  return nth;
}

gboolean
trio_cli_track_go (TrioCliTrack *track, guint64 step, GError **error)
{
  const Order order = { COMMAND_GO, step };
  guint nth = checkpoint_before (track, step);
  guint64 stands_at = nth * track->interval + 1;

  /* On from where we are, unless a checkpoint is nearer. */
  if (!track->over && track->step <= step && track->step >= stands_at)
    trio_cli_pipe_write (&track->travel, &order, sizeof order);
  else
    {
      if (track->shared->checkpoints[nth] == 0)
        {
          g_set_error_literal (error, TRIO_ERROR, TRIO_ERROR_FAILED, "the run never came to its first step");
          return FALSE;
        }
      if (!track->over)
        trio_cli_process_end (track->shared->traveller);
      track->shared->traveller = track->shared->checkpoints[nth];
      track->step = stands_at;
      trio_cli_pipe_write (&track->pipes[nth], &order, sizeof order);
    }
  arrive (track);
  return TRUE;
}

static char *
ask (TrioCliTrack *track, Command command)
{
  const Order order = { command, 0 };
  g_autoptr (GVariant) message = NULL;
  char *text = NULL;
  guint32 kind;

  if (track->over)
    return NULL;
  trio_cli_pipe_write (&track->travel, &order, sizeof order);
  message = hear (track, &kind);
  if (message && kind == TELLS_TEXT)
    g_variant_get (message, "(^ay)", &text);
  return text;
}

char *
trio_cli_track_where (TrioCliTrack *track)
{
  return ask (track, COMMAND_WHERE);
}

char *
trio_cli_track_tree (TrioCliTrack *track)
{
  return ask (track, COMMAND_TREE);
}

int
trio_cli_track_copy (TrioCliTrack *track)
{
  const Order order = { COMMAND_COPY, 0 };
  g_autoptr (GVariant) message = NULL;
  guint32 kind;
  int process = 0;

  if (track->over)
    return 0;
  trio_cli_pipe_write (&track->travel, &order, sizeof order);
  message = hear (track, &kind);
  if (message && kind == TELLS_COPY)
    g_variant_get (message, "(i)", &process);
  return process;
}

guint64
trio_cli_track_get_step (TrioCliTrack *track)
{
  return track->step;
}

gboolean
trio_cli_track_is_over (TrioCliTrack *track)
{
  return track->over;
}

char *
trio_cli_track_get_end (TrioCliTrack *track)
{
  return track->over ? g_strdup (track->end) : NULL;
}

guint64
trio_cli_track_get_cost (TrioCliTrack *track, guint64 *from)
{
  *from = track->shared->from;
  return track->step > *from ? track->step - *from : 0;
}

guint
trio_cli_track_get_n_checkpoints (TrioCliTrack *track)
{
  guint n = 0;

  for (guint i = 0; i < CHECKPOINTS_MAX; i++)
    n += track->shared->checkpoints[i] != 0;
  return n;
}

TrioCliTrack *
trio_cli_track_new (const TrioCliTarget *target, const TrioSchedule *schedule, TrioSimInject inject, guint64 total, GError **error)
{
  g_autoptr (TrioCliTrack) track = g_new0 (TrioCliTrack, 1);

  track->target = *target;
  track->schedule = schedule;
  track->inject = inject;
  track->interval = MAX (total / CHECKPOINTS_WANTED, 1);
  track->shared = trio_cli_share (sizeof (Shared));
  /* What is not open yet is no descriptor: 0 is one, and would be closed if the next cannot be opened. */
  for (guint i = 0; i < CHECKPOINTS_MAX; i++)
    track->pipes[i] = TRIO_CLI_PIPE_NONE;
  track->travel = TRIO_CLI_PIPE_NONE;
  for (guint i = 0; i < CHECKPOINTS_MAX; i++)
    if (!trio_cli_pipe_open (&track->pipes[i], error))
      return NULL;
  if (!trio_cli_pipe_open (&track->travel, error))
    return NULL;
  track->root = trio_cli_child_new (run_track, track, target->echo, error);
  if (!track->root)
    return NULL;
  /* Until it has said so itself. */
  track->shared->traveller = track->root->pid;
  track->step = 1;
  arrive (track);
  return g_steal_pointer (&track);
}

void
trio_cli_track_free (TrioCliTrack *track)
{
  if (!track)
    return;

  /* Who waits, sees the end of its pipe. Who runs, does not. */
  if (track->root && !track->over)
    trio_cli_process_end (track->shared->traveller);
  for (guint i = 0; i < CHECKPOINTS_MAX; i++)
    trio_cli_pipe_close (&track->pipes[i]);
  trio_cli_pipe_close (&track->travel);
  g_clear_pointer (&track->root, trio_cli_child_free);
  trio_cli_unshare (track->shared, sizeof (Shared));
  g_free (track->end);
  g_free (track);
}
