"""From the words of a command: what is executed, whether Python runs it, and what keeps otelrun out."""

from __future__ import annotations

import sys

import pytest

from otelrun.launch.target import Target, resolve_target


def make_script(path, first_line, rest="print()\n"):
    path.write_text(f"{first_line}\n{rest}")
    path.chmod(0o755)
    return str(path)


def test_a_python_on_path_keeps_its_name_as_argv_0(tmp_path, monkeypatch):
    (tmp_path / "python").symlink_to(sys.executable)
    monkeypatch.chdir(tmp_path)
    (tmp_path / "pyproject.toml").write_text('[project]\nversion = "7"\n')

    target = resolve_target(["python", "shop.py", "--help"], {"PATH": str(tmp_path)})

    assert target == Target(
        executable=f"{tmp_path}/python",
        arguments=["python", "shop.py", "--help"],
        is_python=True,
        service=("shop", "name of the script"),
        version=("7", str(tmp_path / "pyproject.toml")),
    )


@pytest.mark.parametrize("name", ["python", "python3", "python3.13", "python3.13t", "pypy3", "python.exe"])
def test_interpreters_are_known_by_their_names(tmp_path, name):
    path = make_script(tmp_path / name, "#!/bin/sh")

    assert resolve_target([path, "-c", "pass"], {}).is_python


def test_a_console_script_is_python_by_its_first_line(tmp_path):
    path = make_script(tmp_path / "gunicorn", f"#!{sys.executable}")

    target = resolve_target(["gunicorn", "shop:app"], {"PATH": str(tmp_path)})

    assert (target.executable, target.arguments, target.is_python) == (path, ["gunicorn", "shop:app"], True)
    assert target.service == ("gunicorn", "name of the command")


@pytest.mark.parametrize(
    ("words", "option"), [(["-Ix", "a.py"], "-I"), (["-I", "a.py"], ""), (["-E", "-m", "a"], ""), (["a.py"], "")]
)
def test_options_that_keep_otelrun_out_are_seen(words, option):
    assert resolve_target([sys.executable, *words], {}).blocking_option == option


def test_an_option_in_the_first_line_keeps_otelrun_out(tmp_path):
    path = make_script(tmp_path / "tool", f"#!{sys.executable} -sEx")

    assert resolve_target([path], {}).blocking_option == "-E"


def test_another_command_is_named_by_itself(tmp_path):
    path = make_script(tmp_path / "serve", "#!/bin/sh")

    assert resolve_target([path, "python"], {}) == Target(
        path, [path, "python"], is_python=False, service=("serve", "name of the command"), version=None
    )


@pytest.mark.parametrize(
    ("words", "service"),
    [
        (["run", "shop.py"], ("shop", "name of the script")),
        (["run", "python", "-m", "shop"], ("shop", "name of the module after -m")),
        (["run", "--with", "x", "shop.py"], ("uv", "name of the command")),
        (["sync"], ("uv", "name of the command")),
    ],
)
def test_a_runner_is_named_by_what_it_runs(tmp_path, words, service):
    make_script(tmp_path / "uv", "#!/bin/sh")

    assert resolve_target(["uv", *words], {"PATH": str(tmp_path)}).service == service
