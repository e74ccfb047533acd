import assert from "node:assert/strict";
import { test } from "node:test";
import { failureKey, foldedFrames, packageOf, timeCounts } from "../../../otelrun/viewer/page/static/frames.js";

test("a file belongs to the package it was installed with", () => {
  assert.equal(packageOf("/venv/lib/python3.11/site-packages/flask/app.py"), "flask");
  assert.equal(packageOf("/venv/lib/python3.11/site-packages/six.py"), "six");
  assert.equal(packageOf("C:\\venv\\Lib\\site-packages\\flask\\app.py"), "flask");
  assert.equal(packageOf("/usr/lib/python3.11/threading.py"), "Python");
  assert.equal(packageOf("<frozen importlib._bootstrap>"), "<frozen importlib._bootstrap>");
  assert.equal(packageOf("/home/me/app.py"), "");
});

test("neighbouring frames of libraries are folded, own ones stand alone", () => {
  const own = (line) => ({ file: "/app.py", line, is_own: true });
  const library = (name) => ({ file: `/x/site-packages/${name}/a.py`, line: 1, is_own: false });
  const parts = foldedFrames([library("flask"), library("werkzeug"), library("flask"), own(1), own(2), library("sqlalchemy")]);
  assert.deepEqual(parts.map((part) => [part.isOwn, part.frames.length, part.packages]), [
    [false, 3, ["flask", "werkzeug"]], [true, 1, []], [true, 1, []], [false, 1, ["sqlalchemy"]],
  ]);
});

test("a group of failures is called the same, however often it happened", () => {
  const failure = { type: "ValueError", file: "/app.py", line: 15, message: "unlucky 13", endpoints: ["GET /a"], count: 1 };
  assert.equal(failureKey(failure), failureKey({ ...failure, message: "unlucky 26", count: 9 }));
  assert.notEqual(failureKey(failure), failureKey({ ...failure, line: 16 }));
  assert.notEqual(failureKey({ ...failure, file: "", line: 0 }), failureKey({ ...failure, file: "", line: 0, endpoints: ["GET /b"] }));
});

test("moments are counted in equal stretches of the run", () => {
  assert.deepEqual(timeCounts([0, 9, 10, 99, 100, 250], 0, 100, 10), [2, 1, 0, 0, 0, 0, 0, 0, 0, 3]);
});
