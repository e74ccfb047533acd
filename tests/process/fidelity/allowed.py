"""What a program may see of otelrun: the whole list. Every other difference fails the table.

``docs/reference/transparency.md`` shows the same list to users. Each entry takes what it allows out of the report of a program
under otelrun, and nothing else: what it does not know stays and differs.
"""

from __future__ import annotations

import os
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from otelrun.inheritance import remove
from tests.support.project import ROOT

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

Report = dict[str, Any]

_AT_START = frozenset(("__future__",))
_OS = frozenset(("os", "os.path", "posixpath", "genericpath", "stat", "_stat", "_collections_abc"))
_OWN_FOLDERS = (f"{ROOT}{os.sep}otelrun{os.sep}", f"{ROOT}{os.sep}")
_THIRD_PARTY = frozenset(("typing_extensions",))
FINDER = "otelrun.startup.hooks.PostImportFinder"
_LAST_FINDER = "otelrun.startup.overlay.OverlayFinder"
_WAY_ROUND = os.path.join("otelrun", "launch", "isolated", "way_round.py")


@dataclass(frozen=True)
class Difference:
    """A difference that is allowed.

    Attributes:
        what: for people; the first column of the page's table.
        why: why it cannot be otherwise; the second.
        remove: takes it out of the second report; the first is the bare program's.
        output: a pattern of what it adds to the outputs of programs that name it in ``Program.sees``, and what is left of that.
    """

    what: str
    why: str
    remove: Callable[[Report, Report], None] | None = None
    output: tuple[str, str] | None = None


def without_allowed(bare: Report, observed: Report) -> Report:
    """Take out of ``observed`` (and give) all that is allowed."""
    for difference in ALLOWED:
        if difference.remove is not None:
            difference.remove(bare, observed)
    return observed


def _sections(bare: Report, observed: Report, fact: str) -> Iterator[tuple[str, Any, Any]]:
    for section, facts in observed.items():
        if fact in facts and fact in bare.get(section, {}):
            yield section, bare[section][fact], facts[fact]


def _modules(bare: Report, observed: Report) -> None:
    for section, before, now in _sections(bare, observed, "modules"):
        known = set(before)
        ours = _AT_START | _OS if "no_site=1" in observed["idle"]["flags"] else _AT_START
        is_busy = section == "busy"
        now[:] = [
            name for name in now if name in known or (name not in ours and not _is_ours(name, has_recorded=is_busy))
        ]


def _is_ours(module: str, *, has_recorded: bool) -> bool:
    top = module.partition(".")[0]
    if has_recorded and (top == "opentelemetry" or top in _THIRD_PARTY or top in sys.stdlib_module_names):
        return True
    return top == "otelrun"


def _finders(bare: Report, observed: Report) -> None:
    for _, _, now in _sections(bare, observed, "meta_path"):
        if now[:1] == [FINDER]:
            del now[0]
        if now[-1:] == [_LAST_FINDER]:
            del now[-1]


def _frame(bare: Report, observed: Report) -> None:
    if not _goes_round(observed):
        return
    for _, before, now in _sections(bare, observed, "frames"):
        if now == [*before, "<module>"]:
            now.pop()
    for _, _, now in _sections(bare, observed, "tasks"):
        for task in now:
            task[-1] -= 1


def _goes_round(observed: Report) -> bool:
    return any(word.endswith(_WAY_ROUND) for word in observed["idle"]["cmdline"])


def _name_of_sys(bare: Report, observed: Report) -> None:
    for _, _, now in _sections(bare, observed, "names_of_sys"):
        if "_otelrun_started" in now:
            now.remove("_otelrun_started")


def _importer_cache(bare: Report, observed: Report) -> None:
    for _, before, now in _sections(bare, observed, "path_importer_cache"):
        now[:] = [path for path in now if path in before or not f"{path}{os.sep}".startswith(_OWN_FOLDERS)]


def _at_exit(bare: Report, observed: Report) -> None:
    for section, before, now in _sections(bare, observed, "atexit"):
        if section == "busy" and now == before + 1:
            observed[section]["atexit"] = before


def _kernel_environment(bare: Report, observed: Report) -> None:
    for _, before, now in _sections(bare, observed, "kernel_environment"):
        shown = remove(dict(entry.split("=", 1) for entry in now))
        now[:] = sorted(f"{name}={value}" for name, value in shown.items())
        before.sort()


def _command_line(bare: Report, observed: Report) -> None:
    if _goes_round(observed):
        for _, before, now in _sections(bare, observed, "cmdline"):
            now[:] = before


def _ring(bare: Report, observed: Report) -> None:
    for _, _, now in _sections(bare, observed, "mapped_files"):
        rings = [path for path in now if f"{os.sep}runs{os.sep}" in path and path.endswith(".ring")]
        for path in rings[:1]:
            now.remove(path)


def _context(bare: Report, observed: Report) -> None:
    for _, _, now in _sections(bare, observed, "in_handler"):
        names, headers = now[1:3]
        for found, name in ((names, "current_context"), (headers, "traceparent")):
            if name in found:
                found.remove(name)


