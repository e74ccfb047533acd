/** A trace at a glance: all its spans as thin lines over time. Drag to look at a range of it; for traces of many spans. */
import { barsPath, linearScale, makePlot } from "./chart.js";
import { hueOf } from "./colours.js";
import { button, h, svg } from "./dom.js";

const LEAST = 30;
const MOST_LINES = 400;

/**
 * Make a minimap.
 * @param {function([number, number])} onRange called with the range to show, in ns.
 */
export function makeMinimap(onRange) {
  let items = [];
  let whole = [0, 1];
  let range = whole;
  const plot = makePlot({ label: "All spans of the trace over time", draw, onBrush: (from, to) => choose([from, to]), margin: { left: 0, right: 0, top: 3, bottom: 3 } });
  const all = button("whole trace", () => choose(whole), { class: "link minimap-all", hidden: true });
  const element = h("div", { class: "minimap", hidden: true }, plot.element, all);

  function choose(next) {
    mark(next);
    onRange(next);
  }

  function mark(next) {
    const isWhole = next[0] === whole[0] && next[1] === whole[1];
    range = isWhole ? whole : next;
    all.hidden = isWhole;
    plot.redraw();
  }

  function draw() {
    plot.x = linearScale(whole[0], whole[1], 0, plot.width);
    const spans = items.filter((item) => item.span);
    const each = Math.max(1, Math.ceil(spans.length / Math.min(MOST_LINES, Math.max(8, plot.height / 1.5))));
    const lines = Math.ceil(spans.length / each);
    const step = plot.height / Math.max(1, lines);
    const paths = new Map();
    spans.forEach((item, place) => {
      const { span } = item;
      const kind = span.status === "error" ? "is-failed" : hueOf(span.category);
      const top = Math.floor(place / each) * step;
      if (!paths.has(kind)) paths.set(kind, []);
      paths.get(kind).push([plot.x(span.start), Math.max(0.8, plot.x(span.start + span.duration) - plot.x(span.start)), top, top + Math.max(1, step * 0.7)]);
    });
    const order = [...paths].sort((a, b) => (a[0] === "is-failed") - (b[0] === "is-failed"));
    plot.layer.replaceChildren(...order.map(([kind, bars]) => svg("path", { class: `map-bars ${kind}`, d: barsPath(bars) })));
    const [left, right] = [plot.x(range[0]), plot.x(range[1])];
    plot.over.replaceChildren(...(range === whole ? [] : [svg("rect", { class: "map-out", x: 0, y: -3, width: left, height: plot.height + 6 }), svg("rect", { class: "map-out", x: right, y: -3, width: Math.max(0, plot.width - right), height: plot.height + 6 })]));
  }

  return {
    element,
    /** Whether items are many enough for a minimap. */
    isShown: (next) => next.length >= LEAST,
    /** Mark a range that was chosen elsewhere. */
    mark,
    show(next, extent) {
      items = next;
      whole = range = extent;
      all.hidden = true;
      element.hidden = items.length < LEAST;
      plot.redraw();
    },
  };
}
