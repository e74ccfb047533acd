"""The programs of the table. Data only."""

from __future__ import annotations

import signal
import sys
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from tests.process.fidelity.allowed import CHILDREN, FINDERS, FRAME_OF_POOL, LOGGERS, TEXT, Difference

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True)
class Program:
    """A program, what it is given, and how it ends (so that both failing alike is no success).

    Attributes:
        name: for the row.
        file: below ``tests/apps/fidelity``; empty where the arguments are those of the interpreter.
        arguments: its own.
        returncode: expected.
        stdin: what it reads.
        env: its variables.
        beside: other files and folders of ``tests/apps/fidelity`` that it needs.
        scrub: patterns of what differs between any two runs (times, addresses), and what stands for it.
        is_report: its last line on stdout is a report.
        since: the first Python that can run it.
        sees: what is allowed to differ in its outputs.
    """

    name: str
    file: str
    arguments: tuple[str, ...] = ()
    returncode: int = 0
    stdin: bytes = b""
    env: Mapping[str, str] = field(default_factory=dict)
    beside: tuple[str, ...] = ()
    scrub: tuple[tuple[str, str], ...] = ()
    is_report: bool = False
    since: tuple[int, int] = (3, 10)
    sees: tuple[Difference, ...] = ()


IDLE, IMPORTS, BUSY = (
    Program(f"report {work}", "reporter.py", (work,), is_report=True) for work in ("idle", "imports", "busy")
)

ADDRESSES = (r"0x[0-9a-f]{8,}", "0x")
SECONDS = (r"\b[0-9]+(\.[0-9]+)?(e-[0-9]+)? ?(s|ms|sec|msec|usec|nsec|seconds)\b", "0 s")
SLOW = (r"Executing <.*> took [0-9.]+ seconds\n", "")  # the machine was busy
PIDS = (r"(?i)\b(pid|process)[= ']*[0-9]+|ForkPoolWorker-[0-9]+|-[0-9]+:[0-9]+", "pid")


def _each(file: str, returncodes: Mapping[str, int], *, scrub: tuple[tuple[str, str], ...] = ()) -> list[Program]:
    """Give one program for each word that a file takes."""
    name = file.removesuffix(".py").replace("_", " ")
    return [
        Program(f"{name} {words.replace('_', ' ')}", file, tuple(words.split()), returncode, scrub=scrub)
        for words, returncode in returncodes.items()
    ]


def _given(name: str, words: str, returncode: int = 0, **facts: object) -> Program:
    """Give a program that is named in the words that follow the interpreter."""
    return Program(name, "", tuple(words.split()), returncode, **facts)  # type: ignore[arg-type]


