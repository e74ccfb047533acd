"""The program asks for its summary, waits for it as long as somebody is there to answer, and prints it where it is heard."""

from __future__ import annotations

import os
import threading

import pytest

from otelrun import summary_request
from otelrun.startup import last_words
from otelrun.startup.last_words import LastWords, is_main_interpreter


@pytest.fixture
def run(tmp_path):
    assert summary_request.make_possible(str(tmp_path))
    return str(tmp_path)


@pytest.fixture
def stderr(monkeypatch, tmp_path):
    """A pipe in the place of stderr: give what was written to it."""
    source, device = os.pipe()
    os.set_blocking(source, False)
    monkeypatch.setattr(last_words, "_STDERR", device)

    def read():
        try:
            return os.read(source, 65_536)
        except BlockingIOError:
            return b""

    yield read
    os.close(source)
    os.close(device)


def answering(run, text):
    """Be an agent: wait for the question, write the text, take the FIFO away; give the thread and the questions."""
    fd = summary_request.open_to_read(run)
    os.set_blocking(fd, True)
    questions = []

    def serve():
        questions.append(os.read(fd, 64))
        with open(os.path.join(run, summary_request.TEXT), "wb") as file:
            file.write(text)
        os.unlink(os.path.join(run, summary_request.FIFO))
        os.close(fd)

    # it reads only once there is a writer: a FIFO without one is at its end
    ready = threading.Event()

    def wait_and_serve():
        import select

        poll = select.poll()
        poll.register(fd, select.POLLIN)
        ready.set()
        poll.poll()
        serve()

    thread = threading.Thread(target=wait_and_serve)
    thread.start()
    ready.wait()
    return thread, questions


def test_the_answer_is_printed(run, stderr):
    thread, questions = answering(run, b"one\ntwo\n")
    LastWords(run, "full", is_anywhere=True).say()
    thread.join()

    assert questions == [b"full 0 0\n"]
    assert stderr() == b"one\ntwo\n"


def test_where_nobody_reads_the_question_nothing_is_waited_for(run, stderr, monkeypatch):
    monkeypatch.setattr(last_words, "sleep", lambda _: pytest.fail("it waits"))
    LastWords(run, "full", is_anywhere=True).say()

    assert stderr() == b""


def test_where_nobody_answers_it_says_so_after_a_while(run, stderr, monkeypatch):
    monkeypatch.setattr(last_words, "PATIENCE_S", 0.0)
    agent = summary_request.open_to_read(run)
    LastWords(run, "full", is_anywhere=True).say()
    os.close(agent)

    assert stderr() == b"otelrun: the summary takes too long; see it with: otelrun summary\n"


def test_the_end_of_the_agent_ends_the_wait(run, stderr, monkeypatch):
    agent = summary_request.open_to_read(run)
    monkeypatch.setattr(last_words, "sleep", lambda _: os.close(agent))
    LastWords(run, "full", is_anywhere=True).say()

    assert stderr() == b""


@pytest.mark.parametrize("error", [KeyboardInterrupt, SystemExit, RuntimeError])
def test_what_is_raised_meanwhile_ends_the_wait_and_is_not_raised(run, stderr, monkeypatch, error):
    def interrupt(_):
        raise error

    monkeypatch.setattr(last_words, "sleep", interrupt)
    agent = summary_request.open_to_read(run)
    LastWords(run, "full", is_anywhere=True).say()
    os.close(agent)

    assert stderr() == b""


def test_a_forked_child_and_a_stderr_that_is_another_by_now_say_nothing(run, stderr, monkeypatch):
    monkeypatch.setattr(LastWords, "_say", lambda _: pytest.fail("it says something"))
    words = LastWords(run, "full", is_anywhere=True)
    parent = os.getpid()
    with monkeypatch.context() as patch:
        patch.setattr(os, "getpid", lambda: parent + 1)
        words.say()
    with open(os.devnull, "wb") as null:
        monkeypatch.setattr(last_words, "_STDERR", null.fileno())
        words.say()


def test_a_pipe_is_no_place_for_it_unless_it_was_asked_for(run, stderr, monkeypatch):
    monkeypatch.setattr(LastWords, "_say", lambda _: pytest.fail("it says something"))
    LastWords(run, "full", is_anywhere=False).say()


def test_this_is_the_main_interpreter():
    assert is_main_interpreter()
