"""The files of the page, read once into a table: address → content. Nothing else is ever served as a file."""

from __future__ import annotations

import os
from typing import NamedTuple

DIRECTORY = os.path.join(os.path.dirname(__file__), "static")

_TYPES = {
    ".html": "text/html; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".svg": "image/svg+xml",
}


class StaticFile(NamedTuple):
    """A file as it is sent."""

    content: bytes
    type: str


def load_static_files(*, is_report: bool = False) -> dict[str, StaticFile]:
    """Read the page.

    Args:
        is_report: whether it is to show one report, which it asks for at ``/api/report``.
    """
    files = {}
    for name in sorted(os.listdir(DIRECTORY)):
        kind = _TYPES.get(os.path.splitext(name)[1])
        if kind:
            with open(os.path.join(DIRECTORY, name), "rb") as file:
                files[f"/{name}"] = StaticFile(file.read(), kind)
    index = _with_modules_ahead(files.pop("/index.html"), [name for name in files if name.endswith(".js")])
    if is_report:
        index = index._replace(content=index.content.replace(b"<html", b"<html data-report", 1))
    files["/"] = index
    return files


def _with_modules_ahead(index: StaticFile, modules: list[str]) -> StaticFile:
    """Have the browser ask for all modules at once, not for each when the one before it has named it."""
    links = "".join(f'<link rel="modulepreload" href="{name[1:]}">\n' for name in modules)
    return index._replace(content=index.content.replace(b"</head>", links.encode() + b"</head>", 1))


def load_texts() -> dict[str, str]:
    """Read the page as texts: file name → text."""
    files = {}
    for name in sorted(os.listdir(DIRECTORY)):
        if os.path.splitext(name)[1] in _TYPES:
            with open(os.path.join(DIRECTORY, name), encoding="utf-8") as file:
                files[name] = file.read()
    return files
