/* SPDX-License-Identifier: MIT OR Apache-2.0 */

/* The trace as the page wants it: events as objects, a row for each task, and on each row spans (running, ready, waiting). Pure: it
 * touches neither the document nor the canvas.
 *
 * Every event has a place on two axes. "time" is its time in µs. "step" gives each task step the width 1, and a gap of 1 where
 * time passes between two steps (½ where the loop only did something), so that what happens at one instant can be told apart. */

"use strict";

const STATES = ["ready", "wait", "done"];
const FATES = ["returned", "failed", "cancelled", "interrupted"];

function decodeEvents (data)
{
  const events = new Array (data.events.length);

  for (let i = 0; i < events.length; i++)
    {
      const row = data.events[i];
      const shape = data.shapes[row[0]];
      const event = { i, kind: shape[0], t: row[1], stepNo: 0 };

      for (let j = 1; j < shape.length; j++)
        {
          const field = shape[j];

          if (field.endsWith ("$"))
            event[field.slice (0, -1)] = data.names[row[j + 1]];
          else
            event[field] = row[j + 1];
        }
      events[i] = event;
    }
  return events;
}

/* The run's own first task is left out: its children are the roots. */
function makeTasks (data)
{
  const byserial = new Map ();
  const tasks = data.tasks.filter (row => !row[4]).map (([serial, parent, label, path]) =>
    ({ serial, parent, label, path, name: path.slice (path.lastIndexOf ("/") + 1), children: [], depth: 0, row: -1,
       spans: [], marks: [], born: -1, died: -1, fate: null, error: "", steps: 0, open: null,
       scopes: [], depthOfScopes: 0 }));

  for (const task of tasks)
    byserial.set (task.serial, task);

  const roots = [];
  for (const task of tasks)
    {
      const parent = byserial.get (task.parent);
      (parent ? parent.children : roots).push (task);
    }

  /* Depth first, without recursion: a trace may nest deeper than the engine's stack. */
  const rows = [];
  const pending = roots.slice ().reverse ();
  while (pending.length > 0)
    {
      const task = pending.pop ();

      task.row = rows.length;
      rows.push (task);
      for (let i = task.children.length - 1; i >= 0; i--)
        {
          task.children[i].depth = task.depth + 1;
          pending.push (task.children[i]);
        }
    }
  return { rows, byserial };
}

/* Steps, and the place of each event on the step axis. */
function placeEvents (model)
{
  const { events, stepAxis } = model;
  const needsRoom = e => e.kind === "scope-cancelled" || e.kind === "interrupted" || e.kind === "io-wait-begun"
                         || (e.kind === "task-scheduled" && e.by === 0) || (e.kind === "decided" && e.label !== "schedule");
  let cursor = 0;
  let i = 0;

  const spread = (from, to, width) =>
    {
      for (let j = from; j < to; j++)
        stepAxis[j] = cursor + width * (j - from + 1) / (to - from + 1);
      cursor += width;
    };

  while (i < events.length)
    {
      let end = i;

      if (events[i].kind !== "step-begun")
        {
          let room = 0;

          while (end < events.length && events[end].kind !== "step-begun")
            {
              if (needsRoom (events[end]))
                room = 0.5;
              end++;
            }
          const before = i > 0 ? events[i - 1].t : 0;
          const after = events[Math.min (end, events.length - 1)].t;
          if (after > before)
            {
              room = 1;
              model.gaps.push ({ x0: cursor, x1: cursor + 1, t0: before, t1: after });
            }
          spread (i, end, room);
        }
      else
        {
          const step = { n: model.steps.length + 1, task: events[i].task, a: i, b: i };

          for (end = i + 1; end < events.length && events[end].kind !== "step-ended" && events[end].kind !== "step-begun"; end++);
          const ended = end < events.length && events[end].kind === "step-ended";
          stepAxis[i] = cursor;
          for (let j = i + 1; j < end; j++)
            stepAxis[j] = cursor + (j - i) / (end - i);
          cursor += 1;
          if (ended)
            stepAxis[end++] = cursor;
          step.b = end - 1;
          for (let j = i; j < end; j++)
            events[j].stepNo = step.n;
          model.steps.push (step);
        }
      i = end;
    }
  model.stepEnd = cursor;
}

