/* SPDX-License-Identifier: MIT OR Apache-2.0 */

/* The page: what is seen (`ui`), the lists beside the lanes, and what pointer and keys do. Everything that changes `ui` ends in
 * redraw(). */

"use strict";

const $ = id => document.getElementById (id);
const model = makeModel (JSON.parse ($("trace-data").textContent));

/* x0 is the place at the left edge of the lanes, on the axis; scale is pixels per unit of it; y0 is pixels. */
const ui = {
  model, axis: "", pos: null, end: 1, x0: 0, scale: 1, y0: 0, gutter: 160, width: 0, height: 0, right: 0,
  selected: null, matches: [], match: -1, theme: theme (),
};

let pending = false;

function paint ()
{
  pending = false;
  drawLegend (ui, $("signs"));
  clampView ();
  drawLanes (ui, $("lanes"));
  drawOverview (ui, $("overview"));
}

function redraw ()
{
  if (!pending)
    requestAnimationFrame (paint);
  pending = true;
}

function laneWidth ()
{
  return Math.max (50, $("lanes").clientWidth - ui.gutter);
}

function clampView ()
{
  const fit = laneWidth () / (ui.end * 1.06 || 1);

  ui.scale = Math.min (Math.max (ui.scale, fit * 0.8), ui.axis === "step" ? 300 : 200);
  const seen = laneWidth () / ui.scale, margin = seen * 0.25;
  ui.x0 = Math.min (Math.max (ui.x0, -margin), Math.max (-margin, ui.end - seen + margin));
  const tall = model.rows.length * ROW + 40 - ($("lanes").clientHeight - RULER);
  ui.y0 = Math.min (Math.max (ui.y0, 0), Math.max (0, tall));
}

function fitAll ()
{
  ui.scale = laneWidth () / (ui.end * 1.04 || 1);
  ui.x0 = -ui.end * 0.015;
  ui.y0 = 0;
  redraw ();
}

function setAxis (axis)
{
  const anchor = ui.selected;

  ui.axis = axis;
  ui.pos = axis === "step" ? model.stepAxis : model.timeAxis;
  ui.end = Math.max (axis === "step" ? model.stepEnd : model.timeEnd, 1);
  $("axis-step").setAttribute ("aria-pressed", axis === "step");
  $("axis-time").setAttribute ("aria-pressed", axis === "time");
  fitAll ();
  if (anchor)
    reveal (anchor);
}

function zoom (factor, atPixel)
{
  const pixel = atPixel === undefined ? laneWidth () / 2 : atPixel - ui.gutter;
  const place = ui.x0 + pixel / ui.scale;

  ui.scale *= factor;
  clampView ();
  ui.x0 = place - pixel / ui.scale;
  redraw ();
}

/* Brings an event into view; near enough to tell steps apart if `close`. */
function reveal (e, close)
{
  const place = ui.pos[e.i];
  const task = laneOf (model, e);

  if (close)
    ui.scale = ui.axis === "step" ? Math.max (ui.scale, 46) : Math.max (ui.scale, laneWidth () / ui.end * 4);
  const x = ui.gutter + (place - ui.x0) * ui.scale;
  if (close || x < ui.gutter + 20 || x > $("lanes").clientWidth - 40)
    ui.x0 = place - laneWidth () / ui.scale * 0.45;
  if (task)
    {
      const y = task.row * ROW - ui.y0, tall = $("lanes").clientHeight - RULER;
      if (y < 0 || y + ROW > tall)
        ui.y0 = task.row * ROW - tall / 2;
    }
  redraw ();
}

function select (e, close)
{
  ui.selected = e;
  for (const item of document.querySelectorAll (".item"))
    item.classList.toggle ("chosen", e !== null && item.dataset.event === String (e.i));
  showDetails (e);
  if (e)
    reveal (e, close);
  else
    redraw ();
}

/* Lists. */

function element (name, className, text)
{
  const made = document.createElement (name);

  if (className)
    made.className = className;
  if (text !== undefined)
    made.textContent = text;
  return made;
}

function whereWords (e)
{
  const step = e.kind === "decided" ? e.step : e.stepNo;

  return (step > 0 ? "step " + step + " · " : "") + timeWords (e.t);
}

