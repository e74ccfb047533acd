"""A run in which every text is an attack: on the page, on the terminal, on the reader's eyes.

Whatever runs sets ``window.__pwned``, which no page of ours ever has.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from otelrun.ring.reader import SeriesState
from otelrun.ring.record import EventRecord, LinkRecord, LogRecord, NoteRecord, Scope, Series, SpanRecord
from tests.support.made_run import START_NS, MadeProcess, make_run

if TYPE_CHECKING:
    from collections.abc import Iterator

CANARY = "__pwned"
IMAGE = f"<img src=x onerror=window.{CANARY}=1>"
ATTACKS = (
    IMAGE,
    f"</script><script>window.{CANARY}=1</script>",
    f"<svg onload=window.{CANARY}=1><style>*{{display:none}}</style>",
    f'"\'><iframe srcdoc="<script>parent.{CANARY}=1</script>">',
    f"javascript:window.{CANARY}=1//",
    f"{{{{constructor.constructor('window.{CANARY}=1')()}}}}${{window.{CANARY}=1}}",
    f"--><!-- ]]> <base href=http://rebound.example/> <meta http-equiv=refresh content='0;javascript:window.{CANARY}=1'>",
    "\x1b[31mred\x1b]0;title\x07\x1b[2J\x9b31m",
    "\u202egnitirw\u202c \u200b\u200d\ufeff\u2066hidden\u2069 \u2028\u2029",
    "nul\x00 bell\x07 back\x08\x08\x08 line\r\n\ttab",
    "lone \ud83d surrogate \udc00",
    "__proto__",
    "<!--<script>",
    "\U0001f600 naïve 漢字 مرحبا",
)
LONG = "long " + "x" * 1_000_000
MS = 1_000_000
TRACES = len(ATTACKS)
_SPAN_SCOPE, _LOG_SCOPE = 1, 2


def make_hostile_run(root: str, run_id: str) -> str:
    """Write the run below ``root``; gives its directory. Its traces' ids are 1, 2, 3 …, one for each of ``ATTACKS``."""
    processes = []
    for index, attack in enumerate(ATTACKS):
        pid = 4_194_302 + index
        resource = {"service.name": attack, "process.pid": pid, "process.parent_pid": 4_194_301, "host.name": attack}
        resource |= {"process.command_args": [attack, attack], "process.command": attack, attack: attack}
        scopes = {
            _SPAN_SCOPE: Scope(attack, attack, attack, {attack: attack}),
            _LOG_SCOPE: Scope(attack, "", "", {}),
        }
        records = [*_records(index, attack)]
        processes.append(MadeProcess(pid, resource, records, scopes, [(START_NS + MS, _metrics(attack))]))
    about = {"command": list(ATTACKS), "cwd": "/" + IMAGE, "service_name": IMAGE, "service_name_source": ATTACKS[1]}
    about |= {"profile": ATTACKS[2], "destinations": ["local store", *ATTACKS]}
    return make_run(root, run_id, processes, ended_ns=START_NS + 1_000 * MS, **about)


def _attributes(attack: str) -> dict[str, Any]:
    return {
        attack: attack,
        "http.route": attack,
        "http.request.method": attack,
        "url.full": attack,
        "url.path": attack,
        "http.response.status_code": attack,
        "list": [attack, [attack]],
        "map": {attack: {attack: attack}, "constructor": attack},
        "bytes": attack.encode("utf-8", "replace"),
        "constructor": attack,
        "toString": attack,
        "number": 1 << 62,
        "nan": float("nan"),
    }


def _records(index: int, attack: str) -> Iterator[Any]:
    trace_id, start_ns = index + 1, START_NS + index * 10 * MS
    attributes = _attributes(attack)
    frames = f'Traceback (most recent call last):\n  File "/srv/{attack}.py", line 1, in {attack}\n    {attack}\n{attack}: {attack}\n'
    exception = {"exception.type": attack, "exception.message": attack, "exception.stacktrace": frames, attack: attack}
    events = (EventRecord("exception", start_ns + MS, exception), EventRecord(attack, start_ns + MS, {attack: attack}))
    links = (
        LinkRecord(trace_id, 1, attack, 1, {attack: attack}),
        LinkRecord(0xF00D, 0xF00D, attack, 1, {attack: attack}),
    )
    long = {"long": LONG} if index == 0 else {}
    yield SpanRecord(
        *(trace_id, 1, 0, 0x101, attack, 1, start_ns, start_ns + 5 * MS, attributes | long, _SPAN_SCOPE, attack),
        *(events, links, 2, attack),
    )
    yield SpanRecord(trace_id, 2, 1, 0x101, attack, 2, start_ns + MS, start_ns + 4 * MS, attributes, _SPAN_SCOPE)
    for severity in (9, 17):
        log = {**attributes, **exception}
        body: Any = attack if severity == 9 else {attack: [attack]}
        yield LogRecord(start_ns, start_ns, trace_id, 1, 1, severity, attack, body, log, attack, _LOG_SCOPE)
    if index == 0:
        yield LogRecord(start_ns, start_ns, 0, 0, 1, 9, "INFO", LONG, {}, "", _LOG_SCOPE)
    yield NoteRecord(start_ns, attack, attack)


def _metrics(attack: str) -> list[SeriesState]:
    counter = Series("counter", attack, attack, attack, _SPAN_SCOPE, {attack: attack}, (), START_NS)
    histogram = Series("histogram", "h" + attack, attack, attack, _SPAN_SCOPE, {attack: attack}, (1.0,), START_NS)
    return [
        SeriesState(8, counter, 1.0, False, START_NS + MS, 0.0, 0.0, ()),
        SeriesState(16, histogram, 2.0, True, START_NS + MS, 1.0, 1.0, (1, 1)),
    ]
