"""What otelrun patches, one file per library, each of one shape: ``NAME``, ``TARGETS``, ``SCOPE`` and ``apply(ledger, options)``.

``registry`` says, as data, which file belongs to which module of the program; ``patching`` is the ledger of every patch;
``instrumentors`` are the same instrumentations for OpenTelemetry's entry points. All are written against the
OpenTelemetry API and never against an SDK.
"""
