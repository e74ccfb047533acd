"""Out of the agent and into the world: records → OTLP bytes → an outbox on disk → an endpoint, a file or the console.

``wire``, ``encode`` and ``encode_metrics`` make the bytes; ``outbox`` holds them; ``channel`` sends them through a transport
(``otlp_http``, ``otlp_grpc``, ``file``, ``console``) and follows ``retry``; ``exporters`` builds these from the profile.
"""
