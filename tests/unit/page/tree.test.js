import assert from "node:assert/strict";
import { test } from "node:test";
import { callsOf, coveredOf, extentOf, firstToSee, holding, inSight, itemsOf, ownTimeOf, reveal } from "../../../otelrun/viewer/page/static/tree.js";
import { traceMarkdown } from "../../../otelrun/viewer/page/static/trace_text.js";

const span = (id, parent, start, duration, more = {}) => ({ id, parent, start, duration, name: `span ${id}`, kind: "internal", status: "unset", message: "", service: "shop", pid: 1, scope: "s", category: "app", attributes: {}, events: [], links: [], ...more });
const log = (id, spanId, time, more = {}) => ({ id, span: spanId, time, severity: "INFO", level: 9, logger: "shop", body: `log ${id}`, attributes: {}, service: "shop", pid: 1, ...more });
const drawn = (spans, logs = []) => itemsOf({ spans, logs }).map((item) => `${"  ".repeat(item.depth)}${item.kind === "missing" ? "?" : ""}${item.id}`);

test("children stand below their span by start, log lines among them", () => {
  assert.deepEqual(drawn([span("c", "a", 30, 5), span("a", "", 0, 50), span("b", "a", 10, 5)], [log("l", "a", 20), log("m", "c", 31)]), ["a", "  b", "  l", "  c", "    m"]);
});

test("a parent that was not recorded has a place, one for all its children", () => {
  assert.deepEqual(drawn([span("b", "x", 10, 5), span("c", "x", 20, 5)], [log("l", "y", 30)]), ["?x", "  b", "  c", "?y", "  l"]);
});

test("spans that are each other's ancestors are all there, each once", () => {
  const lines = drawn([span("a", "b", 1, 1), span("b", "a", 2, 1), span("c", "c", 3, 1)]);
  assert.deepEqual(lines, ["a", "  b", "c"]);
});

test("a trace may be as deep as it likes", () => {
  const spans = Array.from({ length: 20000 }, (_, index) => span(`s${index}`, index ? `s${index - 1}` : "", index, 1));
  const items = itemsOf({ spans, logs: [] });
  assert.deepEqual([items.length, items[19999].depth, items[0].size], [20000, 19999, 19999]);
});

test("what is closed hides all below it, and is opened for what is looked for", () => {
  const items = itemsOf({ spans: [span("a", "", 0, 9), span("b", "a", 1, 5), span("c", "b", 2, 1), span("d", "a", 7, 1)], logs: [log("l", "c", 3)] });
  const closed = new Set([1]);
  assert.deepEqual(inSight(items, closed, true), [0, 1, 4]);
  assert.deepEqual(inSight(items, new Set(), false), [0, 1, 2, 4]);
  reveal(items, closed, 3);
  assert.deepEqual(inSight(items, closed, true), [0, 1, 2, 3, 4]);
});

test("own time is what no span right below covers, parallel ones counted once", () => {
  const items = itemsOf({ spans: [span("a", "", 0, 100), span("b", "a", 10, 30), span("c", "a", 20, 30), span("d", "a", 90, 50)], logs: [] });
  assert.deepEqual(coveredOf(items, 0), [[10, 50], [90, 100]]);
  assert.equal(ownTimeOf(items, 0), 50);
  assert.deepEqual(extentOf(items), [0, 140]);
  assert.deepEqual(extentOf([]), [0, 1]);
});

test("the first to look at is where the first exception came from, else the deepest failure, else the span itself", () => {
  const error = { status: "error" };
  const raised = (time) => ({ ...error, events: [{ name: "exception", time, attributes: {} }] });
  const spans = [span("a", "", 0, 9, error), span("b", "a", 1, 5, raised(4)), span("c", "b", 2, 3, raised(3)), span("d", "a", 7, 1, error)];
  const items = itemsOf({ spans, logs: [] });
  assert.equal(items[firstToSee(items, "")].id, "c");
  assert.equal(items[firstToSee(items, "d")].id, "d");
  const plain = itemsOf({ spans: [span("a", "", 0, 9, error), span("b", "a", 1, 5, error)], logs: [] });
  assert.equal(plain[firstToSee(plain, "")].id, "b");
  const good = itemsOf({ spans: [span("a", "", 0, 9), span("b", "a", 1, 5)], logs: [] });
  assert.deepEqual([good[firstToSee(good, "")].id, good[firstToSee(good, "b")].id], ["a", "b"]);
});

test("an exception that was only logged counts as its span's", () => {
  const spans = [span("a", "", 0, 9, { status: "error" }), span("b", "a", 1, 5, { status: "error" })];
  const items = itemsOf({ spans, logs: [log("l", "a", 3, { attributes: { "exception.type": "E" } })] });
  assert.equal(items[firstToSee(items, "")].id, "a");
});

test("find in a trace looks at names, attributes and log lines", () => {
  const items = itemsOf({ spans: [span("a", "", 0, 9, { attributes: { "user.id": 42 } })], logs: [log("l", "a", 3)] });
  assert.deepEqual([holding(items, "LOG l"), holding(items, '"user.id":42'), holding(items, " ")], [[1], [0], []]);
});

test("a trace as Markdown cannot break out of its block", () => {
  const trace = { trace: "ff", start: 0, duration: 9e6, spans: [span("a", "", 0, 9e6, { status: "error", name: "x ```\n# y", events: [{ name: "exception", time: 1, attributes: { "exception.stacktrace": "```boom" } }] })], logs: [] };
  const text = traceMarkdown(trace, itemsOf(trace));
  assert.equal(text.match(/```/g).length, 4);
  assert.match(text, /✗ x ''' ⏎ # y {2}\(internal, shop\) {2}9\.00 ms/);
});

test("calls are counted by library: those of the span's own code, not those of the servers that it called", () => {
  const call = (id, parent, category) => span(id, parent, 1, 1, { kind: "client", category });
  const spans = [span("a", "", 0, 9, { kind: "server" }), call("b", "a", "http"), span("c", "b", 1, 1, { kind: "server" }), call("d", "c", "sqlite"), span("e", "a", 2, 1), call("f", "e", "sqlite"), call("g", "e", "sqlite")];
  assert.deepEqual([...callsOf(itemsOf({ spans, logs: [] }), 0)], [["http", 1], ["sqlite", 2]]);
});
