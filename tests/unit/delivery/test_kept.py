"""What one agent had on the wire and another finds out about, against a server that answers as told."""

from __future__ import annotations

import os
import socket
import threading
from contextlib import suppress
from time import monotonic

import pytest

from otelrun.delivery import exporters, kept, retry
from otelrun.delivery.exporters import Surroundings
from otelrun.delivery.frames import Mark
from otelrun.delivery.kept import Keeping, KeptConnection, Unanswered
from otelrun.delivery.outbox import Outbox
from otelrun.delivery.retry import Outcome
from otelrun.delivery.totals import Totals
from otelrun.profile.model import Exporter
from tests.support.waiting import wait_for

DEADLINE_S = 10.0
OK = b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"
PARTIAL = b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n\x0a\x07\x08\x02\x12\x03old"
BUSY = b"HTTP/1.1 503 Busy\r\nContent-Length: 0\r\n\r\n"


class Server:
    """Takes connections one after the other; a test plays the server on each."""

    def __init__(self):
        self._listening = socket.create_server(("127.0.0.1", 0))
        self._listening.settimeout(DEADLINE_S)
        self.port = self._listening.getsockname()[1]
        self._connections = []

    def accept(self):
        connection, _ = self._listening.accept()
        connection.settimeout(DEADLINE_S)
        self._connections.append(connection)
        return connection

    def close(self):
        for connection in (self._listening, *self._connections):
            connection.close()


class Guard:
    """Keeps copies in this process."""

    def __init__(self):
        self.kept = {}
        self.calls = []

    def keep(self, channel, descriptor):
        self.let_go(channel)
        self.calls.append("keep")
        self.kept[channel] = os.dup(descriptor)
        return True

    def let_go(self, channel):
        if channel in self.kept:
            os.close(self.kept.pop(channel))
            self.calls.append("let go")

    def take(self, channel):
        return os.dup(self.kept[channel]) if channel in self.kept else None


def read_request(connection):
    """Give the body of the request that comes next."""
    file = connection.makefile("rb")
    length = 0
    for line in file:
        if line == b"\r\n":
            break
        if line.lower().startswith(b"content-length:"):
            length = int(line.split(b":")[1])
    return file.read(length)


@pytest.fixture
def server():
    made = Server()
    yield made
    made.close()


@pytest.fixture
def guard():
    made = Guard()
    yield made
    made.let_go("spans-0")


@pytest.fixture
def exporter(server):
    return Exporter("otlp_http", f"http://127.0.0.1:{server.port}/v1/traces", timeout_ms=3_000)


@pytest.fixture
def open_channel(tmp_path, exporter, guard):
    """Give what opens the channel of an agent, the first or a later one."""
    channels = []

    def make(keeper=guard):
        surroundings = Surroundings("/", str(tmp_path), "", None, {}, {}, lambda *_: None, keeper=keeper)
        channels.append(exporters.open_channel("spans-0", exporter, None, surroundings))
        return channels[-1]

    yield make
    for channel in channels:
        channel.stop()
        channel.close()
        if channel._transport is not None:
            channel._transport._connection.close()


@pytest.fixture
def leave_on_wire(tmp_path, server, guard):
    """Give what an agent that is killed over a request of 5 of its 7 records leaves; it gives the server's end."""

    def leave(request=b"POST / HTTP/1.1\r\nContent-Length: 7\r\n\r\npayload"):
        outbox = Outbox(str(tmp_path / "spans-0"), "spans")
        outbox.put(b"payload", 5, Mark(1, 1))
        outbox.put(b"more", 2, Mark(1, 2))
        outbox.take(5, 10_000)
        outbox.put_on_wire()
        with socket.create_connection(("127.0.0.1", server.port)) as connection:
            connection.sendall(request)
            guard.keep("spans-0", connection.fileno())
        return server.accept()

    return leave


def answer_the_rest(server):
    """Take what the next agent sends itself; give its body."""
    connection = server.accept()
    body = read_request(connection)
    connection.sendall(OK)
    return body


