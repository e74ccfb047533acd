"""One page of a browser under test: go somewhere, look, click, type; and all that went wrong or over the network meanwhile.

Whatever a page logs as an error or a warning, throws, or is refused by its content security policy is kept in ``problems``;
every request it makes in ``requests``.
"""

from __future__ import annotations

import base64
import json
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tests.support.waiting import wait_for

if TYPE_CHECKING:
    import os
    from collections.abc import Callable, Iterator

    from typing_extensions import Self

    from tests.support.devtools import Connection, Parameters

DEADLINE_S = 20.0
_KEYS = {
    "Enter": ("Enter", 13, "\r"),
    "Escape": ("Escape", 27, ""),
    "Tab": ("Tab", 9, ""),
    "Backspace": ("Backspace", 8, ""),
    "Home": ("Home", 36, ""),
    "End": ("End", 35, ""),
    "PageUp": ("PageUp", 33, ""),
    "PageDown": ("PageDown", 34, ""),
    "ArrowLeft": ("ArrowLeft", 37, ""),
    "ArrowUp": ("ArrowUp", 38, ""),
    "ArrowRight": ("ArrowRight", 39, ""),
    "ArrowDown": ("ArrowDown", 40, ""),
}
_SHIFT = 8
_TRACED = ["toplevel", "disabled-by-default-devtools.timeline", "__metadata"]
_MEASURE = """
window.__measured = {longTasks: [], paint: {}, violations: []};
new PerformanceObserver((list) => {
  for (const entry of list.getEntries()) window.__measured.longTasks.push([entry.startTime, entry.duration]);
}).observe({type: "longtask", buffered: true});
new PerformanceObserver((list) => {
  for (const entry of list.getEntries()) window.__measured.paint[entry.name] = entry.startTime;
}).observe({type: "paint", buffered: true});
document.addEventListener("securitypolicyviolation", (event) => {
  window.__measured.violations.push(`${event.effectiveDirective} ${event.blockedURI} ${event.sourceFile}:${event.lineNumber}`);
});
"""


class ScriptError(Exception):
    """A script that a test evaluated in a page threw."""


@dataclass
class Request:
    """A request that a page made. ``status`` is 0 until an answer has come; ``failure`` says why none did.

    ``kind`` is ``Document``, ``Script``, ``Fetch`` …
    """

    method: str
    url: str
    kind: str = ""
    status: int = 0
    failure: str = ""


