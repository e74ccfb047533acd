"""gRPC, synchronous and asyncio, client and server: CLIENT and SERVER spans and call durations for all four call kinds.

``client``, ``server``, ``aio_client`` and ``aio_server`` are the instrumentations; ``call`` is one call as telemetry,
``metadata`` carries the context, ``attributes`` holds the names. Nothing here is an interceptor the program could see.
"""
