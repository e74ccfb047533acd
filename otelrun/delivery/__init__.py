"""Out of the agent and into the world: records → OTLP bytes → an outbox on disk → an endpoint, a file or the console.

``wire``, ``encode`` and ``encode_metrics`` make the bytes; ``wire_reader`` finds records in them again. ``handover`` puts them,
once, into an ``outbox``, which keeps them in ``frames``, counts in a ``ledger``, and lets go by ``eviction`` when it is full;
``versions`` holds what goes with it. ``channel`` sends through a transport (``otlp_http``, ``otlp_grpc``, ``file``, ``console``),
follows ``retry``, and shares a ``destination`` with its ``breaker``; ``exporters`` builds these from the profile.
"""
