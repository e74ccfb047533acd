"""A program with an SDK of its own exports by itself what it exports bare; otelrun records it too, and says so.

Everything arrives once wherever it goes, also where the program and the profile send to the same place.
"""

from __future__ import annotations

import json
import os
import sys
from collections import Counter
from typing import TYPE_CHECKING, NamedTuple

import pytest

from tests.support.otlp_sink import OtlpSink
from tests.support.pairs import assert_same, run_pair
from tests.support.programs import run_otelrun, run_python

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path
    from typing import Any

    from tests.support.otlp_rows import SpanRow

pytestmark = pytest.mark.process

APPS = os.path.join(os.path.dirname(__file__), "..", "..", "apps", "own_sdk")
APP = os.path.join(APPS, "own_sdk.py")
EXPORTING = os.path.join(APPS, "exporting.py")
QUIET = {"PYTHONWARNINGS": "ignore::DeprecationWarning"}

HTTP = "otelrun.instrumentation.http_"
BARE = [
    ("GET", "CLIENT", "opentelemetry.instrumentation.requests", ""),
    ("GET /own", "SERVER", "opentelemetry.instrumentation.wsgi", "GET"),
    ("work", "INTERNAL", "app", ""),
    ("work", "INTERNAL", "app", "GET /own"),
]
"""What the program exports: name, kind, scope, name of the parent."""

ALL = [
    ("GET", "CLIENT", "opentelemetry.instrumentation.requests", ""),
    ("GET", "CLIENT", "opentelemetry.instrumentation.requests", ""),
    ("GET", "SERVER", f"{HTTP}server", "GET"),
    ("GET /own", "SERVER", "opentelemetry.instrumentation.wsgi", "GET"),
    ("work", "INTERNAL", "app", "GET"),
    ("work", "INTERNAL", "app", "GET /own"),
]
"""What there is of both: the program's, and of otelrun what the program has not instrumented itself."""


class Sent(NamedTuple):
    """What arrived, and how it was told."""

    program: list[tuple[str, ...]]
    program_logs: list[Any]
    profile: list[tuple[str, ...]]
    profile_logs: list[Any]
    stdout: bytes
    stderr: bytes
    shown: dict[str, Any]


def relations(spans: Sequence[SpanRow]) -> list[tuple[str, ...]]:
    """Describe spans by name, kind, scope and the parent's name; each is there once."""
    assert max(Counter(span.span_id for span in spans).values(), default=1) == 1
    names = {"": "", **{span.span_id: span.name for span in spans}}
    return sorted((span.name, span.kind, span.scope.name, names[span.parent_span_id]) for span in spans)


def run(directory: Path, *args: str, is_same: bool = False) -> Sent:
    """Run the program under otelrun, with endpoints of its own and the profile's, or the same for both."""
    with OtlpSink() as program, OtlpSink() as profile:
        to = program if is_same else profile
        result = run_otelrun(
            ["--to", to.http_endpoint, sys.executable, EXPORTING, *args],
            otelrun_dir=directory,
            env={**QUIET, "OWN_ENDPOINT": program.http_endpoint},
        )
        shown = json.loads(run_otelrun(["show", "--json"], otelrun_dir=directory).stdout)
        return Sent(
            relations(program.spans()),
            sorted(log.body for log in program.logs()),
            relations(profile.spans()),
            sorted(log.body for log in profile.logs()),
            result.stdout,
            result.stderr,
            shown,
        )


def notes(shown: dict[str, Any]) -> list[str]:
    return [note["slug"] for note in shown["run"]["notes"]]


def test_its_own_telemetry_is_what_it_is_bare() -> None:
    pair = run_pair([APP], env=QUIET)
    assert pair.bare.stdout.startswith(b"['early', 'handle', 'late']\n")
    assert_same(pair)


def test_all_of_it_is_one_trace_in_the_run(tmp_path: Path) -> None:
    run_otelrun([sys.executable, APP], otelrun_dir=tmp_path)
    shown = json.loads(run_otelrun(["show", "--json"], otelrun_dir=tmp_path).stdout)
    spans = {span["name"]: span for span in shown["trace"]["spans"]}
    server = next(span for span in shown["trace"]["spans"] if span["kind"] == "server")
    assert spans["handle"]["parent_span_id"] == server["span_id"]
    assert [shown["run"]["totals"][name] for name in ("spans", "logs")] == [5, 2]
    assert notes(shown) == ["own-traces", "own-metrics", "own-logs"]


def test_it_sends_what_it_sends_bare_and_the_profile_gets_everything(tmp_path: Path) -> None:
    with OtlpSink() as sink:
        bare = run_python([EXPORTING], env={**QUIET, "OWN_ENDPOINT": sink.http_endpoint})
        assert relations(sink.spans()) == BARE
        bare_logs = sorted(log.body for log in sink.logs())
    sent = run(tmp_path)
    assert (sent.stdout, sent.stderr) == (bare.stdout, bare.stderr)
    assert sent.program == BARE
    assert sent.program_logs == bare_logs == ["working", "working"]
    assert sent.profile == ALL
    assert sent.profile_logs == ["a detail", "a detail", "working", "working"]
    assert sorted(notes(sent.shown)) == ["instrumented:requests", "own-logs", "own-traces"]


def test_where_both_send_to_one_endpoint_everything_arrives_there_once(tmp_path: Path) -> None:
    sent = run(tmp_path, is_same=True)
    assert sent.program == ALL
    assert sent.program_logs == ["a detail", "a detail", "working", "working"]
    assert sent.stderr == b""
    told = [note["text"] for note in sent.shown["run"]["notes"] if note["slug"].startswith("shared-")]
    assert [text.partition(" to http://")[0] for text in told] == [
        "the program sends its spans",
        "the program sends its log records",
    ]
    assert sent.shown["run"]["lost"] == 0
    left = {row["signal"]: row["reasons"] for row in sent.shown["run"]["deliveries"]}
    assert left["spans"] == {"sent by the program itself": 4}
    assert left["logs"] == {"sent by the program itself": 2}


def test_its_sampler_decides_as_bare(tmp_path: Path) -> None:
    sent = run(tmp_path, "--sample", "0")
    assert sent.program == []
    assert sent.profile == [
        ("GET", "CLIENT", "opentelemetry.instrumentation.requests", ""),
        ("GET", "SERVER", f"{HTTP}server", "GET"),
    ]
