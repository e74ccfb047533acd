"""The local store: one SQLite file per run, written by the agent and read by anybody.

``schema`` says what is in the file, ``encoding`` how telemetry becomes columns, ``ingest`` writes it, ``queries`` reads it
into the frozen ``rows``, ``listing`` finds the runs on this machine.
"""
