"""Starting the process that draws the exit summary: ``otelrun summary``, on the interpreter that is running.

A process of its own, since neither the program nor the agent may load what draws. Waits for nothing.
"""

from __future__ import annotations

import os
import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

_STDIN, _STDOUT, _STDERR = range(3)
_ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
_NOT_FOR_IT = ("PYTHONINSPECT", "PYTHONSTARTUP")


def start(run_directory: str, options: Sequence[str], output: int) -> int:
    """Start it.

    Args:
        run_directory: path of the run's directory.
        options: of ``otelrun summary``.
        output: a descriptor that it prints to.

    Returns:
        Its process id; it is a child of this process.

    Raises:
        OSError: it cannot be started.
    """
    kept = {name: value for name, value in os.environ.items() if name not in _NOT_FOR_IT}
    kept["PYTHONPATH"] = _ROOT  # this very otelrun; and no module of the program's hides one of Python's
    words = [sys.executable, "-m", "otelrun", "summary", *options, run_directory]
    actions = [
        (os.POSIX_SPAWN_OPEN, _STDIN, os.devnull, os.O_RDONLY, 0),
        (os.POSIX_SPAWN_DUP2, output, _STDOUT),
        (os.POSIX_SPAWN_OPEN, _STDERR, os.devnull, os.O_WRONLY, 0),
    ]
    return os.posix_spawn(sys.executable, words, kept, file_actions=actions)
