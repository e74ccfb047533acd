"""Requirements as package metadata spells them (PEP 508, PEP 440), as far as instrumentors use them. Pure."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

_OPERATORS = ("~=", "===", "==", "!=", "<=", ">=", "<", ">")


class Requirement:
    """One ``Requires-Dist`` line of an ``instruments`` extra.

    Attributes:
        distribution: the name, normalised.
        specifier: as written, without blanks, e.g. ``>=1.0,<4``.
        is_alternative: it is of ``instruments-any``: one of these is enough.
    """

    __slots__ = ("distribution", "is_alternative", "specifier")

    def __init__(self, distribution: str, specifier: str, is_alternative: bool) -> None:
        """Keep the parts."""
        self.distribution = distribution
        self.specifier = specifier
        self.is_alternative = is_alternative


def normalise(name: str) -> str:
    """Give the one spelling of a distribution's name, as folders of metadata have it: ``Foo-Bar`` is ``foo_bar``."""
    return name.lower().replace("-", "_").replace(".", "_")


def parse_instruments(line: str) -> Requirement | None:
    """Read the value of a ``Requires-Dist`` header; None where it is of no ``instruments`` extra."""
    required, _, marker = line.partition(";")
    marker = marker.replace('"', "'").replace(" ", "")
    is_alternative = "extra=='instruments-any'" in marker
    if not is_alternative and "extra=='instruments'" not in marker:
        return None
    text = "".join(required.split())
    end = next((i for i, c in enumerate(text) if not (c.isalnum() or c in "-_.")), len(text))
    specifier = text[end:]
    if specifier.startswith("["):
        specifier = specifier.partition("]")[2]
    return Requirement(normalise(text[:end]), specifier.strip("()"), is_alternative)


def is_satisfied(version: str, specifier: str) -> bool | None:
    """Say whether a version is in the range of a specifier; None where that takes more than plain release numbers."""
    if not specifier:
        return True
    found = _release(version)
    if found is None:
        return None
    verdict: bool | None = True
    for clause in filter(None, specifier.split(",")):
        result = _clause(found, clause)
        if result is False:
            return False
        if result is None:
            verdict = None
    return verdict


def _clause(found: tuple[int, ...], clause: str) -> bool | None:
    operator = next((operator for operator in _OPERATORS if clause.startswith(operator)), "")
    text = clause[len(operator) :]
    is_prefix = text.endswith(".*")
    wanted = _release(text.removesuffix(".*"))
    if wanted is None or not operator:
        return None
    if operator == "~=":
        return len(wanted) > 1 and _order(found, wanted) >= 0 and found[: len(wanted) - 1] == wanted[:-1]
    if is_prefix:
        is_in = (found + (0,) * len(wanted))[: len(wanted)] == wanted
        return is_in if operator == "==" else not is_in if operator == "!=" else None
    compare: dict[str, Callable[[int], bool]] = {
        "==": lambda order: order == 0,
        "===": lambda order: order == 0,
        "!=": lambda order: order != 0,
        "<=": lambda order: order <= 0,
        ">=": lambda order: order >= 0,
        "<": lambda order: order < 0,
        ">": lambda order: order > 0,
    }
    return compare[operator](_order(found, wanted))


def _order(one: tuple[int, ...], other: tuple[int, ...]) -> int:
    length = max(len(one), len(other))
    left, right = one + (0,) * (length - len(one)), other + (0,) * (length - len(other))
    return (left > right) - (left < right)


def _release(version: str) -> tuple[int, ...] | None:
    """Read ``1.2.3`` (a local part is dropped); None for pre-releases, epochs and the like."""
    parts = version.partition("+")[0].split(".")
    if not all(part.isascii() and part.isdecimal() for part in parts):
        return None
    return tuple(map(int, parts))
