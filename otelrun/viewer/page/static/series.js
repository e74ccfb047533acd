/**
 * What a metric's series say over time: rates of counters, levels of gauges, percentiles of histograms, each per process or
 * with the processes added up.
 *
 * Pure. A series holds cumulative points: a counter's sum, a histogram's counts; there is no point where nothing was measured
 * since the one before. Series are brought onto one grid of equal steps, so that those of several processes can be added.
 */

import { quantileOf } from "./quantiles.js";

const MOST_STEPS = 240;
const SHORTEST_STEP = 1e6;
export const PORTIONS = [0.5, 0.95, 0.99];

/** How an instrument is drawn: "rate" (per second), "level" (as it is) or "histogram" (percentiles). */
export function kindOf(instrument) {
  if (instrument.endsWith("histogram")) return "histogram";
  return instrument.endsWith("counter") && !instrument.includes("up_down") ? "rate" : "level";
}

/** Whether the values of several processes may be added: those of counters, not those of gauges. */
export function isAdditive(instrument) {
  return !instrument.endsWith("gauge");
}

/** The middle of the gaps between a series' points, all series together; 0 where none has two. */
function usualGap(series) {
  const gaps = [];
  for (const { times } of series) {
    for (let at = 1; at < times.length; at += 1) if (times[at] - times[at - 1] >= SHORTEST_STEP) gaps.push(times[at] - times[at - 1]);
  }
  gaps.sort((one, other) => one - other);
  return gaps.length ? gaps[Math.floor(gaps.length / 2)] : 0;
}

/**
 * The grid on which all of a metric's series are drawn, or null where there are not two times to draw a line between.
 *
 * Step k ends at `start + (k + 1) * step` and holds what came after the end of the one before.
 *
 * @param {{times: number[]}[]} series
 * @returns {{start: number, step: number, count: number, gap: number}|null} ns; `gap` is the usual distance of points
 */
export function gridOf(series) {
  const gap = usualGap(series);
  if (!gap) return null;
  let [first, last] = [Infinity, -Infinity];
  for (const { times } of series) {
    if (!times.length) continue;
    first = Math.min(first, times[0]);
    last = Math.max(last, times[times.length - 1]);
  }
  const count = Math.max(2, Math.min(MOST_STEPS, Math.round((last - first) / gap) + 1));
  const step = (last - first) / (count - 1);
  return { start: first - step, step, count, gap };
}

/** The times at which the steps of a grid end. */
export function endsOf(grid) {
  return Array.from({ length: grid.count }, (_, at) => grid.start + (at + 1) * grid.step);
}

/** The step that a time falls in. */
function stepOf(time, grid) {
  return Math.min(grid.count - 1, Math.max(0, Math.ceil((time - grid.start) / grid.step - 1e-6) - 1));
}

/**
 * Over which steps what a point adds is spread: those since the point before it, or since one usual distance where that is long
 * ago, since nothing was measured in between. Calls `take(step, share)`.
 */
function spread(times, at, grid, take) {
  const time = times[at];
  const isNear = at > 0 && time - times[at - 1] <= 1.5 * grid.gap;
  const from = Math.min(time - 1, Math.max(grid.start, isNear ? times[at - 1] : time - grid.gap));
  for (let step = stepOf(from + 1, grid); step <= stepOf(time, grid); step += 1) {
    const low = Math.max(from, grid.start + step * grid.step);
    const high = step === grid.count - 1 ? time : Math.min(time, grid.start + (step + 1) * grid.step);
    if (high > low) take(step, (high - low) / (time - from));
  }
}

/** By how much a cumulative value has grown at each point; where it fell it had begun anew. */
export function increments(values) {
  return values.map((value, at) => (at === 0 || value < values[at - 1] ? value : value - values[at - 1]));
}

/** What a histogram's buckets have grown by at each point; where any fell they had begun anew. */
export function countIncrements(counts) {
  return counts.map((now, at) => {
    const before = counts[at - 1];
    if (!before || before.length !== now.length || now.some((count, bucket) => count < before[bucket])) return now;
    return now.map((count, bucket) => count - before[bucket]);
  });
}

/** The sum of several counters per second. */
export function rateLine(members, grid) {
  const line = new Array(grid.count).fill(0);
  for (const series of members) {
    const grown = increments(series.values);
    grown.forEach((value, at) => spread(series.times, at, grid, (step, share) => { line[step] += value * share; }));
  }
  return line.map((sum) => sum / (grid.step / 1e9));
}

/** One series' newest value at the end of each step; null before its first. */
function heldLine(series, grid) {
  const line = new Array(grid.count).fill(null);
  for (let at = 0; at < series.times.length; at += 1) line[stepOf(series.times[at], grid)] = series.values[at];
  for (let at = 1; at < line.length; at += 1) if (line[at] === null) line[at] = line[at - 1];
  return line;
}

/** The values of several series, added up or (gauges) their mean; null where none has one yet. */
export function levelLine(members, grid, isSum) {
  const lines = members.map((series) => heldLine(series, grid));
  return Array.from({ length: grid.count }, (_, at) => {
    const values = lines.map((line) => line[at]).filter((value) => value !== null);
    if (!values.length) return null;
    const sum = values.reduce((total, value) => total + value, 0);
    return isSum ? sum : sum / values.length;
  });
}

