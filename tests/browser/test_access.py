"""Who may look: the holder of the link, and no other page of the same browser, whatever way it tries."""

from __future__ import annotations

import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from tests.support.chromium import REBOUND_NAME
from tests.support.page_server import place

pytestmark = pytest.mark.process

WAYS = {
    "fetch with the cookie": "fetch(TARGET + '/api/runs', {credentials: 'include'}).then((r) => r.text())",
    "fetch without an answer": "fetch(TARGET + '/api/runs', {mode: 'no-cors', credentials: 'include'}).then((r) => r.text())",
    "post of a query": """fetch(TARGET + PATH, {method: 'POST', mode: 'no-cors', credentials: 'include',
        headers: {'Content-Type': 'text/plain'}, body: '{"sql": "SELECT 1"}'}).then((r) => r.text())""",
    "post of JSON": """fetch(TARGET + PATH, {method: 'POST', credentials: 'include',
        headers: {'Content-Type': 'application/json'}, body: '{"sql": "SELECT 1"}'}).then((r) => r.text())""",
    "beacon": "new Promise((done) => { navigator.sendBeacon(TARGET + PATH, '{}'); setTimeout(done, 200, ''); })",
    "script": "loaded('script', {src: TARGET + '/page.js'})",
    "document as a script": "loaded('script', {src: TARGET + '/api/runs'})",
    "module": "loaded('script', {src: TARGET + '/page.js', type: 'module', crossOrigin: 'use-credentials'})",
    "style": "loaded('link', {rel: 'stylesheet', href: TARGET + '/page.css'})",
    "image": "loaded('img', {src: TARGET + '/api/runs'})",
    "frame": "loaded('iframe', {src: TARGET + '/'}, (e) => e.contentDocument && e.contentDocument.body.textContent)",
    "object": "loaded('object', {data: TARGET + '/', type: 'text/html'})",
    "form in a frame": """new Promise((done) => {
        const frame = Object.assign(document.createElement('iframe'), {name: 'into', onload: () => setTimeout(done, 200, '')});
        document.body.append(frame);
        const form = Object.assign(document.createElement('form'), {action: TARGET + PATH, method: 'post', target: 'into'});
        document.body.append(form);
        form.submit();
    })""",
    "event stream": "new Promise((done) => { new EventSource(TARGET + '/api/runs', {withCredentials: true}).onerror = () => done(''); })",
}
"""Ways to reach the server from the page of another origin: expressions that give a text the page got hold of, or throw."""

LOADED = """
const loaded = (tag, properties, read) => new Promise((done) => {
  const element = Object.assign(document.createElement(tag), properties);
  element.onload = () => done(read ? read(element) || '' : 'loaded');
  element.onerror = () => done('');
  document.body.append(element);
  setTimeout(done, 2000, '');
});
"""


class _Attacker(BaseHTTPRequestHandler):
    def do_GET(self):
        body = b"<!doctype html><link rel=icon href='data:,'><title>a page of somebody else's</title><body>"
        self.send_response(200)
        self.send_header("Content-Type", "text/html")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


@pytest.fixture(scope="module")
def attacker_port():
    with ThreadingHTTPServer(("127.0.0.1", 0), _Attacker) as other:
        thread = threading.Thread(target=other.serve_forever, args=(0.05,))
        thread.start()
        yield other.server_port
        other.shutdown()
        thread.join()


@pytest.fixture
def page(chromium):
    with chromium.new_page() as opened:
        yield opened


def answered(page):
    """Give the status of the document that was opened last."""
    return [request.status for request in page.requests if request.kind == "Document"][-1]


def read(page):
    return page.evaluate("document.body.innerText")


def test_the_link_opens_the_page_and_leaves_no_key_in_the_address(page, server, runs):
    page.open(server.link(place(runs.shop(), "requests")))
    assert page.evaluate("location.href") == f"{server.origin}/#/{runs.shop()}/requests"
    assert page.evaluate("document.cookie") == ""  # no script can read it
    assert page.evaluate("document.referrer") == ""


def test_without_the_key_one_sentence_says_what_to_do(page, server):
    for path in ("/", "/page.js", "/api/runs", f"/?k={'x' * len(server.token)}"):
        page.open(server.origin + path)
        assert answered(page) == 403
        assert "otelrun ui printed" in read(page)


@pytest.mark.parametrize("path", ["/", "/?k=TOKEN", "/api/runs"])
def test_a_foreign_name_that_points_here_is_refused_even_with_the_key(page, server, path):
    page.open(server.link())
    page.open(f"http://{REBOUND_NAME}:{server.port}" + path.replace("TOKEN", server.token))
    assert answered(page) == 403
    assert "127.0.0.1 and localhost only" in read(page)


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", REBOUND_NAME])
def test_a_page_of_another_origin_gets_nothing_in_whatever_way(page, server, runs, attacker_port, host):
    """The one of the same host counts as the same site: the browser sends it the cookie along."""
    page.open(server.link())
    page.open(f"http://{host}:{attacker_port}/")
    page.requests.clear()
    known = f"const TARGET = '{server.origin}', PATH = '/api/run/{runs.shop()}/sql';"
    ways = ", ".join(f"(async () => ({way}))().catch(() => '')" for way in WAYS.values())
    got = page.evaluate(f"(() => {{ {known} {LOADED} return Promise.all([{ways}]); }})()")
    page.pump()
    reached = [request for request in page.requests if request.url.startswith(server.origin)]
    assert len(reached) >= len(WAYS)
    assert dict(zip(WAYS, got, strict=True)) == dict.fromkeys(WAYS, "")
    assert {request.status for request in reached} <= {0, 403, 405}


def test_a_link_on_a_page_of_another_origin_does_not_open_the_page(page, server, attacker_port):
    page.open(server.link())
    page.open(f"http://127.0.0.1:{attacker_port}/")
    page.requests.clear()
    page.evaluate(f"location.href = '{server.origin}/'")
    page.wait_for("document.body && document.body.innerText.includes('Another site')")
    assert answered(page) == 403


def test_the_page_can_run_no_foreign_script_and_be_framed_by_nobody(page, server):
    page.open(server.link())
    page.problems.clear()
    for attempt in (
        "document.body.append(Object.assign(document.createElement('script'), {textContent: 'window.__pwned = 1'}))",
        "document.body.insertAdjacentHTML('beforeend', '<img src=x onerror=\"window.__pwned = 1\">')",
        "document.body.insertAdjacentHTML('beforeend', '<base href=\"http://rebound.example/\">')",
        "document.body.append(Object.assign(document.createElement('script'), {src: 'http://rebound.example/x.js'}))",
        "document.body.append(Object.assign(document.createElement('iframe'), {src: location.origin}))",
        "fetch('http://rebound.example/').catch(() => 0)",
    ):
        page.evaluate(attempt + ", 0")
    page.wait_for("window.__measured.violations.length >= 6")
    assert page.evaluate("'__pwned' in window") is False
    assert page.evaluate("document.baseURI").startswith(server.origin)
