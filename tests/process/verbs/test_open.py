"""``otelrun open``: what a program wrote to a file is, as a run of its own, what the program itself recorded."""

from __future__ import annotations

import gzip
import os
import pty
import signal
import subprocess
import sys
from pathlib import Path
from urllib.error import HTTPError
from urllib.request import urlopen

import pytest

from otelrun.ring.directory import list_runs
from tests.support.otlp_sink import OtlpSink
from tests.support.programs import environment, otelrun_command, run_otelrun, run_python
from tests.support.store_rows import stored_logs, stored_spans

pytestmark = pytest.mark.process

APP = os.fspath(Path(__file__).parents[2] / "apps" / "verbs" / "everything.py")
PROFILE = """\
file_format: "1.1"
tracer_provider:
  processors: [{{batch: {{exporter: {{otlp_file/development: {{output_stream: "file://{0}"}}}}}}}}]
logger_provider:
  processors: [{{batch: {{exporter: {{otlp_file/development: {{output_stream: "file://{0}"}}}}}}}}]
meter_provider:
  readers: [{{periodic: {{exporter: {{otlp_file/development: {{output_stream: "file://{0}"}}}}}}}}]
"""


@pytest.fixture(scope="module")
def recorded(tmp_path_factory):
    """Run the program with its telemetry written to a file, too; gives the directory of its run and the file."""
    directory = tmp_path_factory.mktemp("runs")
    file, profile = directory / "telemetry.jsonl", directory / "profile.yaml"
    profile.write_text(PROFILE.format(file))
    result = run_otelrun(["--profile", os.fspath(profile), sys.executable, APP], otelrun_dir=directory)
    assert result.returncode == 0, result
    return directory, file


def opened(directory, *words):
    result = run_python([*otelrun_command()[1:], "open", *map(os.fspath, words)], env={"OTELRUN_DIR": str(directory)})
    return result.returncode, result.stdout.decode(), result.stderr.decode()


def without_places(rows):
    """Give rows without what differs from one run to the other: their places in the store and the process."""
    return sorted(str({**vars(row), "id": 0, "pid": 0}) for row in rows)


def test_an_opened_file_holds_what_the_run_itself_holds(recorded, tmp_path):
    directory, file = recorded
    status, out, err = opened(tmp_path, file)
    assert status == 0
    assert "3 spans, 2 log records, " in err
    assert "otelrun: " not in err
    assert "  command   otelrun open /" in out  # the path may be too long for the line
    assert "party" in out
    assert without_places(stored_spans(tmp_path)) == without_places(stored_spans(directory))
    assert without_places(stored_logs(tmp_path)) == without_places(stored_logs(directory))


def test_an_opened_file_can_be_sent_on_as_it_was(recorded, tmp_path):
    directory, file = recorded
    opened(tmp_path, file)
    sinks = []
    for root in (directory, tmp_path):
        with OtlpSink() as sink:
            words = [*otelrun_command()[1:], "export", "otlp", "--to", sink.http_endpoint]
            assert run_python(words, env={"OTELRUN_DIR": str(root)}).returncode == 0
            sinks.append(sink)
    first, second = ([sorted(map(repr, rows)) for rows in (sink.spans(), sink.logs())] for sink in sinks)
    assert first == second


def test_the_same_file_is_the_same_run_and_another_is_another(recorded, tmp_path):
    _, file = recorded
    opened(tmp_path, file)
    copy = tmp_path / "copy.jsonl"
    copy.write_bytes(file.read_bytes())
    status, _, err = opened(tmp_path, copy)
    assert (status, len(list_runs(str(tmp_path)))) == (0, 1)
    assert "copy.jsonl was opened before" in err
    copy.write_bytes(gzip.compress(file.read_bytes()))
    assert opened(tmp_path, copy)[0] == 0
    assert len(list_runs(str(tmp_path))) == 2


def test_what_cannot_be_read_is_told_with_its_line_and_the_rest_is_there(recorded, tmp_path):
    _, file = recorded
    broken = tmp_path / "broken.jsonl"
    broken.write_bytes(file.read_bytes() + b"\x1b[31m not json\n")
    status, out, err = opened(tmp_path, broken)
    lines = file.read_bytes().count(b"\n") + 1
    assert status == 0
    assert f"otelrun: 1 part could not be read, first broken.jsonl:{lines}: not JSON" in err
    assert "party" in out


@pytest.mark.parametrize(
    ("data", "reason"), [(b"hello\n", ":1: not JSON"), (b"", "holds no spans"), (b"<html>", "report")]
)
def test_a_file_with_nothing_in_it_leaves_no_run(tmp_path, data, reason):
    file = tmp_path / "file"
    file.write_bytes(data)
    status, out, err = opened(tmp_path, file)
    assert (status, out) == (1, "")
    assert reason in err
    assert list_runs(str(tmp_path)) == []


def test_on_a_terminal_it_goes_on_in_the_browser(recorded, tmp_path):
    _, file = recorded
    master, slave = pty.openpty()
    command = [*otelrun_command(), "open", os.fspath(file)]
    program = subprocess.Popen(
        command, env=environment({"OTELRUN_DIR": str(tmp_path)}), stdin=slave, stdout=slave, stderr=slave
    )
    os.close(slave)
    try:
        shown = b""
        while b"/requests" not in shown:
            shown += os.read(master, 4_096)
        url = next(line.strip().decode() for line in shown.splitlines() if line.startswith(b"http://"))
        with pytest.raises(HTTPError, match="403"):
            urlopen(url.partition("/?")[0] + "/")
    finally:
        program.send_signal(signal.SIGINT)
        status = program.wait(60)
        os.close(master)
    (run,) = list_runs(str(tmp_path))
    assert f"#/{run.run_id}/requests" in url
    assert status == 0
