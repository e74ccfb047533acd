import assert from "node:assert/strict";
import { test } from "node:test";
import { RequestRows, firstToSee, sorted } from "../../../otelrun/viewer/page/static/rows.js";
import { endpointsOf, percentile, slownessOf, timeInOf } from "../../../otelrun/viewer/page/static/statistics.js";
import { RequestFit } from "../../../otelrun/viewer/page/static/request_fit.js";
import { matching } from "../../../otelrun/viewer/page/static/request_search.js";
import { parseQuery } from "../../../otelrun/viewer/page/static/query.js";

const MS = 1e6;

/** An answer of the server with requests given as [trace, endpoint, start, duration, status, flags, failure, time_in]. */
function answer(requests, sequence = 1) {
  const strings = [];
  const number = (text) => (strings.includes(text) ? strings.indexOf(text) : strings.push(text) - 1);
  const columns = { trace: [], span: [], endpoint: [], service: [], kind: [], pid: [], start: [], duration: [], status: [], flags: [], spans: [], logs: [], failure: [], time_in: [] };
  for (const [trace, endpoint, start, duration, status, flags = 0, failure = "", shares = { app: duration }] of requests) {
    const row = { trace, span: `${trace}s`, endpoint: number(endpoint), service: number("shop"), kind: number("server"), pid: 7, start, duration, status: number(status), flags, spans: 1, logs: 0, failure: number(failure), time_in: Object.entries(shares).flatMap(([name, ns]) => [number(name), ns]) };
    for (const name of Object.keys(columns)) columns[name].push(row[name]);
  }
  return { sequence, is_complete: true, strings, columns };
}

const REQUESTS = [
  ["t1", "GET /a", 10, 5 * MS, "200", 0, "", { app: 2 * MS, sqlite: 3 * MS }],
  ["t2", "GET /b", 20, 50 * MS, "200"],
  ["t3", "GET /a", 30, 2 * MS, "500", 1, "ValueError: no price"],
  ["t4", "GET /a", 40, 9 * MS, "404"],
  ["t5", "GET /a/more", 50, 1 * MS, "200", 2],
];

function rowsOf(requests = REQUESTS) {
  const rows = new RequestRows();
  rows.take(answer(requests));
  return rows;
}

const found = (rows, text, sets = null, times = null) => matching(rows, parseQuery(text), sets, times).map((index) => rows.trace[index]);

test("rows that come again replace what was known, and texts of each answer are its own", () => {
  const rows = rowsOf();
  assert.equal(rows.take(answer([["t9", "GET /new", 60, MS, "200"], ["t1", "GET /a", 10, 7 * MS, "503", 1, "late"]])), 1);
  assert.equal(rows.count, 6);
  assert.deepEqual([rows.text("status", 0), rows.duration[0], rows.text("endpoint", 5), rows.text("endpoint", 1)], ["503", 7 * MS, "GET /new", "GET /b"]);
});

test("a withdrawn row is no request any more, and one that never was makes no row", () => {
  const rows = rowsOf();
  rows.take(answer([["t2", "", 0, 0, "", 4], ["t8", "", 0, 0, "", 4]]));
  assert.deepEqual([rows.count, rows.countHere(), rows.find("t2", "")], [5, 4, -1]);
  assert.deepEqual(found(rows, ""), ["t1", "t3", "t4", "t5"]);
});

test("the first to look at is the first that failed, else the slowest", () => {
  const rows = rowsOf();
  assert.equal(rows.trace[firstToSee(rows, [0, 1, 2, 3])], "t3");
  assert.equal(rows.trace[firstToSee(rows, [0, 1, 3])], "t2");
  assert.equal(firstToSee(rows, []), -1);
});

test("rows are sorted by a column, equal ones newest first", () => {
  const rows = rowsOf();
  const by = (column, isDescending) => sorted(rows, [0, 1, 2, 3, 4], column, isDescending).map((index) => rows.trace[index]).join(" ");
  assert.equal(by("start", true), "t5 t4 t3 t2 t1");
  assert.equal(by("duration", true), "t2 t4 t1 t3 t5");
  assert.equal(by("status", false), "t5 t2 t1 t4 t3");
  assert.equal(by("endpoint", false), "t4 t3 t1 t5 t2");
  assert.equal(by("no such column", false), "t5 t4 t3 t2 t1");
});

test("percentiles are by nearest rank", () => {
  const values = Array.from({ length: 20 }, (_, index) => index + 1);
  assert.deepEqual([percentile(values, 50), percentile(values, 95), percentile(values, 99), percentile([7], 50), percentile([], 50)], [10, 19, 20, 7, 0]);
});

