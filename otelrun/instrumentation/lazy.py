"""Upstream's instrumentors, each loaded when the library it instruments has been imported, and never before.

Which ones there are is read from raw package metadata, once, right before the program's first import that could need one:
about 1 ms for 50 installed distributions, which a program that imports nothing of the kind does not pay.
Nothing is cached between runs: to check that a cache still holds, the same directories have to be listed.
"""

from __future__ import annotations

import os
import sys

from otelrun import stood_down
from otelrun.diagnostics import guarded, tell

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any, Protocol

    from otelrun.instrumentation.distributions import Instrumentor
    from otelrun.instrumentation.in_place import Applying

    Register = Callable[[str, Callable[[str], None]], None]

    class Wanted(Protocol):
        """What is asked of the handoff."""

        overlay: tuple[str, ...]
        run_directory: str

        def is_enabled(self, instrumentation: str) -> bool:
            """Say whether an instrumentation is to be used."""

        def options(self, instrumentation: str) -> dict[str, Any]:
            """Give the options of an instrumentation."""


_TRIGGERS = {
    "aiohttp-client": "aiohttp",
    "aiohttp-server": "aiohttp.web",
    "sqlite3": "sqlite3",
    "urllib": "urllib.request",
}
STDLIB_TRIGGERS = frozenset(("sqlite3", "urllib.request"))
"""Modules of the standard library that upstream instruments and otelrun does not."""

_FRAMEWORKS = frozenset(("fastapi", "flask", "starlette"))
_DJANGO = "django"
_DJANGO_TRIGGER = "django.core.handlers.base"
_DOES_NOT_APPLY = "%s is installed, and finds nothing that it is for"
_REFUSED = "its instrumentor has refused, and logged why"


def discover(wanted: Wanted, register: Register) -> None:
    """Find the installed instrumentors and register a hook for each that the profile wants.

    An instrumentor of a name that otelrun has itself is left out: ours wins. One that does not say what it instruments is
    loaded at once. Of what is not instrumented it is kept when it is imported.

    Args:
        wanted: says which are enabled, with which options, where the launcher's own packages are, and where the run's directory
            is; the handoff.
        register: ``register(module_name, hook)`` as in ``otelrun.startup.hooks``.
    """
    from otelrun.instrumentation import registry  # noqa: PLC0415 - only now needed
    from otelrun.instrumentation.distributions import Installed  # noqa: PLC0415
    from otelrun.instrumentation.in_place import HOOKED, OFF, UNSUPPORTED  # noqa: PLC0415

    own = registry.entry_point_names()
    installed = Installed([*sys.path, *wanted.overlay])
    found: dict[str, Keep] = {}
    for instrumentor in installed.instrumentors():
        if instrumentor.name in own:
            continue
        if not wanted.is_enabled(instrumentor.name):
            keep = found.setdefault(instrumentor.distribution, Keep(instrumentor.name, OFF, instrumentor.distribution))
            register(_TRIGGERS.get(instrumentor.name, instrumentor.name), keep)
            continue
        with guarded(f"instrumentation {instrumentor.name}"):
            load = _Load(instrumentor, wanted, register, installed.unsupported(instrumentor))
            if instrumentor.name == _DJANGO:
                found[instrumentor.distribution] = Keep(_DJANGO, HOOKED, instrumentor.distribution)
                register(_DJANGO_TRIGGER, _LoadWithMiddleware(load))
                continue
            triggers = _triggers(instrumentor, installed.top_level_modules(instrumentor))
            if triggers is None:
                load("")
                continue
            state = HOOKED if triggers else UNSUPPORTED
            if triggers or instrumentor.distribution not in found:
                found[instrumentor.distribution] = Keep(instrumentor.name, state, instrumentor.distribution)
            for trigger in triggers:
                register(trigger, load)
    _watch_others(found, os.fsencode(wanted.run_directory), register)


def _watch_others(found: dict[str, Keep], run_directory: bytes, register: Register) -> None:
    """Have it kept when a library is imported that upstream instruments, and this process does not.

    Args:
        found: distribution of instrumentations → what there is of it.
        run_directory: of the run; empty where there is none.
        register: as of ``discover``.
    """
    from otelrun.instrumentation.in_place import HOOKED, IMPORTED  # noqa: PLC0415 - only now needed
    from otelrun.instrumentation.known_libraries import LIBRARIES, PREFIX  # noqa: PLC0415

    for library, name in LIBRARIES.items():
        distribution = PREFIX + name
        keep = found.get(distribution) or Keep(name, IMPORTED, distribution, run_directory)
        if keep.state != HOOKED:
            register(library, keep)


def _triggers(instrumentor: Instrumentor, instrumented: list[str]) -> list[str] | None:
    """Give the modules whose import is to load the instrumentor; None where nothing says which."""
    if instrumentor.name in _TRIGGERS:
        return [_TRIGGERS[instrumentor.name]]
    if instrumentor.requirements or instrumented:
        return instrumented
    return [instrumentor.name] if instrumentor.name in sys.stdlib_module_names else None


