"""What the program's environment lacks is found beside the launcher, for those who need it, after everything else."""

from __future__ import annotations

import importlib
import importlib.metadata
import sys
from types import SimpleNamespace

import pytest

from otelrun.startup import overlay


@pytest.fixture
def beside(tmp_path, monkeypatch):
    """Make a launcher's site directory with small packages, and forget the real ones."""
    site = tmp_path / "site"
    for name, text in {
        "opentelemetry/trace/__init__.py": "import wrapt\nfrom opentelemetry.trace import span",
        "opentelemetry/trace/span.py": "value = 'overlay'",
        "opentelemetry/util/__init__.py": "",
        "wrapt/__init__.py": "from wrapt import inner",
        "wrapt/inner.py": "",
        "requests/__init__.py": "",
        "opentelemetry_api-9.9.dist-info/METADATA": "Metadata-Version: 2.1\nName: opentelemetry-api\nVersion: 9.9\n",
        "otelrun-9.9.dist-info/METADATA": "Metadata-Version: 2.1\nName: otelrun\nVersion: 9.9\n",
        "wrapt-9.9.dist-info/METADATA": "Metadata-Version: 2.1\nName: wrapt\nVersion: 9.9\n",
    }.items():
        path = site / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    tops = ("opentelemetry", "wrapt", "requests", "typing_extensions")
    kept = {name: module for name, module in sys.modules.items() if name.partition(".")[0] in tops}
    for name in kept:
        del sys.modules[name]
    program = tmp_path / "program"
    program.mkdir()
    stdlib = [entry for entry in sys.path if "site-packages" not in entry]
    monkeypatch.setattr(sys, "path", [str(program), *stdlib])
    monkeypatch.setattr(sys, "meta_path", list(sys.meta_path))
    overlay.install([str(site)])
    yield site
    for name in [name for name in sys.modules if name.partition(".")[0] in tops]:
        del sys.modules[name]
    sys.modules.update(kept)


def test_the_api_is_found_for_everybody_and_finds_what_it_needs(beside):
    import opentelemetry.trace

    assert opentelemetry.trace.span.value == "overlay"
    assert "wrapt.inner" in sys.modules
    assert list(sys.modules["opentelemetry"].__path__) == [str(beside / "opentelemetry")]


def test_the_program_does_not_see_the_other_packages(beside):
    with pytest.raises(ModuleNotFoundError, match=r"^No module named 'wrapt'$"):
        import wrapt  # noqa: F401
    with pytest.raises(ModuleNotFoundError):
        import requests  # noqa: F401


def test_the_programs_own_api_comes_first(beside, tmp_path):
    own = tmp_path / "program" / "opentelemetry" / "trace"
    own.mkdir(parents=True)
    (own / "__init__.py").write_text("value = 'own'")
    importlib.invalidate_caches()

    import opentelemetry.trace

    assert opentelemetry.trace.value == "own"
    with pytest.raises(ModuleNotFoundError):
        import opentelemetry.trace.span
    import opentelemetry.util

    assert opentelemetry.util.__file__ == str(beside / "opentelemetry" / "util" / "__init__.py")


def test_the_api_stays_when_the_programs_path_changes(beside, tmp_path):
    import opentelemetry

    (tmp_path / "later" / "opentelemetry" / "other").mkdir(parents=True)
    sys.path.append(str(tmp_path / "later"))

    import opentelemetry.trace

    assert list(opentelemetry.__path__) == [str(beside / "opentelemetry")]


def test_metadata_is_given_for_opentelemetry_and_otelrun_alone(beside):
    assert importlib.metadata.version("opentelemetry-api") == "9.9"
    with pytest.raises(importlib.metadata.PackageNotFoundError):
        importlib.metadata.version("wrapt")
    names = sorted(found.metadata["Name"] for found in importlib.metadata.distributions())
    assert names == ["opentelemetry-api", "otelrun"]


def test_what_upstreams_launcher_looks_for_is_not_in_it(beside):
    (info,) = beside.glob("opentelemetry_api-*.dist-info")
    sections = {"opentelemetry_context": "c", "opentelemetry_distro": "d", "opentelemetry_propagator": "p"}
    (info / "entry_points.txt").write_text("".join(f"[{name}]\n{key} = m:{key}\n" for name, key in sections.items()))
    importlib.invalidate_caches()

    entries = importlib.metadata.distribution("opentelemetry-api").entry_points

    assert [(entry.group, entry.name) for entry in entries] == [
        ("opentelemetry_context", "c"),
        ("opentelemetry_propagator", "p"),
    ]


def test_who_looks_in_directories_of_his_own_finds_what_is_there(beside, tmp_path):
    assert list(importlib.metadata.distributions(path=[str(tmp_path)])) == []


def test_the_backport_of_importlib_metadata_is_answered_with_its_own_distributions(beside, monkeypatch):
    class Distribution(importlib.metadata.PathDistribution):
        pass

    class Finder(importlib.metadata.MetadataPathFinder):
        def find_distributions(self, context):  # a class method in some of its versions
            return map(Distribution, self._search_paths(context.name, context.path))

    class Context(importlib.metadata.DistributionFinder.Context):
        __module__ = "backport_of_metadata"

    backport = SimpleNamespace(MetadataPathFinder=Finder, DistributionFinder=SimpleNamespace(Context=Context))
    monkeypatch.setitem(sys.modules, "backport_of_metadata", backport)
    monkeypatch.delitem(sys.modules, "importlib.metadata")

    found = sys.meta_path[-1].find_distributions(Context(name="opentelemetry-api"))

    assert [(type(distribution), distribution.version) for distribution in found] == [(Distribution, "9.9")]


def test_the_programs_own_metadata_comes_first(beside, tmp_path):
    own = tmp_path / "program" / "opentelemetry_api-1.20.dist-info"
    own.mkdir()
    (own / "METADATA").write_text("Metadata-Version: 2.1\nName: opentelemetry-api\nVersion: 1.20\n")
    importlib.invalidate_caches()

    assert [found.version for found in importlib.metadata.distributions(name="opentelemetry-api")] == ["1.20"]
