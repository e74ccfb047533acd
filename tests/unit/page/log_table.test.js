import assert from "node:assert/strict";
import { test } from "node:test";
import { LogTable } from "../../../otelrun/viewer/page/static/log_table.js";

/** An answer of the logs document from [time, level, logger, body] rows. */
function answer(rows, strings, cursor = "1") {
  const column = (pick) => rows.map(pick);
  return {
    cursor, is_complete: true, strings,
    columns: {
      id: column((_, at) => `${cursor}-${at}`), time: column((row) => row[0]), level: column((row) => row[1]), severity: column(() => 0),
      logger: column((row) => strings.indexOf(row[2])), service: column(() => 0), pid: column(() => 1), body: column((row) => row[3]),
      trace: column(() => ""), span: column(() => ""), has_more: column(() => 0),
    },
  };
}

const bodies = (table, filter) => table.rows(filter).map((row) => table.body[row]);

test("records of several answers stand by time, and their strings mean the same", () => {
  const table = new LogTable();
  assert.equal(table.add(answer([[10, 9, "a", "one"], [30, 9, "b", "three"]], ["", "a", "b"])), 2);
  assert.equal(table.add(answer([[20, 9, "b", "two"]], ["", "b"], "2")), 1);
  assert.deepEqual(bodies(table), ["one", "two", "three"]);
  assert.equal(table.text("logger", 2), "b");
  assert.equal(table.cursor, "2");
  assert.deepEqual(table.extent(), [10, 30]);
});

test("records are filtered by level, logger with those below it, and time", () => {
  const table = new LogTable();
  table.add(answer([[1, 9, "shop", "a"], [2, 17, "shop.pay", "b"], [3, 17, "shopping", "c"], [4, 0, "shop", "d"]], ["", "shop", "shop.pay", "shopping"]));
  assert.deepEqual(bodies(table, { least: 13 }), ["b", "c"]);
  assert.deepEqual(bodies(table, { logger: "shop" }), ["a", "b", "d"]);
  assert.deepEqual(bodies(table, { range: [2, 3] }), ["b", "c"]);
  assert.deepEqual(bodies(table, { accepts: (row) => table.body[row] > "b" }), ["c", "d"]);
});

test("loggers are counted, most records first", () => {
  const table = new LogTable();
  table.add(answer([[1, 9, "a", ""], [2, 9, "b", ""], [3, 9, "b", ""]], ["", "a", "b"]));
  assert.deepEqual(table.countsOf("logger"), [{ text: "b", count: 2 }, { text: "a", count: 1 }]);
});

test("an empty table has no rows and no extent", () => {
  assert.deepEqual(new LogTable().rows(), []);
  assert.deepEqual(new LogTable().extent(), [0, 0]);
});