@pytest.mark.parametrize("is_late", [False, True])
def test_records_that_were_taken_are_not_sent_again(server, leave_on_wire, open_channel, is_late):
    connection = leave_on_wire()
    if not is_late:
        connection.sendall(OK)
    channel = open_channel()
    channel.begin_flush()
    assert read_request(connection) == b"payload"
    if is_late:
        connection.sendall(OK)
    assert answer_the_rest(server) == b"more"
    assert channel.wait_flushed(monotonic() + DEADLINE_S)
    assert channel.totals() == Totals(7, 0, 0)
    assert connection.recv(1) == b""


def test_records_that_were_rejected_in_part_are_counted(server, leave_on_wire, open_channel):
    connection = leave_on_wire()
    connection.sendall(PARTIAL)
    channel = open_channel()
    channel.begin_flush()
    assert answer_the_rest(server) == b"more"
    assert channel.wait_flushed(monotonic() + DEADLINE_S)
    assert (channel.totals(), channel.reasons) == (Totals(5, 2, 0), {"partial success": 2})


@pytest.mark.parametrize("answer", [BUSY, b"", OK[:-1], b"garbage\r\n\r\n", b"HTTP/1.1 400 Bad\r\n\r\n"])
def test_any_other_end_of_the_connection_has_them_sent_again(server, leave_on_wire, open_channel, answer):
    connection = leave_on_wire()
    connection.sendall(answer)
    connection.close()
    channel = open_channel()
    channel.begin_flush()
    assert answer_the_rest(server) == b"payloadmore"
    assert channel.wait_flushed(monotonic() + DEADLINE_S)
    assert channel.totals() == Totals(7, 0, 0)


def test_request_that_lacks_its_last_byte_is_sent_again(server, leave_on_wire, open_channel, monkeypatch):
    monkeypatch.setattr(kept, "_PATIENCE_S", 0.05)
    connection = leave_on_wire(b"POST / HTTP/1.1\r\nContent-Length: 7\r\n\r\npayloa")
    channel = open_channel()
    channel.begin_flush()
    assert read_request(connection) == b"payloa"
    connection.close()
    assert answer_the_rest(server) == b"payloadmore"
    assert channel.wait_flushed(monotonic() + DEADLINE_S)
    assert channel.totals() == Totals(7, 0, 0)


def test_answer_that_takes_long_is_waited_for_though_the_server_is_told_that_no_more_will_come(
    server, leave_on_wire, open_channel, monkeypatch
):
    monkeypatch.setattr(kept, "_PATIENCE_S", 0.05)
    connection = leave_on_wire()
    channel = open_channel()
    channel.begin_flush()
    assert read_request(connection) == b"payload"
    assert connection.recv(1) == b""
    connection.sendall(OK)
    assert answer_the_rest(server) == b"more"
    assert channel.wait_flushed(monotonic() + DEADLINE_S)
    assert channel.totals() == Totals(7, 0, 0)


def test_server_that_never_answers_is_waited_for_as_long_as_the_profile_says(server, leave_on_wire):
    connection = leave_on_wire()
    with socket.create_connection(("127.0.0.1", server.port)) as other:
        left = Unanswered(os.dup(other.fileno()), 0.05, is_json=False)
        with pytest.raises(TimeoutError):
            left.answer()
        left.close()
    connection.sendall(OK)


def test_without_anybody_who_kept_the_connection_records_are_sent_again(server, leave_on_wire, open_channel):
    leave_on_wire()
    channel = open_channel(None)
    channel.begin_flush()
    assert answer_the_rest(server) == b"payloadmore"
    assert channel.wait_flushed(monotonic() + DEADLINE_S)


def test_agent_that_is_killed_while_it_looks_for_the_answer_leaves_it_to_the_next_one(server, leave_on_wire, guard):
    connection = leave_on_wire()
    connection.sendall(OK)
    for _ in range(2):
        left = Unanswered(guard.take("spans-0"), 3.0, is_json=False)
        assert left.answer() == Outcome(retry.DELIVERED)
        left._connection.close()  # as the end of a process does
    Unanswered(guard.take("spans-0"), 3.0, is_json=False).close()
    assert read_request(connection) == b"payload"
    assert connection.recv(1) == b""


def test_kept_connection_of_an_outbox_with_nothing_on_the_wire_is_ended(server, guard, open_channel):
    with socket.create_connection(("127.0.0.1", server.port)) as connection:
        guard.keep("spans-0", connection.fileno())
    open_channel()
    assert server.accept().recv(1) == b""


