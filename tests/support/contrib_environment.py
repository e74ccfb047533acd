"""The environment of programs that use the libraries upstream instruments: one for all tests, kept in the checkout."""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys

from tests.support.interpreters import make_environment
from tests.support.project import ROOT

REQUIREMENTS = os.path.join(ROOT, "tests", "process", "contrib", "requirements.txt")
_FOLDER = os.path.join(ROOT, ".venv-contrib")
_MADE = os.path.join(_FOLDER, "environment")


class NotInstallableError(Exception):
    """The package index cannot be reached, or does not have what is pinned."""


def prepare() -> str:
    """Make the environment, unless it stands already for these requirements and this Python; give its interpreter's path.

    Workers that need it at the same time wait for the one that makes it.

    Raises:
        NotInstallableError: pip could not get it.
    """
    import fcntl

    os.makedirs(_FOLDER, exist_ok=True)
    with open(os.path.join(_FOLDER, "lock"), "w", encoding="utf-8") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        with open(REQUIREMENTS, "rb") as file:
            wanted = hashlib.sha256(sys.version.encode() + sys.prefix.encode() + file.read()).hexdigest()
        marker = os.path.join(_MADE, wanted)
        if not os.path.exists(marker):
            shutil.rmtree(_MADE, ignore_errors=True)
            _make()
            with open(marker, "w", encoding="utf-8"):
                pass
    return os.path.join(_MADE, "bin", "python")


def _make() -> None:
    try:
        make_environment(_MADE, sys.executable, "--requirement", REQUIREMENTS, deadline_s=500)
    except (subprocess.CalledProcessError, subprocess.TimeoutExpired) as error:
        raise NotInstallableError(str(error)) from error
