import assert from "node:assert/strict";
import { test } from "node:test";
import { bucketsOf, quantileOf } from "../../../otelrun/viewer/page/static/quantiles.js";

const BOUNDARIES = [1, 2, 4];

test("measurements are taken to be spread evenly in their bucket", () => {
  assert.equal(quantileOf([0, 10, 0, 0], BOUNDARIES, 0.5), 1.5);
  assert.equal(quantileOf([10, 10, 0, 0], BOUNDARIES, 0.5), 1);
  assert.equal(quantileOf([10, 10, 0, 0], BOUNDARIES, 0.25), 0.5);
});

test("the smallest and largest measurement narrow a bucket", () => {
  assert.equal(quantileOf([0, 10, 0, 0], BOUNDARIES, 0.5, 1.8, 2), 1.9);
  assert.equal(quantileOf([0, 10, 0, 0], BOUNDARIES, 0.99, 1.5, 1.5), 1.5);
});

test("the last bucket ends at the largest measurement, or at its bound where that is unknown", () => {
  assert.equal(quantileOf([0, 0, 0, 4], BOUNDARIES, 0.5, 4, 8), 6);
  assert.equal(quantileOf([0, 0, 0, 4], BOUNDARIES, 0.5), 4);
});

test("values below zero stay below zero", () => {
  assert.equal(quantileOf([2, 0, 0, 0], [-10, 0, 10], 0.5), -10);
  assert.equal(quantileOf([2, 0, 0, 0], [-10, 0, 10], 0.5, -20, -10), -15);
});

test("without a measurement there is no percentile", () => {
  assert.equal(quantileOf([0, 0, 0, 0], BOUNDARIES, 0.5), null);
});

test("a histogram with one bucket for all tells what its extremes tell", () => {
  assert.equal(quantileOf([4], [], 0.5, 2, 6), 4);
});

test("the distribution begins and ends with a bucket that holds something", () => {
  assert.deepEqual(bucketsOf([0, 3, 0, 1], BOUNDARIES), [
    { low: 1, high: 2, count: 3 },
    { low: 2, high: 4, count: 0 },
    { low: 4, high: null, count: 1 },
  ]);
  assert.deepEqual(bucketsOf([2, 0, 0, 0], BOUNDARIES), [{ low: null, high: 1, count: 2 }]);
  assert.deepEqual(bucketsOf([0, 0, 0, 0], BOUNDARIES), []);
});
