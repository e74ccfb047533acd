"""An environment with tools that start programs, made once per checkout: shiv, pex, uv, poetry and coverage."""

from __future__ import annotations

import fcntl
import functools
import hashlib
import os
import shutil
import subprocess
import sys

from tests.process.fidelity.way import NotHereError
from tests.support.programs import environment
from tests.support.project import ROOT

_TOOLS = ("coverage", "pex", "poetry", "shiv", "uv")
_FOLDER = os.path.join(ROOT, ".venv-fidelity")
_ENVIRONMENT = os.path.join(_FOLDER, "environment")
_MARKER = os.path.join(_ENVIRONMENT, "made-for")


@functools.cache
def find_tools() -> str:
    """Give the folder that holds the tools' commands; make it first where it is not there, or is another Python's.

    Raises:
        NotHereError: the package registry cannot be reached.
    """
    wanted = hashlib.sha256(repr((_ENVIRONMENT, sys.version, sys.prefix, _TOOLS)).encode()).hexdigest()
    os.makedirs(_FOLDER, exist_ok=True)
    with open(os.path.join(_FOLDER, "lock"), "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not _is_made_for(wanted):
            shutil.rmtree(_ENVIRONMENT, ignore_errors=True)
            python = os.path.join(_ENVIRONMENT, "bin", "python")
            for command in (
                [sys.executable, "-m", "venv", _ENVIRONMENT],
                [python, "-m", "pip", "install", "-qq", "--disable-pip-version-check", *_TOOLS],
            ):
                made = subprocess.run(command, env=environment(), capture_output=True, text=True, check=False)
                if made.returncode:
                    raise NotHereError(f"cannot install {', '.join(_TOOLS)}: {made.stderr.strip()[-200:]}")
            with open(_MARKER, "w") as file:
                file.write(wanted)
    return os.path.join(_ENVIRONMENT, "bin")


def _is_made_for(wanted: str) -> bool:
    try:
        with open(_MARKER) as file:
            return file.read() == wanted
    except OSError:
        return False
