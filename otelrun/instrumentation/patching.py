"""The ledger: every patch otelrun makes goes through it, and undo puts the same objects back on the same owners.

A replacement looks like what it replaces (name, documentation, signature) and leaves no frame in a traceback.
"""

from __future__ import annotations

from otelrun.diagnostics import tell

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

_ABOUT = ("__module__", "__name__", "__qualname__", "__doc__", "__annotate__", "__type_params__")
_MARK = "__otelrun__"


class Ledger:
    """The patches made by one instrumentation."""

    __slots__ = ("_entries",)

    def __init__(self) -> None:
        """Begin with no patch."""
        self._entries: list[tuple[Any, str, Any, Any, bool]] = []

    def wrap(self, owner: Any, name: str, make_wrapper: Callable[[Any], Any]) -> None:
        """Replace one function of a class or a module.

        Nothing happens, apart from one notice, where there is no such function; nothing at all where the same
        instrumentation stands there already, so that the entry point and the launcher never patch twice.

        Args:
            owner: the class or the module; where a class inherits the function, only this class gets the replacement.
            name: the function's name.
            make_wrapper: is given the original and returns the replacement, a plain function defined in its own module.
        """
        is_own = name in getattr(owner, "__dict__", ())
        original = owner.__dict__[name] if is_own else getattr(owner, name, None)
        where = f"{_describe(owner)}.{name}"
        if not callable(original):
            tell(f"patch:{where}", f"not instrumented: there is no {where} in this version of its library")
            return
        replacement = make_wrapper(original)
        source = replacement.__module__
        if getattr(original, "__dict__", {}).get(_MARK) == source:
            return
        for about in _ABOUT:
            if hasattr(original, about):
                setattr(replacement, about, getattr(original, about))
        replacement.__dict__[_MARK] = source
        replacement.__wrapped__ = original
        try:
            setattr(owner, name, replacement)
        except (TypeError, AttributeError) as error:
            tell(f"patch:{where}", f"not instrumented: {where} cannot be replaced: {error}")
            return
        self._entries.append((owner, name, original, replacement, is_own))

    def undo(self) -> None:
        """Put the originals back, last first; what somebody else has replaced since is left to them, with one notice."""
        while self._entries:
            owner, name, original, replacement, is_own = self._entries.pop()
            if owner.__dict__.get(name) is not replacement:
                tell(f"undo:{name}", f"{name} was patched again by somebody else and stays as it is")
            elif is_own:
                setattr(owner, name, original)
            else:
                delattr(owner, name)


def _describe(owner: Any) -> str:
    if hasattr(owner, "__qualname__"):
        return f"{owner.__module__}.{owner.__qualname__}"
    return getattr(owner, "__name__", repr(owner))


def hide_frame(error: BaseException) -> None:
    """Take the calling wrapper's frame out of the traceback of an exception it is about to let pass with a bare ``raise``.

    Then the program's tracebacks are those of a bare run. CPython 3.10 keeps the one frame: its bare ``raise`` restores
    the traceback it has saved, not the one the exception carries.
    """
    if error.__traceback__ is not None:
        error.__traceback__ = error.__traceback__.tb_next
