"""What is instrumented in this process, and what was imported and is not, with the reason: facts for readers of the run.

Kept in memory, and written into the process's ring once there is one; nothing is made or loaded for it before something
instrumentable is imported. A forked child has its parent's, and writes them into its own ring.
"""

from __future__ import annotations

from _thread import get_ident

from otelrun.diagnostics import add_listener

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    Entry = tuple[str, str, str, str, str]

OWN = "otelrun"
"""The distribution of otelrun's own instrumentations."""

HOOKED = "hooked"
LEFT = "left"
OFF = "off"
UNSUPPORTED = "unsupported"
FAILED = "failed"
IMPORTED = "imported"
"""States, see ``otelrun.ring.record.Library``."""

_SHORTCOMINGS = ("guarded", "methods", "option", "patch", "unsupported")
"""How the slugs begin of the notices that say what of an instrumentation is not there."""


class InPlace:
    """The instrumentations of this process.

    Attributes:
        write: takes each entry from now on; None where there is no ring to write into.
    """

    def __init__(self) -> None:
        """Begin with none."""
        self.write: Callable[[Entry], None] | None = None
        self._entries: dict[tuple[str, str], Entry] = {}
        self._applying: dict[int, list[Applying]] = {}
        self._is_listening = False

    def entries(self) -> tuple[Entry, ...]:
        """Give the fields of a ``ring.record.Library`` for each library."""
        return tuple(self._entries.values())

    def put(self, library: str, name: str, state: str, distribution: str, text: str = "") -> None:
        """Say what has become of the instrumentation of a library, in the place of what was said of it before."""
        entry = (library, name, state, distribution, text)
        if self._entries.get((library, name)) != entry:
            self._entries[library, name] = entry
            if self.write is not None:
                self.write(entry)

    def leave(self, name: str, text: str) -> None:
        """Say that an instrumentation has given way; an empty name means all that are in place."""
        for entry in self.entries():
            if entry[1] == name or (not name and entry[2] == HOOKED):
                self.put(entry[0], entry[1], LEFT, entry[3], text)

    def applying(self, library: str, name: str, distribution: str) -> Applying:
        """Give what surrounds putting an instrumentation in place, and keeps what came of it."""
        if not self._is_listening:
            self._is_listening = True
            add_listener(self._hear)
        return Applying(self, library, name, distribution)

    def begin(self, one: Applying) -> None:
        """Take note that this thread applies an instrumentation; one may be applied in the middle of another."""
        self._applying.setdefault(get_ident(), []).append(one)

    def end(self, one: Applying) -> None:
        """Keep what came of it."""
        thread = get_ident()
        self._applying[thread].remove(one)
        if not self._applying[thread]:
            del self._applying[thread]
        if one.state:
            self.put(one.library, one.name, one.state, one.distribution, one.text)

    def _hear(self, slug: str, text: str) -> None:
        """Take a notice that is told while an instrumentation is applied as what is to be said of that."""
        applying = self._applying.get(get_ident())
        if applying and slug.partition(":")[0] in _SHORTCOMINGS:
            one = applying[-1]
            one.text = f"{one.text}; {text}" if one.text else text


class Applying:
    """One instrumentation that is being put in place: ``with in_place.applying(...) as applied: ...``.

    Attributes:
        library: the module of which the import matters.
        name: of the instrumentation.
        distribution: what it is from.
        state: what has become of it, failed until it is said to be otherwise; empty where that is not to be kept.
        text: why.
    """

    __slots__ = ("_of", "distribution", "library", "name", "state", "text")

    def __init__(self, of: InPlace, library: str, name: str, distribution: str) -> None:
        """Keep the parts."""
        self._of = of
        self.library = library
        self.name = name
        self.distribution = distribution
        self.state = FAILED
        self.text = ""

    def __enter__(self) -> Applying:  # noqa: PYI034 - typing is not for start-up
        """Begin."""
        self._of.begin(self)
        return self

    def __exit__(self, *_: object) -> None:
        """End, however it went."""
        self._of.end(self)


in_place = InPlace()
"""Of this process."""