function addItem (list, sign, signClass, words, e)
{
  const item = element ("li"), button = element ("button", "item");

  button.type = "button";
  button.dataset.event = e.i;
  button.append (element ("span", "sign " + signClass, sign), element ("span", "", words), element ("small", "", whereWords (e)));
  button.addEventListener ("click", () => select (e, true));
  item.append (button);
  list.append (item);
}

const LIST_MAX = 300;

/* One deadline often takes many tasks at once; that is one thing to read. */
function groupCancels ()
{
  const groups = [];

  for (const e of model.cancels)
    {
      const last = groups[groups.length - 1];

      if (last && e.owner && last.e.owner && last.e.where === e.where && last.e.reason === e.reason && last.e.t === e.t)
        last.n++;
      else
        groups.push ({ e, n: 1 });
    }
  return groups;
}

function fillLists ()
{
  for (const e of model.decisions.slice (0, LIST_MAX))
    addItem ($("decisions"), e.no, "decided", decisionWords (model, e), e);
  if (model.decisions.length === 0)
    $("decisions").append (element ("li", "quiet", "Nothing: this is the ordinary run."));
  if (model.decisions.length > LIST_MAX)
    $("decisions").append (element ("li", "quiet", "… and " + (model.decisions.length - LIST_MAX) + " more"));

  for (const { e, n } of groupCancels ().slice (0, LIST_MAX))
    {
      const who = e.owner ? e.owner.label + (n > 1 ? " and " + (n - 1) + " more: " : ": ") : "";
      const scope = "scope" + (e.where ? " of " + e.where : " " + e.scope);
      const reason = e.reason ? ", " + e.reason.replace (/^cancelled: /, "") : "";
      const words = e.kind === "interrupted" ? "Ctrl-C" : who + scope + reason;
      addItem ($("cancels"), "⊘", "cancel", words, e);
    }
  $("cancelled").hidden = model.cancels.length === 0;

  const stuck = model.finished ? [] : model.rows.filter (task => !task.fate && task.spans.length > 0);
  for (const task of stuck.slice (0, LIST_MAX))
    {
      const span = task.spans[task.spans.length - 1];
      const state = span.state === "wait" ? ": " + shortWait (span) : span.state === "run" ? " was running" : " could run";
      addItem ($("stuck"), "…", "stuck", task.label + state, model.events[span.a]);
    }
  $("waiting").hidden = stuck.length === 0;
}

function fillHeader ()
{
  const count = (n, one, many) => n.toLocaleString ("en") + " " + (n === 1 ? one : many);

  $("facts").textContent = [count (model.rows.length, "task", "tasks"), count (model.steps.length, "step", "steps"),
                            timeWords (model.timeEnd) + (model.virtual ? " of virtual time" : "")].join (" · ");
  if (model.outcome)
    {
      $("verdict").textContent = (model.outcome.ok ? "✓ " : "✕ ") + (model.outcome.text || (model.outcome.ok ? "good" : "failed"));
      $("verdict").className = model.outcome.ok ? "good" : "bad";
    }
  const notes = [];
  if (model.cut)
    notes.push ("This trace is not whole: " + model.cut + ".");
  if (model.unknown > 0)
    notes.push (count (model.unknown, "record", "records") + " of a newer kind skipped.");
  $("cut").textContent = notes.join (" ");
  $("cut").hidden = notes.length === 0;
}

/* The step around an event, or the event and its neighbours between two steps. */
function eventsAround (e)
{
  const step = model.steps[e.stepNo - 1];
  let a = step ? step.a : e.i, b = step ? step.b : e.i;

  if (!step)
    {
      while (a > 0 && model.events[a - 1].stepNo === 0)
        a--;
      while (b + 1 < model.events.length && model.events[b + 1].stepNo === 0)
        b++;
    }
  return model.events.slice (Math.max (a, e.i - 60), Math.min (b, e.i + 60) + 1);
}