def test_last_byte_goes_when_it_is_written_down_and_the_answer_stays_until_it_is_let_go_of(server, guard):
    events = []

    def put_on_wire():
        ours.settimeout(0.05)
        seen = b""
        with suppress(TimeoutError):
            while True:
                seen += ours.recv(100)
        ours.settimeout(DEADLINE_S)
        events.append(seen.partition(b"\r\n\r\n")[2])

    def keep(descriptor):
        nonlocal ours
        events.append("keep")
        ours = server.accept()
        return guard.keep("spans-0", descriptor)

    ours = None
    client = KeptConnection(
        "127.0.0.1", server.port, DEADLINE_S, Keeping(keep, lambda: guard.let_go("spans-0"), put_on_wire)
    )
    for body in (b"one", b"two"):
        poster = threading.Thread(target=lambda body=body: events.append(client.post("/", body, {}).status))
        poster.start()
        wait_for(lambda body=body: body[:-1] in events, DEADLINE_S)
        assert ours.recv(100) == body[-1:]
        ours.sendall(OK)
        poster.join()
        with socket.socket(fileno=guard.take("spans-0")) as copy:
            assert copy.recv(1_000, socket.MSG_PEEK) == OK
    client.forget()
    with socket.socket(fileno=guard.take("spans-0")) as copy, pytest.raises(BlockingIOError):
        copy.recv(1_000, socket.MSG_PEEK | socket.MSG_DONTWAIT)
    client.close()
    assert ours.recv(1) == b""
    assert events == ["keep", b"on", 200, b"tw", 200]
    assert guard.calls == ["keep", "let go"]


def test_request_on_a_connection_that_nobody_keeps_is_not_written_down(server):
    events = []
    keeping = Keeping(lambda _: False, lambda: events.append("let go"), lambda: events.append("put on wire"))
    client = KeptConnection("127.0.0.1", server.port, DEADLINE_S, keeping)
    answering = threading.Thread(target=answer_the_rest, args=(server,))
    answering.start()
    assert client.post("/", b"one", {}).status == 200
    answering.join()
    client.close()
    assert events == ["let go"]


def test_connection_that_the_server_ends_with_its_answer_is_made_anew(server, guard):
    keeping = Keeping(
        lambda descriptor: guard.keep("spans-0", descriptor), lambda: guard.let_go("spans-0"), lambda: None
    )
    client = KeptConnection("127.0.0.1", server.port, DEADLINE_S, keeping)

    def answer():
        for body in (b"x" * 9_000, b"", b""):
            connection = server.accept()
            read_request(connection)
            connection.sendall(b"HTTP/1.0 200 OK\r\n\r\n" + body)
            connection.close()

    answering = threading.Thread(target=answer)
    answering.start()
    assert [len(client.post("/", b"one", {}).body) for _ in range(3)] == [9_000, 0, 0]
    answering.join()
    client.close()
    assert guard.calls == ["keep", "let go"] * 3


def test_answer_that_is_too_long_ends_the_connection(server):
    keeping = Keeping(lambda _: True, lambda: None, lambda: None)
    client = KeptConnection("127.0.0.1", server.port, DEADLINE_S, keeping)

    def answer():
        connection = server.accept()
        read_request(connection)
        connection.sendall(b"HTTP/1.1 400 Bad\r\nContent-Length: 100000\r\n\r\n" + b"x" * 100_000)

    answering = threading.Thread(target=answer)
    answering.start()
    assert client.post("/", b"one", {})[::3] == (400, False)
    answering.join()
    assert client.sock is None


@pytest.mark.parametrize(
    ("exporter", "is_kept"),
    [
        (Exporter("otlp_http", "http://collector:4318/v1/traces"), True),
        (Exporter("otlp_http", "https://collector:4318/v1/traces"), False),
        (Exporter("otlp_grpc", "http://collector:4317"), False),
        (Exporter("console"), False),
    ],
)
def test_connections_are_kept_where_another_process_can_read_on(tmp_path, guard, exporter, is_kept):
    outbox = Outbox(str(tmp_path / "spans-0"), "spans")
    assert (exporters._keeping("spans-0", exporter, guard, outbox) is not None) == is_kept
    assert exporters._keeping("spans-0", exporter, None, outbox) is None
