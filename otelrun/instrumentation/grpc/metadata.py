"""Carries the context in a call's metadata: written on the client beside the program's own, read on the server."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from opentelemetry import propagate
from opentelemetry.propagators.textmap import Getter, Setter

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from opentelemetry.context import Context

_METADATA_ARGUMENT = 2  # (request, timeout, metadata, ...) in every synchronous call


class _MetadataGetter(Getter["Sequence[tuple[str, Any]]"]):
    """Reads text values; keys are lower case on the wire."""

    def get(self, carrier: Sequence[tuple[str, Any]], key: str) -> list[str] | None:
        key = key.lower()
        return [value for name, value in carrier if name == key and isinstance(value, str)] or None

    def keys(self, carrier: Sequence[tuple[str, Any]]) -> list[str]:
        return [name for name, _ in carrier]


class _MetadataSetter(Setter[dict[str, str]]):
    """Writes what HTTP/2 accepts: lower-case keys, printable ASCII values."""

    def set(self, carrier: dict[str, str], key: str, value: str) -> None:
        if value.isascii() and value.isprintable():
            carrier[key.lower()] = value


_GETTER = _MetadataGetter()
_SETTER = _MetadataSetter()


def extract(metadata: Sequence[tuple[str, Any]], base: Context) -> Context:
    """Give ``base`` with what the client sent in its metadata."""
    return propagate.extract(metadata, base, _GETTER) if metadata else base


def inject(metadata: Iterable[tuple[str, Any]] | None, context: Context) -> Iterable[tuple[str, Any]]:
    """Give the program's metadata followed by the context's; a key the program sends itself stays the program's.

    Args:
        metadata: what the program passed.
        context: what to propagate.
    """
    carrier: dict[str, str] = {}
    propagate.inject(carrier, context, _SETTER)
    if not metadata:
        return tuple(carrier.items())
    try:
        own = tuple(metadata)
        names = {name for name, _ in own}
    except (TypeError, ValueError):
        return metadata  # gRPC refuses it in its own words
    if "traceparent" in names:
        names.add("tracestate")  # ours would speak of another parent
    return own + tuple(item for item in carrier.items() if item[0] not in names)


def with_injected(
    args: tuple[Any, ...], kwargs: dict[str, Any], context: Context
) -> tuple[tuple[Any, ...], dict[str, Any]]:
    """Give the arguments of a synchronous call with the context in its metadata, wherever that was passed."""
    if len(args) > _METADATA_ARGUMENT:
        before, after = args[:_METADATA_ARGUMENT], args[_METADATA_ARGUMENT + 1 :]
        return (*before, inject(args[_METADATA_ARGUMENT], context), *after), kwargs
    return args, {**kwargs, "metadata": inject(kwargs.get("metadata"), context)}
