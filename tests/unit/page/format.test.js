import assert from "node:assert/strict";
import { test } from "node:test";
import { ago, bytes, count, duration, oneLine, percent, prettyJson, quantity, shortDuration, shortNumber, stripAnsi, visible } from "../../../otelrun/viewer/page/static/format.js";

test("durations have three digits and a unit, as in the terminal", () => {
  const said = { 0: "0 µs", 900: "1 µs", 999499: "999 µs", 999999: "1.00 ms", 1254000: "1.25 ms", 48240000: "48.2 ms", 3100000000: "3.10 s", 125000000000: "2 min 05 s", 7500000000000: "2 h 05 min" };
  for (const [ns, text] of Object.entries(said)) assert.equal(duration(Number(ns)), text);
});

test("an axis says durations as short as it can", () => {
  assert.deepEqual([0, 500, 5000, 1500000, 2e9, 600e9].map(shortDuration), ["0", "500 ns", "5 µs", "1.5 ms", "2 s", "10 min"]);
});

test("counts, shares and sizes read as people say them", () => {
  assert.deepEqual([count(1, "span"), count(12000, "span"), count(2, "entry", "entries")], ["1 span", "12,000 spans", "2 entries"]);
  assert.deepEqual([0, 0.002, 0.126].map(percent), ["0 %", "< 1 %", "13 %"]);
  assert.deepEqual([999, 12345, 100000, 1250000].map(shortNumber), ["999", "12.3k", "100k", "1.3M"]);
  assert.deepEqual([12, 1500, 12000000].map(bytes), ["12 B", "1.5 kB", "12 MB"]);
  assert.deepEqual([0.25, 1234567, 0.00001234].map(quantity), ["0.25", "1,234,567", "1.234e-5"]);
});

test("ages are told in the largest unit that fits", () => {
  assert.deepEqual([0, 40e3, 180e3, 5 * 3600e3, 50 * 3600e3].map((age) => ago(0, age)), ["just now", "40 s ago", "3 min ago", "5 h ago", "2 days ago"]);
});

test("what cannot be seen is spelt out, and line breaks stay", () => {
  assert.equal(visible("a\u001b[31mb\u202ec\u200bd\u0000\n\te"), "a\\x1b[31mb\\u202ec\\u200bd\\x00\n\te");
  assert.equal(visible("half a pair: \ud83d"), "half a pair: \\ud83d");
  assert.equal(visible("whole: 😀"), "whole: 😀");
  assert.equal(oneLine("a\n  b\tc"), "a ⏎ b c");
});

test("a long text is cut visibly, and a value that is no text is shown as JSON", () => {
  assert.equal(visible("abcdef", 3), "abc…");
  assert.equal(visible({ a: [1, null] }), '{"a":[1,null]}');
  assert.equal(visible(undefined), "");
});

test("markup stays as it is, since it is only ever text", () => {
  assert.equal(visible("<img src=x onerror=alert(1)></script>"), "<img src=x onerror=alert(1)></script>");
});

test("terminal sequences can be taken out", () => {
  assert.equal(stripAnsi("\u001b[1;31mERROR\u001b[0m \u001b]8;;http://x\u0007link\u001b]8;;\u0007"), "ERROR link");
});

test("JSON objects and lists get indents, other texts do not", () => {
  assert.equal(prettyJson(' {"a":1}'), '{\n  "a": 1\n}');
  assert.deepEqual([prettyJson("1"), prettyJson("{broken"), prettyJson(7)], [null, null, null]);
});
