import assert from "node:assert/strict";
import { test } from "node:test";
import {
  countIncrements, distributionOf, facetsOf, gridOf, groupsOf, increments, isAdditive, kindOf, levelLine, newestValue,
  percentileLines, rateLine,
} from "../../../otelrun/viewer/page/static/series.js";

const SECOND = 1e9;
const at = (...seconds) => seconds.map((second) => second * SECOND);

test("counters are rates, histograms percentiles, all else a level", () => {
  assert.deepEqual(["counter", "observable_counter", "up_down_counter", "observable_up_down_counter", "gauge", "histogram"].map(kindOf), [
    "rate", "rate", "level", "level", "level", "histogram",
  ]);
  assert.equal(isAdditive("observable_gauge"), false);
  assert.equal(isAdditive("observable_up_down_counter"), true);
});

test("a counter that fell has begun anew", () => {
  assert.deepEqual(increments([5, 8, 2, 4]), [5, 3, 2, 2]);
});

test("a histogram whose buckets fell has begun anew", () => {
  assert.deepEqual(countIncrements([[1, 2], [2, 2], [0, 1]]), [[1, 2], [1, 0], [0, 1]]);
});

test("the grid's step is the usual distance of points", () => {
  const grid = gridOf([{ times: at(0, 5, 10, 15) }, { times: at(0, 5, 15) }]);
  assert.deepEqual(grid, { start: -5 * SECOND, step: 5 * SECOND, count: 4, gap: 5 * SECOND });
});

test("one point makes no line", () => {
  assert.equal(gridOf([{ times: at(3) }, { times: at(3) }]), null);
  assert.equal(gridOf([]), null);
});

test("a long run has no more steps than can be drawn", () => {
  const times = Array.from({ length: 5000 }, (_, second) => second * SECOND);
  assert.equal(gridOf([{ times }]).count, 240);
});

test("the rates of processes are added, and a step without a point is zero", () => {
  const one = { times: at(0, 5, 15), values: [5, 10, 20] };
  const other = { times: at(0, 5, 10, 15), values: [0, 5, 10, 15] };
  assert.deepEqual(rateLine([one, other], gridOf([one, other])), [1, 2, 1, 3]);
});

test("processes whose points are not at the same time make no zigzag", () => {
  const one = { times: at(0, 5, 10, 15, 20), values: [5, 10, 15, 20, 25] };
  const other = { times: at(2, 7, 12, 17, 22), values: [5, 10, 15, 20, 25] };
  const line = rateLine([one, other], gridOf([one, other]));
  assert.ok(line.slice(1, -1).every((rate) => Math.abs(rate - 2) < 0.01), String(line));
});

test("what was counted after a long silence was counted at its end", () => {
  const idle = { times: at(0, 5, 10, 100), values: [0, 1, 2, 12] };
  const line = rateLine([idle], gridOf([idle]));
  assert.equal(line[line.length - 1], 2);
  assert.equal(line[5], 0);
});

test("a level holds until it is measured anew, and is unknown before its first measurement", () => {
  const one = { times: at(0, 15), values: [4, 8] };
  const other = { times: at(5, 10, 15), values: [2, 4, 4] };
  const grid = gridOf([one, other]);
  assert.deepEqual(levelLine([one], grid, true), [4, 4, 4, 8]);
  assert.deepEqual(levelLine([one, other], grid, true), [4, 6, 8, 12]);
  assert.deepEqual(levelLine([one, other], grid, false), [4, 3, 4, 6]);
  assert.deepEqual(levelLine([other], grid, true), [null, 2, 4, 4]);
});

const histogram = (times, counts, extra = {}) => ({
  times, counts, boundaries: [1, 2], values: [], sum: counts.map((row) => row.length), min: times.map(() => null), max: times.map(() => null), ...extra,
});

test("percentiles are those of the measurements in each step, with the processes added", () => {
  const one = histogram(at(0, 5), [[0, 2, 0], [4, 2, 0]]);
  const other = histogram(at(0, 5), [[0, 2, 0], [0, 2, 0]]);
  const { lines, counts } = percentileLines([one, other], gridOf([one, other]));
  assert.deepEqual(lines[0], [1.5, 0.5]);
  assert.deepEqual(counts, [4, 4]);
});

test("a step without measurements has no percentile", () => {
  const one = histogram(at(0, 5, 10), [[0, 2, 0], [0, 2, 0], [0, 2, 2]]);
  assert.equal(percentileLines([one], gridOf([one])).lines[0][1], null);
});

test("a distribution holds everything measured, also before a reset", () => {
  const one = histogram(at(0, 5), [[3, 1, 0], [1, 0, 0]], { sum: [4, 0.5], min: [0.5, 0.5], max: [1.5, 0.5] });
  const all = distributionOf([one]);
  assert.deepEqual([all.count, all.sum, all.counts, all.min, all.max], [5, 4.5, [4, 1, 0], 0.5, 0.5]);
});

test("the newest value of a counter is its total, of gauges their mean", () => {
  const members = [{ times: at(0, 5), values: [2, 4] }, { times: at(0), values: [6] }];
  assert.equal(newestValue(members, "counter"), 10);
  assert.equal(newestValue(members, "up_down_counter"), 10);
  assert.equal(newestValue(members, "gauge"), 5);
  assert.equal(newestValue([{ times: [], values: [] }], "gauge"), null);
});

const series = (pid, attributes) => ({ pid, service: "shop", attributes, times: [], values: [] });

test("series with the same attributes are one group, or one for each process", () => {
  const all = [series(1, { a: "x", same: 1 }), series(2, { same: 1, a: "x" }), series(1, { a: "y", same: 1 })];
  const { shared, groups } = groupsOf(all, false);
  assert.deepEqual(shared, { same: 1 });
  assert.deepEqual(groups.map((group) => [group.attributes, group.members.length]), [[{ a: "x" }, 2], [{ a: "y" }, 1]]);
  assert.deepEqual(groupsOf(all, true).groups.map((group) => group.pid), [1, 2, 1]);
});

test("the filter offers the attributes that differ", () => {
  assert.deepEqual(facetsOf([series(1, { a: "x", same: 1 }), series(1, { a: "y", same: 1 })]), [{ name: "a", values: ["x", "y"] }]);
});
