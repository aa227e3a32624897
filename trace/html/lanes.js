/* SPDX-License-Identifier: MIT OR Apache-2.0 */

/* The lanes: a row for each task with its bars, waits, notes, scopes, and the arrows between them. It reads `ui` (see page.js)
 * and only tells it the size of the canvas. Only what is in view is drawn, and what falls on one pixel is drawn once, so that
 * 50,000 records stay smooth. */

"use strict";

/* `room` is how far the bar before this one is away, in pixels: where bars are dense they get thin, and white shows between them.
 * */
function drawSpan (ctx, ui, span, y, room)
{
  const c = ui.theme;
  const x0 = Math.max (xOf (ui, span.a), ui.gutter - 4), x1 = Math.min (xOf (ui, span.b), ui.width + 4);
  const width = x1 - x0;
  const middle = y + BAR_TOP + BAR / 2;

  if (span.state === "run")
    {
      const thin = Math.min (3, Math.max (1, room * 0.6));
      const left = width < 3 ? (x0 + x1 - thin) / 2 : x0 + 0.5, wide = width < 3 ? thin : width - 1;

      ctx.fillStyle = c.run;
      ctx.beginPath ();
      ctx.roundRect (left, y + BAR_TOP, wide, BAR, Math.min (3, wide / 2));
      ctx.fill ();
      const number = String (span.step);
      if (width > 12 + number.length * 7)
        {
          ctx.fillStyle = c["run-ink"];
          ctx.textAlign = "center";
          ctx.font = "11px " + c.sans;
          ctx.fillText (number, x0 + width / 2, middle);
        }
    }
  else if (span.state === "ready")
    {
      if (width < 1)
        return;
      ctx.strokeStyle = c.ready;
      ctx.lineWidth = 5;
      ctx.setLineDash ([2, 2]);
      ctx.beginPath ();
      ctx.moveTo (x0, middle);
      ctx.lineTo (x1, middle);
      ctx.stroke ();
      ctx.setLineDash ([]);
    }
  else if (span.state === "wait")
    {
      ctx.strokeStyle = c.wait;
      ctx.lineWidth = 2;
      ctx.beginPath ();
      ctx.moveTo (x0, middle);
      ctx.lineTo (x1, middle);
      ctx.stroke ();
      if (width < 34)
        return;
      ctx.font = "12px " + c.sans;
      const text = fitText (ctx, shortWait (span), width - 20);
      if (text)
        {
          const left = Math.max (x0, ui.gutter) + 8;
          const room = ctx.measureText (text).width;
          ctx.fillStyle = c.paper;
          ctx.fillRect (left - 4, middle - 8, room + 8, 16);
          ctx.fillStyle = span.unfinished ? c.ink : c["wait-ink"];
          ctx.textAlign = "left";
          ctx.fillText (text, left, middle + 0.5);
        }
    }
}

/* Scopes are brackets under the bars, those inside others lower; from its cancellation on a bracket is in the cancelling colour. */
function drawScopes (ctx, ui, task, y)
{
  const c = ui.theme;
  let drawn = 0;

  for (const scope of task.scopes)
    {
      const x0 = xOf (ui, scope.a), x1 = xOf (ui, scope.b);

      if (x1 < ui.gutter || x0 > ui.width || (x1 - x0 < 1 && scope.cancelled < 0) || drawn++ > 400)
        continue;
      const line = y + BAR_TOP + BAR + 4 + 3 * Math.min (scope.level, 2);
      ctx.lineWidth = scope.nursery ? 1 : 1.5;
      ctx.strokeStyle = c.wake;
      ctx.setLineDash (scope.nursery ? [1, 3] : []);
      ctx.beginPath ();
      ctx.moveTo (x0 + 1, line - 3);
      ctx.lineTo (x0 + 1, line);
      ctx.lineTo (x1 - 1, line);
      if (x1 <= ui.width)
        ctx.lineTo (x1 - 1, line - 3);
      ctx.stroke ();
      ctx.setLineDash ([]);
      if (scope.cancelled >= 0)
        {
          ctx.strokeStyle = c.cancel;
          ctx.lineWidth = 2;
          ctx.beginPath ();
          ctx.moveTo (xOf (ui, scope.cancelled), line);
          ctx.lineTo (x1 - 1, line);
          ctx.stroke ();
        }
    }
}

