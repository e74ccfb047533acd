"""What is installed, read from raw ``*.dist-info`` folders: no importlib.metadata, which costs 36 ms to import."""

from __future__ import annotations

import os

from otelrun.instrumentation.requirements import Requirement, is_satisfied, normalise, parse_instruments

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

_GROUP = "opentelemetry_instrumentor"
_DIST_INFO = ".dist-info"
_LONGEST = 4 * 1024 * 1024


class Instrumentor:
    """One entry point of the group ``opentelemetry_instrumentor``.

    Attributes:
        name: of the entry point.
        value: ``module:attribute``.
        distribution: name of the distribution it comes from, with hyphens.
        requirements: what it instruments, from the ``instruments`` extras.
    """

    __slots__ = ("distribution", "name", "requirements", "value")

    def __init__(self, name: str, value: str, distribution: str, requirements: list[Requirement]) -> None:
        """Keep the parts."""
        self.name = name
        self.value = value
        self.distribution = distribution
        self.requirements = requirements


class Installed:
    """The distributions found along a path, first one of a name wins, read once."""

    def __init__(self, path: Sequence[str]) -> None:
        """Scan the folders of ``path``; what cannot be read is not there."""
        self._folders: dict[str, tuple[str, str]] = {}  # normalised name → (version, metadata folder)
        self._texts: list[tuple[str, str]] = []  # (metadata folder, entry points) where they name our group
        for directory in dict.fromkeys(path):
            try:
                with os.scandir(directory or ".") as entries:
                    folders = sorted(entry.path for entry in entries if entry.name.endswith(_DIST_INFO))
            except OSError:
                continue
            for folder in folders:
                self._add(folder)

    def instrumentors(self) -> list[Instrumentor]:
        """List the instrumentors of other people's distributions, the first of each name."""
        found: dict[str, Instrumentor] = {}
        for folder, text in self._texts:
            entries = [(name, value) for name, value in _entry_points(text) if not value.startswith("otelrun.")]
            if entries:
                requirements = _instruments(_read(os.path.join(folder, "METADATA")))
                distribution = _name_and_version(folder)[0].replace("_", "-")
                for name, value in entries:
                    own = _without_others(requirements, name, entries)
                    found.setdefault(name, Instrumentor(name, value, distribution, own))
        return list(found.values())

    def unsupported(self, instrumentor: Instrumentor) -> str | None:
        """Say what is wrong with the versions of what an instrumentor instruments: ``""`` nothing, None cannot tell."""
        required: list[str | None] = []
        alternatives: list[str | None] = []
        for requirement in instrumentor.requirements:
            version, _ = self._folders.get(requirement.distribution, ("", ""))
            if not version:
                continue
            problem: str | None = ""
            is_good = is_satisfied(version, requirement.specifier)
            if is_good is None:
                problem = None
            elif not is_good:
                name = requirement.distribution
                problem = f"{name} {version} is not supported by {instrumentor.distribution} ({requirement.specifier})"
            (alternatives if requirement.is_alternative else required).append(problem)
        if alternatives and "" not in alternatives:
            required.append(None if None in alternatives else alternatives[0])
        problems = [problem for problem in required if problem]
        return problems[0] if problems else None if None in required else ""

    def top_level_modules(self, instrumentor: Instrumentor) -> list[str]:
        """List the modules to import first for what an instrumentor instruments, of what is installed.

        Where one of several required distributions is missing, the list is empty: the instrumentor does not apply.
        """
        wanted = instrumentor.requirements or [Requirement(normalise(instrumentor.name), "", True)]
        required = [requirement.distribution for requirement in wanted if not requirement.is_alternative]
        if any(distribution not in self._folders for distribution in required):
            return []
        alternatives = [requirement.distribution for requirement in wanted if requirement.is_alternative]
        chosen = [*required[:1], *alternatives]
        modules = [self._top_level_module(distribution, instrumentor.name) for distribution in chosen]
        return [module for module in dict.fromkeys(modules) if module]

    def _add(self, folder: str) -> None:
        name, version = _name_and_version(folder)
        if self._folders.setdefault(normalise(name), (version, folder))[1] != folder:
            return
        text = _read(os.path.join(folder, "entry_points.txt"))
        if _GROUP in text:
            self._texts.append((folder, text))

    def _top_level_module(self, distribution: str, entry_point: str) -> str:
        """Find the module of a distribution, preferring the one that is named like it or like the instrumentor."""
        if distribution not in self._folders:
            return ""
        folder = self._folders[distribution][1]
        home = os.path.dirname(folder)
        if os.path.exists(os.path.join(home, distribution, "__init__.py")):
            return distribution
        modules = _read(os.path.join(folder, "top_level.txt")).split() or _modules_of_record(
            _read(os.path.join(folder, "RECORD"))
        )
        for module in modules:
            if normalise(module) in (distribution, normalise(entry_point)):
                return module
        return next((module for module in modules if not module.startswith("_")), "")


def _name_and_version(folder: str) -> tuple[str, str]:
    name, _, version = os.path.basename(folder)[: -len(_DIST_INFO)].rpartition("-")
    return name, version


def _read(path: str) -> str:
    """Give the text of a file, as far as it is of a reasonable size; what cannot be read is empty."""
    try:
        with open(path, encoding="utf-8", errors="replace") as file:
            return file.read(_LONGEST)
    except (OSError, ValueError):
        return ""


def _entry_points(text: str) -> list[tuple[str, str]]:
    """Give the (name, value) pairs of our group in an ``entry_points.txt``."""
    pairs = []
    group = ""
    for raw in text.splitlines():
        line = raw.strip()
        if line.startswith("["):
            group = line.strip("[]")
        elif group == _GROUP and "=" in line:
            name, _, value = line.partition("=")
            pairs.append((name.strip(), value.partition("[")[0].strip()))
    return pairs


def _instruments(metadata: str) -> list[Requirement]:
    requirements = []
    for line in metadata.splitlines():
        if not line:
            break  # the end of the headers
        key, _, value = line.partition(":")
        if key == "Requires-Dist":
            requirement = parse_instruments(value)
            if requirement is not None:
                requirements.append(requirement)
    return requirements


def _without_others(requirements: list[Requirement], name: str, entries: list[tuple[str, str]]) -> list[Requirement]:
    """Leave out the alternatives for which the same distribution has another entry point (``httpx`` and ``httpx2``)."""
    others = {normalise(other) for other, _ in entries if other != name}
    return [wanted for wanted in requirements if not (wanted.is_alternative and wanted.distribution in others)]


def _modules_of_record(record: str) -> list[str]:
    """Give the modules of a RECORD that are outermost: ``pkg/__init__.py``, ``mod.py``, ``namespace/pkg/__init__.py``."""
    files = [line.partition(",")[0] for line in record.splitlines()]
    packages = sorted((file[: -len("/__init__.py")] for file in files if file.endswith("/__init__.py")), key=len)
    outermost = [package for package in packages if not any(package.startswith(f"{other}/") for other in packages)]
    modules = [file[:-3] for file in files if file.endswith(".py") and "/" not in file]
    return [name.replace("/", ".") for name in outermost] + modules
