"""How much of one value is kept."""

from __future__ import annotations

import json

from otelrun.store import cutting, encoding
from otelrun.store.cutting import LONGEST, MOST, cut_text, cut_value
from tests.support.shop_trace import log, span


def test_what_is_not_too_long_stays_as_it_is() -> None:
    for value in ("x" * LONGEST, b"x" * LONGEST, list(range(MOST)), {"a": [1, None, True, 2.5]}, None, 3):
        assert cut_value(value) == value


def test_a_long_text_keeps_its_beginning_and_its_end_and_says_how_long_it_was() -> None:
    text = "first" + "x" * 1_000_000 + "last"
    kept = cut_text(text)

    assert kept.startswith("firstx")
    assert kept.endswith("xlast")
    assert "x… [967,241 of 1,000,009 characters left out] …x" in kept
    assert len(kept) < LONGEST + 60


def test_values_within_values_are_cut() -> None:
    kept = cut_value(
        {"deep": [{"text": "y" * (LONGEST + 1)}], "many": list(range(MOST + 5)), "raw": b"z" * (LONGEST + 2)}
    )

    assert kept["deep"][0]["text"].count("y") == LONGEST
    assert kept["many"][MOST - 1 :] == [MOST - 1, "… [5 of 1,005 left out]"]
    assert kept["raw"] == [b"z" * LONGEST, f"… [2 of {LONGEST + 2:,} bytes left out]"]
    assert cut_value({str(n): n for n in range(MOST + 1)})["…"] == "… [1 of 1,001 left out]"


def test_a_value_that_holds_itself_ends() -> None:
    value: list[object] = ["x" * (LONGEST + 1)]
    value.append(value)

    assert len(encoding.attributes_text({"loop": value})) < 34 * (LONGEST + 100)


def test_attributes_names_messages_and_bodies_are_cut_and_stay_json() -> None:
    long = "<" * 100_000
    columns = encoding.span_columns(1, 1, 1, span(1, 0, long, (0, 1), status=2, message=long, query=long))

    assert (columns[6], columns[11]) == (cut_text(long), cut_text(long))
    assert json.loads(columns[12]) == {"query": cut_text(long)}
    assert encoding.log_columns(1, 1, 1, log(1, 0, long))[9] == cut_text(long)
    assert json.loads(encoding.log_columns(1, 1, 1, log(1, 0, [long]))[9]) == [cutting.cut_text(long)]
