"""A run as one file: what is in it, what is left out, and that nothing of it is ever taken for markup."""

from __future__ import annotations

import base64
import hashlib
import json
import os
import re
import shutil
import subprocess
import zlib
from typing import TYPE_CHECKING, Any

import pytest

from otelrun.errors import NotFoundError, ReportError
from otelrun.ring.directory import RunDirectory
from otelrun.store.browsing import TraceSize
from otelrun.store.ingest import StoreWriter
from otelrun.store.listing import list_run
from otelrun.store.queries import open_store
from otelrun.viewer.page.answers import Answers
from otelrun.viewer.page.opened import open_report
from otelrun.viewer.page.report_content import Source, Wish, chosen_traces, make_report
from otelrun.viewer.page.report_file import data_of_report
from otelrun.viewer.page.routes import route_of
from otelrun.viewer.page.static_files import DIRECTORY
from tests.support.shop_trace import (
    FAST_TRACE_ID,
    SCOPES,
    START_NS,
    TRACE_ID,
    description,
    exception,
    log,
    span,
    write_run,
)

if TYPE_CHECKING:
    from pathlib import Path

RUN = "20261124-110000-3f9a"
FAILED, QUICK = f"{TRACE_ID:032x}", f"{FAST_TRACE_ID:032x}"
NOW_NS = START_NS + 10**12
NODE = shutil.which("node")
WHOLE = Wish()


def made(directory: str, wish: Wish = WHOLE, **more: Any):
    run = RunDirectory(directory)
    with open_store(run.store) as store:
        return make_report(Source(store, list_run(run), store.notes()), wish, NOW_NS, **more)


def read(html: bytes, tmp_path: Path) -> dict[str, Any]:
    path = tmp_path / "read.html"
    path.write_bytes(html)
    return data_of_report(str(path))


def big_run(root: Path, requests: int) -> str:
    """Write a run of so many requests of two spans each, every tenth failing, with a log record in each."""
    directory = root / "runs" / RUN
    directory.mkdir(parents=True)
    (directory / "run.json").write_text(json.dumps(description(RUN)))
    writer = StoreWriter(str(directory / "store.db"))
    process = writer.add_process("1.ring", 4_194_301, 0, START_NS, {"service.name": "shop"})
    records = []
    for number in range(requests):
        trace_id = int.from_bytes(hashlib.sha256(b"%d" % number).digest()[:16], "big")
        ids = [int.from_bytes(hashlib.sha256(b"%d-%d" % (number, k)).digest()[:8], "big") for k in (1, 2)]
        status = 2 if number % 10 == 0 else 0
        events = (exception(number + 0.5, "ValueError", "no"),) if status else ()
        about = {"kind": 1, "trace_id": trace_id, "status": status, "events": events, "url__path": f"/order/{number}"}
        records += [
            span(ids[0], 0, "GET /order", (number, number + 0.9), **about),
            span(ids[1], ids[0], "price", (number + 0.2, number + 0.7), trace_id=trace_id),
            log(ids[1], number + 0.3, f"priced {number}", trace_id=trace_id),
        ]
    writer.add(process, [(at * 512, record) for at, record in enumerate(records)], SCOPES.__getitem__)
    writer.end_run(START_NS + requests * 10**6)
    writer.close()
    return str(directory)


def test_a_report_allows_its_own_scripts_and_styles_and_nothing_else(tmp_path):
    html = made(write_run(str(tmp_path), RUN)).html.decode()
    (policy,) = re.findall(r'<meta http-equiv="Content-Security-Policy" content="([^"]+)">', html)
    allowed = dict(part.strip().partition(" ")[::2] for part in policy.split(";"))
    assert allowed["default-src"] == "'none'"
    assert allowed["img-src"] == "data:"
    assert "connect-src" not in allowed
    hashes = re.findall(r"'sha256-([^']+)'", allowed["script-src"])
    (loader,) = re.findall(r"<script>(.*?)</script>", html, re.DOTALL)
    (page,) = re.findall(r'id="otelrun-page">([^<]*)<', html)
    script = zlib.decompress(base64.b64decode(page), -15)
    assert [sha256(loader.encode()), sha256(script)] == hashes
    (style,) = re.findall(r"<style>(.*?)</style>", html, re.DOTALL)
    assert allowed["style-src"] == f"'sha256-{sha256(style.encode())}'"
    assert html.index("Content-Security-Policy") < html.index("<style>") < html.index("<script")