function drawRow (ctx, ui, task)
{
  const c = ui.theme;
  const y = yOf (ui, task.row);
  const left = ui.x0, right = ui.x0 + (ui.width - ui.gutter) / ui.scale;
  let lastPixel = -10, lastRun = -100;

  if (ui.model.hovered === task || (ui.selected && laneOf (ui.model, ui.selected) === task))
    {
      ctx.fillStyle = c.stripe;
      ctx.fillRect (ui.gutter, y, ui.width - ui.gutter, ROW);
    }
  ctx.fillStyle = c.rule;
  ctx.fillRect (ui.gutter, y + ROW - 1, ui.width - ui.gutter, 1);

  ctx.textBaseline = "middle";
  drawScopes (ctx, ui, task, y);
  for (let i = firstInView (ui, task.spans, left); i < task.spans.length; i++)
    {
      const span = task.spans[i];

      if (ui.pos[span.a] > right)
        break;
      const x1 = xOf (ui, span.b), wide = x1 - xOf (ui, span.a);
      if (span.state === "run")
        {
          if (wide < 1 && x1 - lastRun < 1.5)
            continue;
          drawSpan (ctx, ui, span, y, x1 - lastRun);
          lastRun = x1;
        }
      else if (Math.round (x1) !== lastPixel || wide >= 1)
        {
          drawSpan (ctx, ui, span, y, 0);
          lastPixel = Math.round (x1);
        }
    }
}

/* Notes and ends; above the arrows, since they are to be read. */
function drawMarks (ctx, ui, task)
{
  const c = ui.theme;
  const y = yOf (ui, task.row);
  const notes = task.marks;
  let nextX = ui.width + 300;

  for (let i = notes.length - 1; i >= 0; i--)
    {
      const mark = notes[i];
      const x = xOf (ui, mark.e.i);

      ctx.textBaseline = "middle";
      if (x > ui.width + 10)
        continue;
      if (x < ui.gutter - 300)
        break;
      if (mark.kind === "note")
        {
          ctx.font = "11px " + c.sans;
          const text = fitText (ctx, mark.e.text, Math.min (nextX - x - 16, 260));
          if (!text && nextX - x < 4)
            continue;
          ctx.fillStyle = text ? c.note : c.found;
          ctx.beginPath ();
          ctx.roundRect (x - 2, text ? y + 2 : y + 11, text ? ctx.measureText (text).width + 10 : 3, text ? 14 : 5, text ? 3 : 1);
          ctx.fill ();
          ctx.fillStyle = c["note-ink"];
          ctx.textAlign = "left";
          if (text)
            {
              ctx.fillText (text, x + 3, y + 9.5);
              ctx.fillRect (x - 2, y + 9, 1.5, 9);
            }
          nextX = x;
        }
      else if (mark.kind === "cancel")
        drawCancelSign (ctx, c, x, y + BAR_TOP + BAR / 2);
      else
        drawEndSign (ctx, c, task.fate, x + 6, y + BAR_TOP + BAR / 2);
    }
}

const ARROW_COLOUR = { wake: "wake", spawn: "wake", cancel: "cancel", flow: "flow" };

function drawArrow (ctx, ui, arrow)
{
  const c = ui.theme;
  const down = arrow.to.row > arrow.from.row;
  const x0 = xOf (ui, arrow.a), x1 = xOf (ui, arrow.b);
  const y0 = yOf (ui, arrow.from.row) + BAR_TOP + (down ? BAR : 0);
  const y1 = yOf (ui, arrow.to.row) + BAR_TOP + (down ? 0 : BAR);

  ctx.strokeStyle = ctx.fillStyle = c[ARROW_COLOUR[arrow.kind]];
  ctx.lineWidth = arrow.kind === "flow" ? 1.6 : 1.2;
  ctx.setLineDash (arrow.kind === "spawn" ? [2, 3] : arrow.kind === "cancel" ? [5, 3] : []);
  ctx.beginPath ();
  ctx.moveTo (x0, y0);
  if (arrow.kind === "flow")
    {
      const bend = (y1 - y0) * 0.45;
      ctx.bezierCurveTo (x0, y0 + bend, x1, y1 - bend, x1, y1);
    }
  else
    ctx.lineTo (x1, y1);
  ctx.stroke ();
  ctx.setLineDash ([]);
  arrowHead (ctx, x1, y1, down ? Math.PI / 2 : -Math.PI / 2);

  /* On the time axis the arrows of one instant lie on each other, and so would their labels. */
  const roomy = ui.axis === "step" && ui.scale > 11;
  if (arrow.kind === "flow" && roomy && arrow.label && Math.abs (x1 - x0) > 26 + arrow.label.length * 5)
    {
      const x = (x0 + x1) / 2, y = (y0 + y1) / 2;
      ctx.font = "11px " + c.sans;
      ctx.textAlign = "center";
      ctx.textBaseline = "middle";
      const room = ctx.measureText (arrow.label).width + 6;
      ctx.fillStyle = c.paper;
      ctx.fillRect (x - room / 2, y - 7, room, 14);
      ctx.fillStyle = c.flow;
      ctx.fillText (arrow.label, x, y);
    }
}

/* From so many in view on they are drawn faintly, and from so many on not at all, but for those of the lane under the pointer. */
const ARROWS_FAINT = 120, ARROWS_MAX = 1500;

