"""Writing down that a process is left alone, and why: one small file for each reason, in ``stood_down/`` of the run's directory.

Likewise, in ``imported/``, which libraries processes have imported that could be instrumented and are not: who has nothing else
to record has no ring either.

A process that stands down has no ring, and may be of any Python: this file is parsed by 2.7 too, and the shim executes it where
the interpreter is too old for the rest of otelrun. The first process with a reason writes its text, each further one adds a zero
byte. Imports nothing that the bare interpreter has not loaded.
"""

import os

FOLDER = "stood_down"
IMPORTED = (
    "imported"  # files are named like the libraries' modules, their text is the distribution that would instrument them
)
NOT_RECORDING = "not-recording"  # a file: some process found no room for its ring, and told so
READY = ".ready"  # what is renamed to that: a full disk has room for no new file


def run_directory(handoff):  # type: (str) -> bytes
    """Give the path of the run's directory, which a handoff has after the dot, in hexadecimal; empty where it has none."""
    try:
        return bytes(bytearray.fromhex(handoff.partition(".")[2]))
    except ValueError:
        return b""


def record(directory, slug, text, folder=FOLDER):  # type: (bytes, str, str, str) -> bool
    """Write down that this process stands down, or what it has imported. Raises nothing.

    Args:
        directory: of the run; empty where there is none.
        slug: stable short name of the reason, good as a file's name.
        text: the reason, one line.
        folder: within the run's directory: ``FOLDER`` or ``IMPORTED``.

    Returns:
        Whether no process of the run has said the same before, as far as can be known.
    """
    place = os.path.join(directory, folder.encode("ascii"))
    path = os.path.join(place, slug.encode("ascii"))
    if not directory:
        return True
    try:
        try:
            _add(path, text.encode("utf-8"), os.O_CREAT | os.O_EXCL)
        except OSError:
            if not os.path.isdir(place):
                os.mkdir(place, 0o700)
                _add(path, text.encode("utf-8"), os.O_CREAT | os.O_EXCL)
            elif os.path.exists(path):
                _add(path, b"\0", 0)
                return False
    except (OSError, ValueError, TypeError):
        pass  # the run's directory was removed, is full, or belongs to another user
    return True


def read(directory, folder=FOLDER):  # type: (str, str) -> list[tuple[str, str, int]]
    """List what processes of a run have written down in a folder: slug, text, how many processes; by slug."""
    place = os.path.join(directory, folder)
    try:
        names = sorted(os.listdir(place))
    except OSError:
        return []
    found = []
    for name in names:
        try:
            with open(os.path.join(place, name), "rb") as file:
                content = file.read()
        except OSError:
            continue  # removed meanwhile
        found.append((name, content.replace(b"\0", b"").decode("utf-8", "replace"), content.count(b"\0") + 1))
    return found


def _add(path, data, flags):  # type: (bytes, bytes, int) -> None
    fd = os.open(path, os.O_WRONLY | os.O_APPEND | flags, 0o600)
    try:
        os.write(fd, data)
    finally:
        os.close(fd)
