"""The ledger: every patch otelrun makes goes through it, and undo puts the same objects back on the same owners.

A replacement looks like what it replaces (name, documentation, signature, place in the source) and leaves no frame in a
traceback: it lets the program's exceptions pass like this, with calls into C only, which a program at its recursion limit
still has::

    except BaseException as error:
        without_frame(error, getattr(error.__traceback__, "tb_next", None))
        raise

CPython 3.10 keeps the one frame: its bare ``raise`` restores the traceback it has saved, not the one the exception carries.
"""

from __future__ import annotations

import sys

from otelrun.diagnostics import tell

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from types import CodeType, FunctionType
    from typing import Any

without_frame = BaseException.with_traceback
"""Set an exception's traceback, whatever its class makes of ``__setattr__`` (a frozen dataclass refuses)."""

_ABOUT = ("__module__", "__name__", "__qualname__", "__doc__", "__text_signature__", "__type_params__")
_ANNOTATIONS = "__annotate__" if sys.version_info >= (3, 14) else "__annotations__"
_TAKES_ARGS, _TAKES_KEYWORDS = 0x04, 0x08  # inspect.CO_VARARGS, CO_VARKEYWORDS
_TAKES_ANYTHING = _TAKES_ARGS | _TAKES_KEYWORDS
_MAX_WRAPPERS = 100

_Compiled: Any = type(len)
_Function: Any = type(lambda: None)
_ABOUT_COMPILED = ("__name__", "__module__", "__self__", "__text_signature__")


def is_compiled(function: Any) -> bool:
    """Say whether a function is the interpreter's own."""
    return type(function) is _Compiled


_standing: dict[int, tuple[Any, str]] = {}
"""By id: each replacement there is, and the module it comes from."""


class Ledger:
    """The patches made by one instrumentation."""

    __slots__ = ("_entries",)

    def __init__(self) -> None:
        """Begin with no patch."""
        self._entries: list[tuple[Any, str, Any, Any, bool]] = []

    def wrap(self, owner: Any, name: str, make_wrapper: Callable[[Any], Any], takes: str = "") -> None:
        """Replace one function of a class or a module.

        Nothing happens, apart from one notice, where there is no such function, or one of other parameters than the
        replacement is written for; nothing at all where the same instrumentation stands there already, so that the entry
        point and the launcher never patch twice.

        Args:
            owner: the class or the module; where a class inherits the function, only this class gets the replacement.
            name: the function's name.
            make_wrapper: is given the original and returns the replacement, a plain function defined in its own module;
                best with the original's parameters, or else with ``*args, **kwargs``.
            takes: names of the original's first parameters, separated by spaces, where the replacement finds what it needs at
                their places in ``*args``; a ``?`` stands for one whose name is none of its business.
        """
        is_own = name in getattr(owner, "__dict__", ())
        original = owner.__dict__[name] if is_own else getattr(owner, name, None)
        where = f"{_describe(owner)}.{name}"
        if not callable(original):
            tell(f"patch:{where}", f"not instrumented: there is no {where} in this version of its library")
            return
        replacement = make_wrapper(original)
        source = replacement.__module__
        if _is_standing(original, source):
            return
        mismatch = _mismatch(original, replacement, takes)
        if mismatch:
            tell(f"patch:{where}", f"not instrumented: {where} of this version of its library {mismatch}")
            return
        resemble(replacement, original)
        if type(original) is _Compiled:
            replacement = _like_compiled(replacement, original)
        elif not is_own and hasattr(owner, "__qualname__"):  # it is found here now, by pickle too
            replacement.__qualname__ = f"{owner.__qualname__}.{name}"
        self._put(owner, name, original, replacement, source)

    def wrap_member(self, owner: Any, name: str, make_wrapper: Callable[[Any], Any]) -> None:
        """Replace a function written in Python, also one that a static method, a class method or a property holds.

        Nothing happens, apart from one notice, where it is anything else.

        Args:
            owner: as in ``wrap``.
            name: as in ``wrap``.
            make_wrapper: is given the function and returns its replacement.
        """
        held = find_member(owner, name)
        function = function_of(held)
        where = f"{_describe(owner)}.{name}"
        if function is None:
            tell(f"patch:{where}", f"not instrumented: {where} is no function written in Python")
            return
        replacement = make_wrapper(function)
        source = replacement.__module__
        if _is_standing(held, source):
            return
        resemble(replacement, function)
        if name not in vars(owner) and hasattr(owner, "__qualname__"):
            replacement.__qualname__ = f"{owner.__qualname__}.{name}"
        self._put(owner, name, held, _held_alike(held, replacement), source)

    def _put(self, owner: Any, name: str, original: Any, replacement: Any, source: str) -> None:
        is_own = name in getattr(owner, "__dict__", ())
        try:
            setattr(owner, name, replacement)
        except (TypeError, AttributeError) as error:
            where = f"{_describe(owner)}.{name}"
            tell(f"patch:{where}", f"not instrumented: {where} cannot be replaced: {error}")
            return
        _standing[id(replacement)] = (replacement, source)
        self._entries.append((owner, name, original, replacement, is_own))

    @property
    def is_applied(self) -> bool:
        """Whether there are patches that have not been undone."""
        return bool(self._entries)

    def undo(self) -> None:
        """Put the originals back, last first; what somebody else has replaced since is left to them, with one notice."""
        while self._entries:
            owner, name, original, replacement, is_own = self._entries.pop()
            if owner.__dict__.get(name) is not replacement:
                tell(f"undo:{name}", f"{name} was patched again by somebody else and stays as it is")
                continue
            if is_own:
                setattr(owner, name, original)
            else:
                delattr(owner, name)
            del _standing[id(replacement)]


