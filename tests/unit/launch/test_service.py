"""The service is called what its user would call it, and the source of the name is told."""

from __future__ import annotations

import pytest

from otelrun.launch.service import infer_service, infer_version
from otelrun.python_command import read_python_command


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (["shop.py"], ("shop", "name of the script")),
        (["bin/worker"], ("worker", "name of the script")),
        (["shop.pyz"], ("shop", "name of the script")),
        (["app.py"], ("project", "directory of the script")),
        (["backend/manage.py", "runserver"], ("backend", "directory of the script")),
        (["/srv/orders/wsgi.py"], ("orders", "directory of the script")),
        (["backend/"], ("backend", "name of the script")),
        (["/main.py"], ("main", "name of the script")),
        (["-m", "shop.server"], ("shop.server", "name of the module after -m")),
        (["-m", "shop.__main__"], ("shop", "name of the module after -m")),
        (["-c", "pass"], ("project", "working directory")),
        (["-"], ("project", "working directory")),
    ],
)
def test_names_a_python_program(words, expected):
    assert infer_service(read_python_command(words), "", "/home/me/project") == expected


def test_names_a_console_script_by_itself():
    command = read_python_command(["/venv/bin/gunicorn", "shop:app"])

    assert infer_service(command, "/venv/bin/gunicorn", "/x") == ("gunicorn", "name of the command")


def test_a_program_in_the_root_directory_still_has_a_name():
    assert infer_service(read_python_command(["-c", "pass"]), "", "/") == ("python", "name of the interpreter")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ('[project]\nname = "shop"\nversion = "1.2.3"\n', "1.2.3"),
        ("[build-system]\nrequires = []\n\n[project]  # ours\nversion='2.0'\n", "2.0"),
        ('[project]\ndependencies = [\n  "a",\n]\nversion = "3"\n', "3"),
        ('[project]\nname = "shop"\ndynamic = ["version"]\n[tool.x]\nversion = "9"\n', None),
        ('[tool.poetry]\nversion = "1"\n', None),
    ],
)
def test_reads_the_version_of_the_nearest_project(tmp_path, text, expected):
    (tmp_path / "pyproject.toml").write_text(text)
    (tmp_path / "src" / "shop").mkdir(parents=True)

    found = infer_version(str(tmp_path / "src" / "shop"))

    assert found == (None if expected is None else (expected, str(tmp_path / "pyproject.toml")))


def test_an_unreadable_project_file_is_passed_over(tmp_path):
    (tmp_path / "pyproject.toml").write_text('[project]\nversion = "1"\n')
    (tmp_path / "inner").mkdir()
    (tmp_path / "inner" / "pyproject.toml").write_bytes(b"\xff\xfe")

    assert infer_version(str(tmp_path / "inner")) == ("1", str(tmp_path / "pyproject.toml"))
