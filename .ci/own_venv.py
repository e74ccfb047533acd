"""A virtual environment inside the checkout with otelrun and its locked dependencies; made once, used again.

Standard library only: it runs before anything is installed. Progress goes to a terminal; elsewhere only failures are told.

    python3 .ci/own_venv.py .venv-name [dependency group] …     prints the path of its interpreter
"""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
import time

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
CONSTRAINTS = os.path.join(ROOT, "constraints.txt")
_INPUTS = (os.path.join(ROOT, "pyproject.toml"), CONSTRAINTS, os.path.abspath(__file__))
_MARKER = "otelrun-ready"
_REGISTRY_FAILURES = (
    "No matching distribution",
    "NewConnectionError",
    "ConnectTimeoutError",
    "ReadTimeoutError",
    "SSLError",
)
_LAST_LINES = 12


class SetupError(Exception):
    """The environment cannot be made; the message says why and what to do."""


def prepare(name: str, groups: tuple[str, ...] = ()) -> str:
    """Make the environment, unless it stands already for these inputs.

    Args:
        name: of the directory, below the checkout.
        groups: dependency groups of pyproject.toml to install too.

    Returns:
        The path of its interpreter.

    Raises:
        SetupError: a step failed.
    """
    folder = os.path.join(ROOT, name)
    python = os.path.join(folder, *(("Scripts", "python.exe") if os.name == "nt" else ("bin", "python")))
    marker = os.path.join(folder, _MARKER)
    wanted = _fingerprint(groups)
    if _read(marker) == wanted and os.path.exists(python):
        return python
    install = [python, "-m", "pip", "install", "-qq", "--disable-pip-version-check", "--constraint", CONSTRAINTS]
    steps = [
        (f"making {name} with Python {sys.version.split()[0]}", [sys.executable, "-m", "venv", "--clear", folder]),
        ("bringing its pip up to date", [*install, "pip>=25.1"]),  # the first to know --group
        (
            "installing otelrun and what it needs (a minute or so)",
            [*install, "--editable", ".", *(word for group in groups for word in ("--group", group))],
        ),
    ]
    for number, (title, command) in enumerate(steps, 1):
        _step(f"[{number}/{len(steps)}] {title}", command)
    with open(marker, "w", encoding="utf-8") as file:
        file.write(wanted)
    return python


def _step(title: str, command: list[str]) -> None:
    is_told = sys.stderr.isatty()
    if is_told:
        print(f"{title} …", end="", file=sys.stderr, flush=True)
    started = time.monotonic()
    ended = subprocess.run(command, cwd=ROOT, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False)
    if ended.returncode:
        raise SetupError(_complaint(title, ended.stdout + ended.stderr))
    if is_told:
        print(f" {time.monotonic() - started:.0f} s", file=sys.stderr)


def _complaint(title: str, output: str) -> str:
    if "ensurepip" in output:
        reason = "this Python has no ensurepip; on Debian and Ubuntu: apt install python3-venv"
    elif any(failure in output for failure in _REGISTRY_FAILURES):
        reason = "the package registry did not answer; is there a network, a proxy, an index set for pip?"
    else:
        reason = "the command failed"
    return "\n".join([f"{title}: {reason}", *output.strip().splitlines()[-_LAST_LINES:]])


def _fingerprint(groups: tuple[str, ...]) -> str:
    digest = hashlib.sha256(repr((ROOT, sys.version, sys.prefix, groups)).encode())
    for path in _INPUTS:
        with open(path, "rb") as file:
            digest.update(file.read())
    return digest.hexdigest()


def _read(path: str) -> str | None:
    try:
        with open(path, encoding="utf-8") as file:
            return file.read()
    except OSError:
        return None


if __name__ == "__main__":
    try:
        print(prepare(sys.argv[1], tuple(sys.argv[2:])))
    except SetupError as error:
        sys.exit(f"own_venv: {error}")