/* Ends the span that is open on a task, at event i, and opens another. */
function turn (task, i, state, more)
{
  if (task.open)
    {
      task.open.b = i;
      task.spans.push (task.open);
      task.open = null;
    }
  if (state)
    task.open = Object.assign ({ state, a: i, b: -1, wait: "", detail: "", by: -1 }, more);
}

function fillRows (model)
{
  const scopes = new Map ();
  const flows = new Map ();
  const task_of = serial => model.byserial.get (serial);

  for (const e of model.events)
    {
      const task = task_of (e.task);

      switch (e.kind)
        {
        case "task-spawned":
          if (!task)
            break;
          task.born = e.i;
          if (task_of (e.parent))
            model.arrows.push ({ kind: "spawn", a: e.i, b: e.i, from: task_of (e.parent), to: task });
          break;
        case "task-scheduled":
          /* One that is running lines up again: its step goes on. */
          if (!task || (task.open && task.open.state === "run"))
            break;
          if (task_of (e.by) && task_of (e.by) !== task && task.open && task.open.state === "wait")
            model.arrows.push ({ kind: "wake", a: e.i, b: e.i, from: task_of (e.by), to: task });
          if (task.open && task.open.state === "wait")
            task.open.by = e.by;
          turn (task, e.i, "ready");
          break;
        case "step-begun":
          if (!task)
            break;
          turn (task, e.i, "run", { step: e.stepNo });
          task.steps++;
          break;
        case "step-ended":
          if (task)
            turn (task, e.i, e.state < 2 ? STATES[e.state] : null, { wait: e.wait, detail: e.detail });
          break;
        case "task-exited":
          if (!task)
            break;
          turn (task, e.i, null);
          task.died = e.i;
          task.fate = FATES[e.how] || "ended";
          task.error = e.error;
          task.marks.push ({ kind: "exit", e });
          break;
        case "scope-opened":
          scopes.set (e.scope, { serial: e.scope, where: e.where, nursery: e.nursery !== 0, task, a: e.i, b: -1, cancelled: -1,
                                 level: task ? task.depthOfScopes++ : 0 });
          model.scopes.push (scopes.get (e.scope));
          break;
        case "scope-closed":
          if (scopes.has (e.scope) && scopes.get (e.scope).b < 0)
            {
              const scope = scopes.get (e.scope);

              scope.b = e.i;
              if (scope.task)
                scope.task.depthOfScopes--;
            }
          break;
        case "scope-cancelled":
          {
            const scope = scopes.get (e.scope);

            e.owner = scope ? scope.task : undefined;
            e.where = scope ? scope.where : "";
            if (scope && scope.cancelled < 0)
              scope.cancelled = e.i;
            if (e.owner)
              e.owner.marks.push ({ kind: "cancel", e });
            if (task_of (e.by) && e.owner && task_of (e.by) !== e.owner)
              model.arrows.push ({ kind: "cancel", a: e.i, b: e.i, from: task_of (e.by), to: e.owner });
            model.cancels.push (e);
            break;
          }
        case "interrupted":
          model.cancels.push (e);
          break;
        case "decided":
          e.no = model.decisions.length + 1;
          e.lane = task_of (e.target) || task;
          model.decisions.push (e);
          break;
        case "annotated":
          if (task)
            task.marks.push ({ kind: "note", e });
          break;
        case "flow-begun":
          flows.set (e.id, e);
          break;
        case "flow-ended":
          {
            const begun = flows.get (e.id);

            if (begun && task && task_of (begun.task))
              model.arrows.push ({ kind: "flow", a: begun.i, b: e.i, from: task_of (begun.task), to: task, label: e.label });
            break;
          }
        case "outcome":
          model.outcome = e;
          break;
        case "run-finished":
          model.finished = true;
          break;
        }
    }

  const last = model.events.length - 1;
  for (const task of model.rows)
    if (task.open)
      {
        const open = task.open;
        turn (task, last, null);
        open.unfinished = true;
      }
  for (const scope of model.scopes)
    if (scope.b < 0)
      scope.b = scope.task && scope.task.died >= 0 ? scope.task.died : last;
}

