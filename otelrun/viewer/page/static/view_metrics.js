/**
 * The metrics view: one row for each metric with a small line and its figure, the selected one opened beside it. What the runtime and
 * otelrun itself measure is folded away, so that it does not drown the program's own.
 */
import { sparkline } from "./chart.js";
import { button, h, icon, replace } from "./dom.js";
import { count, number, visible } from "./format.js";
import { makeList } from "./list.js";
import { matchesAll } from "./match.js";
import { makeMetricDetail } from "./metric_detail.js";
import { formatsOf, metricSummary } from "./metric_lines.js";
import { parseQuery } from "./query.js";
import { emptyView } from "./shell.js";
import { makeSplit } from "./split.js";
import { unitName } from "./units.js";

const AGAIN_MS = 1500;

/** Make the view. `context` is the page's. */
export function makeMetrics(context) {
  return new MetricsView(context);
}

class MetricsView {
  constructor(context) {
    this.context = context;
    this.state = null;
    this.metrics = null;
    this.summaries = new Map();
    this.rows = [];
    this.isOnFold = false;
    this.seen = -1;
    this.timer = 0;
    this.list = makeList({
      label: "Metrics", rowHeight: 48, makeRow, fillRow: (row, index) => this.fill(row, index),
      onSelect: (index) => this.select(index), onOpen: (index) => this.open(index),
    });
    this.list.element.classList.add("metric-list");
    this.metric = makeMetricDetail((choice) => this.choose(choice));
    this.detail = h("aside", { class: "scroll", "aria-label": "The selected metric", tabIndex: 0 });
    this.said = h("p", { class: "panel-head dim", role: "status" });
    this.body = makeSplit([this.said, this.list.element], this.detail, { key: "metrics-split", share: 40 });
    this.element = h("section", { class: "panel", "aria-label": "Metrics" }, this.body);
    const move = (key) => () => this.list.move(key);
    this.keys = { j: move("j"), k: move("k"), g: move("g"), G: move("G") };
  }

  /** Show what the address says: `metric` the selected one, `runtime` unfolds, `by` and `only` choose its series. */
  show(state) {
    this.state = state;
    if (this.metrics) this.draw();
    else this.load();
  }

  /** There may be more points; asked for again where there are, and not all the time. */
  update(run) {
    if (run.totals.metric_points === this.seen || this.timer) return;
    this.timer = setTimeout(() => {
      this.timer = 0;
      this.load();
    }, AGAIN_MS);
  }

  /** The run is left. */
  close() {
    clearTimeout(this.timer);
  }

  async load() {
    this.seen = this.context.run().totals.metric_points;
    let document;
    try {
      document = await this.context.source.get(`/api/run/${encodeURIComponent(this.context.runId)}/metrics`);
    } catch (error) {
      if (!this.metrics) replace(this.element, emptyView("The metrics cannot be shown", error.message));
      return;
    }
    this.metrics = document.metrics;
    this.summaries.clear();
    this.context.count("metrics", this.metrics.length);
    this.draw();
  }

  draw() {
    if (!this.metrics.length) {
      replace(this.element, emptyView("No metrics", "Counters, gauges and histograms of the program and of the libraries it uses appear here, about 5 s after they were measured first."));
      return;
    }
    if (this.body.parentElement !== this.element) replace(this.element, this.body);
    const terms = parseQuery(this.state.params.q || "");
    const asked = this.metrics.filter((metric) => isAskedFor(metric, terms));
    this.rows = rowsOf(asked, terms.length > 0 || Boolean(this.state.params.runtime));
    replace(this.said, asked.length === this.metrics.length ? count(asked.length, "metric") : `${number(asked.length)} of ${count(this.metrics.length, "metric")}`);
    this.list.setCount(this.rows.length);
    const wanted = this.rows.findIndex((row) => (this.isOnFold ? !row.metric : row.metric && keyOf(row.metric) === this.state.params.metric));
    this.list.select(wanted >= 0 ? wanted : this.rows.findIndex((row) => row.metric), { silent: true, scroll: wanted >= 0 });
    this.drawDetail();
  }

