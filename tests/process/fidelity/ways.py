"""The ways to start a program by an interpreter: each writes it where it belongs and gives the words that run it.

Data of the table, as ``ways_through`` is for those that go through another program.
"""

from __future__ import annotations

import importlib.util
import io
import os
import subprocess
import sys
import zipfile
from typing import TYPE_CHECKING

from tests.process.fidelity.allowed import FRAME_BELOW
from tests.process.fidelity.way import NotHereError, Way, registering
from tests.support.programs import environment

if TYPE_CHECKING:
    from pathlib import Path

    from tests.process.fidelity.place import Place

WAYS: dict[str, Way] = {}
_way = registering(WAYS)


# A file


@_way("script")
def _script(place: Place) -> list[str]:
    return [place.python, place.write("program.py", place.text), *place.arguments]


@_way("script in a folder")
def _script_in_folder(place: Place) -> list[str]:
    return [place.python, place.write("folder/program.py", place.text), *place.arguments]


@_way("script by a path through ..")
def _script_relative(place: Place) -> list[str]:
    place.write("folder/other", "")
    place.write("program.py", place.text)
    return [place.python, "folder/.././program.py", *place.arguments]


@_way("script by its absolute path")
def _script_absolute(place: Place) -> list[str]:
    return [place.python, str(place.folder / place.write("program.py", place.text)), *place.arguments]


@_way("script through a link")
def _script_linked(place: Place) -> list[str]:
    place.write("elsewhere/program.py", place.text)
    (place.folder / "link").symlink_to("elsewhere/program.py")
    return [place.python, "link", *place.arguments]


@_way("script without a suffix, with a space")
def _script_odd(place: Place) -> list[str]:
    return [place.python, place.write("ä program", place.text), *place.arguments]


@_way("script, python from PATH")
def _script_python_from_path(place: Place) -> list[str]:
    return ["python", place.write("program.py", place.text), *place.arguments]


@_way("script, python by a relative path")
def _script_python_relative(place: Place) -> list[str]:
    return [os.path.relpath(place.python, place.folder), place.write("program.py", place.text), *place.arguments]


@_way("bytecode")
def _bytecode(place: Place) -> list[str]:
    return [place.python, place.write("program.pyc", _compile(place.text)), *place.arguments]


@_way("directory")
def _directory(place: Place) -> list[str]:
    place.write("folder/__main__.py", place.text)
    return [place.python, "folder", *place.arguments]


@_way("zip file")
def _zip(place: Place) -> list[str]:
    return [place.python, place.write("program.zip", _zipped(place.text)), *place.arguments]


@_way("zip file that is executable")
def _zip_executable(place: Place) -> list[str]:
    file = place.write("program.pyz", f"#!{place.python}\n".encode() + _zipped(place.text), is_executable=True)
    return [f"./{file}", *place.arguments]


# No file


@_way("-c")
def _code(place: Place) -> list[str]:
    return [place.python, "-c", place.text, *place.arguments]


@_way("stdin")
def _stdin(place: Place) -> list[str]:
    place.stdin = place.text.encode()
    return [place.python, "-", *place.arguments] if place.arguments else [place.python]


# A module


@_way("-m module")
def _module(place: Place) -> list[str]:
    place.write("program.py", place.text)
    return [place.python, "-m", "program", *place.arguments]


@_way("-m package")
def _package(place: Place) -> list[str]:
    place.write("shop/__init__.py", "")
    place.write("shop/__main__.py", place.text)
    return [place.python, "-m", "shop", *place.arguments]


@_way("-m package.module")
def _package_module(place: Place) -> list[str]:
    place.write("shop/__init__.py", "import logging, threading")
    place.write("shop/deep/__init__.py", "")
    place.write("shop/deep/program.py", place.text)
    return [place.python, "-mshop.deep.program", *place.arguments]


@_way("-m namespace.module")
def _namespace_module(place: Place) -> list[str]:
    place.write("space/program.py", place.text)
    return [place.python, "-m", "space.program", *place.arguments]


