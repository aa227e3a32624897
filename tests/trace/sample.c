/* SPDX-License-Identifier: MIT OR Apache-2.0 */

/* See sample.h. Each helper below writes one record; the stories are told with them, in the order in which a run would tell them.
 * */

#include "tests/trace/sample.h"

#include <string.h>

typedef struct
{
  TrioTraceWriter *writer;
  gint64           now_us;
  guint64          steps;
} Story;

static void
put (Story *self, TrioTraceRecord record)
{
  record.time_us = self->now_us;
  trio_trace_writer_write (self->writer, &record);
}

static void
spawn (Story *self, guint64 task, guint64 parent, const char *name)
{
  put (self, (TrioTraceRecord) { .type = TRIO_TRACE_TASK_SPAWNED, .task = task, .other = parent, .name = name });
  put (self, (TrioTraceRecord) { .type = TRIO_TRACE_TASK_SCHEDULED, .task = task, .other = parent });
}

static void
wake (Story *self, guint64 task, guint64 by)
{
  put (self, (TrioTraceRecord) { .type = TRIO_TRACE_TASK_SCHEDULED, .task = task, .other = by });
}

static void
begin (Story *self, guint64 task)
{
  put (self, (TrioTraceRecord) { .type = TRIO_TRACE_STEP_BEGUN, .task = task });
  self->steps++;
}

static void
wait_in (Story *self, guint64 task, const char *what, const char *detail)
{
  put (self, (TrioTraceRecord) { .type = TRIO_TRACE_STEP_ENDED, .task = task, .how = TRIO_TRACE_STATE_BLOCKED, .what = what,
                                 .text = detail });
}

static void
let_run (Story *self, guint64 task)
{
  put (self, (TrioTraceRecord) { .type = TRIO_TRACE_STEP_ENDED, .task = task, .how = TRIO_TRACE_STATE_RUNNABLE });
}

static void
finish (Story *self, guint64 task, TrioTraceExit how, const char *error)
{
  put (self, (TrioTraceRecord) { .type = TRIO_TRACE_STEP_ENDED, .task = task, .how = TRIO_TRACE_STATE_DONE });
  put (self, (TrioTraceRecord) { .type = TRIO_TRACE_TASK_EXITED, .task = task, .how = how, .text = error });
}

static void
say (Story *self, guint64 task, const char *text)
{
  put (self, (TrioTraceRecord) { .type = TRIO_TRACE_ANNOTATED, .task = task, .text = text });
}

static void
sends (Story *self, guint64 task, guint64 id, const char *label)
{
  put (self, (TrioTraceRecord) { .type = TRIO_TRACE_FLOW_BEGUN, .task = task, .id = id, .name = label });
}

static void
receives (Story *self, guint64 task, guint64 id, const char *label)
{
  put (self, (TrioTraceRecord) { .type = TRIO_TRACE_FLOW_ENDED, .task = task, .id = id, .name = label });
}

static void
open_scope (Story *self, guint64 task, guint64 scope, guint64 parent, gboolean nursery, const char *where)
{
  put (self, (TrioTraceRecord) { .type = TRIO_TRACE_SCOPE_OPENED, .task = task, .scope = scope, .other = parent, .how = nursery,
                                 .what = where });
}

static void
close_scope (Story *self, guint64 task, guint64 scope)
{
  put (self, (TrioTraceRecord) { .type = TRIO_TRACE_SCOPE_CLOSED, .task = task, .scope = scope });
}

static void
pass (Story *self, gint64 span_us)
{
  put (self, (TrioTraceRecord) { .type = TRIO_TRACE_IO_WAIT_BEGUN, .value = span_us + 1 });
  self->now_us += span_us;
  put (self, (TrioTraceRecord) { .type = TRIO_TRACE_IO_WAIT_ENDED });
}

static void
start_story (Story *self, const char *program)
{
  memset (self, 0, sizeof *self);
  self->writer = trio_trace_writer_new (TRIO_TRACE_FLAG_VIRTUAL_TIME, program);
  put (self, (TrioTraceRecord) { .type = TRIO_TRACE_RUN_STARTED });
}

static GByteArray *
end_story (Story *self)
{
  GByteArray *bytes = g_byte_array_ref (self->writer->bytes);

  trio_trace_writer_end (self->writer);
  trio_trace_writer_free (self->writer);
  return bytes;
}

GByteArray *
sample_hello (void)
{
  Story story;

  start_story (&story, "hello");
  spawn (&story, 1, 0, "main");
  begin (&story, 1);
  say (&story, 1, "hello, world");
  wait_in (&story, 1, "trio_sleep", NULL);
  pass (&story, 250000);
  wake (&story, 1, 0);
  begin (&story, 1);
  finish (&story, 1, TRIO_TRACE_EXIT_OK, NULL);
  put (&story, (TrioTraceRecord) { .type = TRIO_TRACE_RUN_FINISHED });
  put (&story, (TrioTraceRecord) { .type = TRIO_TRACE_OUTCOME, .how = 1 });
  return end_story (&story);
}

