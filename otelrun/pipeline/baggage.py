"""W3C Baggage, to the letter: https://www.w3.org/TR/baggage/. Text is percent-encoded: a ``+`` is a plus.

What a peer sends is never a reason to raise or to log. Members that are malformed are left out one by one; of what is beyond
the limits, whole members are, from the first that has no room.
"""

from __future__ import annotations

import re
from urllib.parse import quote, unquote

from opentelemetry import baggage
from opentelemetry.context import get_current
from opentelemetry.propagators.textmap import Getter, Setter, TextMapPropagator, default_getter, default_setter

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from typing import Any

    from opentelemetry.context.context import Context

BAGGAGE = "baggage"

_BLANKS = " \t"
_NAME = r"[!#$%&'*+\-.^_`|~0-9A-Za-z]+"
_VALUE = r"[\x21\x23-\x2b\x2d-\x3a\x3c-\x5b\x5d-\x7e]*"
_PROPERTY = rf"[ \t]*;[ \t]*{_NAME}(?:[ \t]*=[ \t]*{_VALUE})?"
_MEMBER = re.compile(rf"({_NAME})[ \t]*=[ \t]*({_VALUE}(?:{_PROPERTY})*)\Z")
_MAX_LENGTH = 8_192  # bytes, in all
_MAX_MEMBERS = 180  # the specification asks for 64 or more; the API's own propagator keeps as many


class BaggagePropagator(TextMapPropagator):
    """``baggage``.

    Attributes:
        extracted_fields: all the headers that ``extract`` looks at.
    """

    extracted_fields = frozenset((BAGGAGE,))

    def extract(self, carrier: Any, context: Context | None = None, getter: Getter[Any] = default_getter) -> Context:
        """Give ``context`` with the entries of the header added to its baggage; unchanged where there are none."""
        context = get_current() if context is None else context
        headers = getter.get(carrier, BAGGAGE)
        if not headers or not all(isinstance(header, str) for header in headers):
            return context
        text = ",".join(headers)
        if len(text) > _MAX_LENGTH:
            text = text[: _MAX_LENGTH + 1].rpartition(",")[0]
        for member in _within_limits(part.strip(_BLANKS) for part in text.split(",")):
            found = _MEMBER.match(member)
            if found is not None:
                context = baggage.set_baggage(unquote(found[1]), unquote(found[2]), context)
        return context

    def inject(self, carrier: Any, context: Context | None = None, setter: Setter[Any] = default_setter) -> None:
        """Write the entries of the baggage; nothing where there are none."""
        entries = baggage.get_all(context)
        if entries:
            text = ",".join(_within_limits(f"{_encode(name)}={_encode(value)}" for name, value in entries.items()))
            if text:
                setter.set(carrier, BAGGAGE, text)

    @property
    def fields(self) -> set[str]:
        """The header that ``inject`` may set."""
        return {BAGGAGE}


def _encode(part: object) -> str:
    return quote(str(part), safe="", errors="replace")


def _within_limits(members: Iterable[str]) -> Iterator[str]:
    """Give the members, without empty ones, that find room in one header."""
    length = count = 0
    for member in members:
        if not member:
            continue
        length += len(member) + (count > 0)
        count += 1
        if count > _MAX_MEMBERS or length > _MAX_LENGTH:
            return
        yield member
