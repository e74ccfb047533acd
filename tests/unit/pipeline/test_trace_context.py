"""W3C Trace Context, level 2, rule by rule of https://www.w3.org/TR/trace-context-2/."""

from __future__ import annotations

import logging

import pytest
from opentelemetry import trace
from opentelemetry.context.context import Context
from opentelemetry.propagators.textmap import Getter
from opentelemetry.trace import SpanContext, TraceFlags
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

from otelrun.pipeline.trace_context import TraceContextPropagator

TRACE = "0af7651916cd43dd8448eb211c80319c"
SPAN = "b7ad6b7169203331"
USUAL = f"00-{TRACE}-{SPAN}-01"


class ListGetter(Getter):
    """Gives headers as a server does that does not join repeated ones."""

    def get(self, carrier, key):
        return [value for name, value in carrier if name == key] or None

    def keys(self, carrier):
        return [name for name, _ in carrier]


def remote(traceparent, *tracestates):
    headers = [("traceparent", traceparent), *(("tracestate", state) for state in tracestates)]
    context = TraceContextPropagator().extract(headers, Context({"kept": 1}), ListGetter())
    assert context["kept"] == 1
    return trace.get_current_span(context).get_span_context()


def state(*tracestates):
    found = remote(USUAL, *tracestates)
    assert found.is_valid  # whatever the tracestate is
    return found.trace_state.to_header()


@pytest.mark.parametrize("flags", ["00", "01", "02", "03"])
def test_a_traceparent_is_read(flags):
    found = remote(f"00-{TRACE}-{SPAN}-{flags}")
    assert (f"{found.trace_id:032x}", f"{found.span_id:016x}", found.is_remote) == (TRACE, SPAN, True)
    assert found.trace_flags == int(flags, 16)
    assert len(found.trace_state) == 0


@pytest.mark.parametrize(
    "traceparent",
    [
        f"\t {USUAL} \t",
        f"00-{TRACE}-{SPAN}-ff",  # unknown flags count as unset ones, not as a mistake
        f"01-{TRACE}-{SPAN}-01",
        f"01-{TRACE}-{SPAN}-01-",
        f"cc-{TRACE}-{SPAN}-01-what-the-future-will-be-like.=%ÿ",
        f"fe-{TRACE}-{SPAN}-09\t",
    ],
)
def test_blanks_unknown_flags_and_later_versions_are_accepted(traceparent):
    found = remote(traceparent)
    assert (f"{found.trace_id:032x}", f"{found.span_id:016x}", found.trace_flags & 1) == (TRACE, SPAN, 1)


@pytest.mark.parametrize(
    "traceparent",
    [
        "",
        "-",
        "00",
        f"00-{TRACE}-{SPAN}",
        f"00-{TRACE}-{SPAN}-",
        f"00-{TRACE}-{SPAN}-1",
        f"00-{TRACE}-{SPAN}-0x",
        f"00-{TRACE}-{SPAN}-.0",
        f"{USUAL}-",
        f"{USUAL}-more",
        f"{USUAL}.",
        f"{USUAL}\n",
        f"{USUAL},{USUAL}",
        f"01-{TRACE}-{SPAN}-01-,{USUAL}",
        f"01-{TRACE}-{SPAN}-01.",
        f"01-{TRACE}-{SPAN}-011",
        f"01-{TRACE}-{SPAN}",
        f"ff-{TRACE}-{SPAN}-01",
        f"FE-{TRACE}-{SPAN}-01",
        f"0-{TRACE}-{SPAN}-01",
        f"000-{TRACE}-{SPAN}-01",
        f".0-{TRACE}-{SPAN}-01",
        f"00-{TRACE.upper()}-{SPAN}-01",
        f"00-{TRACE}-{SPAN.upper()}-01",
        f"00-{TRACE[1:]}-{SPAN}-01",
        f"00-{TRACE}0-{SPAN}-01",
        f"00-{TRACE[:-1]}.-{SPAN}-01",
        f"00-{TRACE}-{SPAN[1:]}-01",
        f"00-{TRACE}-{SPAN}0-01",
        f"00-{'0' * 32}-{SPAN}-01",
        f"00-{TRACE}-{'0' * 16}-01",
        f"01-{'0' * 32}-{SPAN}-01",
        f"00_{TRACE}_{SPAN}_01",
        f"00-{chr(0x660) * 32}-{SPAN}-01",  # digits, but not of ASCII
        f"00 -{TRACE}-{SPAN}-01",
        "0" * 65536,
    ],
)
def test_a_malformed_traceparent_begins_a_new_trace(traceparent):
    assert not remote(traceparent, "a=1").is_valid


def test_a_traceparent_that_is_given_twice_begins_a_new_trace():
    headers = [("traceparent", USUAL), ("traceparent", USUAL)]
    context = TraceContextPropagator().extract(headers, Context(), ListGetter())
    assert context == {}


def test_a_tracestate_alone_is_not_looked_at():
    assert TraceContextPropagator().extract({"tracestate": "a=1"}, Context()) == {}


@pytest.mark.parametrize("carrier", [{"traceparent": USUAL.encode()}, {"traceparent": 7}, {"traceparent": []}])
def test_what_is_no_text_is_no_traceparent(carrier):
    assert TraceContextPropagator().extract(carrier, Context()) == {}


