"""The program's side takes what greenlets replace from one module, which is loaded before the program can ask for greenlets."""

from __future__ import annotations

import ast
import subprocess
import sys

from tests.support.project import ROOT, source_files

REPLACED = {("time", "sleep"), ("_thread", "allocate_lock"), ("_thread", "start_new_thread")}
ROOMS = ("startup", "instrumentation", "pipeline", "ring", "lifecycle")
OWNER = "otelrun/lifecycle/native.py"
LIKE_THE_SDK = {
    "otelrun/pipeline/in_process.py",
    "otelrun/pipeline/otlp_json.py",
}  # whose threads and locks they work with


def test_nobody_else_imports_them() -> None:
    found = set()
    for path in source_files(*(f"otelrun/{room}" for room in ROOMS)):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.ImportFrom) and any((node.module, name.name) in REPLACED for name in node.names):
                found.add(path.relative_to(ROOT).as_posix())
    assert found == {OWNER, *LIKE_THE_SDK}


def test_start_up_loads_it() -> None:
    text = """
from otelrun.profile import handoff, model
from otelrun.startup import activate
import sys
activate.begin(handoff.read(handoff.write(model.Profile(), run_directory="", pipeline="agent", reason="test")))
print("otelrun.lifecycle.native" in sys.modules, "otelrun.ring.writer" in sys.modules)
"""
    ended = subprocess.run(
        [sys.executable, "-c", text], cwd=ROOT, capture_output=True, text=True, check=True, timeout=60
    )
    assert ended.stdout == "True False\n"
