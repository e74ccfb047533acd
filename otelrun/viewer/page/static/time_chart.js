/**
 * Requests as dots over time by duration, on a logarithmic scale. Failed ones are diamonds, larger and red. Many are drawn as shades of
 * how many there are, since more dots than pixels say nothing.
 */
import { diamondsPath, dotsPath, linearScale, logScale, logTicks, makePlot, timeAxis } from "./chart.js";
import { button, h, replace, svg } from "./dom.js";
import { count, duration, oneLine, shortDuration } from "./format.js";
import { densityOf } from "./statistics.js";

const MOST_DOTS = 4000;
const MOST_DIAMONDS = 200;
const CELL = 4;
const SHADES = 5;
const NEAR = 14;

/**
 * Make the chart.
 * @param {Object} calls `onZoom(from, to)` a time range in ns was chosen, or (null, null): all; `onChoose(index)` a row was clicked.
 * @returns {{element: HTMLElement, show: function(RequestRows, number[], Object|null, number), mark: function(number)}} `show` takes the rows, the indexes to
 *   draw, the time range or null, and the index of the selected row or -1.
 */
export function makeTimeChart({ onZoom, onChoose }) {
  const title = h("h2", {}, "Over time");
  const end = h("span", { class: "end" });
  const tip = h("div", { class: "tip", hidden: true });
  let shown = { rows: null, indexes: [], times: null, selected: -1 };
  let points = { xs: [], ys: [], indexes: [], isOrdered: false };
  let cursor = -1;
  const plot = makePlot({ label: "Requests over time by duration. Left and right arrow keys go from one to the next, Enter opens it.", draw, onBrush: (from, to) => onZoom(from, to), onPoint, onKey, margin: { left: 56, top: 6 } });
  const element = h("section", { class: "panel time-chart", "aria-label": "Requests over time" }, h("div", { class: "panel-head" }, title, end), h("div", { class: "plot-place" }, plot.element, tip));

  function draw() {
    const { rows, indexes, times } = shown;
    if (!rows) return;
    const [from, to, low, high] = rangeOf(rows, indexes, times);
    plot.x = linearScale(from, to, 0, plot.width);
    plot.y = logScale(low, high, plot.height, 0);
    plot.axes(timeAxis(plot.x, plot.width / 90), logTicks(low, high, plot.height / 24).map((tick) => [plot.y(tick), shortDuration(tick)]));
    points = placed(rows, indexes, plot);
    const good = pick(points, (index) => !rows.isFailed(index));
    const bad = pick(points, (index) => rows.isFailed(index));
    plot.layer.replaceChildren(...marks(good, "dots"), ...marks(bad, "is-bad"));
    drawRing();
    replace(title, "Over time ", h("span", { class: "dim" }, times ? `${duration(times.to - times.from)} of the run` : ""));
    replace(end, times ? button("All of the run", () => onZoom(null, null), { class: "link" }) : h("span", { class: "dim hint" }, "drag to zoom"));
  }

  function drawRing() {
    const place = points.indexes.indexOf(shown.selected);
    plot.over.replaceChildren(...(place < 0 ? [] : [svg("circle", { class: "dot-ring", cx: points.xs[place], cy: points.ys[place], r: 7 })]));
  }

  function onPoint(x, y, isClick) {
    const place = x === null ? -1 : nearest(points, x, y);
    if (place < 0) tip.hidden = true;
    else if (isClick) onChoose(points.indexes[place]);
    else say(place);
  }

  function say(place) {
    const { rows } = shown;
    const index = points.indexes[place];
    const failed = rows.isFailed(index) ? ` ✗ ${oneLine(rows.text("failure", index), 80)}` : "";
    tip.textContent = `${duration(rows.duration[index])} · ${rows.text("status", index) || "–"} · ${oneLine(rows.text("endpoint", index), 80)}${failed}`;
    tip.hidden = false;
    const left = Math.min(points.xs[place] + plot.margin.left + 12, plot.element.clientWidth - tip.offsetWidth - 4);
    tip.style.setProperty("left", `${Math.max(4, left)}px`);
    tip.style.setProperty("top", `${Math.max(0, points.ys[place] - 22)}px`);
  }

  function onKey(event) {
    const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
    if (event.key === "Enter" && points.indexes[cursor] !== undefined) onChoose(points.indexes[cursor]);
    else if (event.key === "Escape" && shown.times) onZoom(null, null);
    else if (step && points.indexes.length) {
      if (!points.isOrdered) points = placed(shown.rows, [...points.indexes].sort((a, b) => shown.rows.start[a] - shown.rows.start[b]), plot, true);
      cursor = Math.max(0, Math.min(points.indexes.length - 1, cursor + step));
      say(cursor);
    } else return false;
    return true;
  }

  return {
    element,
    show(rows, indexes, times, selected) {
      shown = { rows, indexes, times, selected };
      plot.element.setAttribute("aria-label", `${count(indexes.length, "request")} over time by duration. Left and right arrow keys go from one to the next, Enter opens it.`);
      plot.redraw();
    },
    /** Mark the selected row. */
    mark(selected) {
      shown.selected = selected;
      drawRing();
    },
  };
}

