"""The program's side of OpenTelemetry: API-compatible providers that write records to the ring.

``providers`` is the door: it puts ``tracer``, ``meter``, ``logger`` and ``propagator`` behind the API's globals when the API is
imported. In agent mode nothing here imports the SDK; ``in_process`` does, and only where no agent can run.
"""