/** Whether all histograms have the same buckets, so that they can be added. */
export function haveSameBuckets(members) {
  const first = JSON.stringify(members[0].boundaries);
  return members.every((series) => JSON.stringify(series.boundaries) === first);
}

function added(one, other, share = 1) {
  return other.map((count, bucket) => (one ? one[bucket] : 0) + count * share);
}

const lowest = (values) => (values.some(Number.isFinite) ? Math.min(...values.filter(Number.isFinite)) : null);
const highest = (values) => (values.some(Number.isFinite) ? Math.max(...values.filter(Number.isFinite)) : null);

/** The least and the largest measurement of several histograms; null where they do not tell. */
function extremesOf(members) {
  const newest = (name) => members.map((series) => (series[name] || [])[series.times.length - 1]);
  return [lowest(newest("min")), highest(newest("max"))];
}

/**
 * Percentiles over time of several histograms with the same buckets, about.
 *
 * @returns {{lines: (number|null)[][], counts: number[]}} a line for each of PORTIONS, null where nothing was measured; and
 *   how many measurements each step has
 */
export function percentileLines(members, grid) {
  const steps = new Array(grid.count).fill(null);
  for (const series of members) {
    const grown = countIncrements(series.counts);
    grown.forEach((counts, at) => spread(series.times, at, grid, (step, share) => { steps[step] = added(steps[step], counts, share); }));
  }
  const [least, largest] = extremesOf(members);
  const boundaries = members[0].boundaries;
  const lines = PORTIONS.map((portion) => steps.map((counts) => counts && quantileOf(counts, boundaries, portion, least, largest)));
  return { lines, counts: steps.map((counts) => (counts ? counts.reduce((sum, count) => sum + count, 0) : 0)) };
}

/** All increments of a counter, or its newest value where it never began anew. */
function totalOf(series) {
  return increments(series.values).reduce((sum, value) => sum + value, 0);
}

/** What several series say in all: a counter's total, a gauge's newest value. */
export function newestValue(members, instrument) {
  const filled = members.filter((series) => series.times.length);
  if (!filled.length) return null;
  if (kindOf(instrument) === "rate") return filled.reduce((sum, series) => sum + totalOf(series), 0);
  const sum = filled.reduce((total, series) => total + series.values[series.values.length - 1], 0);
  return isAdditive(instrument) ? sum : sum / filled.length;
}

/**
 * All measurements of several histograms with the same buckets.
 *
 * @returns {{count: number, sum: number, mean: number|null, min: number|null, max: number|null, counts: number[],
 *   boundaries: number[], percentiles: (number|null)[]}} percentiles for each of PORTIONS
 */
export function distributionOf(members) {
  const boundaries = members[0].boundaries;
  let counts = new Array(boundaries.length + 1).fill(0);
  let sum = 0;
  for (const series of members) {
    for (const grown of countIncrements(series.counts)) counts = added(counts, grown);
    sum += increments(series.sum).reduce((total, value) => total + value, 0);
  }
  const count = counts.reduce((total, value) => total + value, 0);
  const [min, max] = extremesOf(members);
  const percentiles = PORTIONS.map((portion) => quantileOf(counts, boundaries, portion, min, max));
  return { count, sum, mean: count ? sum / count : null, min, max, counts, boundaries, percentiles };
}

const keyOf = (attributes) => JSON.stringify(Object.entries(attributes).sort(([one], [other]) => (one < other ? -1 : 1)));

/**
 * The series of a metric as they are drawn: one group for each set of attributes, or for each process of each.
 *
 * @param {{attributes: object, pid: number, service: string}[]} series
 * @param {boolean} isByProcess
 * @returns {{shared: object, groups: {attributes: object, service: string, pid: number|null, members: object[]}[]}}
 *   `shared`: attributes that all have alike; a group's own `attributes` are the others
 */
export function groupsOf(series, isByProcess) {
  const byKey = new Map();
  for (const one of series) {
    const key = keyOf(one.attributes) + (isByProcess ? ` ${one.service} ${one.pid}` : "");
    if (byKey.has(key)) byKey.get(key).members.push(one);
    else byKey.set(key, { attributes: one.attributes, service: one.service, pid: isByProcess ? one.pid : null, members: [one] });
  }
  const groups = [...byKey.values()];
  const shared = Object.fromEntries(
    Object.entries(series.length ? series[0].attributes : {}).filter(([name, value]) =>
      groups.every((group) => JSON.stringify(group.attributes[name]) === JSON.stringify(value)),
    ),
  );
  for (const group of groups) {
    group.attributes = Object.fromEntries(Object.entries(group.attributes).filter(([name]) => !Object.hasOwn(shared, name)));
  }
  return { shared, groups };
}

/** The attribute values by which the series of a metric differ, for its filter: `[{name, values}]`. */
export function facetsOf(series) {
  const facets = new Map();
  for (const one of series) {
    for (const [name, value] of Object.entries(one.attributes)) {
      if (!facets.has(name)) facets.set(name, new Set());
      facets.get(name).add(typeof value === "string" ? value : JSON.stringify(value));
    }
  }
  return [...facets]
    .map(([name, values]) => ({ name, values: [...values].sort() }))
    .filter((facet) => facet.values.length > 1)
    .sort((one, other) => (one.name < other.name ? -1 : 1));
}