test("endpoints are counted and timed, those that failed first", () => {
  const rows = rowsOf();
  const endpoints = endpointsOf(rows, [0, 1, 2, 3]);
  assert.deepEqual(endpoints.map(({ endpoint, calls, failed, p50, p95, total }) => [endpoint, calls, failed, p50 / MS, p95 / MS, total / MS]), [["GET /a", 3, 1, 5, 9, 16], ["GET /b", 1, 0, 50, 50, 50]]);
  assert.deepEqual(endpoints[0].timeIn, [["app", 13 * MS], ["sqlite", 3 * MS]]);
  assert.equal(endpoints[1].share, 50 / 66);
  assert.deepEqual(timeInOf(rows, 0), [["app", 2 * MS], ["sqlite", 3 * MS]]);
});

test("a search for what rows know needs nobody else", () => {
  const rows = rowsOf();
  assert.deepEqual(found(rows, "route:/a"), ["t1", "t3", "t4", "t5"]);
  assert.deepEqual(found(rows, 'endpoint:"get /a"'), ["t1", "t3", "t4"]);
  assert.deepEqual(found(rows, "status:4xx"), ["t4"]);
  assert.deepEqual(found(rows, ">4ms <20ms"), ["t1", "t4"]);
  assert.deepEqual(found(rows, "is:failed"), ["t3"]);
  assert.deepEqual(found(rows, "is:interrupted"), ["t5"]);
  assert.deepEqual(found(rows, "-status:200 service:SHOP pid:7 kind:server"), ["t3", "t4"]);
  assert.deepEqual(found(rows, "is:nonsense"), []);
  assert.deepEqual(found(rows, "", null, { from: 20, to: 40 }), ["t2", "t3", "t4"]);
});

test("words and attributes find what rows hold at once, and more when the source has answered", () => {
  const rows = rowsOf();
  assert.deepEqual(found(rows, "price"), ["t3"]);
  assert.deepEqual(found(rows, "user.id:42"), []);
  assert.deepEqual(found(rows, "user.id:42", { wanted: new Set(["t1"]), unwanted: [] }), ["t1"]);
  assert.deepEqual(found(rows, "-price"), ["t1", "t2", "t4", "t5"]);
  assert.deepEqual(found(rows, "-user.id:42", { wanted: null, unwanted: [new Set(["t2", "t4"])] }), ["t1", "t3", "t5"]);
});

test("a request is slow where it took five times the median of ten or more of its endpoint, and 5 ms", () => {
  const usual = Array.from({ length: 12 }, (_, index) => [`u${index}`, "GET /a", index, 2 * MS, "200"]);
  const rows = rowsOf([...usual, ["s1", "GET /a", 20, 24 * MS, "200"], ["s2", "GET /a", 21, 9 * MS, "200"], ["s3", "GET /rare", 22, 90 * MS, "200"]]);
  const slowness = slownessOf(rows, endpointsOf(rows, Array.from({ length: 15 }, (_, index) => index)));
  assert.deepEqual([12, 13, 14].map(slowness), [12, 0, 0]);
});

test("what fits is worked out once until the rows or the search change, with the chosen endpoint's neighbours", () => {
  const rows = rowsOf();
  const fit = new RequestFit(rows, null);
  const first = fit.of({ q: 'endpoint:"GET /a"', t: "10-30" });
  assert.equal(fit.of({ q: 'endpoint:"GET /a"', t: "10-30" }), first);
  assert.deepEqual([first.endpoint, first.indexes, first.ofAllEndpoints, first.times], ["get /a", [0, 2], [0, 1, 2], { from: 10, to: 30 }]);
  assert.deepEqual(first.endpoints.map((one) => one.endpoint), ["GET /a", "GET /b"]);
  rows.take(answer([["t6", "GET /a", 25, MS, "200"]]));
  assert.deepEqual(fit.of({ q: 'endpoint:"GET /a"', t: "10-30" }).indexes, [0, 2, 5]);
});

test("an answer that comes after the search has changed is not taken", async () => {
  const rows = rowsOf();
  const waiting = {};
  const fit = new RequestFit(rows, (text) => new Promise((resolve) => { waiting[text] = resolve; }));
  const [old, now] = [fit.ask("melon"), fit.ask("plum")];
  assert.equal(fit.note, " · searching attributes and logs …");
  waiting.plum({ traces: ["t2"], is_cut: true });
  waiting.melon({ traces: ["t1"], is_cut: false });
  assert.deepEqual([await old, await now], [false, true]);
  assert.deepEqual([fit.of({ q: "plum" }).indexes, fit.note], [[1], " · more may fit: too many were found"]);
});

test("a search that could not be answered says so, and rows answer by themselves", async () => {
  const fit = new RequestFit(rowsOf(), () => Promise.reject(new Error("otelrun ui has ended")));
  assert.equal(await fit.ask("price"), true);
  assert.deepEqual([fit.of({ q: "price" }).indexes, fit.note], [[2], " · attributes and logs were not searched: otelrun ui has ended"]);
  assert.equal(await fit.ask("status:500"), false);
  assert.equal(fit.note, "");
});
