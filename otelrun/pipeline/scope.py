"""Instrumentation scopes as they are asked for, made plain."""

from __future__ import annotations

from otelrun.pipeline.attributes import add, as_text
from otelrun.ring.record import Scope

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

_MAX_SCOPE_ATTRIBUTES = 128


def build_scope(name: Any, version: Any, schema_url: Any, attributes: Any) -> Scope:
    """Give the scope that a provider was asked for, as builtin values."""
    kept: dict[str, Any] = {}
    add(kept, attributes or {}, _MAX_SCOPE_ATTRIBUTES, None)
    return Scope(as_text(name or ""), as_text(version or ""), as_text(schema_url or ""), kept)


def scope_key(scope: Scope) -> tuple[Any, ...]:
    """Give what makes two scopes the same."""
    return (scope.name, scope.version, scope.schema_url, repr(sorted(scope.attributes.items())))


def as_arguments(scope: Scope) -> tuple[Any, ...]:
    """Give what another provider is to be asked with for the same scope; attributes, which old ones do not take, if any."""
    arguments = (scope.name, scope.version or None, scope.schema_url or None)
    return (*arguments, scope.attributes) if scope.attributes else arguments
