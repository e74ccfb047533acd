"""What the tests of the page take from npm: pinned in tests/browser/package-lock.json, kept in the checkout, run in the browser only."""

from __future__ import annotations

import filecmp
import os
import shutil
import subprocess

from tests.support.project import ROOT

_PINNED = os.path.join(ROOT, "tests", "browser")
_FOLDER = os.path.join(ROOT, ".npm-tests")
_LISTS = ("package.json", "package-lock.json")
_DEADLINE_S = 90


class NotInstallableError(Exception):
    """There is no npm here, or its registry cannot be reached."""


def npm_file(*path: str) -> str:
    """Give the path of a file of an installed package, e.g. ``("axe-core", "axe.min.js")``.

    Workers that need it at the same time wait for the one that installs.

    Raises:
        NotInstallableError: it cannot be had.
    """
    import fcntl

    os.makedirs(_FOLDER, exist_ok=True)
    with open(os.path.join(_FOLDER, "lock"), "w", encoding="utf-8") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if filecmp.cmpfiles(_PINNED, _FOLDER, _LISTS, shallow=False)[0] != list(_LISTS):
            _install()
    return os.path.join(_FOLDER, "node_modules", *path)


def _install() -> None:
    """Install what the lists name; the lists go in last, and so mark that it is whole."""
    npm = shutil.which("npm")
    if npm is None:
        raise NotInstallableError("npm is not installed")
    making = os.path.join(_FOLDER, "making")
    shutil.rmtree(making, ignore_errors=True)
    os.mkdir(making)
    for name in _LISTS:
        shutil.copy(os.path.join(_PINNED, name), making)
    command = [npm, "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--no-update-notifier"]
    try:
        subprocess.run(command, cwd=making, check=True, capture_output=True, timeout=_DEADLINE_S)
    except (subprocess.CalledProcessError, subprocess.TimeoutExpired) as error:
        raise NotInstallableError(f"{error}; {(error.stderr or b'')[-300:]!r}") from error
    shutil.rmtree(os.path.join(_FOLDER, "node_modules"), ignore_errors=True)
    os.rename(os.path.join(making, "node_modules"), os.path.join(_FOLDER, "node_modules"))
    for name in _LISTS:
        shutil.copy(os.path.join(making, name), _FOLDER)
