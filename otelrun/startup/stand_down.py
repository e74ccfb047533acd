"""When otelrun leaves a process alone: facts in, a reason out. Pure, but for looks at files that a program may be."""

from __future__ import annotations

import os

from otelrun.environment_variables import OTELRUN_DISABLED
from otelrun.python_command import read_python_command

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Container, Mapping, Sequence

_HERE = os.path.dirname(os.path.abspath(__file__))
_TRUE = ("1", "true", "yes")
_TOOLS = frozenset(
    (
        # packages and environments
        "pip", "pip-compile", "pip-sync", "piptools", "get-pip.py", "ensurepip", "venv", "virtualenv", "uv", "uvx",
        "poetry", "pdm", "pipenv", "pipx", "hatch", "conda", "conda-env", "mamba", "pyenv", "rye", "tox", "nox", "pre-commit",
        # building
        "build", "pyproject-build", "flit", "flit_core", "hatchling", "wheel", "twine", "compileall", "py_compile",
        # what these start to ask an interpreter about itself, or to have a build backend do a step
        "__pip-runner__.py", "_in_process.py", "py_info.py", "get_interpreter_info.py",
        # editors
        "pylsp", "jedi-language-server", "pyright", "pyright-langserver", "basedpyright", "basedpyright-langserver",
        "debugpy-adapter", "debugpy/adapter", "debugpy/launcher",
        # otelrun itself, and upstream's installer of instrumentations
        "otelrun", "opentelemetry-bootstrap", "edot-bootstrap",
    )
)  # fmt: skip
_OURS = "otelrun"
_UPSTREAM = "opentelemetry-instrument"
_LAUNCHERS = frozenset((_UPSTREAM, "ddtrace-run", "newrelic-admin", "elasticapm-run", "sw-python"))
_MODULES = {
    "ddtrace": "ddtrace-run",
    "newrelic": "newrelic-admin",
    "elasticapm": "elasticapm-run",
    "skywalking": "sw-python",
    "instana": "instana",
    "appdynamics": "pyagent",
}
_SHIMS = {
    "opentelemetry/instrumentation/auto_instrumentation": _UPSTREAM,
    "ddtrace/bootstrap": "ddtrace-run",
    "datadog-lib": "ddtrace",
    "newrelic/bootstrap": "newrelic-admin",
    "elasticapm/instrumentation/wrapper": "elasticapm-run",
    "skywalking/bootstrap/loader": "sw-python",
}
_BY_WRAPPED_SITE = {"instana": "instana", "autodynatrace": "autodynatrace"}  # autowrapt's: they load when site is done


class Reason:
    """Why a process is left alone.

    Attributes:
        slug: stable short name; the file it is written down in. Empty where there is nothing to write down.
        text: one line.
        is_told: on stderr too, once in a run; else the user has asked for it, or the process is not his program.
        is_of_tool: what the process starts may be the user's program.
    """

    __slots__ = ("is_of_tool", "is_told", "slug", "text")

    def __init__(self, slug: str, text: str, *, is_told: bool = False, is_of_tool: bool = False) -> None:
        """Keep the parts."""
        self.slug = slug
        self.text = text
        self.is_told = is_told
        self.is_of_tool = is_of_tool


def disabling_variable(environment: Mapping[str, str]) -> str:
    """Give the variable by which the user has switched otelrun off; empty where none does. The shim asks the same."""
    if environment.get(OTELRUN_DISABLED, "").lower() in _TRUE:
        return OTELRUN_DISABLED
    return "OTEL_SDK_DISABLED" if environment.get("OTEL_SDK_DISABLED", "").lower() == "true" else ""


