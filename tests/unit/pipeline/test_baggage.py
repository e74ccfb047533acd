"""W3C Baggage, rule by rule of https://www.w3.org/TR/baggage/."""

from __future__ import annotations

import logging

import pytest
from opentelemetry import baggage
from opentelemetry.baggage.propagation import W3CBaggagePropagator
from opentelemetry.context.context import Context

from otelrun.pipeline.baggage import BaggagePropagator


def extract(*headers):
    carrier = {"baggage": list(headers)}
    return dict(baggage.get_all(BaggagePropagator().extract(carrier, Context({"kept": 1}))))


def inject(entries):
    context = Context()
    for name, value in entries.items():
        context = baggage.set_baggage(name, value, context)
    carrier = {}
    BaggagePropagator().inject(carrier, context)
    return carrier.get("baggage")


@pytest.mark.parametrize(
    ("headers", "entries"),
    [
        (["a=1,b=2"], {"a": "1", "b": "2"}),
        (["a=1", "b=2"], {"a": "1", "b": "2"}),
        ([" a \t=\t 1 , b = 2 "], {"a": "1", "b": "2"}),
        (["a=,b=x=y"], {"a": "", "b": "x=y"}),
        (["a=1+2%2B3%20%C3%A9"], {"a": "1+2+3 é"}),
        (["a=%FF%"], {"a": "\ufffd%"}),
        (["a=1;ttl=5;secret , b=2 ; p = 1"], {"a": "1;ttl=5;secret", "b": "2 ; p = 1"}),
        (["a=1,a=2"], {"a": "2"}),
        (['a,=1,b=2,c d=3,e="f",g=h i,\x01=1,k=é,(l)=1,m=1\\2,,'], {"b": "2"}),
        ([""], {}),
        (["," * 60_000], {}),
    ],
)
def test_what_is_well_formed_is_read_and_the_rest_left_out(headers, entries):
    assert extract(*headers) == entries


@pytest.mark.parametrize("carrier", [{}, {"baggage": 7}, {"baggage": b"a=1"}, {"baggage": []}])
def test_without_a_header_the_context_stays(carrier):
    context = Context({"kept": 1})
    assert BaggagePropagator().extract(carrier, context) is context


def test_as_much_is_read_as_the_specification_asks_for():
    members = [f"key{i:02}={'v' * 121}" for i in range(64)]
    text = ",".join(members)
    assert len(text) == 8_191
    assert len(extract(text)) == 64
    assert len(extract(f"{'k' * 4096}={'v' * 4095}")) == 1


def test_beyond_the_limits_whole_members_are_left_out():
    assert len(extract(",".join(f"k{i}=1" for i in range(10_000)))) == 180
    entries = extract(",".join(f"key{i:03}={'v' * 120}" for i in range(100)))
    assert len(entries) == 64  # of 127 bytes and a comma each
    assert set(entries.values()) == {"v" * 120}
    assert extract("k=" + "v" * 9_000) == {}


def test_what_is_sent_is_percent_encoded_and_read_alike_by_the_api():
    entries = {"user id": "Ada & Byron + 1", "é": 'ü;=,"\\', "n": "0"}
    text = inject(entries)
    assert text == "user%20id=Ada%20%26%20Byron%20%2B%201,%C3%A9=%C3%BC%3B%3D%2C%22%5C,n=0"
    assert extract(text) == entries
    assert dict(baggage.get_all(W3CBaggagePropagator().extract({"baggage": text}, Context()))) == entries


def test_what_is_sent_keeps_to_the_limits():
    assert len(inject({f"k{i}": "v" * 100 for i in range(500)})) <= 8_192
    assert inject({f"k{i}": "" for i in range(500)}).count(",") == 179
    assert inject({"k": "v" * 9_000}) is None
    assert inject({"k": "\ud800"}) == "k=%3F"
    assert inject({}) is None


def test_what_a_peer_sends_is_not_logged(caplog):
    with caplog.at_level(logging.DEBUG):
        extract("a", "b=1," * 5_000, "é=1", "k=" + "v" * 9_000)
    assert caplog.records == []
