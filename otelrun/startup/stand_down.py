"""When otelrun leaves a process alone. Pure: facts in, a reason out."""

from __future__ import annotations

import os

from otelrun.environment_variables import OTELRUN_DISABLED
from otelrun.python_command import read_python_command

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Container, Mapping, Sequence

SILENTLY = ""

_TRUE = ("1", "true", "yes")
_TOOLS = frozenset(
    (
        "otelrun", "pip", "pip3", "uv", "uvx", "poetry", "pipx", "pipenv", "pdm", "hatch", "conda", "mamba", "virtualenv",
        "venv", "ensurepip", "compileall", "py_compile", "pyenv", "opentelemetry-instrument", "opentelemetry-bootstrap",
        "ddtrace-run", "newrelic-admin", "__pip-runner__.py", "_in_process.py",
    )
)  # fmt: skip
_OTHER_AGENTS = {"ddtrace": "ddtrace-run", "newrelic": "newrelic-admin", "elasticapm": "elasticapm-run"}
_OTHER_SHIMS = {
    "opentelemetry/instrumentation/auto_instrumentation": "opentelemetry-instrument",
    "ddtrace/bootstrap": "ddtrace-run",
    "newrelic/bootstrap": "newrelic-admin",
    "elasticapm/instrumentation/wrapper": "elasticapm-run",
}


def reason_to_stand_down(
    environment: Mapping[str, str], original_arguments: Sequence[str], loaded: Container[str]
) -> str | None:
    """Say why this process is not to be observed.

    Args:
        environment: of the process.
        original_arguments: ``sys.orig_argv``.
        loaded: names of the loaded modules (``sys.modules``).

    Returns:
        None to go on; ``SILENTLY`` where the user asked for it or the process is not his program; else one line to tell.
    """
    if (
        environment.get(OTELRUN_DISABLED, "").lower() in _TRUE
        or environment.get("OTEL_SDK_DISABLED", "").lower() == "true"
    ):
        return SILENTLY
    if name_of_program(original_arguments) in _TOOLS:
        return SILENTLY
    for module, launcher in _OTHER_AGENTS.items():
        if module in loaded:
            return f"not observed by otelrun: {launcher} observes this process already"
    for entry in environment.get("PYTHONPATH", "").split(os.pathsep):
        for folder, launcher in _OTHER_SHIMS.items():
            if entry.replace("\\", "/").rstrip("/").endswith(folder):
                if environment.get("OTEL_PYTHON_DISTRO") == "otelrun":
                    return SILENTLY  # its launcher loads our distro, which observes the process
                return f"not observed by otelrun: {launcher} observes this process already"
    return None


def name_of_program(original_arguments: Sequence[str]) -> str:
    """Give the script's file name without ``.exe`` or ``.pyz``, or the top-level module after ``-m``; else ``""``."""
    command = read_python_command(original_arguments[1:])
    if command.kind == "module":
        return command.program.partition(".")[0]
    if command.kind != "script":
        return ""
    name = os.path.basename(command.program)
    if name == "__main__.py":
        name = os.path.basename(os.path.dirname(command.program))
    stem, extension = os.path.splitext(name)
    return stem if extension in (".exe", ".pyz") else name
