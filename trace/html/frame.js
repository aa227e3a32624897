/* SPDX-License-Identifier: MIT OR Apache-2.0 */

/* What stands around the lanes: the ruler above, the names at the left, the strip with the whole run and the legend below. */

"use strict";

function drawRuler (ctx, ui)
{
  const c = ui.theme;
  const { model } = ui;
  let lastRight = -100;

  ctx.fillStyle = c.panel;
  ctx.fillRect (0, 0, ui.width, RULER);
  ctx.fillStyle = c.rule;
  ctx.fillRect (0, RULER - 1, ui.width, 1);
  ctx.textBaseline = "middle";
  ctx.font = "11px " + c.sans;
  ctx.textAlign = "center";

  if (ui.axis === "time")
    {
      const every = Math.max (1, niceStep (90 / ui.scale));
      for (let t = Math.ceil (ui.x0 / every) * every; t <= ui.right; t += every)
        {
          const x = ui.gutter + (t - ui.x0) * ui.scale;
          ctx.fillStyle = c.quiet;
          ctx.fillText (timeWords (Math.round (t)), x, 14);
          ctx.fillStyle = c.rule;
          ctx.fillRect (x, 24, 1, ui.height);
        }
      return;
    }

  const every = Math.max (1, niceStep ((showsGaps (ui) ? 34 : 76) / ui.scale));
  for (let n = Math.max (0, stepAt (ui, ui.x0)); n < model.steps.length; n++)
    {
      if ((n + 1) % every !== 0)
        {
          n += every - (n + 1) % every - 1;
          continue;
        }
      const x = ui.gutter + (model.stepAxis[model.steps[n].a] + 0.5 - ui.x0) * ui.scale;
      if (x > ui.width)
        break;
      ctx.fillStyle = c.quiet;
      if (x > ui.gutter)
        ctx.fillText (n + 1, x, 13);
      if (x > ui.gutter && !showsGaps (ui))
        ctx.fillText (timeWords (model.events[model.steps[n].a].t), x, 30);
    }
  if (!showsGaps (ui))
    return;
  for (const gap of model.gaps)
    {
      if (gap.x1 < ui.x0 || gap.x0 > ui.right)
        continue;
      const x = ui.gutter + ((gap.x0 + gap.x1) / 2 - ui.x0) * ui.scale;
      const text = "+" + timeWords (gap.t1 - gap.t0);
      const half = ctx.measureText (text).width / 2;
      if (x - half < lastRight + 8 || x - half < ui.gutter)
        continue;
      lastRight = x + half;
      ctx.fillStyle = c.ink;
      ctx.fillText (text, x, 30);
    }
}

function drawRulerSigns (ctx, ui)
{
  const c = ui.theme;
  const { outcome } = ui.model;

  if (outcome)
    {
      const x = xOf (ui, outcome.i);
      ctx.fillStyle = outcome.ok ? c.good : c.fail;
      if (x >= ui.gutter && x <= ui.width + 2)
        ctx.fillRect (x - 1, RULER - 20, 2, ui.height);
    }
  for (const e of ui.model.decisions)
    {
      const x = xOf (ui, e.i);
      if (x >= ui.gutter && x <= ui.width + 10)
        drawDecisionSign (ctx, c, e.no, x, RULER - 12);
    }
  for (const e of ui.model.cancels)
    {
      const x = xOf (ui, e.i);
      if (e.kind === "interrupted" && x >= ui.gutter && x <= ui.width)
        drawCancelSign (ctx, c, x, RULER - 12);
    }
}

function drawGutter (ctx, ui)
{
  const c = ui.theme;

  ctx.fillStyle = c.panel;
  ctx.fillRect (0, RULER, ui.gutter, ui.height);
  ctx.fillStyle = c.rule;
  ctx.fillRect (ui.gutter - 1, 0, 1, ui.height);
  ctx.textAlign = "left";
  ctx.textBaseline = "middle";
  for (const task of ui.model.rows)
    {
      const y = yOf (ui, task.row);
      const indent = 14 + Math.min (task.depth, 8) * 16;

      if (y > ui.height || y + ROW < RULER)
        continue;
      ctx.strokeStyle = c.wait;
      ctx.lineWidth = 1;
      if (task.depth > 0)
        {
          /* From the parent down to this one, then to the right. */
          const parent = ui.model.byserial.get (task.parent);
          const top = Math.max (yOf (ui, parent.row) + BAR_TOP + BAR, RULER);
          ctx.beginPath ();
          ctx.moveTo (indent - 9.5, top);
          ctx.lineTo (indent - 9.5, y + BAR_TOP + BAR / 2);
          ctx.lineTo (indent - 3, y + BAR_TOP + BAR / 2);
          ctx.stroke ();
        }
      ctx.font = "600 13px " + c.sans;
      ctx.fillStyle = task.matched ? c.decided : c.ink;
      ctx.fillText (fitText (ctx, task.name, ui.gutter - indent - 26), indent, y + BAR_TOP + BAR / 2);
      if (task.fate)
        drawEndSign (ctx, c, task.fate, ui.gutter - 15, y + BAR_TOP + BAR / 2);
    }
  ctx.fillStyle = c.panel;
  ctx.fillRect (0, 0, ui.gutter - 1, RULER - 1);
  ctx.fillStyle = c.quiet;
  ctx.font = "11px " + c.sans;
  ctx.textAlign = "right";
  ctx.fillText (ui.axis === "step" ? "step" : "time", ui.gutter - 10, 13);
  if (ui.axis === "step" && ui.model.gaps.length > 0)
    ctx.fillText (showsGaps (ui) ? "time passes" : "time", ui.gutter - 10, 30);
}

