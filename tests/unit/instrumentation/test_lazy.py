"""Upstream's instrumentors load when their target does, each on its own, and ours win."""

from __future__ import annotations

import shutil
import sys
import types

import pytest

from otelrun import diagnostics, stood_down
from otelrun.instrumentation import in_place, lazy, precedence
from otelrun.profile import handoff as handoffs
from otelrun.profile.model import Instrumentation, Otelrun, Profile


class Site:
    """A site directory under construction, and what its instrumentors were asked to do."""

    def __init__(self, path, monkeypatch):
        self.path = path
        self.calls = []
        self.hooks = {}
        self.kept = {}
        self._monkeypatch = monkeypatch
        monkeypatch.setattr(sys, "path", [str(path)])

    def add(self, name, version="1.0", *, modules=(), instruments=(), entry_points=None, top_level=None):
        """Install a distribution."""
        info = self.path / f"{name}-{version}.dist-info"
        info.mkdir(parents=True)
        lines = [
            "Metadata-Version: 2.1",
            f"Name: {name}",
            *(f"Requires-Dist: {line}" for line in instruments),
            "",
            "text",
        ]
        (info / "METADATA").write_text("\n".join(lines))
        (info / "RECORD").write_text("".join(f"{module},,\n" for module in modules))
        if top_level:
            (info / "top_level.txt").write_text(top_level)
        if entry_points:
            text = "\n".join(f"{name} = {value}" for name, value in entry_points.items())
            (info / "entry_points.txt").write_text(
                f"[console_scripts]\nx = y:z\n[opentelemetry_instrumentor]\n{text}\n"
            )
        for module in modules:
            path = self.path / module
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text("")

    def instrumentor(self, name, *, requires=(), fails=False, already=False, refuses=False, distribution=None):
        """Install an instrumentor whose calls are noted."""
        site = self

        class Instrumentor:
            is_instrumented_by_opentelemetry = already

            def instrument(self, **options):
                if fails:
                    raise RuntimeError("boom")
                site.calls.append((name, options))
                self._is_instrumented_by_opentelemetry = not refuses

            def _uninstrument(self):
                """Have nothing to undo."""

        module = f"otr_contrib_{name.replace('-', '_')}"
        self._monkeypatch.setitem(sys.modules, module, types.SimpleNamespace(Instrumentor=Instrumentor))
        self.add(
            distribution or f"opentelemetry_instrumentation_{name.replace('-', '_')}",
            instruments=[f"{requirement}; extra == 'instruments'" for requirement in requires],
            entry_points={name: f"{module}:Instrumentor"},
        )

    def discover(self, profile=None, overlay=(), run_directory=""):
        text = handoffs.write(profile or Profile(), run_directory=run_directory, pipeline="agent", overlay=overlay)
        lazy.discover(handoffs.read(text), self.register)

    def register(self, name, hook):
        hooks = self.kept if isinstance(hook, lazy.Keep) else self.hooks
        hooks.setdefault(name, []).append(hook)

    def import_(self, name):
        for hook in (*self.hooks.get(name, ()), *self.kept.get(name, ())):
            hook(name)

    def facts(self):
        return [(library, name, state, text) for library, name, state, _, text in in_place.in_place.entries()]


@pytest.fixture
def site(tmp_path, monkeypatch):
    monkeypatch.setattr(diagnostics, "_told", set())
    monkeypatch.setattr(diagnostics, "_listeners", [])
    monkeypatch.setattr(precedence, "precedence", precedence.Precedence())
    facts = in_place.InPlace()
    monkeypatch.setattr(in_place, "in_place", facts)
    monkeypatch.setattr(precedence, "in_place", facts)
    monkeypatch.setitem(
        sys.modules,
        "otelrun.instrumentation.registry",
        types.SimpleNamespace(OWN={"threading": ("threading",), "grpc": ("grpc.client",)}),
    )
    return Site(tmp_path, monkeypatch)


def test_an_instrumentor_waits_for_its_target(site):
    site.add("Bottle", "3.1", modules=["bottle/__init__.py"])
    site.instrumentor("bottle", requires=["bottle>=1.0"])

    site.discover()

    assert (list(site.hooks), site.calls) == (["bottle"], [])
    site.import_("bottle")
    site.import_("bottle")
    assert site.calls == [("bottle", {"skip_dep_check": True})]


