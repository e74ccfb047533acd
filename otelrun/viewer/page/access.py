"""Who may ask the page's server: pure, from a request's head to a verdict. Reads no file and opens no socket.

The server listens on loopback only, but every program and every web site that is open on this machine can reach it there. So
each request needs the token, which only who started ``otelrun ui`` has been told; must name this machine as its host, so that
no foreign name that points here (DNS rebinding) works; and must not come from the page of another origin.
"""

from __future__ import annotations

import hmac
import re
from http.cookies import CookieError, SimpleCookie
from typing import TYPE_CHECKING, NamedTuple
from urllib.parse import parse_qs

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

LONGEST_BODY = 64 * 1024
"""Bytes of a query that is sent to be run."""

JSON = "application/json"

_HOST = re.compile(r"(?:127\.0\.0\.1|localhost|\[::1\])(?::([0-9]{1,5}))?")
_TARGET = re.compile(r"/[!-\[\]-~]*")  # printable ASCII but the backslash; no space, no control character
_OWN_SITES = frozenset({"same-origin", "none"})
_USE_THE_LINK = "Open the page by the link that otelrun ui printed: it holds the key."


class Head(NamedTuple):
    """The head of a request.

    Attributes:
        method: as sent.
        target: as sent, e.g. ``/api/runs?x=1``.
        headers: lower-case name → value; where a name came twice, both values with a comma between them.
    """

    method: str
    target: str
    headers: Mapping[str, str]


class Verdict(NamedTuple):
    """What is to be done with a request: 200 answer it, 303 go on to ``/`` with ``cookie``, else refuse it with a sentence.

    ``key`` is the one of ``keys_for_once`` that was used, and is none any more.
    """

    status: int
    slug: str = ""
    sentence: str = ""
    cookie: str = ""
    key: str = ""


ALLOWED = Verdict(200)


def judge(head: Head, token: str, keys_for_once: Collection[str] = ()) -> Verdict:
    """Judge a request.

    Args:
        head: of the request.
        token: the server's own.
        keys_for_once: keys that open the page a single time, besides the token.
    """
    host = _HOST.fullmatch(head.headers.get("host", ""))
    if host is None:
        return Verdict(403, "host", "This server answers to 127.0.0.1 and localhost only.")
    if not _TARGET.fullmatch(head.target):
        return Verdict(400, "target", "This is no address of this server.")
    if head.method not in ("GET", "POST"):
        return Verdict(405, "method", "Only GET, and POST of a query, are answered here.")
    if _is_foreign(head.headers):
        return Verdict(403, "origin", "Another site has asked for this. " + _USE_THE_LINK)
    path, _, query = head.target.partition("?")
    if head.method == "GET" and path == "/" and "k" in (values := parse_qs(query)):
        given = values["k"][-1]
        key = next((key for key in (token, *keys_for_once) if _is_same(given, key)), "")
        if not key:
            return Verdict(403, "token", "This key is not, or no longer, the right one. " + _USE_THE_LINK)
        cookie = f"{_cookie_name(host[1])}={token}; HttpOnly; SameSite=Strict; Path=/"
        return Verdict(303, cookie=cookie, key="" if key == token else key)
    if not _is_same(_cookie(head.headers.get("cookie", ""), _cookie_name(host[1])), token):
        return Verdict(403, "token", _USE_THE_LINK)
    return _judge_body(head.headers) if head.method == "POST" else ALLOWED


def _is_foreign(headers: Mapping[str, str]) -> bool:
    """Say whether a browser says that the page of another origin asks, or that it was led here by one."""
    if headers.get("sec-fetch-site", "none") not in _OWN_SITES:
        return True
    return headers.get("origin", f"http://{headers['host']}") != f"http://{headers['host']}"


def _judge_body(headers: Mapping[str, str]) -> Verdict:
    """Judge the body of a POST: JSON by its type, which no form of another site can send, of a length that is told."""
    if headers.get("content-type", "").partition(";")[0].strip().lower() != JSON:
        return Verdict(415, "type", "A query is sent as application/json.")
    length = headers.get("content-length", "")
    if "transfer-encoding" in headers or not (length.isascii() and length.isdecimal()):
        return Verdict(411, "length", "A query is sent with its length.")
    if len(length) > len(str(LONGEST_BODY)) or int(length) > LONGEST_BODY:
        return Verdict(413, "too-large", f"A query has at most {LONGEST_BODY} bytes.")
    return ALLOWED


def _cookie_name(port: str | None) -> str:
    """Name the cookie by the port that the browser sees: cookies of one host are shared by all its ports."""
    return f"otelrun-{port or 80}"


def _cookie(text: str, name: str) -> str:
    try:
        morsel = SimpleCookie(text).get(name)
    except CookieError:
        return ""
    return morsel.value if morsel else ""


def _is_same(given: str, token: str) -> bool:
    """Compare in a time that does not tell how much was right."""
    return hmac.compare_digest(given.encode("utf-8", "replace"), token.encode())
