/**
 * What charts are made of: scales, ticks, paths of lines and dots, and a plot with axes, a brush and a cursor. It draws what it is
 * given; what the values mean is the caller's. Many marks are one path, so that 10,000 dots are one element.
 */
import { h, onResize, oncePerFrame, svg } from "./dom.js";
import { shortDuration } from "./format.js";

/** Make a scale from values to px: a function, with `invert(px)`, `from` and `to`. */
export function linearScale(from, to, start, end) {
  const span = to - from || 1;
  const scale = (value) => start + ((value - from) / span) * (end - start);
  scale.invert = (px) => from + ((px - start) / (end - start || 1)) * span;
  return Object.assign(scale, { from, to });
}

/** Make a logarithmic scale; values below `from` are drawn at `from`. */
export function logScale(from, to, start, end) {
  const low = Math.log10(Math.max(from, 1e-12));
  const span = Math.log10(Math.max(to, 1e-12)) - low || 1;
  const scale = (value) => start + ((Math.log10(Math.max(value, from)) - low) / span) * (end - start);
  scale.invert = (px) => 10 ** (low + ((px - start) / (end - start || 1)) * span);
  return Object.assign(scale, { from, to });
}

/** Give about `wanted` round values within a range. */
export function ticks(from, to, wanted) {
  const rough = (to - from) / Math.max(1, wanted);
  if (!(rough > 0)) return [from];
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 5, 10].find((each) => each * power >= rough * 0.999) * power;
  return steps(from, to, step);
}

const TIME_STEPS = [1, 2, 5, 10, 20, 50, 100, 200, 500].flatMap((each) => [each, each * 1e3, each * 1e6]).sort((a, b) => a - b)
  .concat([1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 14400, 28800, 86400].map((each) => each * 1e9));

/** Give about `wanted` round times (ns) within a range. */
export function timeTicks(from, to, wanted) {
  const rough = (to - from) / Math.max(1, wanted);
  if (!(rough > 0)) return [from];
  const step = TIME_STEPS.find((each) => each >= rough * 0.999) || Math.ceil(rough / 86400e9) * 86400e9;
  return steps(from, to, step);
}

/** Give round values within a range for a logarithmic scale, at most `most`: powers of ten, and where there is room 2 and 5 times them. */
export function logTicks(from, to, most) {
  const within = (factors) => {
    const result = [];
    for (let power = Math.floor(Math.log10(from)); 10 ** power <= to; power += 1) {
      for (const factor of factors) if (factor * 10 ** power >= from * 0.999999 && factor * 10 ** power <= to * 1.000001) result.push(factor * 10 ** power);
    }
    return result;
  };
  for (const factors of [[1, 2, 5], [1, 3]]) if (within(factors).length <= most) return within(factors);
  const powers = within([1]);
  const every = Math.ceil(powers.length / Math.max(1, most));
  return powers.filter((_, index) => index % every === 0);
}

function steps(from, to, step) {
  const result = [];
  for (let index = Math.ceil(from / step - 1e-9); index * step <= to + step * 1e-9; index += 1) result.push(index * step);
  return result;
}

/** Give the `d` of a line through points; a value that is no number leaves a gap. */
export function linePath(xs, ys) {
  let path = "";
  let isDown = false;
  for (let index = 0; index < xs.length; index += 1) {
    if (Number.isFinite(ys[index])) path += `${isDown ? "L" : "M"}${round(xs[index])} ${round(ys[index])}`;
    isDown = Number.isFinite(ys[index]);
  }
  return path;
}

/** Give the `d` of dots: stroke it with round caps, and the stroke's width is their diameter. */
export function dotsPath(xs, ys) {
  const parts = new Array(xs.length);
  for (let index = 0; index < xs.length; index += 1) parts[index] = `M${round(xs[index])} ${round(ys[index])}h0`;
  return parts.join("");
}

