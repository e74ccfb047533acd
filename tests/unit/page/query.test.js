import assert from "node:assert/strict";
import { test } from "node:test";
import { askedText, divide, formatPair, matchesDuration, matchesStatus, parseQuery, withPair, without } from "../../../otelrun/viewer/page/static/query.js";

const read = (text) => parseQuery(text).map(({ kind, name, value, isNot }) => [kind, name, value, isNot]);

test("words, pairs and quotes are told apart", () => {
  assert.deepEqual(read('Timeout route:/items -user.id:42 "no price" msg:"two words"'), [
    ["word", "", "timeout", false],
    ["pair", "route", "/items", false],
    ["pair", "user.id", "42", true],
    ["word", "", "no price", false],
    ["pair", "msg", "two words", false],
  ]);
});

test("durations have units, milliseconds where none is said", () => {
  const ns = (text) => parseQuery(text).map((term) => [term.kind, term.operator, term.ns]);
  assert.deepEqual(ns(">100ms <=1.5s >20 <250us"), [["duration", ">", 1e8], ["duration", "<=", 1.5e9], ["duration", ">", 2e7], ["duration", "<", 250e3]]);
  const [above] = parseQuery(">100ms");
  assert.deepEqual([1e8, 1e8 + 1].map((value) => matchesDuration(above, value)), [false, true]);
});

test("what only looks like a term is a word", () => {
  assert.deepEqual(read("http://x/y - a: >fast"), [["word", "", "http://x/y", false], ["word", "", "-", false], ["word", "", "a", false], ["word", "", ">fast", false]]);
});

test("an open quote ends with the text", () => {
  assert.deepEqual(read('"half open'), [["word", "", "half open", false]]);
});

test("a status is asked for by its number, its class or its name", () => {
  assert.deepEqual([["500", "500"], ["5xx", "503"], ["5xx", "404"], ["not_found", "NOT_FOUND"], ["50", "500"]].map((pair) => matchesStatus(...pair)), [true, true, false, true, false]);
});

test("a pair is added once, takes its opposite away, and can be taken out", () => {
  assert.equal(withPair("a status:500", "status", "500", false), "a status:500");
  assert.equal(withPair("a status:500", "status", "500", true), "a -status:500");
  assert.equal(withPair("", "db.query.text", 'SELECT "x"', false), 'db.query.text:"SELECT \\"x\\""');
  assert.equal(without('a endpoint:"GET /x" b', "endpoint"), "a b");
});

test("what is written for a pair is read as that pair", () => {
  for (const value of ["plain", "two words", 'quo"te', "back\\slash", "a\\b c", "-7", ""]) {
    const [term] = parseQuery(formatPair("name", value, false));
    assert.equal(term && term.value, value);
  }
});

test("terms are sorted by who can answer them", () => {
  const { own, asked } = divide(parseQuery("status:500 >1s word x:1"), new Set(["status"]));
  assert.deepEqual([own.length, askedText(asked)], [2, "word x:1"]);
});
