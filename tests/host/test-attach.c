/* SPDX-License-Identifier: MIT OR Apache-2.0 */

/* A run in a main context that somebody else iterates. */

#include <trio/lowlevel/task.h>
#include <trio/lowlevel/token.h>

#include "tests/host/host-test.h"

typedef struct
{
  GMainLoop *main_loop;
  gboolean   ran;
  gboolean   done;
  gboolean   ok;
  GError    *error;
} Attached;

static Attached *
attached_new (void)
{
  Attached *self = g_new0 (Attached, 1);

  self->main_loop = g_main_loop_new (NULL, FALSE);
  return self;
}

static void
attached_free (Attached *self)
{
  g_main_loop_unref (self->main_loop);
  g_clear_error (&self->error);
  g_free (self);
}

G_DEFINE_AUTOPTR_CLEANUP_FUNC (Attached, attached_free)

static void
note_done (gboolean ok, const GError *error, gpointer data)
{
  Attached *self = data;

  self->done = TRUE;
  self->ok = ok;
  self->error = error != NULL ? g_error_copy (error) : NULL;
  g_main_loop_quit (self->main_loop);
}

static gboolean
sleep_and_succeed (gpointer data, GError **error)
{
  ((Attached *) data)->ran = TRUE;
  return trio_sleep (G_TIME_SPAN_MILLISECOND, error);
}

/* Statement 177. */
static void
test_no_task_has_run_when_attach_returns (void)
{
  g_autoptr (Attached) attached = attached_new ();
  g_autoptr (GError) error = NULL;

  g_assert_true (trio_attach (sleep_and_succeed, attached, NULL, note_done, attached, &error));
  g_assert_no_error (error);
  g_assert_false (attached->ran);
  g_main_loop_run (attached->main_loop);
  g_assert_true (attached->ran);
  g_assert_true (attached->done);
  g_assert_true (attached->ok);
  g_assert_no_error (attached->error);
}

/* ---- the host, between the attaching and the first task ---- */

typedef struct
{
  GString *story;
} Early;

static void
tell_of_call (gpointer data)
{
  g_string_append (((Early *) data)->story, "call ");
}

static gboolean
tell_of_system_task (gpointer data, GError **error)
{
  g_string_append (((Early *) data)->story, "system ");
  return trio_sleep_forever (error);
}

static gboolean
tell_of_main (gpointer data, GError **error)
{
  g_string_append (((Early *) data)->story, "main ");
  return trio_checkpoint (error);
}

/* Statement 177. */
static void
test_tokens_and_system_tasks_work_when_attach_returns (void)
{
  g_autoptr (Attached) attached = attached_new ();
  g_autoptr (GString) story = g_string_new (NULL);
  Early early = { .story = story };
  g_autoptr (TrioToken) token = NULL;
  g_autoptr (GError) error = NULL;

  g_assert_true (trio_attach (tell_of_main, &early, NULL, note_done, attached, &error));
  token = trio_current_token ();
  g_assert_nonnull (token);
  g_assert_true (trio_token_run_sync_soon (token, tell_of_call, &early, NULL));
  g_assert_true (trio_spawn_system_task (tell_of_system_task, &early, NULL, NULL, &error));
  g_assert_no_error (error);
  g_assert_cmpstr (story->str, ==, "");
  g_main_loop_run (attached->main_loop);
  g_assert_true (attached->ok);
  g_assert_cmpstr (story->str, ==, "call main system ");
}

/* Statement 177. */
static void
test_of_several_the_one_attached_last_is_meant (void)
{
  g_autoptr (Attached) first = attached_new (), second = attached_new ();
  g_autoptr (GString) first_story = g_string_new (NULL), second_story = g_string_new (NULL);
  Early early[] = { { .story = first_story }, { .story = second_story } };

  g_assert_true (trio_attach (tell_of_main, &early[0], NULL, note_done, first, NULL));
  g_assert_true (trio_spawn_system_task (tell_of_system_task, &early[0], NULL, NULL, NULL));
  g_assert_true (trio_attach (tell_of_main, &early[1], NULL, note_done, second, NULL));
  g_assert_true (trio_spawn_system_task (tell_of_system_task, &early[1], NULL, NULL, NULL));
  while (!first->done || !second->done)
    g_main_context_iteration (NULL, TRUE);
  g_assert_cmpstr (first_story->str, ==, "main system ");
  g_assert_cmpstr (second_story->str, ==, "main system ");

  /* Both have ended. */
  g_test_expect_message ("Trio", G_LOG_LEVEL_CRITICAL, "*trio_current_token*");
  g_assert_null (trio_current_token ());
  g_test_assert_expected_messages ();
}

static gboolean
fail (gpointer data G_GNUC_UNUSED, GError **error)
{
  g_set_error_literal (error, TRIO_ERROR, TRIO_ERROR_FAILED, "it went wrong");
  return FALSE;
}

static void
test_done_is_told_what_failed (void)
{
  g_autoptr (Attached) attached = attached_new ();

  g_assert_true (trio_attach (fail, NULL, NULL, note_done, attached, NULL));
  g_main_loop_run (attached->main_loop);
  g_assert_false (attached->ok);
  g_assert_error (attached->error, TRIO_ERROR, TRIO_ERROR_FAILED);
}

