import assert from "node:assert/strict";
import { test } from "node:test";
import { endingJson } from "../../../otelrun/viewer/page/static/embedded_json.js";

test("a text that is JSON gets indents", () => {
  assert.deepEqual(endingJson('{"a": [1]}'), { before: "", json: '{\n  "a": [\n    1\n  ]\n}' });
});

test("JSON after words is found, also after brackets that are none", () => {
  assert.deepEqual(endingJson('answer [200] {"a": 1}'), { before: "answer [200]", json: '{\n  "a": 1\n}' });
  assert.deepEqual(endingJson('[worker 3] got [1, 2]'), { before: "[worker 3] got", json: "[\n  1,\n  2\n]" });
});

test("a text without JSON stays as it is", () => {
  assert.deepEqual(["plain", "{not json}", "a dict {'a': 1}", '{"a": 1} and more', "empty {}", ""].map(endingJson), [null, null, null, null, null, null]);
});

test("a text full of brackets is given up soon", () => {
  assert.equal(endingJson("[".repeat(100000) + "}"), null);
});