@_way("-m module of bytecode")
def _module_of_bytecode(place: Place) -> list[str]:
    place.write("program.pyc", _compile(place.text))
    return [place.python, "-m", "program", *place.arguments]


@_way("-m module in PYTHONPATH", env={"PYTHONPATH": "library"})
def _module_on_path(place: Place) -> list[str]:
    place.write("library/program.py", place.text)
    return [place.python, "-m", "program", *place.arguments]


@_way("-m module of a zip file", env={"PYTHONPATH": "library.zip"})
def _module_of_zip(place: Place) -> list[str]:
    place.write("library.zip", _zipped(place.text, "program.py"))
    return [place.python, "-m", "program", *place.arguments]


@_way("-m runpy")
def _runpy(place: Place) -> list[str]:
    place.write("program.py", place.text)
    return [place.python, "-m", "runpy", "program", *place.arguments]


# A script that names its interpreter


def _with_first_line(name: str, line: str) -> None:
    @_way(name)
    def _shebang(place: Place) -> list[str]:
        first = line.format(python=place.python)
        place.write("program", f"{first}\n{place.text}", is_executable=True)
        return ["./program", *place.arguments]


_with_first_line("shebang", "#!{python}")
_with_first_line("shebang of env", "#!/usr/bin/env python3")
_with_first_line("shebang of env -S", "#!/usr/bin/env -S python3 -u -W error")
_with_first_line("shebang with -I", "#!{python} -I")
_with_first_line("shebang with -sE", "#!{python} -sE")
_with_first_line("shebang with -S", "#!{python} -S")
_with_first_line("shebang in two lines", "#!/bin/sh\n'''exec' {python} \"$0\" \"$@\"\n' '''")


@_way("command in PATH", env={"PATH": f"bin:{os.path.dirname(sys.executable)}:/usr/bin:/bin"})
def _command(place: Place) -> list[str]:
    place.write("bin/shop-program", f"#!{place.python}\n{place.text}", is_executable=True)
    return ["shop-program", *place.arguments]


@_way("console script")
def _console_script(place: Place) -> list[str]:
    library = _make_environment(place)
    (library / "shop").mkdir()
    (library / "shop" / "__init__.py").write_text("")
    (library / "shop" / "cli.py").write_text(f"def main():\n    exec({place.text!r}, globals())\n")
    place.write("environment/bin/shop", _CONSOLE_SCRIPT.format(folder=place.folder), is_executable=True)
    return ["environment/bin/shop", *place.arguments]


_CONSOLE_SCRIPT = """\
#!{folder}/environment/bin/python
# -*- coding: utf-8 -*-
import re
import sys
from shop.cli import main
if __name__ == '__main__':
    sys.argv[0] = re.sub(r'(-script\\.pyw|\\.exe)?$', '', sys.argv[0])
    sys.exit(main())
"""


# Options of the interpreter


def _with_options(*options: str, since: tuple[int, int] = (3, 10), first_line: str = "") -> None:
    sees = (FRAME_BELOW,) if {"-I", "-E", "-S"} & set(options) else ()

    @_way(f"python {' '.join(options)}", since=since, sees=sees)
    def _option(place: Place) -> list[str]:
        return [place.python, *options, place.write("program.py", first_line + place.text), *place.arguments]


_with_options("-I")
_with_options("-E")
_with_options("-S")
_with_options("-s")
_with_options("-sE")
_with_options("-IS")
_with_options("-P", since=(3, 11))
_with_options("-O")
_with_options("-OO")
_with_options("-u")
_with_options("-B")
_with_options("-b")
_with_options("-bb")
_with_options("-q")
_with_options("-R")
_with_options("-i")
_with_options("-x", first_line="this is no Python\n")
_with_options("-W", "error")
_with_options("-Wdefault", "-Wignore::UserWarning")
_with_options("-X", "dev")
_with_options("-X", "utf8")
_with_options("-X", "faulthandler")
_with_options("-X", "tracemalloc")
_with_options("-X", "frozen_modules=off", since=(3, 11))
_with_options("-X", "pycache_prefix=elsewhere")
_with_options("-X", "no_debug_ranges", since=(3, 11))
_with_options("-X", "int_max_str_digits=900", since=(3, 11))
_with_options("-X", "warn_default_encoding")
_with_options("--check-hash-based-pycs", "always")
_with_options("-I", "-X", "dev", "-W", "error")