def test_one_that_the_program_is_importing_waits_for_the_end_of_that(site, monkeypatch):
    site.add("bottle", modules=["bottle/__init__.py"])
    site.instrumentor("bottle", requires=["bottle"])
    module = sys.modules["otr_contrib_bottle"]
    module.__spec__ = types.SimpleNamespace(_initializing=True)

    site.discover()
    site.import_("bottle")  # from the body of the instrumentor's module
    assert site.calls == []
    module.__spec__._initializing = False
    site.import_("otr_contrib_bottle")

    assert site.calls == [("bottle", {"skip_dep_check": True})]


def test_options_of_the_profile_are_passed(site):
    site.add("bottle", modules=["bottle/__init__.py"])
    site.instrumentor("bottle", requires=["bottle"])

    site.discover(Profile(instrumentations=(Instrumentation("bottle", options=(("excluded_urls", "/health"),)),)))
    site.import_("bottle")

    assert site.calls == [("bottle", {"skip_dep_check": True, "excluded_urls": "/health"})]


def test_what_the_profile_switches_off_stays_off(site):
    site.add("bottle", modules=["bottle/__init__.py"])
    site.instrumentor("bottle", requires=["bottle"])

    site.discover(Profile(otelrun=Otelrun(disabled=("bottle",))))

    assert site.hooks == {}


def test_names_of_otelruns_own_are_left_to_it(site):
    site.instrumentor("threading")
    site.add("grpcio", modules=["grpc/__init__.py"])
    site.instrumentor("grpc_client", requires=["grpcio"])

    site.discover()

    assert (site.hooks, site.calls) == ({}, [])


def test_a_target_that_is_not_installed_has_no_hook(site):
    site.instrumentor("bottle", requires=["bottle"])

    site.discover()

    assert (site.hooks, site.calls) == ({}, [])


@pytest.mark.parametrize(
    ("distribution", "modules", "top_level", "trigger"),
    [
        ("PyMySQL", ["pymysql/__init__.py"], None, "pymysql"),
        ("pymongo", ["bson/__init__.py", "gridfs/__init__.py", "pymongo/__init__.py"], None, "pymongo"),
        ("kafka-python", ["kafka/__init__.py", "kafka/vendor/__init__.py"], None, "kafka"),
        ("psycopg2-binary", [], "psycopg2\n", "psycopg2"),
        ("google-genai", ["google/genai/__init__.py"], None, "google.genai"),
        ("six", ["six.py"], None, "six"),
    ],
)
def test_the_trigger_is_the_targets_module(site, distribution, modules, top_level, trigger):
    site.add(distribution, modules=modules, top_level=top_level)
    site.instrumentor("x", requires=[distribution])

    site.discover()

    assert list(site.hooks) == [trigger]


def test_one_of_several_alternatives_is_enough(site):
    site.add("psycopg2_binary", "2.9", top_level="psycopg2")
    site.instrumentor("psycopg2")
    metadata = next(site.path.glob("opentelemetry_instrumentation_psycopg2*")) / "METADATA"
    metadata.write_text(
        "Name: x\nRequires-Dist: psycopg2>=2.7; extra == 'instruments-any'\n"
        "Requires-Dist: psycopg2-binary>=2.7; extra == 'instruments-any'\n"
    )

    site.discover()
    site.import_("psycopg2")

    assert site.calls == [("psycopg2", {"skip_dep_check": True})]


def test_an_alternative_that_has_an_entry_point_of_its_own_belongs_to_that_alone(site):
    site.add("httpx", "0.28", modules=["httpx/__init__.py"])
    site.instrumentor("httpx")
    site.instrumentor("httpx2")
    folder = next(site.path.glob("opentelemetry_instrumentation_httpx-*"))
    shutil.rmtree(next(site.path.glob("opentelemetry_instrumentation_httpx2*")))
    (folder / "entry_points.txt").write_text(
        "[opentelemetry_instrumentor]\n"
        "httpx = otr_contrib_httpx:Instrumentor\nhttpx2 = otr_contrib_httpx2:Instrumentor\n"
    )
    (folder / "METADATA").write_text(
        "Name: x\nRequires-Dist: httpx2>=2; extra == 'instruments-any'\n"
        "Requires-Dist: httpx>=0.18; extra == 'instruments-any'\n"
    )

    site.discover()
    site.import_("httpx")

    assert (list(site.hooks), site.calls) == (["httpx"], [("httpx", {"skip_dep_check": True})])


