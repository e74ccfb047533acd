"""A container in miniature: namespaces of its own for users and processes, otelrun as process 1."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.programs import DEADLINE_S, environment
from tests.support.waiting import wait_for

ROOT = Path(__file__).parents[3]
APPS = ROOT / "tests" / "apps"
LAUNCHER = ROOT / "tests" / "support" / "launcher" / "otelrun_from_checkout.py"
_CONTAINER = ["unshare", "--user", "--map-root-user", "--fork", "--pid", "--mount-proc"]


def _can_be_made():
    if shutil.which(_CONTAINER[0]) is None:
        return False
    return subprocess.run([*_CONTAINER, "true"], check=False, capture_output=True, timeout=DEADLINE_S).returncode == 0


needs_containers = pytest.mark.skipif(not _can_be_made(), reason="needs user and process namespaces")


def python(app, *arguments):
    """Give the words that run one of the apps, or what follows ``-c``."""
    return [sys.executable, *(["-c"] if "\n" in app or " " in app else []), app, *map(str, arguments)]


def contain(words, otelrun_dir, env=None):
    """Give the command line and the environment of ``otelrun *words`` as process 1."""
    extra = {"OTELRUN_DIR": str(otelrun_dir)} | (env or {})
    return [*_CONTAINER, sys.executable, str(LAUNCHER), *words], environment(extra)


def run_contained(words, otelrun_dir, env=None):
    """Run ``otelrun *words`` as process 1, to the end of the container."""
    command, variables = contain(words, otelrun_dir, env)
    return subprocess.run(command, env=variables, check=False, capture_output=True, timeout=DEADLINE_S)


def start_contained(words, otelrun_dir, env=None):
    """Start ``otelrun *words`` as process 1."""
    command, variables = contain(words, otelrun_dir, env)
    pipe = subprocess.PIPE
    return subprocess.Popen(command, env=variables, stdin=pipe, stdout=pipe, stderr=pipe)


def first_child_of(pid):
    """Give the id, seen from here, of a process's first child: of a container's that is process 1, of process 1's the program."""
    children = Path(f"/proc/{pid}/task/{pid}/children")
    return int(wait_for(children.read_text, DEADLINE_S, what="a child").split()[0])
