"""otelrun's first milliseconds in the program: the shim calls ``activate``, and from then on only import hooks wait.

Nothing here imports a module that the bare interpreter has not loaded, and nothing of OpenTelemetry.
"""
