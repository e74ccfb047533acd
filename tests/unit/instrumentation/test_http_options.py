"""The options of ``http_server`` and ``http_client``, as values."""

from __future__ import annotations

import pytest

from otelrun.instrumentation.http_options import read_captured, read_excluded, read_routes

ROUTES = ("/users/{id}", "/users/{id}/posts/{post}", "/files/{name:path}", "/v{version}/a.b", "/", "/users/me")


@pytest.mark.parametrize(
    ("path", "route"),
    [
        ("/users/7", "/users/{id}"),
        ("/users/me", "/users/{id}"),  # the first one counts
        ("/users/7/", ""),
        ("/users/7/posts/8", "/users/{id}/posts/{post}"),
        ("/users//posts/8", ""),
        ("/files/a/b/c.txt", "/files/{name:path}"),
        ("/files/", ""),
        ("/v1/a.b", "/v{version}/a.b"),
        ("/v1/axb", ""),
        ("/", "/"),
        ("", ""),
        ("/users/7\n", "/users/{id}"),
        ("/nothing", ""),
    ],
)
def test_a_path_follows_the_first_template_it_fits(path, route):
    assert read_routes({"routes": ROUTES}).find(path) == route


@pytest.mark.parametrize("options", [{}, {"routes": None}, {"routes": ()}, {"routes": 7}, {"routes": (7,)}])
def test_without_templates_there_are_no_routes(options):
    assert read_routes(options) is None


@pytest.mark.parametrize(
    ("options", "path", "url", "is_excluded"),
    [
        ({"exclude": ("/healthz", "/static/*")}, "/healthz", "", True),
        ({"exclude": ("/healthz", "/static/*")}, "/healthz/", "", False),
        ({"exclude": ("/healthz", "/static/*")}, "/static/a/b.css", "", True),
        ({"exclude": ("/healthz", "/static/*")}, "/a/static/b", "", False),
        ({"exclude": ("/v?/live", "/a.b", "/c[d]")}, "/v1/live", "", True),
        ({"exclude": ("/v?/live", "/a.b", "/c[d]")}, "/axb", "", False),
        ({"exclude": ("/v?/live", "/a.b", "/c[d]")}, "/c[d]", "", True),
        ({"exclude": "/healthz"}, "/healthz", "", True),
        ({"excluded_urls": "health, /internal/.*$"}, "", "http://h:8000/healthz?x=1", True),
        ({"excluded_urls": "health, /internal/.*$"}, "", "http://h/internal/a", True),
        ({"excluded_urls": "health, /internal/.*$"}, "", "http://h/", False),
        ({"excluded_urls": "(, health"}, "", "http://h/health", True),
    ],
)
def test_requests_are_excluded_by_globs_and_patterns(options, path, url, is_excluded):
    assert read_excluded(options).holds(path, url) is is_excluded


@pytest.mark.parametrize(
    "options", [{}, {"exclude": ()}, {"excluded_urls": ""}, {"excluded_urls": "("}, {"exclude": 7}]
)
def test_nothing_is_excluded_by_default(options):
    assert read_excluded(options) is None


def test_headers_are_captured_by_pattern_and_the_secret_ones_redacted():
    options = {
        "request_captured_headers": ("content-type", "X-.*", "Authorization", "cookie", "(", "Set-Cookie"),
        "redacted_headers": ("x-customer",),
    }
    items = [
        ("Content-Type", "text/plain"),
        ("X-Request-ID", "1"),
        ("x-request-id", "2"),
        ("X-Customer", "Ada"),
        ("X-API-Key", "k"),
        ("X-Auth-Token", "t"),
        ("authorization", "Bearer b"),
        ("Cookie", "c"),
        ("Accept", "*/*"),
        ("content-type-2", "no"),
    ]
    assert read_captured(options, "request").attributes(items) == {
        "http.request.header.content-type": ("text/plain",),
        "http.request.header.x-request-id": ("1", "2"),
        "http.request.header.x-customer": ("REDACTED",),
        "http.request.header.x-api-key": ("REDACTED",),
        "http.request.header.x-auth-token": ("REDACTED",),
        "http.request.header.authorization": ("REDACTED",),
        "http.request.header.cookie": ("REDACTED",),
    }


def test_no_header_is_captured_by_default():
    assert read_captured({}, "request") is None
    assert read_captured({"response_captured_headers": ("a",)}, "request") is None
    assert read_captured({"response_captured_headers": ("a",)}, "response").attributes([("A", "1")]) == {
        "http.response.header.a": ("1",)
    }
