"""Files of the program's own that stand in front of the standard library: a ``uuid.py`` beside the script.

The program gets its own, as bare. otelrun and OpenTelemetry want the library's, and must not run the program's by asking: such an
import fails, and the one thing that needed it stands down with a line.
"""

from __future__ import annotations

import os
import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from types import FrameType

_OWN = "otelrun"
_UPSTREAM = "opentelemetry"
_IMPORTLIB = "importlib"


def find() -> dict[str, str]:
    """Find the modules of the standard library that a file or a package on ``sys.path`` hides: name → its path."""
    library = os.path.dirname(os.__file__)
    found: dict[str, str] = {}
    for entry in sys.path:
        if entry == library:
            break
        try:
            names = os.listdir(entry or os.curdir)
        except OSError:
            continue
        for file_name in names:
            name, _, rest = file_name.partition(".")
            if name in sys.stdlib_module_names and name not in found:
                path = os.path.join(entry or os.curdir, file_name)
                if rest in ("py", "pyc") or rest.endswith("so") or _is_package(path, rest):
                    found[name] = path
    return found


def is_asked_by_us(frame: FrameType | None) -> bool:
    """Say whether an import is otelrun's doing: from this frame up there are only module bodies, importlib and OpenTelemetry."""
    while frame is not None:
        if _IMPORTLIB not in frame.f_code.co_filename:  # which the hooks' own frames have, too: they import for others
            top = str(frame.f_globals.get("__name__")).partition(".")[0]
            if top == _OWN:
                return True
            if top == "__main__" or (top != _UPSTREAM and frame.f_code.co_name != "<module>"):
                return False
        frame = frame.f_back
    return False


def _is_package(path: str, rest: str) -> bool:
    return not rest and os.path.isfile(os.path.join(path, "__init__.py"))
