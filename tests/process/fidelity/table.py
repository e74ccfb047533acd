"""The table: which programs are started in which ways, with what around them. Data only."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from tests.process.fidelity import ways, ways_through
from tests.process.fidelity.place import Around
from tests.process.fidelity.programs import (
    BUSY,
    ENDLESS,
    IDLE,
    IMPORTS,
    OUTPUT,
    PROGRAMS,
    TERMINAL,
    TOOLS,
    TYPED,
    Program,
)
from tests.process.fidelity.surroundings import AROUND, FOR_OUTPUT, GONE, ON_TERMINAL, PIPED
from tests.process.fidelity.way import AS_GIVEN, Way


@dataclass(frozen=True)
class Row:
    """One row: a program, a way to start it, and what is around; ``is_full_only`` rows run with ``--full``."""

    program: Program
    way: Way
    around: Around = field(default_factory=Around)
    is_full_only: bool = False

    @property
    def name(self) -> str:
        """What pytest calls it."""
        return ", ".join(filter(None, (self.program.name, self.way.name, self.around.name)))


WAYS = ways.WAYS | ways_through.WAYS
_SCRIPT = WAYS["script"]
_BUSY_WAYS = ("script", "-m package", "-c", "zip file", "python -I", "CPython 3.10", "CPython 3.12", "CPython 3.13")
_IMPORTS_WAYS = ("script", "python -S", "CPython 3.12")
_OTHER_WAYS = ("-m module", "-c", "stdin", "zip file", "python -I", "python -X dev", "python -W error")
_OF_ALL_WAYS = [program for program in PROGRAMS if program.file in ("raising.py", "logs.py")]
_OTHERWISE = frozenset(
    {
        ("raising recursion", "python -I"),  # the limit is reached earlier: there is one frame more
        ("logs captured warnings", "python -W error"),  # ends otherwise, also bare
    }
)
_SELDOM_WAYS = frozenset(
    {
        "script in a folder", "script by a path through ..", "script without a suffix, with a space", "-m module of bytecode",
        "-m module in PYTHONPATH", "shebang of env", "timeout", "nice", "time", "os.execvp", "subprocess, environment extended",
        "subprocess, new session", "os.posix_spawn", "os.system", "python -b", "python -bb", "python -q", "python -R", "python -B",
        "python -O", "python -Wdefault -Wignore::UserWarning", "python -X utf8", "python -X faulthandler", "python -X tracemalloc",
        "python -X frozen_modules=off", "python -X no_debug_ranges", "python -X int_max_str_digits=900", "python -IS",
        "python -X warn_default_encoding", "python --check-hash-based-pycs always", "uv run python -m",
        *(f"CPython {version} -m package" for version in ("3.10", "3.12", "3.13", "3.14")),
    }
)  # fmt: skip
_SELDOM_AROUND = frozenset(
    {
        "ulimit -c 0", "ulimit -f 0", "ulimit -v", "umask 077", "one processor", "no new privileges", "a large variable",
        "timer slack and core filter", "no locale", "TZ", "HOME unset", "PYTHONNOUSERSITE", "PYTHONDONTWRITEBYTECODE", "PYTHONUTF8",
        "PYTHONSTARTUP", "PYTHONUNBUFFERED", "PYTHONOPTIMIZE", "PYTHONFAULTHANDLER", "PYTHONTRACEMALLOC", "PYTHONMALLOC",
        "PYTHONASYNCIODEBUG", "PYTHONINTMAXSTRDIGITS", "PYTHONPYCACHEPREFIX", "PYTHONUSERBASE", "PYTHONBREAKPOINT",
    }
)  # fmt: skip
_SELDOM_PROGRAMS = frozenset(
    {
        "version in full", "help", "no such option", "-m ast", "-m dis", "-m tokenize", "-m calendar", "-m this", "-m zipfile",
        "-m tarfile", "-m sysconfig", "-m platform", "-m pip check", "-m inspect --details", "-m pydoc", "-m py_compile",
        "-m uvicorn --version", "-m pytest -W error", "-X showrefcount", "-m unittest discover", "-m coverage",
        "-m gunicorn --check-config", "-m flask routes", "raising suppressed", "raising syntax", "raising in timer",
        "raising in callback of future", "raising initializer of pool", "raising in callback of loop", "raising exit none",
        "raising exit large", "raising exit float", "raising exit negative", "raising exit in finally", "raising own hook",
        "raising own unraisable hook", "raising missing import", "raising exit in task", "SystemExit 300", "SIGTERM ignore",
    }
)  # fmt: skip


def _rows() -> list[Row]:
    """Give them all. Every program, every way and every surrounding is in some row."""
    reports = [
        Row(program, way, is_full_only=way.name in _SELDOM_WAYS if usual is None else way.name not in usual)
        for program, usual in ((IDLE, None), (IMPORTS, _IMPORTS_WAYS), (BUSY, _BUSY_WAYS))
        for way in WAYS.values()
    ]
    return [
        *reports,
        *(Row(IDLE, _SCRIPT, around, is_full_only=around.name in _SELDOM_AROUND) for around in AROUND),
        Row(IDLE, WAYS["script by its absolute path"], GONE),
        *(Row(replace(OUTPUT, returncode=status), _SCRIPT, around) for around, status in FOR_OUTPUT),
        *(Row(ENDLESS, _SCRIPT, around) for around in PIPED),
        *(Row(program, _SCRIPT, ON_TERMINAL) for program in (TERMINAL, TYPED)),
        *(Row(program, AS_GIVEN, is_full_only=program.name in _SELDOM_PROGRAMS) for program in TOOLS),
        *(Row(program, _SCRIPT, is_full_only=program.name in _SELDOM_PROGRAMS) for program in PROGRAMS),
        *(
            Row(program, WAYS[way], is_full_only=number % 7 != position or number % 4 != 0)
            for position, way in enumerate(_OTHER_WAYS)
            for number, program in enumerate(_OF_ALL_WAYS)
            if (program.name, way) not in _OTHERWISE
        ),
    ]


ROWS = _rows()
