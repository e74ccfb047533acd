"""How Sphinx builds the documentation: ``sphinx-build -n -W docs docs/_build/html``. No network is used."""

from __future__ import annotations

import os
import sys

sys.path.insert(0, os.path.abspath(".."))

from otelrun import __version__

project = "otelrun"
author = "The otelrun authors"
project_copyright = "the otelrun authors"
release = version = __version__
extensions = ["myst_parser"]
myst_enable_extensions = ["colon_fence", "deflist"]
myst_heading_anchors = 3
exclude_patterns = ["_build", "examples"]
html_theme = "furo"
html_title = f"otelrun {__version__}"
