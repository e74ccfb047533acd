/** What the metrics view shows of one metric: its lines over time, its figures by series, and how its measurements are spread. */
import { button, h, replace } from "./dom.js";
import { count, number, percent, visible } from "./format.js";
import { lineSample, makeLineChart } from "./line_chart.js";
import { PORTION_NAMES, drawnMetric, formatsOf } from "./metric_lines.js";
import { bucketsOf } from "./quantiles.js";
import { keepingPlace } from "./redraw.js";
import { facetsOf, kindOf } from "./series.js";
import { unitName } from "./units.js";

const MOST_FACETS = 6;

/**
 * Make the panel.
 * @param {function(Object)} onChoose called with what was chosen: `{only}` (attribute values by name) or `{isByProcess}`.
 * @returns {MetricDetail}
 */
export function makeMetricDetail(onChoose) {
  return new MetricDetail(onChoose);
}

/** What `makeMetricDetail` gives: `element`, and `show(metric, only, isByProcess)`. */
class MetricDetail {
  constructor(onChoose) {
    this.onChoose = onChoose;
    this.metric = null;
    this.chart = null;
    this.head = h("div", {});
    this.choices = h("div", { class: "metric-choices" });
    this.plotPlace = h("div", {});
    this.legend = h("p", { class: "legend-lines soft" }); // the table below names the lines of other metrics
    this.figures = h("div", { class: "metric-figures" });
    this.element = h("div", { class: "sheet" }, this.head, this.choices, this.plotPlace, this.figures);
  }

  /** Show a metric; the chart and the focus stay where the metric is the same. */
  show(metric, only, isByProcess) {
    if (!this.metric || this.metric.name !== metric.name) {
      this.chart = makeLineChart(`${metric.name} over time`);
      this.drawn = "";
    }
    this.metric = metric;
    this.formats = formatsOf(metric);
    const drawn = drawnMetric(metric, only, isByProcess);
    replace(this.head, headOf(metric, drawn));
    this.drawChoices(only, isByProcess);
    this.drawChart(drawn);
    keepingPlace(this.figures, () => replace(this.figures, kindOf(metric.instrument) === "histogram" ? this.histogramFigures(drawn) : this.lineFigures(drawn)));
  }

  /** The choices, made anew only where they are others: somebody may have the focus on one. */
  drawChoices(only, isByProcess) {
    const { metric } = this;
    const facets = facetsOf(metric.series).slice(0, MOST_FACETS);
    const processes = new Set(metric.series.map((series) => `${series.service} ${series.pid}`)).size;
    const drawn = JSON.stringify([metric.name, facets, processes, only, isByProcess]);
    if (drawn === this.drawn) return;
    this.drawn = drawn;
    const selects = facets.map((facet) => this.facet(facet, only));
    const process = processes > 1 && h("label", { class: "check" }, h("input", { type: "checkbox", checked: isByProcess, on: { change: (event) => this.onChoose({ isByProcess: event.target.checked }) } }), `each of ${number(processes)} processes by itself`);
    replace(this.choices, selects, process);
  }

  facet({ name, values }, only) {
    const select = h("select", { class: "field", "aria-label": name, on: { change: () => {
      const { [name]: _, ...others } = only;
      this.onChoose({ only: select.value ? { ...others, [name]: select.value } : others });
    } } }, h("option", { value: "", text: `${visible(name, 60)}: all` }), values.map((value) => h("option", { value, text: `${visible(name, 60)}: ${visible(value, 80)}` })));
    select.value = only[name] || "";
    return select;
  }

  drawChart({ times, lines, isMixed }) {
    if (!lines.length) {
      const why = isMixed ? "These histograms have different buckets, so that they have no percentiles in common." : "Measured at one moment only: a line needs two points in time.";
      replace(this.plotPlace, h("p", { class: "dim metric-note", text: why }));
      return;
    }
    this.chart.show({ times, lines, say: this.formats.say, sayShort: this.formats.sayShort });
    const isHistogram = kindOf(this.metric.instrument) === "histogram";
    replace(this.legend, isHistogram && lines.map((line) => h("span", { class: "legend-line" }, lineSample(line.look), line.label)));
    if (this.chart.element.parentElement !== this.plotPlace) replace(this.plotPlace, this.legend, this.chart.element);
  }

