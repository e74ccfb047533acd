"""What a run imported and does not instrument, and what mends it: facts of the store in, advice out. Pure.

Advice names only upstream's own distributions, see ``otelrun.instrumentation.known_libraries``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from otelrun.instrumentation.known_libraries import LIBRARIES, PREFIX

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from otelrun.store.rows import LibraryRow

IMPORTED = "imported"
MISSING = "missing"
COVERED = "covered"

_INSTALL = "pip install "
_SERVERS = (
    "django",
    "falcon",
    "fastapi",
    "flask",
    "pyramid",
    "starlette",
    "tornado",
    "aiohttp.web",
    "celery",
    "remoulade",
)
_ASIDE = frozenset(("asyncclick", "boto3", "click", "jinja2", "structlog"))
_BELOW = {"starlette": "fastapi", "aiobotocore": "botocore"}


class Gap(NamedTuple):
    """A library that a run has imported, and whose instrumentation is not installed.

    Attributes:
        library: its module.
        distribution: upstream's instrumentation of it.
        is_aside: it adds detail to the work of others, and is often imported by another library: of little use alone.
    """

    library: str
    distribution: str
    is_aside: bool = False


def install_command(gaps: Iterable[Gap]) -> str:
    """Give the command that installs what is missing; empty where nothing is."""
    wanted = sorted({gap.distribution for gap in gaps})
    return _INSTALL + " ".join(wanted) if wanted else ""


class Described(NamedTuple):
    """A library of a process as a reader is to see it.

    Attributes:
        library: its module.
        name: of the instrumentation, by which a profile switches it.
        distribution: what the instrumentation is from or would be.
        state: as in the store, but ``missing`` for what could be installed, and ``covered`` for what is seen without.
        text: why it is not hooked; empty where there is nothing to say.
        advice: the command that would have it instrumented; empty where none would.
    """

    library: str
    name: str
    distribution: str
    state: str
    text: str
    advice: str


def describe(rows: Sequence[LibraryRow]) -> list[Described]:
    """Describe the libraries of one process."""
    seen = {row.library for row in rows}
    described = []
    for row in rows:
        state, text, command = row.state, row.text, ""
        if row.state == IMPORTED:
            above = _BELOW.get(row.library, "")
            if above in seen:
                state, text = COVERED, f"the instrumentation of {above} is for this, too"
            else:
                state, command = MISSING, install_command(_known(row.library))
        described.append(Described(row.library, row.name, row.distribution, state, text, command))
    return described


def find_gaps(rows: Iterable[LibraryRow], imported: Sequence[tuple[str, str, int]] = ()) -> list[Gap]:
    """List what the processes of a run have imported and do not instrument, each library once, what serves requests first.

    Args:
        rows: of the store.
        imported: of processes that recorded nothing, from ``stood_down.read(directory, stood_down.IMPORTED)``.
    """
    rows = list(rows)
    missing = {row.library for row in rows if row.state == IMPORTED} | {library for library, *_ in imported}
    seen = missing | {row.library for row in rows}
    found = [gap for library in missing if _BELOW.get(library) not in seen for gap in _known(library)]
    return sorted(found, key=lambda gap: (gap.is_aside, gap.library not in _SERVERS, gap.library))


def _known(library: str) -> list[Gap]:
    name = LIBRARIES.get(library)
    return [Gap(library, PREFIX + name, library in _ASIDE)] if name else []
