"""``otelrun ui`` and ``otelrun report`` as programs, on runs that were recorded, are being recorded, or are not there."""

from __future__ import annotations

import os
import re
import signal
import stat
import sys

import pytest

from otelrun.ring.directory import list_runs
from otelrun.viewer.page.report_file import data_of_report
from tests.process.page.conftest import RUN, Client
from tests.support.programs import otelrun_command, run_otelrun, start_otelrun, start_python, wait_until_idle
from tests.support.shop_trace import write_run
from tests.support.waiting import wait_for

pytestmark = pytest.mark.process

DEADLINE_S = 30.0
WORK = """
import http.client, logging, sys, threading
from http.server import BaseHTTPRequestHandler, HTTPServer
class Handler(BaseHTTPRequestHandler):
    def do_GET(self):
        logging.warning("asked for %s", self.path)
        self.send_response(200); self.send_header("Content-Length", "0"); self.end_headers()
    def log_message(self, *_): pass
server = HTTPServer(("127.0.0.1", 0), Handler)
threading.Thread(target=server.serve_forever, daemon=True).start()
print("ready", flush=True)
for line in sys.stdin:
    connection = http.client.HTTPConnection("127.0.0.1", server.server_port)
    connection.request("GET", "/" + line.strip()); connection.getresponse().read(); connection.close()
    print("done", flush=True)
"""


class Ui:
    """A running ``otelrun ui``."""

    def __init__(self, root, *words):
        command = [*otelrun_command()[1:], "ui", *words]
        self.program = start_python(command, env={"OTELRUN_DIR": str(root)})
        self.url = self.program.read_line(DEADLINE_S).decode().strip()
        port, token, self.fragment = re.fullmatch(
            r"http://127\.0\.0\.1:(\d+)/\?k=([\w-]+)(?:#(.*))?", self.url
        ).groups()
        self.client = Client(int(port), token)

    def __enter__(self):
        return self

    def __exit__(self, *exception):
        self.program.__exit__(*exception)


def test_ui_prints_a_link_serves_and_ends_quietly_on_ctrl_c(tmp_path):
    write_run(str(tmp_path), RUN)
    with Ui(tmp_path, "3f9a") as ui:
        assert ui.fragment == f"/{RUN}/requests"
        assert ui.client.ask(f"/?k={ui.client.token}", cookie=None).status == 303
        assert ui.client.ask("/").status == 200
        assert ui.client.ask().document["default"] == RUN
        ui.program.send_signal(signal.SIGINT)
        result = ui.program.finish(DEADLINE_S)
    assert (result.returncode, result.stderr) == (0, b"")


def test_ui_opens_the_browser_where_asked_to_by_a_link_that_works_once(tmp_path):
    write_run(str(tmp_path / "state"), RUN)
    browser = tmp_path / "browser"
    browser.write_text(f'#!/bin/sh\necho "$1" > {tmp_path}/opening && mv {tmp_path}/opening {tmp_path}/opened\n')
    browser.chmod(0o700)
    command = [*otelrun_command()[1:], "ui", "0af76519", "--open"]
    env = {"OTELRUN_DIR": str(tmp_path / "state"), "BROWSER": f"{browser} %s"}
    with start_python(command, env=env) as program:
        printed = program.read_line(DEADLINE_S).decode().strip()
        opened = wait_for(
            lambda: (tmp_path / "opened").exists() and (tmp_path / "opened").read_text().strip(), DEADLINE_S
        )
        key = re.compile(r"k=([\w-]+)#/(.*)")
        assert key.search(printed)[2] == key.search(opened)[2] == f"{RUN}/requests/0af7651916cd43dd8448eb211c80319c"
        assert key.search(printed)[1] != key.search(opened)[1]


def test_ui_without_a_run_says_so_and_shows_them_as_they_come(tmp_path):
    with Ui(tmp_path) as ui:
        assert ui.fragment is None
        assert ui.client.ask().document == {"runs": [], "default": ""}
        write_run(str(tmp_path), RUN)
        assert ui.client.ask().document["default"] == RUN
        ui.program.send_signal(signal.SIGINT)
        assert b"they show up as they come" in ui.program.finish(DEADLINE_S).stderr


def test_ui_tells_of_a_run_that_is_not_there_and_of_a_port_that_is_not_free(tmp_path):
    write_run(str(tmp_path), RUN)
    result = run_otelrun(["ui", "nope"], otelrun_dir=tmp_path, is_agent_awaited=False)
    assert (result.returncode, result.stdout) == (1, b"")
    assert result.stderr.startswith(b"otelrun: no run 'nope'")
    with Ui(tmp_path) as ui:
        result = run_otelrun(["ui", "--port", str(ui.client.port)], otelrun_dir=tmp_path, is_agent_awaited=False)
    assert (result.returncode, result.stdout) == (1, b"")
    assert b"is not free" in result.stderr


