"""The options of ``http_server`` and ``http_client`` in a profile."""

from __future__ import annotations

from tests.unit.profile.test_checker import GOOD

NO_PATTERN = "is not a regular expression"
PATTERN = "write e.g. 'x-request-id' or 'x-.*'"
TEMPLATE = "is not the template of a route; write e.g. '/users/{id}' or '/files/{name:path}'"


def test_options_of_http_come_from_both_places_and_misspelt_ones_are_told(load):
    text = (
        GOOD
        + """instrumentation/development:
  general:
    http:
      server: {request_captured_headers: [a, b], response_captured_headers: [s], known_methods: [GET]}
      client: {response_captured_headers: [c]}
  python:
    http_server: {request_captured_headers: [d], rout: [/x], exclude: [/healthz]}
"""
    )
    loaded = load(text)
    assert loaded.profile.options("http_server") == {
        "request_captured_headers": ["d"],
        "response_captured_headers": ["s"],
        "exclude": ["/healthz"],
    }
    assert loaded.profile.options("http_client") == {"response_captured_headers": ["c"]}
    general, misspelt = loaded.warnings
    assert general.endswith("http.server.known_methods: official, but otelrun does not follow it yet; it has no effect")
    assert misspelt.endswith("python.http_server.rout: unknown key; did you mean 'routes'? It has no effect")


def test_wrong_options_of_http_are_mistakes(problems_of):
    text = (
        GOOD
        + """instrumentation/development:
  python:
    http_server:
      request_captured_headers: ["x-(", x-a]
      routes: [users, "/a/{}", "/a/{b:int}", "/a/{b:path}"]
      exclude: /healthz
      body_sizes: "yes"
    http_client: {excluded_urls: "health,*"}
"""
    )
    assert [problem.partition("python.")[2] for problem in problems_of(text)] == [
        f"http_server.request_captured_headers[0]: 'x-(' {NO_PATTERN} (missing ), unterminated subpattern); {PATTERN}",
        "http_server.routes[0]: 'users' does not begin with '/'; write '/users'",
        f"http_server.routes[1]: '/a/{{}}' {TEMPLATE}",
        f"http_server.routes[2]: '/a/{{b:int}}' {TEMPLATE}",
        "http_server.exclude: one value is not a list; write a list of globs such as ['/healthz', '/static/*']",
        "http_server.body_sizes: 'yes' is not a boolean; write true",
        f"http_client.excluded_urls: 'health,*' {NO_PATTERN} (nothing to repeat); {PATTERN}",
    ]
