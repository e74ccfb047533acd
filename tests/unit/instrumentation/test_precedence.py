"""What otelrun has applied gives way to the program's own calls of instrumentors, silently."""

from __future__ import annotations

import types

import pytest
from opentelemetry.instrumentation.instrumentor import BaseInstrumentor

from otelrun.instrumentation import precedence
from otelrun.instrumentation.patching import Ledger


@pytest.fixture
def told(monkeypatch):
    """Notes of a fresh precedence that watches upstream's base class."""
    notes = []
    monkeypatch.setattr(precedence, "precedence", precedence.Precedence())
    monkeypatch.setattr(precedence.precedence, "note", lambda slug, _: notes.append(slug))
    for name in ("instrument", "uninstrument"):
        monkeypatch.setattr(BaseInstrumentor, name, getattr(BaseInstrumentor, name))
    precedence.watch()
    return notes


def make_instrumentor(module="some.library", name="Instrumentor"):
    """Make an instrumentor that notes what is done."""

    def _instrument(self, **options):
        self.done.append(("instrument", options))

    def _uninstrument(self, **_):
        self.done.append("uninstrument")

    def instrument_client(client):
        made.done.append(("client", client))

    members = {
        "__module__": module,
        "done": [],
        "instrumentation_dependencies": lambda _: (),
        "_instrument": _instrument,
        "_uninstrument": _uninstrument,
        "instrument_client": staticmethod(instrument_client),
    }
    made = type(name, (BaseInstrumentor,), members)()
    return made


def apply(instrumentor):
    precedence.precedence.apply("library", instrumentor, lambda: instrumentor.instrument(skip_dep_check=True, ours=1))


def test_ours_is_not_marked_as_applied(told):
    instrumentor = make_instrumentor()
    apply(instrumentor)
    assert not instrumentor.is_instrumented_by_opentelemetry
    assert "_is_instrumented_by_opentelemetry" not in vars(instrumentor)
    assert (instrumentor.done, told) == ([("instrument", {"ours": 1})], [])


def test_the_programs_call_undoes_ours_and_is_carried_out_without_a_warning(told, caplog):
    instrumentor = make_instrumentor()
    apply(instrumentor)
    instrumentor.instrument(skip_dep_check=True, theirs=2)
    assert instrumentor.done == [("instrument", {"ours": 1}), "uninstrument", ("instrument", {"theirs": 2})]
    assert instrumentor.is_instrumented_by_opentelemetry
    assert (caplog.records, told) == ([], ["instrumented:library"])


def test_upstreams_warning_appears_as_bare(told, caplog):
    instrumentor = make_instrumentor()
    apply(instrumentor)
    instrumentor.instrument(skip_dep_check=True)
    instrumentor.instrument(skip_dep_check=True)
    assert [record.getMessage() for record in caplog.records] == ["Attempting to instrument while already instrumented"]


def test_uninstrumenting_undoes_ours_and_is_told_as_bare(told, caplog):
    instrumentor = make_instrumentor()
    apply(instrumentor)
    instrumentor.uninstrument()
    assert instrumentor.done == [("instrument", {"ours": 1}), "uninstrument"]
    assert [record.getMessage() for record in caplog.records] == [
        "Attempting to uninstrument while already uninstrumented"
    ]


def test_instrumenting_one_client_undoes_ours(told):
    instrumentor = make_instrumentor()
    apply(instrumentor)
    type(instrumentor).instrument_client("theirs")
    assert instrumentor.done == [("instrument", {"ours": 1}), "uninstrument", ("client", "theirs")]


def test_what_the_program_has_instrumented_before_stays(told):
    instrumentor = make_instrumentor()
    instrumentor.instrument(skip_dep_check=True, theirs=2)
    apply(instrumentor)
    assert instrumentor.done == [("instrument", {"theirs": 2})]


def test_otelruns_own_instrumentation_of_the_same_operations_is_undone_and_not_applied_later(told):
    owner = types.SimpleNamespace(call=lambda: "bare")
    ledger = Ledger()
    ledger.wrap(owner, "call", lambda _: lambda: "ours")
    precedence.precedence.keep("grpc_client", ledger)
    assert owner.call() == "ours"

    make_instrumentor("opentelemetry.instrumentation.grpc", "GrpcInstrumentorClient").instrument(skip_dep_check=True)

    assert owner.call() == "bare"
    assert precedence.precedence.has_given_way("grpc_client")
    assert not precedence.precedence.has_given_way("grpc_server")
    assert told == ["instrumented:grpc_client"]


def test_one_that_cannot_be_applied_is_not_undone(told):
    instrumentor = make_instrumentor()
    precedence.precedence.apply("library", instrumentor, lambda: None)
    instrumentor.instrument(skip_dep_check=True)
    assert (instrumentor.done, told) == ([("instrument", {})], [])
