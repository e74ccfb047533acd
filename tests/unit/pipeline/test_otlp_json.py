"""OTLP/JSON lines are what opentelemetry-proto reads."""

from __future__ import annotations

import json

import pytest

from otelrun.pipeline.otlp_json import JsonLines, encode_value


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (None, {}),
        (True, {"boolValue": True}),
        (1 << 60, {"intValue": str(1 << 60)}),
        (1.5, {"doubleValue": 1.5}),
        ("x", {"stringValue": "x"}),
        (b"\0\xff", {"bytesValue": "AP8="}),
        ((1, "x"), {"arrayValue": {"values": [{"intValue": "1"}, {"stringValue": "x"}]}}),
        ({"k": None}, {"kvlistValue": {"values": [{"key": "k", "value": {}}]}}),
    ],
)
def test_values(value, expected):
    assert encode_value(value) == expected


def test_lines_are_appended_to_a_private_file(tmp_path):
    path = tmp_path / "out.jsonl"
    for number in range(2):
        lines = JsonLines(f"file://{path}")
        lines.write({"n": number})
        lines.close()
    assert [json.loads(line) for line in path.read_text().splitlines()] == [{"n": 0}, {"n": 1}]
    assert path.stat().st_mode & 0o777 == 0o600


def test_stdout_is_the_programs(capsys):
    lines = JsonLines("stdout")
    lines.write({"n": 1})
    lines.close()
    assert capsys.readouterr().out == '{"n":1}\n'
