"""A run's directory, its profile or its disk is broken on purpose: the program runs as bare, one line tells, what can be kept is kept."""

from __future__ import annotations

import os
import shutil
import sys

import pytest

from tests.process.families.arrivals import to_sink
from tests.process.fidelity.breaking import BARE, EXCHANGE, PROGRAM, Place
from tests.process.surroundings.file_systems import FileSystem, can_mount
from tests.support.otlp_sink import OtlpSink
from tests.support.programs import run_otelrun, run_python
from tests.support.store_rows import stored_spans
from tests.support.trees import trees

pytestmark = pytest.mark.process

FIRST, SECOND, THIRD = b"first\n", b"second\n", b"third\n"
OFF = b"otelrun: not recording: "
NOT_OBSERVED = b"otelrun: what is started from now on is not observed: "
needs_mounts = pytest.mark.skipif(not can_mount(), reason="needs user and mount namespaces")
LIMITED = """
import os, sys
from http.client import HTTPConnection
{limit}
try:
    HTTPConnection("127.0.0.1", 1).request("GET", "/")
except OSError as error:
    print(error.strerror, flush=True)
sys.exit(4)
"""


def remove_all(place):
    shutil.rmtree(place.state)


def remove_run(place):
    shutil.rmtree(place.run().path)


def replace_run_by_a_file(place):
    path = place.run().path
    shutil.rmtree(path)
    with open(path, "w", encoding="utf-8"):
        pass


def replace_rings_by_a_file(place):
    path = place.run().rings
    shutil.rmtree(path)
    with open(path, "w", encoding="utf-8"):
        pass


def move_run(place):
    os.rename(place.run().path, place.run().path + "-moved")


def remove_profile(place):
    os.unlink(place.run().profile)


def damage_profile(place):
    with open(place.run().profile, "w", encoding="utf-8") as file:
        file.write("no profile")


def damage_description(place):
    with open(place.run().description, "w", encoding="utf-8") as file:
        file.write("{")


def remove_outbox(place):
    shutil.rmtree(place.run().outbox)


@pytest.mark.parametrize("breaks", [remove_all, remove_run, replace_run_by_a_file, replace_rings_by_a_file, move_run])
def test_the_runs_directory_before_the_first_record(tmp_path, breaks):
    told = Place(tmp_path).run_program({FIRST: breaks})

    assert told.startswith(OFF)
    assert told.count(b"\n") == 1, told


@pytest.mark.parametrize("breaks", [remove_all, remove_run, replace_run_by_a_file, move_run])
def test_the_runs_directory_while_it_records(tmp_path, breaks):
    """What the program records goes on its way; what it starts is not observed any more."""
    with OtlpSink() as sink:
        told = Place(tmp_path).run_program({THIRD: breaks}, env=to_sink(sink))
        assert trees(sink.spans()) == [EXCHANGE] * 2

    assert told.startswith(NOT_OBSERVED)
    assert told.count(b"\n") == 1, told


@pytest.mark.parametrize("breaks", [remove_profile, damage_profile, damage_description, remove_outbox])
@pytest.mark.parametrize("step", [FIRST, SECOND], ids=["at once", "later"])
def test_what_the_agent_was_told(tmp_path, breaks, step):
    place = Place(tmp_path)

    assert place.run_program({step: breaks}) == b""
    assert trees(stored_spans(place.state)) == [EXCHANGE] * 4


def test_the_file_of_the_profile(tmp_path):
    profile = tmp_path / "mine.yaml"
    profile.write_text('file_format: "1.1"\n')
    place = Place(tmp_path)

    told = place.run_program({FIRST: lambda _: profile.unlink()}, env={"OTELRUN_PROFILE": str(profile)})

    assert told == b""
    assert len(stored_spans(place.state)) == 8  # the profile names no propagator


def test_the_file_of_the_profile_before_the_start_is_a_mistake(tmp_path):
    result = run_otelrun([sys.executable, PROGRAM], env={"OTELRUN_PROFILE": str(tmp_path / "gone.yaml")})

    assert (result.stdout, result.returncode) == (b"", 2)


@needs_mounts
@pytest.mark.parametrize("inodes", [3, 6, 10, 13])
def test_a_disk_without_inodes(inodes):
    """Each directory and each file takes one; at some number each of them is the first to find none."""
    with FileSystem(size="8m", nr_inodes=str(inodes)) as disk, OtlpSink() as sink:
        with disk.start_otelrun([sys.executable, PROGRAM], to_sink(sink)) as program:
            result = program.finish(stdin=b"\n\n\n")
        assert (result.stdout, result.returncode) == (BARE, 4)
        assert result.stderr.count(b"\n") <= 2, result.stderr
        assert all(line.startswith(b"otelrun: ") for line in result.stderr.splitlines())


