from __future__ import annotations

import asyncio
import copy
import gc
import importlib
import inspect
import os
import pickle
import pydoc
import sys
import traceback
import weakref

import pytest
from opentelemetry import trace
from opentelemetry.trace import StatusCode

from otelrun import diagnostics
from otelrun.instrumentation import methods

APPS = os.path.join(os.path.dirname(__file__), "..", "..", "apps", "methods")
EVERYTHING = ("Cart.*", "Cart.__init__", "Cart.size", "Cart.inherited")


@pytest.fixture
def modules(monkeypatch):
    """Give a function that imports a module of the shop anew, as it is bare."""
    monkeypatch.syspath_prepend(APPS)
    for name in ("shop", "shop.cart", "shop.util"):
        monkeypatch.delitem(sys.modules, name, raising=False)
    yield importlib.import_module
    for name in ("shop", "shop.cart", "shop.util"):
        sys.modules.pop(name, None)


@pytest.fixture
def notices(monkeypatch):
    told = []
    monkeypatch.setattr(diagnostics, "_told", set())
    monkeypatch.setattr(diagnostics, "_listeners", [lambda _, text: told.append(text)])
    return told


@pytest.fixture
def cart(modules, ledger, telemetry):
    """Give the class, with all its functions replaced; without arguments on spans."""
    module = modules("shop.cart")
    methods.apply(ledger, "shop.cart", [(name, ()) for name in EVERYTHING])
    telemetry.spans()
    return module.Cart


def named(telemetry, name):
    return [span for span in telemetry.spans() if span.name == name]


CALLS = {
    "Cart.total": lambda kind: kind("me").total(1, 2, tax=3),
    "Cart.empty": lambda kind: kind.empty("me"),
    "Cart.rate": lambda kind: kind.rate("de"),
    "Cart.inherited": lambda kind: kind.inherited(1),
    "Cart.size": lambda kind: kind("me").size,
    "Cart.decorated": lambda kind: kind("me").decorated(1),
    "Cart.__init__": lambda kind: kind("me"),
    "Cart.fetch": lambda kind: asyncio.run(kind("me").fetch("pen")),
    "Cart.items": lambda kind: list(kind("me").items(2)),
}


@pytest.mark.parametrize("name", CALLS)
def test_a_call_is_a_span_and_a_point(cart, telemetry, name):
    CALLS[name](cart)

    (span,) = named(telemetry, name)
    assert span.status.status_code is StatusCode.UNSET
    assert span.attributes["code.function.name"] == f"shop.cart.{name}"
    assert span.attributes["code.file.path"].endswith(os.path.join("shop", "cart.py"))
    assert set(span.attributes) == {"code.function.name", "code.file.path", "code.line.number"}
    points = telemetry.points("otelrun.function.duration")
    (point,) = [point for point in points if point.attributes["code.function.name"] == f"shop.cart.{name}"]
    assert (point.count, dict(point.attributes)) == (1, {"code.function.name": f"shop.cart.{name}"})


def test_the_place_of_a_decorated_function_is_its_own(cart, telemetry):
    cart("me").decorated(1)

    (span,) = named(telemetry, "Cart.decorated")
    first = inspect.getsourcelines(inspect.unwrap(cart.decorated))[1]
    assert span.attributes["code.line.number"] == first


ABOUT = {
    "signature": inspect.signature,
    "parameters": inspect.getfullargspec,
    "source": inspect.getsource,
    "lines": lambda function: inspect.getsourcelines(function)[1],
    "help": lambda function: pydoc.plain(pydoc.render_doc(function)),
    "coroutine function": inspect.iscoroutinefunction,
    "generator function": inspect.isgeneratorfunction,
    "asynchronous generator function": inspect.isasyncgenfunction,
    "function": inspect.isfunction,
    "method": inspect.ismethod,
    "names": lambda function: (function.__name__, function.__qualname__, function.__module__, function.__doc__),
    "defaults": lambda function: (getattr(function, "__defaults__", None), getattr(function, "__kwdefaults__", None)),
    "annotations": lambda function: function.__annotations__,
    "attributes": lambda function: {name for name in vars(function) if name != "__wrapped__"},
}
NAMES = ("total", "empty", "rate", "decorated", "fetch", "items", "pages", "old_style", "inherited", "__init__")