GByteArray *
sample_named (const char *name)
{
  Story story;

  start_story (&story, name);
  spawn (&story, 1, 0, name);
  put (&story, (TrioTraceRecord) { .type = TRIO_TRACE_DECIDED, .task = 1, .name = name, .value = 1, .bound = 2, .what = name,
                                   .text = name });
  begin (&story, 1);
  open_scope (&story, 1, 1, 0, FALSE, name);
  say (&story, 1, name);
  sends (&story, 1, 1, name);
  receives (&story, 1, 1, name);
  put (&story, (TrioTraceRecord) { .type = TRIO_TRACE_SCOPE_CANCELLED, .scope = 1, .other = 1, .text = name });
  wait_in (&story, 1, name, name);
  wake (&story, 1, 0);
  begin (&story, 1);
  close_scope (&story, 1, 1);
  finish (&story, 1, TRIO_TRACE_EXIT_ERROR, name);
  put (&story, (TrioTraceRecord) { .type = TRIO_TRACE_OUTCOME, .how = 0, .text = name });
  return end_story (&story);
}

GByteArray *
sample_future (void)
{
  const guint8 unknown_definition[] = { 0x0e, 0x03, 'a', 'b', 'c' };
  /* Type 0x7e0: two bytes; it carries 5 µs of time that a reader has to count. */
  const guint8 unknown_event[] = { 0xe0, 0x0f, 0x04, 0x05, 1, 2, 3 };
  /* task-spawned: 2, child of 1, without a name, and with a field that nobody knows yet. */
  const guint8 longer_event[] = { TRIO_TRACE_TASK_SPAWNED, 0x06, 0x00, 2, 1, 0, 77, 78 };
  Story story;

  start_story (&story, "future");
  spawn (&story, 1, 0, "main");
  g_byte_array_append (story.writer->bytes, unknown_definition, sizeof unknown_definition);
  g_byte_array_append (story.writer->bytes, unknown_event, sizeof unknown_event);
  g_byte_array_append (story.writer->bytes, longer_event, sizeof longer_event);
  story.writer->n_records += 3;
  begin (&story, 1);
  finish (&story, 1, TRIO_TRACE_EXIT_OK, NULL);
  return end_story (&story);
}

/* The ledger. Tasks: 1 main, 2 serve, 3–5 clients, then a handler for each client. */

enum
{
  MAIN = 1,
  SERVE,
  CLIENT,
  HANDLER = CLIENT + 3,
};

static void
begin_ledger (Story *self)
{
  spawn (self, MAIN, 0, "main");
  begin (self, MAIN);
  open_scope (self, MAIN, 1, 0, TRUE, "ledger.c:212");
  spawn (self, SERVE, MAIN, "serve");
  for (guint i = 0; i < 3; i++)
    spawn (self, CLIENT + i, MAIN, "client");
  wait_in (self, MAIN, "trio_nursery_close", "4 children");
  begin (self, SERVE);
  open_scope (self, SERVE, 2, 1, TRUE, "listener.c:88");
  wait_in (self, SERVE, "trio_listener_accept", "port 7070");

  for (guint i = 0; i < 3; i++)
    {
      begin (self, CLIENT + i);
      open_scope (self, CLIENT + i, 10 + i, 1, FALSE, "ledger.c:160");
      wait_in (self, CLIENT + i, "trio_open_tcp_stream", "ledger:7070");
    }
  pass (self, 1000);
  wake (self, SERVE, 0);
  for (guint i = 0; i < 3; i++)
    wake (self, CLIENT + i, 0);

  begin (self, SERVE);
  for (guint i = 0; i < 3; i++)
    spawn (self, HANDLER + i, SERVE, "handle_client");
  wait_in (self, SERVE, "trio_listener_accept", "port 7070");
}