class Keep:
    """The hook that keeps, for readers of the run, that a library was imported and is not instrumented.

    Attributes:
        state: why, of ``in_place``.
    """

    def __init__(self, name: str, state: str, distribution: str, run_directory: bytes = b"") -> None:
        """Keep what there is of its instrumentation.

        Args:
            name: of the instrumentation.
            state: what there is of it.
            distribution: what it is from, or would be.
            run_directory: where to keep it too: who records nothing has no ring, and then this is likely to be why.
        """
        self.state = state
        self._name = name
        self._distribution = distribution
        self._run_directory = run_directory

    def __call__(self, library: str) -> None:
        """Keep it."""
        from otelrun.instrumentation.in_place import UNSUPPORTED, in_place  # noqa: PLC0415 - only now needed

        text = _DOES_NOT_APPLY % self._distribution if self.state == UNSUPPORTED else ""
        in_place.put(library, self._name, self.state, self._distribution, text)
        if self._run_directory:
            stood_down.record(self._run_directory, library, self._distribution, stood_down.IMPORTED)


class _Load:
    """The hook that loads one instrumentor, once."""

    def __init__(self, instrumentor: Instrumentor, wanted: Wanted, register: Register, unsupported: str | None) -> None:
        self._instrumentor = instrumentor
        self._wanted = wanted
        self._register = register
        self._unsupported = unsupported
        self._is_done = False
        self._library = ""  # what was imported, where it could not be instrumented at once

    def __call__(self, trigger: str) -> None:
        if self._is_done:
            return
        self._is_done = True
        from otelrun.instrumentation.in_place import UNSUPPORTED, in_place  # noqa: PLC0415 - only now needed

        name = self._instrumentor.name
        library = self._library or trigger or name
        with in_place.applying(library, name, self._instrumentor.distribution) as applied:
            if self._unsupported:
                tell(f"unsupported:{name}", f"not instrumented: {self._unsupported}")
                applied.state = UNSUPPORTED
            else:
                self._apply_to(library, applied)

    def _apply_to(self, library: str, applied: Applying) -> None:
        from otelrun.instrumentation import guards  # noqa: PLC0415 - not at start-up
        from otelrun.instrumentation.in_place import FAILED, LEFT  # noqa: PLC0415 - as above
        from otelrun.instrumentation.precedence import precedence  # noqa: PLC0415 - as above

        name = self._instrumentor.name
        with guarded(f"instrumentation {name}", drops_exits=True):
            module_name, _, attributes = self._instrumentor.value.partition(":")
            if _is_half_imported(module_name):  # the program is at it, and its target is imported from there
                self._is_done = False
                self._library = library
                applied.state = ""
                self._register(module_name, self)
                return
            guards.import_instrumentor(name, module_name, self._register)
            found = sys.modules[module_name]
            for attribute in attributes.split("."):
                found = getattr(found, attribute)
            instrumentor: Any = found()  # type: ignore[operator] # whatever the entry point names
            applied.state = precedence.apply(name, instrumentor, lambda: self._apply(name, instrumentor))
            if applied.state == LEFT:
                applied.text = precedence.text_of(name)
            elif applied.state == FAILED:
                applied.text = applied.text or _REFUSED

    def _apply(self, name: str, instrumentor: Any) -> Callable[[], None] | None:
        from otelrun.instrumentation import guards, sources  # noqa: PLC0415 - as above

        # upstream's own check of versions reads all metadata again; None says that ours could not decide
        is_checked = self._unsupported is not None
        options = {**sources.for_upstream(), **self._wanted.options(name)}
        if name in _FRAMEWORKS and is_checked:
            from otelrun.instrumentation import applications  # noqa: PLC0415 - as above

            return applications.apply(name, instrumentor, options)
        try:
            guards.instrument(name, instrumentor, self._register, {"skip_dep_check": is_checked, **options})
        except BaseException:
            _undo(instrumentor)
            raise
        return None


def _undo(instrumentor: Any) -> None:
    """Take out the patches that an instrumentor made before it failed, which upstream's public method refuses to."""
    try:  # noqa: SIM105 - contextlib may not be loaded in the program
        instrumentor._uninstrument()
    except BaseException:  # noqa: BLE001, S110 - why it failed first is what is told
        pass


def _is_half_imported(module_name: str) -> bool:
    specification = getattr(sys.modules.get(module_name), "__spec__", None)
    return bool(getattr(specification, "_initializing", False))


class _LoadWithMiddleware:
    """The hook for Django, whose instrumentor needs its settings: these are complete when the middleware is loaded."""

    def __init__(self, load: _Load) -> None:
        self._load = load

    def __call__(self, module_name: str) -> None:
        from otelrun.instrumentation.patching import Ledger  # noqa: PLC0415 - only now needed

        ledger = Ledger()

        def make_wrapper(original: Callable[..., object]) -> Callable[..., object]:
            def load_middleware(*args: object, **kwargs: object) -> object:
                ledger.undo()
                self._load(_DJANGO)
                return original(*args, **kwargs)

            return load_middleware

        ledger.wrap(sys.modules[module_name].BaseHandler, "load_middleware", make_wrapper)
