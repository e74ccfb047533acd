"""The other Pythons of this machine, and environments made of them: programs do not live where otelrun is installed."""

from __future__ import annotations

import functools
import glob
import os
import shutil
import subprocess
import sys

from tests.support.programs import environment

OBSERVED = ("3.10", "3.11", "3.12", "3.13", "3.14")
TOO_OLD = ("2.7", "3.6", "3.7", "3.8", "3.9")


@functools.cache
def find_interpreter(version: str) -> str | None:
    """Find a working CPython that belongs to no environment, among those of pyenv and on PATH; None where there is none.

    Args:
        version: e.g. ``3.12``.
    """
    pyenv = os.environ.get("PYENV_ROOT", os.path.expanduser("~/.pyenv"))
    candidates = sorted(
        glob.glob(os.path.join(glob.escape(pyenv), "versions", f"{version}.*", "bin", f"python{version}"))
    )
    candidates += [shutil.which(f"python{version}", path=path) or "" for path in ("/usr/local/bin", "/usr/bin")]
    for python in filter(None, candidates):
        probe = subprocess.run([python, "-c", ""], env=environment(), capture_output=True, check=False)
        if probe.returncode == 0:
            return python
    return None


def make_environment(folder: str | os.PathLike[str], python: str, *requirements: str, deadline_s: float = 120) -> str:
    """Make a virtual environment without pip, and install into it from the package registry.

    Args:
        folder: where.
        python: of what; 3.10 or newer.
        requirements: what pip is to install, with its own options.
        deadline_s: for that.

    Returns:
        The path of its interpreter.
    """
    subprocess.run([python, "-m", "venv", "--without-pip", folder], env=environment(), check=True, timeout=60)
    made = os.path.join(folder, "bin", "python")
    if requirements:
        pip = [sys.executable, "-m", "pip", "--python", made, "-qq", "--disable-pip-version-check"]
        subprocess.run([*pip, "install", *requirements], env=environment(), check=True, timeout=deadline_s)
    return made