typedef struct
{
  TrioEvent       *event;
  TrioCancelScope *scope;
} Handles;

static gboolean
wait_for_the_host (gpointer data, GError **error)
{
  Handles *handles = data;
  g_autoptr (TrioEvent) event = trio_event_new ();
  g_autoptr (TrioCancelScope) scope = NULL;

  handles->event = event;
  if (!trio_event_wait (event, error))
    return FALSE;

  scope = trio_cancel_scope_open (error);
  handles->scope = scope;
  return trio_cancel_scope_close (scope, trio_sleep_forever (error)) && trio_cancel_scope_cancelled_caught (scope);
}

static gboolean
help_from_outside (gpointer data)
{
  Handles *handles = data;

  if (handles->scope != NULL)
    {
      trio_cancel_scope_set_deadline (handles->scope, 0);
      handles->scope = NULL;
      return G_SOURCE_REMOVE;
    }
  if (handles->event != NULL)
    {
      trio_event_set (handles->event);
      handles->event = NULL;
    }
  return G_SOURCE_CONTINUE;
}

/* Statement 178: code of the host, outside any task, sets an event and moves a deadline; the loop, which sleeps, wakes up. */
static void
test_the_host_can_wake_a_task (void)
{
  g_autoptr (Attached) attached = attached_new ();
  Handles handles = { 0 };

  g_assert_true (trio_attach (wait_for_the_host, &handles, NULL, note_done, attached, NULL));
  g_timeout_add (1, help_from_outside, &handles);
  g_main_loop_run (attached->main_loop);
  g_assert_no_error (attached->error);
  g_assert_true (attached->ok);
}

static void
test_two_runs_share_a_context (void)
{
  g_autoptr (Attached) first = attached_new ();
  g_autoptr (Attached) second = attached_new ();

  g_assert_true (trio_attach (sleep_and_succeed, first, NULL, note_done, first, NULL));
  g_assert_true (trio_attach (sleep_and_succeed, second, NULL, note_done, second, NULL));
  while (!first->done || !second->done)
    g_main_context_iteration (NULL, TRUE);
  g_assert_true (first->ok && second->ok);
}

/* Statement 180. */
static void
test_an_abandoned_run_warns_and_leaves_nothing_behind (void)
{
  GMainContext *context = g_main_context_new ();
  TrioRunOptions options = { .context = context };
  g_autoptr (Attached) attached = attached_new ();

  g_assert_true (trio_attach (sleep_and_succeed, attached, &options, note_done, attached, NULL));
  g_test_expect_message ("Trio", G_LOG_LEVEL_WARNING, "*thrown away*");
  g_main_context_unref (context);
  g_test_assert_expected_messages ();
  g_assert_false (attached->done);

  run_ok (sleep_and_succeed, attached);
}

/* trio_run() in a context of the caller's choice, which is the thread-default one meanwhile. */
static gboolean
expect_context (gpointer data, GError **error)
{
  g_assert_true (g_main_context_get_thread_default () == data);
  return trio_checkpoint (error);
}

static void
test_a_run_may_be_given_its_context (void)
{
  g_autoptr (GMainContext) context = g_main_context_new ();
  TrioRunOptions options = { .context = context };
  g_autoptr (GError) error = NULL;

  g_assert_true (trio_run_with (expect_context, context, &options, &error));
  g_assert_no_error (error);
  g_assert_null (g_main_context_get_thread_default ());
  g_assert_true (g_main_context_acquire (context));
  g_main_context_release (context);
}

static gboolean
run_another (gpointer data, GError **error G_GNUC_UNUSED)
{
  g_autoptr (GError) refusal = NULL;

  g_assert_false (trio_run (sleep_and_succeed, data, &refusal));
  g_assert_error (refusal, TRIO_ERROR, TRIO_ERROR_MISUSE);
  g_clear_error (&refusal);
  g_assert_false (trio_attach (sleep_and_succeed, data, NULL, note_done, data, &refusal));
  g_assert_error (refusal, TRIO_ERROR, TRIO_ERROR_MISUSE);
  return TRUE;
}

static void
test_a_task_cannot_start_a_run (void)
{
  g_autoptr (Attached) attached = attached_new ();

  run_ok (run_another, attached);
  g_assert_false (attached->ran);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/attach/no-task-has-run-when-it-returns", test_no_task_has_run_when_attach_returns);
  g_test_add_func ("/attach/tokens-and-system-tasks-work-when-attach-returns", test_tokens_and_system_tasks_work_when_attach_returns);
  g_test_add_func ("/attach/of-several-the-one-attached-last-is-meant", test_of_several_the_one_attached_last_is_meant);
  g_test_add_func ("/attach/done-is-told-what-failed", test_done_is_told_what_failed);
  g_test_add_func ("/attach/the-host-can-wake-a-task", test_the_host_can_wake_a_task);
  g_test_add_func ("/attach/two-runs-share-a-context", test_two_runs_share_a_context);
  g_test_add_func ("/attach/an-abandoned-run-warns-and-leaves-nothing-behind",
                   test_an_abandoned_run_warns_and_leaves_nothing_behind);
  g_test_add_func ("/run/may-be-given-its-context", test_a_run_may_be_given_its_context);
  g_test_add_func ("/run/cannot-be-started-by-a-task", test_a_task_cannot_start_a_run);
  return g_test_run ();
}