  drawDetail() {
    const row = this.rows[this.list.selected];
    if (!row || !row.metric) {
      replace(this.detail, this.rows.length ? emptyView("What the runtime and otelrun measure", "These metrics are folded away, so that they do not drown the program's own. Enter or a click unfolds them.") : emptyView("No metric is like this", "Take something out of the search."));
      return;
    }
    if (this.metric.element.parentElement !== this.detail) replace(this.detail, this.metric.element);
    this.metric.show(row.metric, this.only(), this.state.params.by === "process");
  }

  /** The attribute values to keep, as the address has them. */
  only() {
    try {
      const only = JSON.parse(this.state.params.only || "{}");
      return only && typeof only === "object" && !Array.isArray(only) ? only : {};
    } catch {
      return {};
    }
  }

  choose({ only, isByProcess }) {
    if (only) this.context.navigate({ only: Object.keys(only).length ? JSON.stringify(only) : "" });
    else this.context.navigate({ by: isByProcess ? "process" : "" });
  }

  select(index) {
    const { metric } = this.rows[index];
    this.isOnFold = !metric;
    if (metric) this.context.navigate({ metric: keyOf(metric), only: "" }, { replace: true });
    else this.drawDetail();
  }

  open(index) {
    if (this.rows[index].metric) this.select(index);
    else this.unfold();
  }

  /** Show the metrics of the runtime, or fold them away again. */
  unfold() {
    this.isOnFold = true;
    this.context.navigate({ runtime: this.state.params.runtime ? "" : "1" });
  }

  fill(element, index) {
    const { metric, folded, isOpen } = this.rows[index];
    const [name, spark, value] = element.children;
    element.classList.toggle("is-fold", !metric);
    if (!metric) {
      replace(name, button([icon("chevron"), `${count(folded, "metric")} of the runtime and of otelrun`], () => this.unfold(), { class: isOpen ? "fold is-open" : "fold", tabIndex: -1, "aria-expanded": String(Boolean(isOpen)) }));
      replace(spark);
      replace(value);
      return;
    }
    if (!this.summaries.has(metric)) this.summaries.set(metric, metricSummary(metric));
    const { values, newest, what } = this.summaries.get(metric);
    replace(name, h("b", { class: "clip", text: visible(metric.name, 160) }), h("span", { class: "dim clip", text: visible(metric.description || unitName(metric.unit) || metric.instrument, 200) }));
    name.title = visible(`${metric.name}: ${metric.description}`, 600);
    replace(spark, values.length > 0 && sparkline(values.map((one) => (one === null ? NaN : one)), { width: 96, height: 26, low: Math.min(0, ...values) }));
    replace(value, h("b", { text: formatsOf(metric).sayNewest(newest) }), h("span", { class: "dim", text: what }));
  }
}

/** What stands in the list: the program's own metrics, then the fold with the others. */
function rowsOf(metrics, isOpen) {
  const own = metrics.filter((metric) => !metric.is_runtime).map((metric) => ({ metric }));
  const others = metrics.filter((metric) => metric.is_runtime).map((metric) => ({ metric }));
  if (!others.length) return own;
  return [...own, { metric: null, folded: others.length, isOpen }, ...(isOpen ? others : [])];
}

function keyOf(metric) {
  return `${metric.name} ${metric.unit} ${metric.instrument}`;
}

function makeRow() {
  const cell = (name) => h("div", { role: "gridcell", class: name });
  return h("div", null, h("div", { role: "rowheader", class: "metric-name" }), cell("metric-spark"), cell("metric-value number"));
}

function isAskedFor(metric, terms) {
  const attributes = Object.create(null); // a program may name an attribute "constructor"
  for (const series of metric.series) for (const [name, value] of Object.entries(series.attributes)) (attributes[name.toLowerCase()] ||= []).push(value);
  const words = [metric.name, metric.description, metric.unit, ...Object.entries(attributes).flat(2)].join(" ").toLowerCase();
  const values = { name: metric.name, unit: metric.unit, service: metric.series.map((one) => one.service), pid: metric.series.map((one) => one.pid) };
  return matchesAll(terms, words, { ...attributes, ...values });
}
