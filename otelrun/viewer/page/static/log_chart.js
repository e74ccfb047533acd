/** The bars above the log records: how many of each level there were over time. A stretch is chosen by drag, click or keys. */
import { barsPath, linearScale, makePlot, ticks, timeAxis } from "./chart.js";
import { h, replace, setText, svg } from "./dom.js";
import { count, shortDuration, shortNumber } from "./format.js";
import { LEVELS, levelBins } from "./levels.js";

const BAR = 7;

/**
 * Make the chart.
 * @param {function(number, number)} onRange called with from and to of a chosen stretch, ns.
 * @param {function()} onAll called to see all of the time again.
 * @returns {LogChart}
 */
export function makeLogChart(onRange, onAll) {
  return new LogChart(onRange, onAll);
}

/** What `makeLogChart` gives: `element`, and `show(table, rows, range)`. */
class LogChart {
  constructor(onRange, onAll) {
    Object.assign(this, { onRange, onAll, table: null, rows: [], from: 0, to: 1, bins: null, at: -1 });
    this.tip = h("div", { class: "tip", hidden: true });
    this.said = h("span", { class: "off-screen", role: "status" });
    this.plot = makePlot({
      label: "Log records by level over time. Left and right read, Enter zooms in, Escape zooms out.",
      margin: { left: 44, right: 16, top: 6, bottom: 18 },
      draw: (plot) => this.draw(plot),
      onBrush: (from, to) => this.onRange(from, to),
      onPoint: (x, y, isClick) => this.point(x, isClick),
      onKey: (event) => this.key(event.key),
    });
    this.element = h("div", { class: "log-chart" }, this.plot.element, this.tip, this.said);
  }

  /** Draw rows of a table over [from, to]. */
  show(table, rows, [from, to]) {
    Object.assign(this, { table, rows, from, to: Math.max(to, from + 1) });
    this.plot.redraw();
  }

  draw(plot) {
    if (!this.table) return;
    const number = Math.max(8, Math.floor(plot.width / BAR));
    this.bins = { ...levelBins(this.table.time, this.table.level, this.rows, this.from, this.to, number), number };
    plot.x = linearScale(this.from, this.to, 0, plot.width);
    plot.y = linearScale(0, Math.max(1, this.bins.most), plot.height, 0);
    const top = ticks(0, Math.max(1, this.bins.most), 2).filter((value) => Number.isInteger(value));
    plot.axes(timeAxis(plot.x, Math.max(2, Math.floor(plot.width / 110))), top.map((value) => [plot.y(value), shortNumber(value + 0)]));
    const below = new Float64Array(number);
    const paths = [...LEVELS.keys(), LEVELS.length].map((level) => this.bars(plot, level, below));
    plot.layer.replaceChildren(...paths.filter(Boolean));
    this.mark();
  }

  /** The bars of one level, on top of the milder ones. */
  bars(plot, level, below) {
    const counts = this.bins.counts[level];
    const each = plot.width / this.bins.number;
    const bars = [];
    for (let bin = 0; bin < counts.length; bin += 1) {
      if (!counts[bin]) continue;
      const bottom = plot.y(below[bin]);
      below[bin] += counts[bin];
      bars.push([bin * each, Math.max(1, each - 1), Math.min(plot.y(below[bin]), bottom - 1), bottom]);
    }
    const name = level < LEVELS.length ? LEVELS[level].name : "none";
    return bars.length ? svg("path", { class: `level-bars is-${name}`, d: barsPath(bars) }) : null;
  }

  point(x, isClick) {
    if (x === null || !this.bins) this.at = -1;
    else this.at = Math.max(0, Math.min(this.bins.number - 1, Math.floor((x / this.plot.width) * this.bins.number)));
    this.mark();
    if (isClick) this.zoom();
  }

  key(key) {
    if (!this.bins) return false;
    const last = this.bins.number - 1;
    const step = { ArrowRight: 1, ArrowLeft: -1, Home: -last - 1, End: last + 1 }[key];
    if (step) {
      this.at = Math.max(0, Math.min(last, (this.at < 0 ? (step > 0 ? -1 : last + 1) : this.at) + step));
      this.mark();
      setText(this.said, this.reading());
    } else if (key === "Enter" && this.at >= 0) this.zoom();
    else if (key === "Escape") this.onAll();
    else return false;
    return true;
  }

  zoom() {
    if (this.at < 0) return;
    const from = this.from + this.at * this.bins.width;
    this.at = -1;
    this.onRange(from, from + this.bins.width);
  }

  /** What the stretch under the cursor holds, in words. */
  reading() {
    const from = this.from + this.at * this.bins.width;
    const parts = LEVELS.map((level, index) => [this.bins.counts[index][this.at], level.word]).concat([[this.bins.counts[LEVELS.length][this.at], "without a level"]]);
    const told = parts.filter(([value]) => value > 0).reverse().map(([value, word]) => `${value} ${word}`);
    return `${shortDuration(Number(from.toPrecision(4)))}: ${told.join(", ") || count(0, "record")}`;
  }

  mark() {
    const { plot, bins, at } = this;
    this.tip.hidden = at < 0;
    if (at < 0 || !bins) {
      replace(plot.over);
      return;
    }
    const each = plot.width / bins.number;
    replace(plot.over, svg("rect", { class: "level-cursor", x: at * each, width: Math.max(1, each - 1), y: 0, height: plot.height }));
    setText(this.tip, this.reading());
    const left = plot.margin.left + (at + 0.5) * each;
    this.tip.style.setProperty(left > plot.width * 0.6 ? "right" : "left", left > plot.width * 0.6 ? `${plot.width + plot.margin.left + plot.margin.right - left + 8}px` : `${left + 8}px`);
    this.tip.style.removeProperty(left > plot.width * 0.6 ? "left" : "right");
  }
}