_RAISING = {
    **dict.fromkeys(
        [
            "cause",
            "context",
            "suppressed",
            "note",
            "recursion",
            "without_message",
            "syntax",
            "in_import",
            "syntax_in_import",
            "missing_import",
        ],
        1,
    ),
    **dict.fromkeys(["in_thread", "in_timer", "hook_of_threads", "in_callback_of_future", "never_retrieved"], 0),
    **dict.fromkeys(
        ["future_never_retrieved", "in_callback_of_loop", "in_finalizer", "at_exit", "own_unraisable_hook"], 0
    ),
    **dict.fromkeys(
        ["exit_none", "exit_in_thread", "in_handler_of_server", "in_format", "traceback_as_data", "exit_at_exit"], 0
    ),
    **dict.fromkeys(
        ["in_subclass_of_thread", "in_pool", "initializer_of_pool", "in_task", "in_hook", "own_hook", "exit_object"], 1
    ),
    **dict.fromkeys(
        [
            "exit_large",
            "exit_float",
            "exit_in_handler_of_server",
            "client_without_server",
            "in_log_handler",
            "in_log_filter",
        ],
        1,
    ),
    "group": 1,
    "interrupt": -signal.SIGINT,
    "exit_negative": 255,
    "exit_large": 0,
    "exit_in_finally": 6,
    "exit_in_task": 7,
}
_LOGS = [
    "unconfigured",
    "without_last_resort",
    "basic",
    "all_fields",
    "record_as_json",
    "record_fields",
    "factory",
    "record_with_slots",
    "stack",
    "trace_ids_in_format",
    "by_dict",
    "by_file",
    "by_queue",
    "pickled",
    "in_memory",
    "rotating",
    "filters",
    "own_filter_method",
    "adapter",
    "captured_warnings",
    "levels",
    "broken_format",
    "objects",
    "nested",
    "at_exit",
    "to_a_closed_stream",
    "in_finalizer",
    "tree",
]
_TASKS = {
    **dict.fromkeys(
        [
            "described",
            "cancelled",
            "never_awaited",
            "left_pending",
            "variables",
            "own_handler",
            "own_factory",
            "own_task_class",
            "own_loop",
        ],
        0,
    ),
    **dict.fromkeys(["generators", "streams", "children", "signals", "gathered", "runner"], 0),
    **dict.fromkeys(["grouped", "twice", "nothing_to_await"], 1),
    "interrupted": -signal.SIGINT,
}
_THREADS = {
    **dict.fromkeys(
        [
            "named",
            "described",
            "overridden",
            "daemon_at_exit",
            "not_joined",
            "low_level",
            "released",
            "pools",
            "cancelled",
            "traced",
            "deep",
            "local",
        ],
        0,
    ),
    **dict.fromkeys(["patched", "copied", "counted"], 0),
    "misused": 1,
}
_PROCESSES = {
    **dict.fromkeys(
        [
            "called",
            "environments",
            "isolated",
            "piped",
            "prepared",
            "forked",
            "forked_in_thread",
            "replaced",
            "spawned",
            "daemonized",
            "managed",
        ],
        0,
    ),
    **dict.fromkeys(["shared_memory", "reaped", "replaced_without_environment"], 0),
    **{
        f"{what} {way}": 0
        for what in ("multiprocessed", "failing_child", "executor")
        for way in ("fork", "spawn", "forkserver")
    },
    "replaced_by_shell": 9,
}
_IMPORTING = {
    **dict.fromkeys(
        [
            "reloaded",
            "imported_anew",
            "blocked",
            "finders",
            "generated",
            "lazily",
            "described",
            "sourced",
            "listed",
            "distributions",
        ],
        0,
    ),
    **dict.fromkeys(["run_again", "many_threads", "own_names", "sub_interpreter"], 0),
    **dict.fromkeys(["circular", "zipped", "replaced"], 1),
}
_STREAMS = {
    **dict.fromkeys(
        [
            "closed",
            "none",
            "handled",
            "blocked",
            "wakened",
            "registered",
            "descriptors",
            "limited",
            "no_space",
            "renamed_directory",
        ],
        0,
    ),
    **dict.fromkeys(["warned", "imports_that_warn", "seeded", "recursion", "collected"], 0),
    **dict.fromkeys(["reconfigured", "not_encodable", "failing_handler"], 1),
    "closed_descriptors": 4,
    "killed_by_alarm": -signal.SIGALRM,
    "dumped": -signal.SIGSEGV,
}

RAISING = _each("raising.py", _RAISING, scrub=(ADDRESSES, SLOW))
LOGS = _each("logs.py", dict.fromkeys(_LOGS, 0))
TASKS = _each("tasks.py", _TASKS, scrub=(SLOW, ADDRESSES, SECONDS))
THREADS = _each("threads.py", _THREADS, scrub=(ADDRESSES,))
PROCESSES = _each("processes.py", _PROCESSES, scrub=(PIDS, ADDRESSES))
IMPORTING = _each("importing.py", _IMPORTING, scrub=(ADDRESSES,))
STREAMS = _each("streams.py", _STREAMS, scrub=(ADDRESSES,))

