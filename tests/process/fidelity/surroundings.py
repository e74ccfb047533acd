"""What can be around a command: closed streams, limits, users, signals, terminals, environments. Data of the table."""

from __future__ import annotations

import os
import shutil
import sys

from tests.process.fidelity.place import Around

_ON_A_TERMINAL = os.path.join(os.path.dirname(__file__), "on_a_terminal.py")


def _needs_root_and(command: str) -> str | None:
    if os.getuid() != 0:
        return "only root becomes somebody else"
    return None if shutil.which(command) else f"there is no {command} here"


def _shell(name: str, text: str, **facts: object) -> Around:
    return Around(name, ("bash", "-c", text, "bash"), **facts)  # type: ignore[arg-type]


NOBODY = ("setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", "--inh-caps=+dac_read_search")
ON_TERMINAL = Around("a terminal", (sys.executable, _ON_A_TERMINAL), {"OTELRUN_SUMMARY": "off"})
GONE = _shell("in a directory that is gone", 'mkdir gone; cd gone; rmdir ../gone; exec "$@"')
FOR_OUTPUT = [
    (_shell("stdout closed", 'exec "$@" >&-'), 1),
    (_shell("stderr closed", 'exec "$@" 2>&-'), 1),
    (_shell("all streams closed", 'exec "$@" <&- >&- 2>&-'), 1),
    (_shell("stdout to /dev/full", 'exec "$@" >/dev/full'), 120),
    (_shell("stderr to /dev/full", 'exec "$@" 2>/dev/full'), 120),
    (_shell("stdout to a file", '"$@" >out 2>>out; status=$?; cat out; exit $status'), 0),
    (_shell("through a fifo", 'mkfifo fifo; cat fifo & "$@" >fifo; status=$?; wait; exit $status'), 0),
]
"""With the status that a program has there which writes to both streams."""
PIPED = [
    _shell("piped to head", '"$@" | head -n 2; echo "${PIPESTATUS[0]}"'),
    _shell("piped to head, SIGPIPE ignored", """trap '' PIPE; "$@" | head -n 2; echo "${PIPESTATUS[0]}" """),
]
AROUND = [
    _shell("stdin closed", 'exec "$@" <&-'),
    _shell("stdin is a file", 'exec "$@" <program.py'),
    _shell("stderr closed", 'exec "$@" 2>&-'),
    _shell("stderr is stdout", 'exec "$@" 2>&1'),
    _shell("descriptors inherited", 'exec "$@" 3</dev/null 9>/dev/null 200</dev/null'),
    _shell("ulimit -n 20", 'ulimit -n 20; exec "$@"'),
    _shell("ulimit -c 0", 'ulimit -c 0; ulimit -s 4096; exec "$@"'),
    _shell("ulimit -f 0", 'ulimit -f 100000; exec "$@"'),
    _shell("ulimit -v", 'ulimit -v 4000000; exec "$@"'),
    _shell("umask 077", 'umask 077; exec "$@"'),
    _shell("umask 777", 'umask 777; exec "$@"'),
    _shell("SIGTERM, SIGINT and SIGHUP ignored", "trap '' TERM INT HUP; exec \"$@\""),
    _shell("SIGPIPE and SIGCHLD ignored", "trap '' PIPE CHLD; exec \"$@\""),
    _shell("in the background", '"$@" & wait $!'),
    Around("nohup", ("nohup",)),
    Around("signals blocked", ("env", "--block-signal=TERM,USR1,INT")),
    Around("nice 5", ("nice", "-n", "5")),
    Around("one processor", ("taskset", "-c", "0")),
    Around("a session of its own", ("setsid", "--wait")),
    Around("no new privileges", ("setpriv", "--no-new-privs")),
    Around("timer slack and core filter", ("prlimit", "--nproc=4000", "--memlock=65536")),
    Around(
        "a user without rights", (*NOBODY, "--ambient-caps=+dac_read_search"), needs=lambda: _needs_root_and("setpriv")
    ),
    ON_TERMINAL,
    Around("HOME read-only", env={"HOME": "/proc"}),
    Around("HOME missing", env={"HOME": "/nonexistent"}),
    Around("HOME unset", ("env", "-u", "HOME")),
    Around("PATH unset", ("env", "-u", "PATH")),
    Around("a large variable", env={"LARGE": "x" * 100_000}),
    _shell("a variable that is no text", "exec env ODD=$'\\xff\\xfe=' \"$@\""),
    Around("LC_ALL=C", env={"LC_ALL": "C"}),
    Around("LC_ALL=POSIX without coercion", env={"LC_ALL": "POSIX", "PYTHONCOERCECLOCALE": "0"}),
    Around("no locale", ("env", "-u", "LANG", "-u", "LC_ALL", "-u", "LC_CTYPE")),
    Around("TZ", env={"TZ": "Asia/Kolkata"}),
    Around("PYTHONSAFEPATH", env={"PYTHONSAFEPATH": "1"}),
    Around("PYTHONNOUSERSITE", env={"PYTHONNOUSERSITE": "1"}),
    Around("PYTHONDONTWRITEBYTECODE", env={"PYTHONDONTWRITEBYTECODE": "1"}),
    Around("PYTHONWARNINGS", env={"PYTHONWARNINGS": "error,ignore::UserWarning"}),
    Around("PYTHONUTF8", env={"PYTHONUTF8": "1", "LC_ALL": "C"}),
    Around("PYTHONIOENCODING", env={"PYTHONIOENCODING": "latin-1:backslashreplace"}),
    Around("PYTHONPATH with odd entries", env={"PYTHONPATH": ":relative::/nonexistent:a b:.:.:/nonexistent/too/"}),
    Around("PYTHONPATH empty", env={"PYTHONPATH": ""}),
    Around("PYTHONHASHSEED", env={"PYTHONHASHSEED": "7"}),
    Around("PYTHONSTARTUP", env={"PYTHONSTARTUP": "/nonexistent"}),
    Around("PYTHONINSPECT", env={"PYTHONINSPECT": "1"}),
    Around("PYTHONUNBUFFERED", env={"PYTHONUNBUFFERED": "1"}),
    Around("PYTHONDEVMODE", env={"PYTHONDEVMODE": "1"}),
    Around("PYTHONOPTIMIZE", env={"PYTHONOPTIMIZE": "2"}),
    Around("PYTHONFAULTHANDLER", env={"PYTHONFAULTHANDLER": "1"}),
    Around("PYTHONTRACEMALLOC", env={"PYTHONTRACEMALLOC": "3"}),
    Around("PYTHONMALLOC", env={"PYTHONMALLOC": "malloc"}),
    Around("PYTHONASYNCIODEBUG", env={"PYTHONASYNCIODEBUG": "1"}),
    Around("PYTHONINTMAXSTRDIGITS", env={"PYTHONINTMAXSTRDIGITS": "700"}),
    Around("PYTHONPYCACHEPREFIX", env={"PYTHONPYCACHEPREFIX": "cache"}),
    Around("PYTHONUSERBASE", env={"PYTHONUSERBASE": "userbase"}),
    Around("PYTHONBREAKPOINT", env={"PYTHONBREAKPOINT": "0"}),
]