@needs_mounts
def test_a_disk_that_is_full_from_one_moment_on():
    with FileSystem(size="8m") as disk, OtlpSink() as sink:
        with disk.start_otelrun([sys.executable, PROGRAM], to_sink(sink)) as program:
            for step in (FIRST, SECOND, THIRD):
                while program.read_line() != step:
                    pass
                if step == SECOND:
                    disk.fill()
                program.write(b"\n")
            result = program.finish()
        arrived = trees(sink.spans())
        assert (result.stdout, result.returncode) == (BARE, 4)
        assert result.stderr.count(b"\n") <= 2, result.stderr
        assert arrived == [EXCHANGE] * len(arrived) != []


@needs_mounts
def test_no_proc(tmp_path):
    script = tmp_path / "without-proc"
    inner = f'mount -t tmpfs none /proc && exec {sys.executable} "$@"'
    script.write_text(f"#!/bin/sh\nexec unshare --user --map-root-user --mount sh -c '{inner}' sh \"$@\"\n")
    script.chmod(0o755)
    command = [sys.executable, PROGRAM]

    observed = run_otelrun(command, otelrun_dir=tmp_path / "state", python=str(script), stdin=b"\n\n\n")

    assert (observed.stdout, observed.stderr, observed.returncode) == (BARE, b"", 4)
    assert trees(stored_spans(tmp_path / "state")) == [EXCHANGE] * 4


@pytest.mark.parametrize("number", [4, 5, 6, 8, 12])
def test_few_descriptors(tmp_path, number):
    limit = f"import resource; resource.setrlimit(resource.RLIMIT_NOFILE, ({number}, {number}))"
    text = LIMITED.format(limit=limit)

    bare = run_python(["-c", text])
    observed = run_otelrun([sys.executable, "-c", text], otelrun_dir=tmp_path)

    assert (observed.stdout, observed.returncode) == (bare.stdout, bare.returncode)
    told = observed.stderr.replace(bare.stderr, b"")
    assert told.count(b"\n") <= 1
    assert len(stored_spans(tmp_path)) == 1 or told.startswith(OFF) or bare.returncode == 1


@pytest.mark.parametrize("megabytes", [64, 256])
def test_little_address_space(tmp_path, megabytes):
    size = megabytes << 20
    limit = f"import resource; resource.setrlimit(resource.RLIMIT_AS, ({size}, {size}))"

    observed = run_otelrun([sys.executable, "-c", LIMITED.format(limit=limit)], otelrun_dir=tmp_path)

    assert (observed.stdout, observed.stderr, observed.returncode) == (b"Connection refused\n", b"", 4)
    assert len(stored_spans(tmp_path)) == 1


@pytest.mark.parametrize("way", ["closed", "full", "read-only"])
def test_a_standard_error_that_takes_nothing(tmp_path, way):
    """What has to be said cannot be said: nothing else happens."""
    redirection = {"closed": "2>&-", "full": "2>/dev/full", "read-only": "2</dev/null"}[way]
    script = tmp_path / "python"
    script.write_text(f'#!/bin/sh\nexec {sys.executable} "$@" {redirection}\n')
    script.chmod(0o755)
    (tmp_path / "otelrun.py").write_text("")

    observed = run_otelrun(
        [sys.executable, "-c", LIMITED.format(limit="")],
        otelrun_dir=tmp_path / "state",
        python=str(script),
        cwd=tmp_path,
    )

    assert (observed.stdout, observed.stderr, observed.returncode) == (b"Connection refused\n", b"", 4)


def test_all_at_once(tmp_path):
    """The directory goes, stderr is closed and few descriptors are left, in the middle of the program's work."""
    text = LIMITED.format(
        limit=f"import resource, shutil; shutil.rmtree({str(tmp_path)!r} + '/state'); os.close(2);"
        " resource.setrlimit(resource.RLIMIT_NOFILE, (5, 5))"
    )

    observed = run_otelrun([sys.executable, "-c", text], otelrun_dir=tmp_path / "state", is_agent_awaited=False)

    assert (observed.stdout, observed.stderr, observed.returncode) == (b"Connection refused\n", b"", 4)