LARGE = Program("streams large", "streams.py", ("large",), stdin=bytes(range(256)) * 4000)
LINES = Program("streams lines", "streams.py", ("lines",), stdin=b"one\r\ntwo\n\nlast without end")
PROMPTED = Program("streams prompted", "streams.py", ("prompted",), 1, stdin=b"shop\nsecond\n")
ENDLESS = Program("streams endless", "streams.py", ("endless",))
TERMINAL = Program("streams terminal", "streams.py", ("terminal",), stdin=b"a line\nthe rest\n\4")
TYPED = Program("streams prompted", "streams.py", ("prompted",), 1, stdin=b"shop\nsecond\n\4")
OUTPUT = Program("unicode and bytes", "plain_output.py", ("ä", ""))
FIRST = [
    OUTPUT,
    Program("sys.exit 3", "exit_status.py", ("sys", "3"), 3),
    Program("sys.exit with a text", "exit_status.py", ("text", "out of tea"), 1),
    Program("SystemExit 300", "exit_status.py", ("raise", "300"), 300 % 256),
    Program("os._exit", "exit_status.py", ("os", "5"), 5),
    Program("uncaught exception", "uncaught.py", returncode=1),
    *(
        Program(f"{name} {how}", "kills_itself.py", (name, how), end)
        for name, how, end in (
            ("SIGTERM", "default", -signal.SIGTERM),
            ("SIGTERM", "handler", 7),
            ("SIGTERM", "ignore", 0),
            ("SIGKILL", "default", -signal.SIGKILL),
            ("SIGINT", "default", -signal.SIGINT),
            ("SIGABRT", "default", -signal.SIGABRT),
            ("SIGHUP", "default", -signal.SIGHUP),
            ("SIGPIPE", "default", 0),
        )
    ),
    Program("threads and atexit", "threads_and_atexit.py"),
    Program("logging unconfigured", "logging_bare.py"),
    Program("logging configured", "logging_configured.py"),
    Program("asyncio", "asyncio_tasks.py"),
    Program("children", "children.py"),
    Program("stdin", "reads_stdin.py", stdin=b"first line\n" + b"x" * 200_000 + b"end"),
    Program("stdin empty", "reads_stdin.py"),
    Program(
        "odd arguments", "odd_arguments.py", ("--profile", "prod", "-c", "--to", "", "--", "--version", "a b", "ü")
    ),
    Program("bad arguments", "odd_arguments.py", ("--nothing-like-it",), 2),
    Program("http.server and clients", "http_in_one_process.py"),
    Program("user's sitecustomize", "is_customized.py", env={"PYTHONPATH": "customized"}, beside=("customized",)),
]

