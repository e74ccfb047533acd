"""Post-import hooks: run a callback right after a module's body has run, seen by nobody.

One finder stands first in ``sys.meta_path``. For a name without a hook it costs one look-up. For a hooked name it asks the
other finders and has that one loader's ``exec_module`` call the hooks afterwards; the loader and ``__spec__`` are back in
their own state before the module's body runs. The frames in between carry importlib's file name, so that CPython cuts them
out of tracebacks as it cuts its own.
"""

from __future__ import annotations

import sys
from _thread import get_ident

from otelrun.diagnostics import guarded
from otelrun.startup import shadows

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from importlib.machinery import ModuleSpec
    from types import FunctionType, ModuleType
    from typing import Any

    Hook = Callable[[str], None]

_IMPORTLIB = "<frozen importlib._bootstrap>"
_RUNPY = ("runpy.py", "<frozen runpy>")
_OWN = "otelrun"
_NOT_FOREIGN = frozenset(("sitecustomize", "usercustomize", _OWN))

_hooks: dict[str, list[Hook]] = {}
_half_imported: list[str] = []
_searching: set[tuple[int, str]] = set()
_own_modules: dict[str, ModuleType] = {}
_discover: Callable[[str], None] | None = None
_discover_at: frozenset[str] = frozenset()
_shadows: dict[str, str] | None = None


def install() -> None:
    """Put the finder in front of ``sys.meta_path``, once."""
    if PostImportFinder not in sys.meta_path:
        sys.meta_path.insert(0, PostImportFinder)


def uninstall() -> None:
    """Take the finder out and forget all hooks."""
    global _discover
    if PostImportFinder in sys.meta_path:
        sys.meta_path.remove(PostImportFinder)
    _hooks.clear()
    _half_imported.clear()
    _discover = None


def register(module_name: str, hook: Hook) -> None:
    """Call ``hook(module_name)`` each time the body of that module has run; at once if it is loaded already.

    A module that is being imported at this moment fires as soon as it is ready and anything else is imported.
    """
    _hooks.setdefault(module_name, []).append(hook)
    module = sys.modules.get(module_name)
    if module is None:
        return
    if _is_half_imported(module):
        if module_name not in _half_imported:
            _half_imported.append(module_name)
    else:
        _call(hook, module_name)


def remember_own_modules() -> None:
    """Keep otelrun's modules for hooks to find: a program may clear ``sys.modules`` of what is not its own, as PEX files do."""
    _own_modules.update((name, module) for name, module in sys.modules.copy().items() if name.partition(".")[0] == _OWN)


def discover_with(discover: Callable[[str], None], at: frozenset[str]) -> None:
    """Call ``discover(name)`` once: before the first import of a module of ``at``, or of one that is not the standard library.

    This is when more hooks can be needed than those that are known at start-up.
    """
    global _discover, _discover_at
    _discover, _discover_at = discover, at


