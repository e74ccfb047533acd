"""Hostile trace headers by the thousand, from a seed, and what the specifications say of each: an oracle of its own.

The oracle follows https://www.w3.org/TR/trace-context-2/ and https://www.w3.org/TR/baggage/ character by character; it shares
nothing with the code that it judges.
"""

from __future__ import annotations

import string
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from random import Random

_HEX = "0123456789abcdef"
_KEY = string.ascii_lowercase + string.digits + "_-*/@"
_VALUE = "".join(chr(code) for code in range(0x20, 0x7F) if chr(code) not in ",=")
_ODD = "".join(chr(code) for code in range(256) if code not in (0x0A, 0x0D))
_BLANKS = " \t"


@dataclass(frozen=True)
class Expected:
    """What is to be made of a request: ids of the parent (empty for a new trace), sampled or not, and the trace state."""

    trace_id: str
    parent_id: str
    is_sampled: bool
    trace_state: str


def hostile_headers(random: Random) -> list[tuple[str, str]]:
    """Make the headers of one request: names in any case, values of Latin-1 without line ends."""
    headers = [
        (_cased(random, "traceparent"), _traceparent(random)) for _ in range(random.choice((0,) + (1,) * 10 + (2,)))
    ]
    headers += [(_cased(random, "tracestate"), _tracestate(random)) for _ in range(random.choice((0, 0, 1, 1, 2, 5)))]
    headers += [(_cased(random, "baggage"), _baggage(random)) for _ in range(random.choice((0, 0, 1, 2)))]
    for _ in range(random.choice((0, 0, 1, 10))):
        name = "".join(random.choices(string.ascii_letters + string.digits + "-_!#$.", k=random.randint(1, 20)))
        headers.append((f"x{name}", _noise(random, 200)))
    random.shuffle(headers)
    return headers


def expected(headers: list[tuple[str, str]]) -> Expected:
    """Say what a server that keeps to the specification makes of a request's headers."""
    parents = [value for name, value in headers if name.lower() == "traceparent"]
    states = [value for name, value in headers if name.lower() == "tracestate"]
    parent = _parse_traceparent(parents[0].strip(_BLANKS)) if len(parents) == 1 else None
    if parent is None:
        return Expected("", "", True, "")
    return Expected(*parent, ",".join(f"{key}={value}" for key, value in _parse_tracestate(",".join(states)).items()))


def _parse_traceparent(text: str) -> tuple[str, str, bool] | None:
    version, trace_id, parent_id, flags = text[:2], text[3:35], text[36:52], text[53:55]
    if "," in text:  # what intermediaries make of two headers (RFC 9110, section 5.3)
        return None
    if len(text) < 55 or any(text[at] != "-" for at in (2, 35, 52)):
        return None
    if any(character not in _HEX for character in version + trace_id + parent_id + flags):
        return None
    if version == "ff" or not trace_id.strip("0") or not parent_id.strip("0"):
        return None
    if len(text) > 55 and (version == "00" or text[55] != "-"):
        return None
    return trace_id, parent_id, bool(int(flags, 16) % 2)


def _parse_tracestate(text: str) -> dict[str, str]:
    members = [member for member in (part.strip(_BLANKS) for part in text.split(",")) if member]
    found: dict[str, str] = {}
    for member in members:
        key, equals, value = member.partition("=")
        is_key = 0 < len(key) <= 256 and all(character in _KEY for character in key) and key[0] not in "_-*/@"
        is_value = 0 < len(value) <= 256 and all(character in _VALUE for character in value)
        if not (equals and is_key and is_value):
            return {}
        found.setdefault(key, value)
    return found if len(members) <= 32 else {}


def _traceparent(random: Random) -> str:
    version = random.choice(("00",) * 30 + ("01", "cc", "fe", "ff", "FE", "0", ".0"))
    trace_id = random.choice(
        (_hex(random, 32),) * 30 + ("0" * 32, _hex(random, 31), _hex(random, 33), _hex(random, 32).upper())
    )
    parent_id = random.choice((_hex(random, 16),) * 30 + ("0" * 16, _hex(random, 15), _hex(random, 17), "0" * 15 + "1"))
    flags = random.choice(("00", "01", "02", "03", "ff") * 5 + ("0", "1x", "-1", "001"))
    text = f"{version}-{trace_id}-{parent_id}-{flags}"
    text += random.choice(("",) * 40 + ("-", "-what", ".", "-\xff", " ", "\t", ", " + text, "0" * 1_000))
    return _disturbed(random, random.choice(("",) * 4 + (" ", "\t \t")) + text)


def _tracestate(random: Random) -> str:
    members = []
    for _ in range(random.choice((0, 1, 2, 3, 10, 31, 32, 33))):
        key = _of(random, _KEY, random.choice((1, 2, 5, 20, 256, 257) if random.random() < 0.1 else (1, 2, 5)))
        value = _of(random, _VALUE, random.choice((0, 1, 256, 257) if random.random() < 0.1 else (1, 2, 5)))
        members.append(
            random.choice(("",) * 8 + (" ", "\t")) + f"{key}={value}" + random.choice(("",) * 8 + (" ", ",", ", ,"))
        )
    return _disturbed(random, ",".join(members))


def _baggage(random: Random) -> str:
    members = []
    for _ in range(random.choice((0, 1, 2, 64, 200))):
        value = _of(random, _VALUE + "%%%;;=", random.choice((0, 3, 30)))
        members.append(f"{_of(random, _KEY, random.randint(0, 8))}={value}")
    return _disturbed(random, ",".join(members))


def _disturbed(random: Random, text: str) -> str:
    """Mostly give the text itself; else one with characters changed, cut out or put in, or something else altogether."""
    way = random.random()
    if way < 0.6:
        return text
    if way < 0.62:
        return _noise(random, 2_000)
    if way < 0.63:
        return (text + _noise(random, 50)) * random.choice((2, 20))
    if way < 0.632:
        return random.choice((",", "a=1,", "a", ";", "%", "=", "\xff", "0-")) * 15_000
    at = random.randrange(len(text) + 1)
    cut = random.choice((0, 0, 1, 1, 5))
    return text[:at] + _of(random, _ODD, random.choice((0, 1, 1, 3))) + text[at + cut :]


def _noise(random: Random, most: int) -> str:
    return _of(random, _ODD, random.randint(0, most))


def _hex(random: Random, length: int) -> str:
    return _of(random, _HEX, length)


def _of(random: Random, characters: str, length: int) -> str:
    return "".join(random.choices(characters, k=length))


def _cased(random: Random, name: str) -> str:
    return random.choice((name, name, name.upper(), name.title()))
