"""The page's server over real sockets: what it gives to who may ask, and that it gives nothing to anybody else."""

from __future__ import annotations

import contextlib
import os
import socket
import threading
import time

import pytest

from otelrun.viewer.page import server as server_module
from otelrun.viewer.page.answers import Answers
from otelrun.viewer.page.server import FIRST_PORT, PageServer
from tests.process.page.conftest import RUN, Client

pytestmark = pytest.mark.process

POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self';"
    " base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)


def test_the_link_leads_to_the_page_with_a_cookie(client):
    reply = client.ask(f"/?k={client.token}", cookie=None)
    assert (reply.status, reply.headers["location"]) == (303, "/")
    assert reply.headers["set-cookie"] == f"{client.cookie}; HttpOnly; SameSite=Strict; Path=/"
    page = client.ask("/")
    assert (page.status, page.headers["content-type"]) == (200, "text/html; charset=utf-8")
    assert b"<title>otelrun</title>" in page.body


@pytest.mark.parametrize("target", ["/", "/page.js", "/page.css", "/api/runs", "/nothing", "/api/run/x"])
def test_every_answer_keeps_the_browser_strict(client, target):
    for cookie in (client.cookie, None):
        headers = client.ask(target, cookie=cookie).headers
        assert headers["content-security-policy"] == POLICY
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["referrer-policy"] == "no-referrer"
        assert headers["cache-control"] == "no-store"
        assert headers["cross-origin-opener-policy"] == "same-origin"
        assert headers["cross-origin-resource-policy"] == "same-origin"
        assert "access-control-allow-origin" not in headers
        assert "server" not in headers


def test_documents_are_given_as_json(client):
    reply = client.ask("/api/runs")
    assert (reply.status, reply.headers["content-type"]) == (200, "application/json; charset=utf-8")
    assert reply.document["default"] == RUN


def test_long_documents_are_packed_for_who_can_unpack_them(client):
    plain = client.ask(f"/api/run/{RUN}/sql")
    packed = client.ask(f"/api/run/{RUN}/sql", accept_encoding="br, gzip")
    assert "content-encoding" not in plain.headers
    assert packed.headers["content-encoding"] == "gzip"
    assert len(packed.body) < len(plain.body)
    assert packed.document == plain.document
    assert "content-encoding" not in client.ask("/api/runs", accept_encoding="gzip").headers


def test_one_connection_serves_many_requests(client):
    request = f"GET /api/runs HTTP/1.1\r\nHost: {client.host}\r\nCookie: {client.cookie}\r\n\r\n".encode()
    assert [reply.status for reply in client.raw(request * 3)] == [200] * 3


def refused(reply):
    """Give status and slug of a refusal that tells nothing of any run."""
    assert RUN.encode() not in reply.body
    assert b"Traceback" not in reply.body
    assert "set-cookie" not in reply.headers
    return reply.status, reply.document["slug"]


@pytest.mark.parametrize("target", ["/", "/page.js", "/api/runs", f"/api/run/{RUN}", f"/api/run/{RUN}/logs"])
@pytest.mark.parametrize(
    "cookie", [None, "", "otelrun=x", "otelrun-{port}=", "otelrun-{port}=wrong", "otelrun-1={token}"]
)
def test_without_the_key_nothing_is_given(client, target, cookie):
    given = cookie and cookie.format(port=client.port, token=client.token)
    assert refused(client.ask(target, cookie=given)) == (403, "token")


@pytest.mark.parametrize("key", ["", "wrong", "{token}x", "{token}&k=wrong", "{token}%00"])
def test_a_wrong_key_is_refused(client, key):
    assert refused(client.ask(f"/?k={key.format(token=client.token) or 'x'}", cookie=None)) == (403, "token")


def test_a_person_is_told_in_a_sentence(client):
    reply = client.ask("/", cookie=None, accept="text/html,application/xhtml+xml")
    assert (reply.status, reply.headers["content-type"]) == (403, "text/plain; charset=utf-8")
    assert reply.body == b"otelrun: Open the page by the link that otelrun ui printed: it holds the key.\n"


@pytest.mark.parametrize(
    "host", [None, "", "evil.example", "evil.example:{port}", "127.0.0.1.evil.example", "0.0.0.0:{port}"]
)
def test_another_host_is_refused(client, host):
    given = host and host.format(port=client.port)
    assert refused(client.ask(host=given)) == (403, "host")
    assert refused(client.ask(f"/?k={client.token}", host=given)) == (403, "host")


