import assert from "node:assert/strict";
import { test } from "node:test";
import { axisFormat, unitName, valueFormat } from "../../../otelrun/viewer/page/static/units.js";

test("a unit is called by what it counts", () => {
  assert.deepEqual(["{order}", "{query}", "{class}", "{file_descriptor}", "By", "1", "Cel", "EUR", "{}"].map(unitName), [
    "orders", "queries", "classes", "file descriptors", "bytes", "", "°C", "EUR", "",
  ]);
});

test("seconds read as durations, bytes as kB and MB", () => {
  assert.equal(valueFormat("s")(0.0125), "12.5 ms");
  assert.equal(valueFormat("ms")(12.5), "12.5 ms");
  assert.equal(valueFormat("s")(2e-7), "200 ns");
  assert.equal(valueFormat("By")(1536), "1.54 kB");
  assert.equal(valueFormat("By")(12.3456), "12.3 B");
});

test("things are counted in words", () => {
  assert.equal(valueFormat("{order}")(1), "1 order");
  assert.equal(valueFormat("{order}")(995), "995 orders");
  assert.equal(valueFormat("1")(0.5), "0.5");
  assert.equal(valueFormat("EUR")(-3.5), "-3.5 EUR");
});

test("rates are per second", () => {
  assert.equal(valueFormat("{order}", true)(2.5), "2.5 orders/s");
  assert.equal(valueFormat("s", true)(0.25), "0.25 s/s");
  assert.equal(valueFormat("By", true)(2000), "2 kB/s");
  assert.equal(valueFormat("1", true)(4), "4 per s");
});

test("what is not known is a dash", () => {
  assert.deepEqual([null, undefined, NaN].map(valueFormat("s")), ["–", "–", "–"]);
});

test("an axis says as little as it can", () => {
  assert.equal(axisFormat("s")(0.05), "50 ms");
  assert.equal(axisFormat("{order}", true)(5), "5");
});
