/* SPDX-License-Identifier: MIT OR Apache-2.0 */

/* Lanes of bars from call to return, the order that was found as numbered points joined by a line, and a wall at the return that no
 * order gets past. The horizontal axis counts calls and returns. */

"use strict";

const LANE = 44, BAR_TOP = 14, BAR = 22, GUTTER = 150, TOP = 12;
const data = JSON.parse (document.getElementById ("data").textContent);
const byId = new Map (data.operations.map (operation => [operation.id, operation]));
let unit = 46, chosen = null;

function make (name, attributes, text)
{
  const element = document.createElementNS ("http://www.w3.org/2000/svg", name);

  for (const [key, value] of Object.entries (attributes))
    element.setAttribute (key, value);
  if (text !== undefined)
    element.textContent = text;
  return element;
}

function wordsOf (operation)
{
  return operation.verb + (operation.argument === "" ? "" : " " + operation.argument) + " → " + operation.result;
}

/* --- places --- */

/* Calls and returns of the operations that are shown, in their order, one place apart. */
function placeEvents ()
{
  const events = [];

  for (const operation of data.operations)
    {
      events.push ([operation.called, operation, "x0"]);
      if (operation.returned > 0)
        events.push ([operation.returned, operation, "x1"]);
    }
  events.sort ((a, b) => a[0] - b[0]);
  events.forEach (([, operation, end], i) => operation[end] = i);
  for (const operation of data.operations)
    if (operation.returned === 0)
      operation.x1 = events.length + 0.5;
  return events.length + 1;
}

/* A client has more rows than one if its operations overlap: one that was lost goes on for ever. */
function placeRows ()
{
  const clients = [];

  for (const operation of data.operations)
    {
      let client = clients.find (known => known.name === operation.client);
      if (!client)
        clients.push (client = { name: operation.client, ends: [], operations: [] });
      let row = client.ends.findIndex (end => end < operation.x0);
      if (row < 0)
        row = client.ends.push (0) - 1;
      client.ends[row] = operation.x1;
      operation.row = row;
      client.operations.push (operation);
    }
  let top = 0;
  for (const client of clients)
    {
      client.top = top;
      for (const operation of client.operations)
        operation.lane = top + operation.row;
      top += client.ends.length;
    }
  return clients;
}

/* Each point lies behind the one before it and behind its own call; those between the same two events share the gap. */
function placePoints ()
{
  const gaps = new Map ();
  let gap = 0;

  for (const step of data.order)
    {
      gap = Math.max (gap, byId.get (step.id).x0);
      step.gap = gap;
      if (!gaps.has (gap))
        gaps.set (gap, []);
      gaps.get (gap).push (step);
    }
  for (const [at, steps] of gaps)
    steps.forEach ((step, i) => step.x = at + (i + 1) / (steps.length + 1));
}

/* --- drawing --- */

const width = placeEvents ();
const clients = placeRows ();
placePoints ();
const numbers = new Map (data.order.map ((step, i) => [step.id, i + 1]));

function xOf (x) { return GUTTER + (x + 0.5) * unit; }
function yOf (lane) { return TOP + lane * LANE; }

function kindOf (operation)
{
  return (operation.id === data.stuck ? "stuck" : numbers.has (operation.id) ? "placed" : "open")
    + (operation.returned === 0 ? " lost" : "") + (operation.id === chosen ? " chosen" : "");
}

function fit (text, room)
{
  const most = Math.floor ((room - 10) / 6.4);

  return text.length <= most ? text : most < 2 ? "" : text.slice (0, most - 1) + "…";
}

function drawOperation (svg, operation)
{
  const x = xOf (operation.x0), y = yOf (operation.lane) + BAR_TOP, room = xOf (operation.x1) - x;
  const group = make ("g", { class: "operation " + kindOf (operation), "data-id": operation.id });

  group.append (make ("title", {}, wordsOf (operation)));
  group.append (make ("rect", { class: "bar", x, y, width: room, height: BAR, rx: 4 }));
  group.append (make ("text", { class: "bar-text", x: x + 6, y: y + 15 }, fit (wordsOf (operation), room)));
  group.addEventListener ("click", () => choose (operation.id));
  svg.append (group);
}

function drawClient (svg, client, i, right)
{
  if (i % 2 === 0)
    svg.append (make ("rect", { class: "stripe", x: 0, y: yOf (client.top), width: right, height: client.ends.length * LANE }));
  svg.append (make ("text", { class: "client", x: 12, y: yOf (client.top) + BAR_TOP + 15 }, fit (client.name, GUTTER - 12)));
}

function drawOrder (svg)
{
  const at = step => [xOf (step.x), yOf (byId.get (step.id).lane) + BAR_TOP - 5];

  svg.append (make ("polyline", { class: "path", points: data.order.map (step => at (step).join (",")).join (" ") }));
  data.order.forEach ((step, i) => {
    const [x, y] = at (step);
    svg.append (make ("circle", { class: "point", cx: x, cy: y, r: 8 }));
    svg.append (make ("text", { class: "number", x, y: y + 3.5 }, i + 1));
  });
}