class BrowserPage:
    """A page.

    Attributes:
        problems: what it logged as an error or a warning, threw, or was refused; one line each.
        requests: what it asked for, the document itself included.
    """

    def __init__(
        self, connection: Connection, session: str, context: str, *, is_dark: bool, size: tuple[int, int]
    ) -> None:
        """Attach to a page that has just been made.

        Args:
            connection: to its browser.
            session: its own.
            context: of the browser, for it alone.
            is_dark: whether its user prefers a dark theme.
            size: of the window, in CSS pixels.
        """
        self.problems: list[str] = []
        self.requests: list[Request] = []
        self._connection, self._session, self._context = connection, session, context
        self._by_id: dict[str, Request] = {}
        self._is_loaded = False
        self._traced: list[dict[str, Any]] = []
        self._is_traced = False
        connection.listen(session, self._take)
        for domain in ("Page", "Runtime", "Log", "Network", "Audits"):
            self.call(f"{domain}.enable")
        self.call("Page.addScriptToEvaluateOnNewDocument", source=_MEASURE)
        scheme = "dark" if is_dark else "light"
        self.call("Emulation.setEmulatedMedia", features=[{"name": "prefers-color-scheme", "value": scheme}])
        self.call(
            "Emulation.setDeviceMetricsOverride", width=size[0], height=size[1], deviceScaleFactor=1, mobile=False
        )

    def call(self, method: str, **parameters: Any) -> Any:
        """Send a command of the DevTools protocol to this page."""
        return self._connection.call(method, self._session, **parameters)

    def open(self, url: str, deadline_s: float = DEADLINE_S) -> None:
        """Go to an address and wait until it has loaded.

        Raises:
            AssertionError: it cannot be reached, or did not load in time.
        """
        self._is_loaded = False
        answer = self.call("Page.navigate", url=url)
        assert not answer.get("errorText"), f"{url}: {answer['errorText']}"
        if "loaderId" in answer:  # else only the fragment has changed
            self._wait_until_loaded(deadline_s)

    def reload(self, deadline_s: float = DEADLINE_S) -> None:
        """Load it again, as a user does."""
        self._is_loaded = False
        self.call("Page.reload")
        self._wait_until_loaded(deadline_s)

    def evaluate(self, expression: str) -> Any:
        """Give the value of a JavaScript expression, a promise's once it is kept.

        Raises:
            ScriptError: it threw.
        """
        answer = self.call("Runtime.evaluate", expression=expression, returnByValue=True, awaitPromise=True)
        if "exceptionDetails" in answer:
            thrown = answer["exceptionDetails"]
            raise ScriptError(thrown.get("exception", {}).get("description") or thrown["text"])
        return answer["result"].get("value")

    def apply(self, function: str, *arguments: Any) -> Any:
        """Call a JavaScript function, given as text, with JSON arguments; give what it returns."""
        return self.evaluate(f"({function})({', '.join(map(json.dumps, arguments))})")

    def wait_for(self, expression: str, deadline_s: float = DEADLINE_S) -> Any:
        """Wait until a JavaScript expression gives something true, and give that."""
        return wait_for(
            lambda: self.evaluate(expression), deadline_s, what=f"{expression}; {self.problems}", poll_s=0.02
        )

    def wait_until(self, predicate: Callable[[], Any], deadline_s: float = DEADLINE_S, *, what: str = "") -> None:
        """Wait, while what happens is taken in, until ``predicate`` gives something true."""

        def is_so() -> bool:
            self._connection.pump(0.05)
            return bool(predicate())

        wait_for(is_so, deadline_s, what=what)

    def count(self, selector: str) -> int:
        """Say how many elements match."""
        return int(self.apply("(selector) => document.querySelectorAll(selector).length", selector))

    def text(self, selector: str) -> str:
        """Give the text that the first matching element shows.

        Raises:
            ScriptError: none matches.
        """
        return str(self.apply("(selector) => document.querySelector(selector).innerText", selector))

    def texts(self, selector: str) -> list[str]:
        """Give the text that each matching element shows."""
        return list(
            self.apply("(selector) => [...document.querySelectorAll(selector)].map((e) => e.innerText)", selector)
        )

    def click(self, selector: str, text: str = "") -> None:
        """Click in the middle of the first element that matches and holds ``text``, with a real mouse, once it rests.

        Raises:
            AssertionError: there is none, or another element lies above it.
        """
        find = """async (selector, text) => {
          const found = [...document.querySelectorAll(selector)].find((e) => e.textContent.includes(text));
          if (!found) return null;
          found.scrollIntoView({block: "nearest", inline: "nearest"});
          const before = found.getBoundingClientRect();
          await new Promise((drawn) => requestAnimationFrame(() => requestAnimationFrame(drawn)));
          const box = found.getBoundingClientRect();
          if (!found.isConnected || box.left !== before.left || box.top !== before.top) return null;
          const [x, y] = [box.left + box.width / 2, box.top + box.height / 2];
          const top = document.elementFromPoint(x, y);
          return [x, y, top !== null && (found.contains(top) || top.contains(found))];
        }"""
        found = wait_for(lambda: self.apply(find, selector, text), DEADLINE_S, what=f"{selector} {text!r}", poll_s=0.02)
        x, y, is_on_top = found
        assert is_on_top, f"something lies above {selector} {text!r}"
        for kind in ("mouseMoved", "mousePressed", "mouseReleased"):
            self.call("Input.dispatchMouseEvent", type=kind, x=x, y=y, button="left", clickCount=1)

    def press(self, *keys: str) -> None:
        """Press keys one after the other: characters, or names such as ``Enter``, with ``Shift+`` before them at will."""
        for word in keys:
            shift, _, name = word.rpartition("Shift+")
            key, code, text = _KEYS.get(name, (name, ord(name[0].upper()), name))
            modifiers = _SHIFT if shift or word.endswith("Shift+") or (len(name) == 1 and name.isupper()) else 0
            common = {"key": key, "windowsVirtualKeyCode": code, "modifiers": modifiers}
            self.call("Input.dispatchKeyEvent", type="keyDown" if text else "rawKeyDown", text=text, **common)
            self.call("Input.dispatchKeyEvent", type="keyUp", **common)

    def write(self, text: str) -> None:
        """Type a text into what has the focus."""
        self.call("Input.insertText", text=text)

    def scroll(self, x: float, y: float, by: float) -> None:
        """Turn the wheel at a point of the window by ``by`` CSS pixels."""
        self.call("Input.dispatchMouseEvent", type="mouseWheel", x=x, y=y, deltaX=0, deltaY=by)

    def go_offline(self) -> None:
        """Cut the page off from every network."""
        self.call("Network.emulateNetworkConditions", offline=True, latency=0, downloadThroughput=0, uploadThroughput=0)

    def screenshot(self, path: str | os.PathLike[str]) -> None:
        """Write what the window shows as a PNG file."""
        data = self.call("Page.captureScreenshot", format="png", optimizeForSpeed=False)["data"]
        Path(path).parent.mkdir(parents=True, exist_ok=True)
        Path(path).write_bytes(base64.b64decode(data))

    def measured(self) -> dict[str, Any]:
        """Give what was measured since the page began to load.

        Returns:
            ``longTasks`` as pairs of start and duration, ``paint`` times by name, all in ms; ``violations`` of its policy.
        """
        self.pump()
        return dict(self.evaluate("window.__measured"))

    @contextmanager
    def traced(self) -> Iterator[list[float]]:
        """Trace what the page's main thread does inside ``with``.

        Yields:
            A list that holds afterwards, for each task, how many ms of the processor it took: not longer on a busy machine.
        """
        took: list[float] = []
        self._traced = []
        self.call("Tracing.start", transferMode="ReportEvents", traceConfig={"includedCategories": _TRACED})
        yield took
        self._is_traced = False
        self.call("Tracing.end")
        self.wait_until(lambda: self._is_traced, what="the trace")
        names = [event for event in self._traced if event.get("name") == "thread_name"]
        mains = {(event["pid"], event["tid"]) for event in names if event["args"]["name"] == "CrRendererMain"}
        took += [
            event.get("tdur", 0) / 1000
            for event in self._traced
            if (event.get("pid"), event.get("tid")) in mains and event.get("name", "").endswith("RunTask")
        ]

    def pump(self) -> None:
        """Take in what has happened."""
        while self._connection.pump():
            pass

    def close(self) -> None:
        """Close it and forget its cookies and storage."""
        self._connection.call("Target.disposeBrowserContext", browserContextId=self._context)

    def __enter__(self) -> Self:
        """Nothing to set up."""
        return self

    def __exit__(self, *_: object) -> None:
        """Close it."""
        self.close()

    def _wait_until_loaded(self, deadline_s: float) -> None:
        self.wait_until(lambda: self._is_loaded, deadline_s, what="the page to load")

    def _take(self, method: str, event: Parameters) -> None:
        take = getattr(self, "_on_" + method.replace(".", "_"), None)
        if take is not None:
            take(event)

    def _on_Tracing_dataCollected(self, event: Parameters) -> None:
        self._traced.extend(event["value"])

    def _on_Tracing_tracingComplete(self, _: Parameters) -> None:
        self._is_traced = True

    def _on_Page_loadEventFired(self, _: Parameters) -> None:
        self._is_loaded = True

    def _on_Page_javascriptDialogOpening(self, event: Parameters) -> None:
        self.problems.append(f"dialog: {event['message']}")
        self._connection.send("Page.handleJavaScriptDialog", self._session, accept=False)

    def _on_Runtime_consoleAPICalled(self, event: Parameters) -> None:
        if event["type"] in ("error", "warning", "assert"):
            said = " ".join(str(part.get("value", part.get("description", ""))) for part in event["args"])
            self.problems.append(f"console {event['type']}: {said}")

    def _on_Runtime_exceptionThrown(self, event: Parameters) -> None:
        thrown = event["exceptionDetails"]
        self.problems.append(f"thrown: {thrown.get('exception', {}).get('description') or thrown['text']}")

    def _on_Log_entryAdded(self, event: Parameters) -> None:
        entry = event["entry"]
        if entry["level"] in ("error", "warning"):
            self.problems.append(f"log {entry['level']}: {entry['text']} {entry.get('url', '')}".rstrip())

    def _on_Audits_issueAdded(self, event: Parameters) -> None:
        issue = event["issue"]
        if issue["code"] == "ContentSecurityPolicyIssue":
            self.problems.append(f"policy: {json.dumps(issue['details'])}")

    def _on_Network_requestWillBeSent(self, event: Parameters) -> None:
        request = Request(event["request"]["method"], event["request"]["url"], event.get("type", ""))
        if "redirectResponse" in event:
            self._by_id[event["requestId"]].status = event["redirectResponse"]["status"]
        self._by_id[event["requestId"]] = request
        self.requests.append(request)

    def _on_Network_responseReceived(self, event: Parameters) -> None:
        if event["requestId"] in self._by_id:
            self._by_id[event["requestId"]].status = event["response"]["status"]

    def _on_Network_loadingFailed(self, event: Parameters) -> None:
        if event["requestId"] in self._by_id:
            self._by_id[event["requestId"]].failure = event.get("blockedReason") or event["errorText"]