function rangeOf(rows, indexes, times) {
  let [from, to, low, high] = [Infinity, -Infinity, Infinity, 0];
  for (const index of indexes) {
    const start = rows.start[index];
    if (start < from) from = start;
    if (start > to) to = start;
    const took = rows.duration[index];
    if (took < low) low = took;
    if (took > high) high = took;
  }
  if (!indexes.length) [from, to, low, high] = [0, 1e9, 1e6, 1e8];
  if (times) [from, to] = [times.from, times.to];
  else {
    const beside = Math.max((to - from) * 0.015, 1e6);
    [from, to] = [Math.min(from, Math.max(0, from - beside)), to + beside];
  }
  low = Math.max(1e3, low) / 1.4;
  return [from, to, low, Math.max(high * 1.4, low * 8)];
}

function placed(rows, indexes, plot, isOrdered) {
  return { indexes, isOrdered, xs: Float64Array.from(indexes, (index) => plot.x(rows.start[index])), ys: Float64Array.from(indexes, (index) => plot.y(rows.duration[index])) };
}

function pick(points, isWanted) {
  const xs = [];
  const ys = [];
  points.indexes.forEach((index, place) => {
    if (!isWanted(index)) return;
    xs.push(points.xs[place]);
    ys.push(points.ys[place]);
  });
  return { xs, ys };
}

/** Draw points as dots (failed: diamonds), or as shaded cells where they are too many. */
function marks({ xs, ys }, kind) {
  if (!xs.length) return [];
  if (xs.length > (kind === "dots" ? MOST_DOTS : MOST_DIAMONDS)) return shades(xs, ys, kind);
  return [svg("path", kind === "dots" ? { class: "dots", d: dotsPath(xs, ys) } : { class: "diamonds", d: diamondsPath(xs, ys, 4.5) })];
}

function shades(xs, ys, kind) {
  const { cells, most } = densityOf(xs, ys, CELL);
  const parts = Array.from({ length: SHADES }, () => []);
  for (const [column, line, value] of cells) {
    const shade = Math.min(SHADES - 1, Math.floor((Math.log(value + 0.5) / Math.log(most + 1)) * SHADES));
    parts[Math.max(0, shade)].push(`M${column * CELL} ${line * CELL}h${CELL}v${CELL}h-${CELL}z`);
  }
  return parts.map((part, shade) => svg("path", { class: `cells ${kind} shade-${shade + 1}`, d: part.join("") }));
}

function nearest({ xs, ys }, x, y) {
  let best = -1;
  let least = NEAR * NEAR;
  for (let place = 0; place < xs.length; place += 1) {
    const distance = (xs[place] - x) ** 2 + (ys[place] - y) ** 2;
    if (distance < least) [best, least] = [place, distance];
  }
  return best;
}
