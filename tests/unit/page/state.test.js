import assert from "node:assert/strict";
import { test } from "node:test";
import { changed, formatFragment, parseFragment } from "../../../otelrun/viewer/page/static/state.js";

const STATE = { run: "r1", tab: "requests", trace: "ab", span: "cd", params: { q: "status:500 a/b", wide: "1" } };

test("a state goes into the address and comes back", () => {
  assert.equal(formatFragment(STATE), "#/r1/requests/ab/cd?q=status%3A500+a%2Fb&wide=1");
  assert.deepEqual(parseFragment(formatFragment(STATE)), STATE);
});

test("an address of nothing, of an unknown view or of broken escapes opens the requests", () => {
  assert.deepEqual(parseFragment(""), { run: "", tab: "requests", trace: "", span: "", params: {} });
  assert.equal(parseFragment("#/r1/nothing").tab, "requests");
  assert.equal(parseFragment("#/%zz/logs").run, "%zz");
});

test("another view keeps the search and nothing else", () => {
  assert.deepEqual(changed(STATE, { tab: "logs" }), { run: "r1", tab: "logs", trace: "", span: "", params: { q: "status:500 a/b" } });
});

test("another trace forgets the span, and keeps the rest", () => {
  assert.deepEqual(changed(STATE, { trace: "ef" }), { ...STATE, trace: "ef", span: "" });
});

test("an empty parameter goes, and the state itself stays as it was", () => {
  assert.deepEqual(changed(STATE, { wide: "", q: null }).params, {});
  assert.equal(STATE.params.wide, "1");
});
