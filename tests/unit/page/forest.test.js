import assert from "node:assert/strict";
import { test } from "node:test";
import { forestOf } from "../../../otelrun/viewer/page/static/forest.js";

const drawn = (processes) => forestOf(processes).map((row) => [row.process.id, row.depth, row.isLast]);

test("children stand below the process that started them, by start", () => {
  const processes = [
    { id: 1, parent: null, pid: 10, start: 0 },
    { id: 3, parent: 1, pid: 12, start: 30 },
    { id: 2, parent: 1, pid: 11, start: 20 },
    { id: 4, parent: 2, pid: 13, start: 40 },
  ];
  assert.deepEqual(drawn(processes), [[1, 0, true], [2, 1, false], [4, 2, true], [3, 1, true]]);
});

test("the line of an elder sibling goes on beside the rows below it", () => {
  const rows = forestOf([
    { id: 1, parent: null, pid: 1, start: 0 },
    { id: 2, parent: 1, pid: 2, start: 1 },
    { id: 3, parent: 1, pid: 3, start: 2 },
    { id: 4, parent: 2, pid: 4, start: 3 },
  ]);
  assert.deepEqual(rows.find((row) => row.process.id === 4).rails, [false, true]);
});

test("a process whose parent recorded nothing stands at the top", () => {
  assert.deepEqual(drawn([{ id: 2, parent: 9, pid: 2, start: 0 }, { id: 3, parent: null, pid: 3, start: 1 }]), [
    [2, 0, false],
    [3, 0, true],
  ]);
});

test("a circle of parents is cut, and every process shown once", () => {
  const circle = [{ id: 1, parent: 2, pid: 1, start: 0 }, { id: 2, parent: 1, pid: 2, start: 1 }, { id: 3, parent: 3, pid: 3, start: 2 }];
  assert.deepEqual(forestOf(circle).map((row) => row.process.id).sort(), [1, 2, 3]);
});

test("2,000 generations do not exhaust the stack", () => {
  const line = Array.from({ length: 2000 }, (_, at) => ({ id: at, parent: at ? at - 1 : null, pid: at, start: at }));
  assert.equal(forestOf(line).length, 2000);
});

test("no process, no row", () => assert.deepEqual(forestOf([]), []));
