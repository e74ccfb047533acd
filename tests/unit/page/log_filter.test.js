import assert from "node:assert/strict";
import { test } from "node:test";
import { conditionOf, dividedSearch, leastOf } from "../../../otelrun/viewer/page/static/log_filter.js";
import { LogTable } from "../../../otelrun/viewer/page/static/log_table.js";
import { parseQuery } from "../../../otelrun/viewer/page/static/query.js";

const TABLE = new LogTable();
TABLE.add({
  cursor: "1", is_complete: true, strings: ["INFO", "ERROR", "shop", "shop.pay", "app"],
  columns: {
    id: ["1", "2", "3"], time: [1, 2, 3], level: [9, 17, 9], severity: [0, 1, 0], logger: [2, 3, 2], service: [4, 4, 4], pid: [10, 11, 110],
    body: ["order \u001b[32m7\u001b[0m taken", "Payment failed", "order 8 taken"], trace: ["aa", "bb", ""], span: ["", "", ""], has_more: [0, 0, 0],
  },
});

/** The ids of the records that a search finds. */
function found(search, has = null) {
  const { own } = dividedSearch(parseQuery(search));
  return TABLE.rows({ accepts: conditionOf(TABLE, own, has) }).map((row) => TABLE.id[row]);
}

test("words are looked for in text, logger, service and severity, as if there were no colours", () => {
  assert.deepEqual(found("order"), ["1", "3"]);
  assert.deepEqual(found('"order 7 taken"'), ["1"]);
  assert.deepEqual(found("shop.pay"), ["2"]);
  assert.deepEqual(found("payment error"), ["2"]);
  assert.deepEqual(found("-order"), ["2"]);
});

test("level is this level and above, pid the very number", () => {
  assert.deepEqual(found("level:warn"), ["2"]);
  assert.deepEqual(found("level:warning"), ["2"]);
  assert.deepEqual(found("pid:11"), ["2"]);
  assert.deepEqual(found("is:failed"), ["2"]);
  assert.deepEqual(found("-logger:shop.pay"), ["1", "3"]);
  assert.deepEqual(found("trace:a"), ["1"]);
});

test("attributes are asked of the source: the records that have them, else those of traces that have them", () => {
  assert.equal(dividedSearch(parseQuery("order user.id:42 level:info")).asked, "user.id:42");
  assert.deepEqual(found("user.id:42", { traces: new Set(["bb"]), logs: new Set() }), ["2"]);
  assert.deepEqual(found("user.id:42", { traces: new Set(["aa", "bb"]), logs: new Set(["3"]) }), ["3"]);
  assert.equal(dividedSearch(parseQuery("order")).asked, "");
});

test("a duration is nothing to ask of a log record", () => {
  assert.equal(dividedSearch(parseQuery(">100ms")).isUseless, true);
  assert.deepEqual(found(">100ms"), ["1", "2", "3"]);
});

test("no search is no condition", () => {
  assert.equal(conditionOf(TABLE, [], null), null);
  assert.equal(leastOf("error"), 17);
  assert.equal(leastOf("nonsense"), 0);
});
