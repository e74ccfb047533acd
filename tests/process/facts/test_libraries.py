"""What each process of a run instruments, and what it has imported and does not, is in the run's store or beside it."""

from __future__ import annotations

import json
import os
import signal
import sys
from typing import TYPE_CHECKING

import pytest

from otelrun import stood_down
from otelrun.ring.directory import list_runs
from otelrun.store.queries import open_store
from tests.process.families.serving import Server
from tests.support.otlp_sink import OtlpSink
from tests.support.programs import run_otelrun, start_otelrun, wait_until_idle
from tests.support.waiting import wait_for

if TYPE_CHECKING:
    from pathlib import Path

    from otelrun.ring.directory import RunDirectory
    from otelrun.store.rows import LibraryRow, ProcessRow

pytestmark = pytest.mark.process

FLASK = "opentelemetry-instrumentation-flask"
LOGGED = "import logging; logging.warning('recorded')\n"
ASKED = """
import http.server, threading, urllib.request, grpc, requests, flask
server = http.server.HTTPServer(("127.0.0.1", 0), http.server.SimpleHTTPRequestHandler)
threading.Thread(target=server.handle_request).start()
urllib.request.urlopen(f"http://127.0.0.1:{server.server_port}/").read()
"""
GUNICORN = ["-m", "gunicorn", "--bind", "127.0.0.1:PORT", "--workers", "2", "flask_app:app", "--graceful-timeout", "3"]
BROKEN = "class Instrumentor:\n    is_instrumented_by_opentelemetry = False\n    def instrument(self, **_): 1 / 0\n"


def only_run(otelrun_dir: Path) -> RunDirectory:
    (run,) = list_runs(str(otelrun_dir))
    return run


def read(otelrun_dir: Path) -> list[tuple[ProcessRow, dict[str, LibraryRow]]]:
    """Give the processes of the only run, the one that recorded first before the others, each with its libraries."""
    with open_store(only_run(otelrun_dir).store) as store:
        libraries = store.libraries()
        return [
            (process, {f"{row.library} {row.name}": row for row in libraries if row.process == process.id})
            for process in sorted(store.processes(), key=lambda row: row.created_ns)
        ]


def run(tmp_path: Path, text: str, *words: str, **env: str) -> list[tuple[ProcessRow, dict[str, LibraryRow]]]:
    """Run a program, given as text, that records something."""
    result = run_otelrun([sys.executable, *words, "-c", text], otelrun_dir=tmp_path / "runs", env=env, cwd=tmp_path)
    assert result.returncode == 0, result.stderr
    return read(tmp_path / "runs")


def imported(otelrun_dir: Path) -> list[tuple[str, str, int]]:
    return stood_down.read(only_run(otelrun_dir).path, stood_down.IMPORTED)


def test_what_is_hooked_is_told_from_what_is_missing(tmp_path: Path) -> None:
    ((process, libraries),) = run(tmp_path, ASKED)

    found = {name: (row.state, row.distribution) for name, row in libraries.items()}
    for name in ("http.server http_server", "http.client http_client", "threading threading", "grpc grpc_server"):
        assert found[name] == ("hooked", "otelrun")
    assert found["requests requests"] == ("hooked", "opentelemetry-instrumentation-requests")
    assert found["flask flask"] == ("imported", FLASK)
    assert {row.text for row in libraries.values()} == {""}
    assert process.command[-2:] == ("-c", ASKED[:256])
    assert process.created_ns < (process.ended_ns or 0)


def test_the_notes_of_the_run_are_those_for_people(tmp_path: Path) -> None:
    run(tmp_path, ASKED)
    result = run_otelrun(["show", "--json"], otelrun_dir=tmp_path / "runs")
    document = json.loads(result.stdout)["run"]

    assert document["notes"] == []
    assert document["not_instrumented"][0] == {"library": "flask", "distribution": FLASK, "is_aside": False}
    described = {library["library"]: library for library in document["processes"][0]["libraries"]}
    assert (described["flask"]["state"], described["flask"]["advice"]) == ("missing", f"pip install {FLASK}")


def test_a_forked_child_has_what_its_parent_hooked_and_what_it_hooks_itself(tmp_path: Path) -> None:
    text = (
        "import os, flask\n"
        + LOGGED
        + "if os.fork() == 0:\n    import queue\n    logging.warning(1); os._exit(0)\nos.wait()\n"
    )
    (parent, its), (child, childs) = run(tmp_path, text)

    assert (child.parent, child.parent_pid) == (parent.id, parent.pid)
    assert its.keys() <= childs.keys()
    assert childs["flask flask"].state == "imported"
    assert "queue queue" in childs


def test_gunicorns_workers_each_say_what_they_lack(tmp_path: Path) -> None:
    with OtlpSink() as sink, Server(GUNICORN, tmp_path, sink) as server:
        server.wait_for_answer(lambda pid: pid != server.pids[0])
        server.end()
    rows = [(process, libraries) for process, libraries in read(tmp_path) if process.pid in server.pids]

    assert {process.pid for process, _ in rows} == {*server.pids}
    assert len({process.parent_pid for process, _ in rows}) == 1
    assert [libraries["flask flask"].state for _, libraries in rows] == ["imported"] * 2


def test_a_process_that_is_killed_has_said_what_it_lacks(tmp_path: Path) -> None:
    text = "import flask\n" + LOGGED + "print('ready', flush=True)\ninput()\n"
    with start_otelrun([sys.executable, "-c", text], otelrun_dir=tmp_path / "runs") as program:
        program.read_line()
        program.send_signal(signal.SIGKILL)
        program.finish()
    wait_until_idle(tmp_path / "runs")
    ((process, libraries),) = read(tmp_path / "runs")

    assert libraries["flask flask"].state == "imported"
    assert process.ended_ns is not None