def sha256(content: bytes) -> str:
    return base64.b64encode(hashlib.sha256(content).digest()).decode()


def test_a_report_names_no_other_file_and_no_address(tmp_path):
    html = made(write_run(str(tmp_path), RUN)).html.decode()
    assert not re.search(r'(?:src|href)="(?!data:|#)', html)
    assert "http://" not in html
    assert "https://" not in html


def test_whatever_was_recorded_stands_in_it_as_base64_only(tmp_path):
    directory = tmp_path / "runs" / RUN
    directory.mkdir(parents=True)
    about = {**description(RUN), "service_name": "</script><script>alert(1)</script>", "command": ["</title>", "<!--"]}
    (directory / "run.json").write_text(json.dumps(about))
    writer = StoreWriter(str(directory / "store.db"))
    process = writer.add_process("1.ring", 1, 0, START_NS, {"service.name": "<b>\ud800"})
    record = span(1, 0, "</script>", (0, 1), trace_id=1)._replace(attributes={"x": "<!--<script>", "__proto__": "\x00"})
    writer.add(process, [(0, record), (512, log(0, 0.5, "</script>", trace_id=0))], SCOPES.get)
    writer.close()
    html = made(str(directory)).html
    blocks = re.findall(rb'id="otelrun-data">([^<]*)</script>', html)
    assert len(blocks) == 1
    assert b"alert(1)" not in html
    assert html.count(b"</script>") == 3
    assert read(html, tmp_path)["spans"]["name"] == {"same": "</script>"}


def test_a_report_of_one_trace_holds_nothing_of_others(tmp_path):
    report = made(write_run(str(tmp_path), RUN), Wish(trace=QUICK))
    text = json.dumps(read(report.html, tmp_path))
    assert (report.spans, report.logs, report.left_out) == (1, 0, 0)
    assert "/health" in text
    assert "durian" not in text
    with pytest.raises(NotFoundError, match="no trace"):
        made(os.path.join(str(tmp_path), "runs", RUN), Wish(trace="0" * 32))


def test_what_is_left_out_is_told(tmp_path):
    report = made(big_run(tmp_path, 40), Wish(last=10))
    run = read(report.html, tmp_path)["documents"][f"/api/run/{RUN}"]
    assert run["report"]["left_out"] == {"traces": 30, "spans": 60, "logs": 30}
    assert (run["totals"]["traces"], run["totals"]["spans"], run["totals"]["logs"]) == (10, 20, 10)
    assert (run["can_sql"], run["store"]) == (False, "")
    assert report.left_out == 30


def test_errors_stay_when_there_is_no_room_and_then_the_newest():
    sizes = [TraceSize(f"{number}", 10, int(number == 2), 100) for number in range(10)]
    assert chosen_traces(sizes, Wish()) == [f"{number}" for number in range(10)]
    assert chosen_traces(sizes, Wish(most_text=300)) == ["2", "8", "9"]
    assert chosen_traces(sizes, Wish(last=3)) == ["7", "8", "9"]
    assert chosen_traces(sizes, Wish(most_text=1)) == ["2"]
    assert chosen_traces([], Wish()) == []


def test_a_report_is_no_larger_than_wished(tmp_path):
    directory = big_run(tmp_path, 2_000)
    whole = made(directory)
    empty = made(directory, Wish(last=1))
    limit = len(empty.html) + (len(whole.html) - len(empty.html)) // 3
    report = made(directory, Wish(most_bytes=limit))
    assert len(report.html) <= limit
    assert 0 < report.left_out < 2_000
    errors = read(report.html, tmp_path)["documents"][f"/api/run/{RUN}"]["totals"]["errors"]
    assert errors == 200