@pytest.mark.parametrize("name", NAMES)
def test_a_replaced_function_looks_like_the_original(modules, ledger, telemetry, name):
    kind = modules("shop.cart").Cart
    bare = {about: look(getattr(kind, name)) for about, look in ABOUT.items()}
    before = type(vars(kind).get(name))

    methods.apply(ledger, "shop.cart", [(target, ()) for target in EVERYTHING])

    seen = {about: look(getattr(kind, name)) for about, look in ABOUT.items()}
    if name == "inherited":  # stands in the class now, and is found there by pickle
        assert seen.pop("names")[1] == "Cart.inherited"
        bare.pop("names"), bare.pop("help"), seen.pop("help")
    else:
        assert type(vars(kind)[name]) is before
    assert seen == bare
    assert pickle.loads(pickle.dumps(getattr(kind, name))) == getattr(kind, name)
    assert copy.deepcopy(getattr(kind, name)) == getattr(kind, name)


def test_undoing_restores_the_same_objects(modules, ledger, telemetry):
    kind = modules("shop.cart").Cart
    before = dict(vars(kind))

    methods.apply(ledger, "shop.cart", [(name, ()) for name in EVERYTHING])
    assert vars(kind)["size"] is not before["size"]
    ledger.undo()

    assert dict(vars(kind)) == before
    assert all(vars(kind)[name] is held for name, held in before.items())


@pytest.mark.parametrize("name", ["total", "fetch", "items", "pages"])
def test_a_call_that_does_not_fit_is_refused_at_the_same_moment_in_the_same_words(modules, ledger, telemetry, name):
    module = modules("shop.cart")
    refusals = []
    for _ in range(2):
        with pytest.raises(TypeError) as caught:
            getattr(module.Cart("me"), name)()
        refusals.append(str(caught.value))
        methods.apply(ledger, "shop.cart", [("Cart.*", ())])

    assert refusals[0] == refusals[1]
    assert telemetry.spans() == []


def test_an_exception_is_on_the_span_and_passes_untouched(modules, ledger, telemetry):
    module = modules("shop.util")
    methods.apply(ledger, "shop.util", [("*", ())])

    with pytest.raises(ValueError, match=r"^no$") as caught:
        module.fail("no")

    (span,) = telemetry.spans()
    assert (span.name, span.status.status_code) == ("fail", StatusCode.ERROR)
    assert span.attributes["error.type"] == "ValueError"
    (event,) = span.events
    assert event.attributes["exception.message"] == "no"
    (point,) = telemetry.points("otelrun.function.duration")
    assert point.attributes["error.type"] == "ValueError"
    files = [os.path.basename(frame.filename) for frame in traceback.extract_tb(caught.tb)]
    expected = ["test_methods.py", "util.py"]
    assert files == expected or sys.version_info < (3, 11)
    assert (caught.value.__context__, caught.value.__cause__) == (None, None)


def test_a_span_is_the_parent_of_what_happens_inside(modules, ledger, telemetry):
    module = modules("shop.util")
    methods.apply(ledger, "shop.util", [("_hidden", ()), ("double", ())])

    assert module._hidden() == 2

    (inner, outer) = telemetry.spans()
    assert (inner.name, outer.name) == ("double", "_hidden")
    assert inner.parent.span_id == outer.context.span_id
    assert trace.get_current_span() is trace.INVALID_SPAN


def test_a_star_means_the_public_functions_of_the_module_itself(modules, ledger, telemetry):
    module = modules("shop.util")
    before = dict(vars(module))

    methods.apply(ledger, "shop.util", [("*", ())])

    assert {name for name, held in vars(module).items() if held is not before[name]} == {"double", "fail"}


def test_a_star_may_stand_for_a_part(modules, ledger, telemetry):
    module = modules("shop.util")
    before = dict(vars(module))

    methods.apply(ledger, "shop.util", [("d*e", ()), ("_*", ())])

    assert {name for name, held in vars(module).items() if held is not before[name]} >= {"double", "_hidden"}
    assert module.fail is before["fail"]


def test_two_entries_for_one_function_make_one_span(modules, ledger, telemetry):
    module = modules("shop.util")
    methods.apply(ledger, "shop.util", [("double", ("number",)), ("*", ()), ("double", ())])

    module.double(4)

    (span,) = telemetry.spans()
    assert span.attributes["otelrun.function.argument.number"] == 4