/* The whole run in a strip, and what part of it the lanes show. */
function drawOverview (ui, canvas)
{
  const { ctx, width, height } = prepare (canvas);
  const c = ui.theme;
  const { model } = ui;
  const left = ui.gutter, scale = (width - left) / Math.max (ui.end, 1e-9);
  const rows = Math.max (model.rows.length, 1);
  const tall = Math.max (1, Math.min (3, (height - 10) / rows));

  ctx.fillStyle = c.run;
  for (const step of model.steps)
    {
      const task = model.byserial.get (step.task);
      if (task)
        ctx.fillRect (left + ui.pos[step.a] * scale, 5 + task.row / rows * (height - 10),
                      Math.max (1, (ui.pos[step.b] - ui.pos[step.a]) * scale), tall);
    }
  const line = (e, colour, wide) =>
    {
      ctx.fillStyle = colour;
      ctx.fillRect (left + ui.pos[e.i] * scale - wide / 2, 0, wide, height);
    };
  for (const e of ui.matches)
    line (e, c.found, 2);
  for (const e of model.cancels)
    line (e, c.cancel, 1.5);
  for (const e of model.decisions)
    line (e, c.decided, 2);
  if (model.outcome)
    line (model.outcome, model.outcome.ok ? c.good : c.fail, 3);

  const x0 = left + Math.max (0, ui.x0) * scale, x1 = left + Math.min (ui.end, ui.right) * scale;
  ctx.fillStyle = c.paper;
  ctx.globalAlpha = 0.72;
  ctx.fillRect (left, 0, Math.max (0, x0 - left), height);
  ctx.fillRect (x1, 0, Math.max (0, width - x1), height);
  ctx.globalAlpha = 1;
  ctx.strokeStyle = c.quiet;
  ctx.lineWidth = 1;
  ctx.strokeRect (x0 + 0.5, 0.5, Math.max (2, x1 - x0 - 1), height - 1);

  ctx.fillStyle = c.quiet;
  ctx.font = "11px " + c.sans;
  ctx.textAlign = "right";
  ctx.textBaseline = "middle";
  ctx.fillText ("whole run", left - 10, height / 2);
}

/* One line of signs, or as many as the width needs; gives the height. */
function drawLegend (ui, canvas)
{
  const c = ui.theme;
  const width = canvas.clientWidth;
  const small = { model: ui.model, theme: c, gutter: -1000, width: 10000, pos: [0, 34], x0: -1000, scale: 1, axis: "step" };
  const span = state => (ctx, middle) => drawSpan (ctx, small, { state, a: 0, b: 1, step: 7, wait: "", detail: "" },
                                               middle - BAR_TOP - BAR / 2, 3);
  const line = (ctx, colour, width_px, points) =>
    {
      ctx.strokeStyle = c[colour];
      ctx.lineWidth = width_px;
      ctx.beginPath ();
      for (const [x, y] of points)
        ctx.lineTo (x, y);
      ctx.stroke ();
    };
  const arrow = colour => (ctx, middle) =>
    {
      line (ctx, colour, 1.5, [[2, middle], [28, middle]]);
      ctx.fillStyle = c[colour];
      arrowHead (ctx, 32, middle, 0);
    };
  const signs = [
    ["runs", span ("run")],
    ["could run", span ("ready")],
    ["waits", (ctx, middle) => line (ctx, "wait", 2, [[0, middle], [34, middle]])],
    ["wakes, starts", arrow ("wake")],
    ["message", arrow ("flow")],
    ["decision", (ctx, middle) => drawDecisionSign (ctx, c, 1, 22, middle)],
    ["cancelled", (ctx, middle) => drawCancelSign (ctx, c, 24, middle)],
    ["returned", (ctx, middle) => drawEndSign (ctx, c, "returned", 27, middle)],
    ["failed", (ctx, middle) => drawEndSign (ctx, c, "failed", 25, middle)],
    ["scope, cancelled", (ctx, middle) =>
      {
        line (ctx, "wake", 1.5, [[1, middle - 2], [1, middle + 2], [34, middle + 2]]);
        line (ctx, "cancel", 2, [[17, middle + 2], [34, middle + 2]]);
      }],
  ];

  const place = ctx =>
    {
      let x = 14, y = 15;
      ctx.textBaseline = "middle";
      return signs.map (([words, draw]) =>
        {
          ctx.font = "12px " + c.sans;
          const room = 34 + 6 + ctx.measureText (words).width;
          if (x + room > width - 8 && x > 14)
            {
              x = 14;
              y += 22;
            }
          const at = { words, draw, x, y };
          x += room + 13;
          return at;
        });
    };

  const places = place (canvas.getContext ("2d"));
  canvas.style.height = places[places.length - 1].y + 15 + "px";
  const { ctx } = prepare (canvas);
  for (const { words, draw, x, y } of places)
    {
      ctx.save ();
      ctx.translate (x, 0);
      draw (ctx, y);
      ctx.restore ();
      ctx.font = "12px " + c.sans;
      ctx.fillStyle = c.quiet;
      ctx.textAlign = "left";
      ctx.textBaseline = "middle";
      ctx.fillText (words, x + 40, y + 0.5);
    }
}
