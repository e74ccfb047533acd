"""The page's ES modules as one classic script: a page opened from disk may not import modules. Pure: texts in, text out.

Each module becomes a function that is called once, after those it imports from; what it exports is what it returns. Only the
forms that ``static`` keeps to are read: named imports of other modules, ``export`` before a function, a class or a constant.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

from otelrun.errors import ReportError

if TYPE_CHECKING:
    from collections.abc import Mapping

_IMPORT = re.compile(r'^import\s*\{([^}]*)\}\s*from\s*"\./([A-Za-z0-9_.-]+)";?[ \t]*$', re.MULTILINE)
_EXPORT = re.compile(r"^export\s+((?:async\s+)?function\b\s*\*?|class\b|const\b)\s*([A-Za-z_$][\w$]*)", re.MULTILINE)
_OTHER = re.compile(r"^(?:import|export)\b.*$", re.MULTILINE)
_NAME = re.compile(r"([A-Za-z_$][\w$]*)(?:\s+as\s+([A-Za-z_$][\w$]*))?")
_IN_HTML = re.compile(r"<(?=/script|!--|script)", re.IGNORECASE)


class _Module(NamedTuple):
    """A module taken apart: ``imports`` are (module, its names as they are bound here)."""

    imports: list[tuple[str, str]]
    exports: list[str]
    body: str


def link(modules: Mapping[str, str], entry: str) -> str:
    """Make one script of modules.

    Args:
        modules: file name → text.
        entry: the module to begin with.

    Returns:
        The script, which may stand in HTML as it is.

    Raises:
        ReportError: a module has a form that is not read, is missing, or imports in a circle.
    """
    parts = []
    order = _in_order(modules, entry)
    numbers = {name: number for number, name in enumerate(order)}
    for name, module in order.items():
        imports = "".join(f"const {{{names}}} = $m[{numbers[other]}];\n" for other, names in module.imports)
        exports = ", ".join(module.exports)
        parts.append(
            f"// {name}\n$m.push((() => {{\n{imports}{module.body.strip()}\nreturn {{ {exports} }};\n}})());\n"
        )
    script = f'(() => {{\n"use strict";\nconst $m = [];\n{"".join(parts)}}})();\n'
    return _IN_HTML.sub(r"<\\", script) if _IN_HTML.search(script) else script


def _in_order(modules: Mapping[str, str], entry: str) -> dict[str, _Module]:
    """Take the modules apart, each after those it imports from."""
    order: dict[str, _Module] = {}
    waiting: list[tuple[str, bool]] = [(entry, False)]
    open_modules: dict[str, _Module] = {}
    while waiting:
        name, is_done = waiting.pop()
        if is_done:
            order[name] = open_modules.pop(name)
        elif name in open_modules:
            message = f"{name} imports itself in a circle"
            raise ReportError(message)
        elif name not in order:
            module = open_modules[name] = _taken_apart(modules, name)
            waiting.append((name, True))
            waiting.extend((other, False) for other, _ in reversed(module.imports))
    return order


def _taken_apart(modules: Mapping[str, str], name: str) -> _Module:
    if name not in modules:
        message = f"the page's module {name} is missing"
        raise ReportError(message)
    imports = [(other, _bound(names)) for names, other in _IMPORT.findall(modules[name])]
    text = _IMPORT.sub("", modules[name])
    exports = [found[1] for found in _EXPORT.findall(text)]
    text = _EXPORT.sub(r"\1 \2", text)
    left = _OTHER.search(text)
    if left:
        message = f"{name}: this form is not linked: {left[0][:80]}"
        raise ReportError(message)
    return _Module(imports, exports, text)


def _bound(names: str) -> str:
    """Turn the names of an import into those of a destructuring."""
    return ", ".join(f"{name}: {alias}" if alias else name for name, alias in _NAME.findall(names))