MISTAKES = {
    "Cart.totl": "methods: there is no shop.cart:Cart.totl; did you mean 'total'?",
    "Crt.total": "methods: there is no shop.cart:Crt.total; did you mean 'Cart'?",
    "tracd": "methods: there is no shop.cart:tracd; did you mean 'traced'?",
    "unheard_of": "methods: there is no shop.cart:unheard_of",
    "Cart.z*": "methods: shop.cart:Cart.z* names no function",
    "Cart.cached": "not instrumented: shop.cart.Cart.cached is no function written in Python",
    "Cart": "not instrumented: shop.cart.Cart is no function written in Python",
}


@pytest.mark.parametrize("target", MISTAKES)
def test_a_name_that_does_not_exist_is_told_with_what_was_meant(modules, ledger, telemetry, notices, target):
    modules("shop.cart")

    for _ in range(2):
        methods.apply(ledger, "shop.cart", [(target, ())])

    assert notices == [MISTAKES[target]]


def test_arguments_are_written_where_they_are_asked_for(modules, ledger, telemetry):
    kind = modules("shop.cart").Cart
    methods.apply(ledger, "shop.cart", [("Cart.total", ("*",)), ("Cart.empty", ("*",)), ("Cart.rate", ("country",))])

    kind.empty().total(1, 2, 3, tax=0.5, password="open sesame", note=[1], api_key="k")
    kind.rate("de")

    empty, total, rate = telemetry.spans()
    prefix = "otelrun.function.argument."
    assert {key: value for key, value in total.attributes.items() if key.startswith(prefix)} == {
        f"{prefix}price": 1,
        f"{prefix}more": "(2, 3)",
        f"{prefix}tax": 0.5,
        f"{prefix}password": "REDACTED",
        f"{prefix}other": "{'note': [1], 'api_key': REDACTED}",
    }
    assert empty.attributes[f"{prefix}owner"] == "nobody"
    assert rate.attributes[f"{prefix}country"] == "de"


def test_a_parameter_that_does_not_exist_is_told(modules, ledger, telemetry, notices):
    kind = modules("shop.cart").Cart
    methods.apply(ledger, "shop.cart", [("Cart.total", ("prise", "tax"))])

    kind("me").total(1)

    assert notices == ["methods: there is no shop.cart:Cart.total(prise); did you mean 'price'?"]
    (span,) = telemetry.spans()
    assert span.attributes["otelrun.function.argument.tax"] == 0.5


def test_a_generator_is_current_only_while_its_body_runs(modules, ledger, telemetry, tracer):
    kind = modules("shop.cart").Cart
    seen = []
    kind.watch = watch = _watching(seen)
    watch.__qualname__, watch.__module__ = "Cart.watch", "shop.cart"
    methods.apply(ledger, "shop.cart", [("Cart.watch", ())])

    with tracer.start_as_current_span("consumer") as consumer:
        generator = kind("me").watch()
        assert telemetry.spans() == []
        for _ in generator:
            assert trace.get_current_span() is consumer
            assert telemetry.spans() == []

    (span,) = named(telemetry, "Cart.watch")
    assert {current.get_span_context().span_id for current in seen} == {span.context.span_id}
    assert len(seen) == 3
    assert span.parent.span_id == consumer.get_span_context().span_id


def _watching(seen):
    def watch(self):
        for number in range(3):
            seen.append(trace.get_current_span())
            yield number

    return watch


def test_a_generator_takes_what_is_sent_and_thrown_in_and_gives_its_result(cart, telemetry):
    generator = cart("me").items(3)

    assert (next(generator), generator.send("a"), generator.throw(KeyError("k"))) == (0, 1, "caught 'k'")
    with pytest.raises(StopIteration) as stopped:
        next(generator)

    assert stopped.value.value == ["a"]
    (span,) = named(telemetry, "Cart.items")
    assert (span.status.status_code, span.events) == (StatusCode.UNSET, ())


@pytest.mark.parametrize("end", ["close", "forget"])
def test_a_generator_that_is_closed_ends_its_span(cart, telemetry, end):
    generator = cart("me").items(3)
    next(generator)

    if end == "close":
        generator.close()
    else:
        del generator
        gc.collect()

    (span,) = named(telemetry, "Cart.items")
    assert span.status.status_code is StatusCode.UNSET


