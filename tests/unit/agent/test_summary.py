"""The agent answers a program that asks for a summary: once, when all is read, and never keeps it waiting for nothing."""

from __future__ import annotations

import os

import pytest

from otelrun import summary_reader, summary_request
from otelrun.agent import summary
from otelrun.agent.notices import Notices
from otelrun.agent.owners import Processes
from otelrun.agent.summary import SummaryAnswer
from otelrun.ring.directory import create_run


@pytest.fixture
def run(tmp_path):
    made = create_run(str(tmp_path))
    assert summary_request.make_possible(made.path)
    return made


@pytest.fixture
def started(monkeypatch):
    """Note what readers are started for; each ends at once, with the status 0."""
    started = []

    def start(directory, options, output):
        started.append((directory, options))
        os.write(output, b"drawn")
        return os.posix_spawn("/bin/true", ["true"], {})

    monkeypatch.setattr(summary_reader, "start", start)
    return started


def answer_of(run):
    return SummaryAnswer(run, summary_request.open_to_read(run.path), Processes(), Notices(run.log, None))


def ask(run, question=b"full 80 1\n"):
    fd = os.open(run.summary_request, os.O_WRONLY | os.O_NONBLOCK)
    os.write(fd, question)
    os.close(fd)


def serve_to_the_end(answer, run, prepare=lambda: None):
    while os.path.exists(run.summary_request):
        answer.serve(prepare)
        answer.processes.wait(answer.longest_wait_s)


def test_nothing_is_done_before_it_is_asked(run, started):
    answer = answer_of(run)
    answer.serve(lambda: pytest.fail("nobody has asked"))
    assert (started, answer.longest_wait_s) == ([], 1.0)


def test_it_is_drawn_once_as_asked_after_what_was_read_is_stored(run, started):
    answer, prepared = answer_of(run), []
    ask(run)
    serve_to_the_end(answer, run, lambda: prepared.append(len(started)))
    answer.serve(lambda: pytest.fail("answered already"))

    assert prepared == [0]
    assert started == [(run.path, ["--full", "--columns=80", "--terminal"])]
    with open(run.summary_text, "rb") as file:
        assert file.read() == b"drawn"
    answer.clear()
    assert not os.path.exists(run.summary_text)


def test_a_wait_ends_when_it_is_asked(run):
    answer = answer_of(run)
    ask(run)
    answer.processes.wait(600)


def test_it_waits_until_all_is_read_but_not_for_long(run, started, monkeypatch):
    answer = answer_of(run)
    ask(run)
    answer.serve(lambda: None, is_all_read=False)
    assert started == []
    monkeypatch.setattr(summary, "_LONGEST_DRAIN_S", 0.0)
    answer.serve(lambda: None, is_all_read=False)
    assert len(started) == 1


@pytest.mark.parametrize("question", [b"loud 80 1\n", b"full\n", b"full wide 1\n", b"\xff\n"])
def test_a_question_that_is_none_is_answered_with_nothing(run, started, question):
    answer = answer_of(run)
    ask(run, question)
    serve_to_the_end(answer, run)
    assert started == []
    assert not os.path.exists(run.summary_text)


def test_a_reader_that_cannot_be_started_keeps_nobody_waiting(run, monkeypatch):
    def refuse(*_):
        raise BlockingIOError(11, "Resource temporarily unavailable")

    monkeypatch.setattr(summary_reader, "start", refuse)
    answer = answer_of(run)
    ask(run)
    serve_to_the_end(answer, run)
    with open(run.log, encoding="utf-8") as log:
        assert "the summary failed" in log.read()


def test_a_reader_that_fails_is_logged(run, monkeypatch):
    monkeypatch.setattr(summary_reader, "start", lambda *_: os.posix_spawn("/bin/false", ["false"], {}))
    answer = answer_of(run)
    ask(run)
    serve_to_the_end(answer, run)
    with open(run.log, encoding="utf-8") as log:
        assert "the summary could not be drawn (status 1)" in log.read()


def test_a_run_without_a_request_answers_nothing(tmp_path):
    run = create_run(str(tmp_path))
    answer = answer_of(run)
    answer.serve(lambda: pytest.fail("nobody can ask"))
    answer.clear()


def test_what_is_asked_and_what_the_reader_is_told_are_the_same():
    question = summary_request.question("line", 0, is_terminal=False)
    assert summary_request.options(question) == ["--line"]
