"""Somebody's instrumentor is broken on purpose: the program runs as bare, one line tells, and all other instrumentations work."""

from __future__ import annotations

import os
import sys

import pytest

from tests.support.programs import run_otelrun, run_python
from tests.support.store_rows import stored_spans
from tests.support.trees import trees

pytestmark = pytest.mark.process

APP = os.path.abspath(os.path.join(os.path.dirname(__file__), "..", "..", "apps", "standing_down", "asks_colours.py"))
BARE = b"blue red\n200\n", 4
EXCHANGE = [("client", "GET", [("server", "GET", [])])]
CLASS = """
import colours
class Instrumentor:
    is_instrumented_by_opentelemetry = False
    def instrument(self, **options):
        self.before = colours.blue, colours.red
        colours.blue = lambda: "patched"
        {failure}
    def _uninstrument(self, **options):
        colours.blue, colours.red = self.before
        {again}
"""
RAISED = {
    "an error": "raise RuntimeError('mine')",
    "an exit": "import sys; sys.exit(9)",
    "an exit of a kind": "raise SystemExit('mine')",
    "something basic": "raise BaseException('mine')",
    "the end of a generator": "raise GeneratorExit",
    "too deep a recursion": "(lambda f: f(f))(lambda f: f(f))",
    "a failed assertion": "assert not options if 'options' in locals() else False",
    "an error that cannot be printed": "raise type('E', (Exception,), {'__str__': lambda self: 1 / 0})()",
    "an import that is missing": "import no_such_module",
}
ENTRY = "[opentelemetry_instrumentor]\nbroken = broken:Instrumentor\n"
METADATA = (
    "Metadata-Version: 2.1\nName: opentelemetry-instrumentation-broken\nVersion: 1.0\n"
    'Requires-Dist: colours; extra == "instruments"\n'
)


def install(site, text, *, entry=ENTRY, metadata=METADATA):
    """Install an instrumentor ``broken`` and what it instruments; give the variables that make them found."""
    for name in ("colours-1.0.dist-info", "opentelemetry_instrumentation_broken-1.0.dist-info"):
        (site / name).mkdir(parents=True)
    (site / "colours.py").write_text("def blue():\n    return 'blue'\n\ndef red():\n    return 'red'\n")
    (site / "colours-1.0.dist-info" / "top_level.txt").write_text("colours\n")
    (site / "broken.py").write_text(text)
    folder = site / "opentelemetry_instrumentation_broken-1.0.dist-info"
    (folder / "entry_points.txt").write_bytes(entry if isinstance(entry, bytes) else entry.encode())
    if metadata is not None:
        (folder / "METADATA").write_bytes(metadata if isinstance(metadata, bytes) else metadata.encode())
    return {"PYTHONPATH": str(site)}


def assert_unharmed(tmp_path, env, *, lines=1):
    """Check that the program does what it does bare, that it is observed, and how much was said."""
    observed = run_otelrun([sys.executable, APP], otelrun_dir=tmp_path / "state", env=env)

    assert (observed.stdout, observed.returncode) == BARE
    assert observed.stderr.count(b"\n") == lines, observed.stderr
    assert trees(stored_spans(tmp_path / "state")) == EXCHANGE
    return observed.stderr


def test_the_program_does_without_otelrun_what_it_is_compared_with(tmp_path):
    bare = run_python([APP], env=install(tmp_path / "site", ""))

    assert ((bare.stdout, bare.returncode), bare.stderr) == (BARE, b"")


@pytest.mark.parametrize("raised", RAISED)
def test_it_raises_when_it_is_imported(tmp_path, raised):
    told = assert_unharmed(tmp_path, install(tmp_path / "site", RAISED[raised]))

    assert told.startswith(b"otelrun: instrumentation broken failed, the program goes on: ")


@pytest.mark.parametrize("raised", RAISED)
def test_it_raises_when_it_has_patched_half(tmp_path, raised):
    text = CLASS.format(failure=RAISED[raised], again="")

    told = assert_unharmed(tmp_path, install(tmp_path / "site", text))

    assert told.startswith(b"otelrun: instrumentation broken failed, the program goes on: ")


def test_it_raises_once_more_when_it_is_undone(tmp_path):
    text = CLASS.format(failure="raise RuntimeError('first')", again="raise SystemExit('second')")

    told = assert_unharmed(tmp_path, install(tmp_path / "site", text))

    assert told.endswith(b"RuntimeError: first\n")