LONGEST_KEY = "k" * 256


@pytest.mark.parametrize(
    ("tracestates", "kept"),
    [
        (["foo=1,bar=2"], "foo=1,bar=2"),
        (["foo=1", "bar=2,rojo=1", "congo=2"], "foo=1,bar=2,rojo=1,congo=2"),
        (["foo=1 \t , \t bar=2, \t baz=3"], "foo=1,bar=2,baz=3"),
        (["foo= 1 2 "], "foo= 1 2"),
        (["foo=1,,bar=2, ,\t"], "foo=1,bar=2"),
        (["", "foo=1", " "], "foo=1"),
        (["foo=1", ""], "foo=1"),
        ([f"{LONGEST_KEY}={'v' * 256}"], f"{LONGEST_KEY}={'v' * 256}"),
        (["t@v=1"], "t@v=1"),
        (["1@v=1,9=2"], "1@v=1,9=2"),
        (["foo@=1,foo@@bar=2,foo@bar@baz=3"], "foo@=1,foo@@bar=2,foo@bar@baz=3"),
        ([f"{'t' * 242}@v=1,t@{'v' * 15}=2"], f"{'t' * 242}@v=1,t@{'v' * 15}=2"),
        (["a0_-*/@=1"], "a0_-*/@=1"),
        (
            [f"k={''.join(chr(c) for c in range(0x20, 0x7F) if chr(c) not in ',=')}"],
            f"k={''.join(chr(c) for c in range(0x20, 0x7F) if chr(c) not in ',=')}",
        ),
        ([",".join(f"k{i}={i}" for i in range(32))], ",".join(f"k{i}={i}" for i in range(32))),
        ([",".join(f"k{i}={i},," for i in range(32))], ",".join(f"k{i}={i}" for i in range(32))),
    ],
)
def test_a_tracestate_is_kept_in_its_order(tracestates, kept):
    assert state(*tracestates) == kept


@pytest.mark.parametrize(
    ("tracestates", "kept"),
    [(["foo=1,foo=1"], "foo=1"), (["foo=1,bar=2,foo=3"], "foo=1,bar=2"), (["foo=1", "foo=2"], "foo=1")],
)
def test_of_a_key_that_is_there_twice_the_latest_entry_is_kept(tracestates, kept):
    assert state(*tracestates) == kept


@pytest.mark.parametrize(
    "tracestates",
    [
        ["foo"],
        ["foo="],
        ["foo= "],
        ["=1"],
        ["foo =1"],
        ["FOO=1"],
        ["foo.bar=1"],
        ["@foo=1,bar=2"],
        ["_foo=1"],
        ["foo=bar=baz"],
        ["foo=,bar=3"],
        ["foo=1;bar=2"[:4] + "\x7f"],
        ["foo=\x001"],
        ["foo=1\t2"],
        ["foo=é"],
        ["foo=1\n"],
        [f"{LONGEST_KEY}k=1", "foo=1"],
        [f"foo={'v' * 257}"],
        [",".join(f"k{i}={i}" for i in range(33))],
        [",".join(["k=1"] * 33)],
        ["," * 40_000],
        ["a=1," * 8_000, "b=1"],
    ],
)
def test_a_malformed_tracestate_is_left_out_as_a_whole(tracestates):
    assert state(*tracestates, "ok=1") == ""


def test_what_a_peer_sends_is_not_logged(caplog):
    with caplog.at_level(logging.DEBUG):
        remote("x" * 600, "FOO=1")
        for bad in ("FOO=1", "a=1,a=1", ",".join(f"k{i}={i}" for i in range(33)), "a=" + "v" * 9_000):
            state(bad)
    assert caplog.records == []


def inject(flags=1, trace_id=int(TRACE, 16), trace_state=None):
    span_context = SpanContext(trace_id, int(SPAN, 16), False, TraceFlags(flags), trace_state)
    carrier = {}
    TraceContextPropagator().inject(carrier, trace.set_span_in_context(trace.NonRecordingSpan(span_context), Context()))
    return carrier


@pytest.mark.parametrize(("flags", "sent"), [(0, "00"), (1, "01"), (2, "02"), (3, "03"), (0xFF, "03"), (0x0C, "00")])
def test_only_known_flags_are_sent(flags, sent):
    assert inject(flags) == {"traceparent": f"00-{TRACE}-{SPAN}-{sent}"}


def test_nothing_is_sent_without_a_valid_span():
    assert inject(trace_id=0) == {}
    carrier = {}
    TraceContextPropagator().inject(carrier, Context())
    assert carrier == {}


def test_a_tracestate_is_sent_on_as_one_header():
    assert inject(trace_state=remote(USUAL, "foo@=1", " b=2 ").trace_state) == {
        "traceparent": USUAL,
        "tracestate": "foo@=1,b=2",
    }
    assert inject(trace_state=remote(USUAL, "").trace_state) == {"traceparent": USUAL}


def test_the_fields_are_those_of_the_api():
    assert TraceContextPropagator().fields == TraceContextTextMapPropagator().fields