def find_member(owner: Any, name: str) -> Any:
    """Give what a class or a module holds under a name, as it is held; None where nothing is."""
    for place in getattr(owner, "__mro__", (owner,)):
        if name in vars(place):
            return vars(place)[name]
    return None


def function_of(held: Any) -> FunctionType | None:
    """Give the function, written in Python, that a member of a class or a module is or holds; None where it is none."""
    kind = type(held)
    function = held.fget if kind is property else held.__func__ if kind in (staticmethod, classmethod) else held
    return function if type(function) is _Function else None


def _held_alike(held: Any, function: Any) -> Any:
    if type(held) is property:
        return property(function, held.fset, held.fdel, held.__doc__)
    return type(held)(function) if type(held) in (staticmethod, classmethod) else function


def _describe(owner: Any) -> str:
    if hasattr(owner, "__qualname__"):
        return f"{owner.__module__}.{owner.__qualname__}"
    return getattr(owner, "__name__", repr(owner))


def _is_standing(function: Any, source: str) -> bool:
    """Say whether a replacement from ``source`` is what a function is, or is what others have wrapped."""
    for _ in range(_MAX_WRAPPERS):
        if function is None:
            return False
        if _standing.get(id(function), (None, ""))[1] == source:
            return True
        function = getattr(function, "__wrapped__", None)
    return False


def resemble(replacement: Any, original: Any) -> None:
    """Make a replacement look like the original.

    ``__wrapped__`` leads to it only where something could not be told without: other parameters, annotations with the names of
    the original's module.
    """
    for about in (*_ABOUT, _ANNOTATIONS):
        if hasattr(original, about):
            setattr(replacement, about, getattr(original, about))
    code = getattr(original, "__code__", None)
    if type(original) is not type(replacement) or code is None:
        replacement.__wrapped__ = original
        return
    replacement.__dict__.update(original.__dict__)
    replacement.__code__ = _at_the_place_of(code, replacement.__code__)
    is_same = _parameters(code) == _parameters(replacement.__code__)
    if is_same:
        replacement.__defaults__ = original.__defaults__
        replacement.__kwdefaults__ = original.__kwdefaults__
    if not is_same or getattr(original, _ANNOTATIONS, None):
        replacement.__wrapped__ = original