class PostImportFinder:
    """The finder; a class, never an instance: it has no state of its own."""

    @classmethod
    def find_spec(
        cls, name: str, path: Sequence[str] | None = None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        """Find a module that matters to a hook with the other finders, and have the hooks called around its body."""
        if name not in _hooks and not _half_imported and (_discover is None or not _is_foreign(name)):
            if _shadows and name in _shadows:
                _refuse_to_ourselves(name)
            return None
        if _is_asked_by_runpy():
            return None
        search = (get_ident(), name)
        if search in _searching:  # a finder that asks importlib for the same name again
            return None
        _searching.add(search)
        try:
            for finder in _after(cls):
                spec: ModuleSpec | None = finder.find_spec(name, path, target)
                if spec is not None:
                    _watch(spec)
                    return spec
        finally:
            _searching.discard(search)
        return None


def _after(own: type) -> list[Any]:
    """Give the finders that importlib has not asked yet: those behind our own."""
    finders: list[Any] = list(sys.meta_path)
    position = finders.index(own) + 1 if own in finders else 0
    return [finder for finder in finders[position:] if hasattr(finder, "find_spec")]


class WatchedLoader:
    """Stands in for a loader that many modules share (a zip file, the built-in importers) until the body is about to run."""

    def __init__(self, spec: ModuleSpec, loader: Any) -> None:
        """Keep what is to be restored."""
        self._spec = spec
        self._loader = loader

    def __getattr__(self, name: str) -> Any:
        """Answer everything else as the loader itself."""
        return getattr(self._loader, name)

    def create_module(self, spec: ModuleSpec) -> ModuleType | None:
        """Have the loader make the module."""
        module: ModuleType | None = self._loader.create_module(spec)
        return module

    def exec_module(self, module: ModuleType) -> None:
        """Restore the loader, run the module's body, call the hooks."""
        self._spec.loader = self._loader
        module.__loader__ = self._loader
        _prepare(self._spec.name)
        self._loader.exec_module(module)
        _fire(self._spec.name)


def _watch(spec: ModuleSpec) -> None:
    """Have the hooks called before and after this spec's loader runs the module's body."""
    loader: Any = spec.loader
    if loader is None or not hasattr(loader, "exec_module"):  # a namespace package has no body
        return
    if not _is_of_one_module(loader, spec.name):
        spec.loader = WatchedLoader(spec, loader)  # type: ignore[assignment]
        return
    execute = loader.exec_module

    def exec_module(module: ModuleType) -> None:
        loader.__dict__.pop("exec_module", None)
        _prepare(spec.name)
        execute(module)
        _fire(spec.name)

    _hide(exec_module)
    loader.exec_module = exec_module


def _is_of_one_module(loader: Any, name: str) -> bool:
    """Say whether the loader serves this module alone and takes an attribute: true of importlib's file loaders."""
    return not isinstance(loader, type) and getattr(loader, "name", None) == name and hasattr(loader, "__dict__")


def _hide(function: Callable[..., Any]) -> None:
    """Give a function's code importlib's file name: CPython then leaves its frame out of tracebacks and warnings."""
    plain: FunctionType = function  # type: ignore[assignment]
    plain.__code__ = plain.__code__.replace(co_filename=_IMPORTLIB)


def _refuse_to_ourselves(name: str) -> None:
    if _shadows and shadows.is_asked_by_us(sys._getframe(2)):  # noqa: SLF001 - the only way to see who imports
        message = f"{_shadows[name]} hides a module of the standard library"
        raise ModuleNotFoundError(message, name=name)


def _look_for_shadows() -> None:
    """Done once, before the first hook imports anything: by now the script's folder is on ``sys.path``."""
    global _shadows
    if _shadows is None:
        with guarded("search for hidden modules"):
            _shadows = shadows.find()


def _fire(name: str) -> None:
    _look_for_shadows()
    for hook in tuple(_hooks.get(name, ())):
        _call(hook, name)


def _call(hook: Hook, name: str) -> None:
    with guarded(f"hook of {name}"):
        if __name__ not in sys.modules:
            sys.modules.update(_own_modules)
        hook(name)
        remember_own_modules()


def _is_asked_by_runpy() -> bool:
    """Say whether ``runpy`` searches: it runs the code by itself, and shows the program the loader as it was found."""
    if "runpy" not in sys.modules:
        return False
    frame = sys._getframe(2)  # noqa: SLF001 - the only way to see who searches
    while frame is not None and "importlib" in frame.f_code.co_filename:
        frame = frame.f_back  # type: ignore[assignment]
    return frame is not None and frame.f_code.co_filename.endswith(_RUNPY)


def _is_half_imported(module: ModuleType) -> bool:
    return bool(getattr(getattr(module, "__spec__", None), "_initializing", False))


def _is_foreign(name: str) -> bool:
    if name in _discover_at:
        return True
    return "." not in name and name not in sys.stdlib_module_names and name not in _NOT_FOREIGN


def _prepare(name: str) -> None:
    """Do what is due before a module's body runs.

    It is done here and not in ``find_spec``, which holds the interpreter's import lock: what imports there can deadlock.
    """
    global _discover
    if _discover is not None and _is_foreign(name):
        _look_for_shadows()
        discover, _discover = _discover, None
        with guarded("discovery of instrumentations"):
            discover(name)
    for waiting in tuple(_half_imported):
        module = sys.modules.get(waiting)
        if module is None or not _is_half_imported(module):
            try:
                _half_imported.remove(waiting)
            except ValueError:  # another thread, or an import in the middle of this, has called the hooks
                continue
            if module is not None:
                _fire(waiting)


for _function in (PostImportFinder.find_spec.__func__, WatchedLoader.exec_module, WatchedLoader.create_module):  # type: ignore[attr-defined]
    _hide(_function)
