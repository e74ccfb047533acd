"""Resource attributes: from a profile's entries to values of OpenTelemetry's attribute types, and where a name came from."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from otelrun.profile.nodes import Mapping, Scalar, Sequence
from otelrun.profile.problems import quote
from otelrun.profile.rules import Fault
from otelrun.profile.scalars import resolve

if TYPE_CHECKING:
    from otelrun.profile.checker import Checker
    from otelrun.profile.nodes import Node

SERVICE_NAME = "service.name"
_LARGEST = 2**63
_SHAPES = "text, a number, a boolean or a list of one of these"


class Attribute(NamedTuple):
    """One attribute, and one phrase on where it was said: a variable's name, or ``FILE:LINE``."""

    name: str
    value: Any
    source: str


def finish_attribute(checker: Checker, node: Mapping, path: str, values: dict[str, Any]) -> Attribute | None:
    """Give an entry of ``resource.attributes`` its type; None for one without a value, as the schema says."""
    found, name, kind = node.entries["value"].node, values["name"], values.get("type")
    if name is None or (isinstance(found, Scalar) and found.value is None):
        return None
    try:
        value = _typed(found, kind)
    except Fault as error:
        if isinstance(found, Scalar):
            checker.complain(found, f"{path}.value", str(error))
        else:
            checker.problems.error(found.position, f"{path}.value", f"the value {error}")
        return None
    return Attribute(name, value, _source(found))


def finish_resource(_checker: Checker, node: Mapping, _path: str, values: dict[str, Any]) -> dict[str, Any]:
    """Join ``attributes`` and ``attributes_list``; an entry of the former counts."""
    joined = {attribute.name: attribute for attribute in values.get("attributes") or ()}
    listed = node.get("attributes_list")
    for name, value in values.get("attributes_list") or ():
        if listed is not None and name not in joined:
            joined[name] = Attribute(name, value, _source(listed))
    return {**values, "attributes": tuple(joined.values())}


def _source(node: Node) -> str:
    if isinstance(node, Scalar) and node.variables:
        return " and ".join(node.variables)
    return f"{node.position.file}:{node.position.line}"


def _typed(node: Node, kind: str | None) -> Any:
    """Convert a value to the type ``kind`` of the schema; to its natural type if there is none.

    Raises:
        Fault: it is not of that type.
    """
    if isinstance(node, Mapping):
        raise Fault(what="is a mapping", instead=_SHAPES)
    if isinstance(node, Sequence):
        return _array(node, kind)
    if kind and kind.endswith("_array"):
        raise Fault(what=f"is not a list, as its type {kind} says", instead=quote(f"[{node.shown}]"))
    return _single(node, kind)


def _array(node: Sequence, kind: str | None) -> tuple[Any, ...]:
    if kind and not kind.endswith("_array"):
        raise Fault(what="is a list", instead=f"type: {kind}_array")
    scalars = [item for item in node.items if isinstance(item, Scalar) and item.value is not None]
    if not scalars or len(scalars) < len(node.items):
        raise Fault(what="is a list with nothing, or with lists in it", instead=_SHAPES)
    values = tuple(_single(item, kind.removesuffix("_array") if kind else None) for item in scalars)
    kinds = {type(value) for value in values}
    if kinds == {int, float}:
        return tuple(float(value) for value in values)
    if len(kinds) > 1:
        raise Fault(what="is a list of different types", instead="values of one type")
    return values


def _single(scalar: Scalar, kind: str | None) -> Any:
    if kind == "string":
        return scalar.text  # as it is written, so that 1.10 stays 1.10
    value = resolve(scalar.text) if kind else scalar.value
    if isinstance(value, int) and not -_LARGEST <= value < _LARGEST:
        raise Fault(what="is too large a number", instead="it in quotes, or type: string")
    if kind == "double" and isinstance(value, int | float) and not isinstance(value, bool):
        return float(value)
    wanted = {"int": int, "bool": bool, "double": float}.get(kind or "")
    if wanted and type(value) is not wanted:
        raise Fault(what=f"is not of its type {kind}", instead="a value of that type, or type: string")
    return value
