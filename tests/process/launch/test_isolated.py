"""A program of an interpreter that looks for nothing (``-I``, ``-E``, ``-S``) is observed, and sees what it sees bare."""

from __future__ import annotations

import compileall
import os
import sys
import zipapp

import pytest

from tests.support.interpreters import OBSERVED, find_interpreter
from tests.support.pairs import Pair, assert_same
from tests.support.programs import run_otelrun, run_python

pytestmark = pytest.mark.process

SELF = """
import sys
main = sys.modules["__main__"]
print(sys.argv, sys.orig_argv[1:], sys.path, sys.flags, sys.warnoptions, sys._xoptions, __name__, "site" in sys.modules)
print(list(vars(main)), vars(main).get("__file__"), type(__loader__), __spec__ and __spec__.name, __package__, __doc__)
print(sys._getframe().f_code.co_filename)
import os; print({name: value for name, value in os.environ.items() if "OTELRUN" not in name})
"""
IS_OBSERVED = "import sys; print('otelrun.startup.hooks' in sys.modules, file=sys.stderr)"
FAILS = "def f():\n    raise ValueError('mine')\nf()\n"
HOOKED = """
import atexit, sys
def show(kind, value, traceback):
    print(kind, value, traceback.tb_frame.f_code.co_filename, value.__traceback__ is traceback is sys.last_traceback)
sys.excepthook = show
atexit.register(lambda: print(sys.excepthook is show))
raise ValueError("mine")
"""
CODING = "# coding: latin-1\nprint(ascii('ä'))\n"


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A folder of programs, each in the form of which CPython can start one."""
    folder = tmp_path_factory.mktemp("programs")
    (folder / "app.py").write_text(SELF)
    (folder / "sub").mkdir()
    (folder / "sub" / "link.py").symlink_to(folder / "app.py")
    (folder / "package").mkdir()
    (folder / "package" / "__init__.py").write_text("")
    (folder / "package" / "__main__.py").write_text(SELF)
    zipapp.create_archive(folder / "package", folder / "app.pyz")
    compileall.compile_file(folder / "app.py", quiet=1, legacy=True)
    (folder / "latin.py").write_bytes("# coding: latin-1\nprint(ascii('ä'))\n".encode("latin-1"))
    (folder / "bom.py").write_bytes(b"\xef\xbb\xbfprint('bom')\n")
    (folder / "zero.py").write_bytes(b"print(1)\0")
    (folder / "no_syntax.py").write_text("def (\n")
    (folder / "documented.py").write_text(
        '"""Mine."""\nfrom __future__ import annotations\nprint(__doc__)\nx: int = 1\n'
    )
    (folder / "fails.py").write_text(FAILS)
    (folder / "exits.py").write_text(
        "import sys, atexit\natexit.register(print, 'atexit', __file__)\nsys.exit('gone')\n"
    )
    (folder / "interrupted.py").write_text("import os, signal\nos.kill(os.getpid(), signal.SIGINT)\n")
    (folder / "pickles.py").write_text(
        "import pickle\nclass C: pass\nprint(pickle.loads(pickle.dumps(C())).__module__)\n"
    )
    return folder


def named(words):
    """Name a command line of a test, with the programs' names for their texts."""
    for name, text in {"SELF": SELF, "FAILS": FAILS, "HOOKED": HOOKED, "CODING": CODING}.items():
        words = words.replace(text, name)
    return words


def pair_of(folder, words, python=sys.executable, stdin=b""):
    """Run a command line bare and under otelrun."""
    bare = run_python(words, cwd=folder, python=python, stdin=stdin)
    return Pair(bare, run_otelrun([python, *words], cwd=folder, stdin=stdin))


