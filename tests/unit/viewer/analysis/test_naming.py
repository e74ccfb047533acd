"""What spans are called when people count."""

from __future__ import annotations

import pytest

from otelrun.viewer.analysis import naming


@pytest.mark.parametrize(
    ("path", "template"),
    [
        ("/", "/"),
        ("/items", "/items"),
        ("/items/13/", "/items/*/"),
        ("/a/0b6e2ac0-1c3e-4f57-9a3c-5b1f0f4c1f6e/b", "/a/*/b"),
        ("/blob/d2bf51df05f3a2b9", "/blob/*"),
        ("/decafbad/feedfacecafe", "/decafbad/feedfacecafe"),
        ("/v2/api", "/v2/api"),
        ("/day/2026-11-27", "/day/*"),
    ],
)
def test_what_varies_in_a_path_is_left_out(path: str, template: str) -> None:
    assert naming.template_of(path) == template


def test_an_endpoint_is_method_and_route_else_a_guess_else_the_name() -> None:
    web = {"http.request.method": "GET", "url.path": "/items/13"}
    assert naming.endpoint_of("GET /items/<i>", "server", {**web, "http.route": "/items/<i>"}) == "GET /items/<i>"
    assert naming.endpoint_of("GET", "server", web) == "GET /items/*"
    assert naming.endpoint_of("GET", "server", {**web, "http.response.status_code": 404}) == "GET (not found)"
    assert naming.endpoint_of("GET", "client", web) == "GET"
    assert naming.endpoint_of("nightly", "internal", {}) == "nightly"
    assert naming.endpoint_of("x" * 5000, "server", {"http.request.method": 7}) == "x" * 200


@pytest.mark.parametrize(
    ("kind", "attributes", "library"),
    [
        ("client", {"db.system.name": "sqlite"}, "sqlite"),
        ("client", {"db.system": "postgresql"}, "postgresql"),
        ("client", {"rpc.system.name": "grpc"}, "grpc"),
        ("producer", {"messaging.system": "kafka"}, "kafka"),
        ("client", {"http.request.method": "GET"}, "http"),
        ("client", {}, "client"),
        ("client", {"db.system.name": 7}, "client"),
        ("internal", {"db.system.name": "sqlite"}, "app"),
    ],
)
def test_a_call_belongs_to_a_library(kind: str, attributes: dict[str, object], library: str) -> None:
    assert naming.library_of(kind, attributes) == library


def test_only_http_statuses_from_500_on_are_server_errors() -> None:
    assert naming.is_server_error({"http.response.status_code": 503})
    assert naming.is_server_error({"http.status_code": "500"})
    assert not naming.is_server_error({"http.response.status_code": 404})
    assert not naming.is_server_error({"rpc.response.status_code": "UNKNOWN"})
    assert not naming.is_server_error({"rpc.grpc.status_code": 2})