static void
transfer_round (Story *self, guint64 round)
{
  guint64 id = round * 100;

  for (guint i = 0; i < 3; i++)
    {
      begin (self, CLIENT + i);
      sends (self, CLIENT + i, id + i, "transfer");
      wait_in (self, CLIENT + i, "trio_stream_receive_some", "from ledger");
      begin (self, HANDLER + i);
      wait_in (self, HANDLER + i, "trio_stream_receive_some", i == 0 ? "from client" : i == 1 ? "from client#2" : "from client#3");
    }
  pass (self, 2000 + 500 * (gint64) (round % 3));
  for (guint i = 0; i < 3; i++)
    wake (self, HANDLER + i, 0);

  if (round == 1)
    put (self, (TrioTraceRecord) { .type = TRIO_TRACE_DECIDED, .task = HANDLER, .name = "schedule", .value = 1, .bound = 3,
                                   .step = self->steps, .other = HANDLER + 1 });
  guint first = round == 1 ? 1 : 0;
  guint second = round == 1 ? 0 : 1;

  begin (self, HANDLER + first);
  receives (self, HANDLER + first, id + first, "transfer");
  say (self, HANDLER + first, "alice → bob 30");
  let_run (self, HANDLER + first);

  begin (self, HANDLER + second);
  receives (self, HANDLER + second, id + second, "transfer");
  if (round == 0)
    open_scope (self, HANDLER + 1, 21, 2, FALSE, "ledger.c:97");
  say (self, HANDLER + second, "bob → carol 80");
  wait_in (self, HANDLER + second, "trio_lock_acquire", first == 0 ? "held by handle_client" : "held by handle_client#2");

  begin (self, HANDLER + 2);
  receives (self, HANDLER + 2, id + 2, "transfer");
  wait_in (self, HANDLER + 2, "trio_lock_acquire", first == 0 ? "held by handle_client" : "held by handle_client#2");

  begin (self, HANDLER + first);
  wake (self, HANDLER + second, HANDLER + first);
  sends (self, HANDLER + first, id + 10 + first, "ok");
  wait_in (self, HANDLER + first, "trio_stream_receive_some", "from client");
}

static void
answer_round (Story *self, guint64 round)
{
  guint64 id = round * 100;
  guint first = round == 1 ? 1 : 0;
  guint second = round == 1 ? 0 : 1;

  begin (self, HANDLER + second);
  wake (self, HANDLER + 2, HANDLER + second);
  sends (self, HANDLER + second, id + 10 + second, "ok");
  wait_in (self, HANDLER + second, "trio_stream_receive_some", "from client");
  begin (self, HANDLER + 2);
  sends (self, HANDLER + 2, id + 12, "refused: insufficient funds");
  wait_in (self, HANDLER + 2, "trio_stream_receive_some", "from client#3");
  pass (self, 2000);
  for (guint i = 0; i < 3; i++)
    wake (self, CLIENT + i, 0);
  for (guint i = 0; i < 3; i++)
    {
      guint who = i == 0 ? first : i == 1 ? second : 2;

      begin (self, CLIENT + who);
      receives (self, CLIENT + who, id + 10 + who, who == 2 ? "refused: insufficient funds" : "ok");
      wait_in (self, CLIENT + who, "trio_sleep", NULL);
    }
  pass (self, 20000);
  for (guint i = 0; i < 3; i++)
    wake (self, CLIENT + i, 0);
}

/* The second handler is cancelled between taking and giving. */
static void
fatal_round (Story *self, guint64 round)
{
  transfer_round (self, round);

  put (self, (TrioTraceRecord) { .type = TRIO_TRACE_DECIDED, .task = HANDLER + 1, .name = "cancel", .value = 1, .bound = 4,
                                 .step = self->steps, .what = "trio_lock_acquire",
                                 .text = "main/serve/handle_client#2 was cancelled in trio_lock_acquire" });
  put (self, (TrioTraceRecord) { .type = TRIO_TRACE_SCOPE_CANCELLED, .scope = 21,
                                 .text = "cancelled: injected at trio_lock_acquire" });
  put (self, (TrioTraceRecord) { .type = TRIO_TRACE_SCOPE_CANCELLED, .scope = 2,
                                 .text = "cancelled: the deadline of 30 s, set at ledger.c:188, passed" });
  begin (self, HANDLER + 1);
  say (self, HANDLER + 1, "taken from bob, not given to carol");
  wake (self, HANDLER + 2, HANDLER + 1);
  finish (self, HANDLER + 1, TRIO_TRACE_EXIT_CANCELLED, "cancelled: injected at trio_lock_acquire");
  begin (self, HANDLER + 2);
  finish (self, HANDLER + 2, TRIO_TRACE_EXIT_ERROR, "Broken pipe");
  pass (self, 5000);
  wake (self, CLIENT, 0);
  begin (self, CLIENT);
  close_scope (self, CLIENT, 10);
  say (self, CLIENT, "checks the balances");
  put (self, (TrioTraceRecord) { .type = TRIO_TRACE_OUTCOME, .how = 0, .text = "always: balances add up" });
}

GByteArray *
sample_ledger (guint rounds)
{
  Story story;

  start_story (&story, "ledger transfer");
  begin_ledger (&story);
  for (guint round = 0; round < rounds; round++)
    {
      transfer_round (&story, round);
      answer_round (&story, round);
    }
  fatal_round (&story, rounds);
  return end_story (&story);
}
