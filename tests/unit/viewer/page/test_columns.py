"""Tables written small."""

from __future__ import annotations

from otelrun.viewer.page.columns import ObjectColumn, column, steps, table


def test_a_column_says_what_repeats_once():
    assert column(["a"] * 9) == {"same": "a"}
    assert column([1, 2, 3]) == [1, 2, 3]
    assert column(["a", "b"] * 8) == {"of": ["a", "b"], "at": [0, 1] * 8}
    assert column(["a", "b", "c"]) == ["a", "b", "c"]
    assert column([]) == []


def test_values_that_are_equal_only_in_python_are_kept_apart():
    assert column([1, True, 1.0]) == [1, True, 1.0]
    assert column([1.0, 1.0]) == {"same": 1.0}
    assert column(["a", {"cut": "a", "length": 9}]) == ["a", {"cut": "a", "length": 9}]


def test_steps_are_differences():
    assert steps([5, 7, 7, 3]) == {"steps": [5, 2, 0, -4]}
    assert steps([]) == {"steps": []}


def test_objects_share_the_table_of_their_names():
    objects = ObjectColumn()
    for value in ({"a": 1, "b": "x"}, {}, {"a": 2, "b": "x"}):
        objects.append(value)
    assert objects.written() == {
        "at": [0, 1, 0],
        "shapes": [{"names": ["a", "b"], "columns": [[1, 2], {"same": "x"}]}, {"names": [], "columns": []}],
    }


def test_what_two_names_say_alike_is_written_once():
    objects = ObjectColumn()
    for value in ({"port": 7, "peer": 7, "flag": True}, {"port": 9, "peer": 9, "flag": 1}):
        objects.append(value)
    (shape,) = objects.written()["shapes"]
    assert shape["columns"] == [[7, 9], {"like": 0}, [True, 1]]


def test_a_table_of_no_rows_has_its_columns():
    assert table([], ("a", "b")) == {"a": [], "b": []}
