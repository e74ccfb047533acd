"""Which version of the configuration schema a file is written for, and whether we can read it."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from otelrun.profile.nodes import Scalar
from otelrun.profile.problems import quote

if TYPE_CHECKING:
    from otelrun.profile.nodes import Mapping
    from otelrun.profile.problems import Problems

MAJOR = 1
NEWEST_MINOR = 1
_KEY = "file_format"
_VERSION = re.compile(r"([0-9]{1,9})\.([0-9]{1,9})(\.[0-9]+)?(-[0-9A-Za-z.]+)?")
_WRITE = f'write {_KEY}: "{MAJOR}.{NEWEST_MINOR}"'


def is_newer(root: Mapping, problems: Problems) -> bool:
    """Judge a file's ``file_format``: tell what is wrong with it, and say whether it is newer than what we know."""
    entry = root.entries.get(_KEY)
    if entry is None:
        problems.error(root.position, "", f"'{_KEY}' is missing; {_WRITE}")
        return False
    scalar = entry.node
    if not isinstance(scalar, Scalar) or scalar.value is None:
        problems.error(scalar.position, _KEY, f"the version is missing; {_WRITE}")
        return False
    if not isinstance(scalar.value, str) and not scalar.variables:
        problems.error(scalar.position, _KEY, f'{scalar.shown} is a number, not text; write "{scalar.shown}" in quotes')
        return False
    version = _VERSION.fullmatch(scalar.text)
    if version is None:
        problems.error(scalar.position, _KEY, f"{quote(scalar.shown)} is not MAJOR.MINOR; {_WRITE}")
        return False
    if int(version[1]) != MAJOR:
        text = f"{quote(scalar.shown)} is not a version that otelrun reads; {_WRITE}, and the keys of that version"
        problems.error(scalar.position, _KEY, text)
        return False
    if int(version[2]) <= NEWEST_MINOR:
        return False
    text = (
        f"{quote(scalar.shown)} is newer than {MAJOR}.{NEWEST_MINOR}, the newest that otelrun knows; "
        "keys that it does not know have no effect"
    )
    problems.warn(scalar.position, _KEY, text)
    return True
