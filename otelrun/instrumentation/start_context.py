"""The trace context that this process was started in, as its environment said at start. Never imports OpenTelemetry by itself.

A process is part of what started it, until it serves: spans without a parent have the start's as theirs, up to the first SERVER
or CONSUMER span. That one and all later ones without a parent begin traces of their own, with a link to the start.
"""

from __future__ import annotations

from otelrun.diagnostics import guarded
from otelrun.instrumentation.current import current_context

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from typing import Any

    from opentelemetry.context import Context
    from opentelemetry.trace import SpanContext

AUTO, PARENT, LINK, IGNORE = "auto", "parent", "link", "ignore"

BAGGAGE = frozenset(("BAGGAGE",))
"""The variables that carry no trace."""

_B3 = ("B3", "X_B3_TRACEID", "X_B3_SPANID", "X_B3_SAMPLED", "X_B3_FLAGS")
_NAMES = {"tracecontext": ("TRACEPARENT", "TRACESTATE"), "baggage": tuple(BAGGAGE), "b3": _B3, "b3multi": _B3}


def variable_names(propagators: Iterable[str]) -> tuple[str, ...]:
    """Give the variables that these propagators read, as the environment carrier names them; no other propagator's are known."""
    return tuple(dict.fromkeys(name for propagator in propagators for name in _NAMES.get(propagator, ())))


class StartContext:
    """Of this process; a forked child has its parent's.

    Attributes:
        is_given: whether there is one, as far as is known.
        is_serving: whether what the process does now is work of its own.
        names: the variables that carry a context, by the profile's propagators.
        variables: those that this process was started with.
    """

    __slots__ = ("_rule", "_span_context", "is_given", "is_serving", "names", "variables")

    def __init__(self) -> None:
        """Know of none."""
        self.names: tuple[str, ...] = ()
        self.forget()

    def forget(self) -> None:
        """Have none any more: what comes next has nothing to do with it."""
        self.begin({}, AUTO)

    def begin(self, variables: Mapping[str, str], rule: str, *, is_stale: bool = False) -> None:
        """Take the context of a start.

        Args:
            variables: that carry it.
            rule: ``auto``, as above; ``parent``: always the parent; ``link``: never; ``ignore``: there is none.
            is_stale: whoever started this process says that it is none of its affair.
        """
        self.variables = dict(variables) if rule != IGNORE else {}
        self.is_given = bool(self.variables)
        self.is_serving = rule == LINK or (is_stale and rule != PARENT)
        self._rule = rule
        self._span_context: SpanContext | None = None

    def replace(self, variables: Mapping[str, str]) -> None:
        """Take another one, by the same rule: that of a process whose work came after its start."""
        self.begin(variables, self._rule)

    def span_context(self) -> SpanContext | None:
        """Give the span that this process was started in; None where there is none."""
        if self.is_given and self._span_context is None:
            from opentelemetry import trace  # noqa: PLC0415 - loaded by whoever makes a span

            found = trace.get_current_span(extract(self.variables)).get_span_context()
            self._span_context = found if found.is_valid else None
            self.is_given = found.is_valid
        return self._span_context

    def ids(self) -> tuple[int, int, int]:
        """Give trace id, span id and flags for what is recorded outside spans; zeros for what does not belong to the start."""
        start = None if self.is_serving else self.span_context()
        return (0, 0, 0) if start is None else (start.trace_id, start.span_id, int(start.trace_flags))

    def serve(self) -> None:
        """Note that the process serves: it has made a SERVER or CONSUMER span."""
        if self._rule == AUTO:
            self.is_serving = True


start_context = StartContext()
"""Of this process."""


def extract(variables: Mapping[str, str]) -> Context:
    """Give the context that variables carry, by the global propagators; loads the API."""
    from opentelemetry import context, propagate  # noqa: PLC0415 - not before there is a context

    return propagate.extract(variables, context.Context(), _Variables) or context.Context()  # type: ignore[arg-type]


def make_baggage_default() -> None:
    """Have the start's baggage in every context, where the API has its usual kind of contexts and the start has any.

    It is the default of the API's variable: nothing is attached, in no thread.
    """
    from opentelemetry import context  # noqa: PLC0415 - loaded by whoever wants this

    runtime = getattr(context, "_RUNTIME_CONTEXT", None)
    if type(runtime).__name__ != "ContextVarsRuntimeContext" or not start_context.is_given:
        return
    from contextvars import ContextVar  # noqa: PLC0415 - loaded by the API

    found = extract({name: value for name, value in start_context.variables.items() if name in BAGGAGE})
    if found:
        variable: Any = runtime
        variable._current_context = ContextVar(variable._current_context.name, default=found)


def outgoing(context: Context | None = None) -> dict[str, str | None]:
    """Give the variables that carry a context, or else that of the start, to another process.

    Args:
        context: None for the current one.

    Returns:
        None for one that it must not have; empty where there is nothing to carry.
    """
    context = current_context() if context is None else context
    found: dict[str, str | None] = {}
    if context is not None:
        with guarded("a context for another process"):
            from opentelemetry import propagate, trace  # noqa: PLC0415 - loaded where there is a context

            propagate.inject(found, context, _Variables)  # type: ignore[arg-type]
            if trace.get_current_span(context).get_span_context().is_valid:
                return dict.fromkeys(start_context.names) | found if found else found
    if start_context.is_given and not start_context.is_serving:
        return start_context.variables | found
    return found


class _Variables:
    """Getter and setter for a mapping of environment variables, as OpenTelemetry's environment carrier names them."""

    @staticmethod
    def get(carrier: Mapping[str, str], key: str) -> list[str] | None:
        value = carrier.get(_variable(key))
        return None if value is None else [value]

    @staticmethod
    def keys(carrier: Mapping[str, str]) -> list[str]:
        return list(carrier)

    @staticmethod
    def set(carrier: dict[str, str | None], key: str, value: str) -> None:
        carrier[_variable(key)] = value


def _variable(key: str) -> str:
    name = "".join(letter if letter.isascii() and letter.isalnum() else "_" for letter in key).upper()
    return f"_{name}" if name[:1].isdigit() else name
