/**
 * A metric as the page shows it: its lines, its rows of figures, and one line in small. Pure: the document's metric in, values out.
 */
import { PORTIONS, distributionOf, endsOf, gridOf, groupsOf, haveSameBuckets, isAdditive, kindOf, levelLine, newestValue, percentileLines, rateLine } from "./series.js";
import { axisFormat, valueFormat } from "./units.js";

const MOST_LINES = 12;
export const PORTION_NAMES = PORTIONS.map((portion) => `p${portion * 100}`);

/** How the values of a metric's lines are said: `say` in full, `sayShort` on an axis, `sayNewest` for its newest value. */
export function formatsOf(metric) {
  const isRate = kindOf(metric.instrument) === "rate";
  return { say: valueFormat(metric.unit, isRate), sayShort: axisFormat(metric.unit, isRate), sayNewest: valueFormat(metric.unit) };
}

/** The series that have the attribute values of `only` (`{name: text}`). */
export function chosenSeries(metric, only) {
  const textOf = (value) => (typeof value === "string" ? value : JSON.stringify(value));
  return metric.series.filter((series) => Object.entries(only).every(([name, value]) => Object.hasOwn(series.attributes, name) && textOf(series.attributes[name]) === value));
}

/** A group's name: its own attributes and its process, or `whole` where it has neither. */
export function labelOf(group, whole) {
  const parts = Object.entries(group.attributes).map(([name, value]) => `${name} ${typeof value === "string" ? value : JSON.stringify(value)}`);
  if (group.pid !== null) parts.push(`${group.service} ${group.pid}`);
  return parts.join(" · ") || whole;
}

/** The values of some series on a grid. */
function lineOf(members, instrument, grid) {
  return kindOf(instrument) === "rate" ? rateLine(members, grid) : levelLine(members, grid, isAdditive(instrument));
}

const lookOf = (index) => `look-${index % MOST_LINES}`;

/**
 * What is drawn of a metric.
 *
 * @param {Object} metric as in the document
 * @param {Object} only attribute values to keep, by name
 * @param {boolean} isByProcess each process by itself, not all added up
 * @returns {{times: number[], lines: object[], rows: object[], shared: object, hidden: number, isMixed: boolean}} `times` is empty
 *   where there are not two points in time; `rows` has the figures of each group, largest first, those of `lines` before `hidden`
 *   others that have none; `isMixed` tells of histograms whose buckets differ, which have no common percentiles
 */
export function drawnMetric(metric, only, isByProcess) {
  const series = chosenSeries(metric, only).filter((one) => one.times.length);
  const grid = gridOf(series);
  const { shared, groups } = groupsOf(series, isByProcess);
  const times = grid ? endsOf(grid) : [];
  if (!series.length) return { times: [], lines: [], rows: [], shared: {}, hidden: 0, isMixed: false };
  if (kindOf(metric.instrument) === "histogram") return { times, shared, hidden: 0, ...drawnHistogram(series, groups, grid) };
  const rows = groups.map((group) => ({ group, label: labelOf(group, metric.name), newest: newestValue(group.members, metric.instrument) }));
  rows.sort((one, other) => other.newest - one.newest);
  const lines = rows.slice(0, MOST_LINES).map((row, index) => {
    row.look = lookOf(index);
    return { label: row.label, look: row.look, values: grid ? lineOf(row.group.members, metric.instrument, grid) : [] };
  });
  return { times, lines: grid ? lines : [], rows, shared, hidden: Math.max(0, rows.length - MOST_LINES), isMixed: false };
}

function drawnHistogram(series, groups, grid) {
  const isMixed = !haveSameBuckets(series);
  const rows = groups.filter((group) => haveSameBuckets(group.members)).map((group) => ({ group, label: labelOf(group, "all"), distribution: distributionOf(group.members) }));
  rows.sort((one, other) => other.distribution.count - one.distribution.count);
  if (isMixed) return { lines: [], rows, isMixed, whole: null };
  const percentiles = grid ? percentileLines(series, grid).lines : [];
  const lines = percentiles.map((values, index) => ({ label: PORTION_NAMES[index], look: `look-p${index}`, values }));
  return { lines, rows, isMixed, whole: distributionOf(series) };
}

/**
 * A metric in a row of the list.
 *
 * @returns {{values: (number|null)[], newest: number|null, what: string}} a line in small (empty without two points in time), the
 *   figure beside it, and what that is: "total", "now", "mean of 3", "≈ p95"
 */
export function metricSummary(metric) {
  const series = metric.series.filter((one) => one.times.length);
  const grid = gridOf(series);
  const kind = kindOf(metric.instrument);
  if (!series.length) return { values: [], newest: null, what: "" };
  if (kind === "histogram") {
    const members = series.filter((one) => haveSameBuckets([series[0], one]));
    const at = PORTIONS.indexOf(0.95);
    return { values: grid ? percentileLines(members, grid).lines[at] : [], newest: distributionOf(members).percentiles[at], what: "≈ p95" };
  }
  const isMean = !isAdditive(metric.instrument) && series.length > 1;
  const what = kind === "rate" ? "total" : isMean ? `mean of ${series.length}` : "now";
  return { values: grid ? lineOf(series, metric.instrument, grid) : [], newest: newestValue(series, metric.instrument), what };
}
