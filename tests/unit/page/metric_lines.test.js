import assert from "node:assert/strict";
import { test } from "node:test";
import { chosenSeries, drawnMetric, metricSummary } from "../../../otelrun/viewer/page/static/metric_lines.js";

const SECOND = 1e9;
const TIMES = [0, 5 * SECOND, 10 * SECOND];
const series = (pid, attributes, values, more = {}) => ({ pid, service: "shop", attributes, times: TIMES, values, ...more });
const counter = {
  name: "orders", unit: "{order}", description: "", instrument: "counter",
  series: [series(1, { country: "de" }, [0, 5, 10]), series(2, { country: "de" }, [0, 5, 10]), series(1, { country: "at" }, [0, 20, 40])],
};
const buckets = (counts, boundaries = [1, 2]) => ({
  boundaries, counts: TIMES.map(() => counts), count: TIMES.map(() => 4), sum: TIMES.map(() => 6), min: TIMES.map(() => 1), max: TIMES.map(() => 2),
});

test("the lines of processes are added up, the largest first", () => {
  const { lines, rows } = drawnMetric(counter, {}, false);
  assert.deepEqual(rows.map((row) => [row.label, row.newest]), [["country at", 40], ["country de", 20]]);
  assert.deepEqual(lines[1].values, [0, 2, 2]);
});

test("each process can stand by itself", () => {
  assert.deepEqual(drawnMetric(counter, {}, true).rows.map((row) => row.label), ["country at · shop 1", "country de · shop 1", "country de · shop 2"]);
});

test("series are chosen by their attributes", () => {
  assert.equal(chosenSeries(counter, { country: "de" }).length, 2);
  assert.equal(chosenSeries(counter, { country: "ch" }).length, 0);
  assert.deepEqual(drawnMetric(counter, { country: "ch" }, false).lines, []);
});

test("more series than can be told apart are told by number", () => {
  const many = { ...counter, series: Array.from({ length: 15 }, (_, at) => series(1, { n: at }, [0, at, at])) };
  const { lines, rows, hidden } = drawnMetric(many, {}, false);
  assert.deepEqual([lines.length, rows.length, hidden], [12, 15, 3]);
  assert.equal(rows[12].look, undefined);
});

test("a histogram is drawn as percentiles of all chosen series", () => {
  const metric = { name: "took", unit: "s", description: "", instrument: "histogram", series: [series(1, { a: "x" }, [], buckets([0, 4, 0])), series(1, { a: "y" }, [], buckets([0, 4, 0]))] };
  const { lines, rows, whole } = drawnMetric(metric, {}, false);
  assert.deepEqual(lines.map((line) => line.label), ["p50", "p95", "p99"]);
  assert.equal(lines[0].values[0], 1.5);
  assert.deepEqual(rows.map((row) => row.distribution.count), [4, 4]);
  assert.equal(whole.count, 8);
  assert.equal(metricSummary(metric).what, "≈ p95");
});

test("histograms with different buckets have no percentiles in common", () => {
  const metric = { name: "took", unit: "s", description: "", instrument: "histogram", series: [series(1, { a: "x" }, [], buckets([0, 4, 0])), series(1, { a: "y" }, [], buckets([4, 0], [3]))] };
  const { lines, rows, isMixed } = drawnMetric(metric, {}, false);
  assert.deepEqual([lines.length, rows.length, isMixed], [0, 2, true]);
});

test("a metric measured once has figures and no line", () => {
  const once = { ...counter, series: [{ ...counter.series[0], times: [0], values: [3] }] };
  assert.deepEqual([drawnMetric(once, {}, false).lines, drawnMetric(once, {}, false).rows[0].newest], [[], 3]);
  assert.deepEqual(metricSummary(once), { values: [], newest: 3, what: "total" });
});

test("gauges are not added up", () => {
  const gauge = { ...counter, instrument: "gauge" };
  assert.deepEqual(metricSummary(gauge).what, "mean of 3");
  assert.equal(metricSummary({ ...gauge, series: [gauge.series[0]] }).what, "now");
});

test("a metric without a point says nothing", () => {
  assert.deepEqual(metricSummary({ ...counter, series: [] }), { values: [], newest: null, what: "" });
});
