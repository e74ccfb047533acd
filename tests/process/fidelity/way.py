"""What a way to start is, and how a module makes a list of them."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING

from tests.support.interpreters import find_interpreter

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from tests.process.fidelity.allowed import Difference
    from tests.process.fidelity.place import Place

    LayOut = Callable[[Place], list[str]]


@dataclass(frozen=True)
class Way:
    """A way to start.

    Attributes:
        name: for the row.
        lay_out: writes the program and gives the words.
        env: variables that belong to the way.
        version: of the interpreter that runs the program; None for the one that runs the tests.
        is_of_tools: it needs shiv, pex, uv or poetry.
        since: the first Python that knows it.
        sees: what is allowed to differ in the outputs of programs that are started so.
    """

    name: str
    lay_out: Callable[[Place], list[str]]
    env: Mapping[str, str]
    version: str | None = None
    is_of_tools: bool = False
    since: tuple[int, int] = (3, 10)
    sees: tuple[Difference, ...] = ()


def registering(ways: dict[str, Way]) -> Callable[..., Callable[[LayOut], LayOut]]:
    """Give a decorator that puts a way into ``ways``: it takes the way's name and its other facts."""

    def way(name: str, *, env: Mapping[str, str] | None = None, **facts: object) -> Callable[[LayOut], LayOut]:
        def note(lay_out: LayOut) -> LayOut:
            assert name not in ways
            ways[name] = Way(name, lay_out, env or {}, **facts)  # type: ignore[arg-type]
            return lay_out

        return note

    return way


class NotHereError(Exception):
    """What a way needs is not on this machine."""


def _as_given(place: Place) -> list[str]:
    return [place.python, *place.arguments]


AS_GIVEN = Way("", _as_given, {})
"""For programs that are named in the interpreter's own arguments."""


def python_of(way: Way) -> str:
    """Give the interpreter that a way's program runs in.

    Raises:
        NotHereError: this machine has none.
    """
    if way.version is None:
        if sys.version_info < way.since:
            raise NotHereError(f"Python {way.since} is the first that knows it")
        return sys.executable
    found = find_interpreter(way.version)
    if found is None:
        raise NotHereError(f"there is no CPython {way.version} here")
    return found
