"""A program that works in steps, between which something of otelrun's is broken on purpose."""

from __future__ import annotations

import os
import shutil
import sys
from contextlib import suppress
from typing import TYPE_CHECKING

from otelrun.ring.directory import RunDirectory, list_runs
from tests.support.programs import Running, environment, wait_until_idle
from tests.support.project import ROOT

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

APPS = os.path.abspath(os.path.join(os.path.dirname(__file__), "..", "..", "apps", "standing_down"))
PROGRAM = os.path.join(APPS, "in_steps.py")
STEPS = (b"first\n", b"second\n", b"third\n")
BARE = b"first\n200\nsecond\n200\nthird\n200\n5\n200\n5\n"
EXCHANGE = ("client", "GET", [("server", "GET", [])])
LAUNCHER = os.path.join("tests", "support", "launcher")


class Place:
    """Where a test runs the program: an OTELRUN_DIR, and the otelrun that is used.

    Attributes:
        state: the OTELRUN_DIR.
        otelrun: the folder that holds the package.
    """

    def __init__(self, path: Path, *, is_copied: bool = False) -> None:
        """Use the checkout, or a copy of it that can be broken."""
        self.state = path / "state"
        self.otelrun = path / "copy" if is_copied else ROOT
        if is_copied:
            for folder in ("otelrun", "configs", LAUNCHER):
                shutil.copytree(ROOT / folder, self.otelrun / folder)

    def run(self) -> RunDirectory:
        """Give the one run."""
        (run,) = list_runs(os.fspath(self.state))
        return run

    def run_program(
        self,
        breaks: Mapping[bytes, Callable[[Place], None]],
        *,
        env: Mapping[str, str] | None = None,
        python: str = sys.executable,
    ) -> bytes:
        """Run the program, and break things before its steps; it is to do what it does bare.

        Args:
            breaks: step → what is done before it.
            env: added to the environment.
            python: the program's interpreter.

        Returns:
            What was said on stderr.
        """
        launcher = os.path.join(self.otelrun, LAUNCHER, "otelrun_from_checkout.py")
        given = environment({"OTELRUN_DIR": os.fspath(self.state), **(env or {})})
        with Running([sys.executable, launcher, python, PROGRAM], given, None) as program:
            for step in STEPS:
                while program.read_line() != step:
                    pass
                if step in breaks:
                    breaks[step](self)
                program.write(b"\n")
            result = program.finish()
        with suppress(AssertionError):  # a run whose lock was removed is never idle
            wait_until_idle(self.state, 10.0)
        assert (result.stdout, result.returncode) == (BARE, 4), result.stderr
        return result.stderr
