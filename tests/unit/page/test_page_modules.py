"""The page's pure modules, tested by node's own test runner, and their numbers compared with those of the terminal."""

from __future__ import annotations

import json
import random
import shutil
import subprocess
from pathlib import Path

import pytest

from otelrun.viewer.analysis.endpoints import percentile
from otelrun.viewer.page import __file__ as page

NODE = shutil.which("node")
HERE = Path(__file__).parent
STATIC = Path(page).parent / "static"

pytestmark = pytest.mark.skipif(NODE is None, reason="node is not installed; these are tests of JavaScript")


@pytest.fixture(scope="module")
def modules(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Copy the modules and their tests to where node takes every .js for a module, whatever its version."""
    root = tmp_path_factory.mktemp("page")
    shutil.copytree(STATIC, root / "otelrun/viewer/page/static")
    shutil.copytree(HERE, root / "tests/unit/page", ignore=shutil.ignore_patterns("*.py", "__pycache__"))
    (root / "package.json").write_text('{"type": "module"}', encoding="utf-8")
    return root


def run_node(modules: Path, *arguments: str) -> str:
    assert NODE is not None
    done = subprocess.run([NODE, *arguments], cwd=modules, capture_output=True, text=True, timeout=100, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_the_pages_pure_modules_do_what_their_tests_say(modules: Path) -> None:
    files = sorted(str(file.relative_to(modules)) for file in (modules / "tests/unit/page").glob("*.test.js"))

    assert "# fail 0" in run_node(modules, "--test", "--test-reporter=tap", *files)


def test_percentiles_of_the_page_are_those_of_the_terminal(modules: Path) -> None:
    chance = random.Random(7)
    samples = [sorted(chance.randrange(10**12) for _ in range(size)) for size in (0, 1, 2, 3, 19, 20, 21, 99, 100, 101)]
    (modules / "samples.json").write_text(json.dumps(samples), encoding="utf-8")
    (modules / "percentiles.js").write_text(
        'import { readFileSync } from "node:fs";\n'
        'import { percentile } from "./otelrun/viewer/page/static/statistics.js";\n'
        'const samples = JSON.parse(readFileSync("samples.json", "utf8"));\n'
        "console.log(JSON.stringify(samples.map((one) => [50, 95, 99].map((share) => percentile(one, share)))));\n",
        encoding="utf-8",
    )

    assert json.loads(run_node(modules, "percentiles.js")) == [
        [percentile(one, share) for share in (50, 95, 99)] for one in samples
    ]