function drawWall (svg, bottom)
{
  const stuck = byId.get (data.stuck);

  if (stuck)
    svg.append (make ("line", { class: "wall", x1: xOf (stuck.x1), x2: xOf (stuck.x1), y1: 0, y2: bottom }));
}

function draw ()
{
  const svg = document.getElementById ("lanes");
  const right = xOf (width) + 20;
  const bottom = TOP + clients.reduce ((sum, client) => sum + client.ends.length, 0) * LANE + 8;

  svg.replaceChildren ();
  svg.setAttribute ("width", right);
  svg.setAttribute ("height", bottom);
  clients.forEach ((client, i) => drawClient (svg, client, i, right));
  for (const operation of data.operations)
    drawOperation (svg, operation);
  drawOrder (svg);
  drawWall (svg, bottom);
}

/* --- words --- */

function showFacts ()
{
  const verdict = document.getElementById ("verdict");
  const stuck = byId.get (data.stuck);
  const n = data.operations.length;

  document.getElementById ("facts").textContent =
    (data.key === null ? "" : "object “" + data.key + "” · ") + "model " + data.model + " · " + n + (n === 1 ? " operation" : " operations")
    + " · " + clients.length + (clients.length === 1 ? " client" : " clients");
  verdict.textContent = data.verdict;
  verdict.className = stuck ? "bad" : data.verdict === "linearizable" ? "good" : "";
  document.getElementById ("order-title").textContent = stuck ? "The most that can have happened" : "An order that explains it";
  if (data.verdict === "undecided")
    document.getElementById ("order-title").textContent = "The longest order that was tried";
  if (stuck)
    document.getElementById ("stuck").textContent =
      "✕ " + wordsOf (stuck) + " of " + stuck.client + ": it must have happened before it returned, and no order allows that.";
}

function showOrder ()
{
  const list = document.getElementById ("order");

  data.order.forEach ((step, i) => {
    const item = document.createElement ("li"), button = document.createElement ("button");
    const number = document.createElement ("b"), state = document.createElement ("i");

    button.type = "button";
    button.dataset.id = step.id;
    number.textContent = i + 1;
    state.textContent = step.state;
    button.append (number, wordsOf (byId.get (step.id)) + " · " + byId.get (step.id).client, state);
    button.addEventListener ("click", () => choose (step.id));
    item.append (button);
    list.append (item);
  });
}

function showChosen ()
{
  const list = document.getElementById ("chosen");
  const operation = byId.get (chosen);
  const rows = operation ? [["client", operation.client], ["operation", operation.verb], ["argument", operation.argument],
                            ["result", operation.result], ["called", operation.calledAt + " µs"],
                            ["returned", operation.returned ? operation.returnedAt + " µs" : "never"],
                            ["place", numbers.get (chosen) || "none"]] : [];

  list.replaceChildren ();
  for (const [name, value] of rows)
    {
      const dt = document.createElement ("dt"), dd = document.createElement ("dd");
      dt.textContent = name;
      dd.textContent = value;
      list.append (dt, dd);
    }
}

/* --- what a visitor does --- */

function choose (id)
{
  chosen = id;
  for (const group of document.querySelectorAll (".operation"))
    group.classList.toggle ("chosen", Number (group.dataset.id) === id);
  for (const button of document.querySelectorAll ("#order button"))
    button.classList.toggle ("chosen", Number (button.dataset.id) === id);
  showChosen ();
}

function show ()
{
  document.querySelector (".operation.chosen").scrollIntoView ({ block: "nearest", inline: "nearest" });
}

/* Through the order and, behind it, to where it is stuck. */
function walk (by)
{
  const ids = data.order.map (step => step.id).concat (byId.has (data.stuck) ? [data.stuck] : []);
  const at = ids.indexOf (chosen);

  if (ids.length === 0)
    return;
  choose (ids[Math.min (ids.length - 1, Math.max (0, at < 0 ? (by > 0 ? 0 : ids.length - 1) : at + by))]);
  show ();
}

function zoom (by)
{
  unit = Math.min (240, Math.max (8, unit * by));
  draw ();
}

document.getElementById ("zoom-in").addEventListener ("click", () => zoom (1.4));
document.getElementById ("zoom-out").addEventListener ("click", () => zoom (1 / 1.4));
document.addEventListener ("keydown", event => {
  const deed = { j: () => walk (1), k: () => walk (-1), "+": () => zoom (1.4), "-": () => zoom (1 / 1.4),
                 Escape: () => choose (null) }[event.key];

  if (deed && !event.ctrlKey && !event.metaKey)
    {
      deed ();
      event.preventDefault ();
    }
});

showFacts ();
showOrder ();
draw ();
if (byId.has (data.stuck))
  {
    choose (data.stuck);
    show ();
  }
document.documentElement.dataset.ready = "true";
