import pytest

from otelrun.instrumentation import http_conventions as http


@pytest.mark.parametrize(
    ("url", "redacted"),
    [
        ("http://h/p", "http://h/p"),
        ("http://user:pw@h:8/p?q=1#f", "http://REDACTED:REDACTED@h:8/p?q=1#f"),
        ("http://user@h", "http://REDACTED:REDACTED@h"),
        ("http://h/p?sig=abc&x=1&Signature=d=e&signal=7", "http://h/p?sig=REDACTED&x=1&Signature=REDACTED&signal=7"),
        ("http://h/a@b?c=@", "http://h/a@b?c=@"),
        (
            "https://h?AWSAccessKeyId=1&X-Goog-Signature=2",
            "https://h?AWSAccessKeyId=REDACTED&X-Goog-Signature=REDACTED",
        ),
    ],
)
def test_urls_are_redacted(url, redacted):
    assert http.redact_url(url) == redacted


@pytest.mark.parametrize(
    ("target", "parts"),
    [
        ("/", ("/", "")),
        ("/a?b=c?d", ("/a", "b=c?d")),
        ("/a?url=http://h/p", ("/a", "url=http://h/p")),
        ("http://h:1/a?b", ("/a", "b")),
        ("http://h", ("/", "")),
        ("http://[h/a", ("http://[h/a", "")),
        ("*", ("*", "")),
        ("h:443", ("h:443", "")),
        ("/a?sig=1", ("/a", "sig=REDACTED")),
    ],
)
def test_targets_are_split(target, parts):
    assert http.split_target(target) == parts


@pytest.mark.parametrize(
    ("authority", "parts"),
    [
        ("h", ("h", None)),
        ("h:80", ("h", 80)),
        ("[::1]", ("::1", None)),
        ("[::1]:80", ("::1", 80)),
        ("::1", ("::1", None)),
        ("h:", ("h", None)),
        ("h:x", ("h", None)),
        ("h:999999", ("h", None)),
    ],
)
def test_authorities_are_split(authority, parts):
    assert http.split_authority(authority) == parts


def test_unknown_methods_are_other():
    assert http.method_attributes("GET") == {"http.request.method": "GET"}
    assert http.method_attributes("get") == {"http.request.method": "_OTHER", "http.request.method_original": "get"}
    assert (http.span_name("GET"), http.span_name("get")) == ("GET", "HTTP")
