"""Answers are understood while they stay on the connection, however they come."""

from __future__ import annotations

import http.client
import socket
import threading

import pytest

from otelrun.delivery import answers, retry
from otelrun.delivery.answers import Answer

DEADLINE_S = 10.0
WHOLE = b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello"


@pytest.fixture
def ends():
    listening = socket.create_server(("127.0.0.1", 0))
    client = socket.create_connection(listening.getsockname())
    server, _ = listening.accept()
    listening.close()
    with client, server:
        yield client, server


@pytest.mark.parametrize(
    ("sent", "answer"),
    [
        (WHOLE, Answer(200, None, b"hello")),
        (b"HTTP/1.1 204 No Content\r\n\r\n", Answer(204, None, b"")),
        (b"HTTP/1.1 503 Busy\r\nRetry-After: 7\r\nContent-Length: 0\r\n\r\n", Answer(503, "7", b"")),
        (
            b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhe\r\n3\r\nllo\r\n0\r\n\r\n",
            Answer(200, None, b"hello"),
        ),
    ],
)
def test_answer_is_read_and_stays_on_the_connection(ends, sent, answer):
    client, server = ends
    server.sendall(sent)
    assert [answers.peek(client, DEADLINE_S), answers.peek(client, DEADLINE_S)] == [answer, answer]
    assert client.recv(1_000) == sent


def test_answer_that_comes_byte_by_byte_is_waited_for(ends):
    client, server = ends
    server.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    looked = threading.Semaphore(0)

    def send():
        for number in range(len(WHOLE)):
            server.sendall(WHOLE[number : number + 1])
            looked.acquire(timeout=0.01)  # let it be seen in parts

    sender = threading.Thread(target=send)
    sender.start()
    assert answers.peek(client, DEADLINE_S) == Answer(200, None, b"hello")
    sender.join()
    assert client.getsockopt(socket.SOL_SOCKET, socket.SO_RCVLOWAT) == 1


def test_answer_without_a_length_ends_with_the_connection(ends):
    client, server = ends
    server.sendall(b"HTTP/1.0 200 OK\r\n\r\nhello")
    with pytest.raises(TimeoutError):
        answers.peek(client, 0.05)
    server.close()
    assert answers.peek(client, DEADLINE_S) == Answer(200, None, b"hello")


def test_answer_that_is_far_too_long_is_known_by_its_status(ends):
    client, server = ends
    sent = b"HTTP/1.1 400 Bad\r\nContent-Length: 200000\r\n\r\n" + b"x" * 200_000
    sender = threading.Thread(target=server.sendall, args=(sent,))
    sender.start()
    assert answers.peek(client, DEADLINE_S) == Answer(400, None, b"", is_whole=False)
    assert client.recv(len(sent), socket.MSG_WAITALL) == sent
    sender.join()


@pytest.mark.parametrize(
    ("sent", "error"),
    [
        (b"", http.client.RemoteDisconnected),
        (b"HTTP/1.1 200 OK\r\nContent-", http.client.IncompleteRead),
        (WHOLE[:-1], http.client.IncompleteRead),
        (b"SSH-2.0-OpenSSH\r\n", http.client.BadStatusLine),
        (b"HTTP/1.1 OK\r\n\r\n", http.client.BadStatusLine),
    ],
)
def test_what_is_no_answer_is_an_error(ends, sent, error):
    client, server = ends
    server.sendall(sent)
    server.close()
    with pytest.raises(error):
        answers.peek(client, DEADLINE_S)


def test_answer_that_does_not_come_is_given_up(ends):
    client, server = ends
    server.sendall(WHOLE[:-1])
    with pytest.raises(TimeoutError):
        answers.peek(client, 0.05)


def test_partial_success_is_read_in_the_encoding_that_is_spoken():
    body = b"\x0a\x07\x08\x02\x12\x03old"
    outcome = retry.delivered(2, "old")
    assert answers.judge(Answer(200, None, body), is_json=False) == outcome
    text = b'{"partialSuccess": {"rejectedSpans": "2", "errorMessage": "old"}}'
    assert answers.judge(Answer(200, None, text), is_json=True) == outcome
