
// Draws the charts and the table of models from the data of the page; everything else is there without it.
"use strict";
(() => {
  const data = JSON.parse(document.getElementById("data").textContent);
  const root = document.documentElement;
  const colour = (name) => getComputedStyle(root).getPropertyValue(name).trim();
  const plots = new Map();

  const shown = (value) => {
    if (value === null || value === undefined) return "-";
    if (Number.isInteger(value)) return value.toLocaleString("en");
    return Math.abs(value) >= 1e6 || (value !== 0 && Math.abs(value) < 1e-3) ? String(value) : value.toLocaleString("en", { maximumSignificantDigits: 4 });
  };

  const LETTERS = "12px sans-serif", LINE = 15, Y_AXIS = 88, RIGHT = 28;
  const pen = document.createElement("canvas").getContext("2d");
  pen.font = LETTERS;
  const fitted = (text, width) => {
    if (pen.measureText(text).width <= width) return text;
    while (text.length > 1 && pen.measureText(`${text}\u2026`).width > width) text = text.slice(0, -1);
    return `${text}\u2026`;
  };

  // Where the names of limits stand above the plot, in CSS pixels: from the right to the left, each in the lowest row
  // above all that it would touch, so that neither a name nor the line of another lies on it.
  const named = (chart, at, left, right) => {
    const placed = [];
    const across = chart.limits.filter((limit) => limit.axis === "x").map((limit) => ({ limit, x: at(limit.value) }));
    for (const { limit, x } of across.filter((one) => one.x >= left - 1 && one.x <= right + 1).sort((a, b) => b.x - a.x)) {
      const text = fitted(limit.label, right);
      const width = pen.measureText(text).width;
      const from = Math.max(0, Math.min(x + 4, right - width));
      const under = placed.filter((one) => from < one.from + one.width + 8 && one.from < from + width + 8);
      placed.push({ text, x, from, width, row: Math.max(-1, ...under.map((one) => one.row)) + 1 });
    }
    return placed;
  };

  // Where the name of a limit across stands, in CSS pixels: above or below its line, where fewest curves run through it.
  const clearest = (chart, plot, label, y, written) => {
    const dots = devicePixelRatio, width = pen.measureText(label).width;
    const left = plot.bbox.left / dots, right = left + plot.bbox.width / dots, bottom = (plot.bbox.top + plot.bbox.height) / dots;
    const at = plot.data[0].map((value) => plot.valToPos(value, "x", true) / dots);
    // A curve runs from each point to the next, of windows on the height of the first.
    const lines = chart.curves.map((curve) => curve.values.map((value) => (value === null ? NaN : plot.valToPos(value, "y", true) / dots)));
    const crossings = (spot) => {
      if (spot.top < 0 || spot.top + 14 > bottom || written.some((one) => Math.abs(one.top - spot.top) < 14 && Math.abs(one.left - spot.left) < Math.max(width, one.width) + 8)) return Infinity;
      let found = 0;
      for (const heights of lines)
        for (let number = 0; number + 1 < at.length; number += 1) {
          const [one, next] = [heights[number], heights[number + 1]];
          if (at[number + 1] < spot.left - 2 || at[number] > spot.left + width + 2) continue;
          if (Math.max(one, next) >= spot.top && Math.min(one, next) <= spot.top + 14) found += 1;
        }
      return found;
    };
    const spots = [y - 16, y + 3].flatMap((top) => [0, 0.25, 0.5, 0.75, 1].map((share) => ({ top, width, left: left + 5 + share * (right - left - width - 10) })));
    return spots.reduce((best, spot) => (crossings(spot) < crossings(best) ? spot : best));
  };
  const place = (value, spec, from, to) => (spec.log ? Math.log(value / from) / Math.log(to / from) : (value - from) / (to - from));

  // A limit is a dashed line with its name, on the axis that it belongs to.
  const limits = (chart) => (plot) => {
    const { ctx, bbox } = plot, dots = devicePixelRatio;
    ctx.save();
    ctx.strokeStyle = ctx.fillStyle = colour("--limit");
    ctx.lineWidth = dots;
    ctx.font = `${12 * dots}px sans-serif`;
    ctx.textAlign = "left";
    ctx.setLineDash([5 * dots, 4 * dots]);
    const line = (x0, y0, x1, y1) => { ctx.beginPath(); ctx.moveTo(x0, y0); ctx.lineTo(x1, y1); ctx.stroke(); };
    const at = (value) => plot.valToPos(value, "x", true) / dots;
    const names = named(chart, at, bbox.left / dots, (bbox.left + bbox.width) / dots);
    const above = (one) => bbox.top - (5 + LINE * one.row) * dots;
    names.forEach((one) => line(one.x * dots, above(one), one.x * dots, bbox.top + bbox.height));
    for (const one of names) {
      ctx.fillStyle = colour("--ground");
      ctx.fillRect(one.from * dots, above(one) - 11 * dots, one.width * dots, 14 * dots);
      ctx.fillStyle = colour("--limit");
      ctx.fillText(one.text, one.from * dots, above(one));
    }
    const written = [];
    for (const limit of chart.limits.filter((one) => one.axis === "y")) {
      const y = plot.valToPos(limit.value, "y", true);
      if (y < bbox.top || y > bbox.top + bbox.height) continue;
      line(bbox.left, y, bbox.left + bbox.width, y);
      const spot = clearest(chart, plot, limit.label, y / dots, written);
      written.push(spot);
      ctx.fillText(limit.label, spot.left * dots, (spot.top + 11) * dots);
    }
    ctx.restore();
  };

  // Round values of a logarithmic axis, as many as have room; of a narrow one the steps are equal.
  const DENSE = [[1, 2, 3, 4, 5, 6, 7, 8, 9], [1, 2, 3, 5, 7], [1, 2, 5], [1, 3], [1]];
  const gap = (steps) => Math.min(...steps.map((step, number) => Math.log10((steps[number + 1] || 10) / step)));
  const round = (least, most, length, room) => {
    const decades = Math.log10(most / least);
    const steps = DENSE.find((one) => (gap(one) * length) / decades >= room) || [1];
    const every = Math.max(1, Math.ceil((room * decades) / length));
    const found = [];
    for (let power = Math.floor(Math.log10(least)); power <= Math.ceil(Math.log10(most)); power += every)
      for (const step of steps) found.push(Number(`${step}e${power}`));
    const inside = found.filter((mark) => mark >= least * (1 - 1e-9) && mark <= most * (1 + 1e-9));
    if (inside.length > 2) return inside;
    const raw = (most - least) / 4, unit = 10 ** Math.floor(Math.log10(raw));
    const step = unit * [1, 2, 5, 10].find((one) => unit * one >= raw * (1 - 1e-9));
    const even = [];
    for (let count = Math.ceil(least / step); count * step <= most; count += 1) even.push(Number((count * step).toPrecision(6)));
    return even;
  };

  const axis = (spec, size) => {
    const ink = colour("--ink"), grid = { stroke: colour("--rule"), width: 1 };
    const made = { label: spec.label, stroke: ink, grid, ticks: { stroke: grid.stroke, width: 1 }, size, labelSize: 24 };
    if (spec.marks.length) {
      made.splits = (plot, side, least, most) => spec.marks.map((mark) => mark[0]).filter((mark) => mark >= least * (1 - 1e-9) && mark <= most * (1 + 1e-9));
      made.filter = (plot, splits) => splits;
      made.values = (plot, splits) => splits.map((split) => (spec.marks.find((mark) => mark[0] === split) || ["", ""])[1]);
    } else {
      if (spec.log) {
        made.splits = (plot, side, least, most) => (side === 0 ? round(least, most, plot.width - Y_AXIS - RIGHT, 52) : round(least, most, 230, 22));
        made.filter = (plot, splits) => splits;
      }
      made.values = (plot, splits) => splits.map((split) => (split === null ? "" : shown(split)));
    }
    return made;
  };

  // A legend has no values before a place of the chart is pointed at.
  const hovered = (index) => index !== null && index !== undefined;

  const draw = (chart) => {
    const where = document.getElementById(chart.id);
    const old = plots.get(chart.id);
    if (old) old.destroy();
    const series = [{ label: chart.x.label, value: (plot, value, side, index) => (hovered(index) ? shown(value) : "") }];
    const values = [chart.points];
    const bands = [];
    // The value of a window holds until the next one begins.
    const paths = chart.steps ? { paths: uPlot.paths.stepped({ align: 1 }) } : {};
    const dashes = [[], [8, 4], [2, 3], [10, 3, 2, 3]];
    chart.curves.forEach((curve, number) => {
      const stroke = colour(curve.colour);
      const value = (plot, value, side, index) => {
        if (!hovered(index)) return "";
        return !curve.low || value === null || value === undefined ? shown(value) : `${shown(value)} (${shown(curve.low[index])} to ${shown(curve.high[index])})`;
      };
      series.push({ label: curve.label, stroke, width: 2, dash: dashes[number % 4], points: { show: curve.values.length < 2 }, value, ...paths });
      values.push(curve.values);
      if (curve.low) {
        const high = values.length;
        for (const bound of ["most", "least"]) series.push({ label: `${curve.label}, ${bound}`, class: "bound", stroke: "transparent", points: { show: false }, ...paths });
        values.push(curve.high, curve.low);
        bands.push({ series: [high, high + 1], fill: `color-mix(in srgb, ${stroke} 18%, transparent)` });
      }
    });
    // Limits across are part of the axis: how far a curve is from one is what there is to see.
    const across = chart.limits.filter((limit) => limit.axis === "y").map((limit) => limit.value);
    const reach = (least, most) => (least === null ? [least, most] : [Math.min(least, ...across), Math.max(most, ...across)]);
    const tall = (plot, least, most) => {
      const [low, high] = reach(least, most);
      if (chart.y.log) return uPlot.rangeLog(low, high, 10, false);
      return [Math.min(0, low), high > 0 ? high * 1.15 : 1];
    };
    const width = Math.max(260, where.clientWidth), [first, last] = [chart.points[0], chart.points[chart.points.length - 1]];
    const guess = (value) => Y_AXIS + (width - Y_AXIS - RIGHT) * place(value, chart.x, first, last);
    const rows = Math.max(0, ...named(chart, guess, Y_AXIS, width - RIGHT).map((one) => one.row + 1));
    const options = {
      width, height: 320 + LINE * rows, series, bands, padding: [10 + LINE * rows, RIGHT, 0, 0],
      cursor: {
        drag: { x: true, y: false },
        dataIdx: (plot, number, nearest, value) => (chart.steps && nearest > 0 && plot.data[0][nearest] > value ? nearest - 1 : nearest),
      },
      scales: { x: { time: false, distr: chart.x.log ? 3 : 1, range: chart.x.log ? (plot, least, most) => [least, most] : undefined }, y: { distr: chart.y.log ? 3 : 1, range: chart.y.log && !across.length ? undefined : tall } },
      axes: [axis(chart.x, 40), axis(chart.y, 64)],
      hooks: { draw: [limits(chart)] },
    };
    plots.set(chart.id, new uPlot(options, values, where));
  };
  const redraw = () => (data.charts || []).forEach(draw);

  // A cell that a spreadsheet would take for a formula is made a text.
  const cell = (value) => {
    if (value === null) return "";
    let text = String(value);
    if (typeof value === "string" && /^[=+\-@\t\r]/.test(text)) text = `'${text}`;
    return /[",\n\r]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
  };
  const models = (given) => {
    const table = new DataTable("#model-table", {
      data: given.rows, deferRender: true, autoWidth: false, order: [[2, "desc"]], pageLength: 25,
      columns: given.columns.map((column) => ({
        title: column.title,
        visible: !column.minor || root.clientWidth > 640,
        className: column.text ? "left" : "right",
        type: column.text ? "string" : "num",
        render: (value, kind) => (kind !== "display" ? value : column.text ? DataTable.render.text().display(value === null ? "-" : value) : shown(value)),
      })),
      language: { search: "Search models:", lengthMenu: "_MENU_ models a page" },
    });
    document.getElementById("model-csv").addEventListener("click", () => {
      const kept = table.rows({ search: "applied", order: "applied" }).data().toArray();
      const lines = [given.columns.map((column) => column.title), ...kept].map((row) => row.map(cell).join(","));
      const link = document.createElement("a");
      link.href = URL.createObjectURL(new Blob([lines.join("\r\n") + "\r\n"], { type: "text/csv" }));
      link.download = "models.csv";
      link.click();
      URL.revokeObjectURL(link.href);
    });
  };

  redraw();
  if (data.models) models(data.models);
  let width = root.clientWidth;
  addEventListener("resize", () => {
    if (root.clientWidth !== width) { width = root.clientWidth; redraw(); }
  });
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", redraw);
  addEventListener("beforeprint", () => { root.classList.add("paper"); redraw(); });
  addEventListener("afterprint", () => { root.classList.remove("paper"); redraw(); });
})();