function showDetails (e)
{
  const box = $("selected");

  box.replaceChildren ();
  if (!e)
    {
      box.append (element ("p", "quiet", "Click a step or a sign, or press J."));
      return;
    }

  const task = laneOf (model, e);
  const list = element ("ul");
  const where = (e.stepNo > 0 ? "in step " + e.stepNo : "between two steps") + ", at " + timeWords (e.t);
  box.append (element ("h3", "", task ? task.path : "the loop"), element ("p", "quiet", where), list);
  for (const other of eventsAround (e))
    {
      const lane = laneOf (model, other);
      const who = lane === task ? "" : (lane ? lane.label : "the loop") + " ";
      const item = element ("li", other === e ? "chosen" : "", who + eventWords (model, other));
      item.addEventListener ("click", () => select (other));
      list.append (item);
    }
}

/* Pointer. */

/* What is under a pixel: an event (a sign), or a span of a task. */
function hit (x, y)
{
  const row = Math.floor ((y - RULER + ui.y0) / ROW);
  const task = y > RULER ? model.rows[row] : undefined;
  const near = e => Math.abs (xOf (ui, e.i) - x) < 9;

  if (x < ui.gutter)
    return { task, span: null, e: null };
  for (const e of model.decisions)
    if (near (e) && (y < RULER || (e.lane === task && y - yOf (ui, row) < 20)))
      return { task: e.lane, span: null, e };
  for (const e of model.cancels)
    if (near (e) && (y < RULER ? e.kind === "interrupted" : task && e.owner === task))
      return { task, span: null, e };
  if (!task)
    return { task: undefined, span: null, e: null };
  if (y - yOf (ui, row) < BAR_TOP)
    for (const mark of task.marks)
      if (mark.kind === "note" && xOf (ui, mark.e.i) <= x + 2 && xOf (ui, mark.e.i) > x - 60)
        return { task, span: null, e: mark.e };

  const place = ui.x0 + (x - ui.gutter) / ui.scale;
  const slack = 2.5 / ui.scale;
  let found = null;
  for (let i = firstInView (ui, task.spans, place - slack); i < task.spans.length && ui.pos[task.spans[i].a] <= place + slack; i++)
    {
      found = task.spans[i];
      if (found.state === "run")
        break;
    }
  return { task, span: found, e: null };
}

function tipWords (what)
{
  const lines = [];

  if (what.e)
    lines.push (eventWords (model, what.e), whereWords (what.e));
  else if (what.span)
    {
      const { span } = what;
      const from = model.events[span.a], to = model.events[span.b];
      if (span.state === "run")
        {
          lines.push ("runs in step " + span.step + ", at " + timeWords (from.t)
                      + (to.t > from.t ? ", for " + timeWords (to.t - from.t) : ""));
          const inner = model.events.slice (span.a + 1, Math.min (span.b + 1, span.a + 9));
          for (const e of inner)
            {
              const lane = laneOf (model, e);
              lines.push ((lane && lane !== what.task ? lane.label + " " : "") + eventWords (model, e));
            }
          if (span.b - span.a > 8)
            lines.push ("…");
        }
      else
        {
          lines.push (span.state === "wait" ? "waits in " + waitWords (span.wait, span.detail) : "could run, while others do");
          lines.push ("from " + timeWords (from.t) + (span.unfinished ? " to the end of the trace" : to.t > from.t
            ? " to " + timeWords (to.t) + ", for " + timeWords (to.t - from.t) : ", no time passes"));
          if (span.state === "wait" && span.by >= 0)
            lines.push ("woken by " + taskName (model, span.by));
        }
    }
  else if (what.task)
    lines.push (what.task.path, what.task.steps + (what.task.steps === 1 ? " step" : " steps"),
                what.task.fate ? what.task.fate + (what.task.error ? ": " + what.task.error : "") : "still there at the end");
  return lines;
}

function showTip (x, y, what)
{
  const tip = $("tip");

  tip.hidden = !what || (!what.e && !what.span && !(what.task && x < ui.gutter));
  if (tip.hidden)
    return;
  const list = element ("ul");
  tip.replaceChildren (element ("b", "", what.task ? what.task.label : "the world"), list);
  for (const line of tipWords (what))
    list.append (element ("li", "", line));
  const box = $("stage");
  tip.style.left = Math.max (4, Math.min (x + 14, box.clientWidth - tip.offsetWidth - 8)) + "px";
  tip.style.top = (y + 18 + tip.offsetHeight > box.clientHeight ? Math.max (4, y - tip.offsetHeight - 12) : y + 18) + "px";
}

