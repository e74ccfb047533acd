"""Programs that start programs: each is observed as itself, whatever environment it is handed, unless the profile says no."""

from __future__ import annotations

import os
import sys

import pytest

from tests.process.families.arrivals import app, assert_each_once, instances, left_behind, observe, to_sink
from tests.process.init.containers import needs_containers
from tests.support.interpreters import OBSERVED, find_interpreter
from tests.support.otlp_sink import OtlpSink
from tests.support.programs import run_otelrun
from tests.support.waiting import wait_for

pytestmark = pytest.mark.process

OBSERVED_WAYS = (
    "script",
    "command_text",
    "shell",
    "system",
    "no_vfork",
    "posix_spawn",
    "environment_kept",
    "no_descriptors",
    "environment_dropped",
    "environment_empty",
    "path_replaced",
    "path_changed",
    "path_removed",
    "posix_spawn_bare",
    "exec_bare",
    "asyncio_bare",
    "shell_bare",
    "isolated",
    "isolated_bare",
    "isolated_exec",
)
CHILDREN = """
file_format: "1.1"
distribution: {{otelrun: {{extends: default, children: {children}}}}}
"""


@pytest.mark.parametrize("way", OBSERVED_WAYS)
def test_a_python_child_is_observed_as_itself(tmp_path, way):
    with OtlpSink() as sink:
        observe([app("children.py"), way], sink, tmp_path)
        done = assert_each_once(sink, ["before", "child", "after"])
    assert sorted(done.values()) == [["after", "before"], ["child"]]
    assert len(instances(sink)) == 2


def test_processes_of_an_isolated_interpreter_are_observed(tmp_path):
    isolated = f"import sys; sys.path.insert(0, {os.path.dirname(app('children.py'))!r}); import runpy; "
    program = f"sys.argv[:] = ['x', 'spawned']; runpy.run_path({app('children.py')!r}, run_name='__main__')"
    with OtlpSink() as sink:
        observe(["-I", "-c", isolated + program], sink, tmp_path)
        done = assert_each_once(sink, ["before", "child", "after"])
    assert sorted(done.values()) == [["after", "before"], ["child"]]


@pytest.mark.parametrize(
    ("children", "way", "is_child_observed"),
    [
        ("inherit", "script", True),
        ("inherit", "environment_kept", True),
        ("inherit", "environment_dropped", False),
        ("inherit", "isolated", False),
        ("none", "script", False),
        ("none", "environment_kept", False),
        ("none", "system", False),
    ],
)
def test_the_profile_says_which_children_are_observed(tmp_path, children, way, is_child_observed):
    profile = tmp_path / "profile.yaml"
    profile.write_text(CHILDREN.format(children=children))
    with OtlpSink() as sink:
        observe([app("children.py"), way], sink, tmp_path / "runs", env={"OTELRUN_PROFILE": str(profile)})
        done = assert_each_once(sink, ["before", "child", "after"] if is_child_observed else ["before", "after"])
    assert len(done) == 1 + is_child_observed


@needs_containers
def test_a_child_in_a_pid_namespace_of_its_own_is_not_taken_for_dead(tmp_path):
    jobs = ["before", "inner 0", "inner 1", "inner 2", "after"]
    with OtlpSink() as sink:
        observe([app("in_namespace.py")], sink, tmp_path)
        wait_for(lambda: len(sink.spans()) >= len(jobs) and len(sink.logs()) >= len(jobs), 20)
        assert sorted(span.attributes["job"] for span in sink.spans()) == sorted(jobs)
        assert sorted(log.body for log in sink.logs()) == sorted(f"did {job}" for job in jobs)
        assert len(instances(sink)) == 2


@pytest.mark.parametrize("version", OBSERVED)
def test_a_child_of_another_python_is_observed_though_it_has_no_opentelemetry(tmp_path, version):
    python = find_interpreter(version)
    if python is None:
        pytest.skip(f"there is no CPython {version} here")
    with OtlpSink() as sink:
        result = run_otelrun(
            [sys.executable, app("children.py"), "script", python], otelrun_dir=tmp_path, env=to_sink(sink)
        )
        assert (result.returncode, result.stdout, result.stderr) == (0, b"0\n", b"")
        done = assert_each_once(sink, ["before", "child", "after"])
    assert sorted(done.values()) == [["after", "before"], ["child"]]
    assert left_behind(tmp_path) == []
