"""What hides a module of the standard library is found, and who asks for a module is told from the frames."""

from __future__ import annotations

import os
import sys
from types import SimpleNamespace

import pytest

from otelrun.startup import shadows

LIBRARY = os.path.dirname(os.__file__)


def test_files_and_packages_before_the_library_are_found(tmp_path, monkeypatch):
    first, second = tmp_path / "first", tmp_path / "second"
    for folder in (first, second, first / "json", first / "queue"):
        folder.mkdir()
    (first / "json" / "__init__.py").touch()
    (first / "queue" / "not_a_package.py").touch()
    for name in ("uuid.py", "shop.py", "typing.pyi", "ast.cpython-311-x86_64-linux-gnu.so"):
        (first / name).touch()
    for name in ("uuid.py", "dis.pyc"):
        (second / name).touch()
    monkeypatch.setattr(sys, "path", [str(first), "/no/such/folder", str(second), LIBRARY, str(tmp_path)])

    found = {name: os.path.relpath(path, tmp_path) for name, path in shadows.find().items()}

    assert found == {
        "json": "first/json",
        "uuid": "first/uuid.py",
        "ast": "first/ast.cpython-311-x86_64-linux-gnu.so",
        "dis": "second/dis.pyc",
    }


def test_an_empty_entry_is_the_working_directory(tmp_path, monkeypatch):
    (tmp_path / "uuid.py").touch()
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", ["", LIBRARY])

    assert shadows.find() == {"uuid": os.path.join(".", "uuid.py")}


def frames(*modules_and_functions):
    """Make a chain of frames, the innermost first."""
    frame = None
    for module, function in reversed(modules_and_functions):
        file = "<frozen importlib._bootstrap>" if function in ("exec_module", "load") else module
        code = SimpleNamespace(co_name=function, co_filename=file)
        frame = SimpleNamespace(f_globals={"__name__": module}, f_code=code, f_back=frame)
    return frame


@pytest.mark.parametrize(
    ("chain", "is_ours"),
    [
        ([("otelrun.pipeline.ids", "<module>"), ("__main__", "<module>")], True),
        ([("inspect", "<module>"), ("importlib", "load"), ("opentelemetry.trace", "f"), ("otelrun.x", "g")], True),
        ([("email", "<module>"), ("otelrun.startup.hooks", "exec_module"), ("__main__", "<module>")], False),
        ([("requests", "<module>"), ("__main__", "<module>")], False),
        ([("shop", "handle"), ("otelrun.instrumentation.http_server", "handle")], False),
        ([("opentelemetry.trace", "<module>"), ("shop", "<module>"), ("__main__", "<module>")], False),
        ([("__main__", "<module>"), ("otelrun.startup.main_program", "run")], False),
        ([], False),
    ],
)
def test_who_asks_is_seen(chain, is_ours):
    assert shadows.is_asked_by_us(frames(*chain)) is is_ours