def test_secrets_are_masked_and_counted(tmp_path):
    directory = tmp_path / "runs" / RUN
    directory.mkdir(parents=True)
    (directory / "run.json").write_text(json.dumps({**description(RUN), "command": ["x", "--token", "hunter2"]}))
    writer = StoreWriter(str(directory / "store.db"))
    process = writer.add_process("1.ring", 1, 0, START_NS, {"service.name": "shop"})
    failed = (exception(0.5, "ValueError", "GET /?token=hunter2"),)
    record = span(1, 0, "GET /?token=hunter2", (0, 1), trace_id=1, status=2, events=failed, auth__token="hunter2")
    line = log(1, 0.2, "postgresql://me:hunter2@db", trace_id=1)._replace(attributes={"password": "hunter2"})
    writer.add(process, [(0, record), (512, line)], SCOPES.get)
    writer.close()
    report = made(str(directory))
    data = read(report.html, tmp_path)
    assert "hunter2" not in json.dumps(data)
    assert data["documents"][f"/api/run/{RUN}"]["report"]["masked"] == report.masked > 5
    kept = made(str(directory), keep_secrets=True)
    assert "hunter2" in json.dumps(read(kept.html, tmp_path))
    assert kept.masked == 0


def unpacked(data: dict[str, Any], paths: list[str]) -> list[Any]:
    """Have the page's own code give the documents of these paths."""
    assert NODE is not None
    script = """
      const { openReport } = await import(process.argv[1]);
      let text = ""; for await (const chunk of process.stdin) text += chunk;
      const { data, paths } = JSON.parse(text);
      const report = openReport(data);
      console.log(JSON.stringify({ ids: report.traceIds(), run: report.run, documents: paths.map((path) => report.get(path)) }));
    """
    module = os.path.join(DIRECTORY, "report_data.js")
    result = subprocess.run(
        [NODE, "--input-type=module", "-e", script, "--", module],
        input=json.dumps({"data": data, "paths": paths}),
        capture_output=True,
        text=True,
        check=True,
        timeout=30,
    )
    answer = json.loads(result.stdout)
    assert answer["run"] == data["run"]
    return [answer["ids"], *answer["documents"]]


def rows(document: dict[str, Any], interned: tuple[str, ...]) -> list[dict[str, Any]]:
    strings, columns = document["strings"], document["columns"]
    found = []
    for values in zip(*columns.values(), strict=True):
        row = {n: strings[v] if n in interned else v for n, v in zip(columns, values, strict=True)}
        if "time_in" in row:
            row["time_in"] = {strings[n]: ns for n, ns in zip(row["time_in"][::2], row["time_in"][1::2], strict=True)}
        found.append({name: value for name, value in row.items() if name != "id"})
    return sorted(found, key=lambda row: (row.get("start", row.get("time")), row["trace"], row["span"]))


@pytest.mark.skipif(NODE is None, reason="there is no node on this machine")
def test_a_report_gives_the_page_the_documents_that_the_server_gives(tmp_path):
    directory = write_run(str(tmp_path), RUN)
    base = f"/api/run/{RUN}"
    paths = [f"{base}/requests?after=0", f"{base}/logs?after=", f"{base}/trace/{FAILED}", f"{base}/trace/{QUICK}"]
    paths += [
        f"{base}/errors",
        f"{base}/metrics",
        f"{base}/processes",
        "/api/runs",
        f"{base}/requests?after=9",
        f"{base}/trace/00",
    ]
    ids, *given = unpacked(read(made(directory).html, tmp_path), paths)
    answers = Answers(str(tmp_path), now_ns=lambda: NOW_NS)
    served = [answers.answer(route_of("GET", path)).document for path in paths]
    assert ids == [FAILED, QUICK]
    texts = ("endpoint", "service", "kind", "status", "failure")
    assert rows(given[0], texts) == rows(served[0], texts)
    texts = ("severity", "logger", "service")
    assert rows(given[1], texts) == rows(served[1], texts)
    for report, server in zip(given[2:4], served[2:4], strict=True):
        for log_record in (*report["logs"], *server["logs"]):
            del log_record["id"]
        assert report == server
    assert given[4:8] == served[4:8]
    assert given[8]["columns"]["trace"] == []
    assert given[9] is None