def reason_to_stand_down(
    environment: Mapping[str, str], original_arguments: Sequence[str], loaded: Container[str], path: Sequence[str] = ()
) -> Reason | None:
    """Say why this process is not to be observed.

    Args:
        environment: of the process.
        original_arguments: ``sys.orig_argv``.
        loaded: names of the loaded modules (``sys.modules``).
        path: where its packages are (``sys.path``).

    Returns:
        None to go on.
    """
    variable = disabling_variable(environment)
    if variable:
        return Reason("disabled", f"not observed: {variable} is set")
    program = name_of_program(original_arguments)
    if program in _TOOLS and not _is_own_module(original_arguments):
        text = f"not observed: {program} is a tool; what it starts is observed"
        slug = f"tool-{program.replace('/', '-')}"
        return Reason(slug, text, is_of_tool=program != _OURS)  # which starts a run of its own
    if _has_own_otelrun(original_arguments):
        return Reason("own-otelrun", "not observed: the program has a module of its own named otelrun", is_told=True)
    is_launcher = program in _LAUNCHERS
    agent = program if is_launcher else _other_agent(environment, loaded)
    if not agent:
        return None
    if agent == _UPSTREAM and _is_upstream_ours(environment, path if is_launcher else ()):
        return Reason("", "observed all the same: opentelemetry-instrument loads otelrun's distro")
    return because_of_agent(agent)


def because_of_agent(agent: str) -> Reason:
    """Give the reason of a process that another agent observes."""
    return Reason(f"agent-{agent}", f"not observed by otelrun: {agent} observes this process already", is_told=True)


def _other_agent(environment: Mapping[str, str], loaded: Container[str]) -> str:
    """Name the agent that is or will be active in this process; empty where there is none."""
    for module, agent in _MODULES.items():
        if module in loaded:
            return agent
    for entry in environment.get("PYTHONPATH", "").split(os.pathsep):
        for folder, agent in _SHIMS.items():
            if f"/{entry}".replace("\\", "/").rstrip("/").endswith(f"/{folder}"):
                return agent
    for name in environment.get("AUTOWRAPT_BOOTSTRAP", "").split(","):
        if name.strip() in _BY_WRAPPED_SITE:
            return _BY_WRAPPED_SITE[name.strip()]
    return ""


def _is_upstream_ours(environment: Mapping[str, str], path: Sequence[str]) -> bool:
    """Say whether ``opentelemetry-instrument`` loads otelrun's distro: it is chosen, or installed in ``path`` and none chosen."""
    chosen = environment.get("OTEL_PYTHON_DISTRO")
    if chosen:
        return chosen == "otelrun"
    return any(_has_otelrun(entry) for entry in path)


def _has_otelrun(directory: str) -> bool:
    try:
        return any(name.startswith("otelrun-") and name.endswith(".dist-info") for name in os.listdir(directory))
    except OSError:
        return False


def name_of_program(original_arguments: Sequence[str]) -> str:
    """Name what an interpreter runs.

    Returns:
        The script's file name without ``.exe``, ``.pyz`` and a version (``pip3.12`` is ``pip``), the folder for its
        ``__main__.py``, or the top-level module after ``-m``; else ``""``. ``debugpy``'s folders with the name of that.
    """
    command = read_python_command(original_arguments[1:])
    if command.kind == "module":
        return command.program.partition(".")[0]
    if command.kind != "script":
        return ""
    folder, name = os.path.split(command.program.rstrip("/"))
    if name == "__main__.py":
        folder, name = os.path.split(folder)
    if os.path.basename(folder) == "debugpy":
        return f"debugpy/{name}"
    stem, extension = os.path.splitext(name)
    if extension in (".exe", ".pyz"):
        return stem
    return name.rstrip("0123456789.").rstrip("-") or name


def _has_own_otelrun(original_arguments: Sequence[str]) -> bool:
    """Say whether the program would find another module than this package when it imports ``otelrun``: one beside its script."""
    command = read_python_command(original_arguments[1:])
    script = os.path.realpath(command.program) if command.kind == "script" else ""
    folder = script if os.path.isdir(script) else os.path.dirname(script)
    module, package = os.path.join(folder, "otelrun.py"), os.path.join(folder, "otelrun", "__init__.py")
    if os.path.isfile(package):
        return os.path.realpath(os.path.dirname(package)) != os.path.realpath(os.path.dirname(_HERE))
    return module != script and os.path.isfile(module)


def _is_own_module(original_arguments: Sequence[str]) -> bool:
    """Say whether ``-m`` names a module in the working directory, which comes first: the user's own ``build``."""
    command = read_python_command(original_arguments[1:])
    if command.kind != "module":
        return False
    name = command.program.partition(".")[0]
    if name == _OURS:
        return False
    return os.path.isfile(f"{name}.py") or os.path.isfile(os.path.join(name, "__main__.py"))
