/**
 * A chart of lines over time with a reading at the pointer or the keys' cursor, and the same as a table.
 *
 * Lines differ by colour and by dashes. What the values mean is the caller's.
 */
import { linePath, linearScale, makePlot, ticks, timeAxis } from "./chart.js";
import { h, replace, setText, svg } from "./dom.js";
import { shortDuration } from "./format.js";

const READ = 8;
const LONGEST_TABLE = 240;

/**
 * Make the chart.
 * @param {string} label for screen readers; the keys are told after it.
 * @returns {LineChart}
 */
export function makeLineChart(label) {
  return new LineChart(label);
}

/** What `makeLineChart` gives: `element`, `show(…)` and `emphasise(index)`. */
class LineChart {
  constructor(label) {
    this.at = -1;
    this.data = null;
    this.emphasis = -1;
    this.tip = h("div", { class: "tip line-tip", hidden: true });
    this.said = h("span", { class: "off-screen", role: "status" });
    this.plot = makePlot({
      label: `${label}. Left and right read values.`, margin: { left: 62, right: 16, top: 10, bottom: 22 },
      draw: (plot) => this.draw(plot), onPoint: (x) => this.point(x), onKey: (event) => this.key(event.key),
    });
    this.rows = h("div", { class: "chart-rows", tabIndex: 0, role: "region", "aria-label": "Values" });
    this.table = h("details", { class: "chart-table", on: { toggle: () => this.fillTable() } }, h("summary", { text: "As a table" }), this.rows);
    this.element = h("div", { class: "line-chart" }, h("div", { class: "line-plot" }, this.plot.element, this.tip), this.said, this.table);
  }

  /**
   * Draw.
   * @param {Object} data
   * @param {number[]} data.times in ns since the run began.
   * @param {{label: string, look: string, values: (number|null)[]}[]} data.lines `look` is a class for colour and dashes.
   * @param {function(number|null): string} data.say says a value.
   * @param {function(number): string} data.sayShort says a value on the axis.
   */
  show(data) {
    this.data = data;
    if (this.at >= data.times.length) this.at = -1;
    this.plot.redraw();
    this.fillTable();
  }

  /** Let one line stand out; -1 lets none. */
  emphasise(index) {
    this.emphasis = index;
    this.plot.layer.querySelectorAll("path").forEach((path) => path.classList.toggle("is-faint", index >= 0 && path.dataset.line !== String(index)));
  }

  draw(plot) {
    if (!this.data) return;
    const { times, lines, sayShort } = this.data;
    const values = lines.flatMap((line) => line.values).filter(Number.isFinite);
    const lowest = Math.min(0, ...values);
    const highest = Math.max(...values, lowest + 1e-12);
    const round = ticks(lowest, highest, 4);
    const step = round.length > 1 ? round[1] - round[0] : highest - lowest;
    plot.x = linearScale(times[0], times[times.length - 1], 0, plot.width);
    plot.y = linearScale(lowest, Math.max(highest, Math.ceil(highest / step - 1e-9) * step), plot.height, 0);
    plot.axes(timeAxis(plot.x, Math.max(2, Math.floor(plot.width / 110))), ticks(plot.y.from, plot.y.to, 4).map((value) => [plot.y(value), sayShort(value)]));
    const xs = times.map(plot.x);
    replace(plot.layer, lines.map((line, index) => this.line(line, index, xs)));
    this.emphasise(this.emphasis);
    this.mark();
  }

  /** One line, with dots where a value has none beside it. */
  line({ look, values }, index, xs) {
    const ys = values.map((value) => (Number.isFinite(value) ? this.plot.y(value) : NaN));
    const alone = ys.map((y, at) => (Number.isFinite(y) && !Number.isFinite(ys[at - 1]) && !Number.isFinite(ys[at + 1]) ? `M${xs[at].toFixed(1)} ${y.toFixed(1)}h0` : "")).join("");
    return svg("path", { class: `line ${look}`, d: linePath(xs, ys) + alone, data: { line: index } });
  }

  point(x) {
    if (!this.data) return;
    const { times } = this.data;
    const time = x === null ? null : this.plot.x.invert(x);
    this.at = time === null ? -1 : times.reduce((best, each, at) => (Math.abs(each - time) < Math.abs(times[best] - time) ? at : best), 0);
    this.mark();
  }

  key(key) {
    if (!this.data) return false;
    const last = this.data.times.length - 1;
    const step = { ArrowRight: 1, ArrowLeft: -1, Home: -last - 1, End: last + 1 }[key];
    if (key === "Escape" && this.at >= 0) this.at = -1;
    else if (step) this.at = Math.max(0, Math.min(last, (this.at < 0 ? (step > 0 ? -1 : last + 1) : this.at) + step));
    else return false;
    this.mark();
    if (this.at >= 0) setText(this.said, `${shortDuration(rounded(this.data.times[this.at]))}: ${this.readings().map(([line, text]) => `${line.label} ${text}`).join(", ")}`);
    return true;
  }

  /** The lines' values at the cursor, the highest first. */
  readings() {
    const known = this.data.lines.filter((line) => Number.isFinite(line.values[this.at]));
    return known.sort((one, other) => other.values[this.at] - one.values[this.at]).map((line) => [line, this.data.say(line.values[this.at])]);
  }

  mark() {
    const { plot, at } = this;
    this.tip.hidden = at < 0;
    if (at < 0 || !plot.x) {
      replace(plot.over);
      return;
    }
    const x = plot.x(this.data.times[at]);
    const readings = this.readings();
    const dots = readings.map(([line]) => svg("circle", { class: `line-dot ${line.look}`, cx: x, cy: plot.y(line.values[at]), r: 3 }));
    replace(plot.over, svg("line", { class: "plot-cursor", x1: x, x2: x, y1: 0, y2: plot.height }), dots);
    const rows = readings.slice(0, READ).map(([line, text]) => h("div", { class: "tip-row" }, lineSample(line.look), h("span", { class: "clip", text: line.label }), h("b", { text })));
    const more = readings.length > READ && h("div", { class: "dim", text: `and ${readings.length - READ} more` });
    replace(this.tip, h("div", { class: "dim", text: `+${shortDuration(rounded(this.data.times[at]))}` }), rows, more, !rows.length && h("div", { text: "nothing measured" }));
    const isRight = x > plot.width / 2;
    this.tip.style.setProperty("left", isRight ? "auto" : `${plot.margin.left + x + 12}px`);
    this.tip.style.setProperty("right", isRight ? `${plot.margin.right + plot.width - x + 12}px` : "auto");
  }

  /** Write the table, once it is opened. */
  fillTable() {
    if (!this.table.open || !this.data) return;
    const { times, lines, say } = this.data;
    const head = h("tr", null, h("th", { scope: "col", text: "Time" }), lines.map((line) => h("th", { scope: "col", class: "number", text: line.label })));
    const rows = times.slice(-LONGEST_TABLE).map((time, place) => {
      const at = place + Math.max(0, times.length - LONGEST_TABLE);
      return h("tr", null, h("th", { scope: "row", text: `+${shortDuration(rounded(time))}` }), lines.map((line) => h("td", { class: "number", text: say(line.values[at]) })));
    });
    replace(this.rows, h("table", { class: "table" }, h("thead", null, head), h("tbody", null, rows)));
  }
}

/** Make a short piece of a line, for legends. */
export function lineSample(look) {
  return svg("svg", { class: "line-sample", width: 18, height: 8, "aria-hidden": "true" }, svg("path", { class: `line ${look}`, d: "M0 4H18" }));
}

function rounded(time) {
  return Math.round(time / 1e6) * 1e6;
}
