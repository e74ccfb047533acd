"""The table of libraries that upstream instruments is upstream's own, as installed here, and no name of it a guess."""

from __future__ import annotations

import re

from opentelemetry.instrumentation import bootstrap_gen

from otelrun.instrumentation.known_libraries import LIBRARIES, PREFIX
from otelrun.instrumentation.registry import OWN

BY_OTELRUN = {"asyncio", "exceptions", "grpc", "logging", "threading", "requests", "urllib", "urllib3"}
NO_INSTRUMENTOR = {"asgi", "dbapi", "wsgi"}  # for others to build on, or for code
OF_NO_LIBRARY = {"system-metrics"}  # measures the machine; that psutil is imported does not call for it


def upstream() -> set[str]:
    wanted = [*(entry["instrumentation"] for entry in bootstrap_gen.libraries), *bootstrap_gen.default_instrumentations]
    names = [re.split(r"[=<>~]", text)[0] for text in wanted]
    assert all(name.startswith(PREFIX) for name in names)
    return {name.removeprefix(PREFIX) for name in names}


def test_every_distribution_is_one_that_upstream_would_install() -> None:
    assert set(LIBRARIES.values()) <= upstream()


def test_of_what_upstream_would_install_nothing_is_left_out_without_a_reason() -> None:
    assert upstream() - set(LIBRARIES.values()) == BY_OTELRUN | NO_INSTRUMENTOR | OF_NO_LIBRARY


def test_no_library_is_listed_that_otelrun_instruments_itself() -> None:
    assert not set(LIBRARIES) & {trigger.partition(".")[0] for trigger in OWN}
