"""How a program asks its run's agent for the exit summary: the names and the words that both sides share.

All there is between the two is a FIFO in the run's directory, which the agent holds open for reading. The program writes a line
into it: how much it wants to hear, how wide its terminal is (0: not known), and whether it is one. When the FIFO is gone, the
text is in the file beside it; when nobody reads the FIFO, the agent is gone, and nothing is waited for. So the program needs no
descriptor and no child. See ``otelrun.startup.last_words`` and ``otelrun.agent.summary`` for the two sides.

Imports nothing that the bare interpreter has not loaded.
"""

from __future__ import annotations

import os

FIFO = "summary.request"
TEXT = "summary.txt"
LINE, FULL = "line", "full"


def make_possible(run_directory: str) -> bool:
    """Make the FIFO of a run; say whether its file system has such a thing."""
    try:
        os.mkfifo(os.path.join(run_directory, FIFO), 0o600)
    except (OSError, AttributeError):
        return False
    return True


def open_to_read(run_directory: str) -> int | None:
    """Open the FIFO of a run, for its agent; None where there is none."""
    try:
        return os.open(os.path.join(run_directory, FIFO), os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError:
        return None


def question(mode: str, columns: int, *, is_terminal: bool) -> bytes:
    """Put the program's question into words."""
    return f"{mode} {columns} {is_terminal:d}\n".encode()


def options(asked: bytes) -> list[str]:
    """Turn a question into options of ``otelrun summary``.

    Raises:
        ValueError: it is none.
    """
    mode, columns, is_terminal = asked.decode("ascii").split()
    if mode not in (LINE, FULL):
        raise ValueError(mode)
    wanted = [f"--{mode}"]
    if int(columns):
        wanted.append(f"--columns={int(columns)}")
    return [*wanted, "--terminal"] if is_terminal == "1" else wanted


def is_in_foreground(terminal: int) -> bool:
    """Say whether this process is in the foreground of its terminal: a job in the background has nothing to say there.

    Args:
        terminal: a descriptor of it.
    """
    try:
        return os.tcgetpgrp(terminal) == os.getpgrp()
    except OSError:  # not this session's
        return False
