"""The ways to start a program through another one: a shell, a tool, another Python program. Data of the table."""

from __future__ import annotations

import os
import shlex
import subprocess
from typing import TYPE_CHECKING

from tests.process.fidelity.way import Way, registering
from tests.support.programs import environment

if TYPE_CHECKING:
    from tests.process.fidelity.place import Place

WAYS: dict[str, Way] = {}
_way = registering(WAYS)


def _through(name: str, *words: str) -> None:
    @_way(name)
    def _wrapped(place: Place) -> list[str]:
        place.write("program.py", place.text)
        return [*words, place.python, "program.py", *place.arguments]


_through("env", "env", "SHOP=open")
_through("nice", "nice", "-n", "3")
_through("timeout", "timeout", "50")
_through("setsid", "setsid", "--wait")
_through("sh -c", "sh", "-c", '"$@"; exit $?', "sh")
_through("bash -c exec", "bash", "-c", 'exec "$@"', "bash")
_through("bash -c exec -a", "bash", "-c", 'exec -a shop "$@"', "bash")
_through("a pipeline", "bash", "-c", 'echo input | "$@" | cat', "bash")
_through("time", "bash", "-c", 'TIMEFORMAT=; time "$@"', "bash")


@_way("script of sh that execs")
def _shell_script(place: Place) -> list[str]:
    place.write("program.py", place.text)
    place.write("start", '#!/bin/sh\nset -e\nexec python program.py "$@"\n', is_executable=True)
    return ["./start", *place.arguments]


def _from_python(name: str, text: str) -> None:
    """Start the program from another Python program, which is observed itself."""

    @_way(name)
    def _started(place: Place) -> list[str]:
        place.write("program.py", place.text)
        place.write("start.py", f"import os, sys\ncommand = [sys.executable, 'program.py', *sys.argv[1:]]\n{text}\n")
        return [place.python, "start.py", *place.arguments]


_from_python("os.execv", "os.execv(sys.executable, command)")
_from_python("os.execve, environment replaced", "os.execve(sys.executable, command, {'PATH': os.environ['PATH']})")
_from_python("os.execvp", "os.execvp('python', ['python', *command[1:]])")
_from_python("os.execv with -I", "os.execv(sys.executable, [command[0], '-I', *command[1:]])")
_from_python("os.spawnv", "sys.exit(os.spawnv(os.P_WAIT, sys.executable, command))")
_from_python("os.system", "sys.exit(os.waitstatus_to_exitcode(os.system(' '.join(command))))")
_from_python("os.posix_spawn", "sys.exit(os.waitpid(os.posix_spawn(command[0], command, os.environ), 0)[1])")
_from_python("subprocess", "import subprocess\nsys.exit(subprocess.call(command))")
_from_python("subprocess, environment empty", "import subprocess\nsys.exit(subprocess.call(command, env={}))")
_from_python(
    "subprocess, environment extended",
    "import subprocess\nsys.exit(subprocess.call(command, env=os.environ | {'A': 'b'}))",
)
_from_python(
    "subprocess, PYTHONPATH replaced",
    "import subprocess\nsys.exit(subprocess.call(command, env=os.environ | {'PYTHONPATH': 'library'}))",
)
_from_python("subprocess, shell", "import subprocess\nsys.exit(subprocess.call(' '.join(command), shell=True))")
_from_python(
    "subprocess, new session",
    "import subprocess\nsys.exit(subprocess.call(command, start_new_session=True, close_fds=False))",
)
_from_python("subprocess with -I", "import subprocess\nsys.exit(subprocess.call([command[0], '-I', *command[1:]]))")
_from_python("subprocess with -S", "import subprocess\nsys.exit(subprocess.call([command[0], '-S', *command[1:]]))")
_from_python(
    "runpy.run_path",
    "import runpy\ndel sys.argv[0]\nsys.argv.insert(0, 'program.py')\nrunpy.run_path('program.py', run_name='__main__')",
)
_from_python(
    "os.fork", "if os.fork():\n    sys.exit(os.waitstatus_to_exitcode(os.wait()[1]))\nexec(open('program.py').read())"
)
for _method in ("fork", "spawn", "forkserver"):
    _from_python(
        f"multiprocessing, {_method}",
        "import multiprocessing, runpy\n"
        "if __name__ == '__main__':\n"
        f"    multiprocessing.set_start_method({_method!r})\n"
        "    process = multiprocessing.Process(target=runpy.run_path, args=('program.py',), kwargs={'run_name': '__main__'})\n"
        "    process.start()\n    process.join()\n    sys.exit(process.exitcode)",
    )


