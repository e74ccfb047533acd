"""A profile arrives in the next process as it was."""

from __future__ import annotations

import pytest

from otelrun.profile import handoff
from otelrun.profile.loading import load_profile
from otelrun.profile.source import shipped_names
from tests.unit.profile.test_reader import WHOLE

DESTINATION = {"OTEL_EXPORTER_OTLP_ENDPOINT": "http://c:4318", "OTEL_EXPORTER_OTLP_HEADERS": "a=b"}


def round_trip(profile):
    return handoff.read(handoff.write(profile, run_directory="/run", pipeline="agent"))


@pytest.mark.parametrize("name", shipped_names())
def test_a_shipped_profile_arrives(name):
    profile = load_profile(name, DESTINATION, inferred_service=("x", "y")).profile
    assert round_trip(profile).profile() == profile


def test_a_whole_profile_arrives(load):
    profile = load(WHOLE).profile
    arrived = round_trip(profile)
    assert arrived.profile() == profile
    assert (arrived.is_enabled("requests"), arrived.is_enabled("flask"), arrived.is_enabled("other")) == (
        True,
        False,
        False,
    )


def test_methods_arrive_by_module_without_unpacking(load):
    assert round_trip(load(WHOLE).profile).methods() == {
        "shop.util": [("*", ())],
        "shop.cart": [("Cart.total", ("price", "tax")), ("Cart.add", ("*",)), ("Cart.drop", ())],
    }


@pytest.mark.parametrize("text", ["", "x", "AAAA", "é"])
def test_a_damaged_handoff_is_refused(text):
    with pytest.raises(ValueError, match="handoff"):
        handoff.read(text)
