"""Starts Python programs as children, in the way it is told. Usage: children.py WAY [PYTHON]"""

import asyncio
import multiprocessing
import os
import shlex
import subprocess
import sys

import work

python = sys.argv[2] if len(sys.argv) > 2 else sys.executable
script = os.path.abspath(work.__file__)
command = [python, script, "child"]
text = "import sys; sys.path.insert(0, {!r}); import work; work.do('child')".format(os.path.dirname(script))

isolated = [python, "-I", "-c", text]
elsewhere = {"PYTHONPATH": "/nowhere", "PATH": os.environ["PATH"]}


def change_path(value: "str | None") -> None:
    if value is None:
        os.environ.pop("PYTHONPATH", None)
    else:
        os.environ["PYTHONPATH"] = value


def spawn_with_asyncio(**how: object) -> "int | None":
    async def run() -> "int | None":
        process = await asyncio.create_subprocess_exec(*command, **how)
        return await process.wait()

    return asyncio.run(run())


def spawn_isolated() -> "int | None":
    """A process of multiprocessing, whose interpreter is told what this one was."""
    multiprocessing.set_executable(python)
    process = multiprocessing.get_context("spawn").Process(target=work.do, args=("child",))
    process.start()
    process.join()
    return process.exitcode


def fork_and_exec(*arguments: object) -> int:
    pid = os.fork()
    if pid == 0:
        os.execve(*arguments)
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])


WAYS = {
    "script": lambda: subprocess.call(command),
    "command_text": lambda: subprocess.call([python, "-c", text]),
    "shell": lambda: subprocess.call(shlex.join(command) + "; exit 3", shell=True),
    "system": lambda: os.waitstatus_to_exitcode(os.system(shlex.join(command))),
    "no_vfork": lambda: subprocess.call(command, preexec_fn=lambda: None),
    "posix_spawn": lambda: os.waitstatus_to_exitcode(
        os.waitpid(os.posix_spawn(python, command, os.environ), 0)[1]
    ),
    "environment_kept": lambda: subprocess.call(command, env={**os.environ, "MORE": "1"}),
    "environment_dropped": lambda: subprocess.call(command, env={"PATH": os.environ["PATH"]}),
    "environment_empty": lambda: subprocess.call(command, env={}),
    "path_replaced": lambda: subprocess.call(command, env=elsewhere),
    "path_changed": lambda: change_path("/nowhere") or subprocess.call(command),
    "path_removed": lambda: change_path("/a") or change_path(None) or os.waitstatus_to_exitcode(os.system(shlex.join(command))),
    "posix_spawn_bare": lambda: os.waitstatus_to_exitcode(os.waitpid(os.posix_spawn(python, command, elsewhere), 0)[1]),
    "exec_bare": lambda: fork_and_exec(python, command, {}),
    "asyncio_bare": lambda: spawn_with_asyncio(env={}),
    "shell_bare": lambda: subprocess.call(shlex.join(command) + "; exit 3", shell=True, env=elsewhere),
    "isolated": lambda: subprocess.call(isolated),
    "isolated_bare": lambda: subprocess.call(isolated, env={}),
    "isolated_exec": lambda: fork_and_exec(python, isolated, {}),
    "spawned": spawn_isolated,
    "no_descriptors": lambda: subprocess.call(command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, cwd="/"),
}

if __name__ == "__main__":
    work.do("before")
    print(WAYS[sys.argv[1]](), flush=True)
    work.do("after")
