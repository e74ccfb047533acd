"""Which file a profile is in, and its text: shipped names, paths, sizes and encodings. Knows nothing of YAML."""

from __future__ import annotations

import codecs
import os
import re
from typing import NamedTuple

from otelrun.errors import ProfileError
from otelrun.profile.hints import close_matches
from otelrun.profile.problems import Position, fatal, printable, quote

LARGEST = 1_000_000
_SUFFIXES = (".yaml", ".yml", ".json")
_OTHER_ENCODINGS = (
    (codecs.BOM_UTF32_LE, "UTF-32"),
    (codecs.BOM_UTF32_BE, "UTF-32"),
    (codecs.BOM_UTF16_LE, "UTF-16"),
    (codecs.BOM_UTF16_BE, "UTF-16"),
)
_NOT_YAML = re.compile("[^\t\n\r\x20-\x7e\x85\xa0-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_SAVE = "save the file as UTF-8"


class Source(NamedTuple):
    """A profile's file.

    Attributes:
        name: what was asked for, e.g. ``default`` or ``./prod.yaml``.
        path: the absolute path.
        shown: the file's name for messages: as it was asked for, the path for a shipped one.
    """

    name: str
    path: str
    shown: str


def shipped_directory() -> str:
    """Find the directory of the shipped profiles: in an installed package ``otelrun/configs``, else ``configs``."""
    package = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
    inside = os.path.join(package, "configs")
    return inside if os.path.isdir(inside) else os.path.join(os.path.dirname(package), "configs")


def shipped_names() -> tuple[str, ...]:
    """List the shipped profiles."""
    try:
        names = os.listdir(shipped_directory())
    except OSError:
        return ()
    return tuple(sorted(name.removesuffix(".yaml") for name in names if name.endswith(".yaml")))


def find(wanted: str, directory: str = "") -> Source:
    """Find the file of a profile.

    Args:
        wanted: a shipped name, or a path: anything with a directory in it or a suffix such as ``.yaml``.
        directory: what relative paths start from; empty for the current directory.

    Raises:
        ProfileError: nothing has that name, or both a shipped profile and a file have it. One problem, without a place.
    """
    path = os.path.join(directory, wanted)
    names = shipped_names()
    if wanted not in names:
        if _is_path(wanted) or os.path.isfile(path):
            return Source(wanted, os.path.abspath(path), os.path.normpath(path))
        raise ProfileError((_unknown(wanted, names, directory),))
    shipped = os.path.join(shipped_directory(), wanted + ".yaml")
    if os.path.isfile(path):
        text = (
            f"{quote(wanted)} is a shipped profile and also a file here; "
            f"write ./{printable(wanted)} for the file, {printable(shipped)} for the shipped one"
        )
        raise ProfileError((text,))
    return Source(wanted, shipped, shipped)


def read(source: Source) -> str:
    """Read the text of a profile.

    Raises:
        ProfileError: it cannot be read, is too large, or is not UTF-8. One problem.
    """
    try:
        with open(source.path, "rb") as file:
            data = file.read(LARGEST + 1)
    except (OSError, ValueError) as error:
        raise ProfileError((f"{printable(source.shown)}: {_why_not(source, error)}",)) from None
    start = Position(source.shown, 1, 1)
    if len(data) > LARGEST:
        raise fatal(
            start, f"larger than {LARGEST // 1_000_000} MB; a profile is a few kilobytes: is this the right file?"
        )
    return _decode(data, start)


def _is_path(wanted: str) -> bool:
    separators = {os.sep, os.altsep or os.sep}
    return any(separator in wanted for separator in separators) or wanted.lower().endswith(_SUFFIXES)


def _unknown(wanted: str, names: tuple[str, ...], directory: str) -> str:
    for suffix in _SUFFIXES:
        if os.path.isfile(os.path.join(directory, wanted + suffix)):
            return f"no profile is named {quote(wanted)}; write ./{printable(wanted)}{suffix} for the file"
    near = close_matches(wanted.lower(), names)
    hint = f"did you mean '{near[0]}'?" if near else "a file is written with its path, e.g. ./profile.yaml"
    return f"no profile is named {quote(wanted)}; {hint} (shipped: {', '.join(names)})"


def _why_not(source: Source, error: OSError | ValueError) -> str:
    if isinstance(error, ValueError):
        return "is not a path"
    if isinstance(error, FileNotFoundError):
        near = _near_file(source.path)
        return "no such file" + (f"; did you mean {quote(near)}?" if near else "")
    if isinstance(error, IsADirectoryError):
        return "is a directory; write the path of a file in it"
    return f"cannot be read: {error.strerror or type(error).__name__}"


def _near_file(path: str) -> str:
    try:
        names = os.listdir(os.path.dirname(path))
    except (OSError, ValueError):
        return ""
    near = close_matches(os.path.basename(path), filter(_is_path, names))
    return near[0] if near else ""


def _decode(data: bytes, start: Position) -> str:
    for mark, encoding in _OTHER_ENCODINGS:
        if data.startswith(mark):
            raise fatal(start, f"the file is {encoding}; {_SAVE}")
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        before = data[: error.start].decode("utf-8-sig")
        raise fatal(_after(before, start), f"byte 0x{data[error.start]:02x} is not UTF-8; {_SAVE}") from None
    if control := _NOT_YAML.search(text):
        place = _after(text[: control.start()], start)
        raise fatal(place, f"the character U+{ord(control[0]):04X} cannot stand in YAML; remove it")
    return text


def _after(before: str, start: Position) -> Position:
    lines = before.replace("\r\n", "\n").replace("\r", "\n").split("\n")
    return start._replace(line=len(lines), column=len(lines[-1]) + 1)