function drawArrows (ctx, ui)
{
  const seen = [];

  for (const arrow of ui.model.arrows)
    {
      if (ui.pos[arrow.a] > ui.right || ui.pos[arrow.b] < ui.x0)
        continue;
      const top = Math.min (yOf (ui, arrow.from.row), yOf (ui, arrow.to.row));
      if (top > ui.height || top + ROW * (1 + Math.abs (arrow.from.row - arrow.to.row)) < RULER)
        continue;
      seen.push (arrow);
    }
  const { hovered } = ui.model;
  for (const arrow of seen)
    {
      const wanted = arrow.kind === "cancel" || (hovered && (arrow.from === hovered || arrow.to === hovered));
      if (seen.length > ARROWS_MAX && !wanted)
        continue;
      ctx.globalAlpha = seen.length > ARROWS_FAINT && !wanted ? 0.28 : 1;
      drawArrow (ctx, ui, arrow);
    }
  ctx.globalAlpha = 1;
}

function drawGaps (ctx, ui)
{
  const c = ui.theme;

  if (ui.axis !== "step")
    return;
  for (const gap of ui.model.gaps)
    {
      if (gap.x1 < ui.x0 || gap.x0 > ui.right || ui.scale < 1.5)
        continue;
      const x = ui.gutter + (gap.x0 - ui.x0) * ui.scale, width = (gap.x1 - gap.x0) * ui.scale;
      ctx.fillStyle = c.stripe;
      ctx.fillRect (x, RULER, Math.max (width, 1), ui.height);
    }
}

/* A hairline through all lanes, and the sign where it belongs. */
function drawDecisions (ctx, ui)
{
  const c = ui.theme;

  for (const e of ui.model.decisions)
    {
      const x = xOf (ui, e.i);

      if (x < ui.gutter - 10 || x > ui.width + 10)
        continue;
      ctx.strokeStyle = c.decided;
      ctx.globalAlpha = 0.45;
      ctx.lineWidth = 1;
      ctx.setLineDash ([4, 3]);
      ctx.beginPath ();
      ctx.moveTo (x, RULER - 4);
      ctx.lineTo (x, ui.height);
      ctx.stroke ();
      ctx.setLineDash ([]);
      ctx.globalAlpha = 1;
      if (e.lane)
        drawDecisionSign (ctx, c, e.no, x - 9, yOf (ui, e.lane.row) + 10);
    }
}

function drawChosen (ctx, ui)
{
  const c = ui.theme;

  for (const e of ui.matches)
    {
      const task = laneOf (ui.model, e);
      const x = xOf (ui, e.i);
      if (x < ui.gutter || x > ui.width)
        continue;
      ctx.fillStyle = c.found;
      ctx.fillRect (x - 1, task ? yOf (ui, task.row) + BAR_TOP - 3 : RULER - 6, 3, task ? BAR + 6 : 6);
    }
  if (ui.selected)
    {
      const x = xOf (ui, ui.selected.i);
      const task = laneOf (ui.model, ui.selected);
      if (x < ui.gutter || x > ui.width)
        return;
      ctx.fillStyle = c.ink;
      ctx.globalAlpha = 0.5;
      ctx.fillRect (x - 0.5, RULER, 1, ui.height);
      ctx.globalAlpha = 1;
      if (task)
        {
          ctx.strokeStyle = c.ink;
          ctx.lineWidth = 2;
          ctx.beginPath ();
          ctx.roundRect (x - 5, yOf (ui, task.row) + BAR_TOP - 3, 10, BAR + 6, 4);
          ctx.stroke ();
        }
    }
}

function drawLanes (ui, canvas)
{
  const { ctx, width, height } = prepare (canvas);
  const c = ui.theme;

  ui.width = width;
  ui.height = height;
  ui.right = ui.x0 + (width - ui.gutter) / ui.scale;
  ctx.fillStyle = c.paper;
  ctx.fillRect (0, 0, width, height);

  ctx.save ();
  ctx.beginPath ();
  ctx.rect (ui.gutter, RULER, width, height);
  ctx.clip ();
  drawGaps (ctx, ui);
  for (const task of ui.model.rows)
    if (yOf (ui, task.row) < height && yOf (ui, task.row) + ROW > RULER)
      drawRow (ctx, ui, task);
  drawArrows (ctx, ui);
  for (const task of ui.model.rows)
    if (yOf (ui, task.row) < height && yOf (ui, task.row) + ROW > RULER)
      drawMarks (ctx, ui, task);
  drawDecisions (ctx, ui);
  drawChosen (ctx, ui);
  ctx.restore ();

  drawRuler (ctx, ui);
  drawRulerSigns (ctx, ui);
  drawGutter (ctx, ui);
}