def test_it_is_known_while_the_process_runs(tmp_path: Path) -> None:
    text = LOGGED + "input()\nimport flask\nprint('imported', flush=True)\ninput()\n"
    with start_otelrun([sys.executable, "-c", text], otelrun_dir=tmp_path / "runs") as program:
        program.write(b"\n")
        program.read_line()
        wait_for(
            lambda: "flask flask" in read(tmp_path / "runs")[0][1], 10, what="the library in the store", poll_s=0.1
        )
        ((process, _),) = read(tmp_path / "runs")
        program.finish(stdin=b"\n")

    assert process.ended_ns is None


@pytest.mark.parametrize("words", [("-I",), ("-S", "-E"), ("-I", "-S")])
def test_an_interpreter_that_looks_for_nothing_says_it_too(tmp_path: Path, words: tuple[str, ...]) -> None:
    text = "import sys, sqlite3, queue\n" + LOGGED
    ((_, libraries),) = run(tmp_path, text, *words)

    assert (libraries["queue queue"].state, libraries["sqlite3 sqlite3"].state) == ("hooked", "imported")


def test_what_the_program_instruments_itself_is_said_to_be_left_to_it(tmp_path: Path) -> None:
    text = (
        "import requests, redis\n"
        "from opentelemetry.instrumentation.requests import RequestsInstrumentor\n"
        "RequestsInstrumentor().instrument()\n"
    )
    ((_, libraries),) = run(tmp_path, text + LOGGED)

    left = libraries["requests requests"]
    assert (left.state, left.text) == ("left", "the program instruments requests itself: otelrun leaves it to it")
    assert libraries["redis redis"].state == "hooked"


def test_what_fails_is_said_to_have_failed_with_the_reason(tmp_path: Path) -> None:
    folder = tmp_path / "site" / "opentelemetry_instrumentation_broken-1.0.dist-info"
    folder.mkdir(parents=True)
    (folder / "METADATA").write_text(
        "Metadata-Version: 2.1\nName: opentelemetry-instrumentation-broken\nVersion: 1.0\n"
        'Requires-Dist: requests; extra == "instruments"\n'
    )
    (folder / "entry_points.txt").write_text("[opentelemetry_instrumentor]\nbroken = broken:Instrumentor\n")
    (tmp_path / "site" / "broken.py").write_text(BROKEN)
    ((_, libraries),) = run(tmp_path, "import requests\n" + LOGGED, PYTHONPATH=str(tmp_path / "site"))

    failed = libraries["requests broken"]
    assert (failed.state, failed.distribution) == ("failed", "opentelemetry-instrumentation-broken")
    assert failed.text.endswith("ZeroDivisionError: division by zero")
    assert libraries["requests requests"].state == "hooked"


def test_what_the_profile_switches_off_is_said_to_be_off_and_not_missing(tmp_path: Path) -> None:
    profile = tmp_path / "profile.yaml"
    profile.write_text(
        'file_format: "1.1"\ndistribution:\n  otelrun:\n    extends: default\n'
        "    instrumentation: {disabled: [requests, queue]}\n"
    )
    text = "import requests, queue\n" + LOGGED
    command = ["--profile", str(profile), sys.executable, "-c", text]
    run_otelrun(command, otelrun_dir=tmp_path / "runs")
    ((_, libraries),) = read(tmp_path / "runs")

    assert (libraries["requests requests"].state, libraries["queue queue"].state) == ("off", "off")


def test_a_run_that_recorded_nothing_says_what_would_have(tmp_path: Path) -> None:
    run_otelrun([sys.executable, "-c", "import flask"], otelrun_dir=tmp_path)
    shown = run_otelrun(["show"], otelrun_dir=tmp_path).stdout.decode()

    assert not os.path.exists(only_run(tmp_path).store)
    assert ("flask", FLASK, 1) in imported(tmp_path)
    assert "\nNothing was recorded. Imported and not instrumented: flask\n" in shown
    assert f"\n  install what is missing: pip install {FLASK}\n" in shown


def test_a_run_that_recorded_no_spans_says_what_would_have_made_some(tmp_path: Path) -> None:
    run_otelrun([sys.executable, "-c", "import flask\n" + LOGGED], otelrun_dir=tmp_path)
    shown = run_otelrun(["show"], otelrun_dir=tmp_path).stdout.decode()

    assert "\n\nNo spans. Imported and not instrumented: flask\n" in shown


def test_a_server_that_records_nothing_is_told_of_while_it_runs(tmp_path: Path) -> None:
    text = "import flask\nprint('ready', flush=True)\ninput()\n"
    with start_otelrun([sys.executable, "-c", text], otelrun_dir=tmp_path) as program:
        program.read_line()
        shown = run_otelrun(["show"], otelrun_dir=tmp_path, is_agent_awaited=False).stdout.decode()
        program.finish(stdin=b"\n")

    assert "\nNothing recorded yet. Imported and not instrumented: flask\n" in shown


def test_a_program_that_imports_nothing_of_the_kind_pays_nothing(tmp_path: Path) -> None:
    text = "import sys, json; print(sorted(name for name in sys.modules if name.startswith('otelrun.instrumentation')))"
    result = run_otelrun([sys.executable, "-c", text], otelrun_dir=tmp_path)

    assert b"in_place" not in result.stdout
    assert b"known_libraries" not in result.stdout
    assert not os.path.exists(os.path.join(only_run(tmp_path).path, stood_down.IMPORTED))
