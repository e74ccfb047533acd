import assert from "node:assert/strict";
import { test } from "node:test";
import { commandsFor, dividedLibraries } from "../../../otelrun/viewer/page/static/libraries.js";

const library = (name, state, more = {}) => ({ library: name, by: "otelrun", state, text: "", advice: "", ...more });

test("libraries are sorted by what is to be done about them", () => {
  const states = ["hooked", "missing", "failed", "unsupported", "covered", "left", "off"];
  const { hooked, wanting, others } = dividedLibraries(states.map((state) => library(state, state)));
  assert.deepEqual([hooked, wanting, others].map((part) => part.map((one) => one.library)), [
    ["hooked"], ["missing", "failed", "unsupported"], ["covered", "left", "off"],
  ]);
});

test("a library that several instrumentations are for is told once", () => {
  assert.equal(dividedLibraries([library("asyncio", "hooked"), library("asyncio", "hooked"), library("queue", "hooked")]).hooked.length, 2);
});

test("all that is to be installed is one command", () => {
  const wanting = [
    library("flask", "missing", { advice: "pip install opentelemetry-instrumentation-flask" }),
    library("jinja2", "missing", { advice: "pip install opentelemetry-instrumentation-jinja2" }),
    library("redis", "failed", { text: "it broke" }),
    library("x", "unsupported", { advice: "upgrade x" }),
  ];
  assert.deepEqual(commandsFor(wanting), ["pip install opentelemetry-instrumentation-flask opentelemetry-instrumentation-jinja2", "upgrade x"]);
  assert.deepEqual(commandsFor([]), []);
});
