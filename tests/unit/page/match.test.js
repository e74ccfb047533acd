import assert from "node:assert/strict";
import { test } from "node:test";
import { matchesAll } from "../../../otelrun/viewer/page/static/match.js";
import { parseQuery } from "../../../otelrun/viewer/page/static/query.js";

const process = { pid: 42, service: "Shop", library: ["flask", "sqlite3"] };
const finds = (search) => matchesAll(parseQuery(search), "shop python app.py 42", process);

test("every word must be there", () => {
  assert.equal(finds("python shop"), true);
  assert.equal(finds("python nowhere"), false);
  assert.equal(finds("-nowhere"), true);
  assert.equal(finds("-python"), false);
});

test("of texts a part is enough, numbers must be the same", () => {
  assert.equal(finds("service:sho"), true);
  assert.equal(finds("pid:42"), true);
  assert.equal(finds("pid:4"), false);
  assert.equal(finds("-pid:42"), false);
});

test("a list has what one of its members has", () => {
  assert.equal(finds("library:sqlite3"), true);
  assert.equal(finds("library:django"), false);
});

test("what such things do not have is passed over", () => {
  assert.equal(finds("status:500 >100ms shop"), true);
});
