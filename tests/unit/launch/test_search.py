"""A command is found where the shell would find it; where it is not, the message says what is near."""

from __future__ import annotations

import os
import sys

import pytest

from otelrun.errors import CommandNotExecutableError, CommandNotFoundError
from otelrun.launch import search


def make_file(path, mode=0o755, text="#!/bin/sh\n"):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    path.chmod(mode)
    return str(path)


def test_the_first_executable_on_path_wins(tmp_path):
    make_file(tmp_path / "a" / "tool", mode=0o644)
    (tmp_path / "b" / "tool").mkdir(parents=True)
    wanted = make_file(tmp_path / "c" / "tool")
    make_file(tmp_path / "d" / "tool")
    path = os.pathsep.join(str(tmp_path / name) for name in "abcd")

    assert search.find_command("tool", {"PATH": path}) == (wanted, False)


def test_an_empty_entry_of_path_is_the_working_directory(tmp_path, monkeypatch):
    make_file(tmp_path / "tool")
    monkeypatch.chdir(tmp_path)

    assert search.find_command("tool", {"PATH": f"/nowhere{os.pathsep}"}) == ("./tool", False)


def test_a_path_is_taken_as_typed(tmp_path, monkeypatch):
    make_file(tmp_path / "bin" / "tool")
    monkeypatch.chdir(tmp_path)

    assert search.find_command("bin/tool", {}) == ("bin/tool", False)


def test_a_near_miss_on_path_is_named(tmp_path):
    make_file(tmp_path / "gunicorn")

    with pytest.raises(CommandNotFoundError, match=r"^gunicron: command not found; did you mean 'gunicorn'\?$"):
        search.find_command("gunicron", {"PATH": str(tmp_path)})


def test_nothing_near_says_so(tmp_path):
    with pytest.raises(CommandNotFoundError, match=r"^qwxyz: command not found$"):
        search.find_command("qwxyz", {"PATH": str(tmp_path)})


def test_a_near_file_is_named(tmp_path):
    make_file(tmp_path / "serve")

    with pytest.raises(CommandNotFoundError, match=rf"sevre: no such file; did you mean '{tmp_path}/serve'\?$"):
        search.find_command(f"{tmp_path}/sevre", {})


def test_a_python_file_in_the_working_directory_is_no_command(tmp_path, monkeypatch):
    make_file(tmp_path / "app.py", mode=0o644)
    monkeypatch.chdir(tmp_path)

    with pytest.raises(CommandNotFoundError, match=r"app.py: not a command; did you mean `otelrun python app.py`\?"):
        search.find_command("app.py", {"PATH": "/nowhere"})


@pytest.mark.parametrize(("name", "hint"), [("app.py", True), ("notes.txt", False)])
def test_a_file_without_permission_is_refused(tmp_path, name, hint):
    path = make_file(tmp_path / name, mode=0o644)

    with pytest.raises(CommandNotExecutableError) as caught:
        search.find_command(path, {})

    assert str(caught.value) == f"{path}: not executable" + (f"; did you mean `otelrun python {path}`?" if hint else "")


def test_a_refused_file_on_path_is_named_when_nothing_better_follows(tmp_path):
    path = make_file(tmp_path / "tool", mode=0o644)

    with pytest.raises(CommandNotExecutableError, match=f"^{path}: not executable$"):
        search.find_command("tool", {"PATH": str(tmp_path)})


def test_a_directory_is_refused_and_its_main_is_offered(tmp_path):
    make_file(tmp_path / "shop" / "__main__.py")

    with pytest.raises(CommandNotExecutableError) as caught:
        search.find_command(f"{tmp_path}/shop", {})

    assert str(caught.value) == f"{tmp_path}/shop: is a directory; did you mean `otelrun python {tmp_path}/shop`?"


@pytest.mark.parametrize(
    ("prefix", "expected"),
    [
        ("/home/me/.cache/uv/archive-v0/Ab12", True),
        ("/home/me/.cache/uv/environments-v2/otelrun-1", True),
        ("/home/me/.local/share/uv/tools/otelrun", True),
        ("/home/me/.local/share/pipx/venvs/otelrun", True),
        ("/home/me/project/.venv", False),
        ("/opt/venv", False),
    ],
)
def test_environments_of_tools_are_told_by_their_place(prefix, expected):
    assert search.is_of_a_tool(prefix) is expected


def test_the_own_folder_of_a_tool_environment_is_passed_over(tmp_path, monkeypatch):
    tool = tmp_path / "uv" / "tools" / "otelrun"
    make_file(tool / "bin" / "python")
    wanted = make_file(tmp_path / "system" / "python")
    monkeypatch.setattr(sys, "prefix", str(tool))
    monkeypatch.setattr(sys, "executable", str(tool / "bin" / "python"))
    path = f"{tool}/bin{os.pathsep}{tmp_path}/system"

    assert search.find_command("python", {"PATH": path}) == (wanted, True)
    assert search.find_command("python", {"PATH": path, "VIRTUAL_ENV": str(tool)}) == (f"{tool}/bin/python", False)


def test_the_own_folder_is_used_when_nothing_else_has_the_command(tmp_path, monkeypatch):
    tool = tmp_path / "uv" / "tools" / "otelrun"
    own = make_file(tool / "bin" / "python")
    monkeypatch.setattr(sys, "prefix", str(tool))
    monkeypatch.setattr(sys, "executable", own)

    assert search.find_command("python", {"PATH": f"{tool}/bin"}) == (own, False)