@pytest.mark.skipif(NODE is None, reason="there is no node on this machine")
def test_a_large_report_is_coarse_but_keeps_what_failed(tmp_path):
    directory = big_run(tmp_path, 1_500)
    data = read(made(directory).html, tmp_path)
    (ids,) = unpacked(data, [])
    assert len(ids) == 1_500
    traces = [unpacked(data, [f"/api/run/{RUN}/trace/{trace_id}"])[1] for trace_id in ids[:2]]
    answers = Answers(str(tmp_path), now_ns=lambda: NOW_NS)
    served = [answers.answer(route_of("GET", f"/api/run/{RUN}/trace/{trace_id}")).document for trace_id in ids[:2]]
    assert traces[0]["spans"][0]["id"] == served[0]["spans"][0]["id"]
    assert traces[1]["spans"][0]["id"].startswith("~")
    assert traces[1]["spans"][1]["parent"] == traces[1]["spans"][0]["id"]
    for trace, server in zip(traces, served, strict=True):
        for span_given, span_served in zip(trace["spans"], server["spans"], strict=True):
            assert abs(span_given["start"] - span_served["start"]) < 1_000
            assert abs(span_given["duration"] - span_served["duration"]) < 1_000
            assert span_given["attributes"] == span_served["attributes"]
        assert [one["body"] for one in trace["logs"]] == [one["body"] for one in server["logs"]]


def test_a_report_is_opened_without_running_anything_of_it(tmp_path):
    path = tmp_path / "run.html"
    path.write_bytes(made(write_run(str(tmp_path), RUN)).html)
    report = open_report(str(path))
    assert report.run_id == RUN
    answer = report.answer(route_of("GET", "/api/report"))
    assert (answer.status, answer.document) == (200, data_of_report(str(path)))
    assert report.answer(route_of("GET", "/api/runs")).status == 404


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "no report"),
        (b"<html>hello</html>", "no report"),
        (b'<script type="application/octet-stream" id="otelrun-data">!!!</script>', "no report"),
        (b'<script type="application/octet-stream" id="otelrun-data">AAA</script>', "damaged"),
        (b'<script type="application/octet-stream" id="otelrun-data">AAAA</script>', "damaged"),
        (b'<script type="application/octet-stream" id="otelrun-data"></script>', "damaged"),
    ],
)
def test_what_is_no_report_is_told(tmp_path, content, said):
    path = tmp_path / "x.html"
    path.write_bytes(content)
    with pytest.raises(ReportError, match=said):
        data_of_report(str(path))


@pytest.mark.parametrize("data", [{"run": "x"}, {"format": 2, "run": "x"}, [], {"format": 1, "run": 7}, "text"])
def test_a_report_of_another_kind_is_told(tmp_path, data):
    packed = deflated(data)
    path = tmp_path / "x.html"
    path.write_bytes(b'<script type="application/octet-stream" id="otelrun-data">' + packed + b"</script>")
    with pytest.raises(ReportError, match="another otelrun"):
        data_of_report(str(path))


def deflated(data: Any) -> bytes:
    packer = zlib.compressobj(9, zlib.DEFLATED, -15)
    return base64.b64encode(packer.compress(json.dumps(data).encode()) + packer.flush())


def test_there_is_no_file():
    with pytest.raises(ReportError, match="No such file"):
        data_of_report("/nonexistent/x.html")