@_way("python -I -c")
def _isolated_code(place: Place) -> list[str]:
    return [place.python, "-I", "-c", place.text, *place.arguments]


@_way("python -E -")
def _ignoring_stdin(place: Place) -> list[str]:
    place.stdin = place.text.encode()
    return [place.python, "-E", "-", *place.arguments]


@_way("python -S directory")
def _without_site_directory(place: Place) -> list[str]:
    place.write("folder/__main__.py", place.text)
    return [place.python, "-S", "folder", *place.arguments]


@_way("python -I zip file")
def _isolated_zip(place: Place) -> list[str]:
    return [place.python, "-I", place.write("program.zip", _zipped(place.text)), *place.arguments]


# Other interpreters

for _version in ("3.10", "3.12", "3.13", "3.14"):
    _way(f"CPython {_version}", version=_version)(_script)
    _way(f"CPython {_version} -m package", version=_version)(_package)
    _way(f"CPython {_version} -I -c", version=_version)(_isolated_code)


@_way("interpreter through a link")
def _linked_interpreter(place: Place) -> list[str]:
    (place.folder / "snake").symlink_to(os.path.realpath(place.python))
    return ["./snake", place.write("program.py", place.text), *place.arguments]


@_way("interpreter of another environment")
def _other_environment(place: Place) -> list[str]:
    _make_environment(place)
    return ["environment/bin/python", place.write("program.py", place.text), *place.arguments]


@_way("interpreter of an environment that sees the system's packages")
def _open_environment(place: Place) -> list[str]:
    _make_environment(place, "--system-site-packages")
    return ["environment/bin/python3", place.write("program.py", place.text), *place.arguments]


@_way("interpreter of an environment with a .pth file")
def _environment_with_pth(place: Place) -> list[str]:
    library = _make_environment(place)
    (library / "own.pth").write_text("import logging, threading\n../more\n")
    (library.parent / "more").mkdir()
    return ["environment/bin/python", place.write("program.py", place.text), *place.arguments]


@_way("interpreter of an environment with a sitecustomize")
def _environment_with_sitecustomize(place: Place) -> list[str]:
    library = _make_environment(place)
    (library / "sitecustomize.py").write_text("import sys, http.server\nsys.customized = __file__\n")
    return ["environment/bin/python", place.write("program.py", place.text), *place.arguments]


@_way("shim of pyenv")
def _pyenv_shim(place: Place) -> list[str]:
    shims = os.path.join(os.environ.get("PYENV_ROOT", os.path.expanduser("~/.pyenv")), "shims")
    if not os.path.exists(os.path.join(shims, "python3")):
        raise NotHereError("there is no pyenv here")
    place.environment["PATH"] = f"{shims}:{os.path.dirname(shims)}/bin:/usr/bin:/bin"
    return ["python3", place.write("program.py", place.text), *place.arguments]


def _compile(text: str) -> bytes:
    code = compile(text, "program.py", "exec", dont_inherit=True)
    data: bytes = importlib._bootstrap_external._code_to_hash_pyc(  # type: ignore[attr-defined]
        code, importlib.util.source_hash(text.encode()), checked=False
    )
    return data


def _zipped(text: str, name: str = "__main__.py") -> bytes:
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w") as file:
        file.writestr(zipfile.ZipInfo(name), text)
    return data.getvalue()


def _make_environment(place: Place, *options: str) -> Path:
    folder = place.folder / "environment"
    made = [sys.executable, "-m", "venv", "--without-pip", *options, str(folder)]
    subprocess.run(made, env=environment(), check=True, timeout=60)
    (library,) = folder.glob("lib/python*/site-packages")
    return library
