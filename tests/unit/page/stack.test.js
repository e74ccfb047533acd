import assert from "node:assert/strict";
import { test } from "node:test";
import { partsOf, runsOf, shortFile } from "../../../otelrun/viewer/page/static/stack.js";

const TEXT = `Traceback (most recent call last):
  File "/srv/shop/app.py", line 15, in item
    return prices[number]
           ~~~~~~^^^^^^^^
KeyError: 13

During handling of the above exception, another exception occurred:

Traceback (most recent call last):
  File "/srv/venv/lib/python3.12/site-packages/flask/app.py", line 880, in full_dispatch_request
    rv = self.dispatch_request()
  File "/srv/venv/lib/python3.12/site-packages/flask/app.py", line 865, in dispatch_request
    return self.ensure_sync(self.view_functions[rule.endpoint])(**view_args)
  File "/srv/shop/app.py", line 17, in item
    raise ValueError("unlucky")
ValueError: unlucky
`;

test("a traceback of two exceptions has two parts, with code lines and without their markers", () => {
  const parts = partsOf(TEXT);
  assert.deepEqual(parts.map((part) => [part.frames.length, part.says]), [[1, "KeyError: 13"], [3, "ValueError: unlucky"]]);
  assert.deepEqual(parts[0].frames[0], { file: "/srv/shop/app.py", line: 15, function: "item", code: "return prices[number]", isOwn: true });
});

test("library frames that follow each other are one run", () => {
  const runs = runsOf(partsOf(TEXT)[1].frames);
  assert.deepEqual(runs.map((run) => [run.isOwn, run.frames.length]), [[false, 2], [true, 1]]);
});

test("what is no traceback has no parts", () => {
  assert.deepEqual([partsOf(""), partsOf("Error: at foo (bar.js:1:2)")], [[], []]);
  assert.equal(shortFile("C:\\shop\\app.py"), "shop/app.py");
});
