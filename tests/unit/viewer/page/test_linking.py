"""The page's modules as one script."""

from __future__ import annotations

import shutil
import subprocess

import pytest

from otelrun.errors import ReportError
from otelrun.viewer.page.linking import link
from otelrun.viewer.page.static_files import load_texts

NODE = shutil.which("node")
MODULES = {
    "page.js": 'import { twice, Box as Crate } from "./a.js";\nimport {\n  half,\n} from "./b.js";\nconsole.log(twice(half), new Crate().x);\n',
    "a.js": 'import { half } from "./b.js";\nexport function twice(x) {\n  return 2 * x + half * 0;\n}\nexport class Box {\n  x = 7;\n}\n',
    "b.js": "const half0 = 21;\nexport const half = half0;\nexport async function later() {}\n",
    "unused.js": "throw new Error();\n",
}


def test_each_module_comes_after_those_it_imports_from_and_once():
    script = link(MODULES, "page.js")
    assert [line for line in script.splitlines() if line.startswith("// ")] == ["// b.js", "// a.js", "// page.js"]
    assert "import" not in script
    assert "export" not in script


@pytest.mark.skipif(NODE is None, reason="there is no node on this machine")
def test_the_script_does_what_the_modules_do():
    result = subprocess.run(
        [NODE, "-"], input=link(MODULES, "page.js"), capture_output=True, text=True, check=False, timeout=20
    )
    assert (result.stdout, result.stderr) == ("42 7\n", "")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('import x from "./b.js";', "not linked"),
        ('import * as x from "./b.js";', "not linked"),
        ('import "./b.js";', "not linked"),
        ('import { x } from "https://evil.example/x.js";', "not linked"),
        ("export default 1;", "not linked"),
        ("export { x };", "not linked"),
        ("export let x = 1;", "not linked"),
        ('import { x } from "./missing.js";', "missing.js is missing"),
        ('import { y } from "./circle.js";', "in a circle"),
    ],
)
def test_a_form_that_is_not_read_is_refused(text, said):
    modules = {**MODULES, "page.js": text, "circle.js": 'import { y } from "./page.js";\nexport const y = 1;'}
    with pytest.raises(ReportError, match=said):
        link(modules, "page.js")


def test_the_page_itself_links():
    texts = load_texts()
    assert link(texts, "page.js").count("\n// ") <= len(texts)