function watchPointer ()
{
  const lanes = $("lanes");
  let drag = null;

  lanes.addEventListener ("pointerdown", event =>
    {
      drag = { x: event.offsetX, y: event.offsetY, x0: ui.x0, y0: ui.y0, moved: false };
      lanes.setPointerCapture (event.pointerId);
    });
  lanes.addEventListener ("pointermove", event =>
    {
      if (drag)
        {
          drag.moved = drag.moved || Math.abs (event.offsetX - drag.x) + Math.abs (event.offsetY - drag.y) > 4;
          if (!drag.moved)
            return;
          lanes.classList.add ("dragging");
          ui.x0 = drag.x0 - (event.offsetX - drag.x) / ui.scale;
          ui.y0 = drag.y0 - (event.offsetY - drag.y);
          showTip (0, 0, null);
          redraw ();
          return;
        }
      const what = hit (event.offsetX, event.offsetY);
      lanes.classList.toggle ("pointing", Boolean (what.e || what.span));
      showTip (event.offsetX, event.offsetY, what);
      if (model.hovered !== what.task)
        {
          model.hovered = what.task;
          redraw ();
        }
    });
  lanes.addEventListener ("pointerup", event =>
    {
      if (drag && !drag.moved)
        {
          const what = hit (event.offsetX, event.offsetY);
          select (what.e || (what.span ? model.events[what.span.a] : null));
        }
      drag = null;
      lanes.classList.remove ("dragging");
    });
  lanes.addEventListener ("pointercancel", () => { drag = null; });
  lanes.addEventListener ("pointerleave", () =>
    {
      model.hovered = undefined;
      showTip (0, 0, null);
      redraw ();
    });
  lanes.addEventListener ("wheel", event =>
    {
      event.preventDefault ();
      const unit = event.deltaMode === 1 ? 16 : 1;
      if (event.offsetX < ui.gutter)
        ui.y0 += event.deltaY * unit;
      else if (event.shiftKey || Math.abs (event.deltaX) > Math.abs (event.deltaY))
        ui.x0 += (event.deltaX || event.deltaY) * unit / ui.scale;
      else
        zoom (Math.pow (1.0018, -event.deltaY * unit), event.offsetX);
      redraw ();
    }, { passive: false });

  const overview = $("overview");
  const look = event =>
    {
      const place = (event.offsetX - ui.gutter) / Math.max (1, overview.clientWidth - ui.gutter) * ui.end;
      ui.x0 = place - laneWidth () / ui.scale / 2;
      redraw ();
    };
  overview.addEventListener ("pointerdown", event => { overview.setPointerCapture (event.pointerId); look (event); });
  overview.addEventListener ("pointermove", event => { if (event.buttons) look (event); });
}

/* Keys. */

function goEvent (by)
{
  const i = ui.selected ? ui.selected.i + by : by > 0 ? 0 : model.events.length - 1;

  if (model.events[i])
    select (model.events[i]);
}

function goRemarkable (by)
{
  const all = model.decisions.concat (model.cancels).sort ((a, b) => a.i - b.i);
  const at = ui.selected ? ui.selected.i : by > 0 ? -1 : model.events.length;
  const next = by > 0 ? all.find (e => e.i > at) : all.reverse ().find (e => e.i < at);

  if (next)
    select (next, true);
}

const KEYS = {
  "ArrowLeft": () => { ui.x0 -= laneWidth () / ui.scale * 0.12; },
  "ArrowRight": () => { ui.x0 += laneWidth () / ui.scale * 0.12; },
  "ArrowUp": () => { ui.y0 -= ROW; },
  "ArrowDown": () => { ui.y0 += ROW; },
  "Home": () => { ui.x0 = 0; },
  "End": () => { ui.x0 = ui.end - laneWidth () / ui.scale * 0.9; },
  "+": () => zoom (1.4),
  "=": () => zoom (1.4),
  "-": () => zoom (1 / 1.4),
  "0": fitAll,
  "a": () => setAxis (ui.axis === "step" ? "time" : "step"),
  "j": () => goEvent (1),
  "k": () => goEvent (-1),
  "n": () => goRemarkable (1),
  "p": () => goRemarkable (-1),
  "/": () => $("search").focus (),
  "?": () => $("help").showModal (),
  "Escape": () => select (null),
};