_TESTED = {"beside": ("tested.py",)}
_PYTHON_DATA = b'{"b": [1, 2], "a": "\\u00e4"}'
TOOLS = [
    _given("unbuffered", "-u plain_output.py", beside=("plain_output.py",)),
    _given("syntax error", "-c def", 1),
    _given("no such script", "missing.py", 2),
    _given("no such module", "-m missing.module", 1),
    _given("no such option", "--missing", 2),
    _given("odd interpreter options", "-O -W ignore -X dev odd_arguments.py -cc", beside=("odd_arguments.py",)),
    _given("package with -m", "-m package_main --flag", 2, beside=("package_main",)),
    _given("script on stdin", "- arg", stdin=b"import sys; print(sys.argv, __name__)\n"),
    _given("version", "--version"),
    _given("version in full", "-VV"),
    _given("help", "--help"),
    _given("-m unittest", "-m unittest -v tested", 1, scrub=(SECONDS, ADDRESSES), **_TESTED),
    _given("-m unittest discover", "-m unittest discover -p tested.py", 1, scrub=(SECONDS,), **_TESTED),
    _given("-m doctest", "-m doctest tested.py", 1, **_TESTED),
    _given("-m pytest", "-m pytest -p no:cacheprovider -q tested.py", 1, scrub=(SECONDS, ADDRESSES), **_TESTED),
    _given(
        "-m pytest -W error",
        "-m pytest -p no:cacheprovider -q -W error tested.py",
        1,
        scrub=(SECONDS, ADDRESSES),
        **_TESTED,
    ),
    _given(
        "-m pdb", "-m pdb tested.py", stdin=b"break total\ncontinue\nwhere\nargs\nreturn\ncontinue\nquit\n", **_TESTED
    ),
    _given("-m timeit", "-m timeit -n 2 -r 1 pass", scrub=(SECONDS,)),
    _given("-m cProfile", "-m cProfile -s name sums.py", scrub=((r"[0-9]+\.[0-9]{3}", "0.000"),), beside=("sums.py",)),
    _given("-m trace", "-m trace --trace sums.py", beside=("sums.py",)),
    _given("-m trace --listfuncs", "-m trace --listfuncs sums.py", beside=("sums.py",)),
    _given("-m coverage", "-m coverage report", 1),
    _given("-m pip --version", "-m pip --version"),
    _given("-m pip list", "-m pip list --disable-pip-version-check --format=freeze"),
    _given("-m pip check", "-m pip check"),
    _given("-m venv", "-m venv --without-pip environment"),
    _given("-m compileall", "-m compileall -q tested.py", **_TESTED),
    _given("-m py_compile", "-m py_compile tested.py missing.py", 1, **_TESTED),
    _given("-m json.tool", "-m json.tool --sort-keys", stdin=_PYTHON_DATA),
    _given("-m ast", "-m ast tested.py", **_TESTED),
    _given("-m dis", "-m dis tested.py", scrub=(ADDRESSES,), **_TESTED),
    _given("-m tokenize", "-m tokenize tested.py", **_TESTED),
    _given("-m inspect", "-m inspect logging:Logger.filter"),
    _given("-m inspect --details", "-m inspect --details threading:Thread", scrub=(ADDRESSES,)),
    _given("-m pydoc", "-m pydoc tested", env={"PAGER": "cat"}, scrub=(ADDRESSES,), **_TESTED),
    _given("-m pydoc threading.Thread", "-m pydoc threading.Thread", env={"PAGER": "cat"}),
    _given("-m site", "-m site"),
    _given("-m sysconfig", "-m sysconfig"),
    _given("-m platform", "-m platform"),
    _given("-m calendar", "-m calendar 2026"),
    _given("-m zipapp", "-m zipapp package_main -o package.pyz", beside=("package_main",)),
    _given("-m zipfile", "-m zipfile -c archive.zip tested.py", **_TESTED),
    _given("-m tarfile", "-m tarfile -c archive.tar tested.py", **_TESTED),
    _given("-m http.server --help", "-m http.server --help"),
    _given("-m http.server on a bad port", "-m http.server port", 2),
    _given("-m this", "-m this"),
    _given(
        "-m code", "-m code", stdin=b"import logging, threading\nlogging.warning('typed')\n1/0\nthreading\n__name__\n"
    ),
    _given(
        "-i",
        "-i tested.py",
        stdin=b"total([3, 4])\nimport sys; sys.argv\nraise SystemExit(3)\n",
        returncode=3,
        **_TESTED,
    ),
    _given("-i without a program", "-i", stdin=b"import http.server\nhttp.server\n1/0\nprint(2)\n"),
    _given("-q", "-q", stdin=b"print(__name__, __file__)\n"),
    _given(
        "-m asyncio",
        "-m asyncio",
        stdin=b"await asyncio.sleep(0, 'slept')\n1/0\n",
        scrub=((r"_base.py\", line [0-9]+, in result", '_base.py", line 0, in result'),),  # whoever is faster
    ),
    _given("-X importtime", "-X importtime -c pass", scrub=((r"(?m)^import time:.*\n", ""),)),
    _given("-X showrefcount", "-X showrefcount -c pass", scrub=((r"[0-9]+", "0"),)),
    _given("-m flask --version", "-m flask --version"),
    _given("-m flask routes", "-m flask --app nothing routes", 2),
    _given("-m gunicorn --check-config", "-m gunicorn --check-config tested:total", **_TESTED),
    _given("-m uvicorn --version", "-m uvicorn --version"),
    _given("-m celery report", "-m celery --version"),
    _given("reloader of werkzeug", "reloading.py", beside=("reloading.py",)),
]
_SEES = {
    "processes replaced by shell": CHILDREN,
    "processes replaced without environment": CHILDREN,
    "logs objects": TEXT,
    "logs nested": TEXT,
    "logs tree": LOGGERS,
    "threads pools": FRAME_OF_POOL,
    "importing finders": FINDERS,
}
_UNRECORDED = ("streams no space", "streams recursion")  # where otelrun has to say that it cannot record: one line more
PROGRAMS = [*FIRST, *RAISING, *LOGS, *TASKS, *THREADS, *PROCESSES, *IMPORTING, *STREAMS, LARGE, LINES, PROMPTED]
PROGRAMS = [
    replace(
        program,
        sees=(_SEES[program.name],) if program.name in _SEES else (),
        env={"OTELRUN_QUIET": "1"} if program.name in _UNRECORDED else program.env,
    )
    for program in PROGRAMS
]
if sys.version_info < (3, 11):
    _NEWER = ("raising group", "raising note", "tasks grouped", "tasks runner")
    PROGRAMS = [program for program in PROGRAMS if program.name not in _NEWER]