def _like_compiled(function: Any, original: Any) -> Any:
    """Give an object that calls ``function``, and is to be seen as the compiled function that the original is.

    A function would become a method of each class of which it is made an attribute; a compiled one does not.
    """
    about = {name: getattr(original, name) for name in _ABOUT_COMPILED}
    behaviour = {
        "__slots__": ("__qualname__", "__weakref__"),
        "__call__": staticmethod(function),
        "__class__": property(lambda _: _Compiled),
        "__doc__": property(lambda _: original.__doc__),  # pydoc leaves out what is the type's own
        "__repr__": lambda _: repr(original),
        "__reduce__": lambda _: original.__name__,
    }
    made = type(_Compiled.__name__, (), about | behaviour)()
    made.__qualname__ = original.__qualname__
    return made


def _parameters(code: CodeType) -> tuple[Any, ...]:
    rest = code.co_flags & _TAKES_ANYTHING
    count = code.co_argcount + code.co_kwonlyargcount + rest.bit_count()
    return code.co_argcount, code.co_posonlyargcount, code.co_kwonlyargcount, rest, code.co_varnames[:count]


def _mismatch(original: Any, replacement: Any, takes: str) -> str:
    """Say why a replacement cannot stand for the original, "" where it can or where the original does not tell.

    Each call that the original takes must be one that the replacement takes, and can hand on as it does. A private function
    is called by its own library alone, and there by position.
    """
    code = getattr(original, "__code__", None)
    if code is None or code.co_flags & _TAKES_ANYTHING == _TAKES_ANYTHING:
        return ""
    positional, named = _names(code)
    own, own_named = _names(replacement.__code__)
    if not code.co_flags & _TAKES_ARGS:
        for name, found in zip(takes.split(), (*positional, *[""] * len(takes)), strict=False):
            if name not in (found, "?"):
                return f"has no parameter {name} where it was"
        if len(own) > len(positional):
            return f"takes fewer than {len(own)} arguments"
    required = len(own) - len(replacement.__defaults__ or ())
    if len(positional) - len(original.__defaults__ or ()) < required:
        return f"can be called with fewer than {required} arguments"
    flags = replacement.__code__.co_flags
    if len(positional) > len(own) and not flags & _TAKES_ARGS:
        return f"takes more than {len(own)} arguments"
    is_public = not original.__name__.startswith("_") or original.__name__.endswith("__")
    unknown = {*positional[1:] * is_public, *named}.difference(own, own_named)
    if unknown and not flags & _TAKES_KEYWORDS:
        return f"takes {', '.join(sorted(unknown))}"
    return ""


def _names(code: CodeType) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Give the names of parameters by position, and of those by keyword alone."""
    count = code.co_argcount
    return code.co_varnames[:count], code.co_varnames[count : count + code.co_kwonlyargcount]


def _at_the_place_of(original: CodeType, code: CodeType) -> CodeType:
    """Give the code under the original's name, all of it at the line where the original is defined.

    So ``inspect`` shows the original's source, debuggers stop at its definition, and whoever leaves the library's frames out,
    by the name of its file, leaves this one out.
    """
    place: dict[str, Any] = {
        "co_filename": original.co_filename,
        "co_firstlineno": original.co_firstlineno,
        "co_name": original.co_name,
        "co_linetable": _one_line(len(code.co_code)),
    }
    if sys.version_info >= (3, 11):
        place["co_qualname"] = original.co_qualname
    return code.replace(**place)


def _one_line(size: int) -> bytes:
    """Give the table of lines for code of so many bytes, all on its first line.

    Formats: CPython's ``Objects/locations.md``; for 3.10, ``Objects/lnotab_notes.txt``.
    """
    if sys.version_info >= (3, 11):  # entries of up to 8 units of 2 bytes: kind 13, a line without columns, 0 lines on
        whole, rest = divmod(size // 2, 8)
        lengths = [8] * whole + [rest] * (rest > 0)
        return b"".join(bytes((0x80 | 13 << 3 | length - 1, 0)) for length in lengths)
    whole, rest = divmod(size, 254)
    return bytes((254, 0)) * whole + bytes((rest, 0)) * (rest > 0)