function watchKeys ()
{
  document.addEventListener ("keydown", event =>
    {
      const key = event.key.length === 1 ? event.key.toLowerCase () : event.key;

      if (event.ctrlKey || event.metaKey || event.altKey || $("help").open || event.target === $("search"))
        return;
      /* Arrows scroll the list when the focus is there. */
      if (event.target.closest ("aside") && key.startsWith ("Arrow"))
        return;
      if (KEYS[key])
        {
          event.preventDefault ();
          KEYS[key] ();
          redraw ();
        }
    });
}

/* Search. */

function search (text)
{
  const wanted = text.trim ().toLowerCase ();

  ui.match = -1;
  ui.matches = wanted === "" ? [] : model.events.filter (e =>
    {
      const lane = laneOf (model, e);
      /* A task's name finds its birth, not everything it ever did. */
      return eventWords (model, e).toLowerCase ().includes (wanted)
             || (e.kind === "task-spawned" && lane && lane.path.toLowerCase ().includes (wanted));
    });
  for (const task of model.rows)
    task.matched = wanted !== "" && task.label.toLowerCase ().includes (wanted);
  $("found").textContent = wanted === "" ? "" : String (ui.matches.length);
  redraw ();
}

function goMatch (by)
{
  if (ui.matches.length === 0)
    return;
  ui.match = (ui.match + by + ui.matches.length) % ui.matches.length;
  $("found").textContent = (ui.match + 1) + "/" + ui.matches.length;
  select (ui.matches[ui.match], true);
}

function watchControls ()
{
  $("axis-step").addEventListener ("click", () => setAxis ("step"));
  $("axis-time").addEventListener ("click", () => setAxis ("time"));
  $("zoom-in").addEventListener ("click", () => zoom (1.6));
  $("zoom-out").addEventListener ("click", () => zoom (1 / 1.6));
  $("zoom-fit").addEventListener ("click", fitAll);
  $("help-button").addEventListener ("click", () => $("help").showModal ());
  $("search").addEventListener ("input", event => search (event.target.value));
  $("search").addEventListener ("keydown", event =>
    {
      if (event.key === "Enter")
        goMatch (event.shiftKey && ui.match >= 0 ? -1 : 1);
      else if (event.key === "Escape")
        {
          event.target.value = "";
          search ("");
          $("lanes").focus ();
        }
    });
}

/* As wide as the longest name needs, within reason. */
function measureGutter ()
{
  const ctx = $("lanes").getContext ("2d");
  let widest = 70;

  ctx.font = "600 13px " + ui.theme.sans;
  for (const task of model.rows.slice (0, 2000))
    widest = Math.max (widest, ctx.measureText (task.name).width + Math.min (task.depth, 8) * 16);
  ui.gutter = Math.round (Math.min (widest + 46, 280, $("lanes").clientWidth * 0.4));
}

/* A link can point into the run: run.html#step=41, #decision=1, #axis=time, with & between them. */
function openAt (hash)
{
  const wanted = new URLSearchParams (hash.slice (1));
  const step = model.steps[Number (wanted.get ("step") || NaN) - 1];
  const decision = model.decisions[Number (wanted.get ("decision") || NaN) - 1];

  if (wanted.get ("axis") === "time" || wanted.get ("axis") === "step")
    setAxis (wanted.get ("axis"));
  if (step)
    select (model.events[step.a], true);
  if (decision)
    select (decision, true);
}

function start ()
{
  fillHeader ();
  fillLists ();
  measureGutter ();
  watchPointer ();
  watchKeys ();
  watchControls ();
  /* At once, or the browser stretches the old picture for a moment. */
  new ResizeObserver (paint).observe ($("stage"));
  matchMedia ("(prefers-color-scheme: dark)").addEventListener ("change", () =>
    {
      ui.theme = theme ();
      redraw ();
    });
  showDetails (null);
  setAxis (model.axis);
  openAt (location.hash);
  addEventListener ("hashchange", () => openAt (location.hash));
  paint ();

  /* What a test, or a curious person, can ask the page. */
  Object.assign (document.documentElement.dataset, {
    ready: "true", tasks: model.rows.length, steps: model.steps.length, events: model.events.length,
    decisions: model.decisions.length, arrows: model.arrows.length,
  });
}

start ();
