"""What the program's own interpreter lacks: OpenTelemetry's API, found beside the launcher, only where nothing else has it.

``otelrun`` itself needs no finder: the shim loads the launcher's copy, and its modules are found through its ``__path__``.
"""

from __future__ import annotations

import os
import sys

from otelrun.diagnostics import guarded

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from importlib.machinery import ModuleSpec, PathFinder
    from importlib.metadata import Distribution, DistributionFinder
    from types import ModuleType
    from typing import Any

_PUBLIC = "opentelemetry"
_PRIVATE = ("typing_extensions", "wrapt", "packaging")
_USERS = (*_PRIVATE, _PUBLIC, "otelrun")
_LAUNCHING = (
    "opentelemetry_configurator",
    "opentelemetry_distro",
    "opentelemetry_instrumentor",
    "opentelemetry_post_instrument",
    "opentelemetry_pre_instrument",
)
_DESCRIBED = (_PUBLIC, "otelrun")  # the API looks for its context and propagators in metadata


class OverlayFinder:
    """A finder for the end of ``sys.meta_path``.

    ``opentelemetry`` is found for everybody, so that the program's own spans join in. The other packages are found only for
    imports that come from ``opentelemetry``, ``otelrun`` or one of them: a program that asks whether ``wrapt`` is installed
    gets the answer it gets without otelrun.
    """

    def __init__(self, directories: Sequence[str]) -> None:
        """Keep the directories that hold the packages, first one first."""
        self._directories = tuple(directories)

    def find_spec(
        self,
        name: str,
        path: Sequence[str] | None = None,  # noqa: ARG002 - importlib's signature
        target: ModuleType | None = None,
    ) -> ModuleSpec | None:
        """Find what nothing else has found."""
        top, _, below = name.partition(".")
        if top not in _USERS or (top in _PRIVATE and not below and not _is_asked_by_us()):
            return None
        if not below:
            directories = list(self._directories)
        else:
            parent = name.rpartition(".")[0]
            if getattr(sys.modules.get(parent), "__file__", None) is not None:
                return None  # a package of the program's own: what it does not have, it does not have
            directories = [os.path.join(directory, *parent.split(".")) for directory in self._directories]
        finder: type[PathFinder] = sys.modules["_frozen_importlib_external"].PathFinder
        spec = finder.find_spec(name, directories, target)
        if spec is not None and spec.loader is None and spec.submodule_search_locations is not None:
            # importlib's own list of a namespace is found again from sys.path when that changes, and would lose ours
            spec.submodule_search_locations = list(spec.submodule_search_locations)
        return spec

    def find_distributions(self, context: DistributionFinder.Context | None = None) -> Iterator[Distribution]:
        """Give the metadata of the packages beside the launcher that can be found and ``sys.path`` has none of.

        Nothing is given to those who look in directories of their own choice.
        """
        distributions: list[Distribution] = []
        with guarded("metadata of OpenTelemetry"):
            asker = "importlib.metadata" if context is None else type(context).__module__  # or its backport
            metadata = sys.modules.get(asker)
            if metadata is not None and "path" not in getattr(context, "__dict__", ()):
                distributions = self._distributions(metadata, getattr(context, "name", None))
        return iter(distributions)

    def _distributions(self, metadata: Any, wanted: str | None) -> list[Distribution]:
        own = metadata.MetadataPathFinder()
        make_context = metadata.DistributionFinder.Context
        distributions = []
        for distribution in own.find_distributions(make_context(name=wanted, path=list(self._directories))):
            name = distribution._normalized_name  # noqa: SLF001 - a name in public takes reading the file
            if name.startswith(_DESCRIBED):
                at_home = own.find_distributions(make_context(name=name, path=sys.path))
                if next(iter(at_home), None) is None:
                    distributions.append(_without_launching(distribution))
        return distributions


def _without_launching(distribution: Any) -> Distribution:
    """Take from a distribution what upstream's own launcher looks for: a program that calls that gets what it gets bare."""
    read = distribution.read_text

    def read_text(filename: str) -> str | None:
        text: str | None = read(filename)
        return _without_sections(text) if filename == "entry_points.txt" and text else text

    distribution.read_text = read_text
    found: Distribution = distribution
    return found


def _without_sections(entry_points: str) -> str:
    kept, is_kept = [], True
    for line in entry_points.splitlines():
        if line.startswith("["):
            is_kept = line.strip("[] ") not in _LAUNCHING
        if is_kept:
            kept.append(line)
    return "\n".join(kept)


def install(directories: Sequence[str]) -> None:
    """Put a finder for these directories at the end of ``sys.meta_path``."""
    sys.meta_path.append(OverlayFinder(directories))


def _is_asked_by_us() -> bool:
    frame = sys._getframe(2)  # noqa: SLF001 - the only way to see who imports
    while frame is not None and "importlib" in frame.f_code.co_filename:
        frame = frame.f_back  # type: ignore[assignment]
    return frame is not None and str(frame.f_globals.get("__name__")).partition(".")[0] in _USERS
