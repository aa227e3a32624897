/* SPDX-License-Identifier: MIT OR Apache-2.0 */

/* The brush: colours, measures, text that fits, and the signs that appear in more than one place. */

"use strict";

const ROW = 46, RULER = 62, BAR_TOP = 18, BAR = 17;

function theme ()
{
  const style = getComputedStyle (document.documentElement);
  const colours = {};

  for (const name of ["paper", "panel", "ink", "quiet", "rule", "stripe", "run", "run-ink", "ready", "wait", "wait-ink", "wake",
                      "flow", "decided", "cancel", "fail", "good", "note", "note-ink", "found", "sans", "mono"])
    colours[name] = style.getPropertyValue ("--" + name).trim ();
  return colours;
}

/* Fits the canvas to its box and the screen's pixels; gives its size in CSS pixels. */
function prepare (canvas)
{
  const ratio = window.devicePixelRatio || 1;
  const width = canvas.clientWidth, height = canvas.clientHeight;

  if (canvas.width !== Math.round (width * ratio) || canvas.height !== Math.round (height * ratio))
    {
      canvas.width = Math.round (width * ratio);
      canvas.height = Math.round (height * ratio);
    }
  const ctx = canvas.getContext ("2d");
  ctx.setTransform (ratio, 0, 0, ratio, 0, 0);
  ctx.clearRect (0, 0, width, height);
  return { ctx, width, height };
}

function xOf (ui, i)
{
  return ui.gutter + (ui.pos[i] - ui.x0) * ui.scale;
}

function yOf (ui, row)
{
  return RULER + row * ROW - ui.y0;
}

/* The text, or as much of it as fits, or nothing. */
function fitText (ctx, text, width)
{
  if (width < 14)
    return "";
  if (text.length > 400)
    text = text.slice (0, 400);
  if (ctx.measureText (text).width <= width)
    return text;

  let low = 0, high = text.length;
  while (low < high)
    {
      const middle = (low + high + 1) >> 1;
      if (ctx.measureText (text.slice (0, middle) + "…").width <= width)
        low = middle;
      else
        high = middle - 1;
    }
  return low < 4 ? "" : text.slice (0, low) + "…";
}

/* Index of the first span that ends at or after the left edge. */
function firstInView (ui, spans, left)
{
  let low = 0, high = spans.length;

  while (low < high)
    {
      const middle = (low + high) >> 1;
      if (ui.pos[spans[middle].b] < left)
        low = middle + 1;
      else
        high = middle;
    }
  return low;
}

/* The first step at or after a place on the step axis. */
function stepAt (ui, x)
{
  const { steps, stepAxis } = ui.model;
  let low = 0, high = steps.length;

  while (low < high)
    {
      const middle = (low + high) >> 1;
      if (stepAxis[steps[middle].a] + 1 < x)
        low = middle + 1;
      else
        high = middle;
    }
  return low;
}

/* 1, 2 or 5 times a power of ten, at least so much. */
function niceStep (least)
{
  const power = Math.pow (10, Math.floor (Math.log10 (least)));

  for (const factor of [1, 2, 5])
    if (factor * power >= least)
      return factor * power;
  return 10 * power;
}

/* Whether steps are wide enough to say at each gap how much time passes; else the ruler says what time it is. */
function showsGaps (ui)
{
  return ui.scale > 5;
}

function drawCancelSign (ctx, c, x, y)
{
  ctx.fillStyle = c.paper;
  ctx.strokeStyle = c.cancel;
  ctx.lineWidth = 2;
  ctx.beginPath ();
  ctx.arc (x, y, 6.5, 0, 7);
  ctx.fill ();
  ctx.stroke ();
  ctx.beginPath ();
  ctx.moveTo (x - 4.5, y + 4.5);
  ctx.lineTo (x + 4.5, y - 4.5);
  ctx.stroke ();
}

function drawEndSign (ctx, c, fate, x, y)
{
  ctx.lineWidth = 2;
  ctx.strokeStyle = fate === "failed" ? c.fail : fate === "returned" ? c.good : c.cancel;
  ctx.beginPath ();
  if (fate === "returned")
    {
      ctx.moveTo (x, y - 7);
      ctx.lineTo (x, y + 7);
    }
  else
    {
      ctx.moveTo (x - 4, y - 4);
      ctx.lineTo (x + 4, y + 4);
      ctx.moveTo (x + 4, y - 4);
      ctx.lineTo (x - 4, y + 4);
    }
  ctx.stroke ();
}

function drawDecisionSign (ctx, c, number, x, y)
{
  const text = String (number);
  const width = Math.max (17, 8 + text.length * 7);

  ctx.fillStyle = c.decided;
  ctx.beginPath ();
  ctx.roundRect (x - width / 2, y - 8.5, width, 17, 4);
  ctx.fill ();
  ctx.fillStyle = c.panel;
  ctx.font = "bold 11px " + c.sans;
  ctx.textAlign = "center";
  ctx.textBaseline = "middle";
  ctx.fillText (text, x, y + 0.5);
}

function arrowHead (ctx, x, y, angle)
{
  ctx.save ();
  ctx.translate (x, y);
  ctx.rotate (angle);
  ctx.beginPath ();
  ctx.moveTo (0, 0);
  ctx.lineTo (-7, -3.5);
  ctx.lineTo (-7, 3.5);
  ctx.fill ();
  ctx.restore ();
}
