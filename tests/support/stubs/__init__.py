"""Servers that say just enough of a protocol for a real client library to work: no real ones are needed to test its telemetry.

Each is a context manager with a ``port`` on loopback.
"""
