import copy
import inspect
import operator
import pickle
import posix
import pydoc
import sys
import traceback
import weakref

import pytest

from otelrun import diagnostics
from otelrun.instrumentation.patching import Ledger, without_frame


class Base:
    def inherited(self):
        return "inherited"


class Library(Base):
    def own(self, left, *, right: int = 1):
        """Documented."""
        return left + right

    def fail(self):
        raise ValueError("its own")


def passing(original):
    def wrapper(self, *args, **kwargs):
        try:
            return original(self, *args, **kwargs)
        except BaseException as error:
            without_frame(error, getattr(error.__traceback__, "tb_next", None))
            raise

    return wrapper


@pytest.fixture
def notices(monkeypatch):
    told = []
    monkeypatch.setattr(diagnostics, "_told", set())
    monkeypatch.setattr(diagnostics, "_listeners", [lambda slug, text: told.append((slug, text))])
    return told


def test_a_replacement_looks_like_its_original(ledger):
    original = Library.own
    ledger.wrap(Library, "own", passing)
    about = ("__name__", "__qualname__", "__module__", "__doc__")
    assert Library.own is not original
    assert [getattr(Library.own, name) for name in about] == [getattr(original, name) for name in about]
    assert inspect.signature(Library.own) == inspect.signature(original)
    assert Library.own.__wrapped__ is original
    assert Library().own(1, right=2) == 3


def test_undo_restores_the_same_objects_on_the_same_owners():
    before = dict(vars(Library))
    ledger = Ledger()
    ledger.wrap(Library, "own", passing)
    ledger.wrap(Library, "inherited", passing)
    assert "inherited" in vars(Library)
    ledger.undo()
    assert dict(vars(Library)) == before
    assert all(vars(Library)[name] is value for name, value in before.items())


def test_the_same_instrumentation_is_not_applied_twice(ledger):
    ledger.wrap(Library, "own", passing)
    once = Library.own
    second = Ledger()
    second.wrap(Library, "own", passing)
    assert Library.own is once
    second.undo()
    assert Library.own is once


def test_a_missing_name_or_owner_is_told_once_and_skipped(ledger, notices):
    ledger.wrap(Library, "gone", passing)
    ledger.wrap(Library, "gone", passing)
    ledger.wrap(None, "run", passing)
    assert [slug for slug, _ in notices] == [f"patch:{__name__}.Library.gone", "patch:None.run"]
    assert not hasattr(Library, "gone")


def test_a_type_that_refuses_is_told_and_skipped(ledger, notices):
    ledger.wrap(dict, "update", passing)
    assert [slug for slug, _ in notices] == ["patch:builtins.dict.update"]


def test_a_replacement_of_a_compiled_function_is_like_one(ledger, monkeypatch):
    original = posix.unsetenv
    monkeypatch.setattr(posix, "unsetenv", original)
    called = []

    def calling(original):
        def wrapper(*args, **kwargs):
            called.append(args)
            return original(*args, **kwargs)

        return wrapper

    ledger.wrap(posix, "unsetenv", calling)
    replacement = posix.unsetenv
    monkeypatch.setattr(Library, "remove", replacement, raising=False)
    Library().remove("NO_SUCH_VARIABLE")
    assert called == [("NO_SUCH_VARIABLE",)]
    assert replacement is not original
    assert inspect.isbuiltin(replacement)
    assert inspect.isroutine(replacement)
    assert not inspect.isfunction(replacement)
    assert (
        pickle.loads(pickle.dumps(replacement)) is copy.copy(replacement) is copy.deepcopy(replacement) is replacement
    )
    assert weakref.ref(replacement)() is replacement
    for look in (repr, dir, inspect.signature, pydoc.render_doc, operator.attrgetter("__self__")):
        assert look(replacement) == look(original)
    about = ("__name__", "__qualname__", "__module__", "__doc__", "__text_signature__", "__class__")
    assert [getattr(replacement, name) for name in about] == [getattr(original, name) for name in about]
    assert not hasattr(replacement, "__dict__")


def test_undo_leaves_what_somebody_else_patched_since(notices, monkeypatch):
    monkeypatch.setattr(Library, "own", Library.own)
    ledger = Ledger()
    ledger.wrap(Library, "own", passing)
    theirs = passing(Library.own)
    Library.own = theirs
    ledger.undo()
    assert Library.own is theirs
    assert [slug for slug, _ in notices] == ["undo:own"]


def test_a_wrapper_leaves_the_exception_and_its_traceback_alone(ledger):
    ledger.wrap(Library, "fail", passing)
    with pytest.raises(ValueError, match="its own") as caught:
        Library().fail()
    names = [frame.name for frame in traceback.extract_tb(caught.value.__traceback__)]
    bare = ["test_a_wrapper_leaves_the_exception_and_its_traceback_alone", "fail"]
    assert names == (bare if sys.version_info >= (3, 11) else [bare[0], "fail", bare[1]])
    assert caught.value.__context__ is None


def one_argument(original):
    def replacement(self, left):
        return original(self, left)

    return replacement


def by_place(original):
    def replacement(*args, **kwargs):
        return original(*args, **kwargs)

    return replacement


class Changed:
    """A library whose functions have changed since a replacement was written."""

    def more(self, left, right):
        return left + right

    def fewer(self):
        return 0

    def optional(self, left=0):
        return left

    def keyword(self, left, *, right=1):
        return left + right

    def renamed(self, lhs):
        return lhs

    def _renamed(self, lhs):
        return lhs

    def moved(self, right, left):
        return left - right

    def anything(self, *args, **kwargs):
        return args, kwargs


@pytest.mark.parametrize(
    ("name", "wrapper", "takes", "reason"),
    [
        ("more", one_argument, "", "takes more than 2 arguments"),
        ("fewer", one_argument, "", "takes fewer than 2 arguments"),
        ("optional", one_argument, "", "can be called with fewer than 2 arguments"),
        ("keyword", one_argument, "", "takes right"),
        ("renamed", one_argument, "", "takes lhs"),
        ("moved", by_place, "self left", "has no parameter left where it was"),
        ("fewer", by_place, "self left", "has no parameter left where it was"),
    ],
)
def test_a_function_of_other_parameters_stays_as_it_is_with_one_line(ledger, notices, name, wrapper, takes, reason):
    original = vars(Changed)[name]
    for _ in range(2):
        ledger.wrap(Changed, name, wrapper, takes)
    assert vars(Changed)[name] is original
    where = f"{__name__}.Changed.{name}"
    assert notices == [(f"patch:{where}", f"not instrumented: {where} of this version of its library {reason}")]


@pytest.mark.parametrize(
    ("name", "wrapper", "takes"),
    [
        ("_renamed", one_argument, ""),
        ("anything", one_argument, "self left"),
        ("moved", by_place, "self ? left"),
        ("moved", by_place, ""),
    ],
)
def test_a_function_that_can_be_replaced_all_the_same_is(ledger, notices, name, wrapper, takes):
    original = vars(Changed)[name]
    ledger.wrap(Changed, name, wrapper, takes)
    assert vars(Changed)[name] is not original
    assert notices == []
