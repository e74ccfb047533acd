"""Who may ask the page's server."""

from __future__ import annotations

import pytest

from otelrun.viewer.page.access import ALLOWED, LONGEST_BODY, Head, judge

TOKEN = "s3-cret_token"
HOST = "127.0.0.1:4319"
COOKIE = f"otelrun-4319={TOKEN}"


def head(target: str = "/api/runs", method: str = "GET", **headers: str) -> Head:
    given = {"host": HOST, "cookie": COOKIE, **{name.replace("_", "-"): value for name, value in headers.items()}}
    return Head(method, target, {name: value for name, value in given.items() if value})


def refusal(request: Head) -> tuple[int, str]:
    verdict = judge(request, TOKEN)
    return verdict.status, verdict.slug


@pytest.mark.parametrize("target", ["/", "/api/runs", "/page.js", "/api/run/x/logs?after=1&limit=2"])
def test_who_has_the_cookie_may_ask(target):
    assert judge(head(target), TOKEN) == ALLOWED


def test_the_link_sets_the_cookie_and_leads_on():
    verdict = judge(head(f"/?k={TOKEN}", cookie=""), TOKEN)
    assert verdict.status == 303
    assert verdict.cookie == f"{COOKIE}; HttpOnly; SameSite=Strict; Path=/"


def test_the_cookie_is_named_by_the_port_that_the_browser_sees():
    verdict = judge(head(f"/?k={TOKEN}", host="localhost:9000", cookie=""), TOKEN)
    assert verdict.cookie.startswith("otelrun-9000=")
    assert judge(head(host="localhost:9000", cookie=f"otelrun-9000={TOKEN}"), TOKEN) == ALLOWED
    assert refusal(head(host="localhost:9000")) == (403, "token")


@pytest.mark.parametrize(
    "cookie",
    [
        "",
        "otelrun-4319=",
        "otelrun-4319=wrong",
        f"otelrun-1={TOKEN}",
        f"x={TOKEN}",
        "\x00;;=",
        f"otelrun-4319={TOKEN}x",
    ],
)
def test_without_the_right_cookie_nothing_is_given(cookie):
    assert refusal(head(cookie=cookie)) == (403, "token")
    assert refusal(head("/", cookie=cookie)) == (403, "token")


@pytest.mark.parametrize("key", ["", "wrong", TOKEN[:-1], f"{TOKEN}x", TOKEN.upper(), "%00"])
def test_a_wrong_key_is_refused_even_with_the_cookie(key):
    assert refusal(head(f"/?k=x{key}")) == (403, "token")


def test_a_key_for_once_opens_the_page_and_is_named_so_that_it_is_none_any_more():
    verdict = judge(head("/?k=once", cookie=""), TOKEN, {"other", "once"})
    assert (verdict.status, verdict.key, verdict.cookie.partition(";")[0]) == (303, "once", COOKIE)
    assert judge(head("/?k=once", cookie=""), TOKEN, {"other"}).status == 403
    assert judge(head(cookie="otelrun-4319=once"), TOKEN, {"once"}).status == 403
    assert judge(head(f"/?k={TOKEN}"), TOKEN, {"once"}).key == ""


def test_the_last_key_of_several_counts():
    assert refusal(head(f"/?k={TOKEN}&k=wrong")) == (403, "token")


@pytest.mark.parametrize("host", ["127.0.0.1:4319", "localhost:4319", "[::1]:4319", "localhost"])
def test_the_names_of_this_machine_are_its_hosts(host):
    port = host.rpartition(":")[2] if host != "localhost" else "80"
    assert judge(head(host=host, cookie=f"otelrun-{port}={TOKEN}"), TOKEN) == ALLOWED


@pytest.mark.parametrize(
    "host",
    [
        "",
        "evil.example:4319",
        "127.0.0.1.evil.example:4319",
        "localhost.evil.example:4319",
        "127.0.0.1:4319, evil.example",
        "127.0.0.1:4319@evil.example",
        "0.0.0.0:4319",
        "192.168.1.7:4319",
        "127.0.0.1:",
        "127.0.0.1:4319 ",
        "LOCALHOST:4319\r",
    ],
)
def test_any_other_host_is_refused_whatever_else_is_right(host):
    assert refusal(head(host=host)) == (403, "host")
    assert refusal(head(f"/?k={TOKEN}", host=host)) == (403, "host")


@pytest.mark.parametrize("site", ["cross-site", "same-site", "", "unheard-of"])
def test_the_page_of_another_site_is_refused(site):
    if site:
        assert refusal(head(sec_fetch_site=site)) == (403, "origin")
        assert refusal(head(f"/?k={TOKEN}", sec_fetch_site=site)) == (403, "origin")


@pytest.mark.parametrize("site", ["same-origin", "none"])
def test_the_own_page_and_the_address_bar_are_not(site):
    assert judge(head(sec_fetch_site=site), TOKEN) == ALLOWED


@pytest.mark.parametrize(
    "origin",
    ["null", "http://evil.example", "http://localhost:4319", "https://127.0.0.1:4319", "http://127.0.0.1:1", "file://"],
)
def test_another_origin_is_refused(origin):
    assert refusal(head(origin=origin)) == (403, "origin")


def test_the_own_origin_is_not():
    assert judge(head(origin=f"http://{HOST}"), TOKEN) == ALLOWED


@pytest.mark.parametrize("method", ["HEAD", "OPTIONS", "PUT", "DELETE", "PATCH", "TRACE", "CONNECT", "get", ""])
def test_other_methods_are_refused(method):
    assert refusal(head(method=method)) == (405, "method")


@pytest.mark.parametrize(
    "target", ["", "*", "http://127.0.0.1:4319/", "//x y", "/a\\b", "/\x00", "/ü", "api/runs", "/a\tb", "/a\r\nX: y"]
)
def test_what_is_no_plain_path_is_refused(target):
    assert refusal(head(target)) == (400, "target")


def post(length: str = "17", kind: str = "application/json", **more: str) -> Head:
    return head("/api/run/r/sql", "POST", content_type=kind, content_length=length, **more)


def test_a_query_is_json_with_its_length():
    assert judge(post(), TOKEN) == ALLOWED
    assert judge(post(kind="application/json; charset=utf-8"), TOKEN) == ALLOWED
    assert judge(post(str(LONGEST_BODY)), TOKEN) == ALLOWED


@pytest.mark.parametrize(
    "kind", ["", "text/plain", "application/x-www-form-urlencoded", "multipart/form-data", "application/jsonx"]
)
def test_what_a_form_of_another_site_can_send_is_refused(kind):
    assert refusal(post(kind=kind)) == (415, "type")


@pytest.mark.parametrize("length", ["", "-1", "x", "1, 1", "+1", "\u0661"])
def test_a_query_without_a_plain_length_is_refused(length):
    assert refusal(post(length)) == (411, "length")
    assert refusal(post(transfer_encoding="chunked")) == (411, "length")


@pytest.mark.parametrize("length", [str(LONGEST_BODY + 1), "9" * 5000])
def test_too_long_a_query_is_refused(length):
    assert refusal(post(length)) == (413, "too-large")


def test_a_query_needs_the_cookie_as_all_does():
    assert refusal(post(cookie="")) == (403, "token")
    assert refusal(post(origin="http://evil.example")) == (403, "origin")
