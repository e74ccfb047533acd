"""The ``opentelemetry_distro`` entry point: what ``opentelemetry-instrument`` loads first in the program.

Where our configurator follows, its hooks load every instrumentation when it is needed, and the eager loop of upstream has
nothing left to do. Where the user has chosen another configurator, instrumentors load as upstream has them, ours before
those of the same name.
"""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any

from otelrun.startup.activate import is_active

if TYPE_CHECKING:
    from importlib.metadata import EntryPoint

    class BaseDistro:
        """Stands for upstream's class, which is hidden from type checkers."""

        def load_instrumentor(self, entry_point: EntryPoint, **kwargs: Any) -> None:
            """Load one instrumentor."""
else:
    from opentelemetry.instrumentation.distro import BaseDistro

_LOADER = "opentelemetry.instrumentation.auto_instrumentation._load"
_NOT_LOADED = "Configuration of %s not loaded"
_NOT_SUPPORTED = "so nothing can be instrumented."
_OURS = "otelrun."


class OtelrunDistro(BaseDistro):
    """Makes ``opentelemetry-instrument`` use otelrun's pipeline and instrumentations."""

    def _configure(self, **_: Any) -> None:
        """Keep upstream from warning of what is no news.

        That there is another configurator is what choosing one means; that a library's version is not supported is told by
        the hooks when the program imports that library.
        """
        logging.getLogger(_LOADER).addFilter(_is_news)

    def load_instrumentor(self, entry_point: EntryPoint, **kwargs: Any) -> None:
        """Load an instrumentor, unless the hooks do or one of otelrun's has its name."""
        if is_active():
            return
        if entry_point.value.startswith(_OURS) or entry_point.name not in _own_names():
            super().load_instrumentor(entry_point, **kwargs)


def _is_news(record: logging.LogRecord) -> bool:
    text = str(record.msg)
    return not (text.startswith(_NOT_LOADED) or (is_active() and text.endswith(_NOT_SUPPORTED)))


def _own_names() -> set[str]:
    from otelrun.instrumentation.registry import entry_point_names  # noqa: PLC0415 - only where another configurator is chosen

    return entry_point_names()
