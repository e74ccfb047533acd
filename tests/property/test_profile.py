"""For any text: substitution keeps its promises, and a profile either loads or says why, one line per mistake."""

from __future__ import annotations

import os
import tempfile

import yaml
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from otelrun.errors import ProfileError
from otelrun.profile import handoff, nodes
from otelrun.profile.loading import load_profile
from otelrun.profile.substitute import InvalidReferenceError, substitute
from tests.unit.profile.test_reader import WHOLE

NAMES = st.sampled_from(["A", "B", "C_1"])
VALUES = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
ENVIRONMENTS = st.dictionaries(NAMES, VALUES)
PIECES = st.lists(
    st.one_of(
        st.sampled_from(["$", "$$", "${", "}", ":-", "${A}", "${env:B}", "${C_1:-d}", "${1}", "a", " "]),
        st.text(max_size=5),
    ),
    max_size=12,
).map("".join)
QUIET = settings(max_examples=200, deadline=None, suppress_health_check=list(HealthCheck))


@QUIET
@given(PIECES, ENVIRONMENTS)
def test_substitution_gives_a_text_or_refuses_the_reference(text, environment):
    try:
        result = substitute(text, environment)
    except InvalidReferenceError as error:
        told = str(error)
    else:
        told = ""
        check_substitution(text, environment, result)
    assert "\n" not in told


def check_substitution(text, environment, result):
    assert set(result.variables) <= set(result.references)
    assert all(environment.get(name) for name in result.variables)
    if not result.references:
        assert result.text == result.default == result.shown == text.replace("$$", "$")


@QUIET
@given(VALUES.filter(bool))
def test_a_value_is_never_substituted_again_nor_shown(value):
    result = substitute("<${A}>", {"A": value, "B": "no"})
    assert (result.text, result.shown, result.default) == (f"<{value}>", "<${A}>", "<>")


@QUIET
@given(VALUES)
def test_a_doubled_dollar_protects_any_text(text):
    assert substitute(text.replace("$", "$$"), {"A": "no"}).text == text


def outcome(data, environment=None, **arguments):
    """Load bytes as a profile; give the lines told, all of them printable and single."""
    with tempfile.TemporaryDirectory() as directory:
        path = os.path.join(directory, "p.yaml")
        with open(path, "wb") as file:
            file.write(data)
        try:
            loaded = load_profile(path, environment or {}, **arguments)
        except ProfileError as error:
            lines = error.problems
            assert lines
        else:
            lines = loaded.warnings
            text = handoff.write(loaded.profile, run_directory="", pipeline="agent")
            assert repr(handoff.read(text).profile()) == repr(loaded.profile)
    assert all(line.isprintable() for line in lines)
    return lines


YAML_PIECES = st.lists(
    st.sampled_from(
        ["a", ": ", "- ", "\n", "\n  ", "\n    ", "{", "}", "[", "]", ",", "&x ", "*x", "<<: ", "'", '"', "|\n", "!!int ",
         "!e ", "${A}", "$$", "#", "? ", "---\n", "1.1", "~", "\t", "\r\n", "\ufeff", "\u2028", "\x85", "é", "%YAML 1.2\n"]
    ),
    max_size=40,
).map("".join)  # fmt: skip


@QUIET
@given(
    st.one_of(
        st.binary(max_size=200),
        YAML_PIECES.map(str.encode),
        st.text(max_size=50).map(lambda text: text.encode("utf-8", "replace")),
    )
)
@example(b"")
@example(b"\xef\xbb\xbf")
@example(b"\xff\xfe")
@example(b"a: &x [*x]")
@example(b"? {a: b}\n: c")
def test_any_bytes_load_or_are_told_about(data):
    outcome(data)


@QUIET
@given(YAML_PIECES)
def test_any_text_is_told_about_by_pythons_own_parser_too(text):
    loader = nodes.LOADER
    nodes.LOADER = yaml.SafeLoader
    try:
        outcome(text.encode())
    finally:
        nodes.LOADER = loader


LINES = WHOLE.splitlines(keepends=True)
ODD = st.sampled_from(
    ["~", "[]", "{}", "[1]", "{a: b}", "-1", "yes", "${A}", "'x'", "1e400", ".nan", "0x7fffffffffffffffff"]
)


@QUIET
@given(st.integers(1, len(LINES) - 1), ODD, st.sampled_from(["value", "key", "drop"]))
def test_any_one_change_of_a_whole_profile_is_told_or_taken(index, odd, change):
    lines = list(LINES)
    key, colon, _ = lines[index].partition(":")
    lines[index] = {"value": f"{key}{colon} {odd}\n", "key": f"{key}x{colon} {odd}\n", "drop": ""}[change]
    assert not any("s3cret" in line for line in outcome("".join(lines).encode(), {"A": "s3cret"}))


@QUIET
@given(st.dictionaries(st.sampled_from([
    "OTEL_TRACES_EXPORTER", "OTEL_METRICS_EXPORTER", "OTEL_EXPORTER_OTLP_ENDPOINT", "OTEL_EXPORTER_OTLP_LOGS_ENDPOINT",
    "OTEL_EXPORTER_OTLP_PROTOCOL", "OTEL_EXPORTER_OTLP_HEADERS", "OTEL_EXPORTER_OTLP_TIMEOUT", "OTEL_TRACES_SAMPLER",
    "OTEL_TRACES_SAMPLER_ARG", "OTEL_PROPAGATORS", "OTEL_RESOURCE_ATTRIBUTES", "OTEL_SERVICE_NAME", "OTEL_SDK_DISABLED",
    "OTEL_BSP_MAX_QUEUE_SIZE", "OTEL_SPAN_EVENT_COUNT_LIMIT", "OTEL_PYTHON_DISABLED_INSTRUMENTATIONS", "OTEL_LOG_LEVEL",
]), st.one_of(st.text(max_size=15), st.sampled_from(["otlp", "console", "none", "grpc", "http://h:4317", "1", "a=b"]))))  # fmt: skip
def test_no_value_of_a_standard_variable_stops_a_shipped_profile(environment):
    for name in ("default", "dev", "prod"):
        loaded = load_profile(name, environment)
        handoff.write(loaded.profile, run_directory="", pipeline="agent")
        assert all(line.isprintable() for line in loaded.warnings)