@pytest.mark.parametrize(
    ("name", "trigger"),
    [("sqlite3", "sqlite3"), ("urllib", "urllib.request"), ("tkinter", "tkinter")],
)
def test_the_standard_library_needs_no_metadata(site, name, trigger):
    site.instrumentor(name)

    site.discover()

    assert list(site.hooks) == [trigger]


def test_an_instrumentor_of_nobody_knows_what_loads_at_once(site):
    site.instrumentor("system_metrics")

    site.discover()

    assert site.calls == [("system_metrics", {"skip_dep_check": True})]


def test_an_unsupported_version_is_told_when_it_matters_and_not_instrumented(site, capfd):
    site.add("bottle", "4.0", modules=["bottle/__init__.py"])
    site.instrumentor("bottle", requires=["bottle<4,>=1.0"])

    site.discover()
    assert capfd.readouterr().err == ""
    site.import_("bottle")

    assert site.calls == []
    assert capfd.readouterr().err == (
        "otelrun: not instrumented: bottle 4.0 is not supported by opentelemetry-instrumentation-bottle (<4,>=1.0)\n"
    )


def test_a_version_that_takes_more_to_judge_is_left_to_upstreams_check(site):
    site.add("bottle", "4.0rc1", modules=["bottle/__init__.py"])
    site.instrumentor("bottle", requires=["bottle>=1.0"])

    site.discover()
    site.import_("bottle")

    assert site.calls == [("bottle", {"skip_dep_check": False})]


def test_a_failing_instrumentor_touches_no_other(site, capfd):
    site.add("shop", modules=["shop/__init__.py"])
    site.instrumentor("aaa", requires=["shop"], fails=True)
    site.instrumentor("bbb", requires=["shop"])

    site.discover()
    site.import_("shop")

    assert site.calls == [("bbb", {"skip_dep_check": True})]
    assert capfd.readouterr().err == "otelrun: instrumentation aaa failed, the program goes on: RuntimeError: boom\n"


def test_what_the_program_has_instrumented_itself_is_left_alone(site):
    site.add("bottle", modules=["bottle/__init__.py"])
    site.instrumentor("bottle", requires=["bottle"], already=True)

    site.discover()
    site.import_("bottle")

    assert site.calls == []


def test_the_launchers_own_instrumentors_count_too(site, tmp_path, monkeypatch):
    overlay = tmp_path / "overlay"
    beside = Site(overlay, monkeypatch)
    beside.instrumentor("bottle", requires=["bottle"])
    monkeypatch.setattr(sys, "path", [str(site.path)])
    site.add("bottle", modules=["bottle/__init__.py"])

    site.discover(overlay=(str(overlay),))
    site.import_("bottle")

    assert beside.calls == [("bottle", {"skip_dep_check": True})]


def test_djangos_waits_for_its_settings(site, monkeypatch):
    class BaseHandler:
        def load_middleware(self, is_async=False):
            site.calls.append(("load_middleware", is_async))

    class Ledger:
        def wrap(self, owner, name, make_wrapper):
            self.owner, self.name, self.original = owner, name, getattr(owner, name)
            setattr(owner, name, make_wrapper(self.original))

        def undo(self):
            setattr(self.owner, self.name, self.original)

    monkeypatch.setitem(sys.modules, "otelrun.instrumentation.patching", types.SimpleNamespace(Ledger=Ledger))
    handler = types.SimpleNamespace(BaseHandler=BaseHandler)
    monkeypatch.setitem(sys.modules, "django.core.handlers.base", handler)
    original = BaseHandler.load_middleware
    site.add("Django", "5.2", modules=["django/__init__.py"])
    site.instrumentor("django", requires=["django>=2.0"])

    site.discover()
    assert list(site.hooks) == ["django.core.handlers.base"]
    site.import_("django.core.handlers.base")
    assert site.calls == []
    BaseHandler().load_middleware(is_async=True)

    assert site.calls == [("django", {"skip_dep_check": True}), ("load_middleware", True)]
    assert BaseHandler.load_middleware is original