  lineFigures({ rows, lines, hidden }) {
    const isRate = kindOf(this.metric.instrument) === "rate";
    const ends = lines.map((line) => line.values[line.values.length - 1]);
    const head = ["Series", ...(isRate && lines.length ? ["Per second, last"] : []), isRate ? "Total" : "Last"];
    const body = rows.map((row, index) => h("tr", { on: { pointerenter: () => row.look && this.chart.emphasise(index), pointerleave: () => this.chart.emphasise(-1) } },
      h("th", { scope: "row" }, this.name(row, lines.length > 0)),
      isRate && lines.length > 0 && h("td", { class: "number", text: index < ends.length ? this.formats.say(ends[index]) : "–" }),
      h("td", { class: "number", text: this.formats.sayNewest(row.newest) })));
    const note = hidden > 0 && lines.length > 0 && h("p", { class: "dim metric-note", text: `The ${rows.length - hidden} largest of ${rows.length} are drawn; choose by attribute to see others.` });
    return [figures(head, body, "Figures of each series"), note];
  }

  histogramFigures({ rows, whole }) {
    const { say } = this.formats;
    const head = ["Series", "Count", "Mean", ...PORTION_NAMES.map((name) => `≈ ${name}`), "Max"];
    const body = rows.map((row) => {
      const { count: measured, mean, percentiles, max } = row.distribution;
      return h("tr", null, h("th", { scope: "row" }, this.name(row, false)), h("td", { class: "number", text: number(measured) }), [mean, ...percentiles, max].map((value) => h("td", { class: "number", text: say(value) })));
    });
    const note = h("p", { class: "dim metric-note", text: "Percentiles are about: measurements are only known by bucket." });
    return [figures(head, body, "Figures of each series"), whole && distributionChart(whole, this.formats), note];
  }

  /** A series' name; where its attributes can be chosen, it chooses them. */
  name(row, hasLook) {
    const label = h("span", { class: "clip", text: visible(row.label, 300), title: visible(row.label, 600) });
    const sample = hasLook && (row.look ? lineSample(row.look) : h("span", { class: "line-sample" }));
    const own = Object.entries(row.group.attributes);
    if (!own.length) return h("span", { class: "series-name" }, sample, label);
    const only = Object.fromEntries(own.map(([name, value]) => [name, typeof value === "string" ? value : JSON.stringify(value)]));
    return h("span", { class: "series-name" }, sample, button(label, () => this.onChoose({ only }), { class: "link", title: "Show this one alone" }));
  }
}

function headOf(metric, { shared, rows }) {
  const kind = { rate: "counter, drawn per second", level: metric.instrument.replaceAll("_", " "), histogram: "histogram" }[kindOf(metric.instrument)];
  const facts = [kind, unitName(metric.unit) && `unit: ${visible(unitName(metric.unit), 60)}`, count(rows.length, "series", "series")].filter(Boolean);
  const alike = Object.entries(shared).map(([name, value]) => h("span", { class: "badge", text: `${visible(name, 60)} ${visible(value, 80)}` }));
  return [
    h("h2", { class: "sheet-title" }, visible(metric.name, 200)),
    metric.description && h("p", { class: "soft", text: visible(metric.description, 600) }),
    h("p", { class: "dim", text: facts.join(" · ") }), alike.length > 0 && h("p", { class: "badges" }, alike),
  ];
}

function figures(head, body, label) {
  return h("div", { class: "figures", role: "region", "aria-label": label, tabIndex: 0 }, h("table", { class: "table" },
    h("thead", null, h("tr", null, head.map((text, at) => h("th", { scope: "col", class: at ? "number" : null, text })))), h("tbody", null, body)));
}

/** How many measurements fell into each bucket, as a table with bars. */
function distributionChart({ counts, boundaries, count: total }, { sayShort }) {
  const buckets = bucketsOf(counts, boundaries);
  const most = Math.max(1, ...buckets.map((bucket) => bucket.count));
  const name = ({ low, high }) => (low === null ? `up to ${sayShort(high)}` : high === null ? `over ${sayShort(low)}` : `${sayShort(low)} – ${sayShort(high)}`);
  const rows = buckets.map((bucket) => h("tr", null,
    h("th", { scope: "row", class: "number", text: bucket.low === null && bucket.high === null ? "all" : name(bucket) }),
    h("td", { class: "bucket-bar" }, bucket.count > 0 && h("span", { class: "bucket-fill", style: { width: `${(bucket.count / most) * 100}%` } })),
    h("td", { class: "number", text: number(bucket.count) }), h("td", { class: "number dim", text: percent(bucket.count / total) })));
  return h("section", null, h("h3", { text: "How the measurements are spread" }), h("table", { class: "distribution" },
    h("thead", { class: "off-screen" }, h("tr", null, ["From – to", "Share", "Count", "Percent"].map((text) => h("th", { scope: "col", text })))), h("tbody", null, rows)));
}
