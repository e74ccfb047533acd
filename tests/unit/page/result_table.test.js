import assert from "node:assert/strict";
import { test } from "node:test";
import { isTraceId, numericColumns, sortedRows, toCsv, toMarkdown } from "../../../otelrun/viewer/page/static/result_table.js";

test("numbers are sorted as numbers, text after them, NULL last in both directions", () => {
  const rows = [["b"], [10], [null], [9], ["a"]];
  assert.deepEqual(sortedRows(rows, 0, false).flat(), [9, 10, "a", "b", null]);
  assert.deepEqual(sortedRows(rows, 0, true).flat(), ["b", "a", 10, 9, null]);
});

test("equal rows keep the order of the answer", () => {
  assert.deepEqual(sortedRows([[1, "x"], [1, "y"], [0, "z"]], 0, true).map((row) => row[1]), ["x", "y", "z"]);
});

test("CSV quotes what needs it", () => {
  assert.equal(toCsv(["a", 'b "c"'], [[1, "x,y"], [null, "two\nlines"]]), 'a,"b ""c"""\r\n1,"x,y"\r\n,"two\nlines"\r\n');
});

test("CSV makes no formulas of foreign text", () => {
  assert.equal(toCsv(["a"], [["=cmd()"], ["@x"], [-5]]), "a\r\n'=cmd()\r\n'@x\r\n-5\r\n");
});

test("Markdown aligns numbers and keeps a row in one line", () => {
  assert.equal(
    toMarkdown(["name", "n"], [["a|b", 1], ["x\ny", 2], ["<b>", null]]),
    "| name | n |\n| --- | ---: |\n| a\\|b | 1 |\n| x y | 2 |\n| &lt;b> |  |\n",
  );
});

test("a column is numeric where every value is", () => {
  assert.deepEqual(numericColumns(["a", "b", "c"], [[1, "1", null], [null, 2, null]]), [true, false, false]);
});

test("32 hexadecimal digits that are not all zero are a trace id", () => {
  assert.equal(isTraceId("4bf92f3577b34da6a3ce929d0e0e4736"), true);
  assert.equal(isTraceId("0".repeat(32)), false);
  assert.equal(isTraceId("4BF92F3577B34DA6A3CE929D0E0E4736"), false);
  assert.equal(isTraceId(12), false);
});