# Tools


@_way("shiv", is_of_tools=True)
def _shiv(place: Place) -> list[str]:
    place.environment["SHIV_ROOT"] = "shiv-root"
    place.write("library/shop_cli.py", f"def main():\n    exec({place.text!r}, globals())\n")
    _make(place, "shiv", "--site-packages", "library", "-e", "shop_cli:main", "-p", place.python)
    return ["./program.pyz", *place.arguments]


@_way("shiv with -sE", is_of_tools=True)
def _shiv_isolated(place: Place) -> list[str]:
    place.environment["SHIV_ROOT"] = "shiv-root"
    place.write("library/shop_cli.py", f"def main():\n    exec({place.text!r}, globals())\n")
    _make(place, "shiv", "--site-packages", "library", "-e", "shop_cli:main", "-p", f"{place.python} -sE")
    return ["./program.pyz", *place.arguments]


@_way("pex", is_of_tools=True)
def _pex(place: Place) -> list[str]:
    place.environment["PEX_ROOT"] = str(place.folder / "pex-root")
    place.write("library/shop_cli.py", f"def main():\n    exec({place.text!r}, globals())\n")
    _make(place, "pex", "-D", "library", "-e", "shop_cli:main", "--python", place.python)
    return ["./program.pyz", *place.arguments]


@_way("uv run", is_of_tools=True)
def _uv(place: Place) -> list[str]:
    place.write("program.py", place.text)
    place.environment["UV_CACHE_DIR"] = str(place.folder / "cache")
    run = ["run", "--quiet", "--offline", "--no-project", "--no-config", "--python", place.python]
    return [os.path.join(place.tools, "uv"), *run, "program.py", *place.arguments]


@_way("uv run python -m", is_of_tools=True)
def _uv_module(place: Place) -> list[str]:
    place.write("program.py", place.text)
    place.environment["UV_CACHE_DIR"] = str(place.folder / "cache")
    run = ["run", "--quiet", "--offline", "--no-project", "--no-config", "--python", place.python]
    return [os.path.join(place.tools, "uv"), *run, "python", "-m", "program", *place.arguments]


@_way("poetry run", is_of_tools=True)
def _poetry(place: Place) -> list[str]:
    place.write("pyproject.toml", '[tool.poetry]\nname = "shop"\nversion = "1"\npackage-mode = false\n')
    place.write("program.py", place.text)
    place.environment["POETRY_VIRTUALENVS_CREATE"] = "false"
    return [os.path.join(place.tools, "poetry"), "run", "python", "program.py", *place.arguments]


@_way("coverage run", is_of_tools=True)
def _coverage(place: Place) -> list[str]:
    python = os.path.join(place.tools, "python")
    return [python, "-m", "coverage", "run", place.write("program.py", place.text), *place.arguments]


def _make(place: Place, tool: str, *words: str) -> None:
    """Have a tool make ``program.pyz`` from the folder ``library``, once for both runs: it takes seconds."""
    key = (tool, words, place.text)
    if key not in _made:
        command = [os.path.join(place.tools, tool), *words, "-o", "program.pyz"]
        env = environment(place.environment)
        made = subprocess.run(
            command, env=env, cwd=place.folder, capture_output=True, text=True, timeout=90, check=False
        )
        assert made.returncode == 0, shlex.join(command) + made.stderr
        _made[key] = (place.folder / "program.pyz").read_bytes()
    place.write("program.pyz", _made[key], is_executable=True)


_made: dict[tuple[str, tuple[str, ...], str], bytes] = {}
