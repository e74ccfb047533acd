"""The names of every environment variable otelrun reads or sets. No side effects, no look-ups.

The standard ``OTEL_*`` variables are read through references in a profile, or by ``otelrun.profile.precedence``.
"""

from __future__ import annotations

OTELRUN_PROFILE = "OTELRUN_PROFILE"
"""A profile's name (``dev``) or file; the same as ``--profile``."""

OTELRUN_DIR = "OTELRUN_DIR"
"""The directory that holds the runs.

Default: ``$XDG_STATE_HOME/otelrun``, else ``~/.local/state/otelrun``, else, without a usable home, ``/tmp/otelrun-UID``.
"""

OTELRUN_DISABLED = "OTELRUN_DISABLED"
"""``1`` or ``true``: the program runs bare; nothing of OpenTelemetry is loaded."""

OTELRUN_INIT = "OTELRUN_INIT"
"""``1`` or ``true``: otelrun stays as the program's parent and does the work of an init; the same as ``--init``."""

OTELRUN_ROOT_SPAN = "OTELRUN_ROOT_SPAN"
"""``1`` or ``true``: one span around the whole command; the same as ``--root-span``."""

OTELRUN_SUMMARY = "OTELRUN_SUMMARY"
"""``full``, ``line`` or ``off``: how much is said of a run when its program has ended.

Default: ``full`` where stderr is a terminal, else ``off``; also ``off`` in CI, where the variable ``CI`` says so, and with
``OTELRUN_QUIET``. ``full`` and ``line`` print where there is no terminal, too.
"""

OTELRUN_HANDOFF = "OTELRUN_HANDOFF"
"""Set by the launcher for the program: one string, see ``otelrun.profile.handoff``. Not for users."""

OTELRUN_CONTEXT = "OTELRUN_CONTEXT"
"""Set beside a trace context that is handed to a child in variables: what these would be without. Not for users."""

OTELRUN_STRICT = "OTELRUN_STRICT"
"""For otelrun's own tests: ``guarded()`` raises instead of failing open."""

OTELRUN_QUIET = "OTELRUN_QUIET"
"""``1`` or ``true``: otelrun's one-line notices are not printed (they are still recorded)."""
