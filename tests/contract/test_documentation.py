"""The documentation says what the code says: variables, errors, notices, files and commands."""

from __future__ import annotations

import ast
import itertools
import re
from typing import TYPE_CHECKING

import pytest

from otelrun import environment_variables, errors
from otelrun.profile.loading import load_profile
from tests.support.project import ROOT, read, source_files

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

VARIABLES = "docs/reference/environment-variables.md"
ERRORS = "docs/reference/errors.md"
SLUG_AND_TEXT = 2
TEAM = 'file_format: "1.1"\nresource:\n  attributes: [{name: team, value: tea}]\n'


def table_rows(page: str) -> set[tuple[str, ...]]:
    return {
        tuple(cell.strip() for cell in line.strip("|").split("|")) for line in read(page).splitlines() if "|" in line
    }


def documented_variables() -> Iterator[tuple[str, str]]:
    """Give each constant of the module with the string that follows it."""
    body = ast.parse(read("otelrun/environment_variables.py")).body
    for statement, following in itertools.pairwise(body):
        if isinstance(statement, ast.Assign):
            assert isinstance(following, ast.Expr)
            (target,) = statement.targets
            assert isinstance(target, ast.Name)
            yield target.id, ast.literal_eval(following.value)


def error_classes(base: type[errors.OtelrunError] = errors.OtelrunError) -> list[type[errors.OtelrunError]]:
    return [base, *(found for child in base.__subclasses__() for found in error_classes(child))]


def test_every_variable_is_documented_in_its_own_words() -> None:
    rows = table_rows(VARIABLES)
    for name, text in documented_variables():
        assert getattr(environment_variables, name) == name
        assert (f"`{name}`", " ".join(text.replace("``", "`").split())) in rows


def test_no_variable_is_used_or_documented_that_is_not_declared() -> None:
    declared = {name for name, _ in documented_variables()}
    pages = [path for path in (ROOT / "docs").rglob("*.md") if "_build" not in path.parts]
    for path in [*source_files("otelrun"), *pages, ROOT / "README.md"]:
        used = set(re.findall(r"\bOTELRUN_[A-Z_]+\b", path.read_text(encoding="utf-8")))
        assert used <= declared, path


@pytest.mark.parametrize("error", error_classes(), ids=lambda error: error.slug)
def test_every_error_is_documented_with_its_exit_status(error: type[errors.OtelrunError]) -> None:
    rows = {row[:2] for row in table_rows(ERRORS)}
    assert (f"`{error.slug}`", str(error.exit_status)) in rows


def told_slugs() -> Iterator[str]:
    """Give the slug of each ``tell("slug", …)`` in the code; an f-string counts by its constant beginning."""
    for path in source_files("otelrun"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and len(node.args) == SLUG_AND_TEXT:
                function = node.func
                name = function.attr if isinstance(function, ast.Attribute) else getattr(function, "id", "")
                slug = node.args[0]
                if isinstance(slug, ast.JoinedStr):
                    slug = slug.values[0]
                if name == "tell" and isinstance(slug, ast.Constant):
                    yield str(slug.value).split(":")[0]


def test_every_notice_is_documented() -> None:
    documented = {row[0] for row in table_rows(ERRORS)}
    assert {f"`{slug}`" for slug in told_slugs()} <= documented


@pytest.mark.parametrize("page", ["README.md", "docs/tutorial/first-trace.md", "docs/explanation/contributing.md"])
def test_every_file_that_a_command_names_exists(page: str) -> None:
    commands = re.findall(r"^\$? ?(?:python3 )?((?:docs|tests|\.ci)/\S+)", read(page), re.MULTILINE)
    assert commands
    for path in commands:
        assert (ROOT / path).exists(), path


def test_every_relative_link_of_the_readme_leads_somewhere() -> None:
    targets = [target for target in re.findall(r"\]\(([^)#]+)", read("README.md")) if "://" not in target]
    assert targets
    for target in targets:
        assert (ROOT / target).exists(), target


def shown_profiles() -> list[tuple[str, str]]:
    pages = [ROOT / "README.md", *(path for path in (ROOT / "docs").rglob("*.md") if "_build" not in path.parts)]
    blocks = [
        (path.name, block)
        for path in pages
        for block in re.findall(r"^```yaml\n(.*?)^```", path.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL)
    ]
    return [(name, block) for name, block in blocks if "file_format:" in block]


@pytest.mark.parametrize(("page", "text"), shown_profiles())
def test_every_profile_that_is_shown_loads_without_a_complaint(page: str, text: str, tmp_path: Path) -> None:
    path = tmp_path / f"{page}.yaml"
    path.write_text(text, encoding="utf-8")
    (tmp_path / "team.yaml").write_text(TEAM, encoding="utf-8")  # what one of them extends
    assert load_profile(str(path), {}).warnings == ()
