"""The typed seam to upstream's ``BaseInstrumentor``, whose file tells type checkers to ignore all of it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Collection

    class BaseInstrumentor:
        """What otelrun uses of ``opentelemetry.instrumentation.instrumentor.BaseInstrumentor``."""

        def instrumentation_dependencies(self) -> Collection[str]:
            """Give the requirements of what is instrumented."""

        def instrument(self, **kwargs: Any) -> None:
            """Check dependencies, then call ``_instrument`` once."""

        def uninstrument(self, **kwargs: Any) -> None:
            """Call ``_uninstrument`` if instrumented."""
else:
    from opentelemetry.instrumentation.instrumentor import BaseInstrumentor

__all__ = ["BaseInstrumentor"]
