from __future__ import annotations

import pytest

from otelrun.instrumentation.side_table import SideTable


class Program:
    """Would tell of every attribute, and is like any other."""

    def __getattr__(self, name):
        raise AssertionError(name)

    __setattr__ = __delattr__ = __getattr__

    def __eq__(self, other):
        return True

    __hash__ = None


@pytest.fixture
def buried():
    return []


@pytest.fixture
def table(buried):
    return SideTable(buried.append)


def test_each_object_has_its_own_value(table):
    one, other = Program(), Program()
    table.set(one, 1)
    table.set(other, 2)
    table.set(one, 3)
    assert (table.find(id(one)).value, table.find(id(other)).value, table.find(id(Program()))) == (3, 2, None)
    assert vars(one) == {}


def test_what_is_taken_is_gone(table, buried):
    one = Program()
    assert table.take(one) is None
    table.set(one, 1)
    assert (table.take(one), table.take(one), table.find(id(one))) == (1, None, None)
    del one
    assert buried == []


def test_an_object_dies_as_it_would_and_its_last_value_is_buried(table, buried):
    one = Program()
    table.set(one, 1)
    table.set(one, 2)
    assert buried == []
    del one
    assert buried == [2]
    assert table._entries == {}


def test_an_object_that_cannot_be_referred_to_has_no_value(table):
    with pytest.raises(TypeError):
        table.set(1, 2)
    assert table._entries == {}
