"""Chooses otelrun's distro and configurator when ``opentelemetry-instrument`` launches a program.

Importing this module HAS A SIDE EFFECT, on purpose: it sets ``OTEL_PYTHON_DISTRO`` and ``OTEL_PYTHON_CONFIGURATOR`` to
``otelrun``, unless they are set. Upstream's launcher imports every ``opentelemetry_environment_variables`` entry point, this
one among them, before it becomes the program; otherwise it would take whichever distro comes first. No name here may begin
with ``OTEL_``: upstream makes a command line option of each.
"""

from __future__ import annotations

import os

_CHOSEN = "otelrun"

for _variable in ("OTEL_PYTHON_DISTRO", "OTEL_PYTHON_CONFIGURATOR"):
    os.environ.setdefault(_variable, _CHOSEN)  # noqa: TID251 - the purpose of this module