def _loggers(bare: Report, observed: Report) -> None:
    for _, before, now in _sections(bare, observed, "loggers"):
        now[:] = [name for name in now if name in before or name.partition(".")[0] != "opentelemetry"]


FRAME_BELOW = Difference(
    "under `python -I`, `-E` and `-S`: one frame of a module below the program's own, which stacks show (`stack_info`, "
    "`inspect.stack`) and tracebacks do not; under `-S` also `os` and what it loads",
    "with these, Python reads no `PYTHONPATH` or runs no `site`: otelrun can only come in by the command line",
    _frame,
    output=(r'  File ".*way_round.py", line [0-9]+, in <module>\n    .*\n', ""),
)
LOGGERS = Difference(
    "once something is recorded, `logging` has the loggers of `opentelemetry`",
    "its modules make them",
    _loggers,
    output=(r"'opentelemetry[^']*', ", ""),
)
CHILDREN = Difference(
    "programs that are not Python, and are started by one that is observed, find `OTELRUN_HANDOFF` and the entry in "
    "`PYTHONPATH`, also in an environment that was replaced (`distribution.otelrun.children`)",
    "they may start Python programs, which are to be observed",
    output=(r"PYTHONPATH=\S*\n|OTELRUN_HANDOFF=\S+\n| ?\S+launch.shim(?=\n)", ""),
)
TEXT = Difference(
    "the text of a log record is asked for once more than the handlers ask: `__str__` of what is logged runs again",
    "the text is what is recorded; handlers do not tell theirs",
    output=(r"(asked for \w+\n)\1", r"\1"),
)
FRAME_OF_POOL = Difference(
    "the stack of a function in a `ThreadPoolExecutor` has one frame more, the second `run`; no traceback shows it",
    "the context of the code that submitted has to be taken back afterwards",
    output=(r"'run', 'run', '_worker'", "'run', '_worker'"),
)
FINDERS = Difference(
    "finders that a program puts in front of `sys.meta_path` are asked for modules of `otelrun` and `opentelemetry`",
    "these are loaded when they are needed, through importlib",
    output=(r"asked for (otelrun|opentelemetry)\S*\n", ""),
)
ALLOWED = (
    Difference(
        "`sys.modules` has `otelrun` and modules below it, and `__future__`; once something is recorded, also "
        "`opentelemetry`, `typing_extensions` and what these load of the standard library",
        "code that runs in a process is loaded in it",
        _modules,
    ),
    Difference(
        "`sys.meta_path` has one finder more, in front; a second one at the end where the program's environment has no "
        "`opentelemetry-api`",
        "what a program imports is instrumented when it does, and not before",
        _finders,
    ),
    FRAME_BELOW,
    Difference("`sys._otelrun_started`", "two shims in one process must not both start", _name_of_sys),
    Difference(
        "`sys.path_importer_cache` knows otelrun's own folders",
        "importlib keeps an entry for each folder that something was imported from",
        _importer_cache,
    ),
    Difference(
        "`/proc/self/environ` has `OTELRUN_HANDOFF` and an entry more in `PYTHONPATH`, and the trace context of the span in which "
        "the process was started, if it was in one (`os.environ` has not)",
        "it shows what the kernel passed to the process, for good",
        _kernel_environment,
    ),
    Difference(
        "`/proc/self/cmdline` of `python -I`, `-E` and `-S` (`sys.argv` and `sys.orig_argv` are the program's)",
        "as above: it shows what the kernel passed to the process",
        _command_line,
    ),
    Difference(
        "once something is recorded, `atexit` has one function more", "the ring is left in order at the end", _at_exit
    ),
    Difference(
        "where stderr is a terminal and `OTELRUN_SUMMARY` is not `off`: `atexit` is loaded and has one function, in the run's first "
        "process; otelrun has written a line before the program begins, and a summary after its end, for which the process is "
        "there up to 1.5 s longer",
        "who sits at the terminal sees what happened, and where to look; nobody else is there to print it",
    ),
    Difference(
        "once something is recorded, one file more is mapped: the ring, in otelrun's directory",
        "it is where the telemetry goes; it holds no descriptor",
        _ring,
    ),
    Difference(
        "while a request is served: a `traceparent` header where the client is observed, and a context variable",
        "this is how a trace goes from one process to the next, and on to the code inside",
        _context,
    ),
    LOGGERS,
    CHILDREN,
    Difference(
        "programs that are not observed, and are started inside a span, find its context: `TRACEPARENT` and its like, and "
        "`OTELRUN_CONTEXT`, which says what these would be without",
        "this is how a trace goes on below them",
    ),
    Difference(
        "audit hooks are told of the environment that a child gets from otelrun; inside a span also of an `os.execve` for "
        "`os.execv`, and of a command of `os.system` that sets the trace context and becomes the one that was given",
        "they are told what happens",
    ),
    Difference(
        'OpenTelemetry\'s API does not log "Failed to detach context" for a span that is left in another context than it was '
        "entered in",
        "what was current before is current again, which is what the line says has failed",
    ),
    TEXT,
    FRAME_OF_POOL,
    FINDERS,
)