/* Arrows by their left end, for culling: an arrow is seen if its stretch meets the view. */
function makeModel (data)
{
  const events = decodeEvents (data);
  const { rows, byserial } = makeTasks (data);
  const model = {
    program: data.program, virtual: data.virtual, cut: data.cut, unknown: data.unknown,
    init: (data.tasks.find (row => row[4]) || [0])[0],
    events, rows, byserial, steps: [], gaps: [], scopes: [], arrows: [], decisions: [], cancels: [], outcome: null, finished: false,
    stepAxis: new Float64Array (events.length), timeAxis: Float64Array.from (events, e => e.t),
    stepEnd: 0, timeEnd: events.length > 0 ? events[events.length - 1].t : 0,
  };

  placeEvents (model);
  fillRows (model);
  for (const scope of model.scopes)
    if (scope.task)
      scope.task.scopes.push (scope);

  /* On the time axis a run in which most steps coincide is a row of dots. */
  let instants = 0;
  for (let i = 0; i < model.steps.length; i++)
    if (i === 0 || events[model.steps[i].a].t !== events[model.steps[i - 1].a].t)
      instants++;
  model.axis = instants * 2 < model.steps.length || model.virtual ? "step" : "time";
  return model;
}

/* Words. */

function taskName (model, serial)
{
  const task = model.byserial.get (serial);

  return task ? task.label : serial === 0 || serial === model.init ? "the loop" : "task " + serial;
}

function waitWords (wait, detail)
{
  if (!detail)
    return wait || "something";
  return detail.startsWith (wait) ? detail : wait + ", " + detail;
}

/* For labels on the lanes, where room is dear. */
function shortWait (span)
{
  return waitWords (span.wait, span.detail).replace (/^trio_/, "");
}

function timeWords (us)
{
  if (us === 0)
    return "0";
  if (us < 1000)
    return us + " µs";
  if (us < 1e6)
    return +(us / 1e3).toFixed (3) + " ms";
  return +(us / 1e6).toFixed (6) + " s";
}

function decisionWords (model, e)
{
  const asked = taskName (model, e.task);

  if (e.words)
    return (e.task && !e.words.includes (asked) ? asked + ": " : "") + e.words;
  if (e.target)
    return taskName (model, e.target) + " went before " + asked;
  return (e.task ? asked + ": " : "") + e.label + " = " + e.value + (e.what ? " in " + e.what : "");
}

function eventWords (model, e)
{
  const scope = () => "scope " + e.scope + (e.where ? " (" + e.where + ")" : "");
  const colon = text => text ? ": " + text.replace (/^cancelled: /, "") : "";

  switch (e.kind)
    {
    case "run-started":     return "the run starts";
    case "run-finished":    return "the run is over";
    case "outcome":         return (e.ok ? "outcome: good" : "outcome: failed") + colon (e.text);
    case "task-spawned":    return "is born" + (e.parent ? ", child of " + taskName (model, e.parent) : "");
    case "task-scheduled":  return e.by === e.task ? "lines up again" : "becomes runnable, by " + taskName (model, e.by);
    case "step-begun":      return "runs";
    case "step-ended":      return e.state === 1 ? "waits in " + waitWords (e.wait, e.detail)
                                                 : e.state === 0 ? "lets others run" : "has run to its end";
    case "task-exited":     return (FATES[e.how] || "ended") + colon (e.error);
    case "io-wait-begun":   return "waits for the world" + (e.patience > 1 ? ", at most " + timeWords (e.patience - 1) : "");
    case "io-wait-ended":   return "goes on";
    case "scope-opened":    return "opens " + (e.nursery ? "nursery " : "") + scope ();
    case "scope-closed":    return "closes scope " + e.scope;
    case "scope-cancelled": return "cancelled " + scope () + colon (e.reason);
    case "interrupted":     return "Ctrl-C";
    case "decided":         return "decided: " + decisionWords (model, e);
    case "annotated":       return "says: " + e.text;
    case "flow-begun":      return "sends “" + e.label + "”";
    case "flow-ended":      return "receives “" + e.label + "”";
    }
  return e.kind;
}

/* Whose lane an event is shown on; undefined for the world's. */
function laneOf (model, e)
{
  if (e.kind === "scope-cancelled")
    return e.owner;
  if (e.kind === "decided")
    return e.lane;
  return model.byserial.get (e.task);
}
