"""No room, or not enough, where the run's directory is: the program never notices, and what can still be delivered is."""

from __future__ import annotations

import os
import shlex
import shutil
import sys

import pytest

from otelrun.agent.accounting import read
from otelrun.ring.directory import list_runs
from tests.process.families.arrivals import PATIENT, app, assert_each_once, to_sink
from tests.process.surroundings.file_systems import FileSystem, can_mount
from tests.support.otlp_sink import OtlpSink, free_port
from tests.support.programs import run_otelrun, wait_until_idle

pytestmark = pytest.mark.process

needs_mounts = pytest.mark.skipif(not can_mount(), reason="needs user and mount namespaces")
LITTLE = [sys.executable, app("work.py"), "a", "b", "c"]
MUCH = 5000
BUSY = [sys.executable, app("busy.py"), str(MUCH)]
OFF = b"otelrun: not recording: "
STORE_OFF = b"the local store is off: "
CHANGES = (STORE_OFF, b"records more than can be read", b"held locally until it answers")
INSIDE = b"otelrun: exporting from inside the program, without the local store: no agent: "


def assert_told(result, line):
    """Check that the program ended as it does bare, and that at most one line was said."""
    assert (result.returncode, result.stdout) == (0, b"")
    assert result.stderr.startswith(line)
    assert result.stderr.count(b"\n") == (1 if line else 0)


def assert_unharmed(result):
    """Check that the busy program ended as it does bare; each change of state was told in one line, if it still ran by then."""
    assert (result.returncode, result.stdout) == (0, b"at least\ndone %d\n" % MUCH)
    lines = result.stderr.splitlines()
    told = [change for change in CHANGES if any(change in line for line in lines)]
    assert len(told) == len(lines), result.stderr


@needs_mounts
def test_no_room_for_the_run_exports_from_inside_the_program():
    with FileSystem(size="4k") as full, OtlpSink() as sink:
        assert_told(full.run_otelrun(LITTLE, to_sink(sink)), INSIDE)
        assert_each_once(sink, "abc")


@needs_mounts
@pytest.mark.parametrize("size", ["4k", "16k", "64k"])
def test_no_room_for_a_ring_switches_recording_off_with_one_line(size):
    with FileSystem(size=size) as full:
        assert_told(full.run_otelrun(LITTLE), OFF)
        assert full.run_otelrun([sys.executable, "-c", "pass"]).stderr.count(b"\n") <= 1


@needs_mounts
@pytest.mark.parametrize(("kind", "size"), [("tmpfs", "512k"), ("tmpfs", "1m"), ("ramfs", "")])
def test_little_room_makes_a_smaller_ring_and_no_fallocate_an_ordinary_one(kind, size):
    if not can_mount(kind):
        pytest.skip(f"{kind} cannot be mounted")
    options = {"size": size} if size else {}
    with FileSystem(kind, **options) as little, OtlpSink() as sink:
        result = little.run_otelrun(LITTLE, to_sink(sink))
        assert (result.returncode, result.stdout) == (0, b"")
        assert all(STORE_OFF in line for line in result.stderr.splitlines()), "there is room for the ring or the store"
        assert_each_once(sink, "abc")
        assert os.listdir(list_runs(little.path)[0].rings) == []


@needs_mounts
def test_a_disk_that_fills_up_with_the_store_costs_the_store_and_nothing_else():
    with FileSystem(size="2m") as little, OtlpSink() as sink:
        with little.start_otelrun(BUSY, to_sink(sink, PATIENT)) as program:
            result = program.finish()
        wait_until_idle(little.path)
        assert_unharmed(result)
        assert_each_once(sink, [f"job {number}" for number in range(MUCH)])
        with open(list_runs(little.path)[0].log, encoding="utf-8") as log:
            assert "disk is full" in log.read()


@needs_mounts
def test_what_finds_no_room_while_the_endpoint_is_away_is_counted_as_dropped_and_the_next_run_delivers_the_rest():
    port = free_port()
    env = {"OTEL_EXPORTER_OTLP_ENDPOINT": f"http://127.0.0.1:{port}"}
    with FileSystem(size="2m") as little:
        assert_unharmed(little.run_otelrun(BUSY, env))
        (run,) = list_runs(little.path)
        with OtlpSink(http_port=port) as sink:
            little.run_otelrun([sys.executable, "-c", "pass"], env)
            arrived = {
                "spans": [span.attributes["job"] for span in sink.spans()],
                "logs": [log.body for log in sink.logs()],
            }
        state = read(run)
    accounts = {row["signal"]: row for row in state["destinations"]}
    assert sum(map(len, arrived.values())) < 2 * MUCH
    for signal, rows in arrived.items():
        assert len(rows) == len(set(rows))
        account = accounts[signal]
        dropped = account["dropped"] + state["dropped"][signal]  # at the outbox, and in a ring that is small, too
        assert (account["exported"], account["held"], dropped) == (len(rows), 0, MUCH - len(rows)), signal


@needs_mounts
def test_a_read_only_disk_exports_from_inside_the_program_or_switches_recording_off():
    with FileSystem() as disk, OtlpSink() as sink:
        disk.make_read_only()
        assert_told(disk.run_otelrun(LITTLE), OFF)
        assert_told(disk.run_otelrun(LITTLE, to_sink(sink)), INSIDE)
        assert_each_once(sink, "abc")


@pytest.mark.parametrize("blocks", [0, 1, 100])
def test_a_limit_to_the_size_of_files_switches_recording_off_with_one_line(tmp_path, blocks):
    script = tmp_path / "limited"
    script.write_text(f'#!/bin/sh\nulimit -f {blocks}\nexec {shlex.quote(sys.executable)} "$@"\n')
    script.chmod(0o755)
    assert_told(run_otelrun(LITTLE, otelrun_dir=tmp_path / "state", python=str(script)), OFF)


def test_a_directory_that_may_not_be_written_switches_recording_off_with_one_line(tmp_path):
    script = tmp_path / "powerless"
    without_powers = "setpriv --bounding-set=-all --inh-caps=-all" if os.geteuid() == 0 else ""
    if without_powers and shutil.which("setpriv") is None:
        pytest.skip("root may write everywhere, and there is no setpriv")
    script.write_text(f'#!/bin/sh\nexec {without_powers} {shlex.quote(sys.executable)} "$@"\n')
    script.chmod(0o755)
    (tmp_path / "state").mkdir(mode=0o500)
    assert_told(run_otelrun(LITTLE, otelrun_dir=tmp_path / "state", python=str(script)), OFF)
    assert list((tmp_path / "state").iterdir()) == []


def test_a_file_in_the_place_of_the_directory_switches_recording_off_with_one_line(tmp_path):
    (tmp_path / "state").write_text("mine")
    assert_told(run_otelrun(LITTLE, otelrun_dir=tmp_path / "state"), OFF)
    assert (tmp_path / "state").read_text() == "mine"