WORDS = [
    ["-I", "app.py", "a", "-E"],
    ["-E", "./app.py"],
    ["-S", "sub/link.py"],
    ["-ISu", "sub/../app.py"],
    ["-E", "-m", "package", "x"],
    ["-Im", "json.tool", "--help"],
    ["-I", "package"],
    ["-E", "./package/"],
    ["-S", "app.pyz", "z"],
    ["-Ic", SELF, "a"],
    ["-E", "-c" + SELF],
    ["-I", "-"],
    ["-S", "-", "a"],
    ["-E"],
    ["-E", "-W", "error", "-X", "dev", "-OO", "-B", "app.py"],
    ["-I", "--check-hash-based-pycs", "always", "--", "app.py"],
    ["-I", "no_such_file.py"],
    ["-I", "-m", "no_such_module"],
    ["-E", "-m"],
    ["-I", "no_syntax.py"],
    ["-I", "zero.py"],
    ["-I", "latin.py"],
    ["-I", "bom.py"],
    ["-I", "documented.py"],
    ["-I", "exits.py"],
    ["-E", "pickles.py"],
    ["-I", "interrupted.py"],
    ["-I", "--version"],
    ["-Ic", CODING],
    ["-I", "fails.py"],
    ["-E", "-m", "fails"],
    ["-S", "-c", FAILS],
    ["-Ii", "fails.py"],
    ["-Ic", HOOKED],
]


@pytest.mark.parametrize(
    "words",
    WORDS,
    ids=lambda words: named(" ".join(words)),
)
def test_the_program_sees_what_it_sees_bare(folder, words):
    assert_same(pair_of(folder, words, stdin=SELF.encode()))


def test_a_compiled_file_runs_as_bare(folder):
    assert_same(pair_of(folder, ["-I", "app.pyc"]))


@pytest.mark.parametrize("version", OBSERVED)
@pytest.mark.parametrize(
    "words",
    [
        ["-I", "app.py"],
        ["-E", "-m", "package"],
        ["-S", "app.pyz"],
        ["-Ic", SELF],
        ["-I", "-"],
        ["-E", "package"],
        ["-I", "fails.py"],
        ["-Em", "fails"],
        ["-Ic", HOOKED],
    ],
    ids=lambda words: named(words[0] + words[-1]),
)
def test_on_every_python(folder, version, words):
    python = find_interpreter(version)
    if python is None:
        pytest.skip(f"there is no CPython {version} here")
    assert_same(pair_of(folder, words, python=python, stdin=SELF.encode()))


@pytest.mark.parametrize("first_line", ["#!{python} -I", "#!{python} -sE", "#!/usr/bin/env -S python -I -u"])
def test_a_script_is_observed_whatever_its_first_line_says(folder, tmp_path, first_line):
    script = tmp_path / "tool"
    script.write_text(first_line.format(python=sys.executable) + "\n" + SELF + IS_OBSERVED)
    script.chmod(0o755)
    bare = run_python(["-c", "import os, sys; os.execv(sys.argv[1], sys.argv[1:])", str(script), "x"], cwd=tmp_path)
    observed = run_otelrun([str(script), "x"], cwd=tmp_path)
    assert (bare.stdout, bare.stderr) == (observed.stdout, b"False\n")
    assert observed.stderr == b"True\n"


@pytest.mark.parametrize("words", [["-I"], ["-E"], ["-S"], ["-IS"]], ids=lambda words: words[0])
@pytest.mark.parametrize("way", ["-c", "-m", "script"])
def test_it_is_observed(folder, words, way):
    (folder / "is_observed.py").write_text(IS_OBSERVED)
    program = {"-c": ["-c", IS_OBSERVED], "-m": ["-m", "is_observed"], "script": ["is_observed.py"]}[way]
    if way == "-m" and "I" in words[0]:
        program = ["-c", "import sys, runpy; sys.path.insert(0, ''); runpy.run_module('is_observed')"]
    assert run_otelrun([sys.executable, *words, *program], cwd=folder).stderr == b"True\n"


def test_one_who_may_not_read_otelrun_runs_bare(folder, tmp_path):
    if os.geteuid() != 0:
        pytest.skip("only root can become another user")
    program = (
        "import subprocess, sys; print(subprocess.run([sys.executable, '-I', '-c', 'import os; print(os.getuid())'],"
        " user=65534, capture_output=True))"
    )
    assert_same(pair_of(folder, ["-c", program]))