def test_two_hosts_are_refused(client):
    request = f"GET /api/runs HTTP/1.1\r\nHost: {client.host}\r\nHost: evil\r\nCookie: {client.cookie}\r\n\r\n"
    (reply,) = client.raw(request.encode())
    assert refused(reply) == (403, "host")


def test_localhost_is_this_machine_too(client):
    assert client.ask(host=f"localhost:{client.port}").status == 200


@pytest.mark.parametrize(
    "headers", [{"origin": "null"}, {"origin": "http://evil.example"}, {"sec_fetch_site": "cross-site"}]
)
def test_other_origins_are_refused(client, headers):
    for target in ("/api/runs", "/", f"/?k={client.token}"):
        assert refused(client.ask(target, **headers)) == (403, "origin")


@pytest.mark.parametrize("method", ["HEAD", "OPTIONS", "PUT", "DELETE", "PATCH", "TRACE", "CONNECT", "BREW"])
def test_other_methods_are_refused(client, method):
    reply = client.ask(method=method)
    assert (reply.status, reply.headers["allow"]) == (405, "GET, POST")


@pytest.mark.parametrize("target", ["http://127.0.0.1/api/runs", "*", "api/runs", "/a\\b", "/\x7f", "/\xe4", "\x00"])
def test_what_is_no_address_here_is_refused(client, target):
    assert refused(client.ask(target))[0] == 400


@pytest.mark.parametrize(
    "target",
    [
        "/../../../../etc/passwd",
        "/%2e%2e/%2e%2e/etc/passwd",
        "/..%2f..%2fetc/passwd",
        "/static/page.js",
        "/./page.js",
        "/page.js/",
        "/page.js%00",
        "/PAGE.JS",
        "/server.py",
        "/../server.py",
        "//etc/passwd",
        "/index.html",
        "/api/run/../x",
        "/api/run/%2e%2e",
        "/api/run/..",
        f"/api/run/{RUN}/../../x",
        f"/api/run/{RUN}/store.db",
        f"/api/run/{RUN}%2fstore.db",
        f"/api/run/x/{RUN}",
        f"/api/run/{RUN[:-1]}",
        f"/api/run/{RUN}/trace/..",
        "/favicon.ico",
    ],
)
def test_only_what_is_in_the_table_is_served(client, target):
    reply = client.ask(target)
    assert (reply.status, reply.document["slug"]) == (404, "not-found")


def test_queries_are_answered_and_do_nothing_but_read(client):
    assert client.query("SELECT count(*) AS n FROM span").document["rows"] == [[8]]
    for sql in ("DELETE FROM span", "ATTACH '/tmp/x' AS x", "PRAGMA user_version = 9", "SELECT load_extension('x')"):
        reply = client.query(sql)
        assert (reply.status, reply.document["slug"]) == (400, "sql")
    assert client.query("SELECT count(*) AS n FROM span").document["rows"] == [[8]]


def test_a_query_of_a_form_is_refused(client):
    target, body = f"/api/run/{RUN}/sql", b'{"sql": "SELECT 1"}'
    for kind in ("text/plain", "application/x-www-form-urlencoded", None):
        assert refused(client.ask(target, "POST", body, content_type=kind)) == (415, "type")
    assert refused(client.ask(target, "POST", body, content_length=None)) == (411, "length")
    assert refused(client.ask(target, "POST", b"x" * 70_000)) == (413, "too-large")
    assert refused(client.ask(target, "POST", body, cookie=None)) == (403, "token")
    assert client.ask("/api/runs", "POST", body).status == 404


def test_a_body_that_was_not_asked_for_begins_no_second_request(client):
    second = f"GET /api/runs HTTP/1.1\r\nHost: {client.host}\r\nCookie: {client.cookie}\r\n\r\n"
    lines = f"GET /api/runs HTTP/1.1\r\nHost: {client.host}\r\nCookie: {client.cookie}\r\nContent-Length: {len(second)}\r\n\r\n"
    assert len(client.raw((lines + second).encode())) == 1
    chunked = lines.replace(f"Content-Length: {len(second)}", "Transfer-Encoding: chunked")
    assert len(client.raw((chunked + second).encode())) == 1


