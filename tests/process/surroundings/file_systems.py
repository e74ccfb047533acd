"""File systems of a test's own: mounted in a namespace that a shell holds open, entered by programs, looked at from outside."""

from __future__ import annotations

import functools
import os
import shutil
import subprocess
import sys
from typing import TYPE_CHECKING

from tests.support.programs import DEADLINE_S, Running, environment, wait_until_idle

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from typing_extensions import Self

    from tests.support.programs import Result

_LAUNCHER = os.path.join(os.path.dirname(__file__), "..", "..", "support", "launcher", "otelrun_from_checkout.py")

_HOLDER = ["unshare", "--user", "--map-root-user", "--mount", "sh"]
_DONE = "done"
_INSIDE = "/mnt/state"


@functools.cache
def can_mount(kind: str = "tmpfs") -> bool:
    """Say whether this user may mount such a file system in a namespace."""
    if shutil.which(_HOLDER[0]) is None:
        return False
    attempt = [*_HOLDER, "-c", f"mount -t {kind} none /mnt"]
    return subprocess.run(attempt, check=False, capture_output=True, timeout=DEADLINE_S).returncode == 0


class FileSystem:
    """A mounted file system; gone, with all it holds, when ``with`` is left.

    Attributes:
        path: the OTELRUN_DIR in it, as seen from outside.
    """

    def __init__(self, kind: str = "tmpfs", **options: str) -> None:
        """Mount it.

        Args:
            kind: ``tmpfs`` or ``ramfs``.
            options: of mount, e.g. ``size="64k"``.
        """
        self._holder = subprocess.Popen(
            _HOLDER, stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=environment(), text=True, bufsize=1
        )
        self.path = f"/proc/{self._holder.pid}/root{_INSIDE}"
        text = ",".join(f"{name}={value}" for name, value in {"mode": "700", **options}.items())
        self._do(f"mount -t {kind} -o {text} none /mnt && mkdir -m 700 {_INSIDE}")

    def start_otelrun(self, command: Sequence[str], env: Mapping[str, str] | None = None) -> Running:
        """Start ``otelrun *command`` with its state in this file system."""
        enter = ["nsenter", "--target", str(self._holder.pid), "--user", "--mount", "--preserve-credentials"]
        added = {"OTELRUN_DIR": _INSIDE, **(env or {})}
        return Running([*enter, sys.executable, os.path.abspath(_LAUNCHER), *command], environment(added), "/")

    def run_otelrun(self, command: Sequence[str], env: Mapping[str, str] | None = None) -> Result:
        """Run ``otelrun *command`` to its end, and to its agent's."""
        with self.start_otelrun(command, env) as program:
            result = program.finish()
        wait_until_idle(self.path)
        return result

    def _do(self, command: str) -> None:
        """Have the shell inside run a command.

        Raises:
            AssertionError: it failed.
        """
        assert self._holder.stdin is not None
        assert self._holder.stdout is not None
        self._holder.stdin.write(f"{command} && echo {_DONE} || exit\n")
        assert self._holder.stdout.readline() == f"{_DONE}\n", command

    def make_read_only(self) -> None:
        """Refuse to write from now on; nobody may have a file open for writing."""
        self._do("mount -o remount,ro /mnt")

    def fill(self) -> None:
        """Take all room that is left."""
        self._do("dd if=/dev/zero of=/mnt/filling bs=4k 2>/dev/null; true")

    def free_bytes(self) -> int:
        """Give what room is left."""
        status = os.statvfs(self.path)
        return status.f_bavail * status.f_frsize

    def __enter__(self) -> Self:
        """Nothing to set up."""
        return self

    def __exit__(self, *_: object) -> None:
        """Let the namespace go."""
        assert self._holder.stdin is not None
        assert self._holder.stdout is not None
        self._holder.stdin.close()
        self._holder.stdout.close()
        self._holder.wait(DEADLINE_S)