/** Give the `d` of diamonds of a half width. */
export function diamondsPath(xs, ys, size) {
  const parts = new Array(xs.length);
  for (let index = 0; index < xs.length; index += 1) {
    parts[index] = `M${round(xs[index])} ${round(ys[index] - size)}l${size} ${size}l${-size} ${size}l${-size} ${-size}z`;
  }
  return parts.join("");
}

/** Give the `d` of bars: for each x its width, top and bottom. */
export function barsPath(bars) {
  return bars.map(([x, width, top, bottom]) => `M${round(x)} ${round(bottom)}V${round(top)}h${round(width)}V${round(bottom)}z`).join("");
}

function round(px) {
  return Math.round(px * 10) / 10;
}

/**
 * Make a small line without axes.
 * @param {number[]} values evenly spaced; NaN leaves a gap.
 * @param {Object} [options] `width`, `height` in px, `label` for screen readers (without it the line is decoration), `low` the lowest
 *   value of the scale (default: the smallest), `isBars` draws bars.
 */
export function sparkline(values, options) {
  const { width = 96, height = 20, label = "", low = null, isBars = false } = options || {};
  const known = values.filter(Number.isFinite);
  const bottom = low === null ? Math.min(...known) : low;
  const y = linearScale(bottom, Math.max(...known, bottom + 1e-12), height - 1.5, 1.5);
  const each = width / Math.max(1, isBars ? values.length : values.length - 1);
  const path = isBars
    ? svg("path", { class: "spark-bars", d: barsPath(values.map((value, index) => [index * each, Math.max(1, each - 1), value ? Math.min(y(value), height - 2) : height, height])) })
    : svg("path", { class: "spark-line", d: linePath(values.map((_, index) => index * each), values.map(y)) });
  const says = label ? { role: "img", "aria-label": label } : { "aria-hidden": "true" };
  return svg("svg", { class: "spark", width, height, viewBox: `0 0 ${width} ${height}`, ...says }, path);
}

/**
 * Make a plot: a frame with axes that fits its element, and tells when to draw.
 * @param {Object} options
 * @param {string} options.label what it shows, for screen readers.
 * @param {function(Plot)} options.draw draws into `plot.layer` (an SVG group; empty it first); called at first, on resize and by
 *   `plot.redraw()`. Set `plot.x` and `plot.y` (scales to px) in it, and call `plot.axes(xTicks, yTicks)`.
 * @param {Object} [options.margin] px: `left`, `right`, `top`, `bottom`.
 * @param {function(number, number)} [options.onBrush] a range of x was chosen, in the values of `plot.x`.
 * @param {function(number, number, boolean)} [options.onPoint] the pointer is at px x, y of the layer; (null, null) when it left;
 *   the last tells whether it was clicked.
 * @param {function(KeyboardEvent): boolean} [options.onKey] a key on the focused plot; true when it was used.
 * @returns {Plot} its `element` takes the size that CSS gives it.
 */
export function makePlot(options) {
  return new Plot(options);
}

/** What `makePlot` gives: `element`, `layer`, `over` (a group above it for cursors), `width` and `height` of the layer in px. */
export class Plot {
  constructor(options) {
    this.options = options;
    this.margin = { left: 52, right: 12, top: 10, bottom: 22, ...options.margin };
    this.width = 0;
    this.height = 0;
    this.x = null;
    this.y = null;
    this.grid = svg("g", { class: "plot-grid" });
    this.layer = svg("g", { class: "plot-layer" });
    this.over = svg("g", { class: "plot-over" });
    this.brush = svg("rect", { class: "plot-brush", y: 0, visibility: "hidden" });
    this.inner = svg("g", { transform: `translate(${this.margin.left} ${this.margin.top})` }, this.grid, this.layer, this.over, this.brush);
    this.picture = svg("svg", { class: "plot-picture", "aria-hidden": "true" }, this.inner);
    this.element = h("div", { class: "plot", role: options.onKey ? "application" : "img", "aria-label": options.label, tabIndex: options.onKey ? 0 : -1 }, this.picture);
    if (!options.onKey) this.element.removeAttribute("tabindex");
    this.redraw = oncePerFrame(() => this.width > 0 && this.height > 0 && options.draw(this));
    this.listen();
    onResize(this.element, (width, height) => this.resize(width, height));
  }

