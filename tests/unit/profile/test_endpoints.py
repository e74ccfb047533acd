"""URLs: ``--to`` and its mistakes."""

from __future__ import annotations

import pytest

from otelrun.profile.endpoints import parse_destination, port_of, without_user


@pytest.mark.parametrize(
    ("url", "message"),
    [
        ("collector:4318", "--to: 'collector:4318' is not a URL; write http://collector:4318"),
        ("", "--to: '' is not a URL; write e.g. http://localhost:4318"),
        ("http://", "--to: 'http://' is not a URL; write e.g. http://localhost:4318"),
        ("http://h:99999", "--to: 'http://h:99999' is not a URL; write e.g. http://localhost:4318"),
        ("http://[::1", "--to: 'http://[::1' is not a URL; write e.g. http://localhost:4318"),
        ("ftp://u:hunter2@h", "--to: 'ftp://…@h' is not a URL; write e.g. http://localhost:4318"),
        ("http://h\n/", "--to: 'http://h\\n/' is not a URL; write e.g. http://localhost:4318"),
    ],
)
def test_what_is_no_url_gets_one_line(url, message):
    with pytest.raises(ValueError, match="--to") as caught:
        parse_destination(url)
    assert str(caught.value) == message


def test_a_port_is_found_with_and_without_a_scheme():
    assert [port_of("http://h:1/x"), port_of("h:2"), port_of("h"), port_of("h:x")] == [1, 2, None, None]


def test_user_and_password_are_hidden():
    assert without_user("https://u:p/w@h/x") == "https://…@h/x"
    assert without_user("u:p@h:4318") == "…@h:4318"
    assert without_user("https://h:4318") == "https://h:4318"
