"""The package: what reaches the wheel, what the top level offers, which versions it is locked to, how its files look."""

from __future__ import annotations

import ast
import subprocess
import sys
import zipfile
from email.parser import Parser
from typing import TYPE_CHECKING

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

import otelrun
from tests.support.project import ROOT, pyproject, read, source_files

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

MAX_FILE_LINES = 500
MAX_FUNCTION_LINES = 60
NAMES_THAT_SAY_NOTHING = {"utils", "helpers", "common", "misc", "manager"}
SUPPORTED = ("3.10", "3.11", "3.12", "3.13", "3.14")


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Iterator[zipfile.ZipFile]:
    folder = tmp_path_factory.mktemp("wheel")
    build = [sys.executable, "-m", "hatchling", "build", "--target", "wheel", "--directory", str(folder)]
    subprocess.run(build, cwd=ROOT, check=True, capture_output=True, timeout=60)
    (path,) = folder.glob("*.whl")
    with zipfile.ZipFile(path) as archive:
        yield archive


def test_the_wheel_holds_the_package_its_profiles_and_nothing_else(wheel: zipfile.ZipFile) -> None:
    package = {path.relative_to(ROOT).as_posix() for path in source_files("otelrun")}
    profiles = {f"otelrun/configs/{path.name}" for path in (ROOT / "configs").iterdir()}
    static = ROOT / "otelrun" / "viewer" / "page" / "static"
    page = {path.relative_to(ROOT).as_posix() for path in static.iterdir()}
    names = {name for name in wheel.namelist() if ".dist-info/" not in name}
    assert names == package | profiles | page | {"otelrun/py.typed"}
    assert {name.rpartition(".")[2] for name in page} == {"css", "html", "js"}
    assert {"otelrun/configs/default.yaml", "otelrun/launch/shim/sitecustomize.py"} <= names


def test_the_wheel_says_what_it_needs_and_on_which_terms(wheel: zipfile.ZipFile) -> None:
    (info,) = {name.partition("/")[0] for name in wheel.namelist() if ".dist-info/" in name}
    metadata = Parser().parsestr(wheel.read(f"{info}/METADATA").decode())
    project = pyproject()["project"]
    assert metadata["Version"] == otelrun.__version__
    assert metadata["License-Expression"] == "Apache-2.0"
    assert metadata["Requires-Python"] == project["requires-python"]
    assert {Requirement(text) for text in metadata.get_all("Requires-Dist", [])} == {
        Requirement(text) for text in project["dependencies"]
    }
    assert wheel.read(f"{info}/licenses/LICENSE").decode() == read("LICENSE")


def test_the_top_level_offers_the_version_and_nothing_else() -> None:
    body = ast.parse(read("otelrun/__init__.py")).body
    statements = [statement for statement in body if not isinstance(statement, ast.Expr)]
    assert [ast.unparse(statement) for statement in statements] == [f"__version__ = '{otelrun.__version__}'"]


def locked() -> list[Requirement]:
    lines = read("constraints.txt").splitlines()
    return [Requirement(line) for line in lines if line and not line.startswith("#")]


def test_constraints_name_exact_versions_and_no_place_to_get_them() -> None:
    for requirement in locked():
        assert [specifier.operator for specifier in requirement.specifier] == ["=="]
        assert requirement.url is None


@pytest.mark.parametrize("python", SUPPORTED)
def test_constraints_fit_every_dependency_on_every_python(python: str) -> None:
    environment = {"python_version": python, "python_full_version": f"{python}.0"}
    versions = {
        canonicalize_name(entry.name): next(iter(entry.specifier)).version
        for entry in locked()
        if entry.marker is None or entry.marker.evaluate(environment)
    }
    project = pyproject()
    groups = [text for group in project["dependency-groups"].values() for text in group]
    for wanted in map(Requirement, [*project["project"]["dependencies"], *groups]):
        assert wanted.specifier.contains(versions[canonicalize_name(wanted.name)]), wanted
    series = {versions[name] for name in versions if name in ("opentelemetry-api", "opentelemetry-sdk")}
    assert len(series) == 1


@pytest.mark.parametrize("path", source_files("otelrun", "tests", ".ci"), ids=lambda path: path.name)
def test_files_and_functions_are_short(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    tree = ast.parse(text)
    assert len(text.splitlines()) <= MAX_FILE_LINES
    assert path.stem not in NAMES_THAT_SAY_NOTHING
    for node in ast.walk(tree):
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
            assert node.end_lineno is not None
            assert node.end_lineno - node.lineno < MAX_FUNCTION_LINES, node.name


@pytest.mark.parametrize(
    "path", source_files("otelrun", "tests/support", "tests/apps", ".ci"), ids=lambda path: path.name
)
def test_files_say_what_they_are_for(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    assert ast.get_docstring(ast.parse(text)) or (path.name == "__init__.py" and not text)