def test_a_run_is_seen_while_it_runs_and_after_its_end(tmp_path):
    program = start_otelrun([sys.executable, "-c", WORK], otelrun_dir=tmp_path)
    with program, Ui(tmp_path) as ui:
        assert program.read_line(DEADLINE_S) == b"ready\n"
        (run,) = list_runs(str(tmp_path))
        base = f"/api/run/{run.run_id}"

        def totals():
            reply = ui.client.ask(base)
            return reply.document["state"], reply.document["totals"]["spans"], reply.document["totals"]["logs"]

        sequence, cursor, seen = 0, "0", []
        for number in range(1, 4):
            program.write(b"item%d\n" % number)
            assert program.read_line(DEADLINE_S) == b"done\n"
            wait_for(lambda wanted=number: totals() == ("running", 2 * wanted, wanted), DEADLINE_S)
            requests = ui.client.ask(f"{base}/requests?after={sequence}").document
            logs = ui.client.ask(f"{base}/logs?after={cursor}").document
            sequence, cursor = requests["sequence"], logs["cursor"]
            seen.append((len(requests["columns"]["trace"]), logs["columns"]["body"]))
        assert seen == [(1, [f"asked for /item{number}"]) for number in range(1, 4)]
        assert ui.client.ask(f"{base}/processes").document["processes"][0]["state"] == "running"
        assert program.finish(DEADLINE_S).returncode == 0
        wait_until_idle(tmp_path)
        wait_for(lambda: totals()[0] == "ended", DEADLINE_S)


def test_report_writes_one_file_for_its_owner_alone(tmp_path):
    write_run(str(tmp_path / "state"), RUN)
    result = run_otelrun(["report"], otelrun_dir=tmp_path / "state", cwd=tmp_path, is_agent_awaited=False)
    assert (result.returncode, result.stdout) == (0, b"")
    assert re.fullmatch(rb"shop-3f9a\.html: 8 spans, 4 log records, \d+ kB\n", result.stderr)
    path = tmp_path / "shop-3f9a.html"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert data_of_report(str(path))["run"] == RUN
    assert sorted(entry.name for entry in tmp_path.iterdir()) == ["shop-3f9a.html", "state"]


def test_report_of_a_trace_to_stdout(tmp_path):
    write_run(str(tmp_path), RUN)
    result = run_otelrun(["report", "0af76519", "-o", "-"], otelrun_dir=tmp_path, is_agent_awaited=False)
    assert result.returncode == 0
    assert result.stdout.startswith(b"<!doctype html>")
    assert result.stderr.startswith(b"stdout: 1 span, 0 log records")


def test_report_writes_to_what_is_no_file_and_behind_a_link(tmp_path):
    write_run(str(tmp_path), RUN)
    (tmp_path / "link.html").symlink_to(tmp_path / "real.html")
    result = run_otelrun(["report", "-o", "/dev/stdout"], otelrun_dir=tmp_path, is_agent_awaited=False)
    assert (result.returncode, result.stdout[:15]) == (0, b"<!doctype html>")
    assert os.path.islink("/dev/stdout")
    result = run_otelrun(["report", "-o", str(tmp_path / "link.html")], otelrun_dir=tmp_path, is_agent_awaited=False)
    assert result.returncode == 0
    assert (tmp_path / "link.html").is_symlink()
    assert data_of_report(str(tmp_path / "real.html"))["run"] == RUN


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["report", "nope"], b"otelrun: no run 'nope'"),
        (["report", "--trace", "ffff"], b"otelrun: 'ffff' names no trace of run"),
        (
            ["report", "-o", "/nonexistent/x.html"],
            b"otelrun: /nonexistent/x.html: there is no directory /nonexistent; make it, ",
        ),
        (["report", "-o", "/proc/x.html"], b"otelrun: /proc/x.html: "),
    ],
)
def test_report_tells_why_it_cannot(tmp_path, words, said):
    write_run(str(tmp_path), RUN)
    result = run_otelrun(words, otelrun_dir=tmp_path, is_agent_awaited=False)
    assert (result.returncode, result.stdout) == (1, b"")
    assert result.stderr.startswith(said)


def test_report_without_a_store_says_so(tmp_path):
    os.makedirs(tmp_path / "runs" / RUN)
    result = run_otelrun(["report"], otelrun_dir=tmp_path, is_agent_awaited=False)
    assert result.returncode == 1
    assert result.stderr.endswith(b"has no store: nothing to report\n")
