"""Where a row of the table runs: one folder, laid out anew for each run at the same path, and how a run is started there.

Paths are the same bare and under otelrun, and nothing that the first run leaves behind (bytecode, files) is there in the second.
"""

from __future__ import annotations

import os
import shutil
import sys
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from tests.support.programs import Result, Running, environment, otelrun_command, wait_until_idle

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

DEADLINE_S = 60.0


@dataclass
class Place:
    """What a way to start is given.

    Attributes:
        folder: the working directory; empty, but for the program's other files.
        text: the program.
        arguments: of the program.
        python: the interpreter that is to run it.
        tools: the folder of the environment that has shiv, pex, uv and poetry; only for ways that need it.
        environment: variables that the way adds.
        stdin: what the program reads; a way whose program comes in there puts it before.
    """

    folder: Path
    text: str
    arguments: Sequence[str] = ()
    python: str = sys.executable
    tools: str = ""
    environment: dict[str, str] = field(default_factory=dict)
    stdin: bytes = b""

    def write(self, path: str, text: str | bytes, *, is_executable: bool = False) -> str:
        """Write a file below the folder and give its name as it was given."""
        file = self.folder / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(text.encode() if isinstance(text, str) else text)
        if is_executable:
            file.chmod(0o755)
        return path


@dataclass(frozen=True)
class Around:
    """What is around a command.

    Attributes:
        name: for the row.
        words: of a command that is given the command (otelrun's, in the second run) as its last arguments.
        env: variables.
        stdin: what it reads in place of nothing.
        needs: why it cannot be had here; None where it can.
    """

    name: str = ""
    words: tuple[str, ...] = ()
    env: Mapping[str, str] = field(default_factory=dict)
    stdin: bytes = b""
    needs: Callable[[], str | None] = lambda: None


def run_twice(
    make_place: Callable[[], Place], lay_out: Callable[[Place], Sequence[str]], around: Around, otelrun_dir: Path
) -> tuple[Result, Result]:
    """Run a program bare, and under otelrun.

    Args:
        make_place: gives a new place; its folder is emptied first.
        lay_out: writes the program into it and gives the words that start it.
        around: what is around it.
        otelrun_dir: where the second run is recorded; both have it in their environment.

    Returns:
        How they ended.
    """
    otelrun_dir.mkdir(mode=0o777)
    otelrun_dir.chmod(0o777)  # also for a program that runs as somebody else
    results = []
    for command in ((), otelrun_command()):
        place = make_place()
        words = lay_out(place)
        env = environment({"OTELRUN_DIR": os.fspath(otelrun_dir)} | place.environment | dict(around.env))
        with Running([*around.words, *command, *words], env, place.folder) as running:
            results.append(running.finish(DEADLINE_S, stdin=place.stdin or around.stdin))
        shutil.rmtree(place.folder)
    wait_until_idle(otelrun_dir, DEADLINE_S)
    bare, observed = results
    return bare, observed
