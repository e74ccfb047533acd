"""A run that goes on, of four gunicorn workers one of which is killed under load: the page follows it, and shows all of it."""

from __future__ import annotations

import http.client
import json
import os
import signal
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from tests.browser.looking import (
    LISTS,
    WATERFALL,
    ask,
    grid,
    length,
    rows_of,
    wait_for_length,
    wait_for_rows,
)
from tests.support.otlp_sink import free_port
from tests.support.page_server import UiServer, place
from tests.support.programs import start_otelrun, wait_until_idle
from tests.support.project import ROOT
from tests.support.waiting import wait_for

pytestmark = pytest.mark.process

APPS = Path(ROOT) / "tests" / "apps" / "workers"
WORKERS = 4
FIRST, MORE, UNDER_LOAD = 20, 15, 60
NEW = "(document.querySelector('.new-rows:not([hidden])') || {}).innerText"


class Workers:
    """The application under gunicorn under otelrun, answering."""

    def __init__(self, tmp_path):
        self.port = free_port()
        self.root = tmp_path / "otelrun"
        self.stuck = tmp_path / "stuck"
        command = [sys.executable, "-m", "gunicorn", "--bind", f"127.0.0.1:{self.port}", "--workers", str(WORKERS)]
        command += ["--worker-class", "uvicorn.workers.UvicornWorker", "busy_app:app"]
        env = {"BUSY_APP_STUCK": os.fspath(self.stuck)}
        self.program = start_otelrun(command, otelrun_dir=self.root, env=env, cwd=APPS)
        self.answered = 0

    def __enter__(self):
        wait_for(lambda: self.ask("/order/0") is not None, 30, what="an answer")
        (self.run_id,) = os.listdir(self.root / "runs")
        return self

    def __exit__(self, *_):
        self.program.__exit__()

    @property
    def path(self):
        return self.root / "runs" / self.run_id

    def ask(self, path):
        """Ask once; give the status, or None where nobody answered."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=20)
        try:
            connection.request("GET", path)
            status = connection.getresponse().status
        except (OSError, http.client.HTTPException):
            return None
        finally:
            connection.close()
        self.answered += 1
        return status

    def orders(self, number, at_once=1):
        with ThreadPoolExecutor(at_once) as customers:
            return [*customers.map(self.ask, [f"/order/{item}" for item in range(1, number + 1)])]


def test_the_page_follows_a_run_and_shows_the_request_that_a_killed_worker_was_at(chromium, tmp_path):
    with Workers(tmp_path) as workers, UiServer(workers.root) as server, chromium.new_page() as page:
        follow(page, server, workers)
        tail = start_otelrun(["tail", "-f", "json"], otelrun_dir=workers.root)
        with tail, ThreadPoolExecutor(1) as lonely:
            killed = kill_one_under_load(workers, lonely)
            workers.program.send_signal(signal.SIGTERM)
            assert workers.program.finish().returncode == 0
            wait_until_idle(workers.root)
            lines = [json.loads(line) for line in tail.finish().stdout.splitlines()]
        told_by_the_page(page, server, workers, killed)
        known = {trace_id for (trace_id,) in ask(workers.path, "SELECT trace_id FROM requests")}
        told = [line["trace_id"] for line in lines if "trace_id" in line]
        assert told
        assert len(told) == len({*told} & known)
        assert page.problems == []


def follow(page, server, workers):
    """Counts follow by themselves; the list and what is selected stay where they are until they are asked to follow."""
    workers.orders(FIRST)
    page.open(server.link(place(workers.run_id)))
    wait_for_length(page, "Requests", workers.answered)
    page.press("j")
    page.wait_for("location.hash.split('/').length > 3")
    before = page.texts(rows_of("Requests")), page.evaluate("location.hash"), length(page, "Requests")
    workers.orders(MORE)
    page.wait_for(f"{NEW} === '{MORE} new ↑'")
    assert (page.texts(rows_of("Requests")), page.evaluate("location.hash"), length(page, "Requests")) == before
    counted = page.evaluate(
        "[...document.querySelectorAll('.endpoints tbody tr td:nth-child(2)')].reduce((sum, cell) => sum + Number(cell.innerText), 0)"
    )
    assert counted == workers.answered
    page.click(".new-rows")
    wait_for_length(page, "Requests", workers.answered)
    assert page.evaluate("location.hash") == before[1]


def kill_one_under_load(workers, lonely):
    """Have a worker at a request that does not end, kill it while the others are busy, and give its pid."""
    waiting = lonely.submit(workers.ask, "/stuck")
    wait_for(workers.stuck.exists, 20, what="a worker to be stuck")
    pid = int(workers.stuck.read_text())
    with ThreadPoolExecutor(1) as others:
        load = others.submit(workers.orders, UNDER_LOAD, 4)
        os.kill(pid, signal.SIGKILL)
        statuses = load.result(60)
    assert waiting.result(30) is None
    assert statuses.count(None) < UNDER_LOAD / 2  # those that the killed one had accepted
    return pid


def told_by_the_page(page, server, workers, killed):
    """All processes are there, the killed one as such, and its request as interrupted."""
    page.open(server.link(place(workers.run_id, "requests", q="is:interrupted")))
    page.reload()
    wait_for_length(page, "Requests", 1)
    (trace_id,) = ask(workers.path, "SELECT trace_id FROM span WHERE attributes LIKE '%otelrun.interrupted%'")[0]
    assert "/stuck" in page.text(rows_of("Requests"))
    page.press("g")
    page.wait_for(f"location.hash.includes('{trace_id}')")
    wait_for_rows(page, WATERFALL)
    assert "about to be stuck" in page.text(grid(WATERFALL))
    page.wait_for("document.querySelector('.details').innerText.includes('It had not ended when its process did')")
    page.open(server.link(place(workers.run_id, "processes")))
    pids = {str(pid) for (pid,) in ask(workers.path, "SELECT pid FROM process")}
    wait_for_length(page, LISTS["processes"], len(pids))
    rows = page.texts(rows_of(LISTS["processes"]))
    assert len(pids) >= WORKERS + 1  # its successor is one of them
    assert all(any(pid in row for row in rows) for pid in pids)
    page.click(rows_of(LISTS["processes"]), str(killed))
    page.wait_for(
        "document.querySelector('[aria-label=\"The selected process\"]').innerText.toLowerCase().includes('killed')"
    )
