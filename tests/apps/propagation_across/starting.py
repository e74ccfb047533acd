"""Starts programs inside a span, in the way it is told. Usage: starting.py WAY PYTHON"""

import asyncio
import multiprocessing
import os
import shlex
import subprocess
import sys
from contextlib import nullcontext

from work import show_variables, tracer

here = os.path.dirname(os.path.abspath(__file__))
way, python = sys.argv[1:3]
command = [python, os.path.join(here, "work.py"), "child"]
line = shlex.join(command)


def with_asyncio(start):
    async def run():
        return await (await start()).wait()

    return asyncio.run(run())


def wait(pid):
    return os.waitpid(pid, 0)[1]


def fork_and(execute):
    pid = os.fork()
    if pid == 0:
        execute()
    return wait(pid)


def in_process(method):
    multiprocessing.set_executable(python)
    process = multiprocessing.get_context(method).Process(target=show_variables, args=("child",))
    process.start()
    process.join()
    return process.exitcode


WAYS = {
    "run": lambda: subprocess.run(command).returncode,
    "environment_kept": lambda: subprocess.call(command, env={**os.environ, "MORE": "1"}),
    "environment_dropped": lambda: subprocess.call(command, env={"PATH": os.environ["PATH"]}),
    "environment_bytes": lambda: subprocess.call(command, env={b"PATH": os.environb[b"PATH"]}),
    "shell": lambda: subprocess.call(line + "; exit 0", shell=True),
    "preexec": lambda: subprocess.call(command, preexec_fn=lambda: None),
    "check_output": lambda: print(subprocess.check_output(command).decode(), end="") or 0,
    "popen": lambda: print(os.popen(line).read(), end="") or 0,
    "system": lambda: os.system(line),
    "posix_spawn": lambda: wait(os.posix_spawn(python, command, os.environ)),
    "posix_spawn_dropped": lambda: wait(os.posix_spawn(python, command, {})),
    "posix_spawnp": lambda: wait(os.posix_spawnp(python, command, dict(os.environ))),
    "spawnv": lambda: os.spawnv(os.P_WAIT, python, command),
    "spawnve": lambda: os.spawnve(os.P_WAIT, python, command, {"PATH": os.environ["PATH"]}),
    "spawnlp": lambda: os.spawnlp(os.P_WAIT, python, *command),
    "execv": lambda: fork_and(lambda: os.execv(python, command)),
    "execve": lambda: fork_and(lambda: os.execve(python, command, {})),
    "execvp": lambda: fork_and(lambda: os.execvp(python, command)),
    "execlpe": lambda: fork_and(lambda: os.execlpe(python, *command, os.environ)),
    "asyncio_exec": lambda: with_asyncio(lambda: asyncio.create_subprocess_exec(*command)),
    "asyncio_shell": lambda: with_asyncio(lambda: asyncio.create_subprocess_shell(line)),
    "asyncio_dropped": lambda: with_asyncio(lambda: asyncio.create_subprocess_exec(*command, env={})),
    "fork": lambda: fork_and(lambda: show_variables("child") or os._exit(0)),
    "process_fork": lambda: in_process("fork"),
    "process_spawn": lambda: in_process("spawn"),
    "process_forkserver": lambda: in_process("forkserver"),
}

if __name__ == "__main__":
    outside = len(sys.argv) > 3
    for name in ("first", "second"):
        with nullcontext() if outside else tracer.start_as_current_span(name):
            print(WAYS[way](), flush=True)
    show_variables("after")