@pytest.mark.parametrize(
    "sent",
    [
        b"\x00\x01\x02\r\n\r\n",
        b"GET\r\n\r\n",
        b"GET / HTTP/9.9\r\n\r\n",
        b"GET / HTTP/1.1 x\r\n\r\n",
        b"GET /" + b"a" * 70_000 + b" HTTP/1.1\r\n\r\n",
        b"GET / HTTP/1.1\r\nX: " + b"a" * 70_000 + b"\r\n\r\n",
        b"GET / HTTP/1.1\r\n" + b"".join(b"X-%d: a\r\n" % i for i in range(300)) + b"\r\n",
        b"GET / HTTP/1.1\r\n: no name\r\n\r\n",
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + b"\x00" * 200,
        b"",
        b"GET / HT",
    ],
    ids=range(11),
)
def test_what_is_no_http_is_refused_and_hurts_nobody(client, sent):
    for reply in client.raw(sent):
        assert 400 <= reply.status < 600
        assert b"Traceback" not in reply.body
    assert client.ask().status == 200


def test_a_slow_client_loses_its_connection_and_nobody_else_waits(client, monkeypatch):
    monkeypatch.setattr(server_module, "_HEAD_S", 0.5)
    with client.connect() as slow:
        slow.sendall(b"GET /")
        began = time.monotonic()
        assert client.ask().status == 200
        slow.settimeout(10)
        with contextlib.suppress(ConnectionError):
            while slow.recv(1024):
                pass
        assert time.monotonic() - began < 8


def test_too_many_connections_do_not_take_the_server(client):
    crowd = [client.connect() for _ in range(100)]
    for connection in crowd:
        connection.close()
    for _ in range(50):
        try:
            assert client.ask().status == 200
            break
        except ValueError:  # closed at once: the crowd is not gone yet
            continue
    else:
        pytest.fail("the server does not answer any more")


def test_two_pages_look_at_two_runs_at_once(client, tmp_path):
    results = []

    def look():
        for _ in range(5):
            views = ("requests", "logs", "errors", "processes", "metrics")
            results.extend(client.ask(f"/api/run/{RUN}/{view}").status for view in views)

    threads = [threading.Thread(target=look) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert results == [200] * 75


def test_it_listens_on_loopback_only(client):
    other = next((a[4][0] for a in socket.getaddrinfo(socket.gethostname(), None, socket.AF_INET)), "127.0.0.1")
    for address in {other, "127.0.0.2"} - {"127.0.0.1"}:
        with pytest.raises(OSError, match=r"refused|unreachable|timed out"):
            socket.create_connection((address, client.port), timeout=5)


def test_the_next_free_port_is_taken(tmp_path):
    servers = [PageServer(Answers(str(tmp_path))) for _ in range(3)]
    ports = [server.port for server in servers]
    assert len(set(ports)) == 3
    assert min(ports) >= FIRST_PORT
    with pytest.raises(OSError, match="in use"):
        PageServer(Answers(str(tmp_path)), port=ports[0])
    for server in servers:
        server.close()


def test_each_server_has_a_key_of_its_own(tmp_path):
    servers = [PageServer(Answers(str(tmp_path))) for _ in range(2)]
    assert servers[0].token != servers[1].token
    assert len(servers[0].token) >= 32
    assert servers[0].url("x/requests") == f"http://127.0.0.1:{servers[0].port}/?k={servers[0].token}#/x/requests"
    for server in servers:
        server.close()


def test_a_key_for_once_opens_the_page_a_single_time(client, server):
    target = server.url(is_for_once=True).partition(str(client.port))[2]
    reply = client.ask(target, cookie=None)
    assert (reply.status, reply.headers["set-cookie"].partition(";")[0]) == (303, client.cookie)
    assert refused(client.ask(target, cookie=None)) == (403, "token")


def test_a_mistake_of_ours_is_told_without_a_traceback(tmp_path, monkeypatch, capfd):
    monkeypatch.delenv("OTELRUN_STRICT", raising=False)

    class Broken:
        def answer(self, route, body=b""):
            raise ZeroDivisionError(os.getcwd())

    server = PageServer(Broken())
    thread = threading.Thread(target=server.serve)
    thread.start()
    try:
        reply = Client(server.port, server.token).ask()
        assert (reply.status, reply.document["slug"]) == (500, "internal")
        assert os.getcwd().encode() not in reply.body
    finally:
        server.stop()
        thread.join(20)
        server.close()
