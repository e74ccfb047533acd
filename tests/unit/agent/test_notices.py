from __future__ import annotations

import os
from contextlib import suppress

import pytest

from otelrun.agent import notices as notices_module
from otelrun.agent.notices import Notices, Outlet, find_outlet


@pytest.fixture
def stderr(monkeypatch):
    """Have another file as the launcher's stderr."""

    def be(fd):
        monkeypatch.setattr(notices_module, "_STDERR", fd)

    return be


@pytest.fixture
def pipe():
    reader, writer = os.pipe()
    os.set_blocking(reader, False)
    yield reader, writer
    os.close(reader)
    os.close(writer)


@pytest.fixture
def terminal():
    controller, device = os.openpty()
    os.set_blocking(controller, False)
    yield controller, Outlet(os.ttyname(device), "\r\n")
    os.close(controller)
    os.close(device)


def printed(controller):
    with suppress(BlockingIOError):
        return os.read(controller, 10_000).decode().replace("\r", "").splitlines()
    return []


def test_each_change_is_one_line_on_the_terminal_and_in_the_log_however_many_signals_it_concerns(tmp_path, terminal):
    controller, outlet = terminal
    notices = Notices(str(tmp_path / "agent.log"), outlet)
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
    controller, outlet = terminal
    Notices(str(tmp_path / "agent.log"), outlet).change("http://there", "delivering", "delivering")
    assert printed(controller) == []


def test_terminal_is_left_alone_once_the_program_has_ended(tmp_path, terminal):
    controller, outlet = terminal
    notices = Notices(str(tmp_path / "agent.log"), outlet)
    notices.hush()
    notices.change("http://there", "holding", "refused")
    assert printed(controller) == []


def test_control_characters_of_a_server_reach_no_terminal(tmp_path, terminal):
    controller, outlet = terminal
    Notices(str(tmp_path / "agent.log"), outlet).tell("\x1b]0;owned\x07")
    assert printed(controller) == ["otelrun: \\x1b]0;owned\\x07"]


def test_pipe_gets_the_line_through_the_program_that_holds_it(tmp_path, stderr, pipe):
    reader, writer = pipe
    stderr(writer)
    outlet = find_outlet(os.getpid())
    assert outlet == Outlet(
        f"/proc/{os.getpid()}/fd/{writer}", "\n", (os.fstat(writer).st_dev, os.fstat(writer).st_ino)
    )
    Notices(str(tmp_path / "agent.log"), outlet).tell("refused")
    assert os.read(reader, 1000) == b"otelrun: refused\n"


def test_file_that_the_program_has_put_in_the_place_of_the_pipe_is_left_alone(tmp_path, stderr, pipe):
    reader, writer = pipe
    stderr(writer)
    notices = Notices(str(tmp_path / "agent.log"), find_outlet(os.getpid()))
    with open(tmp_path / "errors", "wb") as file:
        os.dup2(file.fileno(), writer)
    notices.tell("refused")
    assert (tmp_path / "errors").read_bytes() == b""
    assert os.read(reader, 1000) == b""


def test_pipe_that_is_full_or_that_nobody_reads_is_no_error(tmp_path, stderr):
    reader, writer = os.pipe()
    stderr(writer)
    notices = Notices(str(tmp_path / "agent.log"), find_outlet(os.getpid()))
    os.set_blocking(writer, False)
    with suppress(BlockingIOError):
        while True:
            os.write(writer, bytes(65_536))
    notices.tell("refused")
    os.close(reader)
    notices.tell("refused")
    os.close(writer)
    notices.tell("refused")


def test_terminal_is_named_and_a_regular_file_is_no_outlet(tmp_path, stderr, terminal):
    _, outlet = terminal
    with open(outlet.path, "wb") as device:
        stderr(device.fileno())
        assert find_outlet(1) == outlet
    with open(tmp_path / "errors", "wb") as file:
        stderr(file.fileno())
        assert find_outlet(1) is None
    assert find_outlet(1) is None


def test_line_is_short_enough_for_a_pipe_to_take_in_one_piece(tmp_path, stderr, pipe):
    reader, writer = pipe
    stderr(writer)
    Notices(str(tmp_path / "agent.log"), find_outlet(os.getpid())).tell("x" * 100_000)
    assert os.read(reader, 100_000) == b"otelrun: " + b"x" * 1000 + b"\n"


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