  resize(width, height) {
    this.width = Math.max(0, width - this.margin.left - this.margin.right);
    this.height = Math.max(0, height - this.margin.top - this.margin.bottom);
    this.picture.setAttribute("width", width);
    this.picture.setAttribute("height", height);
    this.brush.setAttribute("height", this.height);
    this.redraw();
  }

  /**
   * Draw the axes.
   * @param {Array<[number, string]>} xTicks px and text.
   * @param {Array<[number, string]>} yTicks px and text.
   */
  axes(xTicks, yTicks) {
    const lines = yTicks.map(([y]) => svg("line", { class: "grid-line", x1: 0, x2: this.width, y1: Math.round(y) + 0.5, y2: Math.round(y) + 0.5 }));
    const left = yTicks.map(([y, text]) => svg("text", { class: "tick", x: -8, y: y + 3.5, "text-anchor": "end" }, text));
    const below = xTicks.map(([x, text]) => {
      const anchor = x < 16 ? "start" : x > this.width - 16 ? "end" : "middle";
      return svg("text", { class: "tick", x, y: this.height + 15, "text-anchor": anchor }, text);
    });
    const marks = xTicks.map(([x]) => svg("line", { class: "grid-mark", x1: Math.round(x) + 0.5, x2: Math.round(x) + 0.5, y1: this.height, y2: this.height + 4 }));
    this.grid.replaceChildren(...lines, ...marks, ...left, ...below);
  }

  listen() {
    const { onBrush, onPoint, onKey } = this.options;
    let from = null;
    const at = (event) => {
      const box = this.picture.getBoundingClientRect();
      return [event.clientX - box.left - this.margin.left, event.clientY - box.top - this.margin.top];
    };
    const within = (x) => Math.max(0, Math.min(this.width, x));
    this.picture.addEventListener("pointerdown", (event) => {
      if (event.button !== 0) return;
      from = at(event)[0];
      if (onBrush) this.picture.setPointerCapture(event.pointerId);
    });
    this.picture.addEventListener("pointermove", (event) => {
      const [x, y] = at(event);
      const isBrushing = onBrush && from !== null && Math.abs(x - from) > 4;
      if (isBrushing) this.showBrush(within(Math.min(x, from)), within(Math.max(x, from)));
      else if (onPoint) onPoint(x, y, false);
    });
    this.picture.addEventListener("pointerup", (event) => {
      const [x, y] = at(event);
      this.brush.setAttribute("visibility", "hidden");
      if (from !== null && onBrush && Math.abs(x - from) > 4) onBrush(this.x.invert(within(Math.min(x, from))), this.x.invert(within(Math.max(x, from))));
      else if (from !== null && onPoint) onPoint(x, y, true);
      from = null;
    });
    this.picture.addEventListener("pointerleave", () => onPoint && onPoint(null, null, false));
    if (onKey) {
      this.element.addEventListener("keydown", (event) => {
        if (event.ctrlKey || event.metaKey || event.altKey || !onKey(event)) return;
        event.preventDefault();
        event.stopPropagation();
      });
    }
  }

  showBrush(from, to) {
    this.brush.setAttribute("x", from);
    this.brush.setAttribute("width", to - from);
    this.brush.setAttribute("visibility", "visible");
  }
}

/** Give ticks of a time axis, [px, text], for times in ns since the run began. */
export function timeAxis(scale, wanted) {
  return timeTicks(scale.from, scale.to, wanted).map((time) => [scale(time), shortDuration(time)]);
}
