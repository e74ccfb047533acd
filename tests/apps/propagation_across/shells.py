"""Gives shells commands of all kinds inside a span, and prints what comes of it."""

import os
import signal
import subprocess
import sys

from work import tracer

COMMANDS = (
    "echo 'a \"b\" $c' \\$d \"it's\"; exit 7",
    b"printf '%s\\n' caf\xc3\xa9 \xff",
    "not_a_command_at_all --x",
    "if then",
    "echo ')",
    "",
    "# nothing",
    "kill -TERM $$",
    "exit 300",
    'echo "$0" "$#" "$*" "$-"',
    "cat <<X\nline\nX\necho after",
    "trap 'echo trapped' EXIT; echo in",
    "true && false",
    "(exit 4)",
    "ps -o args= -p $$ 2>/dev/null || tr '\\0' ' ' </proc/$$/cmdline",
    "test $PPID = %d && echo mine" % os.getpid(),
    "echo 'x\\ny' | while read l; do echo got $l; done",
    "echo " + "y" * 90_000 + " | wc -c",
    "echo " + "'" * 60_000 + " | wc -c",
    "set -u; echo $NOT_SET",
    "env | sort | grep -v -e ^TRACEPARENT -e ^OTELRUN -e ^PYTHONPATH -e ^OTEL -e ^_= -e ^PWD",
)


def before():
    os.environ["ADDED"] = "by preexec_fn"
    os.environ.pop("DIRECT", None)


def refuse():
    raise LookupError("preexec")


with tracer.start_as_current_span("current"):
    for number, command in enumerate(COMMANDS):
        print(number, flush=True)
        print(os.system(command), flush=True)
    for odd in (None, 3, "a\0b"):
        try:
            os.system(odd)
        except (TypeError, ValueError) as error:
            print(type(error), error)
    os.putenv("DIRECT", "not in os.environ")
    show = ["sh", "-c", "echo $DIRECT, $ADDED"]
    subprocess.run(show, check=True)
    subprocess.run(show, preexec_fn=before, check=True)
    print(os.spawnvp(os.P_WAIT, "sh", show))
    print(os.spawnv(os.P_WAIT, "/nowhere/at/all", ["x"]))
    for start in (
        lambda: subprocess.run(["true"], preexec_fn=refuse),
        lambda: subprocess.run(["/nowhere/at/all"]),
        lambda: os.execv("/nowhere/at/all", ["x"]),
        lambda: os.execvp("nowhere-at-all", ["x"]),
        lambda: os.execv("/nowhere", []),
        lambda: os.execv("/nowhere", "x"),
        lambda: os.execv(None, ["x"]),
        lambda: os.execv("/nowhere", ["a\0b"]),
    ):
        try:
            start()
        except Exception as error:
            print(type(error), error, getattr(error, "filename", None))
    print(os.WIFSIGNALED(os.system("kill -KILL $$")), signal.getsignal(signal.SIGINT) is signal.default_int_handler)
    sys.stdout.flush()
    os.execv("/bin/sh", show)
