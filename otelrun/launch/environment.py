"""What the launcher's own interpreter did to the environment, undone. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

_LC_CTYPE = "LC_CTYPE"
_COERCED = ("C.UTF-8", "C.utf8", "UTF-8")


def without_locale_coercion(environment: Mapping[str, str], initial_names: frozenset[str] | None) -> dict[str, str]:
    """Take out the LC_CTYPE that the launcher's own interpreter set for itself (PEP 538) and the program must not inherit.

    Args:
        environment: of the launcher, now.
        initial_names: the variables that were set when the launcher began; None where that cannot be known.
    """
    built = dict(environment)
    if initial_names is not None and _LC_CTYPE not in initial_names and built.get(_LC_CTYPE) in _COERCED:
        del built[_LC_CTYPE]
    return built