def test_a_generator_that_fails_has_a_failed_span_and_the_callers_traceback(cart, telemetry):
    generator = cart("me").items("many")

    with pytest.raises(TypeError) as caught:
        next(generator)

    (span,) = named(telemetry, "Cart.items")
    assert span.attributes["error.type"] == "TypeError"
    files = [os.path.basename(frame.filename) for frame in traceback.extract_tb(caught.tb)]
    assert files == ["test_methods.py", "cart.py"] or sys.version_info < (3, 11)


def test_values_of_a_generator_are_not_kept(cart, telemetry):
    class Value:
        pass

    def give(self):
        yield Value()
        yield Value()

    ledger = methods_of(cart, "give", give)
    generator = cart("me").give()
    first = weakref.ref(next(generator))
    assert first() is None
    ledger.undo()


def methods_of(cart, name, function):
    from otelrun.instrumentation.patching import Ledger

    ledger = Ledger()
    setattr(cart, name, function)
    methods.apply(ledger, "shop.cart", [(f"Cart.{name}", ())])
    return ledger


def run_collecting(main):
    """Run a coroutine function; give its result and what the event loop complains of."""
    complaints = []

    async def wrapped():
        asyncio.get_running_loop().set_exception_handler(lambda _, details: complaints.append(details))
        return await main()

    return asyncio.run(wrapped()), complaints


def test_an_asynchronous_generator_is_driven_and_closed_as_it_is_bare(cart, telemetry):
    async def main():
        one = cart("me")
        whole = [page async for page in one.pages(2)]
        pages = one.pages(3)
        taken = [await pages.asend(None), await pages.asend("q"), trace.get_current_span()]
        await pages.aclose()
        return whole, taken, one.closed

    (whole, taken, closed), complaints = run_collecting(main)

    assert (whole, taken, closed, complaints) == ([0, 1], [0, 1, trace.INVALID_SPAN], ["q"], [])
    assert len(named(telemetry, "Cart.pages")) == 2


def test_an_asynchronous_generator_that_is_left_is_closed_by_the_event_loop_once(cart, telemetry):
    async def main():
        one = cart("me")
        async for _ in one.pages(3):
            break
        kept = one.pages(3)
        await kept.asend(None)
        return kept, one

    (_, one), complaints = run_collecting(main)

    assert complaints == []
    assert one.closed == []
    assert len(named(telemetry, "Cart.pages")) == 2


def test_a_task_that_is_cancelled_just_ends(cart, telemetry):
    async def main():
        task = asyncio.ensure_future(cart("me").fetch("pen", delay=30))
        await asyncio.sleep(0)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    run_collecting(main)

    (span,) = named(telemetry, "Cart.fetch")
    assert span.status.status_code is StatusCode.UNSET


def test_coroutines_side_by_side_have_their_own_spans(cart, telemetry, tracer):
    async def main():
        with tracer.start_as_current_span("both") as both:
            await asyncio.gather(cart("me").fetch("a", 0.01), cart("me").fetch("b"))
            assert trace.get_current_span() is both
        return both.get_span_context().span_id

    parent, _ = run_collecting(main)

    assert [span.parent.span_id for span in named(telemetry, "Cart.fetch")] == [parent, parent]


def test_an_old_coroutine_can_be_awaited(cart, telemetry):
    async def main():
        future = asyncio.get_running_loop().create_future()
        future.set_result(9)
        return await cart("me").old_style(future)

    assert run_collecting(main) == (9, [])
    assert len(named(telemetry, "Cart.old_style")) == 1


def test_what_recording_calls_itself_is_not_recorded(modules, ledger, telemetry, monkeypatch):
    module = modules("shop.util")
    methods.apply(ledger, "shop.util", [("double", ())])
    start, measure = methods._Method.start_span, methods._Method.measure
    monkeypatch.setattr(methods._Method, "start_span", lambda *arguments: module.double(1) and start(*arguments))
    monkeypatch.setattr(methods._Method, "measure", lambda *arguments: module.double(1) and measure(*arguments))

    assert (module.double(2), module.double(3)) == (4, 6)

    assert len(telemetry.spans()) == 2
