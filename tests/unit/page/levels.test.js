import assert from "node:assert/strict";
import { test } from "node:test";
import { levelBins, levelIndex, levelName } from "../../../otelrun/viewer/page/static/levels.js";

test("a severity number belongs to one of six levels", () => {
  assert.deepEqual([1, 4, 5, 9, 12, 13, 17, 21, 24, 99].map(levelName), [
    "trace", "trace", "debug", "info", "info", "warn", "error", "fatal", "fatal", "fatal",
  ]);
});

test("an unknown severity has no level", () => {
  assert.equal(levelIndex(0), -1);
  assert.equal(levelIndex(undefined), -1);
  assert.equal(levelName(0), "none");
});

test("records are counted by level in equal stretches of time", () => {
  const times = [0, 10, 49, 50, 100, 200];
  const levels = [9, 9, 17, 0, 9, 9];
  const { width, counts, most } = levelBins(times, levels, [0, 1, 2, 3, 4, 5], 0, 100, 2);
  assert.equal(width, 50);
  assert.deepEqual([...counts[2]], [2, 1]);
  assert.deepEqual([...counts[4]], [1, 0]);
  assert.deepEqual([...counts[6]], [0, 1]);
  assert.equal(most, 3);
});

test("a run whose records all have the same time has them in one stretch", () => {
  const { counts } = levelBins([7, 7], [9, 9], [0, 1], 7, 7, 4);
  assert.equal(counts[2].reduce((sum, count) => sum + count, 0), 2);
});