def test_what_it_raises_when_it_is_called_is_between_it_and_the_program(tmp_path):
    patch = "def blue():\n            raise LookupError('theirs')\n        colours.blue = blue"
    site = install(tmp_path / "site", CLASS.format(failure=patch, again=""))
    # the same without otelrun, the patch made by hand
    bare = run_python(
        ["-c", f"import broken; broken.Instrumentor().instrument(); import runpy; runpy.run_path({APP!r})"], env=site
    )

    observed = run_otelrun([sys.executable, APP], env=site)

    assert bare.returncode == observed.returncode == 1
    below = b"    print(colours.blue(), colours.red())\n"
    assert observed.stderr.partition(below)[2] == bare.stderr.partition(below)[2] != b""
    assert b"otelrun" not in observed.stderr.replace(os.fsencode(APP), b"").replace(os.fsencode(tmp_path), b"")


@pytest.mark.parametrize(
    ("entry", "lines"),
    [
        ("[opentelemetry_instrumentor]\nbroken = no_such_module:Instrumentor\n", 1),
        ("[opentelemetry_instrumentor]\nbroken = broken:NoSuchClass\n", 1),
        ("[opentelemetry_instrumentor]\nbroken = broken:Instrumentor.Inner\n", 1),
        ("[opentelemetry_instrumentor]\nbroken = broken\n", 1),
        ("[opentelemetry_instrumentor]\nbroken = broken:\n", 1),
        ("[opentelemetry_instrumentor]\nbroken = :Instrumentor\n", 1),
        ("[opentelemetry_instrumentor]\nbroken = .:Instrumentor\n", 1),
        ("[opentelemetry_instrumentor]\nbroken =\n", 1),
        ("[opentelemetry_instrumentor]\n = broken:Instrumentor\n", 1),
        ("[opentelemetry_instrumentor]\nbroken\n", 0),
        ("[opentelemetry_instrumentor\nbroken = broken:Instrumentor", 1),
        ("opentelemetry_instrumentor", 0),
        (b"[opentelemetry_instrumentor]\n\xff\x00 = \x00:\xfe\n", 1),
        (b"\x00\xff" * 500_000 + b"opentelemetry_instrumentor", 0),
        ("", 0),
    ],
    ids=range(15),
)
def test_its_entry_point_is_damaged(tmp_path, entry, lines):
    assert_unharmed(tmp_path, install(tmp_path / "site", "raise RuntimeError", entry=entry), lines=lines)


@pytest.mark.parametrize(
    ("metadata", "lines"),
    [
        (None, 1),
        ("", 1),
        ("Requires-Dist: \nRequires-Dist: ;extra == 'instruments'\nRequires-Dist: [x] ; extra == 'instruments'\n", 0),
        ("Requires-Dist: colours >=a.b,<*,~=; extra == 'instruments'\n", 1),
        (b"\xff\xfe\x00" * 1000, 1),
        (b"Requires-Dist: \xff\xfe; extra == 'instruments'\n", 0),
        (METADATA + "\n" + "x" * 20_000_000, 1),
        (METADATA.replace("Version", "x" * 20_000_000), 1),
    ],
    ids=["missing", "empty", "no names", "no versions", "binary", "binary name", "huge", "huge header"],
)
def test_its_metadata_are_damaged(tmp_path, metadata, lines):
    """Where they name something that is not installed, it is not loaded."""
    text = "raise RuntimeError('mine')"
    told = assert_unharmed(tmp_path, install(tmp_path / "site", text, metadata=metadata), lines=lines)

    assert told == b"otelrun: instrumentation broken failed, the program goes on: RuntimeError: mine\n" * lines


def test_its_metadata_are_no_files(tmp_path):
    env = install(tmp_path / "site", "raise RuntimeError('mine')", metadata=None)
    (tmp_path / "site" / "opentelemetry_instrumentation_broken-1.0.dist-info" / "METADATA").mkdir()
    (tmp_path / "site" / "other-1.0.dist-info").write_text("a file")
    (tmp_path / "site" / "loop-1.0.dist-info").symlink_to("loop-1.0.dist-info")
    (tmp_path / "site" / "-.dist-info").mkdir()
    (tmp_path / "site" / ".dist-info").mkdir()

    assert_unharmed(tmp_path, env)


def test_an_exit_that_the_user_asks_for_while_it_loads_is_an_exit(tmp_path):
    text = "import os, signal\nos.kill(os.getpid(), signal.SIGTERM)\nfor _ in range(10**9): pass"
    env = install(tmp_path / "site", text)
    program = "import signal, sys; signal.signal(signal.SIGTERM, lambda *_: sys.exit(7)); import colours; print('not reached')"

    observed = run_otelrun([sys.executable, "-c", program], env=env)

    assert (observed.stdout, observed.stderr, observed.returncode) == (b"", b"", 7)
