"""otelrun: a zero-code OpenTelemetry launcher for Python.

This package's top level holds the version and nothing else: it is imported in the user's program.
"""

__version__ = "0.1.0"
