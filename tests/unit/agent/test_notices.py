from __future__ import annotations

import os
from contextlib import suppress

import pytest

from otelrun.agent.notices import Notices


@pytest.fixture
def terminal():
    controller, device = os.openpty()
    os.set_blocking(controller, False)
    yield controller, os.ttyname(device)
    os.close(controller)
    os.close(device)


def printed(controller):
    with suppress(BlockingIOError):
        return os.read(controller, 10_000).decode().replace("\r", "").splitlines()
    return []


def test_each_change_is_one_line_on_the_terminal_and_in_the_log_however_many_signals_it_concerns(tmp_path, terminal):
    controller, name = terminal
    notices = Notices(str(tmp_path / "agent.log"), name)
    for _ in range(3):
        notices.change("http://there", "holding", "refused")
    assert printed(controller) == ["otelrun: http://there: refused"]
    for _ in range(3):
        notices.change("http://there", "delivering", "delivering again")
    assert printed(controller) == ["otelrun: http://there: delivering again"]
    notices.change("http://there", "holding", "refused")
    notices.change("http://there", "holding", "timed out")
    assert printed(controller) == ["otelrun: http://there: refused"]
    log = (tmp_path / "agent.log").read_text().splitlines()
    assert [line.partition("http://there: ")[2] for line in log] == [
        "refused",
        "delivering again",
        "refused",
        "timed out",
    ]


def test_first_delivery_is_no_news(tmp_path, terminal):
    controller, name = terminal
    Notices(str(tmp_path / "agent.log"), name).change("http://there", "delivering", "delivering")
    assert printed(controller) == []


def test_terminal_is_left_alone_once_the_program_has_ended(tmp_path, terminal):
    controller, name = terminal
    notices = Notices(str(tmp_path / "agent.log"), name)
    notices.hush()
    notices.change("http://there", "holding", "refused")
    assert printed(controller) == []


def test_control_characters_of_a_server_reach_no_terminal(tmp_path, terminal):
    controller, name = terminal
    Notices(str(tmp_path / "agent.log"), name).tell("\x1b]0;owned\x07")
    assert printed(controller) == ["otelrun: \\x1b]0;owned\\x07"]


def test_log_that_cannot_be_written_is_no_error(tmp_path):
    Notices(str(tmp_path / "missing" / "agent.log"), None).log("text")


def test_exception_being_handled_is_logged_with_its_traceback(tmp_path):
    path = tmp_path / "agent.log"
    try:
        raise ValueError("damaged")
    except ValueError:
        Notices(str(path), None).failed("recovery")
    assert "recovery failed" in path.read_text()
    assert "ValueError: damaged" in path.read_text()
