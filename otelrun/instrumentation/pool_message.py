"""A task on its way to a worker of ``multiprocessing.Pool``: its pickle, and after the end of that the context.

Format: the pickle; the variables as UTF-8 text, one ``NAME=value`` a line; its length, 4 bytes, big-endian; the mark.
A pickle ends with a full stop, and so never with the mark.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

_MARK = b"otelrun\0"
_SIZE = 4
_END = len(_MARK) + _SIZE


def trailer(variables: Mapping[str, str]) -> bytes:
    """Give what follows the pickle."""
    text = "\n".join(f"{name}={value}" for name, value in variables.items()).encode("utf-8", "surrogateescape")
    return text + len(text).to_bytes(_SIZE, "big") + _MARK


def write(task: Any, end: bytes) -> memoryview | None:
    """Give the message of a task and its trailer; None where the task cannot be pickled."""
    from io import BytesIO  # noqa: PLC0415 - loaded by multiprocessing
    from multiprocessing.reduction import ForkingPickler  # noqa: PLC0415 - as above

    buffer = BytesIO()
    try:
        ForkingPickler(buffer).dump(task)
    except Exception:  # noqa: BLE001 - the library is to find out, and to tell the program
        return None
    buffer.write(end)
    return buffer.getbuffer()


def read(message: bytes) -> dict[str, str]:
    """Give the variables in a message; none where there are none."""
    if not message.endswith(_MARK):
        return {}
    size = int.from_bytes(message[-_END : -len(_MARK)], "big")
    text = message[-_END - size : -_END].decode("utf-8", "surrogateescape")
    return dict(line.split("=", 1) for line in text.split("\n"))