def test_what_is_hooked_is_kept(site):
    site.add("bottle", modules=["bottle/__init__.py"])
    site.instrumentor("bottle", requires=["bottle"])

    site.discover()
    assert site.facts() == []
    site.import_("bottle")

    assert site.facts() == [("bottle", "bottle", "hooked", "")]


@pytest.mark.parametrize(
    ("instrumentor", "state", "text"),
    [
        (
            {"requires": ["bottle"], "already": True},
            "left",
            "the program instruments bottle itself: otelrun leaves it to it",
        ),
        (
            {"requires": ["bottle"], "fails": True},
            "failed",
            "instrumentation bottle failed, the program goes on: RuntimeError: boom",
        ),
        (
            {"requires": ["bottle<1"]},
            "unsupported",
            "not instrumented: bottle 1.0 is not supported by opentelemetry-instrumentation-bottle (<1)",
        ),
        ({"requires": ["bottle"], "refuses": True}, "failed", "its instrumentor has refused, and logged why"),
    ],
)
def test_what_is_not_hooked_is_kept_with_its_reason(site, instrumentor, state, text):
    site.add("bottle", modules=["bottle/__init__.py"])
    site.instrumentor("bottle", **instrumentor)

    site.discover()
    site.import_("bottle")

    assert site.facts() == [("bottle", "bottle", state, text)]


def test_one_that_has_to_wait_is_kept_once_under_the_name_of_its_library(site):
    site.add("bottle", modules=["bottle/__init__.py"])
    site.instrumentor("bottle", requires=["bottle"])
    module = sys.modules["otr_contrib_bottle"]
    module.__spec__ = types.SimpleNamespace(_initializing=True)
    site.discover()

    site.import_("bottle")
    assert site.facts() == []
    module.__spec__._initializing = False
    site.import_("otr_contrib_bottle")

    assert site.facts() == [("bottle", "bottle", "hooked", "")]


def test_a_known_library_without_instrumentation_is_kept_when_it_is_imported(site, tmp_path):
    run = tmp_path / "run"
    run.mkdir()
    site.discover(run_directory=str(run))
    assert site.facts() == []
    assert list(run.iterdir()) == []

    site.import_("flask")
    site.import_("aiohttp.web")

    assert site.facts() == [("flask", "flask", "imported", ""), ("aiohttp.web", "aiohttp-server", "imported", "")]
    assert stood_down.read(str(run), stood_down.IMPORTED) == [
        ("aiohttp.web", "opentelemetry-instrumentation-aiohttp-server", 1),
        ("flask", "opentelemetry-instrumentation-flask", 1),
    ]
    assert stood_down.read(str(run)) == []


def test_a_known_library_that_is_switched_off_or_of_another_kind_is_not_said_to_be_missing(site, tmp_path):
    site.add("flask", modules=["flask/__init__.py"])
    site.instrumentor("flask", requires=["flask"])
    site.instrumentor("bottle", requires=["bottle"])
    site.instrumentor("redis", requires=["redis"])  # which is there, and not as a distribution
    site.discover(Profile(otelrun=Otelrun(disabled=("flask", "bottle"))), run_directory=str(tmp_path))

    site.import_("flask")
    site.import_("redis")

    text = "opentelemetry-instrumentation-redis is installed, and finds nothing that it is for"
    site.import_("bottle")
    assert site.facts() == [
        ("flask", "flask", "off", ""),
        ("redis", "redis", "unsupported", text),
        ("bottle", "bottle", "off", ""),
    ]
    assert stood_down.read(str(tmp_path), stood_down.IMPORTED) == []


def test_a_known_library_with_an_instrumentation_has_no_other_hook(site):
    site.add("mysql_connector_python", modules=["mysql/connector/__init__.py"])
    site.instrumentor("mysql", requires=["mysql-connector-python"])

    site.discover()

    assert "mysql.connector" not in site.kept
    assert "flask" in site.kept
