"""Starts programs inside spans, in the way it is told. Usage: starting.py WAY PYTHON"""

import asyncio
import multiprocessing
import os
import shlex
import subprocess
import sys

from work import show_variables, tracer

here = os.path.dirname(os.path.abspath(__file__))


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


def in_process(method, name):
    process = multiprocessing.get_context(method).Process(target=show_variables, args=(name,))
    process.start()
    process.join()
    return process.exitcode


def ways_to_start(python, name):
    """Give, by their names, the ways to start a process that makes a span of this name."""
    command = [python, os.path.join(here, "work.py"), name]
    line = shlex.join(command)
    return {
        "run": lambda: subprocess.run(command, check=False).returncode,
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
        "fork": lambda: fork_and(lambda: show_variables(name) or os._exit(0)),
        "process_fork": lambda: in_process("fork", name),
        "process_spawn": lambda: in_process("spawn", name),
        "process_forkserver": lambda: in_process("forkserver", name),
    }


if __name__ == "__main__":
    way, python = sys.argv[1:]
    multiprocessing.set_executable(python)
    start = ways_to_start(python, "child")[way]
    for name in ("first", "second"):
        with tracer.start_as_current_span(name):
            print(start(), flush=True)
    show_variables("after")
