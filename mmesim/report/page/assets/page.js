
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

  // A limit is a dashed line with its name, on the axis that it belongs to.
  const limits = (chart) => (plot) => {
    const { ctx, bbox } = plot;
    ctx.save();
    ctx.strokeStyle = ctx.fillStyle = colour("--limit");
    ctx.lineWidth = devicePixelRatio;
    ctx.setLineDash([5 * devicePixelRatio, 4 * devicePixelRatio]);
    ctx.font = `${12 * devicePixelRatio}px sans-serif`;
    chart.limits.forEach((limit, number) => {
      const at = plot.valToPos(limit.value, limit.axis, true);
      ctx.beginPath();
      if (limit.axis === "x") {
        if (at < bbox.left || at > bbox.left + bbox.width) return;
        ctx.moveTo(at, bbox.top);
        ctx.lineTo(at, bbox.top + bbox.height);
        ctx.textAlign = at > bbox.left + bbox.width / 2 ? "right" : "left";
        ctx.fillText(limit.label, at + (ctx.textAlign === "right" ? -5 : 5) * devicePixelRatio, bbox.top + (14 + 14 * (number % 4)) * devicePixelRatio);
      } else {
        if (at < bbox.top || at > bbox.top + bbox.height) return;
        ctx.moveTo(bbox.left, at);
        ctx.lineTo(bbox.left + bbox.width, at);
        ctx.textAlign = "left";
        ctx.fillText(limit.label, bbox.left + 5 * devicePixelRatio, at - 5 * devicePixelRatio);
      }
      ctx.stroke();
    });
    ctx.restore();
  };

  const axis = (spec, size) => {
    const ink = colour("--ink"), grid = { stroke: colour("--rule"), width: 1 };
    const made = { label: spec.label, stroke: ink, grid, ticks: { stroke: grid.stroke, width: 1 }, size, labelSize: 24 };
    if (spec.marks.length) {
      made.splits = (plot, side, least, most) => spec.marks.map((mark) => mark[0]).filter((mark) => mark >= least * (1 - 1e-9) && mark <= most * (1 + 1e-9));
      made.filter = (plot, splits) => splits;
      made.values = (plot, splits) => splits.map((split) => (spec.marks.find((mark) => mark[0] === split) || ["", ""])[1]);
    } else {
      made.values = (plot, splits) => splits.map((split) => (split === null ? "" : shown(split)));
    }
    return made;
  };

  const draw = (chart) => {
    const place = document.getElementById(chart.id);
    const old = plots.get(chart.id);
    if (old) old.destroy();
    const series = [{ label: chart.x.label, value: (plot, value) => shown(value) }];
    const values = [chart.points];
    const bands = [];
    const dashes = [[], [8, 4], [2, 3], [10, 3, 2, 3]];
    chart.curves.forEach((curve, number) => {
      const stroke = colour(`--curve${number % 4}`);
      series.push({ label: curve.label, stroke, width: 2, dash: dashes[number % 4], points: { show: curve.values.length < 2 }, value: (plot, value) => shown(value) });
      values.push(curve.values);
      if (curve.low) {
        const high = values.length;
        series.push({ label: `${curve.label}, most`, stroke: "transparent", points: { show: false }, value: (plot, value) => shown(value) });
        series.push({ label: `${curve.label}, least`, stroke: "transparent", points: { show: false }, value: (plot, value) => shown(value) });
        values.push(curve.high, curve.low);
        bands.push({ series: [high, high + 1], fill: `color-mix(in srgb, ${stroke} 18%, transparent)` });
      }
    });
    const options = {
      width: Math.max(260, place.clientWidth), height: 320, series, bands,
      cursor: { drag: { x: true, y: false } },
      scales: { x: { time: false, distr: chart.x.log ? 3 : 1 }, y: { distr: chart.y.log ? 3 : 1, range: chart.y.log ? undefined : (plot, least, most) => [Math.min(0, least), most > 0 ? most * 1.15 : 1] } },
      axes: [axis(chart.x, 40), axis(chart.y, 64)],
      hooks: { draw: [limits(chart)] },
    };
    plots.set(chart.id, new uPlot(options, values, place));
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
